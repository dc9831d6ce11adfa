"""Fixes: what would repair a finding, as data that somebody else carries out."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.place import Span


class Safety(StrEnum):
    """What a fix may change."""

    SAFE = "safe"
    """The same behaviour, or strictly more reproducible with no change of meaning."""
    UNSAFE = "unsafe"
    """Changes numbers, speed or an interface; done only when it is asked for."""


class Where(StrEnum):
    """Where new statements go, seen from the statement that a span stands on."""

    BEFORE = "before"
    BEFORE_BLOCK = "before-block"
    """In front of the outermost statement around it, in the same function, main guard or module."""
    AFTER = "after"
    FIRST_IN_BODY = "first-in-body"
    """First in the body of the statement, behind its docstring."""
    MODULE_TOP = "module-top"
    """Behind the module's docstring and imports, whatever the span."""


class SetArgument(msgspec.Struct, frozen=True, tag="set-argument"):
    """Give a call a keyword argument, or another value for the one that it has."""

    span: Span
    """The whole call."""
    name: str
    value: str
    """Source of the value."""
    path: str = ""


class RemoveArgument(msgspec.Struct, frozen=True, tag="remove-argument"):
    """Take a keyword argument, or a parameter, away."""

    span: Span
    """The whole call, or the function's definition."""
    name: str
    path: str = ""


class WrapExpression(msgspec.Struct, frozen=True, tag="wrap-expression"):
    """Hand an expression to a function: `sorted(EXPRESSION)`."""

    span: Span
    function: str
    """Source of what is called."""
    path: str = ""
    arguments: str = ""
    """Source of further arguments, such as `key=str`."""


class ReplaceExpression(msgspec.Struct, frozen=True, tag="replace-expression"):
    """Write another expression in place of one."""

    span: Span
    text: str
    path: str = ""


class InsertStatements(msgspec.Struct, frozen=True, tag="insert-statements"):
    """Add statements."""

    span: Span
    """Of the statement that they are placed by."""
    where: Where
    text: str
    """Source of the statements, not indented."""
    path: str = ""


class ReplaceStatements(msgspec.Struct, frozen=True, tag="replace-statements"):
    """Write other statements, or none, in place of those that begin inside a span."""

    span: Span
    text: str = ""
    """Source of the statements, not indented; empty to remove."""
    path: str = ""


class KeepBranch(msgspec.Struct, frozen=True, tag="keep-branch"):
    """Replace an `if`, a conditional expression or an operand by what runs when its condition has a value."""

    span: Span
    """Of the condition."""
    holds: bool
    """Value of the condition."""
    path: str = ""


class MoveStatements(msgspec.Struct, frozen=True, tag="move-statements"):
    """Move statements to before or behind another of the same block.

    Before, it may also stand in a block of that block, or around it, as a loop does; and nothing on the way may bind or
    change what the statements read.
    """

    span: Span
    to: Span
    where: Where
    path: str = ""


class AddImport(msgspec.Struct, frozen=True, tag="add-import"):
    """Import a module, or a name of it, unless it is there already."""

    module: str
    name: str = ""
    """Empty for `import MODULE`."""
    alias: str = ""
    path: str = ""


class FoldName(msgspec.Struct, frozen=True, tag="fold-name"):
    """Write a constant in place of a name wherever it is read, and keep of each choice on it what then runs."""

    span: Span
    """Where it is read: a function, a class, or the whole file for an empty span."""
    name: str
    """A name, or names joined by dots: `USE_EMA`, `config.USE_EMA`, `self.use_ema`; `*.use_ema` for any receiver."""
    value: bool | int | float | str | None
    path: str = ""


class DropUnused(msgspec.Struct, frozen=True, tag="drop-unused"):
    """Remove imports, and if wanted definitions of the module, that only code which the other edits remove used."""

    definitions: bool = False
    """Whether functions, classes and constants fall too."""
    keep: tuple[str, ...] = ()
    """Names that are used from elsewhere."""
    path: str = ""


class ReplaceText(msgspec.Struct, frozen=True, tag="replace-text"):
    """Write other text in place of a span; for files that aren't Python. An empty span inserts."""

    span: Span
    old: str
    """What must stand there, or the edit is refused."""
    new: str
    path: str = ""
    in_file: bool = False
    """Whether the span is one of the file itself where other spans aren't: in a notebook, of its JSON."""


class WriteFile(msgspec.Struct, frozen=True, tag="write-file"):
    """Make a file that isn't there yet."""

    path: str
    text: str


Edit = (
    SetArgument
    | RemoveArgument
    | WrapExpression
    | ReplaceExpression
    | InsertStatements
    | ReplaceStatements
    | KeepBranch
    | MoveStatements
    | AddImport
    | FoldName
    | DropUnused
    | ReplaceText
    | WriteFile
)
"""One change of one file. `path` is empty for the file of the match; spans are in the coordinates of the text that the
rule saw, which for a notebook is the module of its code cells."""


class Replacement(msgspec.Struct, frozen=True):
    """A stretch of one file and what stands there afterwards; of notebooks it is the file's own text."""

    path: str
    span: Span
    text: str


class Fix(msgspec.Struct, frozen=True):
    """What would repair a finding."""

    title: str
    """What is done, in the imperative and without a full stop: `sort the listing`."""
    safety: Safety
    edits: tuple[Edit, ...]
    reveals: tuple[str, ...] = ()
    """Codes of findings that may come to light: they are about what could not matter while this one stood."""
    replacements: tuple[Replacement, ...] = ()
    """What the edits come to in the files, where that was worked out."""
