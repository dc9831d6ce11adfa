"""One Python module after the walk: what names mean, what values are known, what surrounds a node."""

from __future__ import annotations

import ast
import builtins
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TypeVar

from reprocheck.project.python.scopes import BUILTIN, UNRESOLVED, Binding, CallSite, Kind, Scope
from reprocheck.project.python.surroundings import StatementPlace, parents_of, statement_at
from reprocheck.project.python.walk import Walk
from reprocheck.project.source import SourceText

Node = TypeVar("Node", bound=ast.AST)
_BUILTINS = frozenset(dir(builtins))
_DEPTH = 24
"""How many steps a name is followed through assignments."""
_LINKS = 400
"""Attributes, calls and indexes behind a name that are followed to it; longer chains are generated."""
_BINDINGS = 64
"""Bindings of one name before a place that are looked at."""
_LATEST = 1 << 60
_DISPLAYS: dict[type[ast.expr], str] = {
    ast.List: "builtins.list()",
    ast.ListComp: "builtins.list()",
    ast.Dict: "builtins.dict()",
    ast.DictComp: "builtins.dict()",
    ast.Set: "builtins.set()",
    ast.SetComp: "builtins.set()",
    ast.Tuple: "builtins.tuple()",
    ast.JoinedStr: "builtins.str()",
    ast.GeneratorExp: "builtins.generator()",
}


