"""The same JAX key given to two consumers, so that their numbers depend on each other.

## Why
In JAX the key is the whole random state: the same key gives the same numbers. Initial weights drawn twice from one key
are equal, noise and dropout masks repeat in each step, and a sample taken after `split` from the old key is not
independent of the new ones.

## Fix
Split before each use and throw the old key away: `key, subkey = jax.random.split(key)`. In a loop derive a key per
step: `jax.random.fold_in(key, step)`. `flax.nnx.Rngs` keeps count by itself.

## Notes
The alternatives of a branch don't count as two uses, nor do branches whose conditions can't both hold; loops are
followed twice, so that a key that is never renewed is seen. Handing a key on counts with medium confidence when the
function stands in the same file and uses the key up; calls whose inside isn't seen, and `model.init(key, ...)`, which
derives keys of its own, give low confidence. Silent in tests.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Match, Module, Rule, Scope
from reprocheck_rules.debt.condition_values import exclude
from reprocheck_rules.randomness.key_flow import ORDER, KeyFlow, KeyUse, key_text

rule = Rule("RNG015", "jax-key-reuse", __doc__)


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
            flow = KeyFlow(calls, spent, keys)
            flow.body(scope.node.body, dict.fromkeys(keys))  # type: ignore[attr-defined]
            yield from (
                _finding(module, key, first, second)
                for (key, second), first in flow.found.items()
                if not _are_alternatives(module, first.node, second.node)
            )


def _are_alternatives(module: Module, first: ast.Call, second: ast.Call) -> bool:
    """Whether two places stand behind conditions that can't both hold, of names that nothing sets in between."""
    for one, its_branch in _conditions(module, first):
        for other, other_branch in _conditions(module, second):
            if one is not other and exclude(its_branch, other_branch):
                names = {part.id for part in ast.walk(other_branch) if isinstance(part, ast.Name)}
                return not any(
                    isinstance(name.ctx, ast.Store) and name.id in names and one.lineno < name.lineno < other.lineno
                    for name in module.file.every(ast.Name)
                )
    return False


def _conditions(module: Module, node: ast.Call) -> Iterator[tuple[ast.If, ast.expr]]:
    """What holds around a place: each `if` in whose body it stands, with the parts of its test."""
    inner: ast.AST = node
    for ancestor in module.file.ancestors(node):
        if isinstance(ancestor, ast.If) and any(inner is statement for statement in ancestor.body):
            test = ancestor.test
            parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
            yield from ((ancestor, part) for part in parts)
        inner = ancestor


def _finding(module: Module, key: str, first: KeyUse, second: KeyUse) -> Match:
    confidence = min((first.confidence, second.confidence), key=lambda item: ORDER[item])
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
            text = key_text(node)
            if text is not None and call.entry is not None and call.entry.roles & {"consumes-key", "derives-key"}:
                names.add(text)
    for name, bindings in scope.bindings.items():
        for binding in bindings:
            made = calls.get(binding.value) if isinstance(binding.value, ast.Call) else None
            if made is not None and made.entry is not None and made.entry.roles & {"makes-key", "derives-key"}:
                names.add(name)
    return names


def _spent_parameters(module: Module, calls: dict[ast.Call, Call]) -> dict[str, set[str]]:
    """Parameters that functions of this file use up, by the function's name."""
    spent: dict[str, set[str]] = {f".{s.qualname}": set() for s in module.file.scopes if s.kind == "function"}
    for call in calls.values():
        if _uses_up(call) and call.name.startswith("jax.random."):
            node = call.argument("key")
            function = call.scope.enclosing("function")
            if isinstance(node, ast.Name) and function is not None and not _is_folded(function, node.id, calls):
                spent[f".{function.qualname}"].add(node.id)
    return spent


def _is_folded(function: Scope, name: str, calls: dict[ast.Call, Call]) -> bool:
    """Whether a function makes another key of the one that it is given, by what counts its calls."""
    for binding in function.bindings.get(name, ()):
        made = calls.get(binding.value) if isinstance(binding.value, ast.Call) else None
        if made is not None and made.name == "jax.random.fold_in":
            given = made.argument("data", 1)
            if given is not None and not isinstance(given, ast.Constant):
                return True
    return False


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
_KINDS = """
import jax

def add_noise(x, key, kind, sigma):
    if kind == "uniform":
        x = x + jax.random.uniform(key, x.shape)
    {between}
    if kind == "{other}" and sigma > 0:
        x = x + sigma * jax.random.normal(key, x.shape){mark}
    return x
"""
rule.allows(_KINDS.format(between="x = x * 2", other="gaussian", mark=""), title="One kind of noise or the other")
rule.flags(_KINDS.format(between="x = x * 2", other="uniform", mark="  # expect: RNG015"), title="Both at once")
rule.flags(
    _KINDS.format(between='kind = "gaussian"', other="gaussian", mark="  # expect: RNG015"),
    title="Another kind by then",
)
_FOLDED = """
import functools
import jax

@functools.partial(jax.jit, donate_argnums=(0,))
def update(state, rng, batch):
    rng = jax.random.fold_in(rng, {what})
    return state + jax.random.normal(rng, batch.shape)

def train(state, batches):
    rng = jax.random.key(0)
    for batch in batches:
        state = update(state, rng, batch){mark}
    return state
"""
rule.allows(_FOLDED.format(what="state.step", mark=""), title="Made another key by the step, inside")
rule.flags(_FOLDED.format(what="1", mark="  # expect: RNG015"), title="Made the same key each time")
