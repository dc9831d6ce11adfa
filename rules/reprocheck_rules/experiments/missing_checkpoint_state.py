"""A checkpoint to resume from leaves out a part of the training's state.

## Why
Adam keeps two moments per weight and a scheduler its position. Resumed without them, training goes on with other steps
than it would have taken: the resumed run is another run, often with a jump in the loss, and can't be compared with one
that was never interrupted.

## Fix
Save and restore all that a step depends on: `model`, `optimizer`, `scheduler`, gradient scaler, epoch and step, and the
states of the random generators (`torch.get_rng_state()`, `torch.cuda.get_rng_state_all()`, `random.getstate()`,
`numpy.random.get_state()`).

## Notes
Reported for dictionaries that hold a model's state beside an epoch or step, or beside an optimizer: these are made
to be resumed. Weights alone, saved for inference, are silent, and so are schedulers that are told the epoch
(`last_epoch`) or stepped up to it. Without random states alone, and in files that never load a state, confidence is
low.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.rulekit import Confidence, Match, Module, Rule, reaching

rule = Rule("EXP009", "missing-checkpoint-state", __doc__)

_SAVER = re.compile(r"save_?(checkpoint|ckpt|state|model|snapshot)?$|checkpoint_?save", re.IGNORECASE)
_MODEL = re.compile(r"state_dict|model|net|weights|encoder|generator|actor", re.IGNORECASE)
_PROGRESS = re.compile(
    r"^(epochs?|steps?|iter(ation)?s?|global_?step|start_?epoch|current_?epoch|n_?iter|it|epoch_?num)$", re.IGNORECASE
)
_OPTIMIZER = re.compile(r"optim|^opt(_|$)|(^|_)opt$|solver|trainer", re.IGNORECASE)
_SCHEDULER = re.compile(r"sched|(^|_)lr_?s", re.IGNORECASE)
_RANDOM = re.compile(r"rng|random|seed", re.IGNORECASE)
_RESUMES = re.compile(r"resum|start_?(epoch|iter|step)|load_checkpoint|from_checkpoint", re.IGNORECASE)
"""What a file does that goes on with a training."""
_STEPS_SCHEDULER = re.compile(r"\b(\w*sched\w*)\.step\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Saved:
    """What a dictionary holds, by its keys and by the source of its values."""

    keys: tuple[str, ...]
    values: str


@rule.on_module(imports=("torch",), mentions=("state_dict",))
def check(module: Module) -> Iterator[Match]:
    """Every dictionary that is saved as a checkpoint."""
    if module.is_test:
        return
    seen: set[_Saved] = set()
    for site in module.file.calls:
        function = site.node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if not _SAVER.match(name) or not site.node.args:
            continue
        for argument in site.node.args[:3]:
            saved = _saved(module, argument, site.order)
            if saved is not None:
                if saved not in seen:  # one state, saved as the last and as the best
                    seen.add(saved)
                    yield from _judge(module, site.node, saved)
                break


def _judge(module: Module, node: ast.Call, saved: _Saved) -> Iterator[Match]:
    keys = " ".join(saved.keys)
    has_model = "state_dict" in saved.values and _MODEL.search(keys) is not None
    has_optimizer = any(_OPTIMIZER.search(key) for key in saved.keys) or "optim" in saved.values.lower()
    if not has_model and not has_optimizer:
        return
    progress = any(_PROGRESS.match(key) for key in saved.keys)
    if not has_optimizer:
        optimizer = _optimizer(module)
        if progress and optimizer is not None:
            yield module.match(
                node,
                "the checkpoint has the model and how far it got, but not the optimizer's state: "
                "training resumes with other steps",
                confidence=None if _RESUMES.search(module.source.text) else Confidence.LOW,
                trail=[module.note(optimizer, "the optimizer whose state is lost")],
            )
        return
    scheduler = _STEPS_SCHEDULER.search(module.source.text)
    has_scheduler = any(_SCHEDULER.search(key) for key in saved.keys) or "sched" in saved.values.lower()
    if scheduler is not None and not has_scheduler and not _moved_on(module):
        yield module.match(
            node,
            f"the checkpoint has model and optimizer, but not the state of `{scheduler.group(1)}`: "
            "the learning rate starts over when training resumes",
            confidence=_confidence(module, progress=progress),
        )
    elif progress and not any(_RANDOM.search(key) for key in saved.keys):
        yield module.match(
            node,
            "the checkpoint has no states of the random generators: a resumed run draws other batches and dropouts",
            confidence=Confidence.LOW,
        )


def _confidence(module: Module, *, progress: bool) -> Confidence:
    if not _RESUMES.search(module.source.text):
        return Confidence.LOW
    return Confidence.HIGH if progress else Confidence.MEDIUM


def _moved_on(module: Module) -> bool:
    """Whether a resumed scheduler is told the epoch, or stepped up to it."""
    if re.search(r"last_epoch\s*=", module.source.text):
        return True
    for node in module.file.every(ast.For):
        match node:
            case ast.For(iter=ast.Call(func=ast.Name(id="range")), body=body):
                if ast.unparse(body[0]).endswith(".step()") and not any(".backward(" in ast.unparse(s) for s in body):
                    return True
    return False


def _saved(module: Module, node: ast.expr, order: int) -> _Saved | None:
    """Keys and values of a dictionary that is written out, or of a name that stands for one."""
    added: list[tuple[str, str]] = []
    if isinstance(node, ast.Name):
        scope = module.file.scope_of(node)
        bindings = scope.lookup(node.id)
        binding = reaching(bindings, scope, order) if bindings else None
        if binding is None or binding.value is None:
            return None
        added = _added(module, node.id)
        node = binding.value
    pairs = _pairs(node)
    if pairs is None:
        return None
    pairs += added
    return _Saved(tuple(key for key, _ in pairs), " ".join(value for _, value in pairs))


def _pairs(node: ast.expr) -> list[tuple[str, str]] | None:
    match node:
        case ast.Dict(keys=keys, values=values) if keys:
            if any(not isinstance(key, ast.Constant) for key in keys):
                return None
            texts = [str(key.value) for key in keys if isinstance(key, ast.Constant)]
            return list(zip(texts, [ast.unparse(value) for value in values], strict=True))
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            if any(k.arg is None for k in keywords):
                return None
            return [(k.arg or "", ast.unparse(k.value)) for k in keywords]
    return None


def _added(module: Module, name: str) -> list[tuple[str, str]]:
    """`state["scheduler"] = ...` and `state.update(...)`, anywhere in the file."""
    found = []
    for node in module.file.every(ast.Assign, ast.Call):
        match node:
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=owner), slice=key)], value=value) if owner == name:
                found.append((ast.unparse(key).strip("'\""), ast.unparse(value)))
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="update")) if owner == name:
                found.append((ast.unparse(node), ast.unparse(node)))
    return found


def _optimizer(module: Module) -> ast.AST | None:
    """The optimizer that the file makes or steps."""
    for call in module.calls_with_role("optimizer"):
        return call.node
    for site in module.file.calls:
        function = site.node.func
        if not isinstance(function, ast.Attribute) or function.attr != "step":
            continue
        if re.search(r"optim|^opt", ast.unparse(function.value), re.IGNORECASE):
            return site.node
    return None


rule.flags(
    """
    import torch
    from torch import optim

    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 10)
    start_epoch = 0
    if args.resume:
        model.load_state_dict(torch.load("last.pt")["model_state_dict"])
    for epoch in range(start_epoch, 100):
        train(model, optimizer)
        scheduler.step()
        torch.save({"epoch": epoch, "model_state_dict": model.state_dict()}, "last.pt")  # expect: EXP009
        torch.save(  # expect: EXP009
            {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, "full.pt"
        )
        save_checkpoint({"step": step, "state_dict": model.state_dict()}, is_best)  # expect: EXP009
    """,
    title="Without the optimizer, without the scheduler",
)
rule.flags(
    """
    import torch
    from torch import optim

    def resume(self, path):
        self.net.load_state_dict(torch.load(path)["net"])

    def save(self, epoch):
        state = {"epoch": epoch, "net": self.net.state_dict()}
        state["best"] = self.best
        torch.save(state, "last.pt")  # expect: EXP009
        torch.save(dict(iteration=epoch, model=self.net.state_dict()), "other.pt")  # expect: EXP009

    def train(self):
        self.optimizer.step()
        torch.save(  # expect: EXP009
            {"model": self.net.state_dict(), "optim": self.optimizer.state_dict(), "epoch": 1}, "a.pt"
        )
    """,
    title="A dictionary with a name; random states",
)
rule.allows(
    """
    import random
    import numpy as np
    import torch
    from torch import optim

    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 10)
    scheduler.step()
    torch.save(model.state_dict(), "weights.pt")
    torch.save({"model": model.state_dict(), "classes": classes}, "inference.pt")
    state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    state["scheduler"] = scheduler.state_dict()
    state["rng"] = torch.get_rng_state()
    torch.save(state, "last.pt")
    torch.save({"epoch": 3, "loss": losses}, "history.pt")
    torch.save(features, "features.pt")
    torch.save({**state, "epoch": 3}, "unknown.pt")
    """,
    title="Weights for inference, everything, a history",
)
rule.allows(
    """
    import torch

    model.load_state_dict(torch.load("weights.pt"))
    torch.save({"epoch": 3, "model": model.state_dict()}, "converted.pt")
    """,
    title="No training here",
)
