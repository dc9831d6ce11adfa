"""What in a project can give a name another value: writes, calls, strings that name it, packaging that exports it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reprocheck.rulekit import Project, is_test_path
from reprocheck.rulekit.facts import (
    Assignment,
    Call,
    ClassRef,
    DocumentFacts,
    FileFacts,
    Import,
    ModuleRef,
    Traced,
    ValueKind,
    Vocabulary,
)

_ASIDE = re.compile(
    r"(^|/)(examples?|scripts?|tools?|docs?|benchmarks?|experiments?|notebooks?|projects?|recipes|demos?|samples?|"
    r"tutorials?|research|contrib|bin)/"
)
_WHOLE_MODULE = frozenset({"Fire", "CLI", "auto_cli", "defopt"})
"""Calls that, given nothing, make a command line of all that the module has."""
_LOOKS_INTO = ("getattr", "getmembers", "vars")
_COPIERS = frozenset({"replace", "_replace", "evolve"})
_SETS_VARIABLE = frozenset({"setdefault", "putenv", "setenv"})
_PATH = re.compile(r"[\w.:]+")
_SIGNS = re.compile(r"^[-+~]*")
_WORD = re.compile(r"[A-Za-z_]\w+")
_RUNS_TEXT = frozenset({"exec", "globals"})


class CallSite:
    """A call with the function it stands in."""

    __slots__ = ("call", "function", "path")

    def __init__(self, path: str, function: int, call: Call) -> None:
        """`function` is the index among the functions of the module."""
        self.path = path
        self.function = function
        self.call = call


class Opening(NamedTuple):
    """What one file opens to code that can't be seen."""

    kind: str
    """`looked into`: a module's functions and classes are found by computed names; `rewritten`: its names are set so;
    `run over`: it is star-imported and then treated with `exec` or `globals()`; `sets`: attributes are set by computed
    names."""
    path: str


