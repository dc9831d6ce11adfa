"""`reprocheck badge`."""

from __future__ import annotations

from pathlib import Path

import click

from reprocheck.cli.exit_codes import CLEAN, NOTHING
from reprocheck.cli.run_options import run_argument, store_option, write_json


@click.command("badge", context_settings={"help_option_names": ["-h", "--help"]})
@run_argument
@click.option(
    "-o", "--output", type=click.Choice(["svg", "json", "text"]), default="svg", show_default=True,
    help="An image, the answer for a service that draws badges, or one line.",
)  # fmt: skip
@store_option
def command(*, run: str, output: str, store: Path | None) -> int:
    """Print what replays have proved of RUN, as a badge for a README.

    Exit code 5 when it was never replayed.

    \b
    reprocheck badge baseline > docs/reproduced.svg
    """  # noqa: D301 — click keeps line breaks behind the character itself
    from reprocheck.app.proofs import proof_of
    from reprocheck.report.badge import badge_endpoint, badge_svg

    proof = proof_of(run, store, Path())
    outcome = proof.outcome.value if proof.outcome is not None else ""
    match output:
        case "json":
            write_json(badge_endpoint(outcome, proof.sentence))
        case "text":
            click.echo(proof.sentence)
        case _:
            click.echo(badge_svg(outcome, proof.sentence), nl=False)
    return NOTHING if proof.outcome is None else CLEAN
