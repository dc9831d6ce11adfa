"""What following values reads of a module: its own statements, and the bodies of those functions that it enters.

An edit inside a function that nothing enters, or of a module of which only imports and classes are known, doesn't
change what was read, so that both sides of a project are followed again only where they may be others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reprocheck.project.facts.model import Call, Function
from reprocheck.project.facts.outline import Form, unpack
from reprocheck.project.index.answers import digest
from reprocheck.rulekit.outlined import is_sink
from reprocheck.rulekit.project import Project

_BLOCKS = {"if": (2, 3), "for": (3,), "while": (1,), "try": (1, 2), "with": (2,), "class": (3,)}
"""Where blocks stand in the forms of statements."""


class _Pieces(NamedTuple):
    """A module, in pieces that are read by themselves."""

    own: bytes
    """Digest of all but the bodies of functions."""
    bodies: tuple[bytes, ...]
    """Digests of the bodies of functions, in their order."""
    silent: tuple[str, ...]
    """Functions that neither train nor ask a model themselves, as far as names say."""


def read_of(project: Project, path: str, entered: str) -> bytes:
    """Digest of what is read of a module whose functions at some positions, with blanks between, are entered."""
    positions = {int(position) for position in entered.split()}
    pieces = project.of_file(_pieces, path)
    return digest([(p.own, p.silent, [body for at, body in enumerate(p.bodies) if at in positions]) for p in pieces])


def _pieces(project: Project, path: str) -> Iterator[_Pieces]:
    if path not in project.index.files:
        return
    forms = unpack(project.index.files[path].outline)
    table = project.index.symbols.table(path).functions
    known = ((name, table.get(name)) for name in sorted(set(_names(forms))))
    yield _Pieces(
        digest(_without_bodies(forms)),
        tuple(digest((form[2], form[3], form[5])) for form in definitions(forms)),
        tuple(name for name, found in known if found is not None and not tells(found.function)),
    )


def definitions(block: Iterable[Form]) -> Iterator[Form]:
    """Functions and methods that statements define, those inside of other functions left out."""
    for form in block:
        if form[0] == "def":
            yield form
        for at in _BLOCKS.get(form[0], ()):
            yield from definitions(form[at])


def _without_bodies(block: Iterable[Form]) -> list[Form]:
    """The statements without bodies and places of functions, and without places of classes, which nothing looks at."""
    found: list[Form] = []
    for form in block:
        if form[0] == "def":
            found.append(["def", form[1], form[4]])
            continue
        kept = list(form[:4] if form[0] == "class" else form)
        for at in _BLOCKS.get(form[0], ()):
            kept[at] = _without_bodies(form[at])
        found.append(kept)
    return found


def _names(block: Iterable[Form], owner: str = "") -> Iterator[str]:
    """Names of all functions, those of methods behind the name of their class."""
    for form in block:
        if form[0] == "def":
            yield f"{owner}{form[1]}"
            yield from _names(form[3])
        for at in _BLOCKS.get(form[0], ()):
            yield from _names(form[at], f"{form[1]}." if form[0] == "class" else "")


def tells(function: Function) -> bool:
    """Whether a function trains or asks a model itself, as far as names say."""
    return any(isinstance(event, Call) and is_sink(event.callee) for event in function.events)
