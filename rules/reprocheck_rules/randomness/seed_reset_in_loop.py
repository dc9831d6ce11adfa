"""A fixed seed set again for every step or sample, so that each draws the same numbers.

## Why
Seeding is meant to happen once. Inside the training loop, in `__getitem__` or in a step function it winds the generator
back each time: every batch gets the same dropout mask, every image the same crop, every epoch the same order.

## Fix
Seed once before the loop. Where a sample needs numbers of its own, derive them from its index:
`rng = np.random.default_rng((seed, index))`.

## Notes
Silent where the seed depends on the loop (`for seed in seeds`, `seed + epoch`), on the sample's index or on a number
just drawn (the same transform for image and mask), where the state is saved and restored around it, where each turn of
the loop builds a model anew (folds, trials, comparisons), in `worker_init_fn`, and in tests.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import ABSENT, Call, Confidence, Fix, Match, MoveStatements, Rule, Safety, Where
from reprocheck_rules.randomness.repetition import in_loop, in_step, is_state

rule = Rule("RNG017", "seed-reset-in-loop", __doc__)

_RESTORE = re.compile(r"(set|get)_?(rng_)?state(_all)?|fork_rng|isolate_rng|preserve_rng_state|temp_seed|numpy_seed")


@rule.on_call(role=("seeder", "generator", "reseeds-generator"))
def check(call: Call) -> Iterator[Match]:
    """Seeders and new generators that a constant seeds."""
    entry, module = call.entry, call.module
    if entry is None or not entry.seed_argument or module.is_test or "environment" in entry.roles:
        return
    is_generator = "seeder" not in entry.roles
    if call.value(entry.seed_argument) is ABSENT or "seeds-by-default" in entry.roles:
        return
    seed = call.argument(entry.seed_argument)
    if "makes-key" in entry.roles and not _is_drawn_from(call):
        return
    if seed is None or (isinstance(seed, ast.Constant) and seed.value is None) or is_state(seed):
        return
    found = in_loop(call, seed) or in_step(call, seed)
    if found is None:
        return
    where, confidence = found
    function = call.scope.enclosing("function")
    if function is not None and _restores(function.node):
        return
    what = "a generator starts from the same seed" if is_generator else "the same seed is set"
    if is_generator:
        confidence = Confidence.MEDIUM if confidence is Confidence.HIGH else Confidence.LOW
    yield call.match(
        f"`{ast.unparse(call.node)}`: {what} {where}, so that the same numbers are drawn again",
        confidence=confidence,
        fix=_moved_out(call) if where.startswith("in every turn") and "makes-key" not in entry.roles else None,
    )


def _moved_out(call: Call) -> Fix | None:
    """The seed set once in front of the loop, where it is a statement of the loop by itself or makes one generator."""
    loop, statement = call.site.loop, call.site.statement
    match statement:
        case ast.Expr(value=value) if value is call.node:
            pass
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if loop is not None:
            bound = [node for node in ast.walk(loop) if isinstance(node, ast.Name) and node.id == name]
            if (value is not call.node and not _is_generator(value, call)) or _rebound(bound):
                return None
        case _:
            return None
    if not isinstance(loop, ast.For | ast.AsyncFor | ast.While) or statement not in loop.body:
        return None
    span = call.module.span
    edit = MoveStatements(span(statement), span(loop), Where.BEFORE)
    return Fix("seed once, in front of the loop", Safety.UNSAFE, (edit,))


def _is_generator(value: ast.expr, call: Call) -> bool:
    """Whether a value is the call with a method behind it that seeds: `torch.Generator().manual_seed(0)`."""
    return isinstance(value, ast.Call) and any(part is call.node for part in ast.walk(value.func))


def _rebound(names: list[ast.Name]) -> bool:
    return sum(isinstance(name.ctx, ast.Store | ast.Del) for name in names) > 1


def _is_drawn_from(call: Call) -> bool:
    """Whether a new JAX key is kept or drawn from, and not just handed to what initialises shapes."""
    parent = call.module.file.parent(call.node)
    if isinstance(parent, ast.Call):
        return (call.module.name(parent.func) or "").startswith("jax.random.")
    return isinstance(parent, ast.Assign | ast.AnnAssign)


def _restores(node: ast.AST) -> bool:
    for part in ast.walk(node):
        name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
        if name and _RESTORE.fullmatch(name):
            return True
    return False


rule.flags(
    """
    import random
    import numpy as np
    import torch
    from torch.utils.data import Dataset

    class Crops(Dataset):
        def __init__(self, images, seed):
            self.images = images
            self.seed = seed

        def __getitem__(self, index):
            random.seed(0)  # expect: RNG017
            np.random.seed(self.seed)  # expect: RNG017
            rng = np.random.default_rng(7)  # expect: RNG017
            generator = torch.Generator().manual_seed(0)  # expect: RNG017
            return self.images[index][random.randint(0, 4) :]

    class Net(torch.nn.Module):
        def forward(self, x):
            torch.manual_seed(42)  # expect: RNG017
            return torch.nn.functional.dropout(x)

    def train(model, loader, optimizer, args):
        for epoch in range(args.epochs):
            torch.manual_seed(args.seed)  # expect: RNG017
            for x, y in loader:
                random.seed(1)  # expect: RNG017
                loss = model(x, y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    """
)
rule.flags(
    """
    import numpy as np
    import torch

    def train(model, loader, optimizer, args):
        for epoch in range(args.epochs):
            # Reproducible.
            torch.manual_seed(args.seed)  # expect: RNG017
            rng = np.random.default_rng(7)  # expect: RNG017
            for x, y in loader:
                loss = model(x + rng.normal())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    """,
    title="Seeded for each epoch",
    fixed={
        "example.py": """
        import numpy as np
        import torch

        def train(model, loader, optimizer, args):
            # Reproducible.
            torch.manual_seed(args.seed)
            rng = np.random.default_rng(7)
            for epoch in range(args.epochs):
                for x, y in loader:
                    loss = model(x + rng.normal())
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
        """,
    },
)
rule.flags(
    """
    import jax

    def fit(state, batches, update):
        for batch in batches:
            key = jax.random.PRNGKey(0)  # expect: RNG017
            state = update(state, batch, key)
        return state
    """
)
rule.allows(
    """
    import random
    import numpy as np
    import torch
    from lightning.pytorch import seed_everything

    def sweep(seeds, folds, train):
        for seed in seeds:
            seed_everything(seed)
            train()
        for fold in folds:
            seed_everything(42)
            train(fold)
        for name in ("a", "b"):
            torch.manual_seed(0)
            model = torch.nn.Linear(2, 1)
            for epoch in range(3):
                train(model).backward()

    def epochs(loader, seed, sampler):
        for epoch in range(10):
            np.random.seed(seed + epoch)
            sampler.set_epoch(epoch)
            for x in loader:
                x.sum().backward()
    """
)
rule.allows(
    """
    import random
    import numpy as np
    import torch

    class Pairs(torch.utils.data.Dataset):
        def __getitem__(self, index):
            seed = np.random.randint(2**31)
            random.seed(seed)
            image = self.transform(self.images[index])
            random.seed(seed)
            mask = self.transform(self.masks[index])
            rng = np.random.default_rng((self.seed, index))
            return image, mask, rng.normal()

    class Noise:
        def __getitem__(self, index):
            state = np.random.get_state()
            np.random.seed(0)
            noise = np.random.randn(3)
            np.random.set_state(state)
            return noise

    def worker_init_fn(worker_id):
        random.seed(42 + worker_id)

    def train_step(model, batch, seed):
        torch.manual_seed(seed)
        return model(batch)
    """
)
rule.allows(
    """
    import torch

    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    for step in range(100):
        loss = model(torch.randn(8, 3)).sum()
        loss.backward()
    """
)
rule.allows(
    """
    import numpy as np

    def test_draws_repeat():
        for step in range(3):
            np.random.seed(0)
            assert np.random.rand() > 0.5
    """,
    file="tests/test_draws.py",
)
_REVERSIBLE = """
    import random
    import torch

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.seeds = {"drop": 7}

        def draw(self, key):
            %s

        def forward(self, x):
            self.draw("drop")
            torch.manual_seed(self.seeds["drop"])%s
            return torch.nn.functional.dropout(x)
"""
rule.allows(_REVERSIBLE % ("self.seeds[key] = random.randrange(2**31)", ""), title="Kept to draw the same once more")
rule.flags(_REVERSIBLE % ("print(key)", "  # expect: RNG017"), title="Never another one")
