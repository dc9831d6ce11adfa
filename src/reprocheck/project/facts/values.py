"""Turns expressions into symbolic values and conditions."""

from __future__ import annotations

import ast

from reprocheck.project.facts.model import Test, TestKind, Value, ValueKind
from reprocheck.project.python.file import PythonFile, reaching
from reprocheck.project.python.scopes import Binding, Kind, Scope
from reprocheck.project.python.values import HOLE

_DEPTH = 6
"""Assignments through which a local name is followed."""
_REBOUND = 64
"""Bindings beyond which a name is not followed to a value."""
_TEXT_LIMIT = 200
_TEST_DEPTH = 20
"""Levels of `and`, `or` and `not` in one condition; decoding many more would overflow."""
_KEY_LIMIT = 40
"""Keys of one dictionary that are kept."""
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_DISPLAYS: dict[type[ast.expr], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Tuple: "tuple",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
}
_UNKNOWN_TEST = Test(TestKind.UNKNOWN)


class ValueReader:
    """Symbolic values of one module's expressions."""

    def __init__(self, file: PythonFile) -> None:
        """Values are read lazily; nothing is kept."""
        self._file = file

    def value(self, node: ast.expr, scope: Scope, order: int, depth: int = _DEPTH) -> Value | None:
        """What an expression stands for, seen from `scope` at evaluation step `order`."""
        kind = node.__class__
        if kind is ast.Constant:
            constant = node.value  # type: ignore[attr-defined]
            if constant is None or isinstance(constant, str | int | float):
                if isinstance(constant, str) and len(constant) > _TEXT_LIMIT:
                    return None
                if isinstance(constant, int) and not -(1 << 63) <= constant < (1 << 63):
                    return None
                return Value(ValueKind.CONSTANT, constant)
            return None
        if kind is ast.Call and _made_of_keywords(node):
            return Value(ValueKind.DISPLAY, "dict", _keys(node))  # type: ignore[arg-type]
        if kind is ast.Name or kind is ast.Attribute or kind is ast.Subscript or kind is ast.Call:
            return self._reference(node, scope, order, depth)
        if kind is ast.UnaryOp:
            operand = node.operand  # type: ignore[attr-defined]
            if isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant):  # type: ignore[attr-defined]
                number = operand.value
                if isinstance(number, int | float) and abs(number) < 1 << 63:
                    return Value(ValueKind.CONSTANT, -number)
            return None
        if kind is ast.JoinedStr:
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else HOLE
                for part in node.values  # type: ignore[attr-defined]
            )
            return Value(ValueKind.TEXT, text[:_TEXT_LIMIT])
        if kind is ast.Lambda:
            return Value(ValueKind.DISPLAY, "lambda")
        if kind is ast.Dict:
            return Value(ValueKind.DISPLAY, "dict", _keys(node))  # type: ignore[arg-type]
        display = _DISPLAYS.get(kind)
        return Value(ValueKind.DISPLAY, display) if display is not None else None

    def _reference(self, node: ast.expr, scope: Scope, order: int, depth: int) -> Value | None:
        path: list[str] = []
        root = node
        while True:
            if isinstance(root, ast.Attribute):
                path.append("." + root.attr)
                root = root.value
            elif isinstance(root, ast.Subscript) and isinstance(root.slice, ast.Constant):
                key = root.slice.value
                path.append("." + key if isinstance(key, str) else "[]")
                root = root.value
            elif isinstance(root, ast.Call) and (key_read := _key_read(root)) is not None:
                path.append("." + key_read)
                root = root.func.value  # type: ignore[attr-defined]
            else:
                break
        joined = "".join(reversed(path))
        if isinstance(root, ast.Name):
            local = self._local(root, scope, order, depth, joined)
            if local is not None:
                return local
        resolved = self._file.resolve(root, scope, order)
        if resolved is None or (resolved.endswith("parse_args()") and not self._always_options(root, scope, resolved)):
            return None
        return Value(ValueKind.NAME, resolved + joined)

    def _always_options(self, root: ast.expr, scope: Scope, resolved: str) -> bool:
        """Whether a name stands for parsed options wherever it is bound, and never for something else."""
        bindings = scope.lookup(root.id) if isinstance(root, ast.Name) else None
        return all(
            binding.value is None or self._file.resolve(binding.value, binding.scope, binding.order) == resolved
            for binding in bindings or ()
            if binding.kind is Kind.ASSIGN
        )

    def _local(self, name: ast.Name, scope: Scope, order: int, depth: int, path: str) -> Value | None:
        """A parameter, the instance, or the value of a local variable."""
        bindings = scope.lookup(name.id)
        binding = reaching(bindings, scope, order) if bindings else None
        if binding is None:
            return None
        if binding.kind is Kind.PARAMETER:
            return _parameter(binding, name.id, path)
        if binding.kind is not Kind.ASSIGN or binding.value is None or binding.index is not None or depth <= 0:
            return None
        count = len(bindings or ())
        if count > _REBOUND or (count > 1 and any(_is_alternative(other, binding) for other in bindings or ())):
            return None
        if binding.scope.kind in {"module", "class"}:
            # A name that other modules can change: keep the name, not today's value.
            outer = binding.scope.qualname
            if isinstance(binding.value, ast.Call | ast.Attribute | ast.Name):
                inner = self.value(binding.value, binding.scope, binding.order, depth - 1)
                if inner is not None and inner.kind is ValueKind.NAME:
                    return Value(ValueKind.NAME, f"{inner.value}{path}")
            return Value(ValueKind.NAME, f".{outer}.{name.id}{path}" if outer else f".{name.id}{path}")
        inner = self.value(binding.value, binding.scope, binding.order, depth - 1)
        if inner is None or not path:
            return inner
        if inner.kind is ValueKind.PARAMETER or inner.kind is ValueKind.SELF:
            return Value(inner.kind, inner.value, inner.path + path)
        return Value(ValueKind.NAME, f"{inner.value}{path}") if inner.kind is ValueKind.NAME else None

    def test(self, node: ast.expr, scope: Scope, order: int, depth: int = _TEST_DEPTH) -> Test:
        """A condition in symbolic form; deeply nested parts are not told."""
        if depth <= 0:
            return _UNKNOWN_TEST
        match node:
            case ast.BoolOp():
                kind = TestKind.AND if isinstance(node.op, ast.And) else TestKind.OR
                return Test(kind, tuple(self.test(part, scope, order, depth - 1) for part in node.values))
            case ast.UnaryOp(op=ast.Not()):
                return Test(TestKind.NOT, (self.test(node.operand, scope, order, depth - 1),))
            case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
                return Test(TestKind.MAIN)
            case ast.Compare(ops=[operator], comparators=[right]):
                return Test(
                    TestKind.COMPARE,
                    (),
                    _OPERATORS[operator.__class__],
                    self.value(node.left, scope, order),
                    self.value(right, scope, order),
                )
            case ast.NamedExpr():
                return self.test(node.value, scope, order, depth - 1)
        value = self.value(node, scope, order)
        return _UNKNOWN_TEST if value is None else Test(TestKind.TRUTH, (), "", value)


