"""A training program reads data that nothing in the repository versions: neither git, Git LFS, DVC nor a hash.

## Why
The commit doesn't say which data made the result. Whoever has another `train.csv`, an older export or a cleaned one
gets other numbers and no warning, and after a year nobody can tell which file it was.

## Fix
`dvc add data/train.csv` (or Git LFS, lakeFS, a data set with a revision on a hub) and commit the pointer; or compare
the file's hash when it is read. When a program makes the file, keep that program in the repository.

## Notes
Looked at are tables, arrays and archives that training programs, and modules that these import, open by a relative
name which stands in the code, and the raw data of Kedro's catalogs. Silent are files that git or DVC has, that a list
of hashes names, that another program, script or Makefile of the repository writes or names, forms of a competition's
answer, names that stand for others (`path/to/data.csv`), and projects whose code computes hashes. Of low confidence
is what by its name is the result of a run or only tests, prepared data beside programs that put names together, what
programs read that aren't seen to fit anything, what modules and functions read that draw, evaluate or predict by
their names, and all data where the project fetches data sets from Kaggle. Absolute paths are DAT001.
"""

from __future__ import annotations

import fnmatch
import glob
import re
from collections.abc import Iterator
from functools import partial

from reprocheck.rulekit import HOLE, Confidence, Match, Project, Rule
from reprocheck.rulekit.facts import Call, DocumentFacts, FileFacts, Function, Value, ValueKind
from reprocheck.rulekit.pipelines import Opened, opened_files, tracked_paths
from reprocheck_rules.data.data_names import fits, is_data, is_fitted_on, is_prepared, shows
from reprocheck_rules.data.kedro_catalog import CatalogData, first_data
from reprocheck_rules.data.unversioned_examples import show

rule = Rule("DAT003", "unversioned-data", __doc__, confidence="medium")

_FROM_KAGGLE = re.compile(
    r"^(?:opendatasets\.download|kagglehub\.\w*download|.*\.(?:competition|dataset)_download\w*)$"
)
_SUMS = re.compile(r"(?:^|/)[^/]*(?:md5|sha\d+|check)-?sums?[^/]*$|\.(?:md5|sha1|sha256|sha512)$", re.IGNORECASE)
"""Lists of hashes that files are compared with."""
_SUM = re.compile(r"\b[0-9a-f]{32,128}\b\s+[*]?(\S+)")
_SUMS_LIMIT = 200_000
_FLOW = re.compile(r"(?:^|\.)FlowSpec$")
"""Programs whose steps a tool runs."""
_TELLING = 6
"""Letters from which the name of a folder is one of its own."""
_TRAINS = frozenset({"trains", "optimizer", "estimator"})
_LEARNS = (".fit", ".train_on_batch", ".backward")
_FITS = (*_LEARNS, ".fit_transform")
_HASHES = frozenset(
    {"hashlib.md5", "hashlib.sha256", "hashlib.sha1", "hashlib.blake2b", "hashlib.file_digest", "hashlib.new"}
)
_MAKES = re.compile(
    r"to_(csv|parquet|feather|json|pickle|excel|hdf|orc|sql|npy)$|(save|write|dump|export|download|retrieve|urlretrieve)"
)
_SHELLS = frozenset({"system", "run", "call", "check_call", "check_output", "Popen", "getoutput", "popen"})
_TESTS = re.compile(r"(^|/)(tests?|testing|docs?)/|(^|/)(test_[^/]*|conftest)\.py$")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every file that a training program opens by name."""
    opened = {path: list(opened_files(project, path)) for path in project.index.files if not _TESTS.search(path)}
    read = {path: [item for item in items if not item.writes and _is_data(item)] for path, items in opened.items()}
    cataloged = list(first_data(project))
    if (not any(read.values()) and not cataloged) or _compares_hashes(project):
        return
    known = _Known(project, opened)
    yield from _cataloged(project, cataloged, known)
    found: dict[str, list[Opened]] = {}
    for path in sorted(project.index.reached(_training_programs(project))):
        for item in read.get(path, ()):
            name = item.inside("")
            if name is not None and not known.has(item):
                found.setdefault(name, []).append(item)
    fitting = _run_by_fitting(project) if found else frozenset()
    for name, items in sorted(found.items()):
        items.sort(key=lambda item: not (item.path in fitting and _is_for_training(project, item)))
        first = items[0]
        message = f"`{name}` is read for training, and nothing says which version: neither git nor DVC has it"
        trail = [project.note(item.path, item.span, "read here too") for item in items[1:4]]
        sure = (
            not known.from_kaggle
            and not known.may_make(name)
            and first.path in fitting
            and _is_for_training(project, first)
        )
        confidence = None if sure else Confidence.LOW
        yield project.match(first.path, first.span, message, confidence=confidence, trail=trail)


def _cataloged(project: Project, cataloged: list[CatalogData], known: _Known) -> Iterator[Match]:
    """What Kedro's catalog names, where anything of the project trains."""
    if cataloged and any(_trains(project, path) for path in project.index.files):
        for data in cataloged:
            if not known.has_path(data.path):
                begins = f"the pipeline begins with `{data.path}`"
                message = f"{begins}, and nothing says which version: neither git nor DVC has it"
                yield project.match(data.catalog, data.span, message)


