"""From a qualified name, as one module spells it, to what it means in the project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Final

from reprocheck.project.facts.model import Assignment, Class, FileFacts, Function
from reprocheck.project.index.answers import NOTHING, Answers, Lookup, Traced
from reprocheck.project.index.modules import ModuleTable
from reprocheck.project.tests_by_name import is_test_path

_TOKEN = re.compile(r"\(\)|\[\d*\]|[^.()\[\]]+")
_FLUENT = frozenset(
    {"to", "cuda", "cpu", "eval", "train", "half", "float", "double", "bfloat16", "requires_grad_", "share_memory"}
)
"""Methods of models that return the model."""
_HOPS = 12
"""Re-exports that are followed."""
_DOTS = 24
"""Parts of a name that are looked at to find the module or definition at its head."""
_STARS = 100
"""Modules that are looked through for a name that `import *` may have brought."""


class _Nowhere(Enum):
    """That a module does not know a name; None stands for one that it knows and that means nothing in the project."""

    NOWHERE = 0


_NOWHERE: Final = _Nowhere.NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class FunctionRef:
    """A function of the project."""

    path: str
    index: int
    function: Function
    key: tuple[str, int] = field(init=False, repr=False)
    """Identity; kept, as following programs asks for it millions of times."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.path, self.index))


