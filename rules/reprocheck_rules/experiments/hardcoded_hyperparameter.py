"""Learning rate, batch size or epochs written as literals inside training code.

## Why
Whoever tries another value edits the code, so that a result belongs to a state of the file and not to a recorded
configuration. Runs can't be compared by their settings, sweeps need a rewrite, and copies of the script drift apart.

## Fix
Move the values to options, a configuration file or named constants at the head of the script, and log them with the
run.

## Notes
One finding per file, with every literal in its trail. Values in variables, options, keyword defaults, constants of the
module and configuration objects are not reported; nor are notebooks, tests, benchmarks, modules that train nothing, and
the batch sizes of evaluations. Where a tracker's autologging records the values, confidence is low.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Call, CallSite, Confidence, Kind, Match, Module, Rule
from reprocheck_rules.experiments.hyperparameter_names import KINDS, MAIN

rule = Rule("EXP001", "hardcoded-hyperparameter", __doc__, confidence="medium")

_TRAINS = r"\.backward\(|\.fit\(|\.fit_generator\(|GradientTape|\.minimize\(|value_and_grad|training_step|jax\.grad\("
_CONFIGURATION = re.compile(r"(^|/)[^/]*(config|settings|hparams|hyperparam|params|defaults|constants)[^/]*(\.py$|/)")
_MEASURES = re.compile(r"(^|[/_])bench(mark)?s?([/_.]|$)")
"""Files that measure how fast something is: what they train is thrown away."""
_EVALUATION = re.compile(
    r"(^|[_.])(val|valid|validation|test|dev|eval|evaluation|infer|predict)|(val|test|eval)(_?(data)?loader|_?dl|set)$"
)
_FITS = frozenset({"fit", "fit_generator", "fit_one_cycle", "partial_fit"})
_TRAINERS = frozenset({"lightning.pytorch.Trainer", "xgboost.train", "lightgbm.train"})
_ROLES = frozenset({"optimizer", "scheduler", "loader", "estimator"})
_SHOWN = 3
_TRAIL = 10


class _Literal(NamedTuple):
    """One hyper-parameter in the code."""

    kind: str
    shown: str
    node: ast.expr


@rule.on_module(contains=_TRAINS)
def check(module: Module) -> Iterator[Match]:
    """One finding for the literals of a script."""
    if module.notebook or module.is_test or _CONFIGURATION.search(module.path) or _MEASURES.search(module.path):
        return
    found = [*_of_calls(module), *_of_fits(module), *_of_loops(module)]
    main = {literal.kind for literal in found} & MAIN
    if not main:
        return
    found.sort(key=lambda literal: (literal.node.lineno, literal.node.col_offset))
    # Each kind once, the ones that matter most first.
    first_of: dict[str, _Literal] = {}
    for literal in sorted(found, key=lambda literal: literal.kind not in MAIN):
        first_of.setdefault(literal.kind, literal)
    shown = [literal.shown for literal in list(first_of.values())[:_SHOWN]]
    more = f" and {len(found) - len(shown)} more" if len(found) > len(shown) else ""
    verb = "stands as a literal" if len(found) == 1 else "stand as literals"
    message = (
        f"`{'`, `'.join(shown)}`{more} {verb} in training code: another value is another edit, not another setting"
    )
    start = next(literal for literal in found if literal.kind in MAIN)
    trail = [module.note(literal.node, literal.shown) for literal in found[:_TRAIL]] if len(found) > 1 else []
    recorded = any(call.name.endswith(".autolog") for call in module.calls)
    yield module.match(start.node, message, confidence=Confidence.LOW if recorded else None, trail=trail)


def _of_calls(module: Module) -> Iterator[_Literal]:
    """Arguments of optimizers, schedules, loaders, estimators and trainers."""
    for call in module.calls:
        entry = call.entry
        roles = entry.roles if entry is not None else frozenset()
        if (roles.isdisjoint(_ROLES) and call.name not in _TRAINERS) or ("loader" in roles and _evaluates(call)):
            continue
        names = dict.fromkeys((*(entry.arguments if entry is not None else ()), *_keywords(call)))
        for name in names:
            node = call.argument(name) if name in KINDS else None
            if node is not None and _matters(node, name) and not _configures(call):
                yield _Literal(KINDS[name], f"{name}={ast.unparse(node)}", node)


def _keywords(call: Call) -> list[str]:
    return [keyword.arg for keyword in call.node.keywords if keyword.arg is not None]


def _evaluates(call: Call) -> bool:
    """Whether what a loader is assigned to says that it feeds an evaluation."""
    statement = call.site.statement
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return any(_EVALUATION.search(ast.unparse(target).lower()) is not None for target in targets)


def _configures(call: Call) -> bool:
    function = call.scope.enclosing("function")
    return function is not None and "config" in function.name.lower() and "configure" not in function.name.lower()


def _of_fits(module: Module) -> Iterator[_Literal]:
    """`epochs` and `batch_size` of any `fit`, whatever the model is."""
    for site in module.file.calls:
        function = site.node.func
        if isinstance(function, ast.Attribute) and function.attr in _FITS:
            yield from _of_fit(site)


def _of_fit(site: CallSite) -> Iterator[_Literal]:
    for keyword in site.node.keywords:
        name = keyword.arg
        if name in KINDS and _matters(keyword.value, name):
            yield _Literal(KINDS[name], f"{name}={ast.unparse(keyword.value)}", keyword.value)


def _of_loops(module: Module) -> Iterator[_Literal]:
    """`for epoch in range(100)`."""
    for scope in module.file.scopes:
        for name, bindings in scope.bindings.items():
            if "epoch" not in name.lower() and name.lower() != "ep":
                continue
            for binding in bindings:
                stop = _stop(binding.value) if binding.kind is Kind.LOOP and scope.kind != "comprehension" else None
                if stop is not None and binding.value is not None:
                    yield _Literal("epochs", f"for {name} in {ast.unparse(binding.value)}", stop)


def _stop(iterable: ast.expr | None) -> ast.expr | None:
    """Where a range ends, when that is a literal or a start plus a literal."""
    while isinstance(iterable, ast.Call) and iterable.args:
        name = ast.unparse(iterable.func).rpartition(".")[2]
        if name in {"range", "trange", "xrange"}:
            stop = iterable.args[min(1, len(iterable.args) - 1)]
            if isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Add):
                stop = stop.right if isinstance(stop.right, ast.Constant) else stop.left
            return stop if isinstance(stop, ast.Constant) and isinstance(stop.value, int) and stop.value > 1 else None
        if name not in {"tqdm", "track", "enumerate", "trange"}:
            return None
        iterable = iterable.args[0]
    return None


def _matters(node: ast.expr, name: str) -> bool:
    """Whether a value is a literal that sets something: neither 0 nor a batch or epoch of one."""
    match node:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float() as value):
            return value != 0 and (value != 1 or KINDS[name] not in {"batch size", "epochs", "steps"})
        case ast.Tuple() | ast.List():
            return bool(node.elts) and all(_matters(element, "betas") for element in node.elts)
        case ast.BinOp(left=ast.Constant(), right=ast.Constant() | ast.UnaryOp(operand=ast.Constant())):
            return True
    return False


rule.flags(
    """
    import torch
    from torch.utils.data import DataLoader

    def main():
        loader = DataLoader(dataset, batch_size=64, shuffle=True)  # expect: EXP001
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        for epoch in range(100):
            for x, y in loader:
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
    """,
    title="a training script",
)
rule.flags(
    """
    from tensorflow import keras

    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")  # expect: EXP001
    model.fit(x_train, y_train, batch_size=32, epochs=20)
    """
)
rule.flags(
    """
    import torch

    class Classifier(LightningModule):
        def training_step(self, batch, batch_idx):
            return self.loss(batch)

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters(), lr=3e-4, weight_decay=0.05)  # expect: EXP001
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 30, gamma=0.1)]
    """
)
rule.flags(
    """
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=200, max_depth=8, random_state=0)  # expect: EXP001
    model.fit(x_train, y_train)
    """
)
rule.flags(
    """
    import torch

    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    loader = torch.utils.data.DataLoader(data, batch_size=128)  # expect: EXP001
    for epoch in range(start_epoch, start_epoch + 200):
        loss(model(next(iter(loader)))).backward()
    """
)
rule.flags(
    """
    import torch

    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)  # expect: EXP001
    for epoch in range(args.epochs):
        loss(model(batch)).backward()
    """,
    title="one literal among options",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader

    LEARNING_RATE = 1e-3
    BATCH_SIZE = 64

    def train(config, epochs=10):
        loader = DataLoader(dataset, batch_size=BATCH_SIZE)
        optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, weight_decay=config.weight_decay)
        for epoch in range(epochs):
            loss(model, loader).backward()
    """
)
rule.allows(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()
    loader = torch.utils.data.DataLoader(data, batch_size=args.batch_size)
    evaluation = torch.utils.data.DataLoader(test, batch_size=100)
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    loss.backward()
    """
)
rule.allows(
    """
    import torch

    def optimizer_for(model):
        return torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    """,
    title="a module that trains nothing",
)
rule.allows(
    """
    import torch

    def test_training_reduces_loss():
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for epoch in range(5):
            loss(model).backward()
            optimizer.step()
    """,
    file="tests/test_training.py",
)
rule.allows(
    """
    import time
    import torch

    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    start = time.time()
    for step in range(100):
        loss(model(batch)).backward()
        optimizer.step()
    print(time.time() - start)
    """,
    file="src/bench/throughput.py",
    title="How fast it is, not what it learns",
)
