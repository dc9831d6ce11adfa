"""Imports: what a fix needs is imported once, where imports stand, under the name that the module has for it."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Mapping

import libcst as cst

from reprocheck.fix.bindings import bound_by, imported_by
from reprocheck.fix.changes import Change, RefusedError
from reprocheck.fix.page import Page, Statement
from reprocheck.fix.statement_edits import before_all, head_of, is_docstring
from reprocheck.model.fix import AddImport
from reprocheck.project.source import SourceText

_BUILTINS = frozenset(dir(builtins))


class Names:
    """What the names of a module are bound to, as far as imports care."""

    def __init__(self, page: Page) -> None:
        """Reads all imports and all other bindings once."""
        self.page = page
        self.imported: list[tuple[str, str, ast.stmt]] = []
        """Local name, what it stands for, and the statement; those of the module's top level in order."""
        self.targets: dict[str, set[str]] = {}
        """What each imported name stands for, wherever it is imported."""
        self.bound: set[str] = set()
        """Names that are bound otherwise than by an import."""
        for node in ast.walk(page.tree):
            self.bound.update(bound_by(node))
            if isinstance(node, ast.Import | ast.ImportFrom):
                for local, target in imported_by(node):
                    self.targets.setdefault(local, set()).add(target)
        for statement in page.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self.imported += [(local, target, statement) for local, target in imported_by(statement)]

    def local(self, target: str, before: int) -> str | None:
        """The name that the module has for something from a place on."""
        for local, found, statement in self.imported:
            if found == target and self.means_only(local, target) and self.page.node_extent(statement)[1] <= before:
                return local
        return None

    def means_only(self, name: str, target: str) -> bool:
        """Whether a name can't mean anything else anywhere in the module."""
        return name not in self.bound and self.targets.get(name, {target}) == {target}


def add_import(names: Names, edit: AddImport, before: int) -> tuple[list[Change], dict[str, str]]:
    """Changes that import something, and what the texts of the fix have to say in place of its own spelling.

    `before` is the offset of the first use.
    """
    spelled = edit.alias or edit.name or edit.module.partition(".")[0]
    target = f"{edit.module}:{edit.name}" if edit.name else edit.module
    plain = not edit.name and not edit.alias
    local = names.local(edit.module.partition(".")[0] if plain else target, before)
    if local is not None:
        return [], {spelled: local} if local != spelled else {}
    if not edit.name and edit.alias and (whole := names.local(edit.module, before)) is not None:
        return [], {spelled: whole}
    if not names.means_only(spelled, spelled if plain else target):
        raise RefusedError(f"`{spelled}` means something else in this file")
    return [_new_import(names, edit, before)], {}


def _line(edit: AddImport) -> str:
    behind = f" as {edit.alias}" if edit.alias else ""
    return f"from {edit.module} import {edit.name}{behind}" if edit.name else f"import {edit.module}{behind}"


def _new_import(names: Names, edit: AddImport, before: int) -> Change:
    page = names.page
    line = _line(edit)
    if edit.name and not edit.alias and (joined := _joined(page, edit, before)) is not None:
        return joined
    head = [s for s in head_of(page) if page.end(s) <= before]
    if edit.module == "__future__":
        docstrings = [s for s in head if is_docstring(s)]
        return _behind(page, docstrings[-1], line) if docstrings else _first(page, line, apart=False)
    members = [s for s in head if not is_docstring(s)]
    ordinary = [s for s in members if not _is_future(s)]
    own = _rank(edit.module)
    if not ordinary:
        above = head[-1] if head else None
        return _first(page, line, apart=True) if above is None else _behind(page, above, page.newline + line)
    ranked = [(_rank(_module_of(s)), s) for s in ordinary]
    group = [s for rank, s in ranked if rank == own]
    if not group:
        below = [s for rank, s in ranked if rank > own]
        if below and ranked[0][1] is below[0]:
            place = page.comments_above(below[0])
            return Change(place, place, line + page.newline * 2)
        earlier = [s for rank, s in ranked if rank < own] or [s for _, s in ranked]
        return _behind(page, earlier[-1], page.newline + line)
    return _in_group(page, group, edit, line)


