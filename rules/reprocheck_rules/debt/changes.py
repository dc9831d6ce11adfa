"""What in a project can give a name another value: writes, calls, strings that name it, packaging that exports it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from reprocheck.rulekit import Project, is_test_path
from reprocheck.rulekit.facts import (
    Assignment,
    Call,
    ClassRef,
    ModuleRef,
    ValueKind,
)

"""Paths of test code."""
_ASIDE = re.compile(
    r"(^|/)(examples?|scripts?|tools?|docs?|benchmarks?|experiments?|notebooks?|projects?|recipes|demos?|samples?|"
    r"tutorials?|research|contrib|bin)/"
)
_WHOLE_MODULE = frozenset({"Fire", "CLI", "auto_cli", "defopt"})
"""Calls that, given nothing, make a command line of all that the module has."""
_PATH = re.compile(r"[\w.:]+")
_WORD = re.compile(r"[A-Za-z_]\w+")


class CallSite:
    """A call with the function it stands in."""

    __slots__ = ("call", "function", "path")

    def __init__(self, path: str, function: int, call: Call) -> None:
        """`function` is the index among the functions of the module."""
        self.path = path
        self.function = function
        self.call = call


class Changes:
    """Tables over a whole project, each made when first asked for."""

    def __init__(self, project: Project) -> None:
        """Nothing is read yet."""
        self.project = project
        self.index = project.index
        self.symbols = project.index.symbols
        self._families: dict[tuple[str, str], list[ClassRef]] = {}
        self._outside: dict[tuple[str, str], frozenset[str]] = {}

    @cached_property
    def calls(self) -> dict[str, list[CallSite]]:
        """Calls by the last part of what they call."""
        found: dict[str, list[CallSite]] = defaultdict(list)
        for path, facts in self.index.files.items():
            for position, function in enumerate(facts.functions):
                for event in function.events:
                    if isinstance(event, Call):
                        found[last_part(event.callee)].append(CallSite(path, position, event))
        return found

    @cached_property
    def keywords(self) -> dict[str, list[CallSite]]:
        """Calls by the keywords that they give."""
        found: dict[str, list[CallSite]] = defaultdict(list)
        for sites in self.calls.values():
            for site in sites:
                for argument in site.call.arguments:
                    if argument.name:
                        found[argument.name].append(site)
        return found

    @cached_property
    def writes(self) -> dict[str, list[tuple[str, Assignment]]]:
        """Assignments by the last part of their target."""
        found: dict[str, list[tuple[str, Assignment]]] = defaultdict(list)
        for path, facts in self.index.files.items():
            for assignment in facts.assignments:
                found[last_part(assignment.target)].append((path, assignment))
        return found

    @cached_property
    def lookup_names(self) -> frozenset[str]:
        """Names that a string, setting or command spells: `use_amp`, `package.module.use_amp`, `sed s/use_amp/`."""
        found: set[str] = set()
        for facts in self.index.files.values():
            for text in facts.strings:
                if _PATH.fullmatch(text):
                    found.add(text.rpartition(".")[2].rpartition(":")[2])
        for document in self.index.documents.values():
            for setting in document.settings:
                found.update(setting.key.split("."))
                if isinstance(setting.value, str) and _PATH.fullmatch(setting.value):
                    found.add(setting.value.rpartition(".")[2].rpartition(":")[2])
            for command in document.commands:
                found.update(word for text in command.words for word in _WORD.findall(text))
        return frozenset(found)

    @cached_property
    def annotated(self) -> frozenset[str]:
        """Classes that a field of another class is annotated with, by bare name."""
        return frozenset(
            last_part(field.annotation.removesuffix("()"))
            for facts in self.index.files.values()
            for owner in facts.classes
            for field in owner.fields
            if field.annotation
        )

    @cached_property
    def _references(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path, facts in self.index.files.items():
            for name in facts.references:
                found[name].append(path)
        return found

    @cached_property
    def _owners(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path, facts in self.index.files.items():
            for name in facts.owners:
                found[name].append(path)
        return found

    @cached_property
    def _aliases(self) -> dict[str, list[tuple[str, str]]]:
        """Imports by the last part of what is imported, where it gets another name."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path, facts in self.index.files.items():
            for name, target in facts.imports.items():
                last = last_part(target)
                if last != name:
                    found[last].append((path, name))
        return found

    def is_value(self, path: str, name: str, *, held: bool = False) -> bool:
        """Whether a function or class of a module is used otherwise than by calling it.

        `held` counts what is read of it too: `train.remote` may be a way to call a function.
        """
        stem = path.rpartition("/")[2].removesuffix(".py")
        readers = [*self._references.get(name, ()), *(self._owners.get(name, ()) if held else ())]
        for reader in readers:
            facts = self.index.files[reader]
            if reader == path or name in facts.imports or stem in facts.names or stem in facts.attributes:
                return True
            if facts.stars or any(last_part(target) == stem for target in facts.imports.values()):
                return True
        return any(alias in self.index.files[reader].references for reader, alias in self._aliases.get(name, ()))

    @cached_property
    def packaged(self) -> tuple[str, ...]:
        """Folders that hold a distribution's own files."""
        found = [path.rpartition("/")[0] for path in self.index.paths if path.rpartition("/")[2] == "setup.py"]
        found.extend(
            document.path.rpartition("/")[0]
            for document in self.index.documents.values()
            if document.path.rpartition("/")[2] == "pyproject.toml"
            and any(setting.key in {"project.name", "tool.poetry.name"} for setting in document.settings)
        )
        return tuple(sorted(set(found)))

    def is_library(self, path: str) -> bool:
        """Whether users of an installed distribution can import the module."""
        folder = path.rpartition("/")[0]
        if not folder or path.endswith(".ipynb") or f"{folder}/__init__.py" not in self.index.paths:
            return False
        for root in self.packaged:
            inside = path if not root else path.removeprefix(root + "/")
            if (not root or inside != path) and not _ASIDE.search(inside):
                return True
        return False

    @cached_property
    def rewritten_modules(self) -> frozenset[str]:
        """Modules whose names some code sets without spelling them: `setattr(config, key, value)`."""
        found: set[str] = set()
        for site in self.calls.get("setattr", ()):
            if site.call.callee == "builtins.setattr" and site.call.arguments:
                value = site.call.arguments[0].value
                if value is not None and value.kind is ValueKind.NAME:
                    symbol = self.symbols.resolve(site.path, str(value.value))
                    if isinstance(symbol, ModuleRef):
                        found.add(symbol.path)
        return frozenset(found)

    @cached_property
    def sets_by_computed_name(self) -> bool:
        """Whether anything outside of tests sets attributes whose names are computed."""
        for site in self.calls.get("setattr", ()):
            if site.call.callee == "builtins.setattr" and not is_test_path(site.path):
                names = [argument.value for argument in site.call.arguments[1:2]]
                if not names or names[0] is None or names[0].kind is not ValueKind.CONSTANT:
                    return True
        if any(site.call.callee.startswith("builtins.vars()") for site in self.calls.get("update", ())):
            return True
        return any(
            "__setattr__" in facts.attributes or ("__dict__" in facts.attributes and "update" in facts.attributes)
            for path, facts in self.index.files.items()
            if not is_test_path(path)
        )

    @cached_property
    def looked_into(self) -> frozenset[str]:
        """Modules whose functions and classes are found by computed names, or served as a command line."""
        found: set[str] = set()
        for name in ("getattr", "getmembers", "vars"):
            for site in self.calls.get(name, ()):
                first = site.call.arguments[0].value if site.call.arguments else None
                if first is not None and first.kind is ValueKind.NAME:
                    self._add_module(found, site.path, str(first.value))
        for name in _WHOLE_MODULE:
            found.update(site.path for site in self.calls.get(name, ()) if not site.call.arguments)
        for path, facts in self.index.files.items():
            if {"globals", "exec", "__import__"} & set(facts.names) or "modules" in facts.attributes:
                found.add(path)
            if "__dict__" in facts.attributes:
                for owner in facts.owners:
                    self._add_module(found, path, facts.imports.get(owner, ""))
        return frozenset(found)

    def _add_module(self, found: set[str], path: str, name: str) -> None:
        symbol = self.symbols.resolve(path, name) if name else None
        if isinstance(symbol, ModuleRef):
            found.add(symbol.path)

    def module_is_open(self, path: str) -> bool:
        """Whether code that can't be seen sets names of a module: `exec`, `globals()`, an import by computed name."""
        if path in self.rewritten_modules or path in self._open_modules:
            return True
        return not {"exec", "globals"}.isdisjoint(self.index.files[path].names)

    @cached_property
    def _open_modules(self) -> frozenset[str]:
        """Modules that another one star-imports and then treats with `exec` or `globals()`."""
        found: set[str] = set()
        for path, facts in self.index.files.items():
            if facts.stars and not {"exec", "globals"}.isdisjoint(facts.names):
                for star in facts.stars:
                    module = self.symbols.modules.find(path, star)
                    if module is not None:
                        found.add(module)
        return frozenset(found)

    def exported(self, path: str) -> frozenset[str]:
        """Names that a module with an `__all__` may list there."""
        facts = self.index.files[path]
        return frozenset(facts.strings if ".__all__" in self.symbols.table(path).assignments else ())

    # Classes

    def family(self, owner: ClassRef) -> list[ClassRef]:
        """A class with its bases, all that derive from any of them, and their bases."""
        known = self._families.get(owner.key)
        if known is not None:
            return known
        found = {owner.key: owner}
        stack = [owner]
        while stack:
            current = stack.pop()
            # A mixin beside a base reaches the same instances, so bases of what derives count too.
            bases = (self.symbols.resolve(current.path, base) for base in current.definition.bases)
            for relative in (*bases, *self.symbols.subclasses(current)):
                if isinstance(relative, ClassRef) and relative.key not in found:
                    found[relative.key] = relative
                    stack.append(relative)
        members = list(found.values())
        self._families.update((key, members) for key in found)
        return members

    def outside_bases(self, owner: ClassRef) -> frozenset[str]:
        """Bases from outside the project, of a class or any that is related to it."""
        known = self._outside.get(owner.key)
        if known is None:
            family = self.family(owner)
            known = frozenset(base for ref in family for base in self.symbols.external_bases(ref))
            self._outside.update((ref.key, known) for ref in family)
        return known

    def class_of(self, path: str, function_name: str) -> ClassRef | None:
        """The class that a method belongs to."""
        return self.symbols.table(path).classes.get(function_name.rpartition(".")[0])

    def enclosing_class(self, path: str, function: int) -> ClassRef | None:
        """The class around a function, functions in between left out."""
        name = self.index.files[path].functions[function].name
        classes = self.symbols.table(path).classes
        while name:
            name = name.rpartition(".")[0]
            if name in classes:
                return classes[name]
        return None

    def named(self, name: str) -> Iterator[CallSite]:
        """Calls of a name, or of one that an import gives it."""
        for spelled in sorted({name, *(alias for _, alias in self._aliases.get(name, ()))}):
            yield from self.calls.get(spelled, ())

    def construct(self, owner: ClassRef) -> Iterator[CallSite]:
        """Calls that make an instance of a class."""
        for site in self.named(last_part(owner.definition.name)):
            symbol = self.symbols.resolve(site.path, site.call.callee)
            if isinstance(symbol, ClassRef) and symbol.key == owner.key:
                yield site
        family = {ref.key for ref in self.family(owner)}
        for site in (*self.calls.get("@cls", ()), *self.calls.get("__class__", ())):
            inside = self.enclosing_class(site.path, site.function)
            if inside is not None and inside.key in family:
                yield site


def last_part(name: str) -> str:
    """What stands behind the last dot of a qualified name, brackets and the sign of an assignment left out."""
    return name.rpartition(".")[2].rstrip("=()[]0123456789") if name[-1:] in "=)]" else name.rpartition(".")[2]
