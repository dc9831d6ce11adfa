"""What a rule sees of the project as a whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from types import FunctionType
from typing import Any, TypeGuard, TypeVar, get_args, get_type_hints

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.fix import Fix
from reprocheck.model.place import Span
from reprocheck.project.index.answers import Traced
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.versions import NOTHING_DECLARED, DeclaredVersions
from reprocheck.rulekit.catalog import Catalog
from reprocheck.rulekit.execution import Execution, Happening, Planned, Run, argument_of
from reprocheck.rulekit.match import Match, Note
from reprocheck.rulekit.module import ABSENT, UNKNOWN

Answer = TypeVar("Answer")
RUN_ROLES = frozenset(
    {
        "seeder",
        "unseeds",
        "draw",
        "draw-implicit",
        "estimator",
        "splitter",
        "sampler",
        "optimizer",
        "trains",
        "runs-callbacks",
        "runs-unknown-code",
        "restores",
        "determinism-flag",
        "uses-cuda",
        "tracker",
        "logs-parameters",
        "logs-metrics",
        "writes-configuration",
        "launches",
        "nondeterministic-cuda",
        "reads-code-version",
        "saves-checkpoint",
        "hides-gpu",
        "makes-environment",
    }
)
"""Roles of calls that runs are followed for."""


class Project:
    """The joined facts of all files, with the catalog applied."""

    def __init__(self, index: ProjectIndex, catalog: Catalog, versions: DeclaredVersions = NOTHING_DECLARED) -> None:
        """`index` has the facts of every readable file, `versions` is what the project declares of libraries."""
        self.versions = versions
        self.index = index
        self.catalog = catalog
        self._answers = index.answers
        self._told: dict[object, Traced[object]] = {}
        self._values: dict[object, object] = {}
        self._answers.values("value", self._value_by_name)

    def once(self, question: Callable[[Project], Answer]) -> Answer:
        """What a function of the project says, asked the first time and then remembered."""
        return self._answers.remembered(self._told, question, lambda: question(self))  # type: ignore[return-value]

    # Answers that are kept from scan to scan

    def of_file(self, question: Callable[[Project, str], Iterator[Answer]], path: str) -> tuple[Answer, ...]:
        """What a function says of one file, kept until something that it read is another.

        What it gives must be encodable, and its type the one that the function is annotated with.
        """
        kind = kind_of_answers(question)
        return self._answers.answer(name_of(question), path, kind, lambda: tuple(question(self, path)))

    def of_files(self, question: Callable[[Project, str], Iterator[Answer]]) -> Iterator[Answer]:
        """What a function says of each Python file, in order of their paths; see `of_file`."""
        return self.of_each(question, self.index.files)

    def of_documents(self, question: Callable[[Project, str], Iterator[Answer]]) -> Iterator[Answer]:
        """What a function says of each file that is not Python, in order of their paths; see `of_file`."""
        return self.of_each(question, self.index.documents)

    def of_each(self, question: Callable[[Project, str], Iterator[Answer]], paths: Iterable[str]) -> Iterator[Answer]:
        """What a function says of each of some files, which must be the same in every scan of the same paths."""
        kind = kind_of_answers(question)
        return self._answers.each(name_of(question), paths, kind, lambda path: tuple(question(self, path)))

    def of_project(self, question: Callable[[Project], Iterator[Answer]]) -> tuple[Answer, ...]:
        """What a function says of the project as a whole, for those that read few of its files; see `of_file`."""
        kind = kind_of_answers(question)
        return self._answers.answer(name_of(question), "", kind, lambda: tuple(question(self)))

    def of_runs(self, question: Callable[[Project, Run], Iterator[Answer]]) -> Iterator[Answer]:
        """What a function says of each run, in order of the entries, kept until something that it read is another.

        A run is followed only when it is asked about anew.
        """
        kind, planned = kind_of_answers(question), self._planned
        return self._answers.each(
            name_of(question), planned, kind, lambda subject: tuple(question(self, planned[subject].run()))
        )

    @cached_property
    def _planned(self) -> dict[str, Planned]:
        return {planned.subject: planned for planned in self._execution.planned}

    def value_of(self, question: Callable[..., Answer], *key: str) -> Answer:
        """What a function says of the project, or of something in it that a key names, asked once.

        Who asks in a question has read that value and nothing else. It must be encodable, and the function one of a
        module, which finds it by its name.

        Raises:
            TypeError: It can't be found by its name.
        """
        self._answers.note_value("value", "\0".join((_name_to_find(question), *key)))
        return self._answers.apart(lambda: self._asked(question, key))

    def _asked(self, question: Callable[..., Answer], key: tuple[str, ...]) -> Answer:
        asked = (question, *key)
        if asked not in self._values:
            self._values[asked] = self._answers.apart(lambda: question(self, *key))
        return self._values[asked]  # type: ignore[return-value]

    def _value_by_name(self, name: str) -> object:
        named, *key = name.split("\0")
        module, _, function = named.partition(":")
        question = getattr(sys.modules.get(module), function, None)
        return self._asked(question, tuple(key)) if _is_question(question, module) else None

    @cached_property
    def _execution(self) -> Execution:
        return Execution("runs", self.index, self.catalog, RUN_ROLES)

    @property
    def runs(self) -> tuple[Run, ...]:
        """What each entry point does when it runs with its defaults; `of_runs` is cheaper."""
        return tuple(planned.run() for planned in self._execution.planned)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Where execution begins."""
        return self.index.entries

    def value(self, happening: Happening, name: str) -> object:
        """Value of an argument under the defaults: ABSENT when it is not given, UNKNOWN when it can't be told."""
        argument = argument_of(happening.call, happening.entry, name)
        if argument is None:
            unpacked = any(given.name in {"*", "**"} for given in happening.call.arguments)
            return UNKNOWN if unpacked else ABSENT
        value = self.index.evaluator.value(argument.value, happening.frame)
        return value if value is None or isinstance(value, str | int | float) else UNKNOWN

    def holds(self, happening: Happening, role: str) -> bool | None:
        """Whether a happening has a role with the arguments that it gets; None when that can't be told."""
        if role not in happening.entry.roles:
            return False
        conditions = happening.entry.when.get(role)
        if conditions is None:
            return True
        outcome: bool | None = False
        for name, wanted in conditions.items():
            value = self.value(happening, name)
            if value is UNKNOWN:
                outcome = None
            elif value is not ABSENT and value in (wanted if isinstance(wanted, list) else [wanted]):
                return True
        return outcome

    def note(self, path: str, span: Span, message: str) -> Note:
        """A step of a trail."""
        return Note(span, message, path)

    def match(
        self,
        path: str,
        span: Span,
        message: str,
        *,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        trail: Iterable[Note] = (),
        fix: Fix | None = None,
    ) -> Match:
        """A match in one file of the project."""
        return Match(
            span=span,
            message=message,
            severity=severity,
            confidence=confidence,
            trail=tuple(trail),
            fix=fix,
            path=path,
        )


def _is_question(function: object, module: str) -> TypeGuard[Callable[..., object]]:
    """Whether something is a function of a module that is made to be asked about a project.

    The name comes from the cache, which lies in the scanned folder: nothing else may be called by it.
    """
    if not isinstance(function, FunctionType) or function.__module__ != module:
        return False
    return next(iter(function.__annotations__.values()), None) in {Project, Project.__name__}


@cache
def _name_to_find(question: Callable[..., object]) -> str:
    module, function = question.__module__, question.__qualname__
    if getattr(sys.modules.get(module), function, None) is not question or not _is_question(question, module):
        raise TypeError(f"{function} is no function of a module whose first parameter is a Project")
    return name_of(question)


@cache
def kind_of_answers(question: Callable[..., Iterator[object]]) -> Any:  # noqa: ANN401
    """Type of all that a function yields, as it is annotated."""
    (kind,) = get_args(get_type_hints(question)["return"])
    return tuple[kind, ...]  # type: ignore[valid-type]


@cache
def name_of(question: Callable[..., object]) -> str:
    """Name under which a function's answers are kept."""
    return f"{question.__module__}:{question.__qualname__}"
