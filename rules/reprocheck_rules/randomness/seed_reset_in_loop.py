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
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import ABSENT, Call, Confidence, Kind, Match, Module, Rule

rule = Rule("RNG017", "seed-reset-in-loop", __doc__)

_SAMPLE = frozenset({"__getitem__", "__getitems__"})
_STEPS = re.compile(
    r"(train|training|val|validation|test|eval|predict)_(step|batch|one_batch|iter|iteration)|train_on_batch"
    r"|_train_step|_training_step|training_step_\w+|forward|collate_fn|_?collate(_batch)?|get_batch"
)
_RESTORE = re.compile(r"(set|get)_?(rng_)?state(_all)?|fork_rng|isolate_rng|preserve_rng_state|temp_seed|numpy_seed")
_UPDATE = frozenset({"backward", "zero_grad", "train_on_batch", "apply_gradients", "train_step", "training_step"})
_BATCHES = re.compile(
    r"(epochs?|steps?|batch(es)?|iters?|iterations?|minibatch(es)?|(\w+_)?(loader|dataloader|dl)s?|n_epoch)"
)
_TRIALS = re.compile(
    r"folds?|trials?|runs?|seeds?|repeats?|rep|models?|experiments?|datasets?|tasks?|episodes?|config\w*|cfg|mode"
)
_BUILDS = re.compile(
    r"([A-Z]\w*(Model|Net|Network|Classifier|Regressor|Trainer)|(build|make|create|get|init)_(model|net|network|trainer|agent)\w*)"
)
_DRAWING = frozenset({"draw", "source-of-change"})


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
    if seed is None or (isinstance(seed, ast.Constant) and seed.value is None) or _is_state(seed):
        return
    found = _in_loop(call, seed) or _in_step(call, seed)
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
        f"`{ast.unparse(call.node)}`: {what} {where}, so that the same numbers are drawn again", confidence=confidence
    )


def _is_drawn_from(call: Call) -> bool:
    """Whether a new JAX key is kept or drawn from, and not just handed to what initialises shapes."""
    parent = call.module.file.parent(call.node)
    if isinstance(parent, ast.Call):
        return (call.module.name(parent.func) or "").startswith("jax.random.")
    return isinstance(parent, ast.Assign | ast.AnnAssign)


def _in_loop(call: Call, seed: ast.expr) -> tuple[str, Confidence] | None:
    loop = call.site.loop
    if not isinstance(loop, ast.For | ast.AsyncFor | ast.While) or _leaves(call, loop):
        return None
    loops = [a for a in call.module.file.ancestors(call.node) if isinstance(a, ast.For | ast.AsyncFor | ast.While)]
    if _depends(call, seed, set().union(*(_assigned(item) for item in loops))):
        return None
    if _guarded(call, loop):
        return None
    confidence = _training(loop)
    return None if confidence is None else (f"in every turn of the loop on line {loop.lineno}", confidence)


def _training(loop: ast.For | ast.AsyncFor | ast.While) -> Confidence | None:
    """How sure it is that one turn of the loop is a step or an epoch, and not a trial of its own."""
    names = _words(loop.target) | _words(loop.iter) if not isinstance(loop, ast.While) else set()
    if any(_TRIALS.fullmatch(name) for name in names) or _builds_model(loop):
        return None
    if _updates(loop, nested=False):
        return Confidence.HIGH
    if any(_BATCHES.fullmatch(name) for name in names):
        return Confidence.HIGH if _updates(loop, nested=True) else Confidence.MEDIUM
    return None


def _words(node: ast.expr) -> set[str]:
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id.lower())
        elif isinstance(part, ast.Attribute):
            found.add(part.attr.lower())
    return found


def _builds_model(loop: ast.AST) -> bool:
    for node in ast.walk(loop):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if _BUILDS.fullmatch(name):
                return True
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id in {
                    "model",
                    "net",
                    "network",
                    "agent",
                    "trainer",
                    "optimizer",
                }:
                    return True
    return False


def _updates(loop: ast.AST, *, nested: bool) -> bool:
    stack = list(ast.iter_child_nodes(loop))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _UPDATE:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if nested or not isinstance(node, ast.For | ast.AsyncFor | ast.While):
            stack.extend(ast.iter_child_nodes(node))
    return False


def _in_step(call: Call, seed: ast.expr) -> tuple[str, Confidence] | None:
    function = call.scope.enclosing("function")
    node = function.node if function is not None else None
    if function is None or not isinstance(node, ast.FunctionDef):
        return None
    in_class = function.parent is not None and function.parent.kind == "class"
    is_sample = in_class and node.name in _SAMPLE
    if not is_sample and _STEPS.fullmatch(node.name) is None:
        return None
    parameters = {a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]}
    if _depends(call, seed, (parameters | _assigned(node)) - {"self", "cls"}):
        return None
    if _guarded(call, node):
        return None
    place = f"for every {'sample' if is_sample else 'call'} in `{node.name}`"
    constant = isinstance(call.module.literal(seed, call.scope, call.site.order), int)
    return place, Confidence.HIGH if constant else Confidence.MEDIUM


def _is_state(seed: ast.expr) -> bool:
    """Whether it is a state to go back to, not a seed."""
    return any("state" in name for name in _words(seed))


def _depends(call: Call, seed: ast.expr, changing: Iterable[str]) -> bool:
    """Whether the seed is another one each time, or may be."""
    names = set(changing)
    for part in ast.walk(seed):
        match part:
            case ast.Name(id=name) if name in names or _is_parameter(call, name):
                return True
            case ast.Attribute() if ast.unparse(part) in names or part.attr in {"epoch", "step", "global_step", "rank"}:
                return True
            case ast.Call() if not _is_plain(call.module, part):
                return True
    return False


def _is_parameter(call: Call, name: str) -> bool:
    """Whether a name is given by the caller of a function inside a loop's own function, which may vary it."""
    function = call.scope.enclosing("function")
    bindings = function.bindings.get(name) if function is not None and name not in {"self", "cls"} else None
    return bindings is not None and bindings[0].kind is Kind.PARAMETER and call.site.loop is None


def _is_plain(module: Module, node: ast.Call) -> bool:
    """Whether a call gives the same each time for the same arguments: `int(...)`."""
    name = module.name(node.func)
    return name in {"builtins.int", "builtins.abs", "builtins.hash", "numpy.uint32", "numpy.int64"}


def _assigned(node: ast.AST) -> set[str]:
    """Names and attributes that something inside binds."""
    found: set[str] = set()
    for part in ast.walk(node):
        targets: list[ast.expr] = []
        match part:
            case ast.Assign(targets=given):
                targets = given
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                targets = [target]
            case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
                targets = [target]
            case ast.With(items=items) | ast.AsyncWith(items=items):
                targets = [item.optional_vars for item in items if item.optional_vars is not None]
        for target in targets:
            found |= {ast.unparse(leaf) for leaf in ast.walk(target) if isinstance(leaf, ast.Name | ast.Attribute)}
    return found


def _leaves(call: Call, loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    """Whether the loop ends in the same block right after, as a search does."""
    for parent in call.module.file.ancestors(call.node):
        body = getattr(parent, "body", [])
        if isinstance(body, list) and any(isinstance(item, ast.Break | ast.Return) for item in body):
            return True
        if parent is loop:
            break
    return False


def _guarded(call: Call, outer: ast.AST) -> bool:
    """Whether a condition inside lets it happen only at times: `if epoch == 0`."""
    for parent in call.module.file.ancestors(call.node):
        if parent is outer:
            return False
        if isinstance(parent, ast.If | ast.IfExp):
            return True
    return False


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
