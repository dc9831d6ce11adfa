"""A notebook whose cells were last run in another order than they stand in.

## Why
The stored results come from a sequence of runs that nobody can read off the page: a cell run before one above it used
names and data as they were then. Run from top to bottom, the notebook may fail or give other numbers.

## Fix
Restart the kernel, run all cells, and store that result; `jupyter nbconvert --execute --inplace NOTEBOOK` does the same
and can stand in CI.

## Notes
Only cells with an execution count are compared; gaps between counts are common and not reported, nor are notebooks
whose outputs were cleared (a count of 0 counts as cleared). Equal counts alone, which splitting a cell leaves behind,
are reported with low confidence. Cells that never ran are NTB002's.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from reprocheck.rulekit import Confidence, Match, Note, NotebookView, Rule, Span

rule = Rule("NTB001", "out-of-order-execution", __doc__)

_SHOWN = 4
"""Places in the trail; more say nothing new."""


@rule.on_notebook
def check(view: NotebookView) -> Iterator[Match]:
    """One finding per notebook, at the first cell that ran before the one above it."""
    ran = [
        (cell.number, cell.execution_count, cell.pieces[0].span)
        for cell in view.notebook.cells
        if cell.execution_count and cell.pieces and cell.source.strip()
    ]
    turns = [(above, below) for above, below in pairwise(ran) if below[1] < above[1]]
    confidence = None
    if not turns:
        # Splitting a cell leaves its count on both halves, so that equal counts alone prove little.
        turns = [(above, below) for above, below in pairwise(ran) if below[1] == above[1]]
        confidence = Confidence.LOW
    if not turns:
        return
    (above_number, above_count, above_span), (number, count, span) = turns[0]
    more = f" ({len(turns)} such places)" if len(turns) > 1 else ""
    message = (
        f"cell {number} ran as [{count}] although cell {above_number} above it ran as [{above_count}]{more}: "
        "run from top to bottom, the results may differ"
    )
    trail = [_note(above_span, above_number, above_count)]
    for _, (other_number, other_count, other_span) in turns[:_SHOWN]:
        trail.append(_note(other_span, other_number, other_count))
    yield Match(span=span, message=message, confidence=confidence, trail=tuple(trail))


def _note(span: Span, number: int, count: int) -> Note:
    return Note(span, f"cell {number} ran as [{count}]")


def _notebook(*counts: int | None, sources: tuple[str, ...] = ()) -> str:
    cells = []
    for position, count in enumerate(counts):
        source = sources[position] if sources else f"x{position} = load({position})"
        shown = "null" if count is None else count
        head = f'"cell_type": "code", "execution_count": {shown}, "metadata": {{}}, "outputs": []'
        cells.append(f'{{{head}, "source": ["{source}"]}}')
    body = ",\n".join(cells)
    return f'{{"cells": [\n{body}\n], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 4}}'


rule.flags(_notebook(3, 1, 2), file="train.ipynb", title="the first cell was run again")
rule.flags(_notebook(1, 2, 7, 4), file="explore.ipynb")
rule.flags(_notebook(1, None, 5, 3), file="partly.ipynb", title="a cell that never ran stands between")
rule.flags(_notebook(14, 15, 1, 2), file="restarted.ipynb", title="the kernel was restarted half-way")
rule.flags(_notebook(1, 1), file="joined.ipynb", title="cells of two sessions")
rule.flags(_notebook(2, 1, 4, 3), file="shuffled.ipynb")
rule.allows(_notebook(1, 2, 3), file="clean.ipynb")
rule.allows(_notebook(1, 3, 9), file="gaps.ipynb", title="cells between were run again or deleted")
rule.allows(_notebook(None, None), file="cleared.ipynb")
rule.allows(_notebook(0, 0, 0), file="colab.ipynb", title="Colab writes 0 for cells that were cleared")
rule.allows(_notebook(1, None, 2), file="partly.ipynb")
rule.allows(_notebook(5), file="single.ipynb")
rule.allows(_notebook(2, 1, 3, sources=("x = 1", "", "y = x")), file="empty.ipynb", title="an empty cell says nothing")
