"""Writes a fixed seed in the place of one that differs in each run."""

from __future__ import annotations

import ast

from reprocheck.rulekit import AddImport, Call, Edit, Fix, Kind, ReplaceExpression, Safety
from reprocheck_rules.randomness.seed_values import DEFAULT, seed_for

_STARTS = frozenset({"main", "__init__", "cli"})
"""Functions that run once for a program or an object: a fixed seed in another one repeats the same numbers."""


def fixed_source(call: Call, node: ast.expr, source: ast.Call) -> Fix | None:
    """What repairs a seed that is taken from a source which changes, as far as the same file shows where."""
    if ast.unparse(source.func) == "hash":
        return _steady_hash(call, source)
    if not _runs_once(call):
        return None
    if any(part is source for part in ast.walk(node)):
        return _fixed(call, node, seed_for(call.module, call.scope, call.site.order))
    bindings = call.scope.lookup(node.id) or () if isinstance(node, ast.Name) else ()
    if len(bindings) != 1 or bindings[0].kind is not Kind.ASSIGN or bindings[0].value is None:
        return None
    value = bindings[0].value
    return _fixed(call, value, DEFAULT) if any(part is source for part in ast.walk(value)) else None


def fixed_call(call: Call) -> Fix | None:
    """A seed where a call gives none."""
    if call.node.keywords or len(call.node.args) > 1 or not _runs_once(call):
        return None
    function = ast.unparse(call.node.func)
    if call.name == "torch.seed":
        if not isinstance(call.site.statement, ast.Expr):
            return None  # what it returns is the seed
        function = f"{function.removesuffix('seed')}manual_seed"
    elif call.entry is None or not call.entry.seed_argument:
        return None
    return _fixed(call, call.node, f"{function}({seed_for(call.module, call.scope, call.site.order)})")


def fixed_default(call: Call, default: ast.expr) -> Fix:
    """A default seed that is the same each time."""
    return _fixed(call, default, DEFAULT)


def _fixed(call: Call, node: ast.expr, text: str) -> Fix:
    return Fix("seed with a fixed number", Safety.UNSAFE, (ReplaceExpression(call.module.span(node), text),))


def _runs_once(call: Call) -> bool:
    """Whether a place is reached once: outside of loops, in no function that each sample or worker may call."""
    function = call.scope.enclosing("function")
    if call.site.loop is not None:
        return False
    return function is None or getattr(function.node, "name", "") in _STARTS


def _steady_hash(call: Call, source: ast.Call) -> Fix | None:
    """A checksum of the same text, which no process salts."""
    match source.args:
        case [ast.Constant(value=str() as text)] if text.isascii():
            given = repr(text.encode())
        case [ast.JoinedStr() as text]:
            given = f"{ast.unparse(text)}.encode()"
        case _:
            return None
    edits: tuple[Edit, ...] = (
        AddImport("zlib"),
        ReplaceExpression(call.module.span(source), f"zlib.crc32({given})"),
    )
    return Fix("take a checksum, which is the same in each process", Safety.UNSAFE, edits)
