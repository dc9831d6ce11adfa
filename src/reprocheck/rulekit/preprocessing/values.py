"""What following a program knows of its values: constants, objects, and data with the steps that it went through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reprocheck.model.place import Span
from reprocheck.project.facts.model import Scalar
from reprocheck.project.facts.outline import Form

UNKNOWN_STEP = "?"
"""Operation of a step that is not understood."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One thing that is done to data."""

    op: str
    """`resize`, `crop`, `scale`, `tokenise`, ...; UNKNOWN_STEP where it is not known."""
    label: str
    """As the source writes it, shortened: `Resize(256)`."""
    place: Place
    given: Mapping[str, object] = field(default_factory=dict)
    """By the operation's own names: constants as Python values, UNSURE for what can't be told."""
    random: bool = False
    """Whether it draws."""

    @property
    def key(self) -> tuple[object, ...]:
        """Two steps with the same key are the same one."""
        return (self.op, self.label, self.place)


class Unsure:
    """A constant that can't be told; there is one, `UNSURE`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "?"


UNSURE = Unsure()


@dataclass(frozen=True, slots=True)
class Const:
    """A scalar constant."""

    value: Scalar


@dataclass(slots=True, eq=False)
class Many:
    """A list, tuple or set with known parts."""

    items: list[Value]
    kind: str = "list"


@dataclass(slots=True, eq=False)
class Table:
    """A dictionary with constant keys."""

    items: dict[Any, Value]
    """By constant key."""
    open: bool = False
    """Whether it may have other keys."""


@dataclass(frozen=True, slots=True)
class Named:
    """A function, class or module from outside the project."""

    name: str


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module of the project."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function of the project."""

    path: str
    form: Form
    scope: Scope
    owner: ClassValue | None = None

    @property
    def name(self) -> str:
        """Its name; empty for a lambda."""
        return str(self.form[1]) if self.form[0] == "def" else ""


@dataclass(slots=True, eq=False)
class ClassValue:
    """A class of the project."""

    path: str
    name: str
    bases: list[Value]
    scope: Scope
    fields: list[str] = field(default_factory=list)
    """Annotated names of the body, in order."""


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class of the project."""

    of: ClassValue
    attributes: dict[str, Value] = field(default_factory=dict)
    artifacts: set[str] = field(default_factory=set)
    """Paths that it was loaded from or saved to."""
    mode: str = ""
    """Of a model: `eval` or `train` once it was put into that mode."""


@dataclass(slots=True, eq=False)
class Made:
    """What a call outside the project made."""

    name: str
    """The callee, or the type that it returns."""
    arguments: dict[str, Value]
    """By name where the catalog knows it, else by position."""
    place: Place
    artifacts: set[str] = field(default_factory=set)
    attributes: dict[str, Value] = field(default_factory=dict)
    learned: Data | None = None
    """What it was fitted on."""
    mode: str = ""
    """Of a model: `eval` or `train` once it was put into that mode."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of something."""

    owner: Value
    name: str
    function: FunctionValue | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """Data, or anything else of which only the way is known that it came."""

    source: str
    """What it began as: a qualified name, or `parameter NAME`."""
    steps: tuple[Step, ...] = ()
    kind: str = ""
    """Type in the catalog's spelling; empty when not known."""
    place: Place | None = None

    def then(self, step: Step, kind: str | None = None) -> Data:
        """The data after one more step."""
        if len(self.steps) >= _MOST_STEPS or (self.steps and self.steps[-1].key == step.key):
            return self
        return replace(self, steps=(*self.steps, step), kind=self.kind if kind is None else kind)


_MOST_STEPS = 60
Value = (
    Const | Many | Table | Named | ModuleValue | FunctionValue | ClassValue | Instance | Made | Method | Data
)  # fmt: skip
NOTHING = Const(None)
NOWHERE = Span(1, 1, 1, 1)
"""Of what stands nowhere in the source."""


class Scope:
    """Names of a function call, class or module, and those around it."""

    __slots__ = ("around", "names", "path", "stars")

    def __init__(self, path: str, around: Scope | None = None) -> None:
        """`path` is that of the module."""
        self.path = path
        self.names: dict[str, Value] = {}
        self.around = around
        self.stars: list[str] = []
        """Modules whose names come in by `import *`."""

    def find(self, name: str) -> Value | None:
        """The value of a name here or around."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.around
        return None


def plain(value: Value | None) -> Any:  # noqa: ANN401 — a Python value of any shape
    """A value as Python would have it; UNSURE where a part can't be told."""
    match value:
        case Const():
            return value.value
        case Many():
            items = [plain(item) for item in value.items]
            return UNSURE if any(item is UNSURE for item in items) else items
        case Table():
            pairs = {key: plain(item) for key, item in value.items.items()}
            return UNSURE if value.open or any(item is UNSURE for item in pairs.values()) else pairs
        case Named():
            return value.name
    return UNSURE


def place_of(span: list[int], scope: Scope) -> Place:
    """Where a form with a span stands."""
    return Place(scope.path, Span(*span))
