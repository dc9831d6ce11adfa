"""`reprocheck run`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reprocheck.cli.exit_codes import CLEAN, FOUND, INCOMPLETE

if TYPE_CHECKING:
    from reprocheck.app.run_command import RunRequest, RunResult


@click.command(
    "run",
    context_settings={"help_option_names": ["-h", "--help"], "allow_interspersed_args": False},
    options_metavar="[OPTIONS] --",
)
@click.argument("arguments", metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--name", default="", help="Name of the run; `show NAME` means the latest run of that name.")
@click.option("--tag", "tags", multiple=True, help="Tag of the run; may be given several times.")
@click.option("--output", "outputs", multiple=True, metavar="GLOB", help="Files that count as results (`stdout` too).")
@click.option("--trace", type=click.Choice(["off", "steps"]), default="off", show_default=True, help="Fingerprints.")
@click.option("--store-inputs", is_flag=True, help="Keep a copy of every file that is read.")
@click.option("--record-entropy", is_flag=True, help="Record entropy and clock, so that an unseeded run replays.")
@click.option("--lock", is_flag=True, help="Lock packages with hashes (uv asks the package index).")
@click.option("--prove-transparent", "prove", is_flag=True, help="Compare outputs with those of two plain runs.")
@click.option("--store", type=click.Path(path_type=Path), envvar="REPROCHECK_STORE", help="Folder of the store.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on success.")
def command(arguments: tuple[str, ...], quiet: bool, prove: bool, **options: Any) -> int:  # noqa: ANN401, FBT001 — click's signature
    """Run COMMAND and keep a record of what ran: code, environment, seeds, files.

    The command's output, input and exit code are its own (125, 126, 127 when it could not start, 128+N for signals).

    \b
    reprocheck run -- python train.py --lr 0.1
    reprocheck run notebook.ipynb
    reprocheck show @
    """  # noqa: D301 — click keeps line breaks behind the character itself
    from reprocheck.app.run_command import RunRequest, run_command
    from reprocheck.cli.own_version import own_version

    try:
        cwd = Path.cwd()
    except FileNotFoundError:
        raise click.UsageError("The working folder is gone; change to one that exists.") from None
    request = RunRequest(
        command=arguments,
        cwd=cwd,
        environment=dict(os.environ),
        tool_version=own_version(),
        **options,
    )
    if prove:
        return _prove(request)
    result = run_command(request)
    _tell(result, quiet=quiet)
    return result.execution.exit_code


def _prove(request: RunRequest) -> int:
    """The command's own exit code where it failed; else 1 when capture changed outputs, 4 when nothing can be said."""
    from reprocheck.app.prove_transparent import prove_transparent
    from reprocheck.cli.run_options import painter
    from reprocheck.report.run_checks import transparency_lines

    result = prove_transparent(request)
    for line in transparency_lines(result, painter("auto")):
        click.echo(line, color=True)
    if result.changed:
        return FOUND
    return result.exit_code or (CLEAN if result.same else INCOMPLETE)


def _tell(result: RunResult, *, quiet: bool) -> None:
    from reprocheck.cli.settings import color_wanted
    from reprocheck.report.paint import Paint
    from reprocheck.report.run_line import closing_line

    paint = Paint(color=color_wanted("auto", stream_is_terminal=sys.stderr.isatty()))
    for problem in result.problems:
        click.echo(f"reprocheck: {problem}", err=True)
    if result.record is not None and not quiet:
        click.echo(closing_line(result.record, paint), err=True)
