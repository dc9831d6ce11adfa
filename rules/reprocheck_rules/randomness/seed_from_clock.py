"""A seed that is different in each run and that nobody writes down.

## Why
A seed taken from the clock, the process id, operating-system entropy or a salted string hash makes every run another
experiment. Unless the value is printed, logged or saved, a good result cannot be had again, and a bad one cannot be
looked into.

## Fix
Take the seed from the configuration. Where runs must differ, draw the seed once, log it beside the results, and accept
it as an option: `seed = args.seed if args.seed is not None else secrets.randbits(32); logger.info("seed %d", seed)`.

## Notes
`hash("text")` is salted per process unless `PYTHONHASHSEED` is set; use `zlib.crc32` or `hashlib` instead.
`numpy.random.default_rng()`, `numpy.random.seed()`, `random.seed()` and `torch.seed()` without an argument all take a
new seed from the operating system, whatever was seeded before. Silent where the value is recorded, where a function
makes a generator only because its caller passed none, and in tests.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import ABSENT, Call, Confidence, Kind, Match, Module, Rule, Scope, reaching

rule = Rule("RNG004", "seed-from-clock", __doc__)

_VOLATILE_TEXT = re.compile(
    r"\b(time|timeit|datetime|date|uuid|urandom|getrandom|secrets|getp?pid|get_ident|hash|id)\b"
)
_RECORDERS = re.compile(
    r"(print|pprint|echo|info|debug|warn|warning|error|exception|critical|log|log_\w+|write\w*|dump|dumps|save\w*|savez"
    r"|add_text|add_hparams|add_param|set_tags?|to_(csv|json|yaml|pickle)|put|record\w*|register_config)"
)
_TRACKERS = ("wandb.", "mlflow.", "logging.", "loguru.", "comet_ml.", "neptune.", "aim.", "clearml.", "sacred.")
_STATE = frozenset({"initial_seed", "getstate", "get_state", "get_rng_state"})
"""What reads the state of a global generator."""
_STATE_OF = frozenset({"seed", "set_state", "setstate", "manual_seed", "entropy", "bit_generator"})
"""What reads or sets the state of a generator object."""
_DEPTH = 6


@rule.on_call(role=("seeder", "generator", "reseeds-generator"))
def check_seeding(call: Call) -> Iterator[Match]:
    """Seeders and generators."""
    module, entry = call.module, call.entry
    if module.is_test or entry is None:
        return
    value = call.value(entry.seed_argument) if entry.seed_argument else ABSENT
    if value is ABSENT or value is None:
        if "unseeds" in entry.roles and not _optional(call) and not _state_kept(call):
            yield call.match(
                f"`{_shown(call)}` without a seed takes a new one from the operating system, and it isn't recorded"
            )
        return
    node = call.argument(entry.seed_argument)
    if node is not None:
        yield from _from_source(call, node)


@rule.on_call(role=("estimator", "splitter", "sampler", "draw-implicit"))
def check_random_state(call: Call) -> Iterator[Match]:
    """Random states of estimators and data splits."""
    entry = call.entry
    if entry is None or not entry.seed_argument or call.module.is_test:
        return
    node = call.argument(entry.seed_argument)
    if node is not None:
        yield from _from_source(call, node)


@rule.on_call("argparse.ArgumentParser.add_argument", "click.option")
def check_option(call: Call) -> Iterator[Match]:
    """Options whose default seed is taken from the clock."""
    names = [a.value for a in call.node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    default = call.argument("default", 99)
    if default is None or call.module.is_test or not any("seed" in name.lower() for name in names):
        return
    options = {"args", "opt", "opts", "options", "config", "cfg", "params", "hparams", "flags", "FLAGS"}
    source = _source(call.module, default, call.scope, call.site.order, options, _DEPTH)
    if source is not None and not _recorded(call.module, options):
        yield call.match(f"The default of `{names[-1]}` comes from {_words(source)}, and it isn't recorded", at=default)


def _from_source(call: Call, node: ast.expr) -> Iterator[Match]:
    module = call.module
    if _VOLATILE_TEXT.search(module.source.text) is None:
        return
    names: set[str] = set()
    source = _source(module, node, call.scope, call.site.order, names, _DEPTH)
    if source is None or _recorded(module, names):
        return
    trail = () if module.span(source) == module.span(node) else (module.note(source, "the value comes from here"),)
    confidence = None if _certain(module, source) else Confidence.LOW
    yield call.match(
        f"The seed of `{_shown(call)}` comes from {_words(source)}: each run differs, and it isn't recorded",
        confidence=confidence,
        trail=trail,
    )


# Where a value comes from


def _source(module: Module, node: ast.expr, scope: Scope, order: int, names: set[str], depth: int) -> ast.Call | None:
    """The call that makes the value different each time; `names` collects the variables on the way."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and _changes(module, part, scope, order):
            return part
    if depth <= 0:
        return None
    for part in ast.walk(node):
        found: ast.Call | None = None
        if isinstance(part, ast.Name):
            found = _through_name(module, part.id, scope, order, names, depth)
        elif isinstance(part, ast.Attribute):
            found = _through_attribute(module, part, names)
        elif isinstance(part, ast.Call):
            found = _through_function(module, part, scope, order, depth)
        if found is not None:
            return found
    return None


