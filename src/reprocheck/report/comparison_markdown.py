"""A comparison as Markdown: for a pull request or a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.comparison import Outcome
from reprocheck.report.comparison_words import counts_text, headline, values
from reprocheck.report.markdown_text import code, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reprocheck.model.comparison import Comparison, Difference

_SHOWN = 20
_DEEPEST = 6


def comparison_markdown(comparison: Comparison) -> str:
    """Verdict, counts, and a list of what differs."""
    verdict = comparison.verdict
    lines = [f"**{plain(verdict.label)}**: {plain(verdict.reason)}", "", plain(counts_text(comparison.differences)), ""]
    listed = [one for one in comparison.differences if one.outcome is not Outcome.IDENTICAL]
    for difference in sorted(listed, key=lambda one: -one.outcome.rank):
        lines += difference_items(difference)
    lines += [f"> {plain(note)}" for note in comparison.notes]
    return "\n".join(lines).rstrip() + "\n"


def difference_items(difference: Difference, depth: int = 0) -> Iterator[str]:
    """A list of one artifact and below it what differs in it."""
    indent = "  " * depth
    said = headline(difference)
    outcome = f" {difference.outcome}" if not depth else ""
    why = f" ({', '.join(difference.because)})" if difference.because else ""
    yield f"{indent}- {code(difference.name)}{outcome}{why}{': ' + plain(said) if said else ''}"
    found = values(difference)
    if found is not None:
        left, right = (code(value) if value else "nothing" for value in found)
        yield f"{indent}  - {left} against {right}"
    for note in difference.notes:
        yield f"{indent}  - {plain(note)}"
    if depth < _DEEPEST:
        for child in difference.children[:_SHOWN]:
            yield from difference_items(child, depth + 1)
    more = max(len(difference.children) - _SHOWN, 0) + difference.omitted
    if more:
        yield f"{indent}  - and {more:,} more"
