"""What is kept of a module once its tree is gone: functions with their events, classes, assignments, names.

Facts know nothing of the catalog: a call is a qualified name with symbolic arguments. They are small, are sent between
processes, and are kept in the cache.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.dependencies.model import DependencyFacts

Scalar = str | int | float | bool | None


class ValueKind(StrEnum):
    """What is known of a value."""

    CONSTANT = "c"
    """`value` is the literal."""
    NAME = "n"
    """`value` is a qualified name, or that of a result: `argparse.ArgumentParser().parse_args().seed`."""
    PARAMETER = "p"
    """`value` is the name of a parameter of the enclosing function, `path` what is read of it."""
    SELF = "s"
    """`path` is what is read of the instance."""
    DISPLAY = "d"
    """`value` is `list`, `tuple`, `dict` or `set`: written out; of its parts only a dictionary's keys are kept."""
    TEXT = "t"
    """`value` is a text with `{}` for unknown parts."""


class Value(msgspec.Struct, frozen=True, array_like=True):
    """A value as far as the module tells; None stands for an unknown one wherever a Value may be."""

    kind: ValueKind
    value: Scalar = None
    path: str = ""
    """Attributes and keys behind it, as `.optim.lr`; of a dictionary written out its keys, `*` for those not known."""
    parts: tuple[Value | None, ...] = ()
    """Of a text what it is put together from, one behind the other; of a path its pieces, joined by slashes."""


class TestKind(StrEnum):
    """Form of a condition."""

    TRUTH = "truth"
    NOT = "not"
    AND = "and"
    OR = "or"
    COMPARE = "compare"
    MAIN = "main"
    """`__name__ == "__main__"`."""
    PERIODIC = "periodic"
    """True now and then as something counts: `step % 100 == 0`."""
    UNKNOWN = "unknown"


class Test(msgspec.Struct, frozen=True, array_like=True):
    """A condition."""

    kind: TestKind
    parts: tuple[Test, ...] = ()
    """For not, and, or."""
    operator: str = ""
    """For compare: `==`, `!=`, `is`, `is not`, `<`, `in`, ..."""
    left: Value | None = None
    right: Value | None = None


class GuardKind(StrEnum):
    """What makes a stretch of code run, or not."""

    IF = "if"
    LOOP = "loop"
    TRY = "try"
    MATCH = "match"
    ENTRY = "entry"
    """Which entry of a table is called; it has no lines of its own."""


class Guard(msgspec.Struct, frozen=True, array_like=True):
    """A conditional statement or loop of a function."""

    kind: GuardKind
    test: Test | None
    parent: int
    """Index of the guard around it in the same function; -1 for none."""
    parent_side: bool
    """Whether it lies in the body (True) or the else side of that guard."""
    span: Span
    """Of the whole statement."""
    body: tuple[int, int]
    """First and last line of the body."""
    other: tuple[int, int]
    """First and last line of the else side; (0, 0) for none."""


class Argument(msgspec.Struct, frozen=True, array_like=True):
    """One argument of a call."""

    name: str
    """Keyword; empty for a positional one; `*` and `**` for unpacked ones."""
    value: Value | None


class Call(msgspec.Struct, frozen=True, array_like=True, tag="call"):
    """A call, in evaluation order among the events of its function."""

    callee: str
    """Qualified name; `?.method` where the receiver is not known; `@name` for a parameter that is called.

    `items`, `keys` and `values` keep the name of an unknown receiver: `?.optimizer.items` for `cfg["optimizer"].items`.
    """
    arguments: tuple[Argument, ...]
    span: Span
    guard: int
    """Index of the innermost guard; -1 for none."""
    side: bool
    """Whether the call lies in the guard's body or its else side."""
    loop: bool
    """Whether it lies in a loop of the same function."""
    result: str = ""
    """Name or attribute that the result is assigned to, without what stands before its last dot."""
    receiver: Value | None = None
    """Of methods that open a path (`open`, `read_text`, ...): the path."""
    owner: str = ""
    """Of methods that write a table (`to_csv`, ...): the name of the variable that is written."""


class Import(msgspec.Struct, frozen=True, array_like=True, tag="import"):
    """An import, which runs the module the first time."""

    target: str
    """Module or module and name, dots in front for a relative one."""
    span: Span
    guard: int
    side: bool


class Exit(msgspec.Struct, frozen=True, array_like=True, tag="exit"):
    """A return or raise under a guard."""

    guard: int
    side: bool
    raises: bool = False


Event = Call | Import | Exit


class Parameter(msgspec.Struct, frozen=True, array_like=True):
    """A parameter of a function."""

    name: str
    default: Value | None
    required: bool
    """Whether it has no default."""
    annotation: str
    """Qualified name of the annotated type; empty where there is none."""
    span: Span
    rebound: bool = False
    """Whether the function gives the name another value."""


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """A conditional expression."""

    function: int
    """Index of the function it stands in."""
    test: Test
    span: Span
    """Of the whole expression."""
    body: Span
    """Of what is taken when the condition holds."""
    other: Span


