"""Follows JAX keys through the statements of one function: which are used up, and which are used again."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from reprocheck.rulekit import Call, Confidence

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_HARMLESS = re.compile(
    r"print|len|isinstance|type|id|repr|str|list|tuple|iter|enumerate|zip|hash|append|array|asarray|key_data|device_put"
    r"|replicate|unreplicate|block_until_ready"
)
"""What may be given a key without drawing from it."""
_FIXED = re.compile(r"eval|infer|test|valid|fixed|predict|generat|plot|same", re.IGNORECASE)
"""Names of keys that are often the same on purpose."""
ORDER = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}
"""Confidences from least to most."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A place that uses a key up."""

    node: ast.Call
    confidence: Confidence


_State = dict[str, KeyUse | None]
"""Keys that are known, each with the place that used it up."""


def key_text(node: ast.expr | None) -> str | None:
    """How a key is written, when it is a name, an attribute or a fixed position."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int() as index)):
            return f"{name}[{index}]"
        case ast.Attribute(value=ast.Name(id=owner)):
            return f"{owner}.{node.attr}"
    return None


@dataclass(slots=True)
class KeyFlow:
    """Follows the keys of one function through its statements."""

    calls: dict[ast.Call, Call]
    spent: dict[str, set[str]]
    keys: set[str]
    found: dict[tuple[str, KeyUse], KeyUse] = field(default_factory=dict)
    reported: set[ast.Call] = field(default_factory=set)

    def body(self, statements: list[ast.stmt], state: _State) -> _State | None:
        """State after the statements; None when control doesn't get there."""
        for statement in statements:
            after = self._statement(statement, state)
            if after is None:
                return None
            state = after
        return state

    def _statement(self, node: ast.stmt, state: _State) -> _State | None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return state
            case ast.If(test=test, body=body, orelse=orelse):
                self._expression(test, state)
                return _joined(self.body(body, dict(state)), self.body(orelse, dict(state)))
            case ast.For(target=target, iter=iterable) | ast.AsyncFor(target=target, iter=iterable):
                self._expression(iterable, state)
                return self._loop(node.body, state, target)
            case ast.While(test=test):
                self._expression(test, state)
                return self._loop(node.body, state, None)
            case ast.Try():
                after = self.body(node.body, dict(state))
                for handler in node.handlers:
                    after = _joined(after, self.body(handler.body, dict(state)))
                return self.body([*node.orelse, *node.finalbody], after) if after is not None else None
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    self._expression(item.context_expr, state)
                return self.body(body, state)
            case ast.Match(subject=subject, cases=cases):
                self._expression(subject, state)
                outcome: _State | None = dict(state)
                for case in cases:
                    outcome = _joined(outcome, self.body(case.body, dict(state)))
                return outcome
        return self._simple(node, state)

    def _simple(self, node: ast.stmt, state: _State) -> _State | None:
        self._expression(node, state)
        match node:
            case ast.Assign(targets=targets):
                for target in targets:
                    _renew(target, state)
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                _renew(target, state)
        return None if isinstance(node, _ENDS) else state

    def _loop(self, body: list[ast.stmt], state: _State, target: ast.expr | None) -> _State:
        for _ in range(2):
            if target is not None:
                _renew(target, state)
            state = _joined(state, self.body(body, dict(state))) or state
        return state

    def _expression(self, node: ast.AST, state: _State, *, repeated: bool = False) -> None:
        """Look for uses in evaluation order; what is defined here runs later or not at all."""
        if isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
            return
        if isinstance(node, ast.IfExp):
            self._expression(node.test, state)
            first, second = dict(state), dict(state)
            self._expression(node.body, first)
            self._expression(node.orelse, second)
            state.update(_joined(first, second) or {})
            return
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            inner = dict(state)
            for generator in node.generators:
                _forget(generator.target, inner)
            for _ in range(2):
                for child in ast.iter_child_nodes(node):
                    self._expression(child, inner, repeated=True)
            state.update({key: use for key, use in inner.items() if key in state})
            return
        for child in ast.iter_child_nodes(node):
            self._expression(child, state, repeated=repeated)
        if isinstance(node, ast.Call):
            self._call(node, state)

    def _call(self, node: ast.Call, state: _State) -> None:
        for key, confidence in self._given(node, state):
            if key not in state:
                continue
            use = KeyUse(node, confidence)
            earlier = state[key]
            if earlier is not None and node not in self.reported:
                self.reported.add(node)
                self.found[key, use] = earlier
            if earlier is None or ORDER[earlier.confidence] < ORDER[confidence]:
                state[key] = use
        for owner in _touched(node):
            for key in [key for key in state if key.startswith(owner + ".")]:
                state[key] = None

    def _given(self, node: ast.Call, state: _State) -> Iterator[tuple[str, Confidence]]:
        call = self.calls.get(node)
        roles = call.entry.roles if call is not None and call.entry is not None else frozenset()
        if call is not None and "consumes-key" in roles:
            text = key_text(call.argument("key") or call.argument("rng_key"))
            if text is not None:
                yield text, _sure(text, call)
            return
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if roles & {"derives-key", "makes-key"} or _HARMLESS.fullmatch(last):
            return
        spent = self.spent.get(call.name) if call is not None else None
        for name, argument in _arguments(node, call):
            text = key_text(argument)
            if text is None or text not in state:
                continue
            if spent is None:
                yield text, Confidence.LOW
            elif name in spent:
                yield text, Confidence.LOW if _FIXED.search(text) else Confidence.MEDIUM


