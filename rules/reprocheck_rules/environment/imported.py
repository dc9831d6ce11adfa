"""Imports of packages that are not the project's own, and how sure they are to run."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from enum import IntEnum
from functools import cached_property
from typing import Final, NamedTuple

from reprocheck.rulekit import Project, Span
from reprocheck.rulekit.dependencies import SourceKind
from reprocheck.rulekit.facts import Call, FileFacts, Function, GuardKind, Import, Test, TestKind
from reprocheck_rules.environment.standard_library import IN_NOTEBOOKS, PROVIDED, PROVIDED_BELOW, STANDARD

TESTS: Final = re.compile(
    r"(^|/)(tests?|testing|unittests?)/|(^|/)(test_[^/]*|[^/]*_tests?|conftest|noxfile|fabfile|dodo|versioneer)\.py$"
)
_FOR_BUILDS: Final = re.compile(
    r"(^|/)(setup|conf|hatch_build|build)\.py$|(^|/)(\.[^/]+|ci|docs?|third[_-]?party|vendor|_?extern(al)?)/"
)
_OBJECT: Final = re.compile(r"\w+(?:\.\w+)+(?::\w+)?$")
_CODE: Final = frozenset({"py", "pyi", "pyx", "pxd", "so", "pyd", "c", "cc", "cpp", "cu", "cuh", "ipynb"})
_DEFINES: Final = frozenset(
    {
        "logging.getLogger", "absl.logging.get_absl_logger", "typing.TypeVar", "typing.NewType", "typing.NamedTuple",
        "collections.namedtuple", "collections.defaultdict", "re.compile", "pathlib.Path", "functools.partial",
        "threading.Lock", "warnings.filterwarnings", "builtins.set", "builtins.dict", "builtins.list", "builtins.tuple",
        "builtins.frozenset", "builtins.range", "builtins.object", "builtins.property",
    }
)  # fmt: skip
"""Calls in a module's body that only prepare what it defines."""


class Reach(IntEnum):
    """How sure an import is to run; of a chain the weakest counts."""

    SPARED = 0
    """What it brings may be missing: under `try`, or for type checkers only."""
    MAYBE = 1
    """In a function or under a condition."""
    SURE = 2


class Foreign(NamedTuple):
    """An import of something that the project does not have itself."""

    path: str
    module: str
    """Module, or module and name."""
    span: Span
    certain: bool
    """False in functions and under conditions: whoever doesn't get there does without."""

    @property
    def top(self) -> str:
        """Name of the package."""
        return self.module.partition(".")[0]


