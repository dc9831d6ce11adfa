"""The one walk over a syntax tree: scopes, bindings, calls and conditions in evaluation order.

Every node type has a handler that goes to the children which matter; contexts, operators and annotations are not
visited. Long operator chains are followed in a loop, because generated code has sums of thousands of terms.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any

from reprocheck.project.python.scopes import Binding, Branch, CallSite, DeadCode, Kind, Scope, SetSite

Handler = Callable[[Any], None]
NAME_LENGTH = 60
"""Characters beyond which a string constant is no name of anything."""
_LEAVES = frozenset({ast.Pass, ast.Break, ast.Continue})
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_SKIPPED_FIELDS = frozenset({"ctx", "op", "ops", "annotation", "returns", "type_comment", "type_params"})


class Walk:
    """Walks one module; afterwards its attributes hold what was found."""

    def __init__(self, tree: ast.Module, collect: Iterable[type[ast.AST]] = ()) -> None:
        """`collect` names node types whose nodes are kept, with their scope, in `nodes`."""
        self.module = Scope("module", "", tree, None)
        self.scopes: list[Scope] = [self.module]
        self.calls: list[CallSite] = []
        self.conditions: list[tuple[ast.If | ast.While | ast.IfExp | ast.Assert, Scope]] = []
        self.dead_code: list[DeadCode] = []
        self.exits: list[tuple[ast.stmt, Scope, int, ast.stmt | None]] = []
        """Return and raise statements with scope, evaluation step and innermost branch."""
        self.branches: dict[ast.stmt, Branch] = {}
        """Surroundings of each conditional statement and loop; an `elif` lies in the `if` before it."""
        self.sets: list[SetSite] = []
        """Assignments to attributes and items, in evaluation order."""
        self.attributes: set[str] = set()
        """Names of attributes that are read or called."""
        self.references: set[str] = set()
        """Names and attributes that are read otherwise than to be called or for an attribute."""
        self.owners: set[str] = set()
        """Names that attributes are read of."""
        self.strings: set[str] = set()
        """Short string constants that could name something."""
        self.nodes: dict[type[ast.AST], list[tuple[Any, Scope]]] = {kind: [] for kind in collect}
        self._scope = self.module
        self._order = 0
        self._statement: ast.stmt = tree  # type: ignore[assignment]
        self._loop: ast.stmt | None = None
        self._branch: ast.stmt | None = None
        self._table: dict[type[ast.AST], Handler] = {
            kind: MethodType(handler, self) for kind, handler in _HANDLERS.items()
        }
        for kind, found in self.nodes.items():
            self._table[kind] = self._collecting(found, self._table[kind])
        self._body(tree.body)
        self._table = {}  # its methods hold the walk, and the walk holds the tree

    def _collecting(self, found: list[tuple[Any, Scope]], handler: Handler) -> Handler:
        def collect(node: Any) -> None:  # noqa: ANN401 — any node
            found.append((node, self._scope))
            handler(node)

        return collect

    # Bodies and statements

    def _body(self, body: list[ast.stmt]) -> None:
        table = self._table
        outer = self._statement
        for position, statement in enumerate(body):
            self._statement = statement
            table[statement.__class__](statement)
            if statement.__class__ in _ENDS:
                self.exits.append((statement, self._scope, self._order, self._branch))
                if position + 1 < len(body):
                    self.dead_code.append(DeadCode(statement, body[position + 1], body[-1], self._scope))
        self._statement = outer

    def _visit(self, node: ast.AST | None) -> None:
        if node is not None:
            self._table[node.__class__](node)

    def _visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        table = self._table
        for node in nodes:
            if node is not None:
                table[node.__class__](node)

    def _bind(
        self,
        name: str,
        kind: Kind,
        node: ast.AST,
        value: ast.expr | None = None,
        target: str = "",
        index: int | None = None,
    ) -> None:
        scope = self._scope
        if scope.nonlocals:
            scope = scope.nonlocals.get(name, scope)
        self._order += 1
        binding = Binding(kind, node, self._scope, self._order, value, target, index, self._branch)
        found = scope.bindings.get(name)
        if found is None:
            scope.bindings[name] = [binding]
        else:
            found.append(binding)

    def _bind_target(self, target: ast.expr, kind: Kind, value: ast.expr | None, index: int | None = None) -> None:
        match target:
            case ast.Name():
                self._bind(target.id, kind, target, value, index=index)
            case ast.Tuple() | ast.List():
                for position, element in enumerate(target.elts):
                    inner = element.value if isinstance(element, ast.Starred) else element
                    if (
                        isinstance(value, ast.Tuple | ast.List)
                        and len(value.elts) == len(target.elts)
                        and index is None
                    ):
                        self._bind_target(inner, kind, value.elts[position])
                    else:
                        self._bind_target(inner, kind, value, position)
            case ast.Attribute():
                self._bind_attribute(target, kind, value, index)
                self._order += 1
                self.sets.append(SetSite(target, value, self._scope, self._order, self._branch))
                self._visit(target.value)
            case ast.Subscript():
                self._order += 1
                self.sets.append(SetSite(target, value, self._scope, self._order, self._branch))
                self._visit(target.value)
                self._visit(target.slice)
            case ast.Starred():
                self._bind_target(target.value, kind, None)
            case _:
                self._visit(target)

    def _bind_attribute(self, target: ast.Attribute, kind: Kind, value: ast.expr | None, index: int | None) -> None:
        owner = target.value
        function = self._scope.enclosing("function")
        if not isinstance(owner, ast.Name) or function is None or function.parent is None:
            return
        arguments = function.node.args  # type: ignore[attr-defined]
        first = arguments.posonlyargs[:1] or arguments.args[:1]
        if function.parent.kind == "class" and first and first[0].arg == owner.id:
            self._order += 1
            binding = Binding(kind, target, self._scope, self._order, value, "", index, self._branch)
            function.parent.attributes.setdefault(target.attr, []).append(binding)

    def _on_Assign(self, node: ast.Assign) -> None:
        value = node.value
        self._table[value.__class__](value)
        for target in node.targets:
            if target.__class__ is ast.Name:
                self._bind(target.id, Kind.ASSIGN, target, value)
            else:
                self._bind_target(target, Kind.ASSIGN, value)

    def _on_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._visit(node.value)
        # A bare annotation binds nothing at run time, but a dataclass field without default is one.
        self._bind_target(node.target, Kind.ASSIGN, node.value)

    def _on_AugAssign(self, node: ast.AugAssign) -> None:
        self._visit(node.value)
        if isinstance(node.target, ast.Name):
            self._scope.uses.add(node.target.id)
        self._bind_target(node.target, Kind.AUGMENTED, node.value)

    def _on_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._visit(node.value)
        scope = self._scope
        while self._scope.kind == "comprehension" and self._scope.parent is not None:
            self._scope = self._scope.parent
        self._bind(node.target.id, Kind.ASSIGN, node.target, node.value)
        self._scope = scope

    def _on_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._bind_target(target, Kind.DELETE, None)

    def _on_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self._bind(alias.asname, Kind.IMPORT, node, target=alias.name)
            else:
                root = alias.name.partition(".")[0]
                self._bind(root, Kind.IMPORT, node, target=root)

    def _on_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self._order += 1
                site = Binding(Kind.IMPORT, node, self._scope, self._order, None, module, None, self._branch)
                self._scope.star_sites.append(site)
            else:
                target = module + alias.name if module.endswith(".") else f"{module}.{alias.name}"
                self._bind(alias.asname or alias.name, Kind.IMPORT, node, target=target)

    def _on_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self._scope.nonlocals[name] = self.module

    def _on_Nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            scope = self._scope.parent
            while scope is not None and not (scope.kind == "function" and name in scope.bindings):
                scope = scope.parent
            if scope is not None:
                self._scope.nonlocals[name] = scope

    # Control flow

    def _on_If(self, node: ast.If) -> None:
        # A loop over the elif chain: generated dispatchers have thousands of them.
        outer = self._branch
        current = node
        while True:
            self.conditions.append((current, self._scope))
            self._visit(current.test)
            self.branches[current] = Branch(self._branch, self._scope, self._order)
            self._branch = current
            self._body(current.body)
            orelse = current.orelse
            if len(orelse) == 1 and orelse[0].__class__ is ast.If and ast.If not in self.nodes:
                current = orelse[0]
                continue
            self._body(orelse)
            break
        self._branch = outer

    def _on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._visit(node.iter)
        outer = self._loop, self._branch
        self.branches[node] = Branch(self._branch, self._scope, self._order)
        self._loop = self._branch = node
        self._bind_target(node.target, Kind.LOOP, node.iter)
        self._body(node.body)
        self._loop, self._branch = outer
        self._body(node.orelse)

    _on_AsyncFor = _on_For

    def _on_While(self, node: ast.While) -> None:
        self.conditions.append((node, self._scope))
        outer = self._loop, self._branch
        self.branches[node] = Branch(self._branch, self._scope, self._order)
        self._loop = self._branch = node
        self._visit(node.test)
        self._body(node.body)
        self._loop, self._branch = outer
        self._body(node.orelse)

    def _on_Try(self, node: ast.Try) -> None:
        outer = self._branch
        self.branches[node] = Branch(outer, self._scope, self._order)
        self._branch = node
        self._body(node.body)
        for handler in node.handlers:
            self._visit(handler.type)
            if handler.name:
                self._bind(handler.name, Kind.EXCEPT, handler)
            self._body(handler.body)
        self._body(node.orelse)
        self._branch = outer
        self._body(node.finalbody)

    _on_TryStar = _on_Try

    def _on_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._visit(item.context_expr)
            if item.optional_vars is not None:
                self._bind_target(item.optional_vars, Kind.WITH, item.context_expr)
        self._body(node.body)

    _on_AsyncWith = _on_With

    def _on_Match(self, node: ast.Match) -> None:
        self._visit(node.subject)
        outer = self._branch
        self.branches[node] = Branch(outer, self._scope, self._order)
        self._branch = node
        for case in node.cases:
            for part in ast.walk(case.pattern):
                if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                    self._bind(part.name, Kind.PATTERN, part)
                elif isinstance(part, ast.MatchMapping) and part.rest:
                    self._bind(part.rest, Kind.PATTERN, part)
            self._visit(case.guard)
            self._body(case.body)
        self._branch = outer

    def _on_Assert(self, node: ast.Assert) -> None:
        self.conditions.append((node, self._scope))
        self._visit(node.test)
        self._visit(node.msg)

    # Definitions

    def _on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_all(node.decorator_list)
        self._defaults(node.args)
        self._bind(node.name, Kind.FUNCTION, node)
        self._function(Scope("function", node.name, node, self._scope), node.args, node.body)

    _on_AsyncFunctionDef = _on_FunctionDef

    def _on_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)
        scope = Scope("lambda", "<lambda>", node, self._scope)
        outer = self._enter(scope)
        self._parameters(node.args)
        self._visit(node.body)
        self._leave(outer)

    def _defaults(self, arguments: ast.arguments) -> None:
        if arguments.defaults:
            self._visit_all(arguments.defaults)
        if arguments.kw_defaults:
            self._visit_all(arguments.kw_defaults)

    def _parameters(self, arguments: ast.arguments) -> None:
        positional = arguments.posonlyargs + arguments.args if arguments.posonlyargs else arguments.args
        missing = len(positional) - len(arguments.defaults)
        for position, argument in enumerate(positional):
            default = arguments.defaults[position - missing] if position >= missing else None
            self._bind(argument.arg, Kind.PARAMETER, argument, default)
        for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            self._bind(argument.arg, Kind.PARAMETER, argument, keyword_default)
        if arguments.vararg:
            self._bind(arguments.vararg.arg, Kind.PARAMETER, arguments.vararg)
        if arguments.kwarg:
            self._bind(arguments.kwarg.arg, Kind.PARAMETER, arguments.kwarg)

    def _function(self, scope: Scope, arguments: ast.arguments, body: list[ast.stmt]) -> None:
        outer = self._enter(scope)
        self._parameters(arguments)
        self._body(body)
        self._leave(outer)

    def _on_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all(node.decorator_list)
        self._visit_all(node.bases)
        self._visit_all(keyword.value for keyword in node.keywords)
        self._bind(node.name, Kind.CLASS, node)
        outer = self._enter(Scope("class", node.name, node, self._scope))
        self._body(node.body)
        self._leave(outer)

    def _enter(self, scope: Scope) -> tuple[Scope, ast.stmt | None, ast.stmt | None]:
        outer = (self._scope, self._loop, self._branch)
        self.scopes.append(scope)
        self._scope = scope
        if scope.kind in {"function", "lambda"}:
            self._loop = None
        if scope.kind == "function":
            # Its body runs when it is called; that of a class where it stands, and a lambda is told as a part of that.
            self._branch = None
        return outer

    def _leave(self, outer: tuple[Scope, ast.stmt | None, ast.stmt | None]) -> None:
        self._scope, self._loop, self._branch = outer

    # Expressions

    def _on_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if value.__class__ is str and len(value) <= NAME_LENGTH:
            self.strings.add(value)

    def _on_Name(self, node: ast.Name) -> None:
        self._scope.uses.add(node.id)
        self.references.add(node.id)

    def _on_Attribute(self, node: ast.Attribute) -> None:
        self.attributes.add(node.attr)
        self.references.add(node.attr)
        value = node.value
        while value.__class__ is ast.Attribute:
            self.attributes.add(value.attr)
            self.references.add(value.attr)
            value = value.value
        self._owner(value)

    def _owner(self, node: ast.expr) -> None:
        """What an attribute is read of: used, but not handed on."""
        if node.__class__ is ast.Name:
            self._scope.uses.add(node.id)
            self.owners.add(node.id)
            if ast.Name in self.nodes:
                self.nodes[ast.Name].append((node, self._scope))
        else:
            self._table[node.__class__](node)

    def _on_Call(self, node: ast.Call) -> None:
        table = self._table
        function = node.func
        kind = function.__class__
        # What is called is no reference, so these two don't go through their handlers.
        if kind is ast.Name:
            self._scope.uses.add(function.id)  # type: ignore[attr-defined]
        elif kind is ast.Attribute:
            self.attributes.add(function.attr)  # type: ignore[attr-defined]
            self._owner(function.value)  # type: ignore[attr-defined]
        else:
            table[kind](function)
        if (kind is ast.Name or kind is ast.Attribute) and kind in self.nodes:
            self.nodes[kind].append((function, self._scope))
        for argument in node.args:
            table[argument.__class__](argument)
        for keyword in node.keywords:
            value = keyword.value
            table[value.__class__](value)
        self._order += 1
        self.calls.append(CallSite(node, self._scope, self._order, self._statement, self._loop, self._branch))

    def _on_BinOp(self, node: ast.BinOp) -> None:
        table = self._table
        rights: list[ast.expr] = []
        current: ast.expr = node
        while current.__class__ is ast.BinOp:
            rights.append(current.right)
            current = current.left
        table[current.__class__](current)
        for right in reversed(rights):
            table[right.__class__](right)

    def _on_IfExp(self, node: ast.IfExp) -> None:
        self.conditions.append((node, self._scope))
        self._visit(node.test)
        self._visit(node.body)
        self._visit(node.orelse)

    def _on_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        outer = self._comprehension(node, node.generators)
        self._visit(node.elt)
        self._leave(outer)

    _on_SetComp = _on_ListComp
    _on_GeneratorExp = _on_ListComp

    def _on_DictComp(self, node: ast.DictComp) -> None:
        outer = self._comprehension(node, node.generators)
        self._visit(node.key)
        self._visit(node.value)
        self._leave(outer)

    def _comprehension(
        self, node: ast.expr, generators: list[ast.comprehension]
    ) -> tuple[Scope, ast.stmt | None, ast.stmt | None]:
        # The first iterable is evaluated outside.
        self._visit(generators[0].iter)
        outer = self._enter(Scope("comprehension", "<comprehension>", node, self._scope))
        for position, generator in enumerate(generators):
            if position:
                self._visit(generator.iter)
            self._bind_target(generator.target, Kind.LOOP, generator.iter)
            self._visit_all(generator.ifs)
        return outer


def _nothing(walk: Walk, node: Any) -> None:  # noqa: ANN401 — any node
    """Leaves hold nothing to find."""


def _generic(kind: type[ast.AST]) -> Callable[[Walk, Any], None]:
    fields = tuple(field for field in kind._fields if field not in _SKIPPED_FIELDS)

    def visit(walk: Walk, node: Any) -> None:  # noqa: ANN401 — any node
        table = walk._table  # noqa: SLF001 — a method in all but place
        for field in fields:
            value = getattr(node, field, None)
            if value.__class__ is list:
                for item in value:
                    handler = table.get(item.__class__)
                    if handler is not None:
                        handler(item)
            else:
                kind_of_value: Any = value.__class__
                handler = table.get(kind_of_value)
                if handler is not None:
                    handler(value)

    return visit


def _handlers() -> dict[type[ast.AST], Callable[[Walk, Any], None]]:
    table: dict[type[ast.AST], Callable[[Walk, Any], None]] = {}
    for kind in vars(ast).values():
        if isinstance(kind, type) and issubclass(kind, ast.AST):
            own = getattr(Walk, f"_on_{kind.__name__}", None)
            table[kind] = own or (_nothing if kind in _LEAVES else _generic(kind))
    return table


_HANDLERS = _handlers()
"""What to do at each type of node."""
