"""Conditions whose value is known: what runs stays, the rest goes."""

from __future__ import annotations

import libcst as cst

from reprocheck.fix.changes import Change, RefusedError
from reprocheck.fix.page import Page, Statement
from reprocheck.fix.statement_edits import removal
from reprocheck.model.fix import KeepBranch

_PURE = (cst.Name, cst.Attribute, cst.Comparison, cst.Integer, cst.SimpleString, cst.UnaryOperation)


def keep_branch(page: Page, edit: KeepBranch) -> list[Change]:
    """Replace what asks a condition by what runs when it has that value."""
    node: cst.CSTNode = page.find(edit.span, cst.BaseExpression)
    holds = edit.holds
    while True:
        parent = page.parents[node]
        match parent:
            case cst.UnaryOperation(operator=cst.Not()):
                node, holds = parent, not holds
            case cst.BooleanOperation():
                decides = holds is isinstance(parent.operator, cst.Or)
                if not decides:
                    return [_other_operand(page, parent, node)]
                if node is parent.right and not isinstance(parent.left, _PURE):
                    raise RefusedError("the condition does something besides")
                node = parent
            case cst.If() if node is parent.test:
                return _if(page, parent, holds=holds)
            case cst.While() if node is parent.test and not holds:
                return _while(page, parent)
            case cst.IfExp() if node is parent.test:
                kept = parent.body if holds else parent.orelse
                return _instead(page, parent, kept)
            case cst.CompIf() if holds:
                start, end = page.ranges[parent]
                return [Change(_behind_word(page, start), end, "")]
            case _:
                raise RefusedError("the value is used for more than a choice")


def _behind_word(page: Page, offset: int) -> int:
    while page.text[offset - 1] in " \t":
        offset -= 1
    return offset


def _other_operand(page: Page, operation: cst.BooleanOperation, node: cst.CSTNode) -> Change:
    """`KNOWN and other`: the other one stays."""
    left, right = page.outer(operation.left), page.outer(operation.right)
    if node is operation.left:
        return Change(left[0], right[0], "")
    return Change(left[1], right[1], "")


def _instead(page: Page, choice: cst.IfExp, kept: cst.BaseExpression) -> list[Change]:
    start, end = page.ranges[choice]
    inner_start, inner_end = page.outer(kept)
    return [
        change for change in (Change(start, inner_start, ""), Change(inner_end, end, "")) if change.end > change.start
    ]


def _if(page: Page, statement: cst.If, *, holds: bool) -> list[Change]:
    parent = page.parents[statement]
    other = statement.orelse
    if isinstance(parent, cst.If) and parent.orelse is statement:
        return _elif(page, statement, holds=holds)
    if holds:
        return _body_only(page, statement, statement.body)
    match other:
        case None:
            return [removal(page, [statement])]
        case cst.If():
            start = page.ranges[statement][0]
            below = page.ranges[other][0]
            # `elif` becomes the `if`.
            return [Change(start, below + len("el"), "")]
        case _:
            return _body_only(page, statement, other.body)


def _elif(page: Page, statement: cst.If, *, holds: bool) -> list[Change]:
    start, end = page.ranges[statement]
    other = statement.orelse
    if holds:
        changes = [Change(start, page.outer(statement.test)[1], "else")]
        if other is not None:
            changes.append(Change(page.line_start(page.ranges[other][0]), page.next_line(end), ""))
        return changes
    if other is not None:
        return [Change(page.line_start(start), page.line_start(page.ranges[other][0]), "")]
    return [Change(page.line_start(start), page.next_line(end), "")]


def _while(page: Page, statement: cst.While) -> list[Change]:
    if statement.orelse is None:
        return [removal(page, [statement])]
    return _body_only(page, statement, statement.orelse.body)


def _body_only(page: Page, statement: cst.If | cst.While, body: cst.BaseSuite) -> list[Change]:
    """Keep the statements of one block, at the indentation of the statement that held it."""
    page.block(statement)
    begin, end = page.begin(statement), page.end(statement)
    top = page.line_start(begin)
    if isinstance(body, cst.SimpleStatementSuite):
        start, stop = page.ranges[body]
        changes = [Change(begin, start, ""), Change(stop, page.line_end(end), "")]
        return [change for change in changes if change.end > change.start]
    assert isinstance(body, cst.IndentedBlock)
    members = [member for member in body.body if isinstance(member, Statement)]
    if all(_does_nothing(member) for member in members):
        return [removal(page, [statement])]
    first = page.line_start(page.begin(members[0]))
    first = min(first, _comments_below_head(page, body, first))
    stop = page.next_line(page.end(members[-1]))
    changes = [Change(top, first, "")]
    changes += _dedented(page, first, stop, page.indent(begin), page.indent(page.begin(members[0])))
    rest = page.next_line(end)
    if rest > stop:
        changes.append(Change(stop, rest, ""))
    return changes


def _does_nothing(statement: Statement) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(isinstance(s, cst.Pass) for s in statement.body)


def _comments_below_head(page: Page, body: cst.IndentedBlock, first: int) -> int:
    """Offset of the line behind the one that the block's colon stands on: comments there belong to the body."""
    header = page.ranges[body.header.newline][1] if body.header.newline in page.ranges else first
    while header < first and page.blank_line(header):
        header = page.next_line(header)
    return header


def _dedented(page: Page, start: int, end: int, indent: str, inner: str) -> list[Change]:
    if not inner.startswith(indent):
        raise RefusedError("tabs and spaces are mixed")
    strings = page.inside_strings()
    first, last = page.table.place(start)[0], page.table.place(max(start, end - 1))[0]
    changes = []
    for number in range(first, last + 1):
        line = page.table.starts[number - 1]
        if number in strings:
            continue
        if page.text.startswith(inner, line):
            changes.append(Change(line + len(indent), line + len(inner), ""))
        else:
            extra = page.indent(line)
            if extra.startswith(indent) and len(extra) > len(indent) and not page.blank_line(line):
                changes.append(Change(line + len(indent), line + len(extra), ""))
    return changes
