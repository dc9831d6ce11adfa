"""The same JAX key given to two consumers, so that their numbers depend on each other.

## Why
In JAX the key is the whole random state: the same key gives the same numbers. Initial weights drawn twice from one key
are equal, noise and dropout masks repeat in each step, and a sample taken after `split` from the old key is not
independent of the new ones.

## Fix
Split before each use and throw the old key away: `key, subkey = jax.random.split(key)`. In a loop derive a key per
step: `jax.random.fold_in(key, step)`. `flax.nnx.Rngs` keeps count by itself.

## Notes
The alternatives of a branch don't count as two uses; loops are followed twice, so that a key that is never
renewed is seen. Handing a key on counts with medium confidence when the function stands in the same file and uses the
key up; calls whose inside isn't seen, and `model.init(key, ...)`, which derives keys of its own, give low confidence.
Silent in tests.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from reprocheck.rulekit import Call, Confidence, Match, Module, Rule, Scope

rule = Rule("RNG015", "jax-key-reuse", __doc__)

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_HARMLESS = frozenset(
    {
        "print",
        "len",
        "isinstance",
        "type",
        "id",
        "repr",
        "str",
        "list",
        "tuple",
        "iter",
        "enumerate",
        "zip",
        "device_put",
    }
    | {"replicate", "unreplicate", "block_until_ready", "key_data", "asarray", "array", "append", "hash", "sharded"}
)
_FIXED = re.compile(r"eval|infer|test|valid|fixed|predict|generat|plot|vis|same|init", re.IGNORECASE)
"""Names of keys that are often the same on purpose."""
_ORDER = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}


@dataclass(frozen=True, slots=True)
class _Use:
    """A place that uses a key up."""

    node: ast.Call
    confidence: Confidence


_State = dict[str, _Use | None]
"""Keys that are known, each with the place that used it up."""


@rule.on_module(imports=("jax", "flax"), contains=r"random\b")
def check(module: Module) -> Iterator[Match]:
    """Each function, and the module's own statements, by themselves."""
    if module.is_test:
        return
    calls = {call.node: call for call in module.calls}
    if not any(_uses_up(call) for call in calls.values()):
        return
    spent = _spent_parameters(module, calls)
    for scope in module.file.scopes:
        if scope.kind not in {"module", "function"}:
            continue
        keys = _key_names(scope, calls)
        if keys:
            flow = _Flow(calls, spent, keys)
            flow.body(scope.node.body, dict.fromkeys(keys))  # type: ignore[attr-defined]
            yield from (_finding(module, key, first, second) for (key, second), first in flow.found.items())


def _finding(module: Module, key: str, first: _Use, second: _Use) -> Match:
    confidence = min((first.confidence, second.confidence), key=lambda item: _ORDER[item])
    function = ast.unparse(second.node.func)
    if first.node is second.node:
        message = (
            f"`{function}` gets the same key `{key}` in every turn of the loop, and so gives the same numbers each time"
        )
        return module.match(second.node, message, confidence=confidence)
    message = f"`{function}` gets the key `{key}` that was used up before, so that their numbers aren't independent"
    return module.match(
        second.node, message, confidence=confidence, trail=[module.note(first.node, f"`{key}` is used up here")]
    )


def _uses_up(call: Call) -> bool:
    return call.entry is not None and "consumes-key" in call.entry.roles


def _key_names(scope: Scope, calls: dict[ast.Call, Call]) -> set[str]:
    """Names that this scope uses as keys, or gets from what makes keys."""
    names: set[str] = set()
    for call in calls.values():
        if call.scope is scope or (call.scope.kind == "comprehension" and call.scope.enclosing(scope.kind) is scope):
            node = call.argument("key") if call.name.startswith("jax.random.") else None
            text = _key_text(node)
            if text is not None and call.entry is not None and call.entry.roles & {"consumes-key", "derives-key"}:
                names.add(text)
    for name, bindings in scope.bindings.items():
        for binding in bindings:
            made = calls.get(binding.value) if isinstance(binding.value, ast.Call) else None
            if made is not None and made.entry is not None and made.entry.roles & {"makes-key", "derives-key"}:
                names.add(name)
    return names


def _key_text(node: ast.expr | None) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int() as index)):
            return f"{name}[{index}]"
        case ast.Attribute(value=ast.Name(id=owner)):
            return f"{owner}.{node.attr}"
    return None


def _spent_parameters(module: Module, calls: dict[ast.Call, Call]) -> dict[str, set[str]]:
    """Parameters that functions of this file use up, by the function's name."""
    spent: dict[str, set[str]] = {f".{s.qualname}": set() for s in module.file.scopes if s.kind == "function"}
    for call in calls.values():
        if _uses_up(call) and call.name.startswith("jax.random."):
            node = call.argument("key")
            function = call.scope.enclosing("function")
            if isinstance(node, ast.Name) and function is not None:
                spent[f".{function.qualname}"].add(node.id)
    return spent


