"""Edits by what the text says instead of where it stands."""

from __future__ import annotations

import textwrap

from reprocheck.fix.carry_out import Outcome, Repair, carry_out
from reprocheck.model.fix import Edit, Fix, Safety
from reprocheck.model.place import Span

PATH = "train.py"


def code(text: str) -> str:
    """Source without the indentation of the test."""
    return textwrap.dedent(text).strip("\n") + "\n"


def span(text: str, part: str, occurrence: int = 1) -> Span:
    """Where a part of a text stands."""
    start = -1
    for _ in range(occurrence):
        start = text.index(part, start + 1)
    before, inside = text[:start], text[: start + len(part)]
    return Span(
        before.count("\n") + 1,
        start - before.rfind("\n"),
        inside.count("\n") + 1,
        len(inside) - inside.rfind("\n"),
    )


def repair(*edits: Edit, path: str = PATH) -> Repair:
    """One fix of these edits."""
    return Repair(path, Fix("repair", Safety.SAFE, edits))


def outcome(text: str | bytes, *repairs: Repair, path: str = PATH) -> Outcome:
    """What fixes make of one file."""
    data = text.encode() if isinstance(text, str) else text
    return carry_out(repairs, {path: data}.get)


def fixed(text: str, *edits: Edit) -> str:
    """The text after one fix, which must not be refused."""
    done = outcome(text, repair(*edits))
    assert not done.refused, done.refused
    return done.texts.get(PATH, text.encode()).decode()


def refusal(text: str, *edits: Edit) -> str:
    """Why one fix is refused."""
    done = outcome(text, repair(*edits))
    assert done.texts == {}
    return done.refused[0].reason
