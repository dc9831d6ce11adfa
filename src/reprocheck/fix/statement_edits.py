"""Edits of statements: new ones, others in their place, none, or the same elsewhere."""

from __future__ import annotations

import textwrap

import libcst as cst

from reprocheck.fix.changes import Change, RefusedError
from reprocheck.fix.dependence import stands_in_the_way
from reprocheck.fix.page import Page, Statement
from reprocheck.model.fix import InsertStatements, MoveStatements, ReplaceStatements, Where

_IMPORTS = (cst.Import, cst.ImportFrom)


def insert_statements(page: Page, edit: InsertStatements) -> list[Change]:
    """Add statements by one that is there."""
    if edit.where is Where.MODULE_TOP:
        return [_at_top(page, edit.text)]
    start, _ = page.extent(edit.span)
    if edit.where is Where.FIRST_IN_BODY:
        return [_first_in_body(page, page.statement(start), edit.text)]
    before = edit.where is not Where.AFTER
    if edit.where is Where.BEFORE_BLOCK:
        statement = _outermost(page, page.statement(start))
    else:
        statement = lone_statement(page, start, first=before)
    page.block(statement)
    begin = page.begin(statement)
    text = page.indented(edit.text, page.indent(begin))
    if before:
        place = page.comments_above(statement)
        # What begins with a comment of its own stays apart from what comes before it.
        heads = place < page.line_start(begin) and place > 0 and page.blank_line(page.line_start(place - 1))
        apart = edit.where is Where.BEFORE_BLOCK and heads
        return [Change(place, place, text + page.newline * (1 + apart))]
    place = page.line_end(page.end(statement))
    return [Change(place, place, page.newline + text)]


def _outermost(page: Page, statement: Statement) -> Statement:
    """The statement around another that stands directly in a function, a main guard, a class or the module."""
    while True:
        above = page.parents.get(page.block(statement))
        if not isinstance(above, Statement) or isinstance(above, cst.FunctionDef | cst.ClassDef) or _is_main(above):
            return statement
        statement = above


def _is_main(statement: Statement) -> bool:
    return isinstance(statement, cst.If) and "__name__" in cst.Module([]).code_for_node(statement.test)


def lone_statement(page: Page, offset: int, *, first: bool) -> Statement:
    """The statement with lines of its own at a place; refused where it shares its line in a way that matters.

    `first` asks that nothing stands in front of it on its line, else that nothing stands behind it.
    """
    statement = page.statement(offset)
    match statement:
        case cst.SimpleStatementLine(body=[_]):
            return statement
        case cst.SimpleStatementLine(body=small):
            wanted = small[0] if first else small[-1]
            start, end = page.ranges[wanted]
            if start <= offset < end:
                return statement
            raise RefusedError("the statement shares its line with another one")
        case _:
            for suite in page.suites(statement):
                start, end = page.ranges[suite]
                if start <= offset < end:
                    raise RefusedError("the statement stands on the line of another one")
            return statement


def _first_in_body(page: Page, statement: Statement, text: str) -> Change:
    body = getattr(statement, "body", None)
    if not isinstance(body, cst.IndentedBlock):
        raise RefusedError("the body stands on the line of its head")
    first = body.body[0]
    if not isinstance(first, Statement):
        raise RefusedError("the body is no block")
    if isinstance(statement, cst.FunctionDef | cst.ClassDef) and is_docstring(first):
        place = page.line_end(page.end(first))
        return Change(place, place, page.newline + page.indented(text, page.indent(page.begin(first))))
    place = page.line_start(page.begin(first))
    colon = page.next_line(page.ranges[body][0]) if page.ranges[body][0] < place else place
    place = min(place, max(colon, page.comments_above(first)))
    return Change(place, place, page.indented(text, page.indent(page.begin(first))) + page.newline)


