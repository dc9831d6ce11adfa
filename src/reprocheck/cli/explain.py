"""`reprocheck explain`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from reprocheck.app import rule_book
from reprocheck.app.find_finding import FINGERPRINT, find_finding
from reprocheck.cli.progress import ProgressLine
from reprocheck.cli.settings import color_wanted, load_config
from reprocheck.model.fix import Safety
from reprocheck.model.rule_info import FAMILIES
from reprocheck.report.formats import FORMATS, ReportOptions

_WIDEST = 100


@click.command("explain", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("word", metavar="CODE|NAME|FINGERPRINT")
@click.option(
    "--min-confidence", type=click.Choice(["high", "medium", "low"]), help="For a finding: look further down."
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def command(word: str, min_confidence: str | None, color: str) -> int:
    """Explain a rule, or one finding of this project.

    For a rule: what it finds, why it matters, how to repair it, and examples. For a finding (its id is shown by
    `scan -v` and in the JSON report): the trail that leads to it, with code.
    """
    config = load_config(Path(), {"min_confidence": min_confidence}, isolated=False)
    wanted = color_wanted(color, stream_is_terminal=sys.stdout.isatty())
    width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
    if FINGERPRINT.fullmatch(word) and any(letter.isdigit() for letter in word):
        progress = ProgressLine(enabled=True)
        result = find_finding(config, word, progress)
        progress.clear()
        unicode = (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")
        options = ReportOptions(color=wanted, width=width, verbose=True, show_suppressed=True, unicode=unicode)
        click.echo(FORMATS["full"].render(result, options), nl=False, color=wanted)
        return 0
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(width=width, no_color=not wanted, force_terminal=wanted, highlight=False)
    console.print(Markdown(markdown(rule_book.page(config, word))))
    return 0


def markdown(page: rule_book.RulePage) -> str:
    """The page of a rule as Markdown."""
    info = page.info
    family = FAMILIES.get(info.family, info.family)
    levels = f"{info.severity} · {info.confidence} confidence · {family}"
    parts = [f"# {info.code} {info.name}", f"*{levels}*", info.summary]
    if page.fixes:
        parts.append(_automatic(page.fixes))
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
                    fixed = example.fixed.get(path)
                    if fixed is not None:
                        blocks.append(f"becomes\n\n```{language}\n{fixed.rstrip()}\n```")
        if blocks:
            parts.append(f"## {title}\n\n" + "\n\n".join(blocks))
    return "\n\n".join(parts) + "\n"


def _automatic(fixes: tuple[Safety, ...]) -> str:
    """Who does the repair."""
    match fixes:
        case (Safety.SAFE,):
            return "`reprocheck scan --fix` repairs it where that can be done mechanically."
        case (Safety.UNSAFE,):
            return "`reprocheck scan --fix --unsafe-fixes` repairs it where that can be done mechanically."
        case _:
            return "`reprocheck scan --fix` repairs it where that is safe, `--unsafe-fixes` in more places."
