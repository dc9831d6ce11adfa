"""`reprocheck show`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.run_options import (
    color_option,
    output_option,
    painter,
    run_argument,
    store_option,
    width,
    write_json,
)


@click.command("show", context_settings={"help_option_names": ["-h", "--help"]})
@run_argument
@click.option("-v", "--verbose", is_flag=True, help="List everything: files, packages, variables.")
@store_option
@output_option
@color_option
def command(*, run: str, verbose: bool, store: Path | None, output: str, color: str) -> int:
    """Show the record of RUN, and the strongest thing that replays have proved of it so far.

    RUN is an id or its beginning, a name (its latest run), `@` for the last run
    or `@~1` for the one before it.
    """
    import msgspec

    from reprocheck.app.proofs import proof_of
    from reprocheck.app.show_run import show_run
    from reprocheck.report.run_show import show_lines
    from reprocheck.report.visible import visible

    record = show_run(run, store, Path())
    proof = proof_of(record.id, store, Path())
    if output == "json":
        write_json(msgspec.to_builtins(record) | {"proof": msgspec.to_builtins(proof)})
    else:
        proved = visible(proof.sentence)
        for line in show_lines(record, painter(color), width=width(), verbose=verbose, proved=proved):
            click.echo(line, color=True)
    return 0
