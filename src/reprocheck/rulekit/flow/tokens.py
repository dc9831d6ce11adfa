"""What is known of a value while a program is followed: which data it comes from, what it carries, whose part it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from reprocheck.model.finding import Confidence


class Learning(Enum):
    """What was taken over from all rows."""

    STATISTICS = "statistics"
    """Means, words, components: what preprocessing learns."""
    TARGET = "target"
    """Averages of the target by category."""
    ROWS = "rows"
    """Rows that were duplicated or synthesised."""


class Side(Enum):
    """Which side of a split a part is on."""

    TRAIN = "train"
    HELD_OUT = "held out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Where:
    """A node of one of the modules of a program."""

    path: str
    node: ast.expr


@dataclass(frozen=True, slots=True)
class Origin:
    """Data that nothing earlier is known of."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Fit:
    """Something that was learned from data, and is part of the value now."""

    where: Where
    label: str
    """What learned, for the message."""
    data: str
    """Source of the data that it learned from."""
    confidence: Confidence
    columns: frozenset[str] | None = None
    """Columns that carry it; None for all."""
    kind: Learning = Learning.STATISTICS


@dataclass(frozen=True, slots=True)
class Statistic:
    """A value computed over all rows, such as a mean."""

    where: Where
    origins: frozenset[Origin]
    target: bool = False
    """Whether it is one of the target, by group."""


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a split of that data, or the indices of it."""

    split: Where
    origins: frozenset[Origin]
    side: Side = Side.UNKNOWN


@dataclass(frozen=True, slots=True)
class Named:
    """Data that a file or a name calls training or test data; weaker than a split that was seen."""

    side: Side
    file: bool
    """Whether it was read from a file of that name."""


Token = Origin | Fit | Statistic | Part | Named
Value = frozenset[Token]
_SHOWN = 40
"""Characters of source in a message."""
NOTHING: Value = frozenset()
_TARGET = re.compile(
    r"^(y|ys|y_\w+|\w+_y|targets?|labels?|class(es)?|classlabel|outcome|diagnosis|species|category|response)$|target|label",
    re.IGNORECASE,
)
_END = r"(ing)?(_|$|\d|x|y|set|data|loader|dl|iter|ds|gen)"
"""What may stand behind such a word in a name."""
_TRAIN = re.compile(rf"(^|_)(x|y)?_?(train|trn|tr){_END}", re.IGNORECASE)
_TEST = re.compile(rf"(^|_)(x|y)?_?(test|tst|te|holdout|hold_out){_END}", re.IGNORECASE)
_VALIDATION = re.compile(rf"(^|_)(x|y)?_?(val|valid|validation|dev){_END}", re.IGNORECASE)


def union(values: Iterable[Value]) -> Value:
    """All tokens of several values."""
    return NOTHING.union(*values)


def origins_of(value: Value) -> frozenset[Origin]:
    """Data that a value comes from."""
    return frozenset(token for token in value if isinstance(token, Origin))


def fits_of(value: Value) -> list[Fit]:
    """What was learned and is part of the value, in the order of places."""
    found = [token for token in value if isinstance(token, Fit)]
    return sorted(found, key=lambda fit: (_place(fit.where), fit.label, fit.data)) if len(found) > 1 else found


def parts_of(value: Value) -> list[Part]:
    """Splits that a value is a part of, in the order of places."""
    found = [token for token in value if isinstance(token, Part)]
    return sorted(found, key=lambda part: (_place(part.split), part.side.value)) if len(found) > 1 else found


def statistics_of(value: Value) -> list[Statistic]:
    """Values computed over all rows of something, in the order of places."""
    return sorted((t for t in value if isinstance(t, Statistic)), key=lambda statistic: _place(statistic.where))


def _place(where: Where) -> tuple[str, int, int]:
    """Sets have another order in each process; what is said must not."""
    return where.path, where.node.lineno, where.node.col_offset


def side_of(value: Value) -> Side:
    """Which side of the splits that were seen a value is on; unknown when it mixes both."""
    by_split: dict[Where, set[Side]] = {}
    for part in parts_of(value):
        by_split.setdefault(part.split, set()).add(part.side)
    if any(sides == {Side.HELD_OUT} for sides in by_split.values()):
        return Side.HELD_OUT
    return Side.TRAIN if by_split and all(sides == {Side.TRAIN} for sides in by_split.values()) else Side.UNKNOWN


def named_side(value: Value) -> Named | None:
    """What names alone say of a value; None when they disagree or say nothing."""
    found = [token for token in value if isinstance(token, Named)]
    if not found or len({token.side for token in found}) != 1:
        return None
    return max(found, key=lambda token: token.file)


def side_in_name(name: str) -> Side:
    """Side that a variable's or file's name states."""
    train, test = _TRAIN.search(name) is not None, is_test_name(name) or is_validation_name(name)
    if train is test:
        return Side.UNKNOWN
    return Side.TRAIN if train else Side.HELD_OUT


def is_test_name(name: str) -> bool:
    """Whether a name speaks of test data."""
    return _TEST.search(name) is not None


def is_validation_name(name: str) -> bool:
    """Whether a name speaks of validation data."""
    return _VALIDATION.search(name) is not None


def with_columns(value: Value, columns: frozenset[str] | None) -> Value:
    """The value as part of a table, in these columns."""
    if columns is None:
        return value
    return frozenset(replace(token, columns=columns) if isinstance(token, Fit) else token for token in value)


def selected(value: Value, columns: frozenset[str] | None) -> Value:
    """Some columns of a table."""
    if columns is None:
        return value
    return frozenset(t for t in value if not isinstance(t, Fit) or t.columns is None or t.columns & columns)


def dropped(value: Value, columns: frozenset[str] | None) -> Value:
    """A table without some columns."""
    if columns is None:
        return value
    return frozenset(t for t in value if not isinstance(t, Fit) or t.columns is None or not t.columns <= columns)


def column_names(node: ast.expr | None) -> frozenset[str] | None:
    """Constant column names of an index: `"a"`, `["a", "b"]`, `:, "a"`; None when they aren't known."""
    match node:
        case ast.Constant(value=str() as name):
            return frozenset({name})
        case ast.List(elts=elements) if elements:
            names = [column_names(element) for element in elements]
            known = [name for name in names if name is not None]
            return frozenset().union(*known) if len(known) == len(names) else None
        case ast.Tuple(elts=[_, column]):
            return column_names(column)
    return None


