"""Turns expressions into symbolic values and conditions."""

from __future__ import annotations

import ast
import re

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
    ast.Lambda: "lambda",
}
_UNKNOWN_TEST = Test(TestKind.UNKNOWN)
_COUNTER = re.compile(
    r"(^|_)(i|j|it|iter|iters|iterations?|n_iter|itr|step|steps|epochs?|ep|batch|batches|idx|index|count|counter|t|num"
    r"|episodes?|updates?|round|rounds|frame|total_it|niter|nb)(_?(i|num|no|id|idx|index|count|t|n))?$",
    re.IGNORECASE,
)
"""Names of what counts the turns of a loop."""
_QUERY_LIMIT = 4000
_QUERY = re.compile(r"\s*(?:select|insert|create|with|merge|update)\s", re.IGNORECASE)
_PIECES = 12
"""Operands of one text or path that are kept."""
_SPECIFIER = re.compile(r"%(?:\(\w*\))?[-+ #0]*\d*(?:\.\d+)?[sdifgrxe]")
_OF_PATHS = ("os.path.", "pathlib.", "posixpath.", "os.fspath", "builtins.str")
_JOINING = frozenset(
    {
        "os.path.join", "posixpath.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "os.fspath",
        "os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expanduser", "builtins.str",
    }
)  # fmt: skip
"""Functions whose result is the path of their arguments."""
_PATH_METHODS = frozenset({"joinpath", "resolve", "absolute", "expanduser", "as_posix", "__str__"})
_PATH_ATTRIBUTES = frozenset({"parent"})
_FIXED = frozenset({ValueKind.CONSTANT, ValueKind.TEXT})
_PARENT = Value(ValueKind.CONSTANT, "..")


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
                if isinstance(constant, str) and len(constant) > _TEXT_LIMIT and not _is_query(constant):
                    return None
                if isinstance(constant, int) and not -(1 << 63) <= constant < (1 << 63):
                    return None
                return Value(ValueKind.CONSTANT, constant)
            return None
        if kind is ast.Call and _made_of_keywords(node):
            return Value(ValueKind.DISPLAY, "dict", _keys(node))  # type: ignore[arg-type]
        if kind is ast.Name or kind is ast.Attribute or kind is ast.Subscript or kind is ast.Call:
            reference = self._reference(node, scope, order, depth)
            if reference is None or reference.kind is not ValueKind.NAME:
                return reference
            return self._with_pieces(reference, node, scope, order, depth)
        if kind is ast.UnaryOp:
            operand = node.operand  # type: ignore[attr-defined]
            if isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant):  # type: ignore[attr-defined]
                number = operand.value
                if isinstance(number, int | float) and abs(number) < 1 << 63:
                    return Value(ValueKind.CONSTANT, -number)
            return None
        if kind is ast.JoinedStr:
            return self._formatted(node, scope, order, depth)  # type: ignore[arg-type]
        if kind is ast.BinOp:
            return self._composed(node, scope, order, depth)  # type: ignore[arg-type]
        if kind is ast.Dict:
            return Value(ValueKind.DISPLAY, "dict", _keys(node))  # type: ignore[arg-type]
        display = _DISPLAYS.get(kind)
        return Value(ValueKind.DISPLAY, display) if display is not None else None

    def _formatted(self, node: ast.JoinedStr, scope: Scope, order: int, depth: int) -> Value:
        """An f-string; what it is put together from is kept where it may be a path."""
        constants = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
        if depth <= 0 or len(node.values) > _PIECES or not _may_be_path(constants):
            return Value(ValueKind.TEXT, text[:_TEXT_LIMIT])
        parts = (
            self._part(part.value if isinstance(part, ast.FormattedValue) else part, scope, order, depth - 1)
            for part in node.values
        )
        return Value(ValueKind.TEXT, text[:_TEXT_LIMIT], "", tuple(parts))

    def _composed(self, node: ast.BinOp, scope: Scope, order: int, depth: int) -> Value | None:
        """Texts put together by `+` and `%`, and paths by `/`; None for anything else."""
        operator = node.op.__class__
        if operator is ast.Mod:
            left = node.left.value if isinstance(node.left, ast.Constant) else None
            if not isinstance(left, str) or not _may_be_path([left]):
                return None
            return Value(ValueKind.TEXT, _SPECIFIER.sub(HOLE, left)[:_TEXT_LIMIT])
        if (operator is not ast.Add and operator is not ast.Div) or depth <= 0:
            return None
        leaves = _leaves(node, operator)
        texts = [leaf for leaf in leaves if _is_text(leaf)]
        constants = [str(text.value) for text in texts if isinstance(text, ast.Constant)]
        if not texts or any(" " in constant for constant in constants):
            return None
        parts = tuple(self._part(leaf, scope, order, depth - 1) for leaf in leaves)
        if operator is ast.Div:
            return Value(ValueKind.NAME, "pathlib.Path()", "", parts)
        text = "".join(
            part.value if part is not None and isinstance(part.value, str) and part.kind in _FIXED else HOLE
            for part in parts
        )
        return Value(ValueKind.TEXT, text[:_TEXT_LIMIT], "", parts)

    def _with_pieces(self, value: Value, node: ast.expr, scope: Scope, order: int, depth: int) -> Value:
        """The same value with the pieces of the path that it is, if it is one."""
        name = str(value.value)
        if depth <= 0 or value.parts or not name.startswith(_OF_PATHS):
            return value
        pieces = self._pieces(node, scope, order, depth - 1)
        return Value(value.kind, value.value, value.path, pieces) if pieces else value

    def _pieces(self, node: ast.expr, scope: Scope, order: int, depth: int) -> tuple[Value | None, ...]:
        if depth <= 0:
            return ()
        if isinstance(node, ast.Attribute):
            inner = self.value(node.value, scope, order, depth) if node.attr in _PATH_ATTRIBUTES else None
            return (inner, _PARENT) if inner is not None and node.attr == "parent" else ()
        if not isinstance(node, ast.Call) or len(node.args) > _PIECES:
            return ()
        name = self._file.resolve(node.func, scope, order)
        if name in _JOINING:
            return tuple(self._part(argument, scope, order, depth) for argument in node.args)
        if name == "os.path.dirname" and node.args:
            return (self._part(node.args[0], scope, order, depth), _PARENT)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _PATH_METHODS:
            pieces = [self.value(function.value, scope, order, depth)]
            if function.attr == "joinpath":
                pieces += [self._part(argument, scope, order, depth) for argument in node.args]
            return tuple(pieces)
        return ()

    def _part(self, node: ast.expr, scope: Scope, order: int, depth: int) -> Value | None:
        """A piece of a text or path; of a variable that isn't known the name is kept for a person."""
        value = self.value(node, scope, order, depth)
        if not isinstance(node, ast.Name):
            return value
        if node.id == "__file__":
            return Value(ValueKind.NAME, "__file__")
        is_told = value is not None and not str(value.value).endswith(("[]", "]"))
        return value if is_told else Value(ValueKind.NAME, f"?.{node.id}")

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
        is_indexed = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        if is_indexed and resolved + joined == "sys.argv[]":
            joined = joined.replace("[]", f"[{node.slice.value!r}]")  # type: ignore[attr-defined]
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
            own = f".{outer}.{name.id}{path}" if outer else f".{name.id}{path}"
            if isinstance(binding.value, ast.Call | ast.Attribute | ast.Name):
                inner = self.value(binding.value, binding.scope, binding.order, depth - 1)
                if inner is not None and inner.kind is ValueKind.NAME:
                    pieces = (Value(ValueKind.NAME, own),) if inner.parts and not path else ()
                    return Value(ValueKind.NAME, f"{inner.value}{path}", "", pieces)
            return Value(ValueKind.NAME, own)
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
            case ast.UnaryOp(op=ast.Not(), operand=ast.BinOp(op=ast.Mod(), left=counted)) if _counts(counted):
                return Test(TestKind.PERIODIC)
            case ast.UnaryOp(op=ast.Not()):
                return Test(TestKind.NOT, (self.test(node.operand, scope, order, depth - 1),))
            case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
                return Test(TestKind.MAIN)
            case ast.Compare(left=ast.BinOp(op=ast.Mod(), left=counted), ops=[ast.Eq()]) if _counts(counted):
                return Test(TestKind.PERIODIC)
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


def _counts(node: ast.expr) -> bool:
    """Whether the remainder of an expression is asked for as something counts: of a name, an attribute, their sums."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _counts(left) or _counts(right)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _COUNTER.search(name) is not None
    return False


def _is_query(text: str) -> bool:
    """Whether a long text is one of SQL, of which the names of its tables matter."""
    return len(text) <= _QUERY_LIMIT and _QUERY.match(text) is not None


def _may_be_path(constants: list[str]) -> bool:
    """Whether the fixed parts of a text look like those of a path."""
    return any("/" in part or "." in part for part in constants) and not any(" " in part for part in constants)


def _leaves(node: ast.BinOp, operator: type[ast.operator]) -> list[ast.expr]:
    """Operands of a chain of one operator, from left to right."""
    found: list[ast.expr] = []
    current: ast.expr = node
    while isinstance(current, ast.BinOp) and current.op.__class__ is operator and len(found) < _PIECES:
        found.append(current.right)
        current = current.left
    found.append(current)
    found.reverse()
    return found


def _is_text(node: ast.expr) -> bool:
    return node.__class__ is ast.JoinedStr or (isinstance(node, ast.Constant) and isinstance(node.value, str))


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
