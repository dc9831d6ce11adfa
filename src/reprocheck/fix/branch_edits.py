"""Conditions whose value is known: what runs stays, the rest goes."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import libcst as cst

from reprocheck.fix.changes import Change, RefusedError
from reprocheck.fix.page import Page, Statement
from reprocheck.fix.statement_edits import removal
from reprocheck.model.fix import KeepBranch

Scalar = bool | int | float | str | None
_PURE = (cst.Name, cst.Attribute, cst.Comparison, cst.Integer, cst.SimpleString, cst.UnaryOperation)
"""Expressions that may be dropped without a trace, as far as people write them in conditions."""
_OPERATORS: dict[type[cst.BaseCompOp], Callable[[Any, Any], bool]] = {
    cst.Equal: operator.eq,
    cst.NotEqual: operator.ne,
    cst.Is: operator.is_,
    cst.IsNot: operator.is_not,
    cst.LessThan: operator.lt,
    cst.LessThanEqual: operator.le,
    cst.GreaterThan: operator.gt,
    cst.GreaterThanEqual: operator.ge,
}


def keep_branch(page: Page, edit: KeepBranch) -> list[Change]:
    """Replace what asks a condition by what runs when it has that value."""
    return settle(page, page.find(edit.span, cst.BaseExpression), edit.holds, written=False)


def settle(page: Page, node: cst.BaseExpression, value: Scalar, *, written: bool) -> list[Change]:
    """Changes that give an expression a constant: of a choice what runs stays.

    Elsewhere the constant is `written`, or RefusedError raised.
    """
    while True:
        parent = page.parents[node]
        match parent:
            case cst.UnaryOperation(operator=cst.Not()):
                node, value = parent, not value
            case cst.Comparison(comparisons=[_]) if (outcome := _compared(parent, node, value)) is not None:
                node, value = parent, outcome
            case cst.BooleanOperation():
                decides = bool(value) is isinstance(parent.operator, cst.Or)
                if node is parent.left and not decides:
                    return [_other_operand(page, parent, node)]
                if node is parent.right:
                    if not (_is_condition(page, parent) and (not decides or isinstance(parent.left, _PURE))):
                        break
                    if not decides:
                        return [_other_operand(page, parent, node)]
                node = parent
            case cst.If() if node is parent.test:
                return _if(page, parent, holds=bool(value))
            case cst.While() if node is parent.test and not value:
                return _while(page, parent)
            case cst.IfExp() if node is parent.test:
                return _instead(page, parent, parent.body if value else parent.orelse)
            case cst.CompIf() if value:
                start, end = page.ranges[parent]
                return [Change(_behind_word(page, start), end, "")]
            case _:
                break
    if not written:
        raise RefusedError("the value is used for more than a choice")
    return [Change(*page.outer(node), repr(value))]


def _compared(comparison: cst.Comparison, node: cst.CSTNode, value: Scalar) -> bool | None:
    """Outcome of a comparison with a literal; None for anything else."""
    target = comparison.comparisons[0]
    if not (comparison.left is node or target.comparator is node):
        return None
    other = target.comparator if comparison.left is node else comparison.left
    try:
        known = ast.literal_eval(cst.Module([]).code_for_node(other))
        compare = _OPERATORS[type(target.operator)]
        return bool(compare(value, known) if comparison.left is node else compare(known, value))
    except (ValueError, SyntaxError, TypeError, KeyError):
        return None


def _is_condition(page: Page, node: cst.CSTNode) -> bool:
    """Whether only the truth of an expression counts."""
    parent = page.parents[node]
    if isinstance(parent, cst.UnaryOperation) and isinstance(parent.operator, cst.Not):
        return True
    if isinstance(parent, cst.BooleanOperation):
        return _is_condition(page, parent)
    return isinstance(parent, cst.If | cst.While | cst.IfExp | cst.CompIf | cst.Assert) and node is parent.test


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
