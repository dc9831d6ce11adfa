"""Names, attributes and members: what each stands for, in this file and in others."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from reprocheck.rulekit.preprocessing.values import (
    ClassValue,
    Const,
    Data,
    FunctionValue,
    Instance,
    Made,
    Many,
    Method,
    ModuleValue,
    Named,
    Scope,
    Table,
    Value,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.interpreter import Interpreter

_STARS = 4
"""Modules that are looked through behind one another for a name of `import *`."""
_OF_TABLES = frozenset({"get", "items", "keys", "values", "pop", "copy", "update", "setdefault"})
_SAME = frozenset({"values", "T", "loc", "iloc"})
"""Attributes of tables that hold the same data."""
_BUILTINS = frozenset(dir(builtins))
_DEPTH = 14
"""Bases of classes behind one another."""


class Names:
    """Looks names up."""

    def __init__(self, run: Interpreter) -> None:
        """`run` follows whatever is met inside."""
        self._run = run

    def name(self, name: str, scope: Scope) -> Value:
        """What a name stands for."""
        found = scope.find(name)
        if found is not None:
            return found
        module: Scope = scope
        while module.around is not None:
            module = module.around
        outside = []
        for star in module.stars:
            path = self._run.index.symbols.modules.find(module.path, star)
            if path is None:
                outside.append(star)
            elif path != module.path:
                inner = self._exported(path, name, _STARS)
                if inner is not None:
                    return inner
        if len(outside) == 1 and name not in _BUILTINS:
            return Named(f"{outside[0]}.{name}")
        return Named(f"builtins.{name}")

    def _exported(self, path: str, name: str, hops: int) -> Value | None:
        """What `import *` of a module of the project brings by that name."""
        scope = self._run.module(path)
        found = scope.names.get(name)
        if found is not None or hops <= 0:
            return found
        for star in scope.stars:
            inner = self._run.index.symbols.modules.find(path, star)
            if inner is not None and inner != path:
                found = self._exported(inner, name, hops - 1)
                if found is not None:
                    return found
        return None

    def imported(self, target: str, path: str) -> Value:
        """What an import in a file brings."""
        dots = len(target) - len(target.lstrip("."))
        parts = target[dots:].split(".")
        modules = self._run.index.symbols.modules
        for length in range(len(parts), 0, -1):
            found = modules.find(path, "." * dots + ".".join(parts[:length]))
            if found is not None and found != path:
                value: Value = ModuleValue(found)
                for part in parts[length:]:
                    value = self.attribute(value, part)
                return value
        if dots:
            found = modules.find(path, "." * dots)
            if found is not None and found != path:
                value = ModuleValue(found)
                for part in parts:
                    value = self.attribute(value, part)
                return value
        return Named(target)

    def attribute(self, owner: Value, name: str) -> Value:
        """`owner.name`."""
        match owner:
            case Named():
                return Named(f"{owner.name}.{name}")
            case ModuleValue():
                scope = self._run.module(owner.path)
                found = scope.names.get(name)
                if found is not None:
                    return found
                beside = self._run.index.symbols.modules.find(owner.path, f".{name}")
                if owner.path.endswith("__init__.py") and beside is not None and beside != owner.path:
                    return ModuleValue(beside)
                return self._exported(owner.path, name, _STARS) or Data(f"{owner.path}.{name}")
            case Instance():
                found = owner.attributes.get(name)
                if found is not None:
                    return found
                method = self.method(owner.of, name)
                if isinstance(method, FunctionValue):
                    return Method(owner, name, method)
                return Method(owner, name) if isinstance(method, Method | Data) else method
            case ClassValue():
                member = self.method(owner, name)
                return Method(owner, name, member) if isinstance(member, FunctionValue) else member
            case Made():
                return owner.attributes.get(name) or Method(owner, name)
            case Table():
                found = owner.items.get(name)
                if found is None and owner.open and name not in _OF_TABLES:
                    return Data(f"?.{name}")
                return found if found is not None else Method(owner, name)
            case Data(source="streamlit_drawable_canvas.st_canvas") if name == "image_data":
                return owner
            case Data(kind=kind) if name in _SAME and kind.startswith("pandas."):
                return owner
            case Const() | Many() | Data():
                return Method(owner, name)
        return Data(f"?.{name}")

    def method(self, owner: ClassValue, name: str, depth: int = 0) -> Value:
        """A member of a class or of its bases; a name of an external base where there is none."""
        found = owner.scope.names.get(name)
        if found is not None:
            return found
        for base in owner.bases:
            if isinstance(base, ClassValue) and depth < _DEPTH:
                inherited = self.method(base, name, depth + 1)
                if not isinstance(inherited, Data):
                    return inherited
            elif isinstance(base, Named):
                return Method(base, name)
        return Data(f"?.{name}")
