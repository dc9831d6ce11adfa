"""What rules about practices look at: imports, programs that train, tests, CI, commands; each asked for once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from reprocheck.rulekit import WHOLE_FILE, Match, Note, Project, Span
from reprocheck.rulekit.execution import Entry, Run
from reprocheck.rulekit.facts import Call, Command, FileFacts, Import
from reprocheck_rules.randomness.seeding import trains

FRAMEWORKS = (
    "torch", "tensorflow", "keras", "jax", "flax", "sklearn", "xgboost", "lightgbm", "catboost", "transformers",
    "lightning", "pytorch_lightning", "mxnet", "paddle", "fastai", "mindspore", "tinygrad", "diffusers", "timm",
)  # fmt: skip
"""Packages that models are made with."""
_SHOWN = 5
"""Places of one kind that an assessment lists."""
_TEST_PATH = re.compile(
    r"(^|/)(tests?|testing|unittests?|integration_tests?)/|(^|/)(test_[^/]*|[^/]*_tests?|tests)\.py$"
)
_TEST_NAME = re.compile(r"(^|\.)(test|Test)|\.(test|should)_")
_CI = re.compile(
    r"^(\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.ya?ml|\.circleci/config\.ya?ml|\.travis\.ya?ml|jenkinsfile"
    r"|azure-pipelines[^/]*\.ya?ml|\.azure-pipelines/.+|\.azuredevops/.+|\.azure/pipelines/.+|bitbucket-pipelines\.ya?ml"
    r"|\.?appveyor\.ya?ml|\.drone\.ya?ml|\.woodpecker(\.ya?ml|/.+)|\.buildkite/.+|\.semaphore/.+|\.cirrus\.ya?ml"
    r"|cloudbuild[^/]*\.ya?ml|\.vsts-ci\.ya?ml|buildspec[^/]*\.ya?ml|\.ci/.+)$",
    re.IGNORECASE,
)
_DEMONSTRATION = re.compile(
    r"(^|/)(examples?|docs?\w*|benchmarks?|tutorials?|demos?|notebooks?|samples?)/|(^|/)demo[^/]*$"
)
_NOT_SOURCE = re.compile(
    r"(^|/)(docs?|third_party|vendor|node_modules|\.[^/]+)/|(^|/)(setup|conftest|noxfile|versioneer)\.py$"
)


def importers(project: Project, packages: Iterable[str], *, tests: bool = True) -> list[Note]:
    """The first import of any of these packages in each file; `a.b` means this module and what is in it."""
    table = project.once(_imports)
    found: dict[str, tuple[Span, str]] = {}
    for package in packages:
        for path, span, target in table.get(package.partition(".")[0], ()):
            fits = target == package or target.startswith(f"{package}.")
            if fits and path not in found and (tests or not is_test_path(path)):
                found[path] = span, package
    return [Note(span, f"imports `{package}`", path) for path, (span, package) in sorted(found.items())]


def _imports(project: Project) -> Mapping[str, list[tuple[str, Span, str]]]:
    """Places of imports by top-level package, in order of files."""
    table: dict[str, list[tuple[str, Span, str]]] = {}
    for found in project.of_files(_imported):
        for target, span in found.places:
            table.setdefault(target.partition(".")[0], []).append((found.path, span, target))
    return table


class _Imported(NamedTuple):
    """What a file imports from elsewhere."""

    path: str
    places: tuple[tuple[str, Span], ...]
    """Each module once, with its first place."""


def _imported(project: Project, path: str) -> Iterator[_Imported]:
    first: dict[str, Span] = {}
    for function in project.index.files[path].functions:
        for event in function.events:
            if isinstance(event, Import) and not event.target.startswith("."):
                first.setdefault(event.target, event.span)
    if first:
        yield _Imported(path, tuple(first.items()))


def training_runs(project: Project) -> tuple[Entry, ...]:
    """Programs that train a model, each once; of a package that others install, demonstrations are left out.

    Where most programs that train are demonstrations, the package is a library and what else it has is part of it.
    """
    return project.once(_training_runs)


def _training_runs(project: Project) -> tuple[Entry, ...]:
    package = any(manifest.package for manifest in project.index.dependencies.manifests)
    seen: dict[str, Entry] = {}
    for entry in project.of_runs(_training):
        seen.setdefault(entry.path, entry)
    if not package:
        return tuple(seen.values())
    own = tuple(entry for entry in seen.values() if not is_demonstration(project, entry))
    return own if 2 * len(own) >= len(seen) else ()


def _training(project: Project, run: Run) -> Iterator[Entry]:  # noqa: ARG001 — what questions about runs get
    if trains(run):
        yield run.entry


def reached_in_training(project: Project) -> Sequence[str]:
    """Python files that programs that train run or import, in order of their paths."""
    return project.once(_reached_in_training)


def _reached_in_training(project: Project) -> Sequence[str]:
    return _python(project, training_runs(project))


def reached_by_scripts(project: Project) -> Sequence[str]:
    """The same without notebooks."""
    return project.once(_reached_by_scripts)


def _reached_by_scripts(project: Project) -> Sequence[str]:
    return _python(project, training_scripts(project))


def _python(project: Project, entries: Iterable[Entry]) -> Sequence[str]:
    reached = project.index.reached(sorted(entry.path for entry in entries))
    return [path for path in sorted(reached) if path in project.index.files]


def subject_of(entry: Entry) -> tuple[str, str, int]:
    """What tells programs apart."""
    return entry.path, entry.kind, entry.function


def is_demonstration(project: Project, entry: Entry) -> bool:
    """Whether a program of a package shows or checks the package: in a folder for it, or at the end of a module."""
    inside = f"{entry.path.rpartition('/')[0]}/__init__.py" in project.index.paths
    called = entry.kind in {"console", "command", "step"} or entry.invocations or _is_shown(project, entry.path)
    return (inside and not called) or _DEMONSTRATION.search(entry.path) is not None


def _is_shown(project: Project, path: str) -> bool:
    """Whether a read-me file says how to start a program, by its name or as a module."""
    module = path.removesuffix(".py").replace("/", ".")
    words, names = project.once(_shown)
    return path.rpartition("/")[2] in names or module in words


def _shown(project: Project) -> tuple[frozenset[str], frozenset[str]]:
    """Words of the commands that read-me files show, and what stands behind the last slash of each."""
    words = frozenset(project.of_documents(_words_shown))
    return words, frozenset(word.rpartition("/")[2] for word in words)


def _words_shown(project: Project, path: str) -> Iterator[str]:
    yield from dict.fromkeys(word for command in project.index.documents[path].shown for word in command.words)


def training_scripts(project: Project) -> tuple[Entry, ...]:
    """The same without notebooks, which keep their outputs and their reasons in text that isn't read here."""
    return tuple(entry for entry in training_runs(project) if entry.kind != "notebook")


