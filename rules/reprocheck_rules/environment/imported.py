"""Imports of packages that are not the project's own, and how sure they are to run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
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


class Importing(NamedTuple):
    """What one file imports."""

    path: str
    works: bool
    """Whether its body does something beyond defining."""
    modules: tuple[tuple[str, Reach], ...]
    """Modules of the project, each with how sure it is to be imported; none of tests."""
    required: tuple[str, ...]
    """What is not of the project and without which something fails."""
    others: tuple[str, ...]
    """What else is not of the project: what may be missing, and all that tests and builds import."""


class Imports:
    """What the files of a project import."""

    def __init__(self, project: Project) -> None:
        """Asks all files once."""
        self.files = {file.path: file for file in project.of_files(_importing)}
        """What each file imports, by path."""


def _importing(project: Project, path: str) -> Iterator[Importing]:
    facts, own = project.index.files[path], project.value_of(own_names)
    is_test = TESTS.search(path) is not None
    is_beside = is_test or _FOR_BUILDS.search(path) is not None
    modules: dict[tuple[str, Reach], None] = {}
    required: dict[str, None] = {}
    others: dict[str, None] = {}
    for event, reach in _imports(facts):
        if _is_foreign(path, event.target, own):
            (required if reach and not is_beside else others)[event.target] = None
        module = None if is_test else _module(project, path, event.target)
        if module is not None:
            modules[module, reach] = None
    yield Importing(path, _works(facts), tuple(modules), tuple(required), tuple(others))


def imported_by(project: Project, path: str) -> Iterator[Foreign]:
    """What a file imports that is not of the project and without which something fails."""
    facts, own = project.index.files[path], project.value_of(own_names)
    for event, reach in _imports(facts):
        if reach and _is_foreign(path, event.target, own):
            yield Foreign(path, event.target, event.span, reach is Reach.SURE)


def _imports(facts: FileFacts) -> Iterator[tuple[Import, Reach]]:
    for index, function in enumerate(facts.functions):
        for event in function.events:
            if isinstance(event, Import):
                yield event, _reach(function, event, index)


def _module(project: Project, path: str, target: str) -> str | None:
    """The module of the project that an import brings."""
    modules = project.index.symbols.modules
    module = modules.find(path, target) or modules.find(path, _parent(target))
    return module if module != path else None


def _is_foreign(path: str, target: str, own: frozenset[str]) -> bool:
    top = target.partition(".")[0]
    if not top or top in STANDARD or top in PROVIDED or top in own:
        return False
    if path.endswith(".ipynb") and top in IN_NOTEBOOKS:
        return False
    return not any(target == name or target.startswith(f"{name}.") for name in PROVIDED_BELOW)


def own_names(project: Project) -> frozenset[str]:
    """Modules and folders with code, extensions that a setup.py builds, and the project itself."""
    built = [path for path in project.index.files if path.rpartition("/")[2] == "setup.py"]
    sources = project.index.dependencies.sources.values()
    made = (source.made_from for source in sources if source.kind is SourceKind.PYPROJECT)
    return frozenset(
        (
            *project.of_project(_own_files),
            *project.of_each(_own_extensions, built),
            *(name.replace("-", "_") for name in made if name),
        )
    )


def _own_files(project: Project) -> Iterator[str]:
    found: set[str] = set()
    for path in project.index.paths:
        *folders, name = path.split("/")
        stem, _, extension = name.rpartition(".")
        if extension in _CODE:
            found.add(stem.partition(".")[0])
            found.update(folders)
    yield from sorted(found)


def _own_extensions(project: Project, path: str) -> Iterator[str]:
    yield from sorted({text.partition(".")[0] for text in project.index.files[path].strings})


def _works(facts: FileFacts) -> bool:
    """Whether a module's body does something beyond defining."""
    return any(
        isinstance(event, Call) and event.callee not in _DEFINES and not (event.callee or "").startswith("os.path.")
        for event in facts.functions[0].events
    )


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
