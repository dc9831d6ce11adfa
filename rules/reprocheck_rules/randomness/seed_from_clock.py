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
makes a generator only because its caller passed none, and in tests; of low confidence in programs that measure speed.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from reprocheck.rulekit import ABSENT, Call, Confidence, Match, Rule
from reprocheck_rules.randomness.clock_fixes import fixed_call, fixed_default, fixed_source
from reprocheck_rules.randomness.purposes import measures_speed
from reprocheck_rules.randomness.seed_sources import certain, recorded, source_of

rule = Rule("RNG004", "seed-from-clock", __doc__)

_VOLATILE_TEXT = re.compile(
    r"\b(time|timeit|datetime|date|uuid|urandom|getrandom|secrets|getp?pid|get_ident|hash|id)\b"
)
_STATE = frozenset({"initial_seed", "getstate", "get_state", "get_rng_state"})
"""What reads the state of a global generator."""
_STATE_OF = frozenset({"seed", "set_state", "setstate", "manual_seed", "entropy", "bit_generator"})
"""What reads or sets the state of a generator object."""
_DRAWING = ("draw", "draw-implicit", "estimator", "splitter", "sampler", "trains", "optimizer")


@rule.on_call(role=("seeder", "generator", "reseeds-generator"))
def check_seeding(call: Call) -> Iterator[Match]:
    """Seeders and generators."""
    module, entry = call.module, call.entry
    if module.is_test or entry is None:
        return
    value = call.value(entry.seed_argument) if entry.seed_argument else ABSENT
    if value is ABSENT or value is None:
        if "unseeds" in entry.roles and not _optional(call) and not _state_kept(call) and not _ends_fixed_stretch(call):
            yield call.match(
                f"`{_shown(call)}` without a seed takes a new one from the operating system, and it isn't recorded",
                confidence=Confidence.LOW if measures_speed(module.path) else None,
                fix=fixed_call(call),
            )
        return
    node = call.argument(entry.seed_argument)
    if node is not None:
        yield from _fromsource_of(call, node)


@rule.on_call(role=("estimator", "splitter", "sampler", "draw-implicit"))
def check_random_state(call: Call) -> Iterator[Match]:
    """Random states of estimators and data splits."""
    entry = call.entry
    if entry is None or not entry.seed_argument or call.module.is_test:
        return
    node = call.argument(entry.seed_argument)
    if node is not None:
        yield from _fromsource_of(call, node)


