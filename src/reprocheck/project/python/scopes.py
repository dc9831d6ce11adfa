"""Scopes, bindings and calls: what one walk over a syntax tree leaves behind."""

from __future__ import annotations

import ast
from enum import Enum
from typing import NamedTuple

BUILTIN = "builtins."
"""Prefix of names that nothing in the file binds."""


UNRESOLVED = "?"
"""Stands for a callee that nobody asked for yet."""


class Kind(Enum):
    """How a name comes to be bound."""

    IMPORT = "import"
    ASSIGN = "assign"
    AUGMENTED = "augmented"
    PARAMETER = "parameter"
    LOOP = "loop"
    WITH = "with"
    EXCEPT = "except"
    FUNCTION = "function"
    CLASS = "class"
    DELETE = "delete"
    PATTERN = "pattern"


class Binding:
    """One place where a name gets a value."""

    __slots__ = ("branch", "gives", "index", "kind", "node", "order", "scope", "target", "value")

    def __init__(  # noqa: PLR0917 — called for every name of every file; keywords would cost a tenth of the walk
        self,
        kind: Kind,
        node: ast.AST,
        scope: Scope,
        order: int,
        value: ast.expr | None = None,
        target: str = "",
        index: int | None = None,
        branch: ast.stmt | None = None,
    ) -> None:
        """`order` counts evaluation steps through the file; `index` is the position in an unpacked value."""
        self.kind = kind
        self.gives = kind is not Kind.DELETE and kind is not Kind.AUGMENTED
        """Whether the name has a value of its own behind this."""
        self.node = node
        self.scope = scope
        self.order = order
        self.value = value
        """What is assigned, iterated over, entered or given as default."""
        self.target = target
        """Qualified name of an import."""
        self.index = index
        self.branch = branch
        """Innermost conditional statement or loop around the binding, in the same scope."""


class Scope:
    """A module, class, function, lambda or comprehension."""

    __slots__ = (
        "attributes", "bindings", "kind", "name", "node", "nonlocals", "parent", "qualname", "star_sites",
        "uses",
    )  # fmt: skip

    def __init__(self, kind: str, name: str, node: ast.AST, parent: Scope | None) -> None:
        """`kind` is module, class, function, lambda or comprehension."""
        self.kind = kind
        self.name = name
        self.node = node
        self.parent = parent
        self.qualname: str = f"{parent.qualname}.{name}" if parent is not None and parent.qualname else name
        self.bindings: dict[str, list[Binding]] = {}
        self.nonlocals: dict[str, Scope] = {}
        """Names declared `global` or `nonlocal`, and the scope that they belong to."""
        self.attributes: dict[str, list[Binding]] = {}
        """For classes: what methods assign to `self.NAME`."""
        self.star_sites: list[Binding] = []
        """Imports of all that a module has; they bind no name that is known."""
        self.uses: set[str] = set()
        """Names read here."""

    @property
    def stars(self) -> list[str]:
        """Modules imported with `*`."""
        return [site.target for site in self.star_sites]

    def lookup(self, name: str) -> list[Binding] | None:
        """Bindings that a read of `name` in this scope sees, by Python's rules; None when nothing binds it."""
        scope: Scope | None = self.nonlocals.get(name, self)
        first = True
        while scope is not None:
            found = scope.bindings.get(name)
            if found is not None and (first or scope.kind != "class"):
                return found
            first = first and scope.kind == "comprehension"
            scope = scope.parent
        return None

    def enclosing(self, kind: str) -> Scope | None:
        """Nearest scope of that kind, this one included."""
        scope: Scope | None = self
        while scope is not None and scope.kind != kind:
            scope = scope.parent
        return scope


class Branch(NamedTuple):
    """What surrounds a conditional statement or loop."""

    parent: ast.stmt | None
    """Innermost conditional statement or loop around it in the same scope."""
    scope: Scope
    order: int
    """Evaluation step at its condition."""


class CallSite:
    """A call expression and where it stands."""

    __slots__ = ("branch", "callee", "loop", "node", "order", "scope", "statement")

    def __init__(
        self,
        node: ast.Call,
        scope: Scope,
        order: int,
        statement: ast.stmt,
        loop: ast.stmt | None,
        branch: ast.stmt | None,
    ) -> None:
        """`order` counts evaluation steps through the file."""
        self.node = node
        self.callee: str | None = UNRESOLVED
        """What `PythonFile.callee` found; UNRESOLVED before."""
        self.scope = scope
        self.order = order
        self.statement = statement
        self.loop = loop
        """Innermost `for` or `while` around the call in the same function."""
        self.branch = branch
        """Innermost conditional statement or loop around the call in the same function."""


class SetSite(NamedTuple):
    """An assignment to an attribute or item."""

    target: ast.Attribute | ast.Subscript
    value: ast.expr | None
    scope: Scope
    order: int
    branch: ast.stmt | None


class DeadCode:
    """Statements behind one that never lets control pass."""

    __slots__ = ("after", "first", "last", "scope")

    def __init__(self, after: ast.stmt, first: ast.stmt, last: ast.stmt, scope: Scope) -> None:
        """`after` is the return, raise, continue or break."""
        self.after = after
        self.first = first
        self.last = last
        self.scope = scope