class PythonFile:
    """A parsed module. Qualified names are written as the source spells them through its imports.

    `numpy.random.default_rng().normal` is the method `normal` of what a call returned, `glob.glob()[]` an element of
    it, `sklearn.model_selection.train_test_split()[0]` one position of an unpacked result. Names defined in the file
    itself start with a dot (`.Net.forward`), builtins with `builtins.`, and what one of several `import *` brings with
    `*.`; None is a name whose value is not known.
    """

    def __init__(self, source: SourceText, tree: ast.Module, collect: Iterable[type[ast.AST]] = ()) -> None:
        """`collect` names node types to keep for `nodes`."""
        walk = Walk(tree, collect)
        self.source = source
        self.tree = tree
        self.module = walk.module
        self.scopes: list[Scope] = walk.scopes
        self.calls: list[CallSite] = walk.calls
        self.conditions = walk.conditions
        self.dead_code = walk.dead_code
        self.exits = walk.exits
        self.branches = walk.branches
        self.sets = walk.sets
        self.attributes = walk.attributes
        self.references = walk.references
        self.owners = walk.owners
        self.strings = walk.strings
        self.nodes = walk.nodes
        self._binding_names: dict[Binding, str | None] = {}
        self._parents: dict[ast.AST, ast.AST] | None = None
        self._by_kind: dict[type[ast.AST], list[ast.AST]] | None = None
        self._scope_by_node: dict[ast.AST, Scope] | None = None

    # Names

    def callee(self, site: CallSite) -> str | None:
        """Qualified name of what a call calls; remembered, since rules and facts both ask."""
        if site.callee is UNRESOLVED:
            site.callee = self.resolve(site.node.func, site.scope, site.order)
        return site.callee

    def resolve(self, node: ast.expr, scope: Scope, order: int = _LATEST, depth: int = _DEPTH) -> str | None:
        """Qualified name of an expression as seen from `scope` at evaluation step `order`."""
        parts: list[str] = []
        # In a loop, and only so far: fluent code can be thousands of calls long, each of which asks for its name.
        while len(parts) <= _LINKS:
            kind = node.__class__
            if kind is ast.Attribute:
                if self._is_self(node.value, scope):  # type: ignore[attr-defined]
                    base = self._resolve_self(node, scope, depth)  # type: ignore[arg-type]
                    break
                parts.append("." + node.attr)  # type: ignore[attr-defined]
                node = node.value  # type: ignore[attr-defined]
            elif kind is ast.Call:
                parts.append("()")
                node = node.func  # type: ignore[attr-defined]
            elif kind is ast.Subscript:
                parts.append("[]")
                node = node.value  # type: ignore[attr-defined]
            elif kind is ast.Name:
                base = self._resolve_name(node.id, scope, order, depth)  # type: ignore[attr-defined]
                break
            else:
                base = self._resolve_other(node, scope, order, depth)
                break
        else:
            return None
        if base is None:
            return None
        if not parts:
            return base
        parts.reverse()
        return base + "".join(parts)

    def _resolve_other(self, node: ast.expr, scope: Scope, order: int, depth: int) -> str | None:
        if depth <= 0:
            return None
        match node:
            case ast.Constant():
                return f"builtins.{type(node.value).__name__}()" if node.value is not None else None
            case ast.Await() | ast.NamedExpr() | ast.Starred():
                return self.resolve(node.value, scope, order, depth - 1)
            case ast.IfExp():
                return self.resolve(node.body, scope, order, depth - 1) or self.resolve(
                    node.orelse, scope, order, depth - 1
                )
            case ast.BinOp(op=ast.Div()):
                left = self.resolve(node.left, scope, order, depth - 1)
                return left if left is not None and left.startswith("pathlib.") else None
        return _DISPLAYS.get(node.__class__)

    def _resolve_name(self, name: str, scope: Scope, order: int, depth: int) -> str | None:
        bindings = scope.lookup(name)
        if bindings is None:
            if name in _BUILTINS:
                return BUILTIN + name
            stars = self.module.stars
            if len(stars) > 1:
                return f"*.{name}"
            return f"{stars[0]}.{name}" if stars else None
        binding = reaching(bindings, scope, order)
        if binding is None or depth <= 0:
            return None
        if binding in self._binding_names:
            return self._binding_names[binding]
        resolved = self._resolve_binding(binding, name, depth - 1)
        self._binding_names[binding] = resolved
        return resolved

    def _resolve_binding(self, binding: Binding, name: str, depth: int) -> str | None:
        match binding.kind:
            case Kind.IMPORT:
                return binding.target
            case Kind.FUNCTION | Kind.CLASS:
                outer = binding.scope.qualname
                return f".{outer}.{name}" if outer else f".{name}"
            case Kind.ASSIGN | Kind.WITH:
                if binding.value is None:
                    return None
                resolved = self.resolve(binding.value, binding.scope, binding.order - 1, depth)
                return _indexed(resolved, binding.index)
            case Kind.LOOP:
                return self._resolve_element(binding, depth)
            case Kind.PARAMETER:
                annotation = getattr(binding.node, "annotation", None)
                parent = binding.scope.parent or self.module
                return self.annotated(annotation, parent) if annotation is not None else None
        return None

    def _resolve_element(self, binding: Binding, depth: int) -> str | None:
        value, index = binding.value, binding.index
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args and index is not None:
            # for i, x in enumerate(xs); for a, b in zip(xs, ys)
            function = value.func.id
            inner: ast.expr | None = None
            if function == "enumerate" and index == 1:
                inner = value.args[0]
            elif function == "zip" and index < len(value.args):
                inner = value.args[index]
            if inner is not None:
                resolved = self.resolve(inner, binding.scope, binding.order - 1, depth)
                return None if resolved is None else resolved + "[]"
        if value is None:
            return None
        resolved = (
            self.resolve(value, binding.scope.parent or binding.scope, _LATEST, depth)
            if (binding.scope.kind == "comprehension")
            else self.resolve(value, binding.scope, binding.order - 1, depth)
        )
        return None if resolved is None else _indexed(resolved + "[]", index)

    def annotated(self, annotation: ast.expr, scope: Scope) -> str | None:
        """Qualified name of an instance of what an annotation says: `pandas.DataFrame()`."""
        match annotation:
            case ast.Constant(value=str() as text):
                try:
                    return self.annotated(ast.parse(text, mode="eval").body, scope)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    return None
            case ast.BinOp(op=ast.BitOr()):
                left = annotation.left
                is_none = isinstance(left, ast.Constant) and left.value is None
                return self.annotated(annotation.right if is_none else left, scope)
            case ast.Subscript():
                outer = self.resolve(annotation.value, scope)
                if outer in {"typing.Optional", "typing.Annotated", "typing_extensions.Annotated"}:
                    inner = annotation.slice
                    first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                    return self.annotated(first, scope)
                return None if outer is None else outer + "()"
        resolved = self.resolve(annotation, scope)
        return None if resolved is None else resolved + "()"

    def _is_self(self, node: ast.expr, scope: Scope) -> bool:
        if node.__class__ is not ast.Name or node.id not in {"self", "cls"}:
            return False
        function = scope.enclosing("function")
        return function is not None and function.parent is not None and function.parent.kind == "class"

    def _resolve_self(self, node: ast.Attribute, scope: Scope, depth: int) -> str | None:
        function = scope.enclosing("function")
        owner = function.parent if function is not None else None
        if owner is None:
            return None
        method = owner.bindings.get(node.attr)
        if method is not None and method[-1].kind is Kind.FUNCTION:
            return f".{owner.qualname}.{node.attr}"
        assigned = owner.attributes.get(node.attr) or method
        if not assigned or depth <= 0:
            return None
        binding = assigned[-1]
        if binding in self._binding_names:
            return self._binding_names[binding]
        self._binding_names[binding] = None  # an attribute may be assigned from itself
        resolved = self._resolve_binding(binding, node.attr, depth - 1)
        self._binding_names[binding] = resolved
        return resolved

    # Surroundings

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Node that holds `node`; the table is made at the first question."""
        return self.parents.get(node)

    @property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Parent of every node."""
        if self._parents is None:
            self._parents = parents_of(self.tree)
        return self._parents

    def every(self, *kinds: type[Node]) -> Sequence[Node]:
        """Nodes of these very types, outermost first as `ast.walk` has them; the tree is gone through once for all."""
        if self._by_kind is None:
            by_kind: dict[type[ast.AST], list[ast.AST]] = {}
            for node in self.parents:
                by_kind.setdefault(node.__class__, []).append(node)
            self._by_kind = by_kind
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], [])  # type: ignore[return-value]
        wanted = self._by_kind.keys() & set(kinds)
        if len(wanted) <= 1:
            return self._by_kind[wanted.pop()] if wanted else []  # type: ignore[return-value]
        return [node for node in self.parents if node.__class__ in wanted]  # type: ignore[misc]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Parents of a node, nearest first."""
        parents = self.parents
        current = parents.get(node)
        while current is not None:
            yield current
            current = parents.get(current)

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """Innermost statement that holds `node`, or the node itself when it is one."""
        current: ast.AST | None = node
        while current is not None and not isinstance(current, ast.stmt):
            current = self.parents.get(current)
        return current

    def scope_of(self, node: ast.AST) -> Scope:
        """Scope that a node is evaluated in."""
        if self._scope_by_node is None:
            self._scope_by_node = {scope.node: scope for scope in self.scopes}
        by_node = self._scope_by_node
        for ancestor in self.ancestors(node):
            if ancestor in by_node:
                return by_node[ancestor]
        return self.module

    def statement_at(self, line: int) -> StatementPlace:
        """Innermost statement whose lines include `line`."""
        return statement_at(self.tree, line)

    def release(self) -> None:
        """Break the circle of scopes and bindings, so that the tree goes with its last user, not with a collection."""
        for scope in self.scopes:
            scope.bindings.clear()
            scope.attributes.clear()
            scope.nonlocals.clear()


def _indexed(resolved: str | None, index: int | None) -> str | None:
    return resolved if resolved is None or index is None else f"{resolved}[{index}]"


def reaching(bindings: list[Binding], scope: Scope, order: int) -> Binding | None:
    """The binding that most likely gives a name its value at step `order` of `scope`.

    In the binding scope itself that is the last one before; from inner scopes the last of all. An import wins over an
    alternative of `try`/`except ImportError`.
    """
    if len(bindings) == 1:
        binding = bindings[0]
        return binding if binding.gives else None
    if len(bindings) > _BINDINGS:
        end = bisect_right(bindings, order, key=attrgetter("order")) if bindings[-1].scope is scope else len(bindings)
        bindings = bindings[max(0, end - _BINDINGS) : end + 1]
    chosen: Binding | None = None
    imported: Binding | None = None
    for binding in bindings:
        if not binding.gives:
            continue
        if imported is None and binding.kind is Kind.IMPORT:
            imported = binding
        if binding.order > order and binding.scope is scope:
            break
        chosen = binding
    if chosen is None:
        chosen = next((b for b in bindings if b.gives), None)
    if imported is not None and chosen is not None and isinstance(chosen.branch, ast.Try):
        return imported
    return chosen
