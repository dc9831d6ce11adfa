"""Loops that keep the best of what they try, and what it was measured on."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.rulekit import Binding, Kind, Module, Scope
from reprocheck.rulekit.flow import is_test_name, is_validation_name

_BEST = re.compile(r"(^|_)(best|max|min|lowest|highest)(_|$|[A-Z])", re.IGNORECASE)
_DATA = re.compile(
    r"test\w*?(loader|data|set|dl|iter|ds|gen|batch|corpus|inputs|idx|mask)|(^|_)x_?test|test_?x", re.IGNORECASE
)
_HELD_OUT_DATA = re.compile(r"train\s*=\s*False|(split|mode|subset)\s*=\s*['\"]test|['\"/]test['\"/]", re.IGNORECASE)
"""A data set that its maker calls the test set."""
_PICKS = frozenset(
    {"max", "min", "argmax", "argmin", "idxmax", "idxmin", "nanargmax", "nanargmin", "sorted", "argsort"}
)
_TOLD = frozenset(
    {"print", "info", "debug", "write", "log", "log_string", "max", "min", "float", "round", "item", "format"}
)
"""Calls that tell of a score and keep nothing."""
_STATE = re.compile(r"(^|_)(model|net|network|state|weights|params|classifier|clf)(_|$)", re.IGNORECASE)
_ORDERS = (ast.Gt, ast.Lt, ast.GtE, ast.LtE)


@dataclass(frozen=True, slots=True)
class Kept:
    """A place that keeps the best state so far by what was measured on test data."""

    node: ast.Compare
    measure: str
    data: ast.expr
    """The test data."""
    known: bool
    """Whether the data was made as a test set, rather than only called so."""
    state: bool
    """Whether more than the score itself is kept, as far as is seen."""


def kept_best(module: Module) -> Iterator[Kept]:
    """`if accuracy > best: best = accuracy; save(...)`, where the accuracy is that of test data."""
    file = module.file
    for node in module.file.every(ast.Compare):
        scope = file.scope_of(node)
        measure = _measure(node, scope)
        if measure is None or any(is_validation_name(word) for word in re.findall(r"\w+", _said(measure))):
            continue
        data = None if _is_once(module, node, scope) else _measured_on(module, measure, scope, node)
        if data is not None:
            known = _HELD_OUT_DATA.search(_made_of(module, data)) is not None
            yield Kept(node, ast.unparse(measure), data, known, _keeps_state(module, node))


def _is_once(module: Module, node: ast.Compare, scope: Scope) -> bool:
    """Whether a comparison is made once, with a best that starts in the same call: nothing is chosen from one."""
    function = scope.enclosing("function")
    if function is None or any(isinstance(a, ast.For | ast.While | ast.AsyncFor) for a in module.file.ancestors(node)):
        return False
    names = [part.id for part in (node.left, *node.comparators) if isinstance(part, ast.Name) and _BEST.search(part.id)]
    return any(
        binding.kind is Kind.ASSIGN and isinstance(binding.value, ast.Constant)
        for name in names
        for binding in function.bindings.get(name, ())
    )


def _said(measure: ast.expr) -> str:
    """What a measure is called: `metrics["val_loss"]` by both names, `evaluate(model)` by none."""
    return ast.unparse(measure) if isinstance(measure, ast.Subscript) else _last(measure)


def _keeps_state(module: Module, node: ast.Compare) -> bool:
    """Whether the branch of a comparison does more than to note the score and when it was."""
    branch = module.file.parent(node)
    if not isinstance(branch, ast.If):
        return True
    return any(
        isinstance(part, ast.Call) and _last(part.func) not in _TOLD
        for statement in branch.body
        for part in ast.walk(statement)
    ) or any(
        isinstance(value, ast.Name | ast.Attribute) and _STATE.search(_last(value)) is not None
        for statement in branch.body
        for _, value in _given(statement)
    )


def _measure(node: ast.Compare, scope: Scope) -> ast.expr | None:
    """What is compared with the best so far, when it becomes the best so far."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], _ORDERS):
        return None
    for measure, best in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
        if not isinstance(best, ast.Name | ast.Attribute) or _BEST.search(_last(best)) is None:
            continue
        is_score = isinstance(measure, ast.Name | ast.Attribute | ast.Call) or _is_entry(measure)
        if is_score and _becomes(scope, measure, best):
            return measure
    return None


def _is_entry(measure: ast.expr) -> bool:
    """`metrics["iou"]`: a score by its name among several; a position tells nothing of what it is a score of."""
    match measure:
        case ast.Subscript(value=ast.Name() | ast.Attribute(), slice=ast.Constant(value=str())):
            return True
    return False


def _becomes(scope: Scope, measure: ast.expr, best: ast.expr) -> bool:
    """`best = measure` or `best = max(measure, best)` in the same function."""
    wanted, source = ast.unparse(best), ast.unparse(measure)
    for target, value in _assigned(scope):
        if ast.unparse(target) != wanted:
            continue
        if ast.unparse(value) == source:
            return True
        if isinstance(value, ast.Call) and _last(value.func) in {"max", "min"}:
            return any(ast.unparse(argument) == source for argument in value.args)
    return False


