"""`reprocheck doctor`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN, INCOMPLETE
from reprocheck.cli.run_options import color_option, output_option, painter, store_option, width, write_json


@click.command("doctor", context_settings={"help_option_names": ["-h", "--help"]})
@store_option
@output_option
@color_option
def command(*, store: Path | None, output: str, color: str) -> int:
    """Try out what capture can see on this machine, and say what to do about what it can't.

    Exit code 4 when files or Python can't be observed, or the store can't be used.
    """
    from reprocheck.app.doctor import doctor
    from reprocheck.report.run_checks import check_lines

    checks = doctor(store, Path(), dict(os.environ))
    if output == "json":
        write_json(checks)
    else:
        for line in check_lines(checks, painter(color), width=width()):
            click.echo(line, color=True)
    needed = {"files", "agent", "store"}
    return INCOMPLETE if any(check.name in needed and check.state != "good" for check in checks) else CLEAN
