"""Kernels are chosen by timing them at run time, so two runs may compute with different ones.

## Why
`torch.compile(mode="max-autotune")` and `triton.autotune` race several kernels and keep the fastest. Which one wins
depends on the GPU and on what else it does. They divide sums differently, so equal seeds can end in other numbers.

## Fix
The default mode for runs that must repeat; or keep the choice: Inductor's cache folder (`TORCHINDUCTOR_CACHE_DIR`)
saved with the run, `cache_results=True` for Triton.

## Notes
A note, off by default. An autotuner with a single configuration has nothing to choose and is silent.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Fix, Match, Module, RemoveArgument, Rule, Safety

rule = Rule("DET013", "compile-autotune", __doc__, severity="note")

_MODES = frozenset({"max-autotune", "max-autotune-no-cudagraphs"})
_FLAGS = frozenset({"max_autotune", "max_autotune_gemm", "max_autotune_pointwise", "coordinate_descent_tuning"})
_VARIABLES = frozenset({"TORCHINDUCTOR_MAX_AUTOTUNE", "TORCHINDUCTOR_MAX_AUTOTUNE_GEMM"})
_WHY = "kernels are chosen by timing them, and two runs may choose differently"


@rule.on_call("torch.compile", "torch._dynamo.optimize")
def check_compile(call: Call) -> Iterator[Match]:
    """`torch.compile(model, mode="max-autotune")`, and the same as an option."""
    if call.value("mode") in _MODES:
        edit = RemoveArgument(call.module.span(call.node), "mode")
        fix = Fix("compile in the default mode", Safety.UNSAFE, (edit,))
        yield call.match(f'`mode="{call.value("mode")}"`: {_WHY}', at=call.argument("mode"), fix=fix)
    options = call.argument("options")
    if isinstance(options, ast.Dict) and any(_switches_on(key, value) for key, value in _items(options)):
        yield call.match(f"autotuning is on in `options`: {_WHY}", at=options)


def _items(node: ast.Dict) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    return zip(node.keys, node.values, strict=True)


def _switches_on(key: ast.expr | None, value: ast.expr) -> bool:
    named = isinstance(key, ast.Constant) and key.value in _FLAGS
    return named and isinstance(value, ast.Constant) and value.value is True


@rule.on_call("triton.autotune")
def check_triton(call: Call) -> Iterator[Match]:
    """`@triton.autotune(configs=[...])`."""
    configs = call.argument("configs", 0)
    single = isinstance(configs, ast.List) and len(configs.elts) == 1 and isinstance(configs.elts[0], ast.Call)
    if not single and call.value("cache_results") is not True:
        yield call.match(f"`triton.autotune`: {_WHY}")


@rule.on_module(imports=("torch",), mentions=("max_autotune", "coordinate_descent_tuning", "environ"))
def check_flags(module: Module) -> Iterator[Match]:
    """`torch._inductor.config.max_autotune = True`, and its environment variable."""
    for site in module.file.sets:
        target, value = site.target, site.value
        if value is None:
            continue
        if isinstance(target, ast.Attribute) and target.attr in _FLAGS:
            owner = module.file.resolve(target.value, site.scope, site.order) or ""
            on = isinstance(value, ast.Constant) and value.value is True
            if on and owner.startswith("torch._inductor.config"):
                yield module.match(target, f"`{target.attr}` is on: {_WHY}")
        elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            on = isinstance(value, ast.Constant) and value.value == "1"
            if on and target.slice.value in _VARIABLES:
                yield module.match(target, f"`{target.slice.value}` is set: {_WHY}")


rule.flags(
    """
    import os
    import torch
    import torch._inductor.config as inductor

    model = torch.compile(model, mode="max-autotune")  # expect: DET013
    step = torch.compile(mode="max-autotune-no-cudagraphs")(step)  # expect: DET013
    fast = torch.compile(model, options={"max_autotune": True})  # expect: DET013
    inductor.max_autotune = True  # expect: DET013
    torch._inductor.config.coordinate_descent_tuning = True  # expect: DET013
    os.environ["TORCHINDUCTOR_MAX_AUTOTUNE"] = "1"  # expect: DET013
    """,
    title="PyTorch",
    fixed={
        "example.py": """
        import os
        import torch
        import torch._inductor.config as inductor

        model = torch.compile(model)
        step = torch.compile()(step)
        fast = torch.compile(model, options={"max_autotune": True})
        inductor.max_autotune = True
        torch._inductor.config.coordinate_descent_tuning = True
        os.environ["TORCHINDUCTOR_MAX_AUTOTUNE"] = "1"
        """,
    },
)
rule.flags(
    """
    import triton
    import triton.language as tl

    @triton.autotune(configs=[triton.Config({"BLOCK": 64}), triton.Config({"BLOCK": 128})], key=["n"])  # expect: DET013
    @triton.jit
    def add(x, y, n, BLOCK: tl.constexpr):
        pass
    """,
    title="Triton",
)
rule.allows(
    """
    import os
    import re
    import torch
    import triton

    model = torch.compile(model)
    model = torch.compile(model, mode="reduce-overhead")
    pattern = re.compile("max-autotune")
    torch._inductor.config.max_autotune = False
    settings.max_autotune = True
    os.environ["TORCHINDUCTOR_MAX_AUTOTUNE"] = "0"

    @triton.autotune(configs=[triton.Config({"BLOCK": 64})], key=["n"])
    @triton.jit
    def one(x):
        pass

    @triton.autotune(configs=choices, key=["n"], cache_results=True)
    @triton.jit
    def kept(x):
        pass
    """,
    title="Other modes, switched off, one configuration, a kept choice",
)
