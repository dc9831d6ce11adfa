"""`reprocheck skew`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprocheck.cli.exit_codes import CLEAN, FOUND, INCOMPLETE
from reprocheck.cli.run_options import color_option, painter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reprocheck.app.skew import SkewRequest
    from reprocheck.model.finding import Finding
    from reprocheck.model.skew import Skew

_JSON = {"arguments": "--args", "keywords": "--kwargs", "init": "--init"} | {
    f"{side}_keywords": f"--{side}-kwargs" for side in ("train", "serve")
}


@click.command("skew", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("train", metavar="TRAIN_CALLABLE")
@click.argument("serve", metavar="SERVE_CALLABLE")
@click.option(
    "--data",
    required=True,
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Sample: .npy, .npz, .csv, .tsv, .parquet, .json, .jsonl, an image or text; may be given several times.",
)
@click.option(
    "--as",
    "given_as",
    type=click.Choice(["value", "path", "bytes"]),
    default="value",
    show_default=True,
    help="What the callables get: what the file holds, its path, or its bytes.",
)
@click.option("--each", is_flag=True, help="Every row, line or element is a sample of its own.")
@click.option("--args", "arguments", default="[]", metavar="JSON", help="List of further arguments for both.")
@click.option("--kwargs", "keywords", default="{}", metavar="JSON", help="Keyword arguments for both.")
@click.option("--train-kwargs", "train_keywords", default="{}", metavar="JSON", help="Those of training alone.")
@click.option("--serve-kwargs", "serve_keywords", default="{}", metavar="JSON", help="Those of serving alone.")
@click.option("--init", default="{}", metavar="JSON", help="Keyword arguments for classes whose methods are called.")
@click.option("--seed", type=int, help="Seed Python, NumPy, torch and TensorFlow with this before each call.")
@click.option("--squeeze", is_flag=True, help="Leave out leading dimensions of length one.")
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="GLOB[:KEY]=LIMIT",
    help="How far apart numbers may be: ulp:4, abs:1e-6 or rel:1e-5, several with `|`; `*=rel:1e-5` for all.",
)
@click.option(
    "--require", type=click.Choice(["identical", "equivalent"]), default="equivalent", show_default=True,
    help="What counts as the same.",
)  # fmt: skip
@click.option("--python", metavar="PROGRAM", help="Interpreter with the packages of the callables.")
@click.option("--timeout", "seconds", type=float, default=300.0, show_default=True, help="Seconds for each side.")
@click.option("--allow-writes", is_flag=True, help="Let the callables change files of the project.")
@click.option("--keep", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path), help="Keep the results.")
@click.option("--evidence", is_flag=True, help="Write what this proves of findings to the ledger.")
@click.option("--no-scan", is_flag=True, help="Don't ask which findings this speaks of.")
@click.option(
    "-o", "--output", type=click.Choice(["console", "json"]), default="console", show_default=True, help="Format."
)
@color_option
@click.option("-v", "--verbose", is_flag=True, help="List all differences.")
def command(
    *,
    output: str,
    color: str,
    verbose: bool,
    no_scan: bool,
    evidence: bool,
    require: str,
    python: str | None,
    **options: Any,  # noqa: ANN401 — click's signature
) -> int:
    """Give two callables the same samples and compare what they return.

    A callable is `module:function`, `path/file.py:function` or `path/file.py:Class.method`; `()` behind a part calls
    it first, as in `train.py:make_transform()`. Each side runs twice in a process of its own, in your interpreter and
    in the project's folder; their results are compared like files of a replay.

    Exit code: 0 the same, 1 diverged, 4 inconclusive (a callable failed, or isn't the same twice).

    \b
    reprocheck skew train.py:preprocess serve/app.py:prepare --data sample.png
    reprocheck skew features:build app.py:features --data rows.csv --each --tolerance '*=rel:1e-6'
    """  # noqa: D301 — click keeps line breaks behind the character itself
    from reprocheck.app.skew import SkewRequest, default_python, skew
    from reprocheck.config import find_root
    from reprocheck.model.comparison import Outcome
    from reprocheck.report.skew import skew_json, skew_lines

    for name in _JSON:
        options[name] = _json(options[name], _JSON[name], list if name == "arguments" else dict)
    root = find_root(Path())
    request = SkewRequest(root=root, start=Path.cwd(), python=python or default_python(), **options)
    found = skew(request, lambda: [] if no_scan else _findings(root))
    if output == "json":
        sys.stdout.write(skew_json(found))
    else:
        for line in skew_lines(found, painter(color), verbose=verbose):
            click.echo(line, color=True)
    if evidence:
        _learn(root, request, found)
    match found.comparison.verdict.outcome:
        case Outcome.IDENTICAL:
            return CLEAN
        case Outcome.EQUIVALENT:
            return CLEAN if require == "equivalent" else FOUND
        case Outcome.DIVERGENT:
            return FOUND
    return INCOMPLETE


def _learn(root: Path, request: SkewRequest, found: Skew) -> None:
    from reprocheck.app.learn_from_skew import learn
    from reprocheck.cli.settings import load_config
    from reprocheck.report.evidence import learned_lines

    for line in learned_lines(*learn(load_config(root, {}, isolated=False), request, found)):
        click.echo(line, err=True)


def _json(text: str, option: str, kind: type) -> Any:  # noqa: ANN401 — whatever the user wrote
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{option} is no JSON: {error}") from error
    if not isinstance(value, kind):
        raise click.UsageError(f"{option} must be a JSON {'list' if kind is list else 'object'}")
    return value


def _findings(root: Path) -> Sequence[Finding]:
    """Findings about skew in the project; none where there is no rule."""
    from reprocheck.app.scan_project import ScanRequest, scan_project
    from reprocheck.cli.settings import load_config

    config = load_config(root, {"select": ["SKW"], "min_confidence": "low"}, isolated=False)
    return scan_project(ScanRequest(config=config, targets=[root]), lambda _done, _all: None).result.findings
