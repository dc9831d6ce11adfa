"""Who calls a function, and what each call gives for a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reprocheck.rulekit.facts import Call, ClassRef, Function, FunctionRef, Value
from reprocheck_rules.debt.changes import CallSite, Changes, last_part

PLAIN_BASES = frozenset(
    {
        "builtins.object",
        "abc.ABC",
        "typing.Generic",
        "typing.Protocol",
        "torch.nn.Module",
        "torch.nn.modules.module.Module",
        "torch.utils.data.Dataset",
        "torch.utils.data.IterableDataset",
        "torch.autograd.Function",
        "keras.Model",
        "tensorflow.keras.Model",
        "builtins.Exception",
    }
)
"""Bases that set no attributes of a subclass by configuration."""
_PLAIN_DECORATORS = frozenset(
    {
        "builtins.staticmethod",
        "builtins.classmethod",
        "torch.no_grad()",
        "torch.no_grad",
        "torch.inference_mode()",
        "torch.jit.script",
        "functools.lru_cache()",
        "functools.lru_cache",
        "functools.cache",
        "jax.jit",
        "numba.jit",
        "numba.njit",
        "tensorflow.function",
    }
)
_METHODS_OF_MODULES = frozenset(
    {
        "train",
        "eval",
        "to",
        "cuda",
        "cpu",
        "half",
        "float",
        "apply",
        "state_dict",
        "load_state_dict",
        "_load_from_state_dict",
        "_save_to_state_dict",
        "parameters",
        "named_parameters",
        "modules",
        "named_modules",
        "children",
        "zero_grad",
        "requires_grad_",
        "build",
        "compile",
        "fit",
        "get_config",
    }
)
"""Methods that a framework's own code calls on a module, with arguments of its own."""
_CALLED_BY_FRAMEWORK = frozenset({"forward", "call", "__call__", "main"})
FILES_OF_TOOLS = "hubconf|noxfile|tasks|fabfile|dodo|conftest|manage"
"""Names, as a pattern, of files whose public functions people and tools call with arguments of their own: torch.hub."""
_CALLED_BY_TOOLS = re.compile(rf"(^|/)({FILES_OF_TOOLS})\.py$")


class Open:
    """Stands for an argument that an unpacked one may give; there is one, `OPEN`."""


OPEN: Final = Open()


class Callers:
    """Finds the calls of functions, methods and constructors."""

    def __init__(self, changes: Changes) -> None:
        """`changes` has the tables of the project."""
        self.changes = changes
        self._symbols = changes.symbols

    def only_called(self, reference: FunctionRef) -> bool:
        """Whether every use of a function is a call that can be found."""
        function = reference.function
        name = last_part(function.name)
        owner = self.changes.class_of(reference.path, function.name) if function.method else None
        if any(decorator not in _PLAIN_DECORATORS for decorator in function.decorators):
            return False
        if owner is None and not name.startswith("_") and _CALLED_BY_TOOLS.search(reference.path):
            return False
        if name == "__init__" and owner is not None:
            return not self.changes.is_looked_into(reference.path) and all(
                self._only_constructed(ref) for ref in self.changes.family(owner)
            )
        if name.startswith("__") or name in _CALLED_BY_FRAMEWORK or self.changes.is_spelled(name):
            return False
        if self.changes.is_looked_into(reference.path):
            return False
        if owner is not None:
            family = self.changes.family(owner)
            bases = self.changes.outside_bases(owner)
            if bases - PLAIN_BASES or (bases and name in _METHODS_OF_MODULES):
                return False
            defining = [
                ref for ref in family if f"{ref.definition.name}.{name}" in self._symbols.table(ref.path).functions
            ]
            if len(defining) != 1:
                return False
        return not self.changes.is_value(reference.path, name, held=True)

    def _only_constructed(self, owner: ClassRef) -> bool:
        name = last_part(owner.definition.name)
        bases = self._symbols.external_bases(owner) - PLAIN_BASES
        return (
            not bases
            and not owner.definition.decorators
            and not self.changes.is_spelled(name)
            and not self.changes.is_value(owner.path, name)
        )

    def of(self, reference: FunctionRef) -> Iterator[CallSite]:
        """Calls that reach a function, those that might included."""
        function = reference.function
        name = last_part(function.name)
        if name == "__init__":
            owner = self.changes.class_of(reference.path, function.name)
            if owner is not None:
                yield from self.changes.construct(owner)
                yield from self._initialisers(owner)
            return
        stem = reference.path.rpartition("/")[2].removesuffix(".py")
        for site in self.changes.named(name):
            callee = site.call.callee
            symbol = self._symbols.resolve(site.path, callee)
            if isinstance(symbol, FunctionRef):
                if symbol.key == reference.key:
                    yield site
            elif callee.startswith(("?", "self.", "builtins.super")):
                if function.method:
                    yield site
            elif symbol is None or callee.endswith(f"{stem}.{name}") or _may_be_ours(callee, method=function.method):
                yield site

    def _initialisers(self, owner: ClassRef) -> Iterator[CallSite]:
        """Calls of `__init__` by name: `super().__init__(...)` of a class that derives, `Base.__init__(self, ...)`."""
        family = {ref.key for ref in self.changes.family(owner)}
        for path in self._initialising(owner):
            for site in self.changes.calls_in(path, "__init__"):
                callee = site.call.callee
                if callee.startswith("builtins.super"):
                    inside = self.changes.enclosing_class(path, site.function)
                    reaches = inside is not None and inside.key != owner.key and inside.key in family
                elif callee[0] == "?":
                    reaches = True
                else:
                    symbol = self._symbols.resolve(path, callee)
                    meant = isinstance(symbol, FunctionRef) and self.changes.class_of(symbol.path, symbol.function.name)
                    reaches = isinstance(meant, ClassRef) and meant.key == owner.key
                if reaches:
                    yield site

    def _initialising(self, owner: ClassRef) -> list[str]:
        """Files that may call the `__init__` of a class by name, in order."""
        words = self.changes.words
        found = set(words.files("initialises", "?"))
        for ref in self.changes.family(owner):
            if ref.key != owner.key:
                found.add(ref.path)
            for name in self.changes.spellings(last_part(ref.definition.name)):
                found.update(words.files("initialises", name))
        return sorted(found)


def _may_be_ours(callee: str, *, method: bool) -> bool:
    """Whether a library may have handed out an object or module of the project: `import_module(name).build()`."""
    return callee.startswith("importlib.") or (method and ("()" in callee or "[" in callee))


def bound_argument(site: CallSite, function: Function, name: str) -> Value | Open | None:
    """What a call gives for a parameter: a value, `None` where it leaves it out, or that it can't be told."""
    call = site.call
    parameters = [parameter.name for parameter in function.parameters]
    if function.method and parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    position = 0
    for argument in call.arguments:
        if argument.name in {"*", "**"}:
            return OPEN
        if argument.name == name:
            return argument.value if argument.value is not None else OPEN
        if not argument.name:
            if position < len(parameters) and parameters[position] == name:
                return argument.value if argument.value is not None else OPEN
            position += 1
    return None


def given(call: Call, name: str, position: int) -> bool:
    """Whether a call gives a field, by position or name."""
    positional = [argument for argument in call.arguments if not argument.name]
    return len(positional) > position or any(argument.name in {name, "*", "**"} for argument in call.arguments)
