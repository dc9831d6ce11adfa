"""All edits that one fix makes in one Python text, as changes of its characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from reprocheck.fix.branch_edits import keep_branch
from reprocheck.fix.changes import Change, RefusedError, together
from reprocheck.fix.expression_edits import remove_argument, replace_expression, set_argument, wrap_expression
from reprocheck.fix.folding import fold_name, reads_of
from reprocheck.fix.imports import Names, add_import, check_builtins, respelled
from reprocheck.fix.page import Page
from reprocheck.fix.statement_edits import insert_statements, move_statements, replace_statements
from reprocheck.fix.unused import without_unused
from reprocheck.model.fix import (
    AddImport,
    DropUnused,
    Edit,
    FoldName,
    InsertStatements,
    KeepBranch,
    MoveStatements,
    RemoveArgument,
    ReplaceExpression,
    ReplaceStatements,
    ReplaceText,
    SetArgument,
    Where,
    WrapExpression,
    WriteFile,
)


class PythonText:
    """One Python text that fixes are made to."""

    def __init__(self, text: str) -> None:
        """Raises RefusedError for what can't be read for changing."""
        self.page = Page(text)
        self.names = Names(self.page)

    def changes(self, edits: Sequence[Edit]) -> tuple[Change, ...]:
        """Changes of all edits of one fix; raises RefusedError when one of them can't be done."""
        imports = [edit for edit in edits if isinstance(edit, AddImport)]
        others = [edit for edit in edits if not isinstance(edit, AddImport | DropUnused)]
        found: list[Change] = []
        renamed: dict[str, str] = {}
        first_use = min((self._start(edit) for edit in others), default=len(self.page.text))
        for wanted in imports:
            changes, names = add_import(self.names, wanted, first_use)
            found += changes
            renamed.update(names)
        check_builtins(self.names, (text for edit in others for text in _texts(edit)))
        for edit in others:
            found += self._changes(_respelled(edit, renamed))
        drops = [edit for edit in edits if isinstance(edit, DropUnused)]
        if drops:
            keep = frozenset(name for edit in drops for name in edit.keep)
            definitions = any(edit.definitions for edit in drops)
            folds = [edit for edit in others if isinstance(edit, FoldName)]
            folded = [stretch for edit in folds for stretch in reads_of(self.page, edit)]
            found += without_unused(self.page, found, folded, keep, definitions=definitions)
            found = _not_inside(found)
        return together(found)

    def _start(self, edit: Edit) -> int:
        if isinstance(edit, AddImport | DropUnused | WriteFile):
            return len(self.page.text)
        if isinstance(edit, InsertStatements) and edit.where is Where.MODULE_TOP:
            return len(self.page.text)
        return self.page.extent(edit.span)[0]

    def _changes(self, edit: Edit) -> list[Change]:
        page = self.page
        match edit:
            case SetArgument():
                return set_argument(page, edit)
            case RemoveArgument():
                return remove_argument(page, edit)
            case WrapExpression():
                return wrap_expression(page, edit)
            case ReplaceExpression():
                return replace_expression(page, edit)
            case InsertStatements():
                return insert_statements(page, edit)
            case ReplaceStatements():
                return replace_statements(page, edit)
            case KeepBranch():
                return keep_branch(page, edit)
            case MoveStatements():
                return move_statements(page, edit)
            case FoldName():
                return fold_name(page, edit)
            case ReplaceText():
                start, end = page.extent(edit.span)
                if page.source.slice(edit.span) != edit.old.replace("\r\n", "\n"):
                    raise RefusedError("something else stands there")
                return [Change(start, end, edit.new)]
            case _:
                raise RefusedError("the edit isn't one of Python")


def _not_inside(changes: list[Change]) -> list[Change]:
    """Changes without those inside of what another one removes as a whole."""
    removed = [change for change in changes if change.end > change.start and not change.text.strip()]
    return [
        change
        for change in changes
        if not any(
            gone is not change
            and gone.start <= change.start
            and change.end <= gone.end
            and gone.end - gone.start > change.end - change.start
            and gone.start < change.end
            for gone in removed
        )
    ]


def _texts(edit: Edit) -> Iterable[str]:
    match edit:
        case SetArgument(value=text) | WrapExpression(function=text) | ReplaceExpression(text=text):
            yield text
        case InsertStatements(text=text) | ReplaceStatements(text=text):
            yield text
        case _:
            pass


def _respelled(edit: Edit, renamed: dict[str, str]) -> Edit:
    match edit:
        case SetArgument(value=text):
            return structs.replace(edit, value=respelled(text, renamed))
        case WrapExpression(function=text):
            return structs.replace(edit, function=respelled(text, renamed))
        case ReplaceExpression(text=text) | InsertStatements(text=text) | ReplaceStatements(text=text):
            return structs.replace(edit, text=respelled(text, renamed))
        case _:
            return edit
