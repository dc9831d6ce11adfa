"""TensorFloat-32 is switched on: products are rounded to ten bits on newer GPUs and not on older ones.

## Why
With TF32, NVIDIA GPUs since Ampere multiply matrices with a mantissa of 10 bits instead of 23. The same program gives
other numbers on an A100 than on a V100 or a CPU, often in the third digit, and results can't be compared across
generations.

## Fix
Leave it off (`allow_tf32 = False`, `set_float32_matmul_precision("highest")`) where numbers must agree between
machines; else record the setting and the GPU with the results.

## Notes
A note, off by default: the speed is often worth it. Values that come from an option are reported with low confidence.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Confidence, Fix, Match, Module, ReplaceExpression, Rule, Safety

rule = Rule("DET005", "tf32-enabled", __doc__, severity="note")

_FLAGS = frozenset({"torch.backends.cuda.matmul", "torch.backends.cudnn"})
_PRECISIONS = frozenset(
    {"torch.backends", "torch.backends.cuda.matmul", "torch.backends.cudnn", "torch.backends.cudnn.conv"}
    | {"torch.backends.cudnn.rnn"}
)
_WHY = "so products are rounded to 10 bits on GPUs since Ampere, and numbers differ from other GPUs"


@rule.on_module(imports=("torch",), mentions=("backends", "allow_tf32", "fp32_precision"))
def check_flags(module: Module) -> Iterator[Match]:
    """`torch.backends.cuda.matmul.allow_tf32 = True` and its newer spelling."""
    for site in module.file.sets:
        target, value = site.target, site.value
        if not isinstance(target, ast.Attribute) or value is None:
            continue
        name = module.file.resolve(target.value, site.scope, site.order)
        if target.attr == "allow_tf32" and name in _FLAGS:
            known = module.literal(value, site.scope, site.order)
            if known is True:
                yield _match(module, target, value, "False")
            elif known is not False and not isinstance(value, ast.Name | ast.Constant | ast.UnaryOp):
                yield _match(module, target, value, "", Confidence.LOW)
        elif target.attr == "fp32_precision" and name in _PRECISIONS and _is_tf32(module, value):
            yield _match(module, target, value, '"ieee"')


def _is_tf32(module: Module, value: ast.expr) -> bool:
    return module.literal(value) == "tf32"


def _match(
    module: Module, target: ast.Attribute, value: ast.expr, off: str, confidence: Confidence | None = None
) -> Match:
    fix = None
    if off and isinstance(value, ast.Constant):
        fix = Fix("turn TF32 off", Safety.UNSAFE, (ReplaceExpression(module.span(value), off),))
    return module.match(target, f"`{ast.unparse(target)}` turns TF32 on, {_WHY}", confidence=confidence, fix=fix)


@rule.on_call("torch.set_float32_matmul_precision")
def check_precision(call: Call) -> Iterator[Match]:
    """`torch.set_float32_matmul_precision("high")`."""
    value = call.value("precision", 0)
    given = call.argument("precision", 0)
    if value in {"high", "medium"} and given is not None:
        fix = None
        if isinstance(given, ast.Constant):
            edit = ReplaceExpression(call.module.span(given), '"highest"')
            fix = Fix("keep full precision", Safety.UNSAFE, (edit,))
        yield call.match(f'`set_float32_matmul_precision("{value}")` turns TF32 on, {_WHY}', at=given, fix=fix)


@rule.on_call("tensorflow.config.experimental.enable_tensor_float_32_execution")
def check_tensorflow(call: Call) -> Iterator[Match]:
    """TensorFlow's switch, which is on unless it is turned off."""
    if call.value("enabled", 0) is True:
        yield call.match(f"`enable_tensor_float_32_execution(True)` turns TF32 on, {_WHY}")


@rule.on_call("transformers.TrainingArguments", "transformers.Seq2SeqTrainingArguments")
def check_arguments(call: Call) -> Iterator[Match]:
    """`TrainingArguments(tf32=True)`."""
    if call.value("tf32") is True:
        yield call.match(f"`tf32=True` turns TF32 on, {_WHY}", at=call.argument("tf32"))


rule.flags(
    """
    import torch
    from torch.backends import cudnn

    torch.backends.cuda.matmul.allow_tf32 = True  # expect: DET005
    cudnn.allow_tf32 = True  # expect: DET005
    torch.backends.cuda.matmul.fp32_precision = "tf32"  # expect: DET005
    """,
    title="PyTorch's flags",
    fixed={
        "example.py": """
        import torch
        from torch.backends import cudnn

        torch.backends.cuda.matmul.allow_tf32 = False
        cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.fp32_precision = "ieee"
        """,
    },
)
rule.flags(
    """
    import torch
    import tensorflow as tf
    from transformers import TrainingArguments

    torch.set_float32_matmul_precision("high")  # expect: DET005
    torch.set_float32_matmul_precision("medium")  # expect: DET005
    tf.config.experimental.enable_tensor_float_32_execution(True)  # expect: DET005
    arguments = TrainingArguments("out", tf32=True)  # expect: DET005
    """,
    title="Calls",
)
rule.allows(
    """
    import torch
    from transformers import TrainingArguments

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    arguments = TrainingArguments("out", tf32=False)
    settings.allow_tf32 = True
    print(torch.backends.cuda.matmul.allow_tf32)
    """,
    title="Turned off, only read, of something else",
)
rule.allows(
    """
    import torch

    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = before
    """,
    title="Restored",
)
