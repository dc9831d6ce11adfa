"""What expressions yield: tokens of the data that goes into them."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from dataclasses import replace

from reprocheck.model.finding import Confidence
from reprocheck.rulekit.flow.observed import Leak, Observed
from reprocheck.rulekit.flow.program import Unit
from reprocheck.rulekit.flow.tokens import (
    NOTHING,
    Fit,
    Named,
    Origin,
    Part,
    Side,
    Value,
    Where,
    column_names,
    fits_of,
    origins_of,
    parts_of,
    selected,
    selected_attribute,
    short,
    side_in_name,
    statistics_of,
    union,
    weaker,
    with_columns,
)
from reprocheck.rulekit.module import Module

_BUDGET = 60_000
"""Expressions that are evaluated in one program at most."""
_NOT_DATA = frozenset(["shape", "dtype", "dtypes", "columns", "index", "size", "ndim", "name", "names"])
_TABLE_OWNERS = frozenset({"loc", "iloc"})


class Evaluating(ABC):
    """Values of names and expressions in one program."""

    def __init__(self, unit: Unit) -> None:
        """`unit` is where it begins."""
        self.unit = unit
        self.seen = Observed()
        self.env: dict[str, Value] = {}
        self.several: dict[str, list[Value]] = {}
        """Parts of what is kept together under a name: `parts = train_test_split(X, y)`."""
        self.left = _BUDGET
        self._origins = 0

    @property
    def module(self) -> Module:
        """The module whose statements are running."""
        return self.unit.module

    @abstractmethod
    def called(self, node: ast.Call) -> Value:
        """What a call yields."""

    def where(self, node: ast.expr) -> Where:
        """A node of the module whose statements are running."""
        return Where(self.unit.path, node)

    def leak(self, value: Value, split: Where, most: Confidence = Confidence.HIGH) -> None:
        """Data with these tokens is split here."""
        for fit in fits_of(value):
            confidence = weaker(fit.confidence, most)
            known = self.seen.leaks.get(fit.where.node)
            if known is None or weaker(known.confidence, confidence) is not confidence:
                self.seen.leaks[fit.where.node] = Leak(fit, split, confidence)

    def part(self, value: Value, split: Where, side: Side = Side.UNKNOWN) -> Value:
        """One side of a split: what was learned before stays reported, the origins are a part's now."""
        origins = origins_of(value)
        kept = [token for token in value if isinstance(token, Part)]
        return frozenset([*kept, Part(split, origins, side), self.origin("part")])

    def origin(self, name: str) -> Origin:
        """New data."""
        self._origins += 1
        return Origin(self._origins, name)

    def bind(self, target: ast.expr, value: Value) -> None:
        """Give a target its value; columns of a table add to the table."""
        match target:
            case ast.Name(id=name):
                self.env[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.bind(element, value)
            case ast.Starred(value=inner):
                self.bind(inner, value)
            case ast.Subscript(value=base, slice=index):
                owner = base.value if isinstance(base, ast.Attribute) and base.attr in _TABLE_OWNERS else base
                self._written(owner, value, column_names(index))
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                self.env[ast.unparse(target)] = value
            case ast.Attribute(value=owner, attr=name):
                self._written(owner, value, frozenset({name}))

    def _written(self, table: ast.expr, value: Value, columns: frozenset[str] | None) -> None:
        written = frozenset(t for t in value if isinstance(t, Fit))
        self.bind(table, self.value(table) | with_columns(written, columns))

    # Expressions

    def value(self, node: ast.expr | None) -> Value:
        """Tokens of an expression."""
        self.left -= 1
        if node is None or self.left <= 0:
            return NOTHING
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._item(node)
            case ast.Call():
                return self.called(node)
            case ast.BinOp():
                return self._arithmetic(node, self.value(node.left), self.value(node.right))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for generator in node.generators:
                    self.bind(generator.target, self.value(generator.iter))
                return self.value(node.value if isinstance(node, ast.DictComp) else node.elt)
            case ast.Compare():
                for part in (node.left, *node.comparators):
                    self.value(part)
                return NOTHING
            case ast.Constant() | ast.Lambda():
                return NOTHING
            case ast.JoinedStr():
                for part in node.values:
                    self.value(part.value if isinstance(part, ast.FormattedValue) else None)
                return NOTHING
            case ast.NamedExpr(target=target, value=inner):
                found = self.value(inner)
                self.bind(target, found)
                return found
        return union([self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)])

    def _item(self, node: ast.Subscript) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id in self.several:
            return self._picked(self.several[node.value.id], node.slice)
        return self._subscript(self.value(node.value), node.slice)

    def _picked(self, pieces: list[Value], index: ast.expr) -> Value:
        position = position_of(index)
        if isinstance(position, int) and -len(pieces) <= position < len(pieces):
            return pieces[position]
        return union(pieces[position] if isinstance(position, slice) else pieces)

    def _named(self, name: str) -> Value:
        found = self.env.get(name)
        if found is None:
            side = side_in_name(name)
            known = () if side is Side.UNKNOWN else (Named(side, file=False),)
            found = self.env[name] = frozenset({self.origin(name), *known})
        return found

    def _attribute(self, node: ast.Attribute) -> Value:
        if node.attr in _NOT_DATA:
            return NOTHING
        if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
            return self._named(ast.unparse(node))
        return selected_attribute(self.value(node.value), node.attr)

    def _subscript(self, base: Value, index: ast.expr) -> Value:
        if not isinstance(index, ast.Constant | ast.Slice):
            for part in parts_of(self.value(index)):
                if fits_of(base) and not parts_of(base):
                    self.leak(base, part.split)
                return self.part(base, part.split, part.side)
        return selected(base, column_names(index))

    def _arithmetic(self, node: ast.BinOp, left: Value, right: Value) -> Value:
        """`X - X.mean()` and `X / X.max()`: the statistic becomes part of the data."""
        both = left | right
        if isinstance(node.op, ast.Sub | ast.Div):
            return both | self.learned(node, left, right, node.left)
        return both

    def learned(self, node: ast.expr, data: Value, statistics: Value, source: ast.expr) -> Value:
        """What data takes over when statistics of it, or of the whole that it is a part of, are worked into it."""
        for token in statistics_of(statistics):
            if token.target:
                continue
            label = f"`{short(token.where.node)}`"
            fit = Fit(self.where(node), label, short(source), Confidence.MEDIUM)
            for part in parts_of(data):
                if part.origins & token.origins:
                    self.leak(frozenset({fit}), part.split)
                    return NOTHING
            if token.origins & origins_of(data):
                return frozenset({replace(fit, confidence=Confidence.LOW) if parts_of(data) else fit})
        return NOTHING


def position_of(index: ast.expr) -> int | slice | None:
    """A constant position, or range of positions; None where it can't be told."""
    match index:
        case ast.Constant(value=int() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
            return -number
        case ast.Slice(lower=lower, upper=upper, step=step):
            bounds = [None if part is None else position_of(part) for part in (lower, upper, step)]
            known = [part for part, given in zip(bounds, (lower, upper, step), strict=True) if given is not None]
            return (
                slice(*bounds)
                if all(isinstance(part, int) and part for part in known[2:])
                and all(isinstance(part, int) for part in known)
                else None
            )
    return None
