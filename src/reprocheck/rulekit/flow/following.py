"""Follows data through statements in order; calls into functions of the program are followed into their bodies."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from reprocheck.model.finding import Confidence
from reprocheck.project.python.scopes import Scope
from reprocheck.rulekit.flow.evaluating import Evaluating, position_of
from reprocheck.rulekit.flow.flags import Constants, constants_of, ends, holds
from reprocheck.rulekit.flow.frames import handed_in, handed_out, owner_of, statements_of
from reprocheck.rulekit.flow.observed import Observed
from reprocheck.rulekit.flow.program import Program, Unit
from reprocheck.rulekit.flow.tokens import (
    NOTHING,
    Fit,
    Named,
    Origin,
    Part,
    Side,
    Value,
    fits_of,
    is_cut,
    origins_of,
    parts_of,
    short,
    side_in_name,
    union,
)
from reprocheck.rulekit.module import Call

_DEPTH = 4
"""How deep functions are followed."""
_HALVES = 2
_MOST_PIECES = 20


class Following(Evaluating):
    """The state of one program while one of its modules runs."""

    def __init__(self, program: Program, unit: Unit, call: Callable[[Following, ast.Call], Value]) -> None:
        """`unit` is where it begins; `call` says what a call yields."""
        super().__init__(unit)
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
        self._stack: list[Scope] = []
        self._owner = ""
        """The class whose method is running."""
        self._constants: Constants = {}
        """Parameters of the function that is running which its caller gave a constant."""
        self._taken: dict[ast.stmt, set[bool]] = {}
        """Sides of conditions on such parameters that some call takes."""

    def called(self, node: ast.Call) -> Value:
        """What a call yields."""
        return self._call(self, node)

    def run(self) -> Observed:
        """Follow the module's own statements, then each function that they didn't lead into, or not into all of."""
        begun = self.unit
        self.body(begun.module.tree.body)
        for scope in begun.functions.values():
            node = scope.node
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if scope not in self._entered or any(len(self._taken.get(part, ())) == 1 for part in _conditions(node)):
                self._owner = owner_of(begun, scope)
                self.fitted = handed_in(self.fitted, "", self._owner)
                self.env, self._slices, self.loops, self.several = {}, {}, [], {}
                self.body(node.body)
                self.fitted = handed_out(self.fitted, self._owner, "")
        return self.seen

    # Statements

    def body(self, statements: Iterable[ast.stmt]) -> None:
        """Statements one after the other."""
        for statement in statements:
            if self.left <= 0:
                return
            self._statement(statement)
            if ends(statement, self._constants):
                return

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
                side = holds(node.test, self._constants)
                if side is None:
                    self._either(node.body, node.orelse)
                else:
                    self._taken.setdefault(node, set()).add(side)
                    self.body(node.body if side else node.orelse)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    found = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, found)
                self.body(node.body)
            case ast.Try():
                for block in (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody):
                    self.body(block)

    def _return(self, value: ast.expr | None) -> None:
        match value:
            case None:
                self._returned.append((NOTHING, []))
            case ast.Tuple(elts=elements):
                pieces = [self.value(element) for element in elements]
                self._returned.append((union(pieces), pieces))
            case ast.Call() | ast.Name():
                found = self.value(value)
                self._returned.append((found, self._pieces(value)))
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
                case (ast.Tuple(elts=names) | ast.List(elts=names), ast.Call() | ast.Name() | ast.Subscript()):
                    found = self.value(value)
                    self._unpack(names, self._pieces(value), found)
                    continue
            parts = [self.value(part) for part in value.elts] if isinstance(value, ast.Tuple) else []
            found = self._sliced(target, value, union(parts) if parts else self.value(value))
            self.bind(target, _by_name(target, found))
            self._same_transformer(target, value)
            if isinstance(target, ast.Name):
                self.several.pop(target.id, None)
                if pieces := parts[:_MOST_PIECES] or self._pieces(value):
                    self.several[target.id] = pieces

    def _pieces(self, value: ast.expr) -> list[Value]:
        """Parts of a value that holds several, in order; none where they can't be told apart."""
        match value:
            case ast.Name(id=name):
                return self.several.get(name, [])
            case ast.Call(func=ast.Name(id="list" | "tuple"), args=[inner]):
                return self._pieces(inner)
            case ast.Call():
                return self.tuples.get(value, [])
            case ast.Subscript(value=ast.Name(id=name), slice=index) if name in self.several:
                position = position_of(index)
                return self.several[name][position] if isinstance(position, slice) else []
        return []

    def _unpack(self, names: list[ast.expr], pieces: list[Value], found: Value) -> None:
        star = next((at for at, name in enumerate(names) if isinstance(name, ast.Starred)), None)
        if star is not None and len(pieces) >= len(names) - 1:
            behind = len(names) - star - 1
            rest = pieces[star : len(pieces) - behind]
            self.bind(names[star], union(rest))
            starred = names[star]
            if isinstance(starred, ast.Starred) and isinstance(starred.value, ast.Name):
                self.several[starred.value.id] = rest
            pieces = [*pieces[:star], union(rest), *pieces[len(pieces) - behind :]]
        for position, name in enumerate(names):
            if position != star:
                self.bind(name, pieces[position] if len(pieces) == len(names) else found)

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
        several, self.several = self.several, {}
        constants, function = self._constants, scope.node
        if call is not None and isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            self._constants = constants_of(function, call.node, constants)
        else:
            self._constants = {}
        self.unit, self._owner = unit, owner_of(unit, scope)
        self.env = handed_in(self.env, outer[-1], self._owner) | bound
        self.fitted = handed_in(self.fitted, outer[-1], self._owner)
        self._returned, self._slices, self.loops = [], {}, list(self.loops)
        self._stack.append(scope)
        self.body(statements_of(scope))
        self._stack.pop()
        self.several, self._constants = several, constants
        returned, env, fitted, owner = self._returned, self.env, self.fitted, self._owner
        self.unit, self.env, self.fitted, self._returned, self._slices, self.loops, self._owner = outer
        self.env.update(handed_out(env, owner, self._owner))
        self.fitted.update(handed_out(fitted, owner, self._owner))
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


def _conditions(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.If]:
    return (part for part in ast.walk(function) if isinstance(part, ast.If))


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