@dataclass(frozen=True, slots=True, eq=False)
class ClassRef:
    """A class of the project."""

    path: str
    definition: Class

    @property
    def key(self) -> tuple[str, str]:
        """Identity."""
        return (self.path, self.definition.name)


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class of the project."""

    of: ClassRef


@dataclass(frozen=True, slots=True)
class ModuleRef:
    """A module of the project."""

    path: str


@dataclass(frozen=True, slots=True)
class ValueRef:
    """A name that is assigned to at module or class level."""

    path: str
    name: str
    """As in the facts: `.NAME` or `.Class.attr`."""


@dataclass(frozen=True, slots=True)
class External:
    """A name from outside the project, re-exports followed."""

    name: str


Symbol = FunctionRef | ClassRef | Instance | ModuleRef | ValueRef | External | None


class ModuleSymbols:
    """Names of one module."""

    def __init__(self, facts: FileFacts) -> None:
        """Tables by qualified name inside the module."""
        self.facts = facts
        self.functions = {
            function.name: FunctionRef(facts.path, index, function) for index, function in enumerate(facts.functions)
        }
        self.methods: dict[str, list[FunctionRef]] = {}
        for name, ref in self.functions.items():
            self.methods.setdefault(name.rpartition(".")[0], []).append(ref)
        self.called: dict[str, list[FunctionRef]] = {}
        """Methods of all classes by their bare name."""
        for index, function in enumerate(facts.functions):
            if function.method:
                ref = FunctionRef(facts.path, index, function)
                self.called.setdefault(function.name.rpartition(".")[2], []).append(ref)
        self.classes = {definition.name: ClassRef(facts.path, definition) for definition in facts.classes}
        self.assignments: dict[str, list[Assignment]] = {}
        for assignment in facts.assignments:
            self.assignments.setdefault(assignment.target, []).append(assignment)


class Symbols:
    """Resolves names across the modules of a project."""

    def __init__(self, files: Mapping[str, FileFacts], modules: ModuleTable, answers: Answers) -> None:
        """`files` by path."""
        self.modules = modules
        self._files = files
        self._answers = answers
        self._tables: dict[str, ModuleSymbols] = {}
        self._resolved: dict[tuple[str, str], Traced[Symbol]] = {}
        self._ancestry: dict[tuple[str, str], Traced[tuple[ClassRef, ...]]] = {}
        self._sources: dict[str, Traced[tuple[str, ...]]] = {}
        self._with_method = Lookup(answers, "method", files, lambda path: self.table(path).called)
        answers.values("overriding", self._overriding)
        self._with_subclass = Lookup(answers, "subclass", files, self._based_on)

    def table(self, path: str) -> ModuleSymbols:
        """Names of one module."""
        if self._answers.noted is not None:
            self._answers.noted.add(path)
        table = self._tables.get(path)
        if table is None:
            table = self._tables[path] = ModuleSymbols(self._files[path])
        return table

    def resolve(self, path: str, name: str) -> Symbol:
        """What `name`, as the facts of the module at `path` spell it, means."""
        key = (path, name)
        known = self._resolved.get(key)
        if known is None:
            self._resolved[key] = (None, NOTHING)  # a circle of imports ends here
            known = self._resolved[key] = self._answers.traced(partial(self._resolve, path, name, _HOPS))
        if self._answers.noted is not None:
            self._answers.noted |= known[1]
        return known[0]

    def _resolve(self, path: str, name: str, hops: int) -> Symbol:
        if hops <= 0 or not name or name[0] in "?@":
            return None
        if name.startswith("*."):
            return self._from_stars(path, name[2:], hops)
        local = name.startswith(".") and not self._is_relative_import(path, name)
        if local:
            return self._inside(path, _TOKEN.findall(name), hops)
        return self._imported(path, name, hops)

    def _is_relative_import(self, path: str, name: str) -> bool:
        """`.utils.f` is either `f` of a class `utils` here or of a module `utils` beside: what is here wins."""
        tokens = _TOKEN.findall(name)
        if name.startswith("..") or not tokens:
            return True
        table = self.table(path)
        first = tokens[0]
        if first in table.functions or first in table.classes or f".{first}" in table.assignments:
            return False
        return self.modules.find(path, f".{first}") is not None

    def _imported(self, path: str, name: str, hops: int) -> Symbol:
        if hops <= 0:
            return None
        dots = len(name) - len(name.lstrip("."))
        tokens = _TOKEN.findall(name[dots:])
        for length in range(_plain(tokens), 0, -1):
            found = self.modules.find(path, "." * dots + ".".join(tokens[:length]))
            if found is not None and found != path:
                return self._inside(found, tokens[length:], hops - 1)
        if dots:
            found = self.modules.find(path, "." * dots)
            if found is not None and found != path:
                return self._inside(found, tokens, hops - 1)
            return None
        return External(name)

    def _inside(self, path: str, tokens: list[str], hops: int) -> Symbol:
        if path not in self._files:
            return None
        if not tokens:
            return ModuleRef(path)
        table = self.table(path)
        found = self._defined(path, table, tokens, hops)
        if found is not _NOWHERE:
            return found
        found = self._starred(path, table, tokens, hops)
        if found is None or isinstance(found, External):
            return self._submodule(path, tokens, hops) or found
        return found

    def _defined(self, path: str, table: ModuleSymbols, tokens: list[str], hops: int) -> Symbol | _Nowhere:
        """What a module itself defines or imports by that name."""
        for length in range(_plain(tokens), 0, -1):
            head = ".".join(tokens[:length])
            rest = tokens[length:]
            if head in table.classes:
                return self._of_class(table.classes[head], rest)
            if head in table.functions and head:
                return table.functions[head] if not rest else None
            if f".{head}" in table.assignments:
                return self._of_value(path, head, rest, hops)
        target = table.facts.imports.get(tokens[0])
        if target is not None:
            return self._imported(path, _join(target, tokens[1:]), hops - 1)
        return _NOWHERE

    def _starred(self, path: str, table: ModuleSymbols, tokens: list[str], hops: int) -> Symbol:
        """What `import *` brings: something of the project, else what one of those modules imports itself."""
        if not table.facts.stars:
            return None
        library: Symbol = None
        for found in self._star_sources(path):
            symbol = self._defined(found, self.table(found), tokens, hops - 1)
            if symbol is _NOWHERE:
                symbol = self._submodule(found, tokens, hops - 1)
            if symbol is not None and not isinstance(symbol, External | _Nowhere):
                return symbol
            if isinstance(symbol, External):
                library = library or symbol
        return library

    def _star_sources(self, path: str) -> tuple[str, ...]:
        """Modules whose names come into a module by `import *`, through others too."""
        return self._answers.remembered(self._sources, path, partial(self._find_star_sources, path))

    def _find_star_sources(self, path: str) -> tuple[str, ...]:
        reached, seen = [path], {path}
        for current in reached:
            for star in self.table(current).facts.stars:
                found = self.modules.find(current, star)
                if found is not None and found not in seen and len(reached) <= _STARS:
                    seen.add(found)
                    reached.append(found)
        return tuple(reached[1:])

    def _from_stars(self, path: str, name: str, hops: int) -> Symbol:
        """A name that one of several `import *` brings: from the project, else from the only one outside it."""
        table = self.table(path)
        found = self._starred(path, table, _TOKEN.findall(name), hops)
        if found is not None:
            return found
        outside = [star for star in table.facts.stars if self.modules.find(path, star) is None]
        return External(f"{outside[0]}.{name}") if len(outside) == 1 else None

    def _submodule(self, path: str, tokens: list[str], hops: int) -> Symbol:
        if not path.endswith("__init__.py"):
            return None
        found = self.modules.find(path, "." + tokens[0])
        return self._inside(found, tokens[1:], hops - 1) if found is not None and found != path else None

    def _of_class(self, owner: ClassRef, rest: list[str]) -> Symbol:
        position = 0
        while position < len(rest):
            if rest[position] == "()":
                position += 1
                if position == len(rest):
                    return Instance(owner)
            is_last = position + 1 == len(rest)
            method = self.method(owner, rest[position])
            if method is not None or is_last:
                return method if is_last else None
            if rest[position] not in _FLUENT or rest[position + 1] != "()":
                return None
            position += 1
        return owner

    def _of_value(self, path: str, head: str, rest: list[str], hops: int) -> Symbol:
        value = self.table(path).assignments[f".{head}"][-1].value
        if rest and value is not None and isinstance(value.value, str) and value.kind.value == "n":
            return self._resolve(path, _join(value.value, rest), hops - 1)
        return ValueRef(path, f".{head}") if not rest else None

    # Classes

    def method(self, owner: ClassRef, name: str) -> FunctionRef | None:
        """The method that an instance of a class has, inherited ones included."""
        for ancestor in self.ancestry(owner):
            found = self.table(ancestor.path).functions.get(f"{ancestor.definition.name}.{name}")
            if found is not None:
                return found
        return None

    def ancestry(self, owner: ClassRef) -> tuple[ClassRef, ...]:
        """The class and its bases in the project, depth first."""
        return self._answers.remembered(self._ancestry, owner.key, lambda: tuple(self._ancestors(owner)))

    def _ancestors(self, owner: ClassRef) -> Iterator[ClassRef]:
        stack, seen = [owner], set()
        while stack:
            current = stack.pop(0)
            if current.key in seen:
                continue
            seen.add(current.key)
            yield current
            bases = [self.resolve(current.path, base) for base in current.definition.bases]
            stack[0:0] = [base for base in bases if isinstance(base, ClassRef)]

    def external_bases(self, owner: ClassRef) -> set[str]:
        """Qualified names of the bases from outside the project."""
        found = set()
        for ancestor in self.ancestry(owner):
            for base in ancestor.definition.bases:
                symbol = self.resolve(ancestor.path, base)
                if isinstance(symbol, External):
                    found.add(symbol.name)
        return found

    def own_methods(self, owner: ClassRef) -> list[FunctionRef]:
        """Methods that the class itself defines."""
        return self.table(owner.path).methods.get(owner.definition.name, [])

    def overriding(self, owner: ClassRef, name: str, *, of_tests: bool) -> tuple[FunctionRef, ...]:
        """Methods of that name that direct subclasses have; `of_tests` says whether those in test files count.

        Who asks has read which methods these are, and no more of the files that they stand in.
        """
        key = f"{of_tests:d} {name} {_class_key(owner)}"
        self._answers.note_value("overriding", key)
        return self._answers.apart(lambda: tuple(map(self._function, self._overriding(key))))

    def _overriding(self, key: str) -> tuple[tuple[str, int], ...]:
        return self._answers.answer(
            "overriding", key, tuple[tuple[str, int], ...], lambda: tuple(self._find_overriding(key))
        )

    def _find_overriding(self, key: str) -> Iterator[tuple[str, int]]:
        of_tests, name, owner = key.split(" ", 2)
        path, _, definition = owner.rpartition(":")
        found = self.table(path).classes.get(definition) if path in self._files else None
        for subclass in self.subclasses(found) if found is not None else ():
            method = self.method(subclass, name) if of_tests == "1" or not is_test_path(subclass.path) else None
            if method is not None:
                yield method.key

    def _function(self, key: tuple[str, int]) -> FunctionRef:
        path, index = key
        return FunctionRef(path, index, self.table(path).facts.functions[index])

    def subclasses(self, owner: ClassRef) -> list[ClassRef]:
        """Direct subclasses in the project."""
        return [
            ref
            for path in self._with_subclass.files(_class_key(owner))
            for ref in self.table(path).classes.values()
            for base in self._bases(ref)
            if base.key == owner.key
        ]

    def _based_on(self, path: str) -> Iterator[str]:
        """Keys of the classes that those of a file derive from."""
        for ref in self.table(path).classes.values():
            yield from (_class_key(base) for base in self._bases(ref))

    def _bases(self, ref: ClassRef) -> Iterator[ClassRef]:
        for base in ref.definition.bases:
            symbol = self.resolve(ref.path, base)
            if isinstance(symbol, ClassRef):
                yield symbol

    def files_with_method(self, name: str) -> Sequence[str]:
        """Files in which some class has a method of that name."""
        return self._with_method.files(name)


def _class_key(owner: ClassRef) -> str:
    return f"{owner.path}:{owner.definition.name}"


def _plain(tokens: list[str]) -> int:
    """Parts of a name before the first call or index, as far as they are looked at."""
    plain = next((position for position, token in enumerate(tokens) if token[0] in "(["), len(tokens))
    return min(plain, _DOTS)


def _join(target: str, rest: Iterable[str]) -> str:
    return target + "".join(token if token[0] in "([" else f".{token}" for token in rest)
