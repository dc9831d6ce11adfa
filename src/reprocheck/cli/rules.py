"""`reprocheck rules`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from reprocheck.app import rule_book
from reprocheck.cli.exit_codes import CLEAN, FOUND, NOTHING
from reprocheck.cli.settings import load_config, selection_options
from reprocheck.model.rule_info import RuleInfo


@click.command("rules", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", nargs=-1, metavar="[WORD]...")
@selection_options
@click.option("--check", is_flag=True, help="Run the examples of your own rules; `--all` includes the built-in ones.")
@click.option("--all", "everything", is_flag=True, help="All rules, not only those that run under the configuration.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(
    *, words: tuple[str, ...], check: bool, everything: bool, output: str, isolated: bool, **selection: str | None
) -> int:
    """List the rules, or check their examples.

    WORD is the beginning of a code (`RNG`) or a part of a name (`seed`): those rules are listed whether they run under
    the configuration or not.
    """
    config = load_config(Path(), selection, isolated=isolated)
    if check:
        count, failures = rule_book.check(config, own_only=not everything)
        for failure in failures:
            where = f" example {failure.number}" if failure.number else ""
            click.echo(f"{failure.code}{where}: {failure.message}")
        if not count:
            click.echo("There are no rules of your own; `--all` checks the built-in ones.", err=True)
            return NOTHING
        good = count - len({failure.code for failure in failures})
        click.echo(f"{good} of {count} rules treat their examples as they say.", err=True)
        return FOUND if failures else CLEAN
    pages = [page for page in rule_book.pages(config) if page.selected or everything or words]
    if words:
        pages = [page for page in pages if any(_is_meant(page.info, word) for word in words)]
        if not pages:
            asked = " or ".join(f"`{word}`" for word in words)
            click.echo(f"No rule has {asked} in its name or at the beginning of its code.", err=True)
            return NOTHING
    if output == "json":
        values = [{**msgspec.to_builtins(page.info), "selected": page.selected} for page in pages]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(values), indent=2).decode() + "\n")
        return CLEAN
    width = max((len(page.info.name) for page in pages), default=0)
    for page in pages:
        info = page.info
        mark = " " if page.selected else "-"
        click.echo(f"{mark} {info.code:8} {info.name:{width}}  {info.severity:7}  {info.summary}")
    return CLEAN


def _is_meant(info: RuleInfo, word: str) -> bool:
    return info.code.startswith(word.upper()) or word.lower() in info.name