def _changes(module: Module, node: ast.Call, scope: Scope, order: int) -> bool:
    name = module.name(node.func, scope, order)
    entry = module.catalog.entry(name) if name is not None else None
    if entry is None or "source-of-change" not in entry.roles:
        return False
    return entry.family != "string-hash" or (len(node.args) == 1 and _salted(module, node.args[0]) is not False)


def _salted(module: Module, node: ast.expr) -> bool | None:
    """Whether the hash of a value is salted per process, as that of a text is; None when its type isn't known."""
    match node:
        case ast.Tuple(elts=items):
            return any(_salted(module, item) is True for item in items)
        case ast.Constant(value=value):
            return isinstance(value, str | bytes)
        case ast.JoinedStr():
            return True
        case ast.Call(func=ast.Attribute(attr="lower" | "upper" | "strip" | "format" | "join" | "encode")):
            return True
    if isinstance(module.literal(node), int | float):
        return False
    return True if module.name(node) == "builtins.str" else None


def _certain(module: Module, source: ast.Call) -> bool:
    return not (isinstance(source.func, ast.Name) and source.func.id == "hash") or bool(_salted(module, source.args[0]))


def _through_name(module: Module, name: str, scope: Scope, order: int, names: set[str], depth: int) -> ast.Call | None:
    bindings = scope.lookup(name)
    binding = reaching(bindings, scope, order) if bindings else None
    if binding is None or binding.value is None or binding.kind not in {Kind.ASSIGN, Kind.PARAMETER}:
        return None
    found = _source(module, binding.value, binding.scope, binding.order - 1, names, depth - 1)
    if found is not None:
        names.add(name)
    return found


def _through_attribute(module: Module, node: ast.Attribute, names: set[str]) -> ast.Call | None:
    if "seed" not in node.attr.lower():
        return None
    wanted = ast.unparse(node)
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Attribute) and ast.unparse(target) == wanted for target in statement.targets
        ):
            inside = module.file.scope_of(statement)
            found = _source(module, statement.value, inside, 1 << 60, names, 0)
            if found is not None:
                names.add(wanted)
                if not wanted.startswith("self."):
                    names.add(wanted.partition(".")[0])
                return found
    return None


def _through_function(module: Module, node: ast.Call, scope: Scope, order: int, depth: int) -> ast.Call | None:
    name = module.name(node.func, scope, order)
    if name is None or not name.startswith("."):
        return None
    inner = next((s for s in module.file.scopes if s.kind == "function" and "." + s.qualname == name), None)
    if inner is None:
        return None
    for part in ast.walk(inner.node):
        if isinstance(part, ast.Return) and part.value is not None:
            found = _source(module, part.value, inner, 1 << 60, set(), depth - 3)
            if found is not None:
                return found
    return None


# Whether somebody writes it down


def _recorded(module: Module, names: set[str]) -> bool:
    if not names:
        return False
    for site in module.file.calls:
        function = site.node.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if _RECORDERS.fullmatch(last) or (module.name(function, site.scope, site.order) or "").startswith(_TRACKERS):
            arguments = [*site.node.args, *(keyword.value for keyword in site.node.keywords)]
            if any(_mentions(argument, names) for argument in arguments):
                return True
    for node in ast.walk(module.tree):
        match node:
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Call) and _mentions(value, names):
                return True
            case ast.Dict(values=values) if any(_mentions(value, names) for value in values):
                return True
    return False


def _mentions(node: ast.expr, names: set[str]) -> bool:
    return any(
        isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part) in names
        for part in ast.walk(node)
        if not isinstance(part, ast.Attribute) or any("." in name for name in names)
    )


def _state_kept(call: Call) -> bool:
    """Whether the state of an unseeded generator is saved or replaced, or the drawn seed written down."""
    module = call.module
    statement = call.site.statement
    held = {ast.unparse(target) for target in statement.targets} if isinstance(statement, ast.Assign) else set()
    if any(name.isidentifier() and not any(name in scope.uses for scope in module.file.scopes) for name in held):
        return True  # nothing is ever drawn from it
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and node is not statement and {ast.unparse(t) for t in node.targets} & held:
            return True
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in _STATE or (node.attr in _STATE_OF and ast.unparse(node.value) in held):
            return True
    entry = call.entry
    gives_seed = entry is not None and not entry.seed_argument
    return gives_seed and _recorded(module, held)


