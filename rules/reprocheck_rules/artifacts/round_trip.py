"""Data that a function reads back after it has written it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Kind, reaching

_EXCHANGES = frozenset(
    {"all_gather", "all_gather_into_tensor", "gather", "broadcast", "recv", "irecv", "scatter", "allgather"}
)
"""Last names of collective operations that a process receives bytes through."""

_KEEPING = frozenset({"append", "appendleft", "add", "insert"})
"""Methods that put something into a collection of Python's own."""


def just_written(call: Call) -> bool:
    """Whether what is loaded was written or dumped before in the same function, on the same branch."""
    source = call.node.args[0] if call.node.args else None
    if source is None:
        return False
    if _is_dump(call, source) or _is_kept_in_memory(call, source):
        return True
    place = _place(call, source)
    for other in call.module.calls_with_role("serialiser"):
        if other.scope is not call.scope or other.site.order >= call.site.order:
            continue
        target = next((argument for name in ("file", "filename", "f") if (argument := other.argument(name))), None)
        if target is not None and _place(other, target) == place and _dominates(other, call):
            return True
    return False


def from_own_ranks(call: Call) -> bool:
    """Whether bytes are what the processes of one job have just sent each other: the same program wrote them."""
    if not call.name.endswith(".loads"):
        return False
    function = call.scope.enclosing("function")
    return function is not None and any(
        site.scope.enclosing("function") is function
        and isinstance(site.node.func, ast.Attribute)
        and site.node.func.attr in _EXCHANGES
        and (call.module.name(site.node.func, site.scope) or "").startswith(("torch.distributed.", "horovod."))
        for site in call.module.file.calls
    )


def from_own_memory(call: Call) -> bool:
    """Whether bytes come out of an attribute that the same class fills with what it has dumped: a replay buffer."""
    function = call.scope.enclosing("function")
    owner = call.scope.enclosing("class")
    if not call.name.endswith(".loads") or function is None or owner is None:
        return False
    taken = {name for node in ast.walk(function.node) if (name := _attribute_of_self(node)) is not None}
    return any(name in taken for name in _filled_with_dumps(call, owner.node))


def _filled_with_dumps(call: Call, owner: ast.AST) -> Iterator[str]:
    for node in ast.walk(owner):
        match node:
            case ast.Call(func=ast.Attribute(value=receiver, attr=method), args=[*_, kept]) if method in _KEEPING:
                name = _attribute_of_self(receiver)
            case ast.Assign(targets=[ast.Subscript(value=receiver)], value=kept):
                name = _attribute_of_self(receiver)
            case _:
                continue
        if name is not None and any(_is_dump(call, part) for part in ast.walk(kept) if isinstance(part, ast.Call)):
            yield name


def _attribute_of_self(node: ast.AST) -> str | None:
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return None


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


def _is_kept_in_memory(call: Call, source: ast.expr) -> bool:
    """Whether all that the loaded bytes can be was written in the same function: `best = buffer.getvalue()`."""
    if _is_buffer(call, source) and isinstance(source, ast.Call) and source.args:
        source = source.args[0]
    if not isinstance(source, ast.Name):
        return False
    values = _values(call, source.id)
    kept = [value for value in values if not (isinstance(value, ast.Constant) and value.value is None)]
    return bool(kept) and all(
        value is not None and (_is_dump(call, value) or _is_content(call, value)) for value in kept
    )


def _values(call: Call, name: str) -> list[ast.expr | None]:
    """All that a name of the function is given; None for what can't be told."""
    found: list[ast.expr | None] = []
    for binding in call.scope.bindings.get(name, ()):
        value = binding.value if binding.kind is Kind.ASSIGN else None
        if binding.index is not None:
            known = isinstance(value, ast.Tuple) and not any(isinstance(item, ast.Starred) for item in value.elts)
            value = value.elts[binding.index] if known and isinstance(value, ast.Tuple) else None
        found.append(value)
    return found


def _is_content(call: Call, value: ast.expr) -> bool:
    """Whether a value is what an empty buffer of the same function was filled with."""
    function = value.func if isinstance(value, ast.Call) else None
    if not isinstance(function, ast.Attribute) or function.attr not in {"getvalue", "getbuffer"}:
        return False
    owner = function.value
    made = _values(call, owner.id) if isinstance(owner, ast.Name) else []
    return bool(made) and all(
        isinstance(buffer, ast.Call) and not buffer.args and _is_buffer(call, buffer) for buffer in made
    )


def _is_buffer(call: Call, value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and call.module.name(value.func, call.scope) == "io.BytesIO"


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