class Changes:
    """What the files of a project do to names; whoever asks has read what says it, and no more."""

    def __init__(self, project: Project) -> None:
        """Nothing is read yet."""
        self.project = project
        self.index = project.index
        self.symbols = project.index.symbols
        self._answers = project.index.answers
        self._modules: dict[str, _Module] = {}
        self._families: dict[tuple[str, str], Traced[tuple[ClassRef, ...]]] = {}
        self._outside: dict[tuple[str, str], Traced[frozenset[str]]] = {}
        self._stems = frozenset(stem_of(path) for path in self.index.files)
        paths = sorted((*self.index.files, *self.index.documents))
        self.words = Vocabulary(self._answers, "words of changes", paths, self._words)
        """Which files have a name, by what they do to it."""

    def _words(self, path: str) -> Iterable[tuple[str, Iterable[str]]]:
        return (
            _of_module(self.index.files[path], self._stems)
            if path in self.index.files
            else _of_document(self.index.documents[path])
        )

    def _module(self, path: str) -> _Module:
        facts = self.index.files[path]
        module = self._modules.get(path)
        if module is None:
            module = self._modules[path] = _Module(facts)
        return module

    def calls(self, name: str) -> Iterator[CallSite]:
        """Calls by the last part of what they call."""
        for path in self.words.files("calls", name):
            yield from self.calls_in(path, name)

    def calls_in(self, path: str, name: str) -> list[CallSite]:
        """Those of one file."""
        return self._module(path).calls.get(name, [])

    def writes(self, name: str) -> Iterator[tuple[str, Assignment]]:
        """Assignments by the last part of their target, to what a module doesn't define itself."""
        for path in self.words.files("writes", name):
            for assignment in self.index.files[path].assignments:
                if last_part(assignment.target) == name and not _is_own(assignment):
                    yield path, assignment

    def is_written_somewhere(self, name: str) -> bool:
        """Whether any file sets such an attribute of an object that is not known."""
        return self.words.has("writes unknown", name)

    def is_spelled(self, name: str) -> bool:
        """Whether a string, setting or command spells a name: `use_amp`, `package.use_amp`, `sed s/use_amp/`."""
        return self.words.has("spelled", name)

    def is_annotation(self, name: str) -> bool:
        """Whether a field of some class is annotated with a class of that bare name."""
        return self.words.has("annotated", name)

    def is_value(self, path: str, name: str, *, held: bool = False) -> bool:
        """Whether a function or class of a module is used otherwise than by calling it.

        `held` counts what is read of it too: `train.remote` may be a way to call a function.
        """
        read = self.words.read
        if self.words.has("alias references", name):
            return True
        used = [*read("references", name), *(read("owners", name) if held else ())]
        if not used:
            return False
        stem = stem_of(path)
        may = dict([self.words.place(path)])
        for kind, word in (("imports", name), ("stems", stem), ("imported", stem), ("imports all", "*")):
            for group, mask in read(kind, word):
                may[group] = may.get(group, 0) | mask
        return any(may.get(group, 0) & mask for group, mask in used)

    def is_library(self, path: str) -> bool:
        """Whether users of an installed distribution can import the module."""
        folder = path.rpartition("/")[0]
        if not folder or path.endswith(".ipynb") or f"{folder}/__init__.py" not in self.index.paths:
            return False
        for root in self.project.value_of(packaged):
            inside = path if not root else path.removeprefix(root + "/")
            if (not root or inside != path) and not _ASIDE.search(inside):
                return True
        return False

    def is_looked_into(self, path: str) -> bool:
        """Whether a module's functions and classes are found by computed names, or served as a command line."""
        return self.project.value_of(is_opened, "looked into", path)

    def sets_by_computed_name(self) -> bool:
        """Whether anything outside of tests sets attributes whose names are computed."""
        return self.project.value_of(is_opened, "sets", "")

    def module_is_open(self, path: str) -> bool:
        """Whether code that can't be seen sets names of a module: `exec`, `globals()`, an import by computed name."""
        if not _RUNS_TEXT.isdisjoint(self.index.files[path].names):
            return True
        return self.project.value_of(is_opened, "rewritten", path) or self.project.value_of(is_opened, "run over", path)

    def exported(self, path: str) -> frozenset[str]:
        """Names that a module with an `__all__` may list there."""
        facts = self.index.files[path]
        return frozenset(facts.strings if ".__all__" in self.symbols.table(path).assignments else ())

    # Classes

    def family(self, owner: ClassRef) -> tuple[ClassRef, ...]:
        """A class with its bases, all that derive from any of them, and their bases, sorted."""
        if owner.key not in self._families:
            known = self._answers.traced(lambda: self._related(owner))
            # Whichever of them is asked for, the same is read.
            self._families.update((ref.key, known) for ref in known[0])
        return self._answers.remembered(self._families, owner.key, lambda: self._related(owner))

    def _related(self, owner: ClassRef) -> tuple[ClassRef, ...]:
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
        return tuple(found[key] for key in sorted(found))

    def outside_bases(self, owner: ClassRef) -> frozenset[str]:
        """Bases from outside the project, of a class or any that is related to it."""
        return self._answers.remembered(self._outside, owner.key, lambda: self._bases_outside(owner))

    def _bases_outside(self, owner: ClassRef) -> frozenset[str]:
        return frozenset(base for ref in self.family(owner) for base in self.symbols.external_bases(ref))

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

    def spellings(self, name: str) -> list[str]:
        """A name and those that imports give it, sorted."""
        found = {name}
        for path in self.words.files("aliases", name):
            found.update(alias for alias, target in self.index.files[path].imports.items() if last_part(target) == name)
        return sorted(found)

    def named(self, name: str) -> Iterator[CallSite]:
        """Calls of a name, or of one that an import gives it."""
        for spelled in self.spellings(name):
            yield from self.calls(spelled)

    def construct(self, owner: ClassRef) -> Iterator[CallSite]:
        """Calls that make an instance of a class."""
        for site in self.named(last_part(owner.definition.name)):
            symbol = self.symbols.resolve(site.path, site.call.callee)
            if isinstance(symbol, ClassRef) and symbol.key == owner.key:
                yield site
        family = {ref.key for ref in self.family(owner)}
        paths = sorted({path for path, _ in family})
        for site in (site for name in ("@cls", "__class__") for path in paths for site in self.calls_in(path, name)):
            inside = self.enclosing_class(site.path, site.function)
            if inside is not None and inside.key in family:
                yield site


