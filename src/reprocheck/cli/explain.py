"""`reprocheck explain`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from reprocheck.app import rule_book
from reprocheck.cli.settings import color_wanted, load_config
from reprocheck.model.rule_info import FAMILIES


@click.command("explain", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("rule", metavar="CODE|NAME")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def command(rule: str, color: str) -> int:
    """Explain a rule: what it finds, why it matters, how to repair it, and examples."""
    page = rule_book.page(load_config(Path(), {}, isolated=False), rule)
    from rich.console import Console
    from rich.markdown import Markdown

    wanted = color_wanted(color, stream_is_terminal=sys.stdout.isatty())
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    console = Console(width=width, no_color=not wanted, force_terminal=wanted, highlight=False)
    console.print(Markdown(markdown(page)))
    return 0


def markdown(page: rule_book.RulePage) -> str:
    """The page of a rule as Markdown."""
    info = page.info
    family = FAMILIES.get(info.family, info.family)
    levels = f"{info.severity} · {info.confidence} confidence · {family}"
    parts = [f"# {info.code} {info.name}", f"*{levels}*", info.summary]
    for title, body in (("Why", info.why), ("How to repair it", info.fix), ("Notes", info.notes)):
        if body:
            parts.append(f"## {title}\n\n{body}")
    for flagged, title in ((True, "Flagged"), (False, "Allowed")):
        blocks = []
        for example in page.examples:
            if example.flagged is flagged:
                for path, text in example.files.items():
                    language = "python" if path.endswith(".py") else ""
                    name = f"`{path}`\n\n" if path != "example.py" else ""
                    blocks.append(f"{name}```{language}\n{text.rstrip()}\n```")
        if blocks:
            parts.append(f"## {title}\n\n" + "\n\n".join(blocks))
    return "\n\n".join(parts) + "\n"
