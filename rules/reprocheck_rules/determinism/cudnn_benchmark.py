"""cuDNN's autotuner picks convolution algorithms by racing them, so two runs may use different ones.

## Why
With `torch.backends.cudnn.benchmark = True`, cuDNN times several algorithms for each new input shape and keeps the
fastest. Which one wins depends on what else the machine is doing. The algorithms add numbers in different orders, so
the same code, data and seeds end in different weights.

## Fix
Set `torch.backends.cudnn.benchmark = False` (and `torch.backends.cudnn.deterministic = True`) for runs that must be
repeatable, or make it an option that a deterministic mode switches off.

## Notes
A value that comes from an option, and an assignment under a condition about determinism or a seed, are reported with
low confidence: somebody thought of the choice. `benchmark = False` and `not deterministic` are never reported.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import (
    UNKNOWN,
    Call,
    Confidence,
    Fix,
    Kind,
    Mapping,
    Match,
    Module,
    ReplaceExpression,
    ReplaceText,
    Rule,
    Safety,
    Scalar,
    TreeView,
    reaching,
    walk,
)

rule = Rule("DET001", "cudnn-benchmark", __doc__)

_CHOICE = re.compile(r"determin|seed|reproduc|benchmark|repeatab", re.IGNORECASE)
_RESTORED = re.compile(r"(^|_)(old|prev|previous|orig|original|saved|backup|before)(_|$)", re.IGNORECASE)
_OWN_KEY = re.compile(r"(^|[._])cudnn[._-]?benchmark$", re.IGNORECASE)
_TRAINER_FILE = re.compile(r"(^|/)trainers?/[^/]+\.ya?ml$")
_TITLE = "turn the autotuner off"
_WHY = "so cuDNN picks algorithms by timing them and runs with equal seeds can differ"


@rule.on(ast.Assign, ast.AnnAssign)
def check_assignment(node: ast.Assign | ast.AnnAssign, module: Module) -> Iterator[Match]:
    """`torch.backends.cudnn.benchmark = ...`, and configuration written in Python."""
    for target, value in _pairs(node):
        match target:
            case ast.Attribute(attr="benchmark"):
                if module.name(target.value) == "torch.backends.cudnn":
                    yield from _judge(node, value, module)
            case ast.Name(id="cudnn_benchmark"):
                if isinstance(value, ast.Constant) and value.value is True and not module.imports("torch"):
                    message = f"`cudnn_benchmark` is on, {_WHY}"
                    yield module.match(node, message, confidence=Confidence.MEDIUM, fix=_off(value, module))


@rule.on_call(
    "torch.backends.cudnn.flags",
    "lightning.pytorch.Trainer",
    "lightning.Trainer",
    "lightning.pytorch.Trainer.from_argparse_args",
)
def check_call(call: Call) -> Iterator[Match]:
    """Lightning's trainer and the context manager of torch."""
    value = call.value("benchmark", 1 if call.name.endswith("flags") else None)
    callee = call.name.rpartition(".")[2]
    if value is True:
        given = call.argument("benchmark", 1 if call.name.endswith("flags") else None)
        message = f"`{callee}(benchmark=True)` turns the autotuner on, {_WHY}"
        yield call.match(message, at=given, fix=_off(given, call.module))


@rule.on_module(contains=r"cudnn_benchmark\s*(=|['\"]\s*:)\s*True")
def check_configuration(module: Module) -> Iterator[Match]:
    """`dict(cudnn_benchmark=True)` and `{"cudnn_benchmark": True}`."""
    for node in module.file.every(ast.Call, ast.Dict):
        match node:
            case ast.Call(func=ast.Name(id="dict")):
                pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
            case ast.Dict():
                pairs = [
                    (str(key.value) if isinstance(key, ast.Constant) else None, value)
                    for key, value in zip(node.keys, node.values, strict=True)
                ]
            case _:
                continue
        for key, value in pairs:
            if key == "cudnn_benchmark" and isinstance(value, ast.Constant) and value.value is True:
                message = f"the configuration turns `cudnn_benchmark` on, {_WHY}"
                yield module.match(value, message, confidence=Confidence.MEDIUM, fix=_off(value, module))