def _key_read(call: ast.Call) -> str | None:
    """The key of `mapping.get("key")` and `mapping.pop("key")`."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr in {"get", "pop"} and call.args:
        key = call.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return key.value
    return None


def _is_alternative(other: Binding, binding: Binding) -> bool:
    """Whether another run of the same code may take the value from there."""
    branch = binding.branch
    if other.branch is not branch:
        return True
    if branch is None or other is binding:
        return False
    return _part(branch, other) != _part(branch, binding)


def _part(branch: ast.stmt, binding: Binding) -> int:
    """Position of the case that a binding stands in; of other statements 0 for the body and 1 for what follows it."""
    line: int = binding.node.lineno  # type: ignore[attr-defined]
    bodies = [case.body for case in branch.cases] if isinstance(branch, ast.Match) else [branch.body]  # type: ignore[attr-defined]
    return sum(line > (body[-1].end_lineno or 0) for body in bodies)


def _made_of_keywords(node: ast.expr) -> bool:
    """Whether a call is `dict(a=..., b=...)`."""
    function = node.func  # type: ignore[attr-defined]
    return function.__class__ is ast.Name and function.id == "dict" and not node.args  # type: ignore[attr-defined]


def _keys(node: ast.Dict | ast.Call) -> str:
    """Keys of a dictionary as a path; `*` stands for those that aren't written out."""
    if isinstance(node, ast.Call):
        names = [keyword.arg or "*" for keyword in node.keywords[:_KEY_LIMIT]]
    else:
        keys = node.keys[:_KEY_LIMIT]
        names = [key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "*" for key in keys]
    if len(names) == _KEY_LIMIT:
        names[-1] = "*"
    joined = "".join("." + name for name in names)
    return joined if len(joined) <= _TEXT_LIMIT else joined[:_TEXT_LIMIT] + ".*"


def _parameter(binding: Binding, name: str, path: str) -> Value:
    function = binding.scope
    if function.kind == "function" and function.parent is not None and function.parent.kind == "class":
        arguments = function.node.args  # type: ignore[attr-defined]
        first = arguments.posonlyargs[:1] or arguments.args[:1]
        if first and first[0].arg == name and name in {"self", "cls"}:
            return Value(ValueKind.SELF, None, path)
    return Value(ValueKind.PARAMETER, name, path)
