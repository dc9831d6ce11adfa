"""Edits of expressions: arguments, wrapped and replaced expressions."""

from __future__ import annotations

import ast

import libcst as cst

from reprocheck.fix.changes import Change, RefusedError, around
from reprocheck.fix.page import Page
from reprocheck.model.fix import RemoveArgument, ReplaceExpression, SetArgument, WrapExpression
from reprocheck.model.place import Span

_ATOMS = (
    ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Dict, ast.Set, ast.ListComp,
    ast.DictComp, ast.SetComp, ast.JoinedStr,
)  # fmt: skip
_ROOMY = (
    cst.Arg, cst.Assign, cst.AnnAssign, cst.AugAssign, cst.Return, cst.Expr, cst.If, cst.While, cst.For, cst.Index,
    cst.Element, cst.DictElement, cst.Param, cst.Annotation, cst.Assert,
)  # fmt: skip
"""Where any expression may stand without parentheses."""
_LINE_LIMIT = 99
"""Characters of a line that a new argument may fill."""
_NEEDS_PARENTHESES = (cst.Tuple, cst.Yield, cst.GeneratorExp, cst.NamedExpr)


def set_argument(page: Page, edit: SetArgument) -> list[Change]:
    """Give a keyword argument or another value for it."""
    call = page.find(edit.span, cst.Call)
    for argument in call.args:
        if argument.keyword is not None and argument.keyword.value == edit.name:
            return [Change(*page.outer(argument.value), edit.value)]
    new = f"{edit.name}={edit.value}"
    if not call.args:
        place = page.ranges[call][1] - 1
        return [Change(place, place, new, alone=True)]
    last = call.args[-1]
    start, end = page.ranges[last]
    comma = isinstance(last.comma, cst.Comma)
    alone = [Change(start, start, "("), Change(end, end, ")")] if _bare_generator(page, call) else []
    if not page.begins_line(start):
        return [*alone, Change(end, end, _separator(page, call, end, new) + new)]
    return [*alone, *_on_own_line(page, call, last, new, comma=comma)]


def _separator(page: Page, call: cst.Call, end: int, new: str) -> str:
    """What stands between the last argument and a new one: a new line where a line would get too long."""
    line = page.line_start(end)
    closing = page.ranges[call][1] - 1
    fits = page.line_end(end) - line + len(new) <= _LINE_LIMIT
    if fits or not page.begins_line(closing) or page.line_start(closing) == line:
        return ", "
    return f",{page.newline}{page.indent(end)}"


def _on_own_line(page: Page, call: cst.Call, last: cst.Arg, new: str, *, comma: bool) -> list[Change]:
    start, end = page.ranges[last]
    indent = page.newline + page.indent(start)
    if not comma:
        rest = page.text[end : page.line_end(end)]
        if "#" not in rest or page.ranges[call][1] <= page.line_end(end):
            return [Change(end, end, f",{indent}{new}")]
        stop = page.line_end(end)
        return [Change(end, end, ",", alone=True), Change(stop, stop, f"{indent}{new}", alone=True)]
    behind = page.ranges[last.comma][1] if isinstance(last.comma, cst.Comma) else end
    rest = page.text[behind : page.line_end(behind)].strip()
    place = page.line_end(behind) if not rest or rest.startswith("#") else behind
    return [Change(place, place, f"{indent}{new},")]


def _bare_generator(page: Page, call: cst.Call) -> bool:
    """`f(x for x in y)`: a second argument needs parentheses around the first."""
    if len(call.args) != 1 or not isinstance(call.args[0].value, cst.GeneratorExp):
        return False
    start, end = page.ranges[call.args[0]]
    return page.text[start] != "(" or page.text[end - 1] != ")"


def remove_argument(page: Page, edit: RemoveArgument) -> list[Change]:
    """Take a keyword argument of a call, or a parameter of a function, away."""
    node = page.find(edit.span, (cst.Call, cst.FunctionDef))
    if isinstance(node, cst.Call):
        named = [a for a in node.args if a.keyword is not None and a.keyword.value == edit.name]
        members: list[cst.CSTNode] = list(node.args)
    elif isinstance(node, cst.FunctionDef):
        parameters = node.params
        lone = parameters.kwonly_params if isinstance(parameters.star_arg, cst.ParamStar) else ()
        if len(lone) == 1 and lone[0].name.value == edit.name and parameters.star_kwarg is None:
            return _without_star(page, [*parameters.posonly_params, *parameters.params, *lone], parameters)
        members = [
            *parameters.posonly_params,
            *parameters.params,
            *([parameters.star_arg] if isinstance(parameters.star_arg, cst.Param) else []),
            *parameters.kwonly_params,
            *([parameters.star_kwarg] if parameters.star_kwarg is not None else []),
        ]
        named = [p for p in members if isinstance(p, cst.Param) and p.name.value == edit.name]  # type: ignore[misc]
    if not named:
        raise RefusedError(f"`{edit.name}` isn't given there")
    return [_without(page, members, members.index(named[0]))]


def _without_star(page: Page, members: list[cst.CSTNode], parameters: cst.Parameters) -> list[Change]:
    """The last parameter behind a bare star takes the star with it."""
    end = _extent(page, members[-1])[1]
    start = _extent(page, members[-2])[1] if len(members) > 1 else page.ranges[parameters][0]
    return [Change(start, end, "")]


def _without(page: Page, members: list[cst.CSTNode], index: int) -> Change:
    start, end = _extent(page, members[index])
    comma = getattr(members[index], "comma", None)
    behind = page.ranges[comma][1] if isinstance(comma, cst.Comma) else end
    rest = page.text[behind : page.line_end(behind)].strip()
    if page.begins_line(start) and (not rest or rest.startswith("#")):
        return Change(page.line_start(start), page.next_line(behind), "")
    if index > 0:
        # With the comma in front, so that several that are taken away together leave none behind.
        above = _extent(page, members[index - 1])[1]
        if "#" not in page.text[above:start] and "*" not in page.text[above:start]:
            return Change(above, end, "")
    if index + 1 < len(members):
        following = page.text[behind : page.ranges[members[index + 1]][0]]
        if not following.strip():
            return Change(start, page.ranges[members[index + 1]][0], "")
        return Change(start, behind, "")
    if index > 0:
        return Change(_extent(page, members[index - 1])[1], end, "")
    return Change(start, behind, "")


def _extent(page: Page, member: cst.CSTNode) -> tuple[int, int]:
    """Offsets of an argument or parameter; libcst counts a parameter's default and annotation as behind it."""
    start, end = page.ranges[member]
    if isinstance(member, cst.Param):
        if member.annotation is not None:
            end = max(end, page.outer(member.annotation.annotation)[1])
        if member.default is not None:
            end = max(end, page.outer(member.default)[1])
        if isinstance(member.star, str) and member.star:
            start -= len(member.star) if page.text[start - len(member.star) : start] == member.star else 0
    return start, end


def wrap_expression(page: Page, edit: WrapExpression) -> list[Change]:
    """Hand an expression to a function."""
    start, end = page.extent(edit.span)
    closing = f", {edit.arguments})" if edit.arguments else ")"
    node = _expression(page, edit.span)
    if isinstance(node, cst.GeneratorExp) and page.text[start] == "(" and page.text[end - 1] == ")":
        holder = page.parents.get(page.parents[node])
        if isinstance(holder, cst.Call) and len(holder.args) == 1 and not edit.arguments:
            return around(start + 1, end - 1, f"{edit.function}(", ")")
    if isinstance(node, _NEEDS_PARENTHESES) and not (page.text[start] == "(" and node.lpar):
        return around(start, end, f"{edit.function}((", f"){closing}")
    return around(start, end, f"{edit.function}(", closing)


def replace_expression(page: Page, edit: ReplaceExpression) -> list[Change]:
    """Write another expression, in parentheses where it would mean something else without."""
    start, end = page.extent(edit.span)
    text = edit.text
    node = _expression(page, edit.span)
    try:
        new = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError as error:
        raise RefusedError("the new expression can't be parsed") from error
    parent = page.parents.get(node)
    fits = isinstance(new, _ATOMS) or isinstance(parent, _ROOMY) or bool(getattr(node, "lpar", ()))
    if not fits or (isinstance(new, ast.GeneratorExp | ast.Tuple) and not text.startswith("(")):
        text = f"({text})"
    return [Change(start, end, text)]


def _expression(page: Page, span: Span) -> cst.CSTNode:
    """The expression there; one in parentheses also when they belong to the span."""
    start, end = page.extent(span)
    found = page.find_range(start, end)
    if found is None and page.text[start : start + 1] == "(" and page.text[end - 1 : end] == ")":
        inner_start = start + 1 + len(page.text[start + 1 : end]) - len(page.text[start + 1 : end].lstrip())
        inner_end = start + 1 + len(page.text[start + 1 : end - 1].rstrip())
        found = page.find_range(inner_start, inner_end)
    if found is None:
        raise RefusedError("something else stands there")
    return found
