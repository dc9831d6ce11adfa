"""Where a seed comes from, through variables, attributes and functions of the file, and whether it is written down."""

import ast
import re

from reprocheck.rulekit import Kind, Module, Scope, reaching

_RECORDERS = re.compile(
    r"(print|pprint|echo|info|debug|warn|warning|error|exception|critical|log|log_\w+|write\w*|dump|dumps|save\w*|savez"
    r"|add_text|add_hparams|add_param|set_tags?|to_(csv|json|yaml|pickle)|put|record\w*|register_config)"
)
_TRACKERS = ("wandb.", "mlflow.", "logging.", "loguru.", "comet_ml.", "neptune.", "aim.", "clearml.", "sacred.")
_DEPTH = 6
"""How many variables a value is followed through."""


# Where a value comes from


def source_of(
    module: Module, node: ast.expr, scope: Scope, order: int, names: set[str], depth: int = _DEPTH
) -> ast.Call | None:
    """The call that makes the value different each time; `names` collects the variables on the way."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and _changes(module, part, scope, order):
            return part
    if depth <= 0:
        return None
    for part in ast.walk(node):
        found: ast.Call | None = None
        if isinstance(part, ast.Name):
            found = _through_name(module, part.id, scope, order, names, depth)
        elif isinstance(part, ast.Attribute):
            found = _through_attribute(module, part, names)
        elif isinstance(part, ast.Call):
            found = _through_function(module, part, scope, order, depth)
        if found is not None:
            return found
    return None


def _changes(module: Module, node: ast.Call, scope: Scope, order: int) -> bool:
    name = module.name(node.func, scope, order)
    entry = module.catalog.entry(name) if name is not None else None
    if entry is None or "source-of-change" not in entry.roles:
        return False
    return entry.family != "string-hash" or (len(node.args) == 1 and _salted(module, node.args[0]) is not False)


def _salted(module: Module, node: ast.expr) -> bool | None:
    """Whether the hash of a value is salted per process, as that of a text is; None when its type isn't known."""
    match node:
        case ast.Tuple(elts=items):
            return any(_salted(module, item) is True for item in items)
        case ast.Constant(value=value):
            return isinstance(value, str | bytes)
        case ast.JoinedStr():
            return True
        case ast.Call(func=ast.Attribute(attr="lower" | "upper" | "strip" | "format" | "join" | "encode")):
            return True
    if isinstance(module.literal(node), int | float):
        return False
    return True if module.name(node) == "builtins.str" else None


def certain(module: Module, source: ast.Call) -> bool:
    """Whether it surely differs; a `hash` of something unknown may not."""
    return not (isinstance(source.func, ast.Name) and source.func.id == "hash") or bool(_salted(module, source.args[0]))


def _through_name(module: Module, name: str, scope: Scope, order: int, names: set[str], depth: int) -> ast.Call | None:
    bindings = scope.lookup(name)
    binding = reaching(bindings, scope, order) if bindings else None
    if binding is None or binding.value is None or binding.kind not in {Kind.ASSIGN, Kind.PARAMETER}:
        return None
    found = source_of(module, binding.value, binding.scope, binding.order - 1, names, depth - 1)
    if found is not None:
        names.add(name)
    return found


def _through_attribute(module: Module, node: ast.Attribute, names: set[str]) -> ast.Call | None:
    if "seed" not in node.attr.lower():
        return None
    wanted = ast.unparse(node)
    for statement in module.file.every(ast.Assign):
        if any(isinstance(target, ast.Attribute) and ast.unparse(target) == wanted for target in statement.targets):
            inside = module.file.scope_of(statement)
            found = source_of(module, statement.value, inside, 1 << 60, names, 0)
            if found is not None:
                names.add(wanted)
                if not wanted.startswith("self."):
                    names.add(wanted.partition(".")[0])
                return found
    return None


def _through_function(module: Module, node: ast.Call, scope: Scope, order: int, depth: int) -> ast.Call | None:
    name = module.name(node.func, scope, order)
    if name is None or not name.startswith("."):
        return None
    inner = next((s for s in module.file.scopes if s.kind == "function" and "." + s.qualname == name), None)
    if inner is None:
        return None
    for part in ast.walk(inner.node):
        if isinstance(part, ast.Return) and part.value is not None:
            found = source_of(module, part.value, inner, 1 << 60, set(), depth - 3)
            if found is not None:
                return found
    return None


# Whether somebody writes it down


def recorded(module: Module, names: set[str]) -> bool:
    """Whether one of these variables is printed, logged, saved or returned."""
    if not names:
        return False
    for site in module.file.calls:
        function = site.node.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if _RECORDERS.fullmatch(last) or (module.name(function, site.scope, site.order) or "").startswith(_TRACKERS):
            arguments = [*site.node.args, *(keyword.value for keyword in site.node.keywords)]
            if any(_mentions(argument, names) for argument in arguments):
                return True
    for node in module.file.every(ast.Return, ast.Dict):
        match node:
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Call) and _mentions(value, names):
                return True
            case ast.Dict(values=values) if any(_mentions(value, names) for value in values):
                return True
    return False


def _mentions(node: ast.expr, names: set[str]) -> bool:
    return any(
        isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part) in names
        for part in ast.walk(node)
        if not isinstance(part, ast.Attribute) or any("." in name for name in names)
    )