class _Module:
    """What one file does."""

    def __init__(self, facts: FileFacts) -> None:
        self.calls: dict[str, list[CallSite]] = {}
        for position, function in enumerate(facts.functions):
            for event in function.events:
                if isinstance(event, Call):
                    site = CallSite(facts.path, position, event)
                    self.calls.setdefault(last_part(event.callee), []).append(site)


SPEAKS = ("names", "attributes", "strings")
"""Kinds of words that together are all that a module reads, imports or spells."""


def _of_module(facts: FileFacts, stems: frozenset[str]) -> Iterator[tuple[str, Iterable[str]]]:
    """Words of a module."""
    calls = [event for function in facts.functions for event in function.events if isinstance(event, Call)]
    outside = [assignment for assignment in facts.assignments if not _is_own(assignment)]
    imported = {last_part(target) for target in facts.imports.values()}
    fields = [field for owner in facts.classes for field in owner.fields]
    yield "calls", {last_part(call.callee) for call in calls}
    yield "assigns", {last_part(assignment.target) for assignment in facts.assignments}
    yield "writes", {last_part(assignment.target) for assignment in outside}
    yield "writes unknown", {last_part(each.target) for each in facts.assignments if each.target[0] == "?"}
    yield "spelled", {_last_word(text) for text in facts.strings if _PATH.fullmatch(text)}
    yield "annotated", {last_part(field.annotation.removesuffix("()")) for field in fields if field.annotation}
    yield "fields", {field.name for field in fields}
    yield "references", facts.references
    yield "owners", facts.owners
    yield "attributes", facts.attributes
    yield "strings", facts.strings
    # What is an attribute or string too is known by that.
    yield "names", {*facts.names, *imported}.difference(facts.attributes, facts.strings)
    yield "stems", stems.intersection((*facts.names, *facts.attributes))
    yield "imports", facts.imports
    yield "imported", imported
    yield "imports all", ("*",) if facts.stars else ()
    yield "aliases", {last for last, name in _renamed(facts)}
    yield "alias references", {last for last, name in _renamed(facts) if name in facts.references}
    yield (
        "initialises",
        {
            "?" if call.callee[0] == "?" else last_part(call.callee.rpartition(".")[0])
            for call in calls
            if last_part(call.callee) == "__init__" and not call.callee.startswith("builtins.super")
        },
    )
    yield (
        "copies with",
        {argument.name for call in calls if last_part(call.callee) in _COPIERS for argument in call.arguments},
    )
    yield (
        "imported inside",
        {
            last_part(event.target)
            for function in facts.functions
            for event in function.events
            if isinstance(event, Import)
        },
    )
    yield (
        "sets variable",
        {
            *(last_part(each.target) for each in facts.assignments if each.target.startswith("os.environ.")),
            *(
                str(call.arguments[0].value.value)
                for call in calls
                if last_part(call.callee) in _SETS_VARIABLE and call.arguments and call.arguments[0].value is not None
            ),
        },
    )
    parameters = (parameter.name for function in facts.functions for parameter in function.parameters)
    yield "seeds taken", {name for name in parameters if name.lower().endswith("seed")}
    yield "unpacks", ("**",) if any(each.name == "**" for call in calls for each in call.arguments) else ()


def _renamed(facts: FileFacts) -> Iterator[tuple[str, str]]:
    """Imports that get another name: the last part of what is imported, and the name."""
    for name, target in facts.imports.items():
        last = last_part(target)
        if last != name:
            yield last, name


def _of_document(document: DocumentFacts) -> Iterator[tuple[str, Iterable[str]]]:
    """Words of a file that is not Python."""
    found: set[str] = set()
    for setting in document.settings:
        found.update(setting.key.split("."))
        if isinstance(setting.value, str) and _PATH.fullmatch(setting.value):
            found.add(_last_word(setting.value))
    for command in document.commands:
        found.update(word for text in command.words for word in _WORD.findall(text))
    yield "spelled", found
    words = [word for command in document.commands for word in command.words]
    yield "given key", {_SIGNS.sub("", word).partition("=")[0].rpartition(".")[2].replace("-", "_") for word in words}
    yield "given", {word.partition("=")[0] for word in words}