class Function(msgspec.Struct, frozen=True, array_like=True):
    """A function, method, or the body of the module (whose name is empty); lambdas belong to what surrounds them."""

    name: str
    """Qualified name in the module, such as `Net.forward`."""
    span: Span
    parameters: tuple[Parameter, ...]
    decorators: tuple[str, ...]
    """Qualified names; `?` for one that isn't known."""
    events: tuple[Event, ...]
    guards: tuple[Guard, ...]
    method: bool
    """Whether it stands in a class."""
    returns: Value | None = None
    """What its last statement returns."""


class Field(msgspec.Struct, frozen=True, array_like=True):
    """A name bound in a class body."""

    name: str
    value: Value | None
    annotation: str
    span: Span


class Class(msgspec.Struct, frozen=True, array_like=True):
    """A class."""

    name: str
    bases: tuple[str, ...]
    decorators: tuple[str, ...]
    fields: tuple[Field, ...]
    span: Span


class Assignment(msgspec.Struct, frozen=True, array_like=True):
    """An assignment to something that other code can see: a module's name, a class's or an object's attribute."""

    target: str
    """`.NAME`, `.Class.attr`, `package.module.NAME`; `?.attr` where the object is not known."""
    value: Value | None
    span: Span
    function: int
    """Index of the function that assigns."""
    guard: int
    side: bool


class Command(msgspec.Struct, frozen=True, array_like=True):
    """A program that a script, pipeline, image, CI job or notebook calls."""

    words: tuple[str, ...]
    variables: dict[str, str]
    """Environment variables set for this command alone."""
    span: Span


class ColumnUse(msgspec.Struct, frozen=True, array_like=True):
    """Columns that code reads from, or gives to, a table in a variable: `table["age"]`."""

    function: int
    """Index of the function it stands in."""
    variable: str
    columns: tuple[str, ...]
    writes: bool
    span: Span


class VariableRead(msgspec.Struct, frozen=True, array_like=True):
    """A place that takes an environment variable for granted: `os.environ["NAME"]`."""

    name: str
    span: Span
    function: int
    """Index of the function it stands in."""


class FileFacts(msgspec.Struct, frozen=True, array_like=True, tag="python"):
    """One module."""

    path: str
    functions: tuple[Function, ...]
    """The module's body first."""
    classes: tuple[Class, ...]
    assignments: tuple[Assignment, ...]
    imports: dict[str, str]
    """Qualified target by name bound at module level."""
    stars: tuple[str, ...]
    """Modules imported with `*`."""
    attributes: tuple[str, ...]
    """Names of attributes that are read, sorted."""
    strings: tuple[str, ...]
    """Short string constants, sorted."""
    names: tuple[str, ...]
    """Names that are read, sorted."""
    dynamic: bool
    """Whether `exec`, `eval`, `globals()`, `setattr` or `vars()` could change anything here."""
    choices: tuple[Choice, ...] = ()
    """Conditional expressions whose condition could be told."""
    references: tuple[str, ...] = ()
    """Names and attributes that are read otherwise than to be called or for an attribute, sorted."""
    owners: tuple[str, ...] = ()
    """Names that attributes are read of, sorted."""
    opened: tuple[str, ...] = ()
    """What `__dict__` is read of, by its last name (`args` of `self.args.__dict__`), sorted; may be empty."""
    forms: tuple[int, ...] = ()
    """Lines whose value a notebook's form sets (`#@param`)."""
    dependencies: DependencyFacts | None = None
    """What a setup.py declares."""
    commands: tuple[Command, ...] = ()
    """What a notebook hands to a shell; places are those in its file."""
    required: tuple[VariableRead, ...] = ()
    """Environment variables without which the module fails."""
    columns: tuple[ColumnUse, ...] = ()
    """Of a module that reads or writes tables."""
    outline: bytes = b""
    """Statements, for following values through them; see `outline.py`. Empty where that is of no use."""


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """One value of a configuration file."""

    key: str
    """Dotted path; list positions as numbers."""
    value: Scalar
    span: Span


class Image(msgspec.Struct, frozen=True, array_like=True):
    """A container image that a Dockerfile starts from or copies from."""

    name: str
    """With variables replaced."""
    span: Span
    copied: bool
    """Whether files are only taken out of it."""


class DocumentFacts(msgspec.Struct, frozen=True, array_like=True, tag="document"):
    """A file that is not Python: what it runs, sets and declares."""

    path: str
    kind: str
    commands: tuple[Command, ...] = ()
    variables: dict[str, str] = {}
    """Environment variables that it sets for what runs inside or after it."""
    settings: tuple[Setting, ...] = ()
    dependencies: DependencyFacts | None = None
    """What it declares or locks of packages."""
    images: tuple[Image, ...] = ()
    """Of a Dockerfile, in its order."""
    mentions: tuple[str, ...] = ()
    """Environment variables that it speaks of without setting them, sorted: ARGs, names without a value, and of a
    read-me file every word in capitals."""
    shown: tuple[Command, ...] = ()
    """Of a read-me file: commands of its examples, which nothing runs."""
    headings: tuple[str, ...] = ()
    """Of a read-me file, in lower case."""
    topics: tuple[str, ...] = ()
    """Of a read-me file: which of some words it uses (licence, baseline and the like), and whether it
    has a table of results; sorted."""


Facts = FileFacts | DocumentFacts
