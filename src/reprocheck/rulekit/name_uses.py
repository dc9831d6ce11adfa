"""Where a name or an attribute of `self` is read after it was bound."""

import ast
from collections.abc import Iterator

from reprocheck.project.python.scopes import Binding, Kind, Scope
from reprocheck.rulekit.module import Module


class NameUses:
    """Reads of names in one module; indexed at the first question."""

    def __init__(self, module: Module) -> None:
        """Nothing is looked at yet."""
        self.file = module.file
        self._loads: dict[str, list[ast.Name]] = {}
        self._attributes: dict[str, list[ast.Attribute]] = {}
        self._indexed = False

    def uses(self, target: ast.Name) -> Iterator[ast.Name]:
        """Reads of a name that can see what is bound or added at `target`."""
        scope = self.file.scope_of(target)
        bindings = scope.lookup(target.id) or []
        binding = next((b for b in bindings if b.node is target), None)
        if binding is None:
            earlier = [b for b in bindings if _position(b.node) <= _position(target)]
            binding = earlier[-1] if earlier else bindings[0] if bindings else None
        if binding is not None:
            yield from self.uses_of(binding, target.id)

    def uses_of(self, binding: Binding, name: str) -> Iterator[ast.Name]:
        """Reads of a name that can see one of its bindings."""
        self._index()
        bindings = binding.scope.lookup(name) or []
        for use in self._loads.get(name, ()):
            scope = self.file.scope_of(use)
            if scope.lookup(name) is bindings and self._reaches(binding, bindings, use, scope):
                yield use

    def _reaches(self, binding: Binding, bindings: list[Binding], use: ast.Name, scope: Scope) -> bool:
        if _function(scope) is not _function(binding.scope):
            return True
        start, end = _position(binding.node), _position(use)
        if end < start:
            return False
        for other in bindings:
            between = start < _position(other.node) < end and other is not binding
            if not between or other.kind is not Kind.ASSIGN or other.scope is not binding.scope:
                continue
            if _holds(other.value, use):
                continue
            if other.branch is None or other.branch is binding.branch or other.branch in self.file.ancestors(use):
                return isinstance(other.branch, ast.If) and other.branch is binding.branch and _apart(other, binding)
        return True

    def reads(self, name: str) -> list[ast.Name]:
        """Every read of a name in the module."""
        self._index()
        return self._loads.get(name, [])

    def attribute_uses(self, target: ast.Attribute) -> Iterator[ast.Attribute]:
        """Reads of `self.NAME` in the class around `target`."""
        self._index()
        owner = next((a for a in self.file.ancestors(target) if isinstance(a, ast.ClassDef)), None)
        for use in self._attributes.get(target.attr, ()):
            if use is not target and owner is not None and owner in self.file.ancestors(use):
                yield use

    def _index(self) -> None:
        if self._indexed:
            return
        self._indexed = True
        for node in self.file.parents:  # whoever asks for uses asks for parents too
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    self._loads.setdefault(name, []).append(node)
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Load()):
                    self._attributes.setdefault(name, []).append(node)


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _function(scope: Scope) -> Scope:
    while scope.kind == "comprehension" and scope.parent is not None:
        scope = scope.parent
    return scope


def _holds(value: ast.expr | None, use: ast.Name) -> bool:
    return value is not None and any(node is use for node in ast.walk(value))


def _apart(first: Binding, second: Binding) -> bool:
    """Whether two bindings stand in different arms of the same `if`."""
    branch = first.branch
    assert isinstance(branch, ast.If)
    split = _position(branch.orelse[0]) if branch.orelse else (1 << 60, 0)
    return (_position(first.node) < split) is not (_position(second.node) < split)
