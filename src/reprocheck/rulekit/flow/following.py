"""Follows data through statements in order; calls into functions of the program are followed into their bodies."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from reprocheck.model.finding import Confidence
from reprocheck.project.python.scopes import Scope
from reprocheck.rulekit.flow.observed import Leak, Observed
from reprocheck.rulekit.flow.program import Program, Unit
from reprocheck.rulekit.flow.tokens import (
    NOTHING,
    Fit,
    Named,
    Origin,
    Part,
    Side,
    Statistic,
    Value,
    Where,
    column_names,
    fits_of,
    is_cut,
    origins_of,
    parts_of,
    selected,
    selected_attribute,
    short,
    side_in_name,
    union,
    weaker,
    with_columns,
)
from reprocheck.rulekit.module import Call, Module

_BUDGET = 60_000
"""Expressions that are evaluated in one program at most."""
_DEPTH = 4
"""How deep functions are followed."""
_NOT_DATA = frozenset(["shape", "dtype", "dtypes", "columns", "index", "size", "ndim", "name", "names"])
_TABLE_OWNERS = frozenset({"loc", "iloc"})
_HALVES = 2
_SELF = ("self.", "cls.")
_Known = TypeVar("_Known")


class Following:
    """The state of one program while one of its modules runs."""

    def __init__(self, program: Program, unit: Unit, call: Callable[[Following, ast.Call], Value]) -> None:
        """`unit` is where it begins; `call` says what a call yields."""
        self.unit = unit
        self.seen = Observed()
        self.env: dict[str, Value] = {}
        self.fitted: dict[str, tuple[Fit, frozenset[Origin]]] = {}
        """What a transformer has learned, by its source text."""
        self.loops: list[ast.AST] = []
        self.tuples: dict[ast.Call, list[Value]] = {}
        """Results of a call one by one, where it returns several."""
        self._program = program
        self._call = call
        self._entered: set[Scope] = set()
        self._returned: list[tuple[Value, list[Value]]] = []
        self._slices: dict[frozenset[Origin], set[Side]] = {}
        self._origins = 0
        self._left = _BUDGET
        self._stack: list[Scope] = []
        self._owner = ""
        """The class whose method is running."""

    @property
    def module(self) -> Module:
        """The module whose statements are running."""
        return self.unit.module

    def run(self) -> Observed:
        """Follow the module's own statements, then each function that they didn't lead into."""
        begun = self.unit
        self.body(begun.module.tree.body)
        for scope in begun.functions.values():
            node = scope.node
            if scope not in self._entered and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._owner = _owner(begun, scope)
                self.fitted = _handed_in(self.fitted, "", self._owner)
                self.env, self._slices, self.loops = {}, {}, []
                self.body(node.body)
                self.fitted = _handed_out(self.fitted, self._owner, "")
        return self.seen

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

    # Statements

    def body(self, statements: Iterable[ast.stmt]) -> None:
        """Statements one after the other."""
        for statement in statements:
            if self._left <= 0:
                return
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self._assign(targets, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign([target], value)
            case ast.AugAssign(target=target, value=value):
                self.bind(target, self.value(target) | self.value(value))
            case ast.Expr(value=value):
                self._expression(value)
            case ast.Return(value=value):
                self._return(value)
            case ast.For() | ast.AsyncFor():
                self._loop(node)
            case ast.While():
                self._looped(node, [*node.body, *node.orelse])
            case ast.If():
                self.value(node.test)
                self._either(node.body, node.orelse)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    found = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, found)
                self.body(node.body)
            case ast.Try():
                self.body([*node.body, *(s for h in node.handlers for s in h.body), *node.orelse, *node.finalbody])

    def _return(self, value: ast.expr | None) -> None:
        match value:
            case None:
                self._returned.append((NOTHING, []))
            case ast.Tuple(elts=elements):
                pieces = [self.value(element) for element in elements]
                self._returned.append((union(pieces), pieces))
            case ast.Call():
                found = self.value(value)
                self._returned.append((found, self.tuples.get(value, [])))
            case _:
                self._returned.append((self.value(value), []))

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        found = self.value(node.iter)
        parts = parts_of(found)
        target: ast.expr = node.target
        if isinstance(target, ast.Tuple) and len(target.elts) == _HALVES and isinstance(target.elts[1], ast.Tuple):
            target = target.elts[1]  # for fold, (train, test) in enumerate(folds.split(X))
        if parts and isinstance(target, ast.Tuple) and len(target.elts) == _HALVES and _folds(node.iter):
            for name, side in zip(target.elts, (Side.TRAIN, Side.HELD_OUT), strict=True):
                sided = {replace(t, side=side) if isinstance(t, Part) else t for t in found}
                self.bind(name, frozenset(sided))
        else:
            self.bind(node.target, found)
        self._looped(node, [*node.body, *node.orelse])

    def _looped(self, node: ast.stmt, body: list[ast.stmt]) -> None:
        self.loops.append(node)
        self.body(body)
        self.loops.pop()

    def _either(self, first: list[ast.stmt], second: list[ast.stmt]) -> None:
        before, fitted = dict(self.env), dict(self.fitted)
        self.body(first)
        after, after_fitted = self.env, self.fitted
        self.env, self.fitted = before, fitted
        self.body(second)
        for name, value in after.items():
            self.env[name] = self.env.get(name, NOTHING) | value
        self.fitted = after_fitted | self.fitted

    def _expression(self, value: ast.expr) -> None:
        result = self.value(value)
        match value:
            case ast.Call(func=ast.Attribute(value=owner), keywords=keywords):
                if any(k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value for k in keywords):
                    self.bind(owner, result)

    def _assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        for target in targets:
            match target, value:
                case (ast.Tuple(elts=names), ast.Tuple(elts=values)) if len(names) == len(values):
                    for name, single in zip(names, values, strict=True):
                        self._assign([name], single)
                    continue
                case (ast.Tuple(elts=names), ast.Call()):
                    found = self.value(value)
                    pieces = self.tuples.get(value, [])
                    for position, name in enumerate(names):
                        self.bind(name, pieces[position] if len(pieces) == len(names) else found)
                    continue
            found = self._sliced(target, value, self.value(value))
            self.bind(target, _by_name(target, found))
            self._same_transformer(target, value)

    def _same_transformer(self, target: ast.expr, value: ast.expr) -> None:
        """`scaler = StandardScaler().fit(X)` and `other = scaler`: the new name has learned the same."""
        if not self.fitted:
            return
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "fit":
            value = value.func.value
        known = self.fitted.get(short(value))
        if known is not None:
            self.fitted[short(target)] = known
        else:
            self.fitted.pop(short(target), None)

    def _sliced(self, target: ast.expr, value: ast.expr, found: Value) -> Value:
        """`train = X[:n]` and `test = X[n:]` are a split by hand."""
        side = side_in_name(target.id) if isinstance(target, ast.Name) else Side.UNKNOWN
        if side is Side.UNKNOWN or not is_cut(value) or parts_of(found):
            return found
        if not fits_of(found):
            return found
        sides = self._slices.setdefault(origins_of(found), set())
        sides.add(side)
        if len(sides) == _HALVES:
            learned = {t for t in found if isinstance(t, Fit) and side_in_name(_first_name(t.data)) is not Side.TRAIN}
            self.leak(frozenset(learned), self.where(value), Confidence.MEDIUM)
        return found

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
        self._left -= 1
        if node is None or self._left <= 0:
            return NOTHING
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript(value=base, slice=index):
                return self._subscript(self.value(base), index)
            case ast.Call():
                return self._call(self, node)
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
        for token in statistics:
            if not isinstance(token, Statistic) or token.target:
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

    # Functions

    def inline(self, name: str, call: Call | None, first: Value | None = None) -> Value | None:
        """Result of a function of the program; None when it is not followed."""
        found = self._program.function(self.unit, name)
        if found is None or found[1] in self._stack or len(self._stack) >= _DEPTH:
            return None
        unit, scope = found
        bound = self._bound(scope, call, first)
        self._entered.add(scope)
        outer = self.unit, self.env, self.fitted, self._returned, self._slices, self.loops, self._owner
        self.unit, self._owner = unit, _owner(unit, scope)
        self.env = _handed_in(self.env, outer[-1], self._owner) | bound
        self.fitted = _handed_in(self.fitted, outer[-1], self._owner)
        self._returned, self._slices, self.loops = [], {}, list(self.loops)
        self._stack.append(scope)
        self.body(_statements(scope))
        self._stack.pop()
        returned, env, fitted, owner = self._returned, self.env, self.fitted, self._owner
        self.unit, self.env, self.fitted, self._returned, self._slices, self.loops, self._owner = outer
        self.env.update(_handed_out(env, owner, self._owner))
        self.fitted.update(_handed_out(fitted, owner, self._owner))
        pieces = [p for _, p in returned if p]
        if call is not None and pieces and len(pieces) == len(returned) and len({len(p) for p in pieces}) == 1:
            self.tuples[call.node] = [union(same) for same in zip(*pieces, strict=True)]
        return union([value for value, _ in returned])

    def _bound(self, scope: Scope, call: Call | None, first: Value | None) -> dict[str, Value]:
        """Parameters of a function with the values that a call gives them."""
        arguments = scope.node.args  # type: ignore[attr-defined]
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args) if a.arg not in {"self", "cls"}]
        if call is None:
            return dict(zip(names, [first or NOTHING], strict=False))
        values = [self.value(a) for a in call.node.args if not isinstance(a, ast.Starred)]
        bound = dict(zip(names, values, strict=False))
        for keyword in call.node.keywords:
            found = self.value(keyword.value)
            if keyword.arg is not None:
                bound[keyword.arg] = found
        return bound


def _by_name(target: ast.expr, found: Value) -> Value:
    """Data of which nothing better is known is the part that its name says."""
    side = side_in_name(target.id) if isinstance(target, ast.Name) else Side.UNKNOWN
    if side is Side.UNKNOWN or not origins_of(found) or any(isinstance(token, Part | Named) for token in found):
        return found
    return found | {Named(side, file=False)}


def _first_name(source: str) -> str:
    """The name that an expression begins with."""
    return source.partition(".")[0].partition("[")[0]


def _folds(node: ast.expr) -> bool:
    """Whether a loop runs over what `folds.split(X)` yields."""
    match node:
        case ast.Call(func=ast.Name(id="enumerate" | "list" | "tqdm"), args=[inner, *_]):
            return _folds(inner)
        case ast.Call(func=ast.Attribute(attr="split")):
            return True
    return False


def _owner(unit: Unit, scope: Scope) -> str:
    """The class whose method a function is; empty for none."""
    parent = scope.parent
    return f"{unit.path}:{parent.qualname}|" if parent is not None and parent.kind == "class" else ""


def _handed_in(known: dict[str, _Known], caller: str, owner: str) -> dict[str, _Known]:
    """What a function sees of its caller: objects of the module, and attributes of its own class."""
    if caller == owner:
        return {name: value for name, value in known.items() if name.startswith(_SELF) or "|" in name}
    kept = {name: value for name, value in known.items() if "|" in name}
    if owner:
        kept |= {name.removeprefix(owner): value for name, value in kept.items() if name.startswith(owner)}
    return kept


def _handed_out(known: dict[str, _Known], owner: str, caller: str) -> dict[str, _Known]:
    """What a method leaves behind in its object."""
    found = {name: value for name, value in known.items() if "|" in name}
    for name, value in known.items():
        if owner and name.startswith(_SELF):
            found[name if owner == caller else owner + name] = value
    return found


def _statements(scope: Scope) -> list[ast.stmt]:
    body: list[ast.stmt] = scope.node.body  # type: ignore[attr-defined]
    return body
