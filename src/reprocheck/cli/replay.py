"""`reprocheck replay`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprocheck.cli.exit_codes import CLEAN, FOUND, INCOMPLETE
from reprocheck.cli.run_options import painter, width

if TYPE_CHECKING:
    from reprocheck.app.replay_request import ReplayRequest
    from reprocheck.config import Config
    from reprocheck.model.replay import Replay
    from reprocheck.report.replay_formats import ReplayView


@click.command("replay", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run")
@click.option(
    "--in", "in", type=click.Choice(["same", "venv", "docker"]),
    help="Where: the environment as it is now (`same`, the default), one rebuilt from the record, or a container.",
)  # fmt: skip
@click.option(
    "--require", type=click.Choice(["identical", "equivalent"]), help="What counts as reproduced (`equivalent`).",
)  # fmt: skip
@click.option(
    "--tolerance", "tolerance", multiple=True, metavar="GLOB[:KEY]=LIMIT",
    help="What may differ: `ulp:4`, `abs:1e-6`, `rel:1e-5`, joined by `|`; may be given several times.",
)  # fmt: skip
@click.option("--times", type=int, metavar="N", help="Repetitions (1).")
@click.option(
    "--output", "outputs", multiple=True, metavar="GLOB", help="Files that count, instead of the recorded choice."
)
@click.option("--against", default="", metavar="RUN", help="Compare with the results of this run instead.")
@click.option("--evidence", is_flag=True, help="Write what this proves of findings to the ledger.")
@click.option("--plan", "plan_only", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--timeout", "seconds", type=float, metavar="SECONDS", help="Stop a repetition that takes longer.")
@click.option("--keep", is_flag=True, help="Keep working copies and output of the repetitions.")
@click.option(
    "--wheels", multiple=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of wheels for a rebuilt environment; may be given several times.",
)  # fmt: skip
@click.option("--image", default="", metavar="IMAGE", help="Image that a container begins with.")
@click.option("--offline", is_flag=True, help="Rebuild the environment without a package index.")
@click.option(
    "-o", "--report", "reports", multiple=True, metavar="FORMAT[:FILE]",
    help="console, json, markdown, html, junit or sarif, to a file or to standard output; may be given several times.",
)  # fmt: skip
@click.option("--store", type=click.Path(path_type=Path), envvar="REPROCHECK_STORE", help="Folder of the store.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours.")
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out.")
@click.option("-q", "--quiet", is_flag=True, help="Only the report.")
def command(
    *,
    run: str,
    plan_only: bool,
    evidence: bool,
    reports: tuple[str, ...],
    color: str,
    verbose: bool,
    quiet: bool,
    **options: Any,  # noqa: ANN401 — click's signature
) -> int:
    """Run RUN again and say whether the same came out.

    RUN is an id, the beginning of one, a name, `@` for the last or `@~1` for the one before. Code and inputs are laid
    out in a fresh working copy, which appears at the recorded path; nothing that is there is touched.

    Exit code: 0 reproduced, 1 diverged, 4 inconclusive.

    \b
    reprocheck replay @
    reprocheck replay @ --times 5 --tolerance 'metrics.json:loss=rel:1e-6'
    reprocheck replay baseline --in venv -o console -o html:replay.html -o junit:replay.xml
    """  # noqa: D301 — click keeps line breaks behind the character itself
    from reprocheck.app.replay_run import plan_replay, replay_run
    from reprocheck.cli.settings import load_config
    from reprocheck.config.settings import Require
    from reprocheck.model.comparison import Outcome
    from reprocheck.report.replay import plan_as_json, plan_text
    from reprocheck.report.replay_formats import ReplayView

    given = {f"replay.{name}": options.pop(name) or None for name in ("in", "require", "tolerance")}
    config = load_config(Path(), {**given, "replay.times": options.pop("times")}, isolated=False)
    request = _request(run, config, options)
    if plan_only:
        plan = plan_replay(request)
        if reports == ("json",):
            click.echo(plan_as_json(plan), nl=False)
        elif reports in {(), ("console",)}:
            click.echo(plan_text(plan, painter(color)))
        else:
            raise click.UsageError("--plan is written as `-o console` or `-o json`.")
        return INCOMPLETE if plan.obstacles else CLEAN
    written = _reports(reports)
    progress = _Progress(enabled=not quiet)
    try:
        replay = replay_run(request, progress)
    finally:
        progress.clear()
    view = ReplayView(required=Outcome(config.replay_require), paint=painter(color), width=width(), verbose=verbose)
    for form, file in written:
        _write(replay, form, file, view)
    if evidence:
        _learn(request, replay)
    match replay.outcome:
        case Outcome.IDENTICAL:
            return CLEAN
        case Outcome.EQUIVALENT:
            return CLEAN if config.replay_require is Require.EQUIVALENT else FOUND
        case Outcome.DIVERGENT:
            return FOUND
    return INCOMPLETE


def _learn(request: ReplayRequest, replay: Replay) -> None:
    from reprocheck.app.learn_from_replay import learn
    from reprocheck.report.evidence import learned_lines

    for line in learned_lines(*learn(request, replay)):
        click.echo(line, err=True)


def _reports(asked: tuple[str, ...]) -> list[tuple[str, Path | None]]:
    """Format and file of each report; raises UsageError before anything runs."""
    import difflib

    from reprocheck.report.replay_formats import REPLAY_FORMATS

    found: list[tuple[str, Path | None]] = []
    for item in asked or ("console",):
        form, colon, file = item.partition(":")
        if form not in REPLAY_FORMATS:
            near = difflib.get_close_matches(form, REPLAY_FORMATS, n=1)
            hint = f" (did you mean `{near[0]}`?)" if near else ""
            raise click.UsageError(f"there is no report format `{form}`{hint}; there are: {', '.join(REPLAY_FORMATS)}")
        if colon and not file:
            raise click.UsageError(f"`{item}` names no file")
        found.append((form, Path(file) if file else None))
    if sum(file is None for _, file in found) > 1:
        raise click.UsageError("only one report can go to standard output; give the others a file: -o FORMAT:FILE")
    return found


def _write(replay: Replay, form: str, file: Path | None, view: ReplayView) -> None:
    from dataclasses import replace

    from reprocheck.report.paint import Paint
    from reprocheck.report.replay_formats import REPLAY_FORMATS

    if file is None:
        click.echo(REPLAY_FORMATS[form](replay, view), nl=False, color=True)
        return
    text = REPLAY_FORMATS[form](replay, replace(view, paint=Paint(color=False)))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise click.UsageError(f"the report {file} cannot be written: {error.strerror}") from error


def _request(run: str, config: Config, options: dict[str, Any]) -> ReplayRequest:
    from importlib.metadata import version

    from reprocheck.app.replay_request import ReplayRequest
    from reprocheck.config import Source
    from reprocheck.model.plan import Executor

    stated = config.origin("replay.tolerance")
    return ReplayRequest(
        run=run,
        start=Path.cwd(),
        environment=dict(os.environ),
        executor=Executor(config.replay_in),
        times=config.replay_times,
        tolerances=config.replay_tolerance,
        tolerances_from="" if stated.source is Source.FLAG else str(stated),
        usual_outputs=config.replay_output,
        findings=config,
        tool_version=version("reprocheck"),
        **options,
    )


class _Progress:
    """What is being done, on one line of stderr, only where a person watches."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._enabled:
            sys.stderr.write(f"\r\x1b[2K{text[: _columns() - 1]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._enabled:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns
