"""Moves a fit behind the split that takes the held-out rows."""

from __future__ import annotations

import ast
import re

from reprocheck.rulekit import (
    Edit,
    Fix,
    InsertStatements,
    Module,
    NameUses,
    ReplaceExpression,
    ReplaceStatements,
    Safety,
    Where,
)

_TITLE = "fit on the training rows, behind the split"
_SPLITTER = "sklearn.model_selection.train_test_split"
_PER_ARRAY = 2
"""Names that a split gives for each array."""


def fit_behind_split(module: Module, fit: ast.AST, split: ast.AST) -> Fix | None:
    """`X_train = scaler.fit_transform(X_train)` and `X_test = scaler.transform(X_test)` behind the split.

    Only for `Z = scaler.fit_transform(X)` and `train_test_split(Z, ...)` in one block, where nothing else reads `Z`;
    and for `scaler.fit(X)`, where nothing between the two uses the scaler.
    """
    divided = module.file.parent(split)
    if not isinstance(split, ast.Call) or module.name(split.func) != _SPLITTER or not isinstance(divided, ast.Assign):
        return None
    statement = module.file.parent(fit)
    match statement, fit:
        case (
            ast.Assign(targets=[ast.Name() as made]) as fitted,
            ast.Call(func=ast.Attribute(value=fitter, attr="fit_transform"), args=[ast.Name() as data], keywords=[]),
        ):
            found = _parts(split, divided, made.id)
            if found is None or not _together(module, fitted, divided) or _read_besides(module, made, found[0]):
                return None
            return _moved(module, fitted, divided, fitter, data, found)
        case (
            ast.Expr() as fitted,
            ast.Call(
                func=ast.Attribute(value=ast.Name() as fitter, attr="fit"), args=[ast.Name() as data], keywords=[]
            ),
        ):
            found = _parts(split, divided, data.id)
            if found is None or not _together(module, fitted, divided) or _used_between(module, fitter, fit, divided):
                return None
            edits = (
                ReplaceStatements(module.span(fitted)),
                InsertStatements(module.span(divided), Where.AFTER, f"{fitter.id}.fit({found[1]})"),
            )
            return Fix(_TITLE, Safety.UNSAFE, edits)
        case _:
            return None


def _parts(split: ast.Call, divided: ast.Assign, name: str) -> tuple[ast.expr, str, str] | None:
    """The argument of a split that is a name, and the names of its two parts."""
    position = next((i for i, a in enumerate(split.args) if isinstance(a, ast.Name) and a.id == name), None)
    target = divided.targets[0]
    names = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    parts = [part.id for part in names if isinstance(part, ast.Name)]
    whole = len(parts) == len(names) == _PER_ARRAY * len(split.args)
    if position is None or not whole:
        return None
    return split.args[position], parts[2 * position], parts[2 * position + 1]


def _used_between(module: Module, fitter: ast.Name, fit: ast.Call, divided: ast.Assign) -> bool:
    return any(fit.lineno < use.lineno < divided.lineno for use in module.once(NameUses).reads(fitter.id))


def _together(module: Module, first: ast.stmt, second: ast.stmt) -> bool:
    """Whether two statements stand in one block, in this order."""
    parent = module.file.parent(first)
    if parent is not module.file.parent(second):
        return False
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and first in block and second in block:
            return block.index(first) < block.index(second)
    return False


def _read_besides(module: Module, made: ast.Name, taken: ast.expr) -> bool:
    return any(use is not taken for use in module.once(NameUses).uses(made))


def _moved(
    module: Module,
    fitted: ast.Assign,
    divided: ast.Assign,
    fitter: ast.expr,
    data: ast.Name,
    found: tuple[ast.expr, str, str],
) -> Fix | None:
    taken, train, test = found
    edits: list[Edit] = []
    if isinstance(fitter, ast.Name):
        name, remains = fitter.id, ""
    elif isinstance(fitter, ast.Call) and (name := _name_for(fitter)) and name not in module.words:
        remains = f"{name} = {module.source.slice(module.span(fitter))}"
    else:
        return None
    edits.append(ReplaceStatements(module.span(fitted), remains))
    if isinstance(taken, ast.Name) and taken.id != data.id:
        edits.append(ReplaceExpression(module.span(taken), data.id))
    lines = f"{train} = {name}.fit_transform({train})\n{test} = {name}.transform({test})"
    edits.append(InsertStatements(module.span(divided), Where.AFTER, lines))
    return Fix(_TITLE, Safety.UNSAFE, tuple(edits))


def _name_for(maker: ast.Call) -> str:
    """`scaler` for `StandardScaler()`; empty where the callee has no such name."""
    function = maker.func
    spelled = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    words = re.findall(r"[A-Z][a-z]+", spelled)
    return words[-1].lower() if words else ""
