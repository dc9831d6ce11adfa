"""`reprocheck scan`."""

from __future__ import annotations

import difflib
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click

from reprocheck.app.errors import UsageError
from reprocheck.app.scan_project import Scanned, ScanRequest, failing, scan_project
from reprocheck.cli.audit_options import audit_options, audit_request
from reprocheck.cli.exit_codes import CLEAN, FOUND, INCOMPLETE, NOTHING
from reprocheck.cli.progress import ProgressLine
from reprocheck.cli.settings import color_wanted, load_config, selection_options
from reprocheck.config import Config, Output
from reprocheck.report.formats import FORMATS, Reporter, ReportOptions

_WATCH_SECONDS = 0.4
_GRAPHS = (".html", ".dot", ".json")


class _Command(click.Command):
    """Takes `--add-ignore` without a value too, and then no path for one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give the option its empty value."""
        return super().parse_args(ctx, ["--add-ignore=" if word == "--add-ignore" else word for word in args])


@click.command("scan", cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    multiple=True,
    metavar="FORMAT[:FILE]",
    help=f"Report to write; repeatable. Formats: {', '.join(FORMATS)}.",
)
@selection_options
@click.option(
    "--fail-on", type=click.Choice(["error", "warning", "note", "never"]), help="Least severity that exits with 1."
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("--baseline", type=click.Path(dir_okay=False), help="Findings in this file don't count.")
@click.option("--no-ledger", is_flag=True, help="Let findings count that were decided about (`reprocheck triage`).")
@click.option(
    "--entry",
    "entries",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Follow this program instead of all, and report only what it reaches; repeatable.",
)
@audit_options
@click.option("--scorecard", is_flag=True, help="Say how the project stands under the heads of the ML Test Score.")
@click.option("--since", metavar="REV", help="Only findings on lines changed since this git revision.")
@click.option(
    "--stdin-filename", metavar="NAME", type=click.Path(path_type=Path), help="Name of what is read from `-`."
)
@click.option("--fix", is_flag=True, help="Repair what can be repaired without changing what the code does.")
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    help="With --fix or --diff: do repairs too that change numbers, speed or an interface.",
)
@click.option("--diff", is_flag=True, help="Write the repairs to stdout as a patch for `git apply`; change nothing.")
@click.option("--add-ignore", metavar="[=REASON]", help="Write a suppression comment beside every finding that counts.")
@click.option("--watch", is_flag=True, help="Scan again when a file changes.")
@click.option("--show-suppressed", is_flag=True, help="List suppressed and known findings too.")
@click.option(
    "--graph",
    "graphs",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw which program writes and reads what: FILE.html, .dot or .json; repeatable.",
)
@click.option("--statistics", is_flag=True, help="Add a table of findings by rule.")
@click.option("--timing", is_flag=True, help="Print the time of each rule to stderr; uses no cache.")
@click.option("--jobs", metavar="N", help="Processes to use; `auto` for all processors.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no messages on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="Repeat explanations, and show details of errors.")
def command(paths: tuple[Path, ...], **options: Any) -> int:  # noqa: ANN401 — values of many types, by option name
    """Find what will stop a result from being reproduced or maintained.

    PATHs are files or folders, `-` is standard input (give `--stdin-filename`); without one the current folder is
    scanned. Nothing that is scanned is ever run.

    \b
    Exit codes: 0 clean, 1 findings, 2 usage, 3 internal error,
                4 something could not be read or audited,
                5 nothing to scan.
    """  # noqa: D301 — click keeps line breaks behind the character itself
    request = _request(paths, options)
    if options["fix"] or options["diff"] or options["unsafe_fixes"]:
        return _fix(request, options)
    if options["add_ignore"] is not None:
        return _add_ignores(request, options)
    if not options["watch"]:
        return _once(request, options)
    if request.text is not None:
        raise UsageError("--watch needs files, not standard input")
    return _watch(request, options)


def _request(paths: tuple[Path, ...], options: dict[str, Any]) -> ScanRequest:
    text = None
    if paths == (Path("-"),):
        if options["stdin_filename"] is None:
            raise UsageError("reading from standard input needs --stdin-filename NAME")
        text = sys.stdin.buffer.read()
        paths = (options["stdin_filename"],)
    elif Path("-") in paths:
        raise UsageError("`-` can't be scanned together with other paths")
    elif options["stdin_filename"] is not None:
        raise UsageError("--stdin-filename goes with `-` as the only path")
    keys = ("select", "extend_select", "ignore", "pack", "min_confidence", "fail_on", "baseline", "jobs")
    overrides: dict[str, object] = {key: options[key] for key in keys}
    if options["output"]:
        overrides["output"] = list(options["output"])
    if options["no_cache"]:
        overrides["cache"] = False
    config = load_config(paths[0] if paths else Path(), overrides, isolated=options["isolated"])
    return ScanRequest(
        config=config,
        targets=[path.absolute() for path in paths] or [Path.cwd()],
        entries=[entry.absolute() for entry in options["entries"]],
        since=options["since"],
        audit=audit_request(options),
        scorecard=options["scorecard"],
        graph=bool(_graph_files(options)),
        timing=options["timing"],
        text=text,
        use_ledger=not options["no_ledger"],
    )


def _once(request: ScanRequest, options: dict[str, Any]) -> int:
    outputs = _outputs(request.config)
    progress = ProgressLine(enabled=not options["quiet"])
    try:
        scanned = scan_project(request, progress)
    finally:
        progress.clear()
    for reporter, output in outputs:
        _write(reporter, output, scanned, request.config, options)
    for file in _graph_files(options):
        _write_graph(file, scanned, request.config)
    if not options["quiet"]:
        for message in scanned.messages:
            click.echo(f"{click.style('note', fg='cyan')}: {message}", err=True)
    if options["timing"]:
        for timing in scanned.result.timings:
            click.echo(f"{timing.seconds:9.3f} s  {timing.name}", err=True)
    return _exit_code(scanned, request.config, options)


def _fix(request: ScanRequest, options: dict[str, Any]) -> int:
    """`--fix` and `--diff`."""
    from reprocheck.app.fix_project import fix_project, write
    from reprocheck.report.fix_summary import summary_lines

    if not (options["fix"] or options["diff"]):
        raise UsageError("--unsafe-fixes goes with --fix or --diff")
    if options["fix"] and options["diff"]:
        raise UsageError("--fix writes the files, --diff shows what it would write: give one of them")
    if options["watch"]:
        raise UsageError("--watch can't be given with --fix or --diff")
    outputs = _outputs(request.config)
    progress = ProgressLine(enabled=not options["quiet"])
    try:
        fixed = fix_project(request, progress, unsafe=options["unsafe_fixes"])
    finally:
        progress.clear()
    if options["diff"]:
        sys.stdout.flush()
        sys.stdout.buffer.write(fixed.patch)
        sys.stdout.buffer.flush()
        outputs = [(reporter, output) for reporter, output in outputs if output.file is not None]
    else:
        write(fixed)
    for reporter, output in outputs:
        _write(reporter, output, fixed.scanned, request.config, options)
    if not options["quiet"]:
        left = [(one.finding, one.reason) for one in fixed.left]
        files, would = len(fixed.after), options["diff"]
        for line in summary_lines(fixed.fixed, left, files, would=would, verbose=options["verbose"]):
            click.echo(line, err=True)
    return _exit_code(fixed.scanned, request.config, options)


def _add_ignores(request: ScanRequest, options: dict[str, Any]) -> int:
    """`--add-ignore`."""
    from reprocheck.app.add_ignores import add_ignores
    from reprocheck.report.places import line_place
    from reprocheck.report.visible import visible

    if options["fix"] or options["diff"] or options["watch"]:
        raise UsageError("--add-ignore can't be given with --fix, --diff or --watch")
    progress = ProgressLine(enabled=not options["quiet"])
    try:
        added = add_ignores(request, options["add_ignore"], progress)
    finally:
        progress.clear()
    click.echo(f"{added.findings} finding(s) have a comment now, in {len(added.files)} file(s).")
    for finding, why in added.left:
        click.echo(f"{line_place(finding.place)}: {finding.code} has none: {visible(why)}", err=True)
    if added.left:
        click.echo("`reprocheck triage` decides about these.", err=True)
    return FOUND if added.left else CLEAN


def _exit_code(scanned: Scanned, config: Config, options: dict[str, Any]) -> int:
    if options["exit_zero"]:
        return CLEAN
    if failing(scanned.result, config.fail_on):
        return FOUND
    if scanned.result.incomplete:
        return INCOMPLETE
    return CLEAN if scanned.files else NOTHING


def _outputs(config: Config) -> list[tuple[Reporter, Output]]:
    outputs = config.output or (Output("full"),)
    for output in outputs:
        if output.format not in FORMATS:
            near = difflib.get_close_matches(output.format, FORMATS, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise UsageError(f"there is no report format {output.format!r}{hint}; there are: {', '.join(FORMATS)}")
    if sum(output.file is None for output in outputs) > 1:
        raise UsageError("only one report can go to standard output; give the others a file: -o FORMAT:FILE")
    return [(FORMATS[output.format], output) for output in outputs]


def _write(reporter: Reporter, output: Output, scanned: Scanned, config: Config, options: dict[str, Any]) -> None:
    terminal = output.file is None and sys.stdout.isatty()
    encoding = (sys.stdout.encoding or "ascii").lower() if output.file is None else "utf-8"
    result = scanned.result
    if output.format == "sarif" and any(finding.fix is not None for finding in result.active):
        from reprocheck.app.fix_project import with_replacements

        result = with_replacements(result, config.root)
    if output.format == "html" and scanned.scope.whole:
        from reprocheck.app.report_runs import with_runs

        result = with_runs(result, config.root)
    text = reporter.render(
        result,
        ReportOptions(
            color=color_wanted(options["color"], stream_is_terminal=terminal) if output.file is None else False,
            width=shutil.get_terminal_size((100, 24)).columns if terminal else 100,
            root_uri=config.root.absolute().as_uri() if terminal else None,
            show_suppressed=options["show_suppressed"],
            statistics=options["statistics"],
            hyperlinks=terminal,
            verbose=options["verbose"],
            unicode=encoding.replace("-", "").startswith("utf"),
        ),
    )
    if output.file is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        output.file.parent.mkdir(parents=True, exist_ok=True)
        output.file.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"the report {output.file} cannot be written: {error.strerror}") from error


def _graph_files(options: dict[str, Any]) -> list[Path]:
    """Where to draw the graph; raises UsageError for a form that there isn't."""
    files: list[Path] = list(options["graphs"])
    for file in files:
        if file.suffix.lower() not in _GRAPHS:
            raise UsageError(f"--graph {file}: the name must end in {', '.join(_GRAPHS)}")
    return files


def _write_graph(file: Path, scanned: Scanned, config: Config) -> None:
    from reprocheck.app.artifact_findings import at_nodes
    from reprocheck.report.graph.dot import graph_dot, graph_json
    from reprocheck.report.graph.page import graph_page

    assert scanned.graph is not None
    match file.suffix.lower():
        case ".html":
            messages = at_nodes(scanned.graph, scanned.result.findings)
            text = graph_page(scanned.graph, config.root.absolute().name, messages)
        case ".dot":
            text = graph_dot(scanned.graph)
        case _:
            text = graph_json(scanned.graph)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"the graph {file} cannot be written: {error.strerror}") from error


def _watch(request: ScanRequest, options: dict[str, Any]) -> int:
    from reprocheck.app.watch import snapshot

    while True:
        seen = snapshot(request)
        if sys.stdout.isatty():
            click.clear()
        _once(request, options)
        click.echo("Watching for changes; Ctrl-C ends it.", err=True)
        while snapshot(request) == seen:
            time.sleep(_WATCH_SECONDS)
