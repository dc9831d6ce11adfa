"""What happens in a run, in the words of the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field

from reprocheck.model.place import Span
from reprocheck.project.facts.model import Argument, Call
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.evaluate import Frame
from reprocheck.rulekit.catalog import CatalogEntry

RUNS_CALLBACKS = "runs-callbacks"
"""Role of code that calls the functions it is given; other code may or may not."""
CALLS_NOTHING = "index-sampler"
"""Role of code that never calls what it is given."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step on the way from the entry to an event."""

    path: str
    span: Span
    name: str
    """What is called or imported there."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A call to something that the catalog knows, as it happens in a run."""

    name: str
    """Canonical name."""
    entry: CatalogEntry
    path: str
    call: Call
    hops: tuple[Hop, ...]
    """From the entry point down; the call itself is not among them."""
    frame: Frame
    active: bool
    """False where a condition keeps it from running under the defaults."""
    certain: bool
    """False where a condition could not be told, or the receiver was guessed."""
    guard: Span | None
    """The condition that keeps it from running, or that could not be told."""
    guard_path: str = ""
    """File of that condition."""
    callback: bool = False
    """Whether it lies in a function that was handed to code which may or may not call it."""
    refused: bool = False
    """Whether the program ends before with an error unless some option is given."""


@dataclass(slots=True)
class Run:
    """What happens when an entry point runs with its defaults."""

    entry: Entry
    happenings: list[Happening] = field(default_factory=list)
    complete: bool = True
    """False where the limits cut the following short."""
    unresolved: int = 0
    """Calls in the project's own code whose target could not be told."""


def argument_of(call: Call, entry: CatalogEntry, name: str) -> Argument | None:
    """The argument of a call that the catalog's order of arguments or a keyword names."""
    for argument in call.arguments:
        if argument.name == name:
            return argument
    if name in entry.arguments:
        position = entry.arguments.index(name)
        positional = [argument for argument in call.arguments if not argument.name]
        if position < len(positional):
            return positional[position]
    return None