def _is_data(item: Opened) -> bool:
    name = item.inside("")
    return name is not None and is_data(name)


def _is_for_training(project: Project, item: Opened) -> bool:
    """Whether what is read is fitted on rather than tested, drawn or compared, by the names of all concerned."""
    if not is_fitted_on(item.name):
        return False
    place = next((function.name for function in _around(project, item) if function.name), "")
    if place:
        return not shows(place) or fits(place)
    return not shows(item.path.rpartition(".")[0]) or _trains(project, item.path, _LEARNS)


def _around(project: Project, item: Opened) -> Iterator[Function]:
    """The functions that a call stands in."""
    for function in project.index.files[item.path].functions:
        if function.name and item.call in function.events:
            yield function


def _training_programs(project: Project) -> list[str]:
    """Entry points whose modules train something."""
    trains = {path for path in project.index.files if _trains(project, path)}
    entries = {entry.path for entry in project.entries if not _TESTS.search(entry.path)}
    return sorted(path for path in entries if trains & project.index.reached([path]))


def _run_by_fitting(project: Project) -> frozenset[str]:
    """Modules of programs that are seen to fit something when they run, rather than to import what could."""
    programs = {run.entry.path for run in project.runs if any("trains" in done.entry.roles for done in run.happenings)}
    flows = {
        path
        for path, facts in project.index.files.items()
        if any(_FLOW.search(base) for kind in facts.classes for base in kind.bases)
    }
    return project.index.reached(programs | flows)


def _trains(project: Project, path: str, ways: tuple[str, ...] = _FITS) -> bool:
    roles = partial(_roles, project)
    calls = [event for function in project.index.files[path].functions for event in function.events]
    names = [event.callee for event in calls if hasattr(event, "callee")]
    return any(name.endswith(ways) or not _TRAINS.isdisjoint(roles(name)) for name in names)


def _roles(project: Project, name: str) -> frozenset[str]:
    entry = project.catalog.entry(project.catalog.canonical(name))
    return entry.roles if entry is not None else frozenset()


def _compares_hashes(project: Project) -> bool:
    return not _HASHES.isdisjoint(_callees(project))


def _callees(project: Project) -> Iterator[str]:
    """All that the project calls outside tests."""
    for path, facts in project.index.files.items():
        if not _TESTS.search(path):
            yield from (
                event.callee for function in facts.functions for event in function.events if isinstance(event, Call)
            )