@dataclass(slots=True)
class _Flow:
    """Follows the keys of one function through its statements."""

    calls: dict[ast.Call, Call]
    spent: dict[str, set[str]]
    keys: set[str]
    found: dict[tuple[str, _Use], _Use] = field(default_factory=dict)
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
            use = _Use(node, confidence)
            earlier = state[key]
            if earlier is not None and node not in self.reported:
                self.reported.add(node)
                self.found[key, use] = earlier
            if earlier is None or _ORDER[earlier.confidence] < _ORDER[confidence]:
                state[key] = use
        for owner in _touched(node):
            for key in [key for key in state if key.startswith(owner + ".")]:
                state[key] = None

    def _given(self, node: ast.Call, state: _State) -> Iterator[tuple[str, Confidence]]:
        call = self.calls.get(node)
        roles = call.entry.roles if call is not None and call.entry is not None else frozenset()
        if call is not None and "consumes-key" in roles:
            text = _key_text(call.argument("key") or call.argument("rng_key"))
            if text is not None:
                yield text, _sure(text, call)
            return
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if roles & {"derives-key", "makes-key"} or last in _HARMLESS:
            return
        spent = self.spent.get(call.name) if call is not None else None
        for name, argument in _arguments(node, call):
            text = _key_text(argument)
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
            text = _key_text(target)
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


rule.flags(
    """
    import jax
    import jax.numpy as jnp
    from jax import random

    def init(key, sizes):
        w = jax.random.normal(key, sizes)
        b = jax.random.normal(key, sizes[1:])  # expect: RNG015
        return w, b

    def train(params, data, steps):
        key = random.PRNGKey(0)
        for step in range(steps):
            noise = random.normal(key, data.shape)  # expect: RNG015
            params = params + noise
        return params

    def after_split(key):
        k1, k2 = random.split(key)
        x = random.uniform(k1)
        y = random.uniform(k2)
        return x + y + random.uniform(key)  # expect: RNG015

    def many(key):
        return [random.normal(key, (3,)) for _ in range(4)]  # expect: RNG015

    def handed_on(key, shape):
        a, b = init(key, shape)
        return a, random.bernoulli(key, 0.5, shape)  # expect: RNG015

    def parts(key):
        keys = random.split(key, 3)
        a = random.normal(keys[0])
        b = random.normal(keys[1])
        return a + b + random.gumbel(keys[0])  # expect: RNG015
    """
)
rule.flags(
    """
    import jax

    class Agent:
        def __init__(self):
            self.key = jax.random.key(0)

        def act(self, logits):
            action = jax.random.categorical(self.key, logits)
            explore = jax.random.uniform(self.key)  # expect: RNG015
            return action if explore > 0.1 else 0
    """
)
rule.allows(
    """
    import jax
    from jax import random

    def init(key, sizes):
        w_key, b_key = jax.random.split(key)
        return jax.random.normal(w_key, sizes), jax.random.normal(b_key, sizes[1:])

    def train(key, data, steps):
        for step in range(steps):
            key, subkey = random.split(key)
            data = data + random.normal(subkey, data.shape)
        return data

    def folded(key, data, steps):
        for step in range(steps):
            data = data + random.normal(random.fold_in(key, step), data.shape)
        return data

    def either(key, kind):
        if kind == "normal":
            return random.normal(key)
        elif kind == "uniform":
            value = random.uniform(key)
        else:
            value = random.bernoulli(key)
        return value

    def each(key):
        keys = random.split(key, 4)
        total = sum(random.normal(k) for k in keys)
        for k in random.split(keys[0], 2):
            total += random.uniform(k)
        return total
    """
)
rule.allows(
    """
    import jax
    from flax import nnx

    class Block(nnx.Module):
        def __init__(self, rngs: nnx.Rngs):
            self.first = nnx.Linear(4, 4, rngs=rngs)
            self.second = nnx.Linear(4, 4, rngs=rngs)
            self.noise = jax.random.normal(rngs.params(), (4,))
            self.more = jax.random.normal(rngs.params(), (4,))

    def show(seed):
        key = jax.random.key(seed)
        print(key)
        value = jax.random.normal(key)
        key = jax.random.key(seed + 1)
        return value + jax.random.normal(key)
    """
)
rule.allows(
    """
    import jax

    def test_same_key_same_numbers():
        key = jax.random.key(0)
        assert (jax.random.normal(key) == jax.random.normal(key)).all()
    """,
    file="tests/test_keys.py",
)