def _is_own(assignment: Assignment) -> bool:
    """Whether an assignment is to a name of the module itself, which is nothing to others."""
    return assignment.target.startswith(".") and "." not in assignment.target[1:]


def _last_word(text: str) -> str:
    return text.rpartition(".")[2].rpartition(":")[2]


# Values of the project


def packaged(project: Project) -> tuple[str, ...]:
    """Folders that hold a distribution's own files."""
    index = project.index
    found = [path.rpartition("/")[0] for path in index.paths if path.rpartition("/")[2] == "setup.py"]
    found.extend(
        path.rpartition("/")[0]
        for path in index.documents
        if path.rpartition("/")[2] == "pyproject.toml"
        and any(setting.key in {"project.name", "tool.poetry.name"} for setting in index.documents[path].settings)
    )
    return tuple(sorted(set(found)))


def is_opened(project: Project, kind: str, path: str) -> bool:
    """Whether some file opens a module to code that can't be seen."""
    return Opening(kind, path) in project.once(_openings)


def _openings(project: Project) -> frozenset[Opening]:
    return frozenset(project.of_files(_openings_of))


def _openings_of(project: Project, path: str) -> Iterator[Opening]:
    changes = project.once(Changes)
    facts = project.index.files[path]
    for module in _looked_into(changes, path, facts):
        yield Opening("looked into", module)
    for site in changes.calls_in(path, "setattr"):
        if site.call.callee == "builtins.setattr" and site.call.arguments:
            value = site.call.arguments[0].value
            if value is not None and value.kind is ValueKind.NAME:
                yield from (Opening("rewritten", module) for module in _module_named(changes, path, str(value.value)))
    if facts.stars and not _RUNS_TEXT.isdisjoint(facts.names):
        for star in facts.stars:
            module_ = changes.symbols.modules.find(path, star)
            if module_ is not None:
                yield Opening("run over", module_)
    if _sets_by_computed_name(changes, path, facts):
        yield Opening("sets", "")


def _looked_into(changes: Changes, path: str, facts: FileFacts) -> Iterator[str]:
    for name in _LOOKS_INTO:
        for site in changes.calls_in(path, name):
            first = site.call.arguments[0].value if site.call.arguments else None
            if first is not None and first.kind is ValueKind.NAME:
                yield from _module_named(changes, path, str(first.value))
    served = any(not site.call.arguments for name in _WHOLE_MODULE for site in changes.calls_in(path, name))
    if served or {"globals", "exec", "__import__"} & set(facts.names) or "modules" in facts.attributes:
        yield path
    if "__dict__" in facts.attributes:
        for owner in facts.owners:
            yield from _module_named(changes, path, facts.imports.get(owner, ""))


def _module_named(changes: Changes, path: str, name: str) -> Iterator[str]:
    symbol = changes.symbols.resolve(path, name) if name else None
    if isinstance(symbol, ModuleRef):
        yield symbol.path


def _sets_by_computed_name(changes: Changes, path: str, facts: FileFacts) -> bool:
    if any(site.call.callee.startswith("builtins.vars()") for site in changes.calls_in(path, "update")):
        return True
    if is_test_path(path):
        return False
    for site in changes.calls_in(path, "setattr"):
        if site.call.callee == "builtins.setattr":
            names = [argument.value for argument in site.call.arguments[1:2]]
            if not names or names[0] is None or names[0].kind is not ValueKind.CONSTANT:
                return True
    return "__setattr__" in facts.attributes or ("__dict__" in facts.attributes and "update" in facts.attributes)


def stem_of(path: str) -> str:
    """Name by which a module is imported."""
    return path.rpartition("/")[2].removesuffix(".py")


def last_part(name: str) -> str:
    """What stands behind the last dot of a qualified name, brackets and the sign of an assignment left out."""
    return name.rpartition(".")[2].rstrip("=()[]0123456789") if name[-1:] in "=)]" else name.rpartition(".")[2]
