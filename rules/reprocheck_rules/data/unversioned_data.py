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
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from reprocheck.rulekit import HOLE, Confidence, Match, Project, Rule, Span
from reprocheck.rulekit.execution import Run
from reprocheck.rulekit.facts import Call, Command, FileFacts, Value, ValueKind
from reprocheck.rulekit.pipelines import Opened, opened_files, tracked_paths
from reprocheck_rules.data.data_names import fits, is_data, is_fitted_on, is_prepared, shows
from reprocheck_rules.data.kedro_catalog import first_data
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
    modules = {module.path: module for module in project.of_files(_modules)}
    cataloged = list(first_data(project))
    if not cataloged and not any(module.reads for module in modules.values()):
        return
    if any(module.compares_hashes for module in modules.values()):
        return
    known = _Known(project, modules)
    trains = frozenset(path for path, module in modules.items() if module.trains)
    if trains:
        for data in cataloged:
            if not known.has_path(data.path):
                begins = f"the pipeline begins with `{data.path}`"
                message = f"{begins}, and nothing says which version: neither git nor DVC has it"
                yield project.match(data.catalog, data.span, message)
    found: dict[str, list[_Read]] = {}
    programs = {entry.path for entry in project.entries if not _TESTS.search(entry.path)}
    for path in sorted(project.index.reached(project.index.running(programs, trains))):
        for item in modules[path].reads if path in modules else ():
            if not known.has(item):
                found.setdefault(item.inside, []).append(item)
    fitting = _run_by_fitting(project, modules) if found else frozenset()
    for name, items in sorted(found.items()):
        yield _match(project, name, items, known, fitting)


def _match(project: Project, name: str, items: list[_Read], known: _Known, fitting: frozenset[str]) -> Match:
    items.sort(key=lambda item: not (item.path in fitting and item.is_for_training))
    first = items[0]
    message = f"`{name}` is read for training, and nothing says which version: neither git nor DVC has it"
    trail = [project.note(item.path, item.span, "read here too") for item in items[1:4]]
    sure = not known.from_kaggle and not known.may_make(name) and first.path in fitting and first.is_for_training
    return project.match(first.path, first.span, message, confidence=None if sure else Confidence.LOW, trail=trail)


# What one module says


class _Read(NamedTuple):
    """Data that a module reads."""

    path: str
    span: Span
    name: str
    """The last part of the file's name."""
    inside: str
    """The file relative to the root, where the program runs there."""
    beside: str | None
    """The same where the program runs in the folder of the module; None for a file that lies elsewhere."""
    is_for_training: bool
    """Whether what is read is fitted on rather than tested, drawn or compared, by the names of all concerned."""


class _Module(NamedTuple):
    """What one module tells of data."""

    path: str
    reads: tuple[_Read, ...] = ()
    opens: tuple[str, ...] = ()
    """Names of all files that it opens, without folders."""
    writes: tuple[str, ...] = ()
    """Those of files that it writes."""
    trains: bool = False
    is_flow: bool = False
    """Whether a tool runs its steps."""
    compares_hashes: bool = False
    is_from_kaggle: bool = False
    """Whether it fetches data from Kaggle."""


def _modules(project: Project, path: str) -> Iterator[_Module]:
    facts = project.index.files[path]
    callees = dict.fromkeys(call.callee for call in _calls(facts))
    found = _Module(
        path,
        trains=_trains(project, callees),
        is_flow=any(_FLOW.search(base) for kind in facts.classes for base in kind.bases),
    )
    if not _TESTS.search(path):
        opened = tuple(opened_files(project, path))
        found = found._replace(
            reads=tuple(_reads(project, facts, opened)),
            opens=tuple(dict.fromkeys(_last(item.name) for item in opened)),
            writes=tuple(dict.fromkeys(_last(item.name) for item in opened if item.writes)),
            compares_hashes=not _HASHES.isdisjoint(callees),
            is_from_kaggle=any(_FROM_KAGGLE.match(callee) for callee in callees),
        )
    if any(found[1:]):
        yield found


def _calls(facts: FileFacts) -> Iterator[Call]:
    return (event for function in facts.functions for event in function.events if isinstance(event, Call))


def _reads(project: Project, facts: FileFacts, opened: Iterable[Opened]) -> Iterator[_Read]:
    for item in opened:
        inside = item.inside("")
        if not item.writes and inside is not None and is_data(inside):
            beside = item.inside(item.path.rpartition("/")[0])
            trained = _is_for_training(project, facts, item)
            yield _Read(item.path, item.span, _last(item.name), inside, beside, trained)


def _is_for_training(project: Project, facts: FileFacts, item: Opened) -> bool:
    """Whether what is read is fitted on rather than tested, drawn or compared, by the names of all concerned."""
    if not is_fitted_on(item.name):
        return False
    place = next((function.name for function in facts.functions if function.name and item.call in function.events), "")
    if place:
        return not shows(place) or fits(place)
    return not shows(item.path.rpartition(".")[0]) or _trains(project, (c.callee for c in _calls(facts)), _LEARNS)