def is_target(node: ast.expr) -> bool:
    """Whether an expression is named like the labels that a model predicts."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _TARGET.search(name) is not None
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return _TARGET.search(name) is not None
        case ast.Call(func=ast.Attribute(value=value)):
            return is_target(value)
        case ast.Subscript(value=value):
            return is_target(value)
    return False


def selected_attribute(value: Value, name: str) -> Value:
    """`frame.column`, or an attribute that holds the same data."""
    if name in {"values", "T", "iloc", "loc", "at", "str", "data", "dt", "cat", "A", "vocabulary_", "x", "y"}:
        return value
    return selected(value, frozenset({name}))


def short(node: ast.AST) -> str:
    """Source of a node for a message."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def weaker(first: Confidence, second: Confidence) -> Confidence:
    """The lower of two."""
    order = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)
    return order[min(order.index(first), order.index(second))]


def is_cut(node: ast.expr) -> bool:
    """Whether an expression is a slice of rows, a sample, or what a sample left."""
    match node:
        case ast.Subscript(slice=ast.Slice() | ast.Tuple(elts=[ast.Slice(), *_])):
            return True
        case ast.Call(func=ast.Attribute(attr="sample" | "head" | "tail")):
            return True
        case ast.Call(
            func=ast.Attribute(attr="drop" | "copy" | "reset_index" | "to_numpy", value=value), args=arguments
        ):
            return is_cut(value) or any(isinstance(a, ast.Attribute) and a.attr == "index" for a in arguments)
    return False