# Where a caller may pass a generator or a seed


def _optional(call: Call) -> bool:
    """Whether the generator only stands in for one that wasn't given."""
    module = call.module
    child: ast.AST = call.node
    for parent in module.file.ancestors(call.node):
        match parent:
            case ast.BoolOp() | ast.IfExp() | ast.arguments():
                return True
            case ast.If(test=test) if any(child is item for item in [*parent.body, *parent.orelse]) and _asks(test):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return False
        child = parent
    return False


def _asks(test: ast.expr) -> bool:
    """Whether a condition is about a seed or generator being there."""
    for part in ast.walk(test):
        if isinstance(part, ast.Compare) and any(
            isinstance(o, ast.Is | ast.IsNot | ast.Eq | ast.NotEq) for o in part.ops
        ):
            return True
        if isinstance(part, ast.Name | ast.Attribute):
            name = part.id if isinstance(part, ast.Name) else part.attr
            if re.search(r"seed|rng|random|generator|state|determin", name, re.IGNORECASE):
                return True
    return False


def _shown(call: Call) -> str:
    return ast.unparse(call.node.func)


def _words(source: ast.Call) -> str:
    return f"`{ast.unparse(source)}`"


rule.flags(
    """
    import os
    import random
    import time
    import uuid
    from datetime import datetime

    import numpy as np
    import torch

    random.seed(time.time())  # expect: RNG004
    np.random.seed(int(time.time()) % 2**32)  # expect: RNG004
    torch.manual_seed(os.getpid())  # expect: RNG004
    rng = np.random.default_rng(int.from_bytes(os.urandom(8), "big"))  # expect: RNG004
    torch.manual_seed(uuid.uuid4().int % 2**32)  # expect: RNG004
    np.random.seed(datetime.now().microsecond)  # expect: RNG004
    random.seed(hash("experiment-3"))  # expect: RNG004
    """
)
rule.flags(
    """
    import numpy as np
    import torch

    np.random.seed()  # expect: RNG004
    np.random.seed(None)  # expect: RNG004
    torch.seed()  # expect: RNG004

    class Sampler:
        def __init__(self, weights):
            self.rng = np.random.default_rng()  # expect: RNG004
            self.weights = weights

        def draw(self):
            return self.rng.choice(len(self.weights), p=self.weights)
    """
)
rule.flags(
    """
    import argparse
    import time
    import jax
    from sklearn.model_selection import train_test_split

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(time.time()))  # expect: RNG004
    args = parser.parse_args()

    def fresh():
        return int(time.time() * 1000)

    def main(X, y):
        started = time.time()
        seed = int(started)
        X, X_test = train_test_split(X, random_state=seed)  # expect: RNG004
        key = jax.random.PRNGKey(fresh())  # expect: RNG004
    """
)
rule.allows(
    """
    import logging
    import random
    import time

    import numpy as np
    import wandb

    log = logging.getLogger(__name__)

    def main(args):
        if args.seed is None:
            args.seed = int(time.time())
        log.info("seed %d", args.seed)
        random.seed(args.seed)
        other = int(time.time()) % 1000
        wandb.config.update({"other_seed": other})
        np.random.seed(other)
    """
)
rule.allows(
    """
    import random
    import numpy as np

    def sample(items, rng=None):
        rng = rng or np.random.default_rng()
        return rng.choice(items)

    def split(items, rng=None):
        if rng is None:
            rng = np.random.default_rng()
        return rng.permutation(items)

    class Env:
        def __init__(self, rng=None):
            self.rng = np.random.default_rng() if rng is None else rng
            self.other = random.Random()

        def seed(self, value):
            self.other.seed(value)
    """
)
rule.allows(
    """
    import time
    import numpy as np
    import torch

    started = time.time()
    np.random.seed(42)
    torch.manual_seed(int(hash(7)) + 1)
    rng = np.random.default_rng(np.random.SeedSequence(3))
    print("took", time.time() - started)
    generator = torch.Generator()
    generator.manual_seed(1)

    def worker_init_fn(worker_id):
        np.random.seed(torch.initial_seed() % 2**32)
    """
)
rule.allows(
    """
    import random
    import time

    def test_shuffle_is_a_permutation():
        random.seed(time.time())
        items = list(range(10))
        random.shuffle(items)
        assert sorted(items) == list(range(10))
    """,
    file="tests/test_shuffle.py",
)
