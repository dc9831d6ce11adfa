"""Makes a syntax tree of a module's outline again, for the engine to go through modules that were read long ago."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeVar, cast

from reprocheck.model.place import Span
from reprocheck.project.facts.outline import Form, unpack
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText

Spans = dict[ast.AST, Span]
"""Where the nodes stand that a finding may point at."""


def rebuilt(path: str, outline: bytes) -> tuple[PythonFile, Spans]:
    """The statements of an outline as a module without text; what an outline leaves out is missing here too."""
    maker = _Maker()
    tree = ast.Module(body=maker.block(unpack(outline)), type_ignores=[])
    ast.fix_missing_locations(tree)
    return PythonFile(SourceText(path, ""), tree), maker.spans


_Node = TypeVar("_Node", bound=ast.expr | ast.stmt)


class _Maker:
    def __init__(self) -> None:
        self.spans: Spans = {}
        self._line = 1

    def block(self, forms: list[Form]) -> list[ast.stmt]:
        body = []
        for form in forms:
            maker = _STATEMENTS.get(form[0])
            if maker is None:
                continue
            statement = maker(self, form)
            if not hasattr(statement, "lineno"):
                statement.lineno = statement.end_lineno = self._line
                statement.col_offset = statement.end_col_offset = 0
            body.append(statement)
        return body

    def suite(self, forms: list[Form]) -> list[ast.stmt]:
        return self.block(forms) or [ast.Pass(lineno=self._line, col_offset=0)]

    def _placed(self, node: _Node, place: list[int]) -> _Node:
        """The node at its place."""
        line, column, end_line, end_column = place
        node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = line, column - 1, end_line, end_column - 1
        self.spans[node] = Span(line, column, end_line, end_column)
        self._line = line
        return node

    # Statements

    def assignment(self, form: Form) -> ast.stmt:
        value = self.value(form[2])
        return ast.Assign(targets=[self._target(target) for target in form[1]], value=value)

    def augmented(self, form: Form) -> ast.stmt:
        value = self.value(form[3])
        node = ast.AugAssign(
            target=cast("ast.Name", self._target(form[1])), op=_operator(form[2], ast.Add()), value=value
        )
        return self._placed(node, form[4])

    def condition(self, form: Form) -> ast.stmt:
        test = self.value(form[1])
        return ast.If(test=test, body=self.suite(form[2]), orelse=self.block(form[3]))

    def loop(self, form: Form) -> ast.stmt:
        iterated = self.value(form[2])
        return ast.For(target=self._target(form[1]), iter=iterated, body=self.suite(form[3]), orelse=[])

    def attempt(self, form: Form) -> ast.stmt:
        handler = ast.ExceptHandler(type=None, name=None, body=self.suite(form[2]))
        return ast.Try(body=self.suite(form[1]), handlers=[handler], orelse=[], finalbody=[])

    def context(self, form: Form) -> ast.stmt:
        items = [
            ast.withitem(context_expr=self.value(value), optional_vars=None if target is None else self._target(target))
            for value, target in form[1]
        ]
        return ast.With(items=items, body=self.suite(form[2]))

    def imported(self, form: Form) -> ast.stmt:
        if len(form[1]) == 1:
            return _imported(*form[1][0])
        return ast.If(test=ast.Constant(value=True), body=[_imported(*pair) for pair in form[1]], orelse=[])

    def function(self, form: Form) -> ast.stmt:
        _, name, parameters, body, decorators, place = form
        arguments = self._arguments(parameters)
        listed = [self.value(item) for item in decorators]
        node = ast.FunctionDef(name=name, args=arguments, body=[], decorator_list=listed, returns=None)
        self._placed(node, place)
        node.body = self.suite(body)
        return node

    def class_(self, form: Form) -> ast.stmt:
        _, name, bases, body, place = form
        node = ast.ClassDef(
            name=name, bases=[self.value(item) for item in bases], keywords=[], body=[], decorator_list=[]
        )
        self._placed(node, place)
        node.body = self.suite(body)
        return node

    def _arguments(self, parameters: list[Form]) -> ast.arguments:
        plain = [(name, default) for name, default in parameters if not name.startswith("*")]
        defaults = [self.value(default) if default is not None else None for _, default in plain]
        first = next((i for i, default in enumerate(defaults) if default is not None), len(defaults))
        stars = [name.lstrip("*") for name, _ in parameters if name.startswith("*")]
        return ast.arguments(
            posonlyargs=[],
            args=[ast.arg(arg=name) for name, _ in plain],
            vararg=ast.arg(arg=stars[0]) if stars else None,
            kwonlyargs=[],
            kw_defaults=[],
            kwarg=ast.arg(arg=stars[1]) if len(stars) > 1 else None,
            defaults=[default or ast.Constant(value=None) for default in defaults[first:]],
        )

    # Expressions

    def value(self, form: Form | None) -> ast.expr:
        """An expression; what the outline doesn't tell is an empty display of its parts."""
        if form is None:
            return ast.Constant(value=None)
        maker = _EXPRESSIONS.get(form[0])
        if maker is None:
            return ast.Tuple(elts=[self.value(part) for part in form[1:] if isinstance(part, list)], ctx=ast.Load())
        return maker(self, form)

    def _target(self, form: Form) -> ast.expr:
        node = self.value(form)
        for part in ast.walk(node) if isinstance(node, ast.Tuple | ast.List) else (node,):
            if isinstance(part, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple | ast.List):
                part.ctx = ast.Store()
        return node if hasattr(node, "ctx") else ast.Name(id="_", ctx=ast.Store())

    def call(self, form: Form) -> ast.expr:
        _, callee, arguments, keywords, place = form
        given = [
            ast.Starred(value=self.value(item[1]), ctx=ast.Load()) if item[0] == "*" else self.value(item)
            for item in arguments
        ]
        named = [ast.keyword(arg=None if name == "**" else name, value=self.value(value)) for name, value in keywords]
        node = ast.Call(func=self.value(callee), args=given, keywords=named)
        return self._placed(node, place)

    def operation(self, form: Form) -> ast.expr:
        _, operator, left, right, place = form
        first, second = self.value(left), self.value(right)
        node: ast.expr
        if operator in _BINARY:
            node = ast.BinOp(left=first, op=_operator(operator, ast.Add()), right=second)
        else:
            compared = getattr(ast, operator, ast.Eq) if operator != "?" else ast.Eq
            node = ast.Compare(left=first, ops=[compared()], comparators=[second])
        return self._placed(node, place)

    def subscript(self, form: Form) -> ast.expr:
        node = ast.Subscript(value=self.value(form[1]), slice=self.value(form[2]), ctx=ast.Load())
        return self._placed(node, form[3])

    def slice_(self, form: Form) -> ast.expr:
        lower, upper, step = (None if part is None else self.value(part) for part in form[1:4])
        return ast.Slice(lower=lower, upper=upper, step=step)

    def display(self, form: Form) -> ast.expr:
        items = [self.value(item) for item in form[2]]
        if form[1] == "set":
            return self._placed(ast.Set(elts=items), form[3])
        kind = ast.List if form[1] == "list" else ast.Tuple
        return self._placed(kind(elts=items, ctx=ast.Load()), form[3])

    def mapping(self, form: Form) -> ast.expr:
        keys = [None if key is None else self.value(key) for key, _ in form[1]]
        return self._placed(ast.Dict(keys=keys, values=[self.value(v) for _, v in form[1]]), form[2])

    def either(self, form: Form) -> ast.expr:
        return ast.IfExp(test=self.value(form[1]), body=self.value(form[2]), orelse=self.value(form[3]))

    def anonymous(self, form: Form) -> ast.expr:
        return ast.Lambda(args=self._arguments(form[1]), body=self.value(form[2]))

    def comprehension(self, form: Form) -> ast.expr:
        generator = ast.comprehension(target=self._target(form[2]), iter=self.value(form[3]), ifs=[], is_async=0)
        return ast.ListComp(elt=self.value(form[1]), generators=[generator])