@rule.on_tree
def check_tree(tree: TreeView) -> Iterator[Match]:
    """Configuration keys that plainly mean the autotuner."""
    for root in tree.document.roots:
        trainer_file = _TRAINER_FILE.search(tree.path) is not None or _is_trainer(root)
        for path, node in walk(root):
            if not isinstance(node, Scalar) or node.value is not True or not path:
                continue
            names = [str(part) for part in path]
            plain = _OWN_KEY.search(".".join(names)) is not None
            of_trainer = names[-1] == "benchmark" and (
                names[-2:-1] in (["trainer"], ["Trainer"], ["pl_trainer"], ["lightning_trainer"])
                or (len(names) == 1 and trainer_file)
            )
            if plain or of_trainer:
                confidence = None if plain or len(names) > 1 else Confidence.MEDIUM
                message = f"`{'.'.join(names)}: true` turns cuDNN's autotuner on, {_WHY}"
                written = tree.source.slice(node.span)
                edit = ReplaceText(node.span, written, "False" if written == "True" else "false")
                fix = Fix(_TITLE, Safety.UNSAFE, (edit,)) if written in _SPELLED else None
                yield Match(span=node.span, message=message, confidence=confidence, fix=fix)


_SPELLED = frozenset({"true", "True"})


def _off(value: ast.expr | None, module: Module) -> Fix | None:
    """`False` in place of a literal; what an option decides is the caller's to say."""
    if not isinstance(value, ast.Constant):
        return None
    return Fix(_TITLE, Safety.UNSAFE, (ReplaceExpression(module.span(value), "False"),))


def _pairs(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[ast.expr, ast.expr]]:
    if node.value is None:
        return
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        match target, node.value:
            case (ast.Tuple(elts=names), ast.Tuple(elts=values)) if len(names) == len(values):
                yield from zip(names, values, strict=True)
            case _:
                yield target, node.value


def _is_trainer(root: object) -> bool:
    target = root.get("_target_") if isinstance(root, Mapping) else None
    return isinstance(target, Scalar) and str(target.value).endswith(".Trainer")


def _judge(node: ast.stmt, value: ast.expr, module: Module) -> Iterator[Match]:
    known = module.literal(value)
    if known is UNKNOWN:
        confidence = _confidence_of(value, module)
        if confidence is not None:
            source = ast.unparse(value)[:60]
            yield module.match(
                node,
                f"`{source}` decides over `cudnn.benchmark`; where it is true, runs can differ",
                confidence=confidence,
            )
    elif known:
        condition = _condition(node, module)
        trail = []
        if condition is not None:
            trail.append(module.note(condition, "only under this condition"))
        yield module.match(
            node,
            f"`cudnn.benchmark = True` turns the autotuner on, {_WHY}",
            confidence=None if condition is None else Confidence.LOW,
            trail=trail,
            fix=_off(value, module),
        )


def _confidence_of(value: ast.expr, module: Module) -> Confidence | None:
    """How sure it is that an expression turns the autotuner on; None when it looks thought through."""
    match value:
        case ast.UnaryOp(op=ast.Not()):
            return None
        case ast.Call() if module.name(value.func) == "torch.cuda.is_available":
            return Confidence.MEDIUM
        case ast.Name(id=name):
            bindings = module.file.scope_of(value).lookup(name)
            binding = reaching(bindings, bindings[-1].scope, 1 << 60) if bindings else None
            if binding is not None and binding.kind is Kind.PARAMETER:
                default = binding.value
                return (
                    Confidence.MEDIUM if isinstance(default, ast.Constant) and default.value is True else Confidence.LOW
                )
            restores = binding is not None and binding.value is not None and "benchmark" in ast.unparse(binding.value)
            return None if restores or _RESTORED.search(name) else Confidence.LOW
    return None if _RESTORED.search(ast.unparse(value)) else Confidence.LOW


