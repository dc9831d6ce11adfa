"""Follows data through statements in order, from what is fitted on it to where it is split."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from reprocheck.rulekit import Confidence, Module, Scope
from reprocheck_rules.data.fitted_data import (
    NOTHING,
    Fit,
    Origin,
    Part,
    Statistic,
    Value,
    column_names,
    fits_of,
    is_cut,
    origins_of,
    parts_of,
    selected,
    selected_attribute,
    short,
    union,
    weaker,
    with_columns,
)

_BUDGET = 60_000
"""Expressions that are evaluated in one module at most."""
_DEPTH = 3
"""How deep functions of the file are followed."""
_NOT_DATA = frozenset(["shape", "dtype", "dtypes", "columns", "index", "size", "ndim", "name", "names"])
_TRAIN = re.compile(r"(^|_)(train|trn|tr)", re.IGNORECASE)
_HELD_OUT = re.compile(r"(^|_)(test|tst|val|valid|validation|holdout|te|dev)(_|$|\d|x|y)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Leak:
    """Statistics learned before a split that takes held-out rows from the same data."""

    fit: Fit
    split: ast.AST
    confidence: Confidence


class FitFlow:
    """The state of one module."""

    def __init__(self, module: Module, call: Callable[[FitFlow, ast.Call], Value]) -> None:
        """`call` says what a call yields."""
        self.module = module
        self.by_node = {found.node: found for found in module.calls}
        self.functions = {"." + s.qualname: s for s in module.file.scopes if s.kind == "function"}
        self.env: dict[str, Value] = {}
        self.fitted: dict[str, tuple[Fit, frozenset[Origin]]] = {}
        """What a transformer has learned, by its source text."""
        self.leaks: dict[ast.expr, Leak] = {}
        self.entered: set[Scope] = set()
        self._call = call
        self._returned: list[Value] = []
        self._slices: dict[frozenset[Origin], set[str]] = {}
        self._origins = 0
        self._left = _BUDGET
        self._stack: list[Scope] = []

    def run(self) -> Iterable[Leak]:
        """Follow the module's own statements, then each function that they didn't lead into."""
        self.body(self.module.tree.body)
        for scope in self.functions.values():
            if scope not in self.entered and isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.env, self.fitted, self._slices = {}, {}, {}
                self.body(scope.node.body)
        return self.leaks.values()

    def leak(self, value: Value, split: ast.AST, most: Confidence = Confidence.HIGH) -> None:
        """Data with these tokens is split here."""
        for fit in fits_of(value):
            confidence = weaker(fit.confidence, most)
            known = self.leaks.get(fit.node)
            if known is None or weaker(known.confidence, confidence) is not confidence:
                self.leaks[fit.node] = Leak(fit, split, confidence)

    def part(self, value: Value, split: ast.AST) -> Value:
        """One side of a split: what was learned before stays reported, the origins are a part's now."""
        origins = origins_of(value)
        kept = [token for token in value if isinstance(token, Part)]
        return frozenset([*kept, Part(split, origins), self.origin("part")])

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
                self._returned.append(self.value(value) if value is not None else NOTHING)
            case ast.For() | ast.AsyncFor():
                self.bind(node.target, self.value(node.iter))
                self.body([*node.body, *node.orelse])
            case ast.While():
                self.body([*node.body, *node.orelse])
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
                    pieces = self._pieces(value, len(names))
                    for position, name in enumerate(names):
                        self.bind(name, pieces[position] if pieces else found)
                    continue
            found = self.value(value)
            self.bind(target, self._sliced(target, value, found))
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

    def _pieces(self, call: ast.Call, count: int) -> list[Value]:
        """Results of `train_test_split(a, b)`, one by one."""
        known = self.by_node.get(call)
        arrays = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
        if known is None or not known.name.endswith("train_test_split") or count != 2 * len(arrays):
            return []
        return [self.part(self.value(arrays[position // 2]), call) for position in range(count)]

    def _sliced(self, target: ast.expr, value: ast.expr, found: Value) -> Value:
        """`train = X[:n]` and `test = X[n:]` are a split by hand."""
        name = target.id if isinstance(target, ast.Name) else ""
        side = "held out" if _HELD_OUT.search(name) else "train" if _TRAIN.search(name) else ""
        if not side or not is_cut(value) or not fits_of(found) or parts_of(found):
            return found
        sides = self._slices.setdefault(origins_of(found), set())
        sides.add(side)
        if len(sides) == 2:  # noqa: PLR2004 — both sides of the split
            self.leak(found, value, Confidence.MEDIUM)
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
                owner = base.value if isinstance(base, ast.Attribute) and base.attr in {"loc", "iloc"} else base
                self._written(owner, value, column_names(index))
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                self.env[ast.unparse(target)] = value
            case ast.Attribute(value=owner, attr=name):
                self._written(owner, value, frozenset({name}))

    def _written(self, table: ast.expr, value: Value, columns: frozenset[str] | None) -> None:
        written = frozenset(t for t in value if not isinstance(t, Origin | Statistic | Part))
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
            case ast.Constant() | ast.Lambda() | ast.JoinedStr() | ast.Compare():
                return NOTHING
            case ast.NamedExpr(target=target, value=inner):
                found = self.value(inner)
                self.bind(target, found)
                return found
        return union(self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    def _named(self, name: str) -> Value:
        found = self.env.get(name)
        if found is None:
            found = self.env[name] = frozenset({self.origin(name)})
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
                return self.part(base, part.split)
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
            if not isinstance(token, Statistic):
                continue
            fit = Fit(node, f"`{short(token.node)}`", short(source), Confidence.MEDIUM)
            for part in parts_of(data):
                if part.origins & token.origins:
                    self.leak(frozenset({fit}), part.split)
                    return NOTHING
            if token.origins & origins_of(data):
                return frozenset({replace(fit, confidence=Confidence.LOW) if parts_of(data) else fit})
        return NOTHING

    def inline(self, name: str, bound: dict[str, Value]) -> Value | None:
        """Result of a function of this file; None when it is not followed."""
        scope = self.functions.get(name)
        if scope is None or scope in self._stack or len(self._stack) >= _DEPTH:
            return None
        if not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        self.entered.add(scope)
        outer = self.env, self.fitted, self._returned, self._slices
        self.env, self.fitted, self._returned, self._slices = dict(bound), dict(self.fitted), [], {}
        self._stack.append(scope)
        self.body(scope.node.body)
        self._stack.pop()
        result = union(self._returned)
        self.env, self.fitted, self._returned, self._slices = outer
        return result
