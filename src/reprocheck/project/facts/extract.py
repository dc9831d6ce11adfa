"""Makes the facts of one module from its walk."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from reprocheck.model.place import Span
from reprocheck.project.facts.model import (
    Argument,
    Assignment,
    Call,
    Choice,
    Class,
    ColumnUse,
    Event,
    Exit,
    Field,
    FileFacts,
    Function,
    Guard,
    GuardKind,
    Import,
    Parameter,
    Test,
    TestKind,
    Value,
    ValueKind,
    VariableRead,
)
from reprocheck.project.facts.outline import outline
from reprocheck.project.facts.tables import Chosen, chosen
from reprocheck.project.facts.values import ValueReader
from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.scopes import BUILTIN, Binding, Branch, CallSite, Kind, Scope, SetSite

VERSION = 24
"""Raised whenever the facts of an unchanged file would change."""
_LATEST = 1 << 60
_DYNAMIC = frozenset({"exec", "eval", "globals", "setattr", "vars", "__import__"})
_KEPT_BUILTINS = frozenset(
    {"open", "exec", "eval", "setattr", "getattr", "globals", "vars", "map", "filter", "hash", "set", "sorted", "iter"}
)
_WHOLE_MAPPING = frozenset({"items", "keys", "values"})
"""Methods that go through all of a mapping: what the mapping is called says which keys count as read."""
_SEQUENCING = frozenset({"builtins.enumerate", "builtins.list", "builtins.tuple"})
"""Builtins that give a set some order; kept where what they are given comes from a function or a parameter."""
_PATH_METHODS = frozenset({"open", "read_text", "read_bytes", "write_text", "write_bytes"})
_TABLE_METHODS = ("to_", "write_")
_TABLES = frozenset(
    {"read_csv", "read_parquet", "read_feather", "read_table", "read_sql", "read_sql_query", "read_sql_table", "to_csv"}
    | {"to_parquet", "to_feather", "to_sql", "scan_csv", "scan_parquet", "write_csv", "write_parquet", "read_excel"}
)
_ARGUMENT_LIMIT = 40
"""Arguments of one call that are kept; longer ones are tables, not options."""


def extract(file: PythonFile) -> FileFacts:
    """Summarise a module; time and size grow with its number of calls."""
    return _Extraction(file).facts()


class _Extraction:
    def __init__(self, file: PythonFile) -> None:
        self._file = file
        self._values = ValueReader(file)
        self._owners: dict[Scope, Scope] = {}
        self._functions = [scope for scope in file.scopes if scope.kind in {"module", "function"}]
        self._index = {scope: index for index, scope in enumerate(self._functions)}
        self._events: list[list[tuple[int, Event]]] = [[] for _ in self._functions]
        self._guards: list[dict[ast.AST, int]] = [{} for _ in self._functions]
        self._guard_list: list[list[Guard]] = [[] for _ in self._functions]
        self._assignments: list[Assignment] = []
        self._choices: list[Choice] = []

    def facts(self) -> FileFacts:
        for call in self._file.calls:
            self._call(call)
        for scope in self._file.scopes:
            self._bindings(scope)
        for site in self._file.sets:
            self._set(site)
        for statement, scope, order, branch in self._file.exits:
            if branch is not None and isinstance(statement, ast.Return | ast.Raise):
                index = self._index[self._owner(scope)]
                guard, side = self._guard(index, branch, statement.lineno)
                self._events[index].append((order, Exit(guard, side, isinstance(statement, ast.Raise))))
        for condition, scope in self._file.conditions:
            self._condition(condition, scope)
        names = {name for scope in self._file.scopes for name in scope.uses}
        module = self._file.module
        return FileFacts(
            path=self._file.source.path,
            functions=tuple(self._function(index, scope) for index, scope in enumerate(self._functions)),
            classes=tuple(self._class(scope) for scope in self._file.scopes if scope.kind == "class"),
            assignments=tuple(self._assignments),
            imports={
                name: bindings[0].target
                for name, bindings in module.bindings.items()
                if bindings[0].kind is Kind.IMPORT
            },
            stars=tuple(module.stars),
            attributes=tuple(sorted(self._file.attributes)),
            strings=tuple(sorted(self._file.strings)),
            names=tuple(sorted(names)),
            dynamic=not names.isdisjoint(_DYNAMIC),
            choices=tuple(self._choices),
            references=tuple(sorted(self._file.references)),
            owners=tuple(sorted(self._file.owners)),
            opened=tuple(sorted(set(self._opened()))),
            forms=tuple(self._forms()),
            required=tuple(self._required()),
            columns=tuple(self._columns()),
            outline=outline(self._file),
        )

    def _forms(self) -> Iterable[int]:
        if "@param" in self._file.source.text:
            for number, line in enumerate(self._file.source.lines, start=1):
                if "#@param" in line or "# @param" in line:
                    yield number

    def _opened(self) -> Iterable[str]:
        """Few modules read a `__dict__`, so that only these are gone through again."""
        if "__dict__" in self._file.attributes:
            for node in self._file.every(ast.Attribute):
                if node.attr == "__dict__":
                    match node.value:
                        case ast.Name(id=name) | ast.Attribute(attr=name):
                            yield name
                        case _:
                            yield ""

    def _required(self) -> Iterable[VariableRead]:
        """Reads of `os.environ["NAME"]` outside of `try`, of names that the module doesn't ask for in a condition.

        Few modules have any, so that only these are gone through again.
        """
        if "environ" not in self._file.attributes and not any(
            binding.target == "os.environ" for bindings in self._file.module.bindings.values() for binding in bindings
        ):
            return
        functions = [(scope.node, self._index[scope]) for scope in self._functions]
        file = self._file
        tried = [_lines(node.body) for node in file.every(ast.Try) if node.handlers]
        asked: set[object] = {
            node.left.value
            for node in file.every(ast.Compare)
            if isinstance(node.left, ast.Constant) and isinstance(node.ops[0], ast.In | ast.NotIn)
        }
        tests = [*(node.test for node in file.every(ast.If)), *(node.test for node in file.every(ast.IfExp))]
        asked |= {name for test in tests for name in _looked_up(test)}
        for node in file.every(ast.Subscript):
            if (
                isinstance(node.ctx, ast.Load)
                and isinstance(node.slice, ast.Constant)
                and isinstance(node.slice.value, str)
                and node.slice.value not in asked
                and not any(first <= node.lineno <= last for first, last in tried)
                and self._file.resolve(node.value, self._file.module) == "os.environ"
            ):
                span = self._file.source.span(node)
                inside = [
                    index
                    for around, index in functions
                    if index and around.lineno <= node.lineno <= (around.end_lineno or 0)  # type: ignore[attr-defined]
                ]
                yield VariableRead(node.slice.value, span, inside[-1] if inside else 0)

    def _columns(self) -> Iterable[ColumnUse]:
        """Columns of tables that stand in variables; only modules that read or write tables are gone through again."""
        if _TABLES.isdisjoint(self._file.attributes):
            return
        functions = [(scope.node, self._index[scope]) for scope in self._functions]
        for node in self._file.every(ast.Subscript):
            if isinstance(node.value, ast.Name):
                columns = _column_names(node.slice)
                if columns:
                    inside = [
                        index
                        for around, index in functions
                        if index and around.lineno <= node.lineno <= (around.end_lineno or 0)  # type: ignore[attr-defined]
                    ]
                    writes = isinstance(node.ctx, ast.Store)
                    span = self._file.source.span(node)
                    yield ColumnUse(inside[-1] if inside else 0, node.value.id, columns, writes, span)

    def _owner(self, scope: Scope) -> Scope:
        """The function or module that a scope's code runs in."""
        owner = self._owners.get(scope)
        if owner is None:
            owner = scope
            while owner.kind not in {"module", "function"} and owner.parent is not None:
                owner = owner.parent
            self._owners[scope] = owner
        return owner

    # Events

    def _call(self, site: CallSite) -> None:
        node = site.node
        callee = self._callee(node.func, site)
        table = chosen(self._file, site) if callee is None else None
        if callee is None and table is None:
            return
        index = self._index[self._owner(site.scope)]
        guard, side = self._guard(index, site.branch, node.lineno)
        arguments = [
            Argument("*", None)
            if argument.__class__ is ast.Starred
            else Argument("", self._values.value(argument, site.scope, site.order))
            for argument in node.args[:_ARGUMENT_LIMIT]
        ]
        arguments += [
            Argument(keyword.arg or "**", self._values.value(keyword.value, site.scope, site.order))
            for keyword in node.keywords[:_ARGUMENT_LIMIT]
        ]
        if table is not None:
            self._call_one(site, table, index, tuple(arguments), (guard, side))
            return
        assert callee is not None
        if callee in _SEQUENCING and not (len(arguments) == 1 and _handed_over(arguments[0].value)):
            return
        span = self._file.source.span(node)
        receiver, owner = None, ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method in _PATH_METHODS:
            receiver = self._receiver(node.func, site)  # type: ignore[arg-type]
        elif method.startswith(_TABLE_METHODS) and isinstance(node.func.value, ast.Name):  # type: ignore[attr-defined]
            owner = node.func.value.id  # type: ignore[attr-defined]
        call = Call(callee, tuple(arguments), span, guard, side, site.loop is not None, _result(site), receiver, owner)
        self._events[index].append((site.order, call))

    def _call_one(
        self, site: CallSite, table: Chosen, index: int, arguments: tuple[Argument, ...], around: tuple[int, bool]
    ) -> None:
        """Calls of the entries of a table, each behind the question whether it is the one; the last is what is left."""
        key = self._values.value(table.key, site.scope, site.order)
        span, guards = self._file.source.span(site.node), self._guard_list[index]
        for entry in table.entries:
            guard, side = around
            if entry is not table.entries[-1]:
                test = Test(TestKind.COMPARE, (), "==", key, Value(ValueKind.CONSTANT, entry.key))
                place = self._file.source.span(entry.span_of)
                guards.append(Guard(GuardKind.ENTRY, test, guard, side, place, (0, 0), (0, 0)))
                guard, side = len(guards) - 1, True
                around = guard, False
            call = Call(entry.callee, arguments, span, guard, side, site.loop is not None, _result(site))
            self._events[index].append((site.order, call))

    def _receiver(self, function: ast.Attribute, site: CallSite) -> Value | None:
        """The path that a method opens; None for a module, whose function has the path as an argument."""
        value = self._values.value(function.value, site.scope, site.order)
        if value is None or value.parts or value.kind in {ValueKind.PARAMETER, ValueKind.SELF}:
            return value
        return value if str(value.value).startswith((".", "pathlib.")) else None

    def _set(self, site: SetSite) -> None:
        """An assignment to what other code can see: an event called `NAME=`, with the value as its argument."""
        target = self._set_target(site)
        if target is None:
            return
        index = self._index[self._owner(site.scope)]
        guard, side = self._guard(index, site.branch, site.target.lineno)
        value = self._values.value(site.value, site.scope, site.order) if site.value is not None else None
        span = self._file.source.span(site.target)
        self._assignments.append(Assignment(target, value, span, index, guard, side))
        if target[0] not in ".?":
            call = Call(target + "=", (Argument("", value),), span, guard, side, loop=False)
            self._events[index].append((site.order, call))

    def _set_target(self, site: SetSite) -> str | None:
        target = site.target
        if isinstance(target, ast.Subscript):
            key = target.slice
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                return None
            owner = self._file.resolve(target.value, site.scope, site.order)
            return f"{owner}.{key.value}" if owner is not None else f"?.{key.value}"
        if isinstance(target.value, ast.Name) and target.value.id == "self":
            return None
        owner = self._file.resolve(target.value, site.scope, site.order)
        return f"{owner}.{target.attr}" if owner is not None else f"?.{target.attr}"

    def _callee(self, function: ast.expr, site: CallSite) -> str | None:
        resolved = self._file.callee(site)
        if resolved is not None:
            if resolved.startswith(BUILTIN) and not (
                resolved[len(BUILTIN) :] in _KEPT_BUILTINS or resolved in _SEQUENCING
            ):
                return resolved if resolved.startswith("builtins.super") else None
            return resolved
        if isinstance(function, ast.Attribute):
            if isinstance(function.value, ast.Name) and function.value.id in {"self", "cls"}:
                return f"self.{function.attr}"
            if function.attr in _WHOLE_MAPPING:
                return f"?.{_last_name(function.value)}{function.attr}"
            return f"?.{function.attr}"
        if isinstance(function, ast.Name):
            bindings = site.scope.lookup(function.id)
            if bindings and bindings[0].kind is Kind.PARAMETER:
                return f"@{function.id}"
        return None

    def _guard(self, index: int, branch: ast.stmt | None, line: int) -> tuple[int, bool]:
        """Index of a guard in its function, made at first sight, and on which side of it a line lies."""
        if branch is None:
            return -1, True
        known = self._guards[index]
        position = known.get(branch)
        if position is None:
            around = self._file.branches[branch]
            parent_index, parent_side = self._guard(index, around.parent, branch.lineno)
            guards = self._guard_list[index]
            position = len(guards)
            guards.append(self._make_guard(branch, around, parent_index, parent_side))
            known[branch] = position
        guard = self._guard_list[index][position]
        return position, not guard.other[0] <= line <= guard.other[1]

    def _make_guard(self, branch: ast.stmt, around: Branch, parent: int, parent_side: bool) -> Guard:  # noqa: FBT001 — one value of a pair
        span = self._file.source.span(branch)
        body = _lines(getattr(branch, "body", []))
        other = _lines(getattr(branch, "orelse", []))
        test = None
        match branch:
            case ast.If() | ast.While():
                kind = GuardKind.IF if isinstance(branch, ast.If) else GuardKind.LOOP
                test = self._values.test(branch.test, around.scope, around.order)
            case ast.Try():
                kind = GuardKind.TRY
            case ast.Match():
                kind = GuardKind.MATCH
            case _:
                kind = GuardKind.LOOP
        return Guard(kind, test, parent, parent_side, span, body, other)

    def _condition(self, node: ast.If | ast.While | ast.IfExp | ast.Assert, scope: Scope) -> None:
        index = self._index[self._owner(scope)]
        kind = node.__class__
        if kind is ast.If or kind is ast.While:
            self._guard(index, node, node.lineno)  # type: ignore[arg-type]
        elif kind is ast.IfExp:
            test = self._values.test(node.test, scope, _LATEST)
            if test.kind not in {TestKind.UNKNOWN, TestKind.PERIODIC}:
                span = self._file.source.span
                choice = Choice(index, test, span(node), span(node.body), span(node.orelse))  # type: ignore[union-attr,arg-type]
                self._choices.append(choice)

    # Bindings

    def _bindings(self, scope: Scope) -> None:
        owner = self._owner(scope)
        index = self._index[owner]
        imported: set[ast.AST] = set()
        for name, bindings in scope.bindings.items():
            for binding in bindings:
                if binding.kind is Kind.IMPORT:
                    if binding.node not in imported:
                        imported.add(binding.node)
                        self._import(binding, index)
                elif scope.kind in {"module", "class"} and binding.kind in {Kind.ASSIGN, Kind.AUGMENTED, Kind.LOOP}:
                    prefix = f".{scope.qualname}." if scope.qualname else "."
                    self._assign(prefix + name, binding)
        for site in scope.star_sites:
            self._import(site, index)
        if scope.kind == "class":
            for name, bindings in scope.attributes.items():
                for binding in bindings:
                    self._assign(f".{scope.qualname}.{name}", binding)

    def _import(self, binding: Binding, index: int) -> None:
        node = binding.node
        guard, side = self._guard(index, binding.branch, node.lineno)  # type: ignore[attr-defined]
        targets = [binding.target]
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            dotted = module if module.endswith(".") else f"{module}."
            targets = [module if alias.name == "*" else dotted + alias.name for alias in node.names]
        span = self._file.source.span(node)
        self._events[index].extend((binding.order, Import(target, span, guard, side)) for target in targets)

    def _assign(self, target: str, binding: Binding) -> None:
        function = self._owner(binding.scope)
        index = self._index[function]
        line: int = binding.node.lineno  # type: ignore[attr-defined]
        guard, side = self._guard(index, binding.branch, line)
        value = None
        if binding.kind is Kind.ASSIGN and binding.value is not None and binding.index is None:
            value = self._values.value(binding.value, binding.scope, binding.order)
        span = self._file.source.span(binding.node)
        self._assignments.append(Assignment(target, value, span, index, guard, side))

    # Definitions

    def _function(self, index: int, scope: Scope) -> Function:
        node = scope.node
        events = tuple(event for _, event in sorted(self._events[index], key=lambda item: item[0]))
        guards = tuple(self._guard_list[index])
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # Not to the end of the file: a comment there is nothing that a rule about the project should see.
            body = self._file.tree.body
            last = (body[-1].end_lineno or 1) if body else 1
            return Function("", Span(1, 1, last, 1), (), (), events, guards, method=False)
        outer = scope.parent or self._file.module
        return Function(
            name=scope.qualname,
            span=self._file.source.span(node),
            parameters=tuple(self._parameters(node.args, scope, outer)),
            decorators=tuple(self._file.resolve(item, outer) or "?" for item in node.decorator_list),
            events=events,
            guards=guards,
            method=outer.kind == "class",
            returns=self._returned(node, scope),
        )

    def _returned(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Value | None:
        last = node.body[-1]
        if not isinstance(last, ast.Return) or last.value is None:
            return None
        return self._values.value(last.value, scope, _LATEST)

    def _parameters(self, arguments: ast.arguments, function: Scope, scope: Scope) -> Iterable[Parameter]:
        positional = arguments.posonlyargs + arguments.args
        missing = len(positional) - len(arguments.defaults)
        pairs: list[tuple[ast.arg, ast.expr | None]] = [
            (argument, arguments.defaults[position - missing] if position >= missing else None)
            for position, argument in enumerate(positional)
        ]
        pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        for argument, default in pairs:
            annotation = self._file.annotated(argument.annotation, scope) if argument.annotation is not None else None
            value = self._values.value(default, scope, _LATEST) if default is not None else None
            span = self._file.source.span(argument)
            rebound = len(function.bindings[argument.arg]) > 1
            yield Parameter(argument.arg, value, default is None, annotation or "", span, rebound)

    def _class(self, scope: Scope) -> Class:
        node = scope.node
        assert isinstance(node, ast.ClassDef)
        outer = scope.parent or self._file.module
        fields = []
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                value = self._values.value(statement.value, scope, _LATEST) if statement.value is not None else None
                annotation = self._file.annotated(statement.annotation, scope) or ""
                fields.append(Field(statement.target.id, value, annotation, self._file.source.span(statement)))
            elif isinstance(statement, ast.Assign):
                fields.extend(
                    Field(
                        target.id,
                        self._values.value(statement.value, scope, _LATEST),
                        "",
                        self._file.source.span(statement),
                    )
                    for target in statement.targets
                    if isinstance(target, ast.Name)
                )
        return Class(
            name=scope.qualname,
            bases=self._names(node.bases, outer),
            decorators=tuple(self._file.resolve(item, outer) or "?" for item in node.decorator_list),
            fields=tuple(fields),
            span=self._file.source.span(node),
        )

    def _names(self, nodes: Iterable[ast.expr], scope: Scope) -> tuple[str, ...]:
        return tuple(name for node in nodes if (name := self._file.resolve(node, scope)) is not None)


def _result(site: CallSite) -> str:
    statement = site.statement
    if statement.__class__ is ast.Assign and statement.value is site.node:
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            return target.id
        if isinstance(target, ast.Attribute):
            return target.attr
    return ""


def _column_names(node: ast.expr) -> tuple[str, ...]:
    """What stands in the brackets behind a table: one name, or a list of names."""
    items = node.elts[:_ARGUMENT_LIMIT] if isinstance(node, ast.List) else [node]
    names = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return tuple(names) if len(names) == len(items) else ()


def _last_name(node: ast.expr) -> str:
    """Last name or key of an expression, with a dot behind; empty for none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
            return f"{name}."
    return ""


def _handed_over(value: Value | None) -> bool:
    """Whether a value is a parameter, or what a function outside the builtins returns."""
    if value is None:
        return False
    text = str(value.value)
    return value.kind is ValueKind.PARAMETER or (
        value.kind is ValueKind.NAME and text.endswith("()") and not text.startswith(BUILTIN)
    )


def _looked_up(test: ast.expr) -> Iterator[object]:
    """Names that a condition asks for: `os.environ.get("NAME")`, `os.getenv("NAME")`."""
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"get", "getenv"}:
            yield from (argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant))


def _lines(body: list[ast.stmt]) -> tuple[int, int]:
    if not body or not isinstance(body[0], ast.stmt):
        return (0, 0)
    return body[0].lineno, body[-1].end_lineno or body[-1].lineno
