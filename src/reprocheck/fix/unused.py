"""What falls with removed code: imports, functions and constants of the module that nothing uses any more."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

from reprocheck.fix.bindings import imported_by
from reprocheck.fix.changes import Change
from reprocheck.fix.page import Page
from reprocheck.fix.statement_edits import removal

Stretch = tuple[int, int]


def without_unused(
    page: Page, changes: Sequence[Change], folded: Sequence[Stretch], keep: frozenset[str], *, definitions: bool
) -> list[Change]:
    """Removals of what only the removed code used; `keep` names what is used from elsewhere.

    `folded` are reads that became constants.
    """
    gone = [(change.start, change.end) for change in changes if change.end > change.start and not change.text.strip()]
    gone += folded
    written = " ".join(change.text for change in changes)
    uses = _uses(page)
    exported = _exported(page.tree)
    found: list[Change] = []
    while True:
        new = None
        for statement in page.tree.body:
            if not definitions and not isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            for name, take in _takings(page, statement):
                used = uses.get(name, [])
                if name in keep or name in exported or name in written or not any(_in(use, gone) for use in used):
                    continue
                if _in(page.node_extent(statement), gone) or any(_in((c.start, c.end), gone) for c in [take]):
                    continue
                own = (take.start, take.end)
                if all(_in(use, [*gone, own]) for use in used):
                    new = take
                    break
            if new is not None:
                break
        if new is None:
            return found
        found.append(new)
        gone.append((new.start, new.end))


def _in(inner: Stretch, outer: Sequence[Stretch]) -> bool:
    return any(start <= inner[0] and inner[1] <= end for start, end in outer)


def _uses(page: Page) -> dict[str, list[Stretch]]:
    found: dict[str, list[Stretch]] = {}
    for node in ast.walk(page.tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, []).append(page.node_extent(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.setdefault(node.value, []).append(page.node_extent(node))
    return found


def _exported(tree: ast.Module) -> set[str]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)):
                return {str(name.value) for name in names if isinstance(name, ast.Constant)}
            case _:
                pass
    return set()


def _takings(page: Page, statement: ast.stmt) -> Iterator[tuple[str, Change]]:
    """Names that a statement of the module's top level binds, each with the change that takes it away."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                return
            bound = list(imported_by(statement))
            if len(bound) != len(statement.names):
                return
            line = page.statement(page.node_extent(statement)[0])
            for number, (name, _) in enumerate(bound):
                take = _alias(page, line, number, len(bound))
                if take is not None:
                    yield name, take
        case ast.FunctionDef(name=name, decorator_list=[]) | ast.AsyncFunctionDef(name=name, decorator_list=[]):
            found = page.statement(page.node_extent(statement)[0])
            yield name, removal(page, [found])
        case ast.ClassDef(name=name, decorator_list=[], keywords=[]):
            found = page.statement(page.node_extent(statement)[0])
            yield name, removal(page, [found])
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant()):
            found = page.statement(page.node_extent(statement)[0])
            if isinstance(found, cst.SimpleStatementLine) and len(found.body) == 1:
                yield name, removal(page, [found])
        case _:
            pass


def _alias(page: Page, line: cst.CSTNode, number: int, count: int) -> Change | None:
    """One name of an import taken away, with the whole statement when it is the only one."""
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    if count == 1:
        return removal(page, [line])
    names = getattr(line.body[0], "names", ())
    if not isinstance(names, Sequence):
        return None
    start, end = page.ranges[names[number]]
    if number + 1 < count:
        return Change(start, page.ranges[names[number + 1]][0], "")
    return Change(page.ranges[names[number - 1]][1], end, "")
