"""Everything that rules about several files ask of a project."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, partial
from types import MappingProxyType

from reprocheck.project.dependencies.model import DependencyFacts
from reprocheck.project.facts.model import DocumentFacts, FileFacts
from reprocheck.project.index.answers import DISK, Answers
from reprocheck.project.index.dependencies import Dependencies
from reprocheck.project.index.entries import Entry, find_entries, imported_modules
from reprocheck.project.index.evaluate import Evaluator
from reprocheck.project.index.fact_table import FactTable
from reprocheck.project.index.modules import ModuleTable
from reprocheck.project.index.options import OptionTable
from reprocheck.project.index.pipelines import Pipelines
from reprocheck.project.index.reach import closure
from reprocheck.project.index.symbols import Symbols
from reprocheck.project.index.texts import Texts
from reprocheck.project.work_tree import EntryKind, WorkTree


class ProjectIndex:
    """Facts of all files, joined; parts are made when first asked for."""

    def __init__(
        self,
        files: Mapping[str, bytes | FileFacts],
        documents: Mapping[str, bytes | DocumentFacts] = MappingProxyType({}),
        paths: Iterable[str] = (),
        only: tuple[str, ...] = (),
        tree: WorkTree | None = None,
        answers: Answers | None = None,
    ) -> None:
        """Facts, of modules and of all else, may be encoded; `paths` are all files of the project, read or not.

        `only` are the programs to look at, empty for all; `tree` is what lies on disk, where there is a disk; `answers`
        are those of an earlier scan.
        """
        self.answers = Answers() if answers is None else answers
        self._tree = WorkTree() if tree is None else tree
        self._only = only
        self.files = FactTable(self.answers, files)
        self.documents = FactTable(self.answers, documents)
        self.paths = frozenset(paths)
        self.symbols = Symbols(self.files, ModuleTable(self.files), self.answers)
        """Names across modules."""
        self.documents_hold = self.answers.holds("documents", "")
        """Whether no document is another than in the earlier scan: what is put together from all is the same then."""
        self.answers.answer("documents", "", bool, self._note_documents)
        self.options = OptionTable(self.files, self.documents, self.answers, documents_hold=self.documents_hold)
        """What a user can set without changing code."""
        self.evaluator = Evaluator(self.symbols, self.options, self.answers)
        """Values under the defaults of all options."""
        self.answers.values("content", lambda path: self._tree.look(path).signature)
        self.answers.values("variables", lambda _: self._variables)
        self.answers.values("dependencies", lambda _: self._dependencies.sources)
        self.answers.values("entries", lambda _: self._entries)
        self.answers.values("entries of file", lambda path: self._entries_by_path.get(path, ()))
        self.answers.values("lies on disk", self._lies_on_disk)

    def _note_documents(self) -> bool:
        for path in self.documents:
            self.answers.note(path)
        return True

    @property
    def tree(self) -> WorkTree:
        """What lies on disk."""
        self.answers.note(DISK)
        return self._tree

    def head(self, path: str, length: int) -> bytes:
        """First bytes of a file, none when it can't be read; who asks has read that file only."""
        self.answers.note_value("content", path)
        return self._tree.head(path, length) or b""

    @property
    def dependencies(self) -> Dependencies:
        """Manifests and locks."""
        self.answers.note_value("dependencies", "")
        return self._dependencies

    @cached_property
    def _dependencies(self) -> Dependencies:
        return self.answers.apart(self._read_dependencies)

    def _read_dependencies(self) -> Dependencies:
        # Of modules no other declares anything.
        paths = [path for path in self.files if path.rpartition("/")[2] == "setup.py"]
        kind = tuple[DependencyFacts, ...]
        return Dependencies(
            self.answers.each("declared", [*paths, *self.documents], kind, self._declared_in), self.paths
        )

    def _declared_in(self, path: str) -> tuple[DependencyFacts, ...]:
        facts = self.files[path] if path in self.files else self.documents[path]
        return () if facts.dependencies is None else (facts.dependencies,)

    @property
    def pipelines(self) -> Pipelines:
        """Pipelines with what is recorded of their runs."""
        self.answers.note(DISK)
        return self._pipelines

    @cached_property
    def _pipelines(self) -> Pipelines:
        return Pipelines(self.paths, self._tree)

    def lies_on_disk(self, path: str) -> bool:
        """Whether a file or folder lies at a path, or a pipeline puts it there; who asks has read that alone."""
        self.answers.note_value("lies on disk", path)
        return self.answers.apart(partial(self._lies_on_disk, path))

    def _lies_on_disk(self, path: str) -> bool:
        if self.pipelines.is_made(path):
            return True
        return "{" not in path and "*" not in path and self.tree.kind(path) in {EntryKind.FILE, EntryKind.FOLDER}

    @property
    def texts(self) -> Texts:
        """Texts and paths under the defaults of all options."""
        self.answers.note_value("variables", "")
        return self._texts

    @cached_property
    def _texts(self) -> Texts:
        return Texts(self.symbols, self.options, self.evaluator, self._variables)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Where execution begins."""
        self.answers.note_value("entries", "")
        return self._entries

    def entries_of(self, path: str) -> tuple[Entry, ...]:
        """Those of one file."""
        self.answers.note_value("entries of file", path)
        return self._entries_by_path.get(path, ())

    @cached_property
    def _entries_by_path(self) -> dict[str, tuple[Entry, ...]]:
        found: dict[str, tuple[Entry, ...]] = {}
        for entry in self._entries:
            found[entry.path] = (*found.get(entry.path, ()), entry)
        return found

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        find = partial(find_entries, self.files, self.documents, self.symbols, self.answers, self._only)
        return self.answers.apart(find)

    def imports_of(self, path: str) -> tuple[str, ...]:
        """Modules of the project that a module imports anywhere, the packages around them included."""
        return imported_modules(path, self.files, self.symbols, self.answers)

    def reached(self, programs: Iterable[str]) -> frozenset[str]:
        """Files that programs run: their own and those of every module that they import, directly or not."""
        return frozenset(closure(programs, lambda path: self.imports_of(path) if path in self.files else ()))

    def running(self, programs: Collection[str], wanted: frozenset[str]) -> frozenset[str]:
        """Those of some programs that run any of some files: themselves, or modules that they import, directly or not.

        The same as to ask `reached` about each, with one look at each module.
        """
        known = {path for path in programs if path in self.files}
        importers: dict[str, list[str]] = {}
        for path in self.reached(known):
            for module in self.imports_of(path):
                importers.setdefault(module, []).append(path)
        running = closure(wanted, lambda path: importers.get(path, ()))
        return frozenset(path for path in programs if path in running)

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables that any file of the project sets."""
        self.answers.note_value("variables", "")
        return self._variables

    @cached_property
    def _variables(self) -> Mapping[str, str]:
        return self.answers.apart(self._all_variables)

    def _all_variables(self) -> Mapping[str, str]:
        merged: dict[str, str] = {}
        kind = tuple[dict[str, str], ...]
        for variables in self.answers.each("variables of file", self.documents, kind, self._variables_of):
            merged.update(variables)
        return merged

    def _variables_of(self, path: str) -> tuple[dict[str, str], ...]:
        document = self.documents[path]
        found = dict(document.variables)
        for command in document.commands:
            found.update(command.variables)
        return (found,) if found else ()
