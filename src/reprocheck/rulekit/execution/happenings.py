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
CALLS_NOTHING = frozenset({"index-sampler", "optimizer"})
"""Roles of code that never calls what it is given: an optimizer takes a model's weights, no method of it."""
_MANY = 2_000
"""Events that are looked at to tell whether one of them happens in any case."""
_DEEP = 12
"""Conditions inside one another."""


Branch = tuple[str, Span, bool]
"""A condition that can't be told, by file and place, and the side of it."""


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
    branches: tuple[Branch, ...] | None = ()
    """The conditions around it that could not be told, outermost first; None where the receiver was guessed."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """A stretch of a run that happens once more, in another branch of a condition that could not be told."""

    position: int
    """Where it happens again, counted in events of the run."""
    branches: tuple[Branch, ...]
    first: int
    behind: int
    """The stretch: from the first event to the one behind it."""
    depth: int
    """How many of the conditions around those events lie outside of the stretch."""


@dataclass(slots=True)
class Run:
    """What happens when an entry point runs with its defaults."""

    entry: Entry
    happenings: list[Happening] = field(default_factory=list)
    complete: bool = True
    """False where the limits cut the following short."""
    unresolved: int = 0
    """Calls in the project's own code whose target could not be told."""
    repetitions: list[Repetition] = field(default_factory=list)
    """Stretches that are not followed again."""
    refusals: list[tuple[Branch, ...]] = field(default_factory=list)
    """Branches that end with an error."""

    def certainly(self, positions: list[int]) -> bool:
        """Whether one of some events happens whichever way the conditions go that could not be told."""
        around = [(position, self.happenings[position].branches) for position in positions]
        met = [(position, branches) for position, branches in around if branches is not None]
        for again in self.repetitions:
            met += [
                (again.position, (*again.branches, *branches[again.depth :]))
                for position, branches in met
                if again.first <= position < again.behind
            ]
            if len(met) > _MANY:
                return False
        refused = [branches for branches in self.refusals if branches]
        return _covered([branches for _, branches in met], refused, _DEEP)


def _covered(met: list[tuple[Branch, ...]], refused: list[tuple[Branch, ...]], depth: int) -> bool:
    """Whether some of the branches are taken in any case, those apart that end with an error."""
    if not met or depth == 0:
        return False
    if () in met:
        return True
    for condition in dict.fromkeys(branches[0][:2] for branches in met):
        sides = []
        for side in (True, False):
            inside = [branches[1:] for branches in met if branches[0] == (*condition, side)]
            ends = [branches[1:] for branches in refused if branches[0] == (*condition, side)]
            sides.append(() in ends or _covered(inside, [branches for branches in ends if branches], depth - 1))
        if all(sides):
            return True
    return False


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