def _in_group(page: Page, group: list[Statement], edit: AddImport, line: str) -> Change:
    """By the alphabet where the others stand so; else behind the last of its form."""
    alike = [s for s in group if _sort_key(s)[0] == bool(edit.name)]
    below = [s for s in group if _sort_key(s) > _key_of(edit)] if _in_order(group) else []
    if not below and alike:
        return _behind(page, alike[-1], line)
    if not below and edit.name:
        return _behind(page, group[-1], line)
    first = below[0] if below else group[0]
    place = page.comments_above(first)
    return Change(place, place, line + page.newline)


def _behind(page: Page, statement: Statement, text: str) -> Change:
    place = page.line_end(page.end(statement))
    return Change(place, place, page.newline + text)


def _first(page: Page, line: str, *, apart: bool) -> Change:
    place = before_all(page)
    return Change(place, place, line + page.newline * (2 if apart else 1))


def _joined(page: Page, edit: AddImport, before: int) -> Change | None:
    """The name put behind the others of `from MODULE import ...`, where that stands on one line."""
    for statement in head_of(page):
        if page.end(statement) > before or not isinstance(statement, cst.SimpleStatementLine):
            continue
        match statement.body:
            case [cst.ImportFrom(names=[*aliases], lpar=None, relative=[]) as found]:
                same_line = page.line_start(page.begin(statement)) == page.line_start(page.end(statement))
                if same_line and _module_of(statement) == edit.module and found.module is not None:
                    end = page.ranges[aliases[-1]][1]
                    return Change(end, end, f", {edit.name}")
            case _:
                pass
    return None


def _is_future(statement: Statement) -> bool:
    return _module_of(statement) == "__future__"


def _module_of(statement: Statement) -> str:
    """The first module that a statement imports; relative ones begin with a dot."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return ""
    match statement.body[0]:
        case cst.Import(names=[alias, *_]):
            return _dotted(alias.name)
        case cst.ImportFrom(module=module, relative=dots):
            return "." * len(dots) + (_dotted(module) if module is not None else "")
        case _:
            return ""


def _dotted(node: cst.BaseExpression) -> str:
    return f"{_dotted(node.value)}.{node.attr.value}" if isinstance(node, cst.Attribute) else getattr(node, "value", "")


def _rank(module: str) -> int:
    """Standard library, other distributions, the project's own by their dot."""
    if module.startswith("."):
        return 2
    return 0 if module.partition(".")[0] in sys.stdlib_module_names else 1


def _sort_key(statement: Statement) -> tuple[bool, str]:
    is_from = isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.ImportFrom)
    return (is_from, _module_of(statement).casefold())


def _key_of(edit: AddImport) -> tuple[bool, str]:
    return (bool(edit.name), edit.module.casefold())


def _in_order(group: list[Statement]) -> bool:
    keys = [_sort_key(statement) for statement in group]
    return keys == sorted(keys)


def respelled(text: str, renamed: Mapping[str, str]) -> str:
    """Source of an expression or of statements with other names for what is imported under others."""
    if not renamed or not text.strip():
        return text
    source = SourceText("", text)
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    lines = list(source.lines)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in renamed]
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        column = source.column(node.lineno, node.col_offset) - 1
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = line[:column] + renamed[node.id] + line[column + len(node.id) :]
    return "\n".join(lines)


def check_builtins(names: Names, texts: Iterable[str]) -> None:
    """Refuse texts that use a builtin whose name means something else in the module."""
    for text in texts:
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        own = {name for node in ast.walk(tree) for name in bound_by(node)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Name) or node.id not in _BUILTINS or node.id in own:
                continue
            if node.id in names.bound or node.id in names.targets:
                raise RefusedError(f"`{node.id}` means something else in this file")
