"""An array is made without a value and read before it is written as a whole.

## Why
`torch.empty` and `numpy.empty` hand out memory as it lies there. What is read from it differs from run to run: mostly
zeros, so that nobody notices, sometimes anything at all.

## Fix
`zeros` instead of `empty`, or write every element first. `torch.use_deterministic_algorithms(True)` fills such memory
with a fixed value, which makes the fault repeatable, not right.

## Notes
Low confidence: whether loops write everything can't always be seen. Arrays that are filled, sliced over, initialised,
handed to a call or given as `out` first are silent.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Fix, Kind, Match, Module, NameUses, ReplaceExpression, Rule, Safety, Scope

rule = Rule("DET012", "uninitialised-memory", __doc__, confidence="low")

_READS = frozenset({"sum", "mean", "max", "min", "std", "var", "norm", "dot", "matmul", "argmax", "softmax", "tolist"})
_NAMES = ("torch.empty", "torch.empty_like", "numpy.empty", "numpy.empty_like", "cupy.empty", "torch.Tensor.new_empty")


@rule.on_call(*_NAMES)
def check(call: Call) -> Iterator[Match]:
    """Memory whose first use reads it."""
    module = call.module
    if module.is_test or _is_nothing(call):
        return
    parent = module.file.parent(call.node)
    shown = call.name.rpartition(".")[2]
    if isinstance(parent, ast.BinOp) and not isinstance(parent.op, ast.MatMult):
        message = f"`{shown}` holds whatever was in memory, and the sum or product takes it up"
        yield call.match(message, fix=_zeros(call))
        return
    if isinstance(parent, ast.Attribute) and parent.attr in _READS:
        message = f"`{shown}` holds whatever was in memory, and `{parent.attr}` reads it"
        yield call.match(message, fix=_zeros(call))
        return
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
        return
    target = parent.targets[0]
    if isinstance(target, ast.Name):
        read = _first_read(module, target, call.scope)
        if read is not None:
            yield call.match(
                f"`{target.id}` holds whatever was in memory, and is read before it is written",
                trail=[module.note(read, "read here")],
                fix=_zeros(call),
            )


def _zeros(call: Call) -> Fix | None:
    """The same array, filled; what only `empty` takes is left to a person."""
    function = call.node.func
    if not isinstance(function, ast.Attribute) or any(k.arg in {None, "memory_format"} for k in call.node.keywords):
        return None
    filled = ast.unparse(ast.Attribute(function.value, function.attr.replace("empty", "zeros"), ast.Load()))
    return Fix("begin with zeros", Safety.UNSAFE, (ReplaceExpression(call.module.span(function), filled),))


def _is_nothing(call: Call) -> bool:
    """Whether a size is zero, as for an array that others are appended to."""
    return any(
        isinstance(part, ast.Constant) and part.value == 0 and not isinstance(part.value, bool)
        for argument in [*call.node.args, *(k.value for k in call.node.keywords if k.arg in {"shape", "size"})]
        for part in ast.walk(argument)
    )


def _first_read(module: Module, target: ast.Name, scope: Scope) -> ast.AST | None:
    """The first use, when it certainly reads."""
    binding = next((b for b in scope.lookup(target.id) or [] if b.node is target), None)
    if binding is None or binding.kind is not Kind.ASSIGN:
        return None
    names = module.once(NameUses)
    uses = [use for use in names.uses_of(binding, target.id) if _position(use) > _position(target)]
    changed = [
        node
        for node in ast.walk(scope.node)
        if isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == target.id
        and _position(node) > _position(target)
    ]
    first = min([*uses, *changed], key=_position, default=None)
    if first is None or any(isinstance(a, ast.Try | ast.ClassDef) for a in module.file.ancestors(first)):
        return None
    return first if _reads(module, first) else None


def _reads(module: Module, use: ast.AST) -> bool:
    if isinstance(use, ast.AugAssign):
        return True
    parent = module.file.parent(use)
    match parent:
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            return True
        case ast.Attribute(attr=name):
            return name in _READS and isinstance(module.file.parent(parent), ast.Call)
        case ast.Subscript(value=value, ctx=ast.Store()) if value is use:
            return isinstance(module.file.parent(parent), ast.AugAssign)
    return False


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


rule.flags(
    """
    import numpy as np
    import torch

    noise = torch.empty(3, 4) + 1  # expect: DET012
    total = np.empty(10).sum()  # expect: DET012

    def accumulate(batches):
        result = np.empty(10)  # expect: DET012
        for batch in batches:
            result += batch
        return result

    def histogram(values):
        counts = np.empty(5)  # expect: DET012
        for value in values:
            counts[value] += 1
        return counts

    def shifted(x):
        base = torch.empty_like(x)  # expect: DET012
        return base * 2

    def average(n):
        buffer = torch.empty(n)  # expect: DET012
        return buffer.mean()
    """,
    title="Added to, counted in, averaged",
    fixed={
        "example.py": """
        import numpy as np
        import torch

        noise = torch.zeros(3, 4) + 1
        total = np.zeros(10).sum()

        def accumulate(batches):
            result = np.zeros(10)
            for batch in batches:
                result += batch
            return result

        def histogram(values):
            counts = np.zeros(5)
            for value in values:
                counts[value] += 1
            return counts

        def shifted(x):
            base = torch.zeros_like(x)
            return base * 2

        def average(n):
            buffer = torch.zeros(n)
            return buffer.mean()
        """,
    },
)
rule.allows(
    """
    import numpy as np
    import torch
    from torch import nn

    def filled(n):
        result = np.empty(n)
        for i in range(n):
            result[i] = compute(i)
        return result.sum()

    def sliced(n):
        buffer = torch.empty(n)
        buffer[:] = 1.0
        return buffer + 1

    def initialised(n):
        weight = torch.empty(n, n)
        nn.init.xavier_uniform_(weight)
        return weight * 2

    def drawn(n):
        noise = torch.empty(n).uniform_(-1, 1)
        return noise + 1

    def given(a, b):
        out = np.empty_like(a)
        np.add(a, b, out=out)
        return out.sum()

    rows = np.empty((0, 3))
    rows = np.vstack([rows, row])
    shape = torch.empty(3).shape
    zeros = np.zeros(10)
    zeros += 1
    """,
    title="Filled, sliced over, initialised, drawn, given as out",
)