def _assigned(scope: Scope) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets and what they are given, those of `best, lowest = model, error` one by one."""
    for node in ast.walk(scope.node):
        yield from _given(node)


def _given(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets of one assignment and what they are given."""
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        match target, node.value:
            case (ast.Tuple(elts=names), ast.Tuple(elts=values)) if len(names) == len(values):
                yield from zip(names, values, strict=True)
            case _:
                yield target, node.value


def _measured_on(module: Module, measure: ast.expr, scope: Scope, place: ast.AST) -> ast.expr | None:
    """Test data that a measure comes from; None where it isn't seen."""
    if isinstance(measure, ast.Call):
        return _in_call(module, measure)
    if isinstance(measure, ast.Name):
        line: int = place.lineno  # type: ignore[attr-defined]
        bindings = [b for b in scope.lookup(measure.id) or [] if getattr(b.node, "lineno", 0) <= line]
        if bindings and isinstance(bindings[-1].value, ast.Call):
            call = bindings[-1].value
            found = _in_call(module, call)
            if found is not None or _is_known(module, call):
                return found
    function = scope.enclosing("function")
    return _looped_over(function.node) if function is not None else None


def _is_known(module: Module, call: ast.Call) -> bool:
    """Whether a function of this file is called, whose body was looked at."""
    known = module.call(call)
    return known is not None and known.name.startswith(".")


def _in_call(module: Module, call: ast.Call) -> ast.expr | None:
    """Test data that is handed to a call, or that a function of this file goes through."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(is_validation_name(_last(argument)) for argument in given):
        return None
    for argument in given:
        if isinstance(argument, ast.Name | ast.Attribute | ast.Subscript) and _DATA.search(_named(argument)):
            return argument
    known = module.call(call)
    if known is None or not known.name.startswith("."):
        return None
    scope = next((s for s in module.file.scopes if s.kind == "function" and "." + s.qualname == known.name), None)
    return None if scope is None else _looped_over(scope.node)


def _looped_over(function: ast.AST) -> ast.expr | None:
    """Test data that a function runs over, where it runs over no other."""
    found = None
    for node in ast.walk(function):
        if isinstance(node, ast.For):
            for part in ast.walk(node.iter):
                if isinstance(part, ast.Name | ast.Attribute):
                    name = _last(part)
                    if is_validation_name(name):
                        return None
                    if _DATA.search(name) and found is None:
                        found = part
    return found


def _made_of(module: Module, data: ast.expr) -> str:
    """Source of what a loader is made of."""
    text, todo = "", [data]
    seen: set[str] = set()
    while todo and len(seen) < 6:  # noqa: PLR2004 — loader, data set, folder
        node = todo.pop()
        for name in [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]:
            if name in seen:
                continue
            seen.add(name)
            for binding in module.file.module.bindings.get(name, []) or _anywhere(module, name):
                if binding.value is not None:
                    text += ast.unparse(binding.value) + "\n"
                    todo.append(binding.value)
    return text


def _anywhere(module: Module, name: str) -> list[Binding]:
    return [b for scope in module.file.scopes for b in scope.bindings.get(name, []) if b.value is not None]


def picked_later(module: Module, loop: ast.AST, score: ast.AST) -> ast.Call | None:
    """Where the best of what a loop collects is picked; None where nothing is."""
    names = collected_names(module, loop, score)
    if not names:
        return None
    for node in module.file.every(ast.Call):
        if _last(node.func) in _PICKS and _position(node) > _position(loop):
            given = [*node.args, node.func.value] if isinstance(node.func, ast.Attribute) else node.args
            if any(_last(part) in names for argument in given for part in ast.walk(argument)):
                return node
    return None


def collected_names(module: Module, loop: ast.AST, score: ast.AST) -> set[str]:
    """Names of what a score goes into: a variable, and lists that it is added to."""
    names: set[str] = set()
    file = module.file
    statement = file.statement(score)
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            names.add(_last(target.value if isinstance(target, ast.Subscript) else target))
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(attr="append", value=owner), args=[value]):
                inside = {_last(part) for part in ast.walk(value)}
                if value is score or inside & names or any(part is score for part in ast.walk(value)):
                    names.add(_last(owner))
    return names - {""}


def kept_in_loop(module: Module, loop: ast.AST, names: set[str]) -> ast.Compare | None:
    """`if score > best` in a loop, about one of these names."""
    for node in ast.walk(loop):
        if isinstance(node, ast.Compare):
            measure = _measure(node, module.file.scope_of(node))
            if measure is not None and _last(measure) in names:
                return node
    return None


def candidates(loop: ast.AST) -> set[str]:
    """Loop variables that a constructor in the body takes: what the loop tries."""
    if not isinstance(loop, ast.For):
        return set()
    targets = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    found = set()
    for node in (part for statement in loop.body for part in ast.walk(statement)):
        if isinstance(node, ast.Call) and _last(node.func)[:1].isupper():
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                found |= {part.id for part in ast.walk(argument) if isinstance(part, ast.Name)} & targets
    return found


def test_named(text: str) -> bool:
    """Whether one of the words of a source text names test data, and none validation data."""
    words = re.findall(r"\w+", text)
    return any(is_test_name(word) for word in words) and not any(is_validation_name(word) for word in words)


def _last(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _named(node: ast.expr) -> str:
    """Name of a variable, an attribute or a constant key."""
    if isinstance(node, ast.Subscript):
        key = node.slice
        return f"{key.value}_set" if isinstance(key, ast.Constant) and isinstance(key.value, str) else _last(node.value)
    return _last(node)


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