_BINARY = frozenset(kind.__name__ for kind in ast.operator.__subclasses__())


def _operator(name: str, fallback: ast.operator) -> ast.operator:
    kind = getattr(ast, name, None) if name in _BINARY else None
    return fallback if kind is None else cast("ast.operator", kind())


def _imported(name: str, target: str) -> ast.stmt:
    if target == name:
        return ast.Import(names=[ast.alias(name=target)])
    dots = len(target) - len(target.lstrip("."))
    module, _, last = target[dots:].rpartition(".")
    alias = ast.alias(name=last, asname=name if name != last else None)
    if not module and not dots:
        return ast.Import(names=[ast.alias(name=target, asname=name)])
    return ast.ImportFrom(module=module or None, names=[alias], level=dots)


_STATEMENTS: dict[str, Callable[[_Maker, Form], ast.stmt]] = {
    "=": _Maker.assignment,
    "+": _Maker.augmented,
    "e": lambda maker, form: ast.Expr(value=maker.value(form[1])),
    "r": lambda maker, form: ast.Return(value=maker.value(form[1])),
    "x": lambda _, __: ast.Raise(exc=None, cause=None),
    "if": _Maker.condition,
    "for": _Maker.loop,
    "while": lambda maker, form: ast.While(test=ast.Constant(value=True), body=maker.suite(form[1]), orelse=[]),
    "try": _Maker.attempt,
    "with": _Maker.context,
    "import": _Maker.imported,
    "def": _Maker.function,
    "class": _Maker.class_,
}
_EXPRESSIONS: dict[str, Callable[[_Maker, Form], ast.expr]] = {
    "k": lambda _, form: ast.Constant(value=form[1]),
    "n": lambda _, form: ast.Name(id=form[1], ctx=ast.Load()),
    "a": lambda maker, form: ast.Attribute(value=maker.value(form[1]), attr=form[2], ctx=ast.Load()),
    "c": _Maker.call,
    "o": _Maker.operation,
    "u": lambda maker, form: ast.UnaryOp(op=getattr(ast, form[1])(), operand=maker.value(form[2])),
    "b": lambda maker, form: ast.BoolOp(op=getattr(ast, form[1])(), values=[maker.value(item) for item in form[2]]),
    "s": _Maker.subscript,
    "l": _Maker.slice_,
    "q": _Maker.display,
    "d": _Maker.mapping,
    "f": lambda maker, form: ast.JoinedStr(
        values=[ast.FormattedValue(value=maker.value(item), conversion=-1) for item in form[1]]
    ),
    "i": _Maker.either,
    "y": _Maker.anonymous,
    "m": _Maker.comprehension,
    "v": lambda maker, form: ast.NamedExpr(target=ast.Name(id=form[1], ctx=ast.Store()), value=maker.value(form[2])),
}