class _Known:
    """What the repository has, or says how to get."""

    def __init__(self, project: Project, opened: dict[str, list[Opened]]) -> None:
        self._project = project
        self._made: set[str] = set()
        # What git has although a pattern ignores it is among no paths of a scan.
        self._tracked = frozenset(tracked_paths(project.index.tree) or ())
        for path, items in opened.items():
            self._made |= _made_by(project.index.files[path], items)
        self._made |= {
            _last(str(setting.value))
            for document in project.index.documents.values()
            if document.kind == "snakemake"
            for setting in document.settings
            if ".output" in setting.key
        }
        self._patterns = [
            re.compile(fnmatch.translate("*".join(map(glob.escape, text.split(HOLE)))))
            for text in self._made
            if HOLE in text and len(text.replace(HOLE, "").rpartition(".")[0]) >= _TELLING
        ]
        holders: list[DocumentFacts | FileFacts] = [*project.index.documents.values(), *project.index.files.values()]
        words = {word for holder in holders for command in holder.commands for word in command.words}
        words |= {word for facts in project.index.files.values() for word in _shell_words(facts)}
        self._commands = {_last(word) for word in words}
        self._hashed = frozenset(_hashed(project, self._tracked))
        self.from_kaggle = any(
            "kaggle" in command.words and "download" in command.words
            for holder in holders
            for command in holder.commands
        )
        """Whether data sets are fetched from Kaggle, under which names can't be told."""
        self.from_kaggle |= any(_FROM_KAGGLE.match(callee) for callee in _callees(project))
        self._addresses = "\n".join(sorted(word for word in words if "://" in word))

    def has(self, item: Opened) -> bool:
        """Whether a file is versioned, or made or fetched by something that is."""
        name = _last(item.name)
        if (
            self._is_made(name)
            or name in self._commands
            or name in self._hashed
            or self._is_fetched(item.inside("") or "")
        ):
            return True
        for folder in ("", item.path.rpartition("/")[0]):
            path = item.inside(folder)
            if path is not None and self._is_versioned(path):
                return True
        return any(path.endswith(f"/{name}") or path == name for path in self._project.index.paths)

    def has_path(self, path: str) -> bool:
        """The same of a path relative to the root."""
        name = _last(path)
        return self._is_made(name) or name in self._commands or self._is_versioned(path)

    def may_make(self, path: str) -> bool:
        """Whether a program makes files of this kind by names that can't be told, where projects keep such."""
        return is_prepared(path) and any(text.startswith(HOLE) and text[2:] in path for text in self._made)

    def _is_made(self, name: str) -> bool:
        """Whether a program writes a file of this name, or of one that it puts together: `part_{}.npy`."""
        return name in self._made or any(pattern.fullmatch(name) for pattern in self._patterns)

    def _is_fetched(self, path: str) -> bool:
        """Whether a command fetches a repository or an archive with the name of the folder that a file is in."""
        folder, slash, _ = path.partition("/")
        return bool(slash) and len(folder) >= _TELLING and folder in self._addresses

    def _is_versioned(self, path: str) -> bool:
        index = self._project.index
        return path in index.paths or path in self._tracked or index.pipelines.is_made(path)


def _hashed(project: Project, tracked: frozenset[str]) -> Iterator[str]:
    """Names of files in lists of hashes, which often lie among ignored data."""
    for path in project.index.paths | tracked:
        if _SUMS.search(path):
            text = (project.index.tree.head(path, _SUMS_LIMIT) or b"").decode("utf-8", "replace")
            yield _last(path).rpartition(".")[0]
            yield from map(_last, _SUM.findall(text))


def _made_by(facts: FileFacts, opened: list[Opened]) -> set[str]:
    """Names of files that a module writes, or speaks of although it doesn't read them and writes something."""
    made = {_last(item.name) for item in opened if item.writes}
    writes = bool(made)
    for call in (event for function in facts.functions for event in function.events if isinstance(event, Call)):
        if _MAKES.match(call.callee.rpartition(".")[2]):
            writes = True
            values = [argument.value for argument in call.arguments if argument.value is not None]
            written = [_text_of(facts, value) for value in values]
            made |= {_last(text) for text in written if text}
    if writes:
        made |= {_last(text) for text in facts.strings} - {_last(item.name) for item in opened}
    return made


def _text_of(facts: FileFacts, value: Value) -> str:
    """A text, also where a name of the module stands for it; of a path that is put together the last piece."""
    if value.kind is ValueKind.NAME and value.parts and value.parts[-1] is not None:
        return _text_of(facts, value.parts[-1])
    if value.kind is ValueKind.NAME:
        bound = [found.value for found in facts.assignments if found.target == value.value and found.value is not None]
        value = bound[-1] if bound else value
    return str(value.value) if isinstance(value.value, str) else ""


def _shell_words(facts: FileFacts) -> Iterator[str]:
    """Words of commands that a module hands to a shell."""
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call) and event.callee.rpartition(".")[2] in _SHELLS:
                for argument in event.arguments:
                    if argument.value is not None and isinstance(argument.value.value, str):
                        yield from argument.value.value.replace("'", " ").replace('"', " ").split()


def _last(text: str) -> str:
    return text.replace("\\", "/").rpartition("/")[2]


show(rule)