def _trains(project: Project, callees: Iterable[str], ways: tuple[str, ...] = _FITS) -> bool:
    roles = partial(_roles, project)
    return any(name.endswith(ways) or not _TRAINS.isdisjoint(roles(name)) for name in callees)


def _roles(project: Project, name: str) -> frozenset[str]:
    entry = project.catalog.entry(project.catalog.canonical(name))
    return entry.roles if entry is not None else frozenset()


# What runs together


def _run_by_fitting(project: Project, modules: Mapping[str, _Module]) -> frozenset[str]:
    """Modules of programs that are seen to fit something when they run, rather than to import what could."""
    flows = {path for path, module in modules.items() if module.is_flow}
    return project.index.reached(flows.union(project.of_runs(_fitting)))


def _fitting(_project: Project, run: Run) -> Iterator[str]:
    if any("trains" in done.entry.roles for done in run.happenings):
        yield run.entry.path


# What the repository has


class _Said(NamedTuple):
    """What a module or document names."""

    made: tuple[str, ...] = ()
    """Files that it makes, without folders."""
    words: tuple[str, ...] = ()
    """Words of its commands, without folders."""
    addresses: tuple[str, ...] = ()
    is_from_kaggle: bool = False
    """Whether a command fetches data from Kaggle."""


class _Known:
    """What the repository has, or says how to get."""

    def __init__(self, project: Project, modules: Mapping[str, _Module]) -> None:
        self._project = project
        # What git has although a pattern ignores it is among no paths of a scan.
        self._tracked = frozenset(tracked_paths(project.index.tree) or ())
        said = [*project.of_documents(_of_document), *project.of_files(_of_module)]
        self._made = {name for each in said for name in each.made}
        self._patterns = [
            re.compile(fnmatch.translate("*".join(map(glob.escape, text.split(HOLE)))))
            for text in self._made
            if HOLE in text and len(text.replace(HOLE, "").rpartition(".")[0]) >= _TELLING
        ]
        self._commands = {word for each in said for word in each.words}
        self._addresses = "\n".join(sorted({word for each in said for word in each.addresses}))
        self._hashed = frozenset(_hashed(project, self._tracked))
        self._names = frozenset(path.rpartition("/")[2] for path in project.index.paths)
        self.from_kaggle = any(each.is_from_kaggle for each in said)
        self.from_kaggle |= any(each.is_from_kaggle for each in modules.values())
        """Whether data sets are fetched from Kaggle, under which names can't be told."""

    def has(self, item: _Read) -> bool:
        """Whether a file is versioned, or made or fetched by something that is."""
        name = item.name
        if self._is_made(name) or name in self._commands or name in self._hashed or self._is_fetched(item.inside):
            return True
        if self._is_versioned(item.inside) or (item.beside is not None and self._is_versioned(item.beside)):
            return True
        return name in self._names

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


def _of_document(project: Project, path: str) -> Iterator[_Said]:
    document = project.index.documents[path]
    outputs = (setting for setting in document.settings if ".output" in setting.key)
    made = [_last(str(setting.value)) for setting in outputs] if document.kind == "snakemake" else []
    yield from _said(made, (), document.commands)


def _of_module(project: Project, path: str) -> Iterator[_Said]:
    facts = project.index.files[path]
    (module,) = project.of_file(_modules, path) or (_Module(path),)
    made = [] if _TESTS.search(path) else _made_by(facts, module)
    yield from _said(made, _shell_words(facts), facts.commands)


def _said(made: Iterable[str], words: Iterable[str], commands: Iterable[Command]) -> Iterator[_Said]:
    commands = tuple(commands)
    spoken = {*words, *(word for command in commands for word in command.words)}
    found = _Said(
        tuple(sorted(set(made))),
        tuple(sorted({_last(word) for word in spoken})),
        tuple(sorted(word for word in spoken if "://" in word)),
        any("kaggle" in command.words and "download" in command.words for command in commands),
    )
    if any(found):
        yield found


def _made_by(facts: FileFacts, module: _Module) -> set[str]:
    """Names of files that a module writes, or speaks of although it doesn't read them and writes something."""
    made = set(module.writes)
    writes = bool(made)
    for call in _calls(facts):
        if _MAKES.match(call.callee.rpartition(".")[2]):
            writes = True
            values = [argument.value for argument in call.arguments if argument.value is not None]
            written = [_text_of(facts, value) for value in values]
            made |= {_last(text) for text in written if text}
    if writes:
        made |= {_last(text) for text in facts.strings}.difference(module.opens)
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
    for call in _calls(facts):
        if call.callee.rpartition(".")[2] in _SHELLS:
            for argument in call.arguments:
                if argument.value is not None and isinstance(argument.value.value, str):
                    yield from argument.value.value.replace("'", " ").replace('"', " ").split()


def _last(text: str) -> str:
    return text.replace("\\", "/").rpartition("/")[2]


show(rule)
