"""Puts the elements of sets in order where their order matters."""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import (
    AddImport,
    Call,
    Edit,
    Fix,
    Module,
    NameUses,
    ReplaceExpression,
    Safety,
    WrapExpression,
)
from reprocheck_rules.randomness.set_elements import Elements

_TAKERS = frozenset(
    {"enumerate", "zip", "map", "filter", "iter", "tqdm", "array", "asarray", "Series", "Index", "join"}
)


def sorting(module: Module, node: ast.expr, elements: Elements) -> Fix | None:
    """`sorted(...)` where a set becomes a sequence; unsafe where its elements might not be comparable."""
    safety = Safety.SAFE if elements is Elements.TEXTS else Safety.UNSAFE
    edit = _ordered(module, node)
    edits = [edit] if edit is not None else list(_at_uses(module, node))
    return Fix("sort the elements", safety, tuple(edits)) if edits else None


def _ordered(module: Module, node: ast.expr) -> Edit | None:
    """The edit that puts an expression in order right where it stands."""
    parent = module.file.parent(node)
    while isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub | ast.BitAnd | ast.BitOr | ast.BitXor):
        node, parent = parent, module.file.parent(parent)
    match parent:
        case ast.Call(func=ast.Name(id="list") as function, args=[argument], keywords=[]) if argument is node:
            return ReplaceExpression(module.span(function), "sorted")
        case ast.Call(func=ast.Name(id="tuple"), args=[argument], keywords=[]) if argument is node:
            return WrapExpression(module.span(node), "sorted")
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if node in args and name in _TAKERS:
            return WrapExpression(module.span(node), "sorted")
        case ast.For(iter=taken) if taken is node:
            return WrapExpression(module.span(node), "sorted")
        case ast.comprehension(iter=taken) if taken is node:
            owner = module.file.parent(parent)
            return None if isinstance(owner, ast.SetComp) else WrapExpression(module.span(node), "sorted")
        case _:
            return None


def _at_uses(module: Module, node: ast.expr) -> Iterator[Edit]:
    """For a set that is given a name once: the places that take its elements one after the other."""
    match module.file.parent(node):
        case ast.Assign(targets=[ast.Name() as target], value=value) if value is node:
            scope = module.file.scope_of(target)
            if len(scope.bindings.get(target.id, ())) == 1:
                for use in module.once(NameUses).uses(target):
                    edit = _ordered(module, use)
                    if edit is not None:
                        yield edit
        case _:
            return


def lasting_hash(call: Call, elements: Elements) -> Fix | None:
    """`zlib.crc32(TEXT.encode())` in place of `hash(TEXT)`."""
    argument = call.node.args[0]
    if elements is not Elements.TEXTS or isinstance(argument, ast.Tuple | ast.Starred):
        return None
    module = call.module
    text = module.source.slice(module.span(argument))
    simple = isinstance(argument, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Constant | ast.JoinedStr)
    inner = text if simple else f"({text})"
    edit = ReplaceExpression(module.span(call.node), f"zlib.crc32({inner}.encode())")
    return Fix("take a checksum that lasts", Safety.UNSAFE, (AddImport("zlib"), edit))