class Imports:
    """What the files of a project import."""

    def __init__(self, project: Project) -> None:
        """Looks at all files once, when first asked."""
        self._project = project
        self._own = frozenset(self._own_names())
        self._installed: dict[str, frozenset[str]] = {}

    def _own_names(self) -> Iterator[str]:
        """Modules and folders with code, extensions that a setup.py builds, and the project itself."""
        for path in self._project.index.paths:
            *folders, name = path.split("/")
            stem, _, extension = name.rpartition(".")
            if extension in _CODE:
                yield stem.partition(".")[0]
                yield from folders
        for path, facts in self._project.index.files.items():
            if path.rpartition("/")[2] == "setup.py":
                for text in facts.strings:
                    yield text.partition(".")[0]
        for source in self._project.index.dependencies.sources.values():
            if source.kind is SourceKind.PYPROJECT and source.made_from:
                yield source.made_from.replace("-", "_")

    def required(self) -> Iterator[Foreign]:
        """Imports without which something of the project fails, by path: not in tests, nor what may be missing."""
        for path, facts in sorted(self._project.index.files.items()):
            if not TESTS.search(path) and not _FOR_BUILDS.search(path):
                yield from self._of_file(facts, optional=False)

    def reached(self, path: str) -> Reach:
        """How a module gets imported by programs; one that only defines, and that nothing imports, may never be."""
        return self._reached.get(path, Reach.MAYBE)

    @cached_property
    def _reached(self) -> dict[str, Reach]:
        found: dict[str, Reach] = {}
        for reach in reversed(Reach):
            stack = [path for path in self._ways if path not in found and self._is_brought(path, found, reach)]
            if reach is Reach.SURE:
                stack += self._programs or self._lonely
            elif reach is Reach.MAYBE:
                stack += self._lonely
            while stack:
                path = stack.pop()
                if path not in found:
                    found[path] = reach
                    stack += self._packages(path)
                    stack += [
                        module for module in self._imports.get(path, ()) if self._is_brought(module, found, reach)
                    ]
        return found

    def installed(self, prefix: str) -> frozenset[str]:
        """Modules of the packages below a folder that run as soon as these are imported, or as their commands start.

        Where packages import nothing of their own, what one of their modules needs of another counts.
        """
        if prefix not in self._installed:
            files = self._project.index.files
            tops = {path for path in files if _is_top_package(path.removeprefix(prefix).removeprefix("src/"))}
            tops = {path for path in tops if path.startswith(prefix)}
            commands = {entry.path for entry in self._project.entries if entry.kind == "console"}
            found = self._surely_from(tops | commands)
            if len(found) == len(tops | commands):
                inner = {path for path in self._ways if path.startswith(prefix) and path not in self._programs}
                found = {path for path in inner if self._is_needed(path, prefix)}
            self._installed[prefix] = frozenset(found)
        return self._installed[prefix]

    def _surely_from(self, roots: set[str]) -> set[str]:
        found: set[str] = set()
        stack = list(roots)
        while stack:
            path = stack.pop()
            if path not in found:
                found.add(path)
                stack += self._packages(path)
                stack += [to for to in self._imports.get(path, ()) if (path, Reach.SURE) in self._ways[to]]
        return found

    def _is_needed(self, path: str, prefix: str) -> bool:
        """Whether a module of the package, which is no program, imports another one surely."""
        return any(
            reach is Reach.SURE and importer.startswith(prefix) and importer not in self._programs
            for importer, reach in self._ways[path]
        )

    def _packages(self, path: str) -> Iterator[str]:
        """What runs before a module of a package does."""
        folder = path.rpartition("/")[0]
        while folder:
            yield from (init for init in (f"{folder}/__init__.py",) if init in self._project.index.files)
            folder = folder.rpartition("/")[0]

    def _is_brought(self, path: str, found: dict[str, Reach], least: Reach) -> bool:
        """Whether one of those that import a module is reached, and imports it, this surely."""
        return any(
            importer in found and min(found[importer], reach) >= least for importer, reach in self._ways.get(path, ())
        )

    @cached_property
    def _programs(self) -> frozenset[str]:
        """Files that are run, and modules that a configuration names."""
        files = self._project.index.files
        found = {
            entry.path
            for entry in self._project.entries
            if not entry.imported and (entry.kind != "script" or entry.invocations or _works(files[entry.path]))
        }
        return frozenset(found | {path for path in self._lonely if _dotted(path) in self._named})

    @cached_property
    def _lonely(self) -> frozenset[str]:
        """Modules that nothing imports."""
        return frozenset(
            path for path in self._project.index.files if path not in self._ways and not TESTS.search(path)
        )

    @cached_property
    def _named(self) -> frozenset[str]:
        """Modules, by their last two parts, that a configuration may name: `_target_: nets.unet.UNet`."""
        found: set[str] = set()
        for document in self._project.index.documents.values():
            for setting in document.settings:
                if isinstance(setting.value, str) and _OBJECT.match(setting.value):
                    parts = re.split(r"[.:]", setting.value)
                    found |= {".".join(pair) for pair in itertools.pairwise(parts)}
        return frozenset(found)

    @cached_property
    def _ways(self) -> dict[str, set[tuple[str, Reach]]]:
        """By module: who imports it, and how."""
        modules = self._project.index.symbols.modules
        found: dict[str, set[tuple[str, Reach]]] = {}
        for path, facts in self._project.index.files.items():
            if TESTS.search(path):
                continue
            for index, function in enumerate(facts.functions):
                for event in function.events:
                    if isinstance(event, Import):
                        module = modules.find(path, event.target) or modules.find(path, _parent(event.target))
                        if module is not None and module != path:
                            found.setdefault(module, set()).add((path, _reach(function, event, index)))
        return found

    @cached_property
    def _imports(self) -> dict[str, set[str]]:
        """By file: modules that it imports."""
        found: dict[str, set[str]] = {}
        for module, ways in self._ways.items():
            for importer, _ in ways:
                found.setdefault(importer, set()).add(module)
        return found

    def every(self) -> Iterator[Foreign]:
        """All imports, also optional ones and those of tests."""
        for _, facts in sorted(self._project.index.files.items()):
            yield from self._of_file(facts, optional=True)

    def _of_file(self, facts: FileFacts, *, optional: bool) -> Iterator[Foreign]:
        for index, function in enumerate(facts.functions):
            for event in function.events:
                if isinstance(event, Import) and self._is_foreign(facts.path, event.target):
                    reach = _reach(function, event, index)
                    if optional or reach:
                        yield Foreign(facts.path, event.target, event.span, reach is Reach.SURE)

    def _is_foreign(self, path: str, target: str) -> bool:
        top = target.partition(".")[0]
        if not top or top in STANDARD or top in PROVIDED or top in self._own:
            return False
        if path.endswith(".ipynb") and top in IN_NOTEBOOKS:
            return False
        return not any(target == name or target.startswith(f"{name}.") for name in PROVIDED_BELOW)


def _works(facts: FileFacts) -> bool:
    """Whether a module's body does something beyond defining."""
    return any(
        isinstance(event, Call) and event.callee not in _DEFINES and not (event.callee or "").startswith("os.path.")
        for event in facts.functions[0].events
    )


def _is_top_package(inside: str) -> bool:
    return inside.count("/") == 1 and inside.endswith("/__init__.py")


def _dotted(path: str) -> str:
    """The last two parts of a module's name."""
    return ".".join(path.removesuffix(".py").split("/")[-2:])


def _parent(target: str) -> str:
    """The module that a name is imported from: `.net` for `.net.Net`, `.` for `.net`."""
    head, dot, _ = target.rpartition(".")
    return head if head.strip(".") else head + dot


def _reach(function: Function, event: Import, index: int) -> Reach:
    """How sure an import is to run when its file does; `index` is that of the function, 0 for the module."""
    reach = Reach.MAYBE if index else Reach.SURE
    position, side = event.guard, event.side
    while position >= 0:
        guard = function.guards[position]
        if guard.kind is GuardKind.TRY or (guard.test is not None and side and _is_for_checkers(guard.test)):
            return Reach.SPARED
        reach = Reach.MAYBE
        position, side = guard.parent, guard.parent_side
    return reach


def _is_for_checkers(test: Test) -> bool:
    value = test.left
    return test.kind is TestKind.TRUTH and value is not None and str(value.value).endswith("TYPE_CHECKING")