def is_docstring(statement: cst.CSTNode) -> bool:
    """Whether a statement is nothing but a text."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString())]):
            return True
        case _:
            return False


def head_of(page: Page) -> list[Statement]:
    """The docstring and the imports that a module begins with."""
    head: list[Statement] = []
    for number, statement in enumerate(page.module.body):
        match statement:
            case cst.SimpleStatementLine(body=[cst.Import() | cst.ImportFrom(), *_]):
                head.append(statement)
            case cst.SimpleStatementLine() if number == 0 and is_docstring(statement):
                head.append(statement)
            case cst.Try(body=cst.IndentedBlock(body=members)) if all(_imports(member) for member in members):
                head.append(statement)
            case cst.SimpleStatementLine(body=[cst.Pass()]):
                pass  # a notebook's magic
            case _:
                break
    return head


def _imports(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], _IMPORTS)


def _at_top(page: Page, text: str) -> Change:
    head = head_of(page)
    written = page.indented(text, "")
    if not head:
        place = before_all(page)
        return Change(place, place, written + page.newline * 2, rank=1)
    place = page.line_end(page.end(head[-1]))
    return Change(place, place, page.newline * 2 + written, rank=1)


def before_all(page: Page) -> int:
    """Offset of the first line of code, behind a `#!` line and the comments at the top of the file."""
    for statement in page.module.body:
        return page.comments_above(statement)
    return len(page.text)


def replace_statements(page: Page, edit: ReplaceStatements) -> list[Change]:
    """Write other statements, or none, in place of those that begin inside a span."""
    start, end = page.extent(edit.span)
    decorator = page.decorator(start)
    if decorator is not None and not edit.text.strip():
        return [Change(page.line_start(page.ranges[decorator][0]), page.next_line(page.ranges[decorator][1]), "")]
    first = lone_statement(page, start, first=True)
    if page.begin(first) < start and isinstance(first, cst.SimpleStatementLine) and len(first.body) == 1:
        raise RefusedError("something else stands there")
    block = page.block(first)
    members = [s for s in block.body if isinstance(s, Statement) and start <= page.begin(s) <= max(start, end - 1)]
    if first not in members:
        members.insert(0, first)
    last = members[-1]
    if isinstance(first, cst.SimpleStatementLine) and len(first.body) > 1 and page.ranges[first.body[-1]][0] > end:
        return [_of_line(page, first, start, edit.text)]
    if not edit.text.strip():
        return [removal(page, members)]
    text = page.indented(edit.text, page.indent(page.begin(first)))
    return [Change(page.line_start(page.begin(first)), page.end(last), text)]


def _of_line(page: Page, line: cst.SimpleStatementLine, offset: int, text: str) -> Change:
    """Of several statements on one line, the first that stands there; removed with its semicolon only."""
    if text.strip():
        raise RefusedError("the statement shares its line with another one")
    for number, small in enumerate(line.body):
        start, end = page.ranges[small]
        if start <= offset < end:
            return Change(start, page.ranges[line.body[number + 1]][0], "")
    raise RefusedError("something else stands there")


def removal(page: Page, members: list[Statement]) -> Change:
    """Take statements that follow on each other away, with the comments and blank lines that were theirs alone."""
    block = page.block(members[0])
    first, last = members[0], members[-1]
    start, end = page.line_start(page.begin(first)), page.next_line(page.end(last))
    rest = [statement for statement in block.body if statement not in members]
    if not rest and isinstance(block, cst.IndentedBlock):
        stop = page.line_end(page.end(last))
        return Change(start, stop, page.indent(page.begin(first)) + "pass")
    comments = page.comments_above(first)
    opens = block.body[0] is first and isinstance(block, cst.IndentedBlock)
    apart_below = page.blank_line(end) or end >= len(page.text) or block.body[-1] is last
    apart_above = comments == 0 or opens or page.blank_line(page.line_start(comments - 1))
    if comments < start and apart_below and apart_above and not _marks(page.text[comments:start]):
        start = comments
    if end >= len(page.text) and not page.text.endswith(("\n", "\r")):
        return Change(_end_above(page, start), end, "")
    if block.body[-1] is last and isinstance(block, cst.IndentedBlock):
        while start > 0 and page.blank_line(page.line_start(start - 1)) and _end_above(page, start) > 0:
            start = page.line_start(start - 1)
    elif opens or start == 0 or page.blank_line(page.line_start(start - 1)):
        while page.blank_line(end):
            end = page.next_line(end)
    return Change(start, end, "")


def _marks(comments: str) -> bool:
    """Whether comments speak to a tool or stand at the head of a file."""
    return comments.startswith("#!") or "coding" in comments or "# %%" in comments


def _end_above(page: Page, line: int) -> int:
    """Offset of the end of the line above, in front of its line end."""
    return page.line_end(page.line_start(line - 1)) if line > 0 else 0


def move_statements(page: Page, edit: MoveStatements) -> list[Change]:
    """Move statements to before or behind another of the same block, or out of it to before what is around it."""
    start, end = page.extent(edit.span)
    to, _ = page.extent(edit.to)
    first = lone_statement(page, start, first=True)
    target = lone_statement(page, to, first=edit.where is Where.BEFORE)
    block = page.block(first)
    around = page.begin(target) < page.begin(first) < page.end(target)
    if not around and edit.where is Where.BEFORE:
        target = _in_block(page, target, block)
    if not around and block is not page.block(target):
        raise RefusedError("the statements aren't in one block")
    members = [s for s in block.body if isinstance(s, Statement) and start <= page.begin(s) <= max(start, end - 1)]
    if first not in members or target in members or (around and edit.where is not Where.BEFORE):
        raise RefusedError("the statements can't be told apart")
    top = page.comments_above(first)
    stop = page.line_end(page.end(members[-1]))
    if edit.where is Where.BEFORE:
        begin = page.line_start(page.begin(first))
        passed = page.text[page.line_start(page.begin(target)) : begin if around else top]
        if around:
            passed += f"{page.indent(page.begin(first))}pass{page.text[stop : page.line_end(page.end(target))]}"
        needed = stands_in_the_way(page.text[begin:stop], passed)
        if needed:
            raise RefusedError(f"it needs `{needed}`, which is made or changed on the way")
        place = page.comments_above(target)
        taken = _taken_out(page, members) if around else _taken(page, top, stop)
        text = page.text[max(top, taken.start) if around else top : stop]
        written = page.indented(textwrap.dedent(text), page.indent(page.begin(target))) if around else text
        return [taken, Change(place, place, written + page.newline)]
    text = page.text[top:stop]
    place = page.line_end(page.end(target))
    return [_taken(page, top, stop), Change(place, place, page.newline + text)]


def _taken(page: Page, top: int, stop: int) -> Change:
    behind = page.next_line(stop)
    return Change(top, behind, "") if behind > stop else Change(_end_above(page, top), stop, "")


def _taken_out(page: Page, members: list[Statement]) -> Change:
    """Statements gone from a block with the comments above them; where nothing is left, `pass`."""
    block = page.block(members[0])
    if all(statement in members for statement in block.body):
        return removal(page, members)
    behind = page.next_line(page.end(members[-1]))
    while block.body[0] is members[0] and page.blank_line(behind):
        behind = page.next_line(behind)
    return Change(page.comments_above(members[0]), behind, "")


def _in_block(page: Page, statement: Statement, block: object) -> Statement:
    """The statement of a block that another one stands in; the same where it stands in none of it."""
    found = statement
    while page.block(found) is not block:
        above = page.parents.get(page.block(found))
        if not isinstance(above, Statement) or isinstance(above, cst.FunctionDef | cst.ClassDef):
            return statement
        found = above
    return found