def _sure(key: str, call: Call) -> Confidence:
    """Low where the numbers are only shown, or where the key's name says that it is meant to stay."""
    statement = call.site.statement
    shown = isinstance(statement, ast.Expr) and statement.value is call.node
    return Confidence.LOW if shown or _FIXED.search(key) else Confidence.HIGH


def _arguments(node: ast.Call, call: Call | None) -> Iterator[tuple[str, ast.expr]]:
    """Arguments with the names of the parameters that take them, where the function stands in this file."""
    names: list[str] = []
    if call is not None and call.name.startswith("."):
        for scope in call.module.file.scopes:
            if scope.kind == "function" and "." + scope.qualname == call.name:
                arguments = scope.node.args  # type: ignore[attr-defined]
                names = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
                if scope.parent is not None and scope.parent.kind == "class" and isinstance(node.func, ast.Attribute):
                    names = names[1:]
    for position, argument in enumerate(node.args):
        yield names[position] if position < len(names) else "", argument
    for keyword in node.keywords:
        yield keyword.arg or "", keyword.value
        if isinstance(keyword.value, ast.Dict):
            yield from (("", value) for value in keyword.value.values)


def _touched(node: ast.Call) -> set[str]:
    """Names of objects whose attributes a call may change."""
    parts = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    return {part.id for part in [*parts, *node.args] if isinstance(part, ast.Name)}


def _renew(target: ast.expr, state: _State) -> None:
    match target:
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                _renew(element, state)
        case ast.Starred(value=value):
            _renew(value, state)
        case ast.Name(id=name):
            for key in state:
                if key == name or key.startswith((name + "[", name + ".")):
                    state[key] = None
        case ast.Attribute() | ast.Subscript():
            text = key_text(target)
            if text in state:
                state[text] = None


def _forget(target: ast.expr, state: _State) -> None:
    for part in ast.walk(target):
        if isinstance(part, ast.Name):
            for key in [k for k in state if k == part.id or k.startswith((part.id + "[", part.id + "."))]:
                del state[key]


def _joined(first: _State | None, second: _State | None) -> _State | None:
    if first is None or second is None:
        return first if second is None else second
    return {key: first.get(key) or second.get(key) for key in first.keys() | second.keys()}
