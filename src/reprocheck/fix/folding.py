"""Constants in place of names: reads become literals, conditions on them are settled, and what runs then stays."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from reprocheck.fix.branch_edits import settle
from reprocheck.fix.changes import Change, RefusedError
from reprocheck.fix.page import Page
from reprocheck.model.fix import FoldName

Scalar = bool | int | float | str | None
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def fold_name(page: Page, edit: FoldName) -> list[Change]:
    """Changes of all reads; raises RefusedError where one of them can't be told from another name's."""
    found: list[Change] = []
    for start, end in reads_of(page, edit):
        if any(change.start <= start and end <= change.end for change in found if not change.text.strip()):
            continue  # inside of what falls already
        node = page.find_range(start, end)
        if node is None:
            raise RefusedError(f"`{edit.name}` stands where it can't be replaced")
        if isinstance(edit.value, str) and _in_text(page, node):
            raise RefusedError(f"`{edit.name}` stands inside of a text, whose quotes may be those of its value")
        found += settle(page, node, edit.value, written=True)
    return found


def _in_text(page: Page, node: cst.CSTNode | None) -> bool:
    while node is not None and not isinstance(node, cst.BaseStatement):
        if isinstance(node, cst.FormattedString | cst.TemplatedString):
            return True
        node = page.parents.get(node)
    return False


def reads_of(page: Page, edit: FoldName) -> list[tuple[int, int]]:
    """Offsets of the places that read the name, in order."""
    whole = edit.span.line == edit.span.end_line and edit.span.column == edit.span.end_column
    first, last = (0, len(page.text)) if whole else page.extent(edit.span)
    root = page.tree if whole else _root(page, first, last)
    found = [page.node_extent(node) for node in _reads(root, edit.name)]
    return sorted({place for place in found if first <= place[0] and place[1] <= last})


def _root(page: Page, first: int, last: int) -> ast.AST:
    """The function or class that stands exactly there: what it binds itself is what is meant."""
    for node in ast.walk(page.tree):
        is_scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_scope and page.node_extent(node) == (first, last):
            return node
    raise RefusedError("something else stands there")


def _reads(tree: ast.AST, name: str) -> Iterator[ast.expr]:
    receiver, _, last = name.rpartition(".")
    if receiver:
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or node.attr != last or not isinstance(node.ctx, ast.Load):
                continue
            if receiver == "*" or ast.unparse(node.value) == receiver:
                yield node
        return
    yield from _names(tree, name, shadowed=False)


def _names(node: ast.AST, name: str, *, shadowed: bool) -> Iterator[ast.Name]:
    """Reads of a name that no function around them binds for itself; the outermost binding is the one that is meant."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and child.id == name and isinstance(child.ctx, ast.Load) and not shadowed:
            yield child
        hides = isinstance(child, _SCOPES) and _binds(child, name)
        yield from _names(child, name, shadowed=shadowed or hides)


def _binds(function: ast.AST, name: str) -> bool:
    for node in ast.walk(function):
        match node:
            case ast.arg(arg=bound) if bound == name:
                return True
            case ast.Name(id=bound, ctx=ast.Store()) if bound == name:
                return True
            case _:
                pass
    return False