def is_test_path(path: str) -> bool:
    """Whether a file is for tests by its path."""
    return _TEST_PATH.search(path) is not None


def is_source(path: str) -> bool:
    """Whether a Python file is the project's own code: no test, no packaging, no documentation."""
    return path.endswith(".py") and not is_test_path(path) and not _NOT_SOURCE.search(path)


def sources(project: Project) -> list[str]:
    """Modules of the project itself, in order of their paths."""
    return [path for path in project.index.files if is_source(path)]


class Tested(NamedTuple):
    """A file with at least one test function or test class."""

    path: str
    first: Span
    cases: int
    """Functions that are named for a test."""


def tests(project: Project) -> tuple[Tested, ...]:
    """Files with tests, in order of their paths."""
    return project.once(_tests)


def _tests(project: Project) -> tuple[Tested, ...]:
    return tuple(project.of_files(tested))


def tested(project: Project, path: str) -> Iterator[Tested]:
    """The tests of one file, where it has any."""
    if not is_test_path(path):
        return
    facts = project.index.files[path]
    first = _first_test(facts)
    if first is not None:
        yield Tested(path, first, sum("test" in function.name.lower() for function in facts.functions))


def _first_test(facts: FileFacts) -> Span | None:
    """The first test of a file; a script below a folder of tests that asserts at its top level is one too."""
    spans = [function.span for function in facts.functions[1:] if _TEST_NAME.search(function.name)]
    spans += [class_.span for class_ in facts.classes if _TEST_NAME.search(class_.name) or _is_case(class_.bases)]
    return min(spans, default=None)


def _is_case(bases: tuple[str, ...]) -> bool:
    return any(base.endswith("TestCase") for base in bases)


def calls_in(facts: FileFacts) -> Iterator[Call]:
    """Calls of a file, function by function."""
    return (event for function in facts.functions for event in function.events if isinstance(event, Call))


def ci_files(project: Project) -> Sequence[str]:
    """Files that tell a service what to run for each change, wherever a repository of repositories keeps them."""
    return project.once(_ci_files)


def _ci_files(project: Project) -> Sequence[str]:
    return sorted(path for path in project.index.paths if _CI.search(path) and not path.endswith((".md", ".txt")))


def commands_of(project: Project, paths: Iterable[str]) -> Iterator[tuple[str, Command]]:
    """Commands of documents, with their paths."""
    for path in paths:
        document = project.index.documents.get(path)
        for command in document.commands if document is not None else ():
            yield path, command


def listed(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The first places of a kind, and how many more there are."""
    every = list(notes)
    if len(every) <= _SHOWN:
        return tuple(every)
    last = every[_SHOWN - 1]
    more = f"{last.message} (and {len(every) - _SHOWN} more places)"
    return (*every[: _SHOWN - 1], Note(last.span, more, last.path))


def at_files(paths: Iterable[str], message: str) -> tuple[Note, ...]:
    """Notes about files as wholes."""
    return listed(Note(WHOLE_FILE, message, path) for path in paths)


def gap_at_root(project: Project, message: str) -> Match:
    """A gap of the whole project, at the file that says most about it."""
    return Match(span=WHOLE_FILE, message=message, path=project.once(_face))


def gap_at_training(programs: Iterable[Entry], message: str) -> Match:
    """A gap of programs that train, at the first of these; the trail has the others."""
    first, *others = programs
    trail = listed(Note(entry.span, "trains too", entry.path) for entry in others)
    return Match(span=first.span, message=message, path=first.path, trail=trail)


def _face(project: Project) -> str:
    """The file that a person opens first: the manifest at the root, the read-me file, else the first file."""
    paths = project.index.paths
    at_root = {path.lower(): path for path in sorted(path for path in paths if "/" not in path)}
    names = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "environment.yml", "environment.yaml")
    for name in (*names, "readme.md", "readme.rst", "readme.txt", "readme"):
        if name in at_root:
            return at_root[name]
    return min(project.index.files, default=min(paths, default="."))


def that_train(programs: Sequence[Entry]) -> str:
    """`1 program that trains`, `3 programs that train`."""
    return f"{counted(len(programs), 'program')} that {'trains' if len(programs) == 1 else 'train'}"


def counted(number: int, noun: str) -> str:
    """A number and its noun: `1 program`, `3 programs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
