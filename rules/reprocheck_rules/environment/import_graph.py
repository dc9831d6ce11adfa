"""Which modules programs reach by imports, and how surely."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from reprocheck.rulekit import Project
from reprocheck_rules.environment.imported import TESTS, Imports, Reach

_OBJECT: Final = re.compile(r"\w+(?:\.\w+)+(?::\w+)?$")


class Reached:
    """How modules get imported by programs, and by who uses a package."""

    def __init__(self, project: Project) -> None:
        """Follows imports when first asked."""
        self._project = project
        self._below: dict[str, frozenset[str]] = {}

    def how(self, path: str) -> Reach:
        """How a module gets imported by programs; one that only defines, and that nothing imports, may never be."""
        return self._reached.get(path, Reach.MAYBE)

    @cached_property
    def _reached(self) -> dict[str, Reach]:
        return dict(self._project.of_project(_reached))

    def installed(self, prefix: str) -> frozenset[str]:
        """Modules of the packages below a folder that run as soon as these are imported, or as their commands start.

        Where packages import nothing of their own, what one of their modules needs of another counts.
        """
        if prefix not in self._below:
            self._below[prefix] = frozenset(self._project.of_file(_installed, prefix))
        return self._below[prefix]


def _reached(project: Project) -> Iterator[tuple[str, Reach]]:
    yield from sorted(project.once(_Graph).reached.items())


def _installed(project: Project, prefix: str) -> Iterator[str]:
    yield from sorted(project.once(_Graph).installed(prefix))


# Values for these questions


def imports_of_modules(project: Project) -> dict[str, tuple[tuple[str, Reach], ...]]:
    """By file: modules of the project that it imports, and how surely."""
    return {path: file.modules for path, file in project.once(Imports).files.items() if file.modules}


def programs_run(project: Project) -> frozenset[str]:
    """Files that are run, as far as they do something."""
    files = project.once(Imports).files
    return frozenset(
        entry.path
        for entry in project.entries
        if not entry.imported and (entry.kind != "script" or entry.invocations or files[entry.path].works)
    )


def commands_installed(project: Project) -> frozenset[str]:
    """Files that commands start which are installed with a package."""
    return frozenset(entry.path for entry in project.entries if entry.kind == "console")


def modules_named(project: Project) -> frozenset[str]:
    """Modules, by their last two parts, that a configuration names: `_target_: nets.unet.UNet`."""
    return frozenset(project.of_documents(_modules_named))


def _modules_named(project: Project, path: str) -> Iterator[str]:
    """What a configuration may name of the project: the last two parts of modules."""
    own = project.once(_last_parts)
    for setting in project.index.documents[path].settings:
        if isinstance(setting.value, str) and _OBJECT.match(setting.value):
            pairs = map(".".join, itertools.pairwise(re.split(r"[.:]", setting.value)))
            yield from (pair for pair in pairs if pair in own)


def _last_parts(project: Project) -> frozenset[str]:
    return frozenset(map(_dotted, project.index.paths))


class _Graph:
    """Who imports whom."""

    def __init__(self, project: Project) -> None:
        # All that is read of the project is read here: who asks for the graph has read this.
        self._files = list(project.index.files)
        self._known = frozenset(self._files)
        self._commands = project.value_of(commands_installed)
        self._ways: dict[str, list[tuple[str, Reach]]] = {}
        """By module: who imports it, and how."""
        self._imports: dict[str, set[str]] = {}
        """By file: modules that it imports."""
        for path, modules in project.value_of(imports_of_modules).items():
            self._imports[path] = {module for module, _ in modules}
            for module, reach in modules:
                self._ways.setdefault(module, []).append((path, reach))
        self._lonely = {path for path in self._files if path not in self._ways and not TESTS.search(path)}
        """Modules that nothing imports."""
        named = project.value_of(modules_named)
        self._programs = project.value_of(programs_run) | {path for path in self._lonely if _dotted(path) in named}
        """Files that are run, and modules that a configuration names."""

    @cached_property
    def reached(self) -> dict[str, Reach]:
        """How each module that programs may get to is imported; of a chain the weakest link counts."""
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

    def installed(self, prefix: str) -> set[str]:
        """See `Reached.installed`."""
        below = (path for path in self._files if path.endswith("/__init__.py") and path.startswith(prefix))
        tops = {path for path in below if _is_top_package(path.removeprefix(prefix).removeprefix("src/"))}
        found = self._surely_from(tops | self._commands)
        if len(found) == len(tops | self._commands):
            inner = {path for path in self._ways if path.startswith(prefix) and path not in self._programs}
            found = {path for path in inner if self._is_needed(path, prefix)}
        return found

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
            yield from (init for init in (f"{folder}/__init__.py",) if init in self._known)
            folder = folder.rpartition("/")[0]

    def _is_brought(self, path: str, found: dict[str, Reach], least: Reach) -> bool:
        """Whether one of those that import a module is reached, and imports it, this surely."""
        return any(
            importer in found and min(found[importer], reach) >= least for importer, reach in self._ways.get(path, ())
        )


def _is_top_package(inside: str) -> bool:
    return inside.count("/") == 1 and inside.endswith("/__init__.py")


def _dotted(path: str) -> str:
    """The last two parts of a module's name."""
    return ".".join(path.removesuffix(".py").split("/")[-2:])