@rule.on_call("argparse.ArgumentParser.add_argument", "click.option")
def check_option(call: Call) -> Iterator[Match]:
    """Options whose default seed is taken from the clock."""
    names = [a.value for a in call.node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    default = call.argument("default", 99)
    if default is None or call.module.is_test or not any("seed" in name.lower() for name in names):
        return
    options = {"args", "opt", "opts", "options", "config", "cfg", "params", "hparams", "flags", "FLAGS"}
    source = source_of(call.module, default, call.scope, call.site.order, options)
    if source is not None and not recorded(call.module, options):
        message = f"The default of `{names[-1]}` comes from {_words(source)}, and it isn't recorded"
        yield call.match(message, at=default, fix=fixed_default(call, default))


def _fromsource_of(call: Call, node: ast.expr) -> Iterator[Match]:
    module = call.module
    if not _mentions_volatile(module.source.text):
        return
    names: set[str] = set()
    source = source_of(module, node, call.scope, call.site.order, names)
    if source is None or recorded(module, names):
        return
    trail = () if module.span(source) == module.span(node) else (module.note(source, "the value comes from here"),)
    confidence = None if certain(module, source) else Confidence.LOW
    yield call.match(
        f"The seed of `{_shown(call)}` comes from {_words(source)}: each run differs, and it isn't recorded",
        confidence=confidence,
        trail=trail,
        fix=fixed_source(call, node, source),
    )


@lru_cache(maxsize=1)
def _mentions_volatile(text: str) -> bool:
    """Whether a source names anything that differs between runs; asked for each seed of a file in turn."""
    return _VOLATILE_TEXT.search(text) is not None


def _state_kept(call: Call) -> bool:
    """Whether the state of an unseeded generator is saved or replaced, or the drawn seed written down."""
    module = call.module
    statement = call.site.statement
    held = {ast.unparse(target) for target in statement.targets} if isinstance(statement, ast.Assign) else set()
    if any(name.isidentifier() and not any(name in scope.uses for scope in module.file.scopes) for name in held):
        return True  # nothing is ever drawn from it
    for node in module.file.every(ast.Assign, ast.Attribute):
        if isinstance(node, ast.Assign) and node is not statement and {ast.unparse(t) for t in node.targets} & held:
            return True
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr in _STATE or (node.attr in _STATE_OF and ast.unparse(node.value) in held):
            return True
    entry = call.entry
    gives_seed = entry is not None and not entry.seed_argument
    return gives_seed and recorded(module, held)


def _ends_fixed_stretch(call: Call) -> bool:
    """Whether a seed that was set for a few draws is only taken back here, in a file that draws nothing else.

    Colours that are shuffled with a fixed seed are an example; where the file goes on to train, the rest is random.
    """
    module = call.module
    start = [
        other.site.order
        for other in module.calls_with_role("seeder")
        if other.name == call.name
        and other.scope is call.scope
        and other.site.order < call.site.order
        and isinstance(other.value(other.entry.seed_argument if other.entry else ""), int)
    ]
    if not start:
        return False
    return all(
        other.scope is call.scope and start[-1] < other.site.order < call.site.order
        for other in module.calls_with_role(*_DRAWING)
    )


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
    """,
    fixed={
        "example.py": """
        import os
        import random
        import time
        import uuid
        import zlib
        from datetime import datetime

        import numpy as np
        import torch

        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        rng = np.random.default_rng(0)
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(zlib.crc32(b'experiment-3'))
        """,
    },
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
    """,
    fixed={
        "example.py": """
        import numpy as np
        import torch

        np.random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)

        class Sampler:
            def __init__(self, weights):
                self.rng = np.random.default_rng(0)
                self.weights = weights

            def draw(self):
                return self.rng.choice(len(self.weights), p=self.weights)
        """,
    },
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
rule.flags(
    """
    import argparse
    import time

    import numpy as np

    def augment(image):
        rng = np.random.default_rng()  # expect: RNG004
        return image + rng.normal()

    def main():
        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=int(time.time()))  # expect: RNG004
        parser.parse_args()
        split_seed = int(time.time())
        np.random.seed(split_seed)  # expect: RNG004
        np.random.shuffle(rows)
    """,
    title="A fixed seed in a function that is called for each image would repeat the same numbers",
    fixed={
        "example.py": """
        import argparse
        import time

        import numpy as np

        def augment(image):
            rng = np.random.default_rng()
            return image + rng.normal()

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--seed", type=int, default=0)
            parser.parse_args()
            split_seed = 0
            np.random.seed(split_seed)
            np.random.shuffle(rows)
        """,
    },
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
rule.allows(
    """
    import numpy as np

    class Detector:
        def __init__(self, classes):
            self.colors = [palette(i, len(classes)) for i in range(len(classes))]
            np.random.seed(10101)
            np.random.shuffle(self.colors)
            np.random.seed(None)

        def detect(self, image):
            return draw(self.model.predict(image), self.colors)
    """,
    title="Colours that are shuffled with a seed, which is taken back",
)
rule.flags(
    """
    import numpy as np
    from keras.models import Sequential

    def main(lines, model):
        np.random.seed(10101)
        np.random.shuffle(lines)
        np.random.seed(None)  # expect: RNG004
        model.fit_generator(batches(lines), epochs=3)

    def batches(lines):
        while True:
            np.random.shuffle(lines)
            yield lines[:10]
    """,
    title="A fixed split, then random again",
)