def _condition(node: ast.stmt, module: Module) -> ast.expr | None:
    """Test of an `if` around the statement that speaks of determinism or seeds."""
    for ancestor in module.file.ancestors(node):
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return None
        if isinstance(ancestor, ast.If) and _CHOICE.search(ast.unparse(ancestor.test)):
            return ancestor.test
    return None


rule.flags(
    """
    import torch
    import torch.backends.cudnn as cudnn
    from torch.backends import cudnn as backend

    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True  # expect: DET001
    cudnn.benchmark = True  # expect: DET001
    if torch.cuda.is_available():
        backend.benchmark = True  # expect: DET001
    cudnn.enabled, cudnn.benchmark = True, True  # expect: DET001
    FAST = True
    cudnn.benchmark = FAST  # expect: DET001
    """,
    title="through torch and its aliases",
    fixed="""
    import torch
    import torch.backends.cudnn as cudnn
    from torch.backends import cudnn as backend

    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = False
    cudnn.benchmark = False
    if torch.cuda.is_available():
        backend.benchmark = False
    cudnn.enabled, cudnn.benchmark = True, False
    FAST = True
    cudnn.benchmark = FAST
    """,
)
rule.flags(
    """
    import pytorch_lightning as pl
    from lightning.pytorch import Trainer

    trainer = pl.Trainer(max_epochs=5, benchmark=True)  # expect: DET001
    other = Trainer(
        benchmark=True,  # expect: DET001
        devices=1,
    )
    """,
    title="through Lightning",
    fixed="""
    import pytorch_lightning as pl
    from lightning.pytorch import Trainer

    trainer = pl.Trainer(max_epochs=5, benchmark=False)
    other = Trainer(
        benchmark=False,
        devices=1,
    )
    """,
)
rule.flags(
    """
    import torch

    def setup(seed, benchmark=True):
        torch.backends.cudnn.benchmark = benchmark  # expect: DET001

    def setup_fast(args):
        torch.backends.cudnn.benchmark = args.fast  # expect: DET001
        if not args.deterministic:
            torch.backends.cudnn.benchmark = True  # expect: DET001
    """,
    title="from an option, with less confidence",
)
rule.flags(
    """
    env_cfg = dict(
        cudnn_benchmark=True,  # expect: DET001
        mp_cfg=dict(mp_start_method="fork"),
    )
    """,
    file="configs/default_runtime.py",
)
rule.flags(
    """
    trainer:
      max_epochs: 10
      benchmark: true  # expect: DET001
    env:
      cudnn_benchmark: true  # expect: DET001
    """,
    file="configs/train.yaml",
    fixed="""
    trainer:
      max_epochs: 10
      benchmark: false
    env:
      cudnn_benchmark: false
    """,
)
rule.flags(
    """
    _target_: lightning.pytorch.trainer.Trainer
    benchmark: true  # expect: DET001
    """,
    file="configs/trainer/default.yaml",
)
rule.allows(
    """
    import torch
    from torch.backends import cudnn

    cudnn.benchmark = False
    torch.backends.cudnn.benchmark = not args.deterministic
    torch.backends.cudnn.deterministic = True
    previous = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = previous
    if torch.backends.cudnn.benchmark:
        print("autotuner is on")
    runner.benchmark = True
    # torch.backends.cudnn.benchmark = True
    """,
    title="off, restored, or somebody else's attribute",
)
rule.allows(
    """
    from lightning.pytorch import Trainer

    trainer = Trainer(max_epochs=5, benchmark=False)
    quiet = Trainer(deterministic=True)
    """
)
rule.allows(
    """
    benchmark: true
    suite:
      benchmark: true
    trainer:
      benchmark: false
    """,
    file="config.yaml",
)
