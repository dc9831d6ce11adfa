"""Everything that rules about several files ask of a project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from reprocheck.project.facts.model import DocumentFacts, Facts, FileFacts
from reprocheck.project.index.dependencies import Dependencies
from reprocheck.project.index.entries import Entry, find_entries, imported_modules
from reprocheck.project.index.evaluate import Evaluator
from reprocheck.project.index.modules import ModuleTable
from reprocheck.project.index.options import OptionTable
from reprocheck.project.index.pipelines import Pipelines
from reprocheck.project.index.symbols import Symbols
from reprocheck.project.index.texts import Texts
from reprocheck.project.work_tree import WorkTree


class ProjectIndex:
    """Facts of all files, joined; parts are made when first asked for."""

    def __init__(
        self,
        facts: Iterable[Facts],
        paths: Iterable[str] = (),
        only: tuple[str, ...] = (),
        tree: WorkTree | None = None,
    ) -> None:
        """`paths` are all files of the project, read or not; `only` are the programs to look at, empty for all.

        `tree` is what lies on disk, where there is a disk.
        """
        self.tree = WorkTree() if tree is None else tree
        self._only = only
        self._imports: dict[str, frozenset[str]] = {}
        self.files: dict[str, FileFacts] = {}
        self.documents: dict[str, DocumentFacts] = {}
        for item in facts:
            if isinstance(item, FileFacts):
                self.files[item.path] = item
            else:
                self.documents[item.path] = item
        self.paths = frozenset(paths)

    @cached_property
    def symbols(self) -> Symbols:
        """Names across modules."""
        return Symbols(self.files, ModuleTable(self.files))

    @cached_property
    def options(self) -> OptionTable:
        """What a user can set without changing code."""
        return OptionTable(self.files, self.documents.values())

    @cached_property
    def dependencies(self) -> Dependencies:
        """Manifests and locks."""
        declared = [facts.dependencies for facts in self.files.values()]
        declared += [facts.dependencies for facts in self.documents.values()]
        return Dependencies((facts for facts in declared if facts is not None), self.paths)

    @cached_property
    def pipelines(self) -> Pipelines:
        """Pipelines with what is recorded of their runs."""
        return Pipelines(self.paths, self.tree)

    @cached_property
    def evaluator(self) -> Evaluator:
        """Values under the defaults of all options."""
        return Evaluator(self.symbols, self.options)

    @cached_property
    def texts(self) -> Texts:
        """Texts and paths under the defaults of all options."""
        return Texts(self.symbols, self.options, self.evaluator, self.variables)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Where execution begins."""
        return find_entries(self.files, self.documents.values(), self.symbols, self._only)

    def _imported(self, path: str) -> frozenset[str]:
        """Modules of the project that one of them imports, found once."""
        if path not in self._imports:
            self._imports[path] = frozenset(imported_modules(self.files[path], self.symbols))
        return self._imports[path]

    def reached(self, programs: Iterable[str]) -> frozenset[str]:
        """Files that programs run: their own and those of every module that they import, directly or not."""
        seen = set(programs)
        stack = [path for path in seen if path in self.files]
        while stack:
            for module in self._imported(stack.pop()):
                if module not in seen:
                    seen.add(module)
                    stack.append(module)
        return frozenset(seen)

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """Environment variables that any file of the project sets."""
        merged: dict[str, str] = {}
        for document in self.documents.values():
            merged.update(document.variables)
            for command in document.commands:
                merged.update(command.variables)
        return merged
