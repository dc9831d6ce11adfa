"""Data that a function reads back after it has written it."""

from __future__ import annotations

import ast

from reprocheck.rulekit import Call, Kind, reaching


def just_written(call: Call) -> bool:
    """Whether what is loaded was written or dumped before in the same function, on the same branch."""
    source = call.node.args[0] if call.node.args else None
    if source is None:
        return False
    if _is_dump(call, source):
        return True
    place = _place(call, source)
    for other in call.module.calls_with_role("serialiser"):
        if other.scope is not call.scope or other.site.order >= call.site.order:
            continue
        target = next((argument for name in ("file", "filename", "f") if (argument := other.argument(name))), None)
        if target is not None and _place(other, target) == place and _dominates(other, call):
            return True
    return False


def _is_dump(call: Call, source: ast.expr) -> bool:
    if isinstance(source, ast.Name):
        bindings = call.scope.bindings.get(source.id)
        binding = reaching(bindings, call.scope, call.site.order) if bindings else None
        if binding is None or binding.value is None or binding.kind is not Kind.ASSIGN:
            return False
        source = binding.value
    if not isinstance(source, ast.Call):
        return False
    dumped = call.module.call(source)
    return dumped is not None and dumped.entry is not None and "serialiser" in dumped.entry.roles


def _place(call: Call, expression: ast.expr) -> str:
    """The path behind an open file, spelled as in the source; the expression itself for anything else."""
    if isinstance(expression, ast.Name):
        bindings = call.scope.bindings.get(expression.id)
        binding = reaching(bindings, call.scope, call.site.order) if bindings else None
        if binding is not None and isinstance(binding.value, ast.Call):
            opened = call.module.file.resolve(binding.value.func, call.scope, binding.order)
            if opened == "builtins.open" and binding.value.args:
                expression = binding.value.args[0]
    elif isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name) and expression.func.id == "open":
        expression = expression.args[0] if expression.args else expression
    return ast.unparse(expression)


def _dominates(earlier: Call, later: Call) -> bool:
    """Whether `later` runs only after `earlier`: no branch, or the same side of it."""
    branch = earlier.site.branch
    return branch is None or _side(earlier, branch) == _side(later, branch)


def _side(call: Call, branch: ast.stmt) -> str | None:
    """The field of a branching statement that holds a call; None when it stands outside."""
    below: ast.AST = call.node
    for ancestor in call.module.file.ancestors(call.node):
        if ancestor is branch:
            return next(
                (field for field, value in ast.iter_fields(branch) if value is below or _holds(value, below)), None
            )
        below = ancestor
    return None


def _holds(value: object, node: ast.AST) -> bool:
    return isinstance(value, list) and any(item is node for item in value)
