"""A stage of a pipeline runs, reads or writes files that it doesn't declare.

## Why
DVC runs a stage again when what it declares changes, and only then. Code, settings or data that a script uses without
the stage saying so can change without a new run: `dvc repro` and `dvc status` call the old results up to date. What is
written without being declared is neither cached nor pushed.

## Fix
List what is read under `deps:` (a folder stands for all that is in it), parameters under `params:`, what is written
under `outs:`, `metrics:` or `plots:`.

## Notes
Compared are the script that the command starts, the modules of the project that it imports, the paths among the words
of the command, and files that the script opens by names which stand in its code, as seen from the stage's working
directory. Of what is written only data, models and metrics count. Modules that are empty, and scripts that can't be
found, are passed over.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import Confidence, Fix, Match, Note, Project, Rule, Safety, Span
from reprocheck.rulekit.pipeline_edits import listed_too
from reprocheck.rulekit.pipelines import EntryKind, Opened, Stage, joined, opened_files, programs
from reprocheck_rules.data.pipeline_dependency_examples import show
from reprocheck_rules.data.stored_files import EXAMPLES, is_stored_data

rule = Rule("DAT006", "undeclared-pipeline-dependency", __doc__)

_NAMED = 3
_RESULT = re.compile(r"\.(json|ya?ml|csv|tsv)$", re.IGNORECASE)
_REVEALED = ("DAT005",)
"""The lock has no digest of what is newly declared until the next run."""
_GIVEN = frozenset({"-p", "-r", "-f", "-y", "-b", "--parameters", "--parameters_file", "--parameters_raw"})
"""Options of papermill."""
_LOG = re.compile(r"(^|/)(logs?|tmp|temp|mlruns|wandb|\.cache)/|\.log$", re.IGNORECASE)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every stage of every `dvc.yaml`."""
    told: set[tuple[str, Span, str]] = set()
    for file, stage in project.index.pipelines.stages:
        if not file.path.endswith(".dvc") and not EXAMPLES.search(file.path):
            # Of the stages that a template makes, the first speaks for those that lack the same.
            for match in _of_stage(project, stage):
                key = (stage.file, stage.span, match.message.replace(f"`{stage.name}`", ""))
                if key not in told:
                    told.add(key)
                    yield match


def _of_stage(project: Project, stage: Stage) -> Iterator[Match]:
    scripts = list(_scripts(project, stage))
    declared = _Declared(project, stage, scripts)
    yield from _code(project, stage, declared, scripts)
    yield from _words(project, stage, declared)
    yield from _files(project, stage, declared, scripts)


class _Declared:
    """Paths that a stage names."""

    def __init__(self, project: Project, stage: Stage, scripts: list[str]) -> None:
        self._project = project
        self._stage = stage
        self._scripts = scripts
        self._begun = False
        self.read = {edge.path for edge in stage.deps if edge.path}
        self.read |= {parameters.path for parameters in stage.parameters if parameters.path}
        self.written = {edge.path for edge in stage.outs if edge.path}

    def covers(self, path: str, *, written: bool = False) -> bool:
        """Whether a path, a folder around it, or something inside of it is declared."""
        named = self.written if written else self.read | self.written
        return any(_touch(path, name) for name in named)

    def add(self, paths: Iterable[str], safety: Safety = Safety.SAFE) -> Fix | None:
        """Names what is read under `deps`; a stage that has no such list is given one once, with its scripts."""
        wanted = tuple(dict.fromkeys([*(() if self._stage.deps else self._scripts), *paths]))
        edits = listed_too(self._project, self._stage, "deps", wanted)
        if not edits or (self._begun and not self._stage.deps) or self._is_made_later(wanted):
            return None
        self._begun = True
        return Fix("declare what the stage reads", safety, edits, _REVEALED)

    def _is_made_later(self, paths: Iterable[str]) -> bool:
        """Whether a path comes of what this stage makes, so that the pipeline would run in a circle."""
        made = {edge.path for edge in self._stage.outs if edge.path}
        stages = [stage for _, stage in self._project.index.pipelines.stages]
        size = -1
        while len(made) > size:
            size = len(made)
            for stage in stages:
                if any(_touch(edge.path, path) for edge in stage.deps if edge.path for path in made):
                    made |= {edge.path for edge in stage.outs if edge.path}
        return any(_touch(path, other) for path in paths for other in made)


def _touch(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/")


def _scripts(project: Project, stage: Stage) -> Iterator[str]:
    """Files of the project that the command starts."""
    for program in programs(stage):
        if program.is_module:
            found = project.index.symbols.modules.find(f"{stage.folder}/x.py".lstrip("/"), program.target)
        else:
            found = joined(stage.folder, program.target)
        if found is not None and found in project.index.paths:
            yield found


def _code(project: Project, stage: Stage, declared: _Declared, scripts: list[str]) -> Iterator[Match]:
    own = [path for path in scripts if not declared.covers(path)]
    if own and stage.deps:
        message = (
            f"stage `{stage.name}` doesn't declare the script that it runs, {_listed(own)}: its changes go unnoticed"
        )
        yield project.match(stage.file, stage.span, message, fix=declared.add(own))
    imported = [
        path
        for path in sorted(project.index.reached(scripts) - set(scripts), key=lambda path: ("__init__" in path, path))
        if not declared.covers(path) and not _is_empty(project, path)
    ]
    if imported and stage.deps and not own:
        message = f"stage `{stage.name}` doesn't declare {_listed(imported)}, which its script imports"
        fix = declared.add(imported)
        yield project.match(stage.file, stage.span, message, confidence=Confidence.MEDIUM, fix=fix)


def _is_empty(project: Project, path: str) -> bool:
    """Whether a module defines nothing of its own, as most `__init__.py` do."""
    facts = project.index.files[path]
    return len(facts.functions) == 1 and not facts.classes and not facts.assignments


def _words(project: Project, stage: Stage, declared: _Declared) -> Iterator[Match]:
    named = [word.rpartition("=")[2] for program in programs(stage) for word in program.words]
    paths = [path for word in named if (path := joined(stage.folder, word)) is not None and path != "."]
    loose = [path for path in dict.fromkeys(paths) if not declared.covers(path) and _is_known(project, path)]
    if loose:
        message = f"the command of stage `{stage.name}` names {_listed(loose)}, which the stage doesn't declare"
        yield project.match(stage.file, stage.span, message, fix=declared.add(loose, Safety.UNSAFE))


def _command_words(stage: Stage) -> frozenset[str]:
    commands = (stage.command,) if isinstance(stage.command, str) else stage.command
    return frozenset(word for command in commands for word in command.split())


def _is_known(project: Project, path: str) -> bool:
    """Whether a word of a command is a file that git or DVC has."""
    return path in project.index.paths or project.index.pipelines.is_made(path)


def _files(project: Project, stage: Stage, declared: _Declared, scripts: list[str]) -> Iterator[Match]:
    # Parameters that a command gives to a notebook take the place of what stands in its first cells.
    fixed = [path for path in scripts if not path.endswith(".ipynb") or _GIVEN.isdisjoint(_command_words(stage))]
    opened = [item for path in fixed for item in opened_files(project, path)]
    written = {path for item in opened if item.writes and (path := item.inside(stage.folder)) is not None}
    read = [item for item in opened if not item.writes and _is_loose(project, stage, declared, item, written)]
    lost = [item for item in opened if item.writes and _is_lost(stage, declared, item)]
    others = list(_declared_by_others(project, stage, scripts)) if read or lost else []
    # What a condition keeps apart may be the part of another stage that runs the same script.
    read, lost = ([item for item in found if not _is_of_another(stage, others, item)] for found in (read, lost))
    if read:
        names = _listed(item.inside(stage.folder) or item.name for item in read)
        message = f"the script of stage `{stage.name}` reads {names}, which the stage doesn't declare"
        fix = declared.add(path for item in read if (path := item.inside(stage.folder)) is not None)
        yield project.match(stage.file, stage.span, message, trail=_trail(project, read, "read here"), fix=fix)
    if lost:
        names = _listed(item.inside(stage.folder) or item.name for item in lost)
        message = f"the script of stage `{stage.name}` writes {names}, which is none of its outs"
        trail = _trail(project, lost, "written here")
        yield project.match(stage.file, stage.span, message, confidence=Confidence.MEDIUM, trail=trail)


def _is_loose(project: Project, stage: Stage, declared: _Declared, item: Opened, written: set[str]) -> bool:
    path = item.inside(stage.folder)
    if path is None or path in written or declared.covers(path) or _LOG.search(path):
        return False
    is_here = project.index.tree.kind(path) is EntryKind.FILE and path in project.index.paths
    return (is_here and not path.endswith(".py")) or project.index.pipelines.is_made(path)


def _declared_by_others(project: Project, stage: Stage, scripts: list[str]) -> Iterator[str]:
    """What other stages declare that run the same script with other words."""
    for _, other in project.index.pipelines.stages:
        if other.name != stage.name and not set(scripts).isdisjoint(_scripts(project, other)):
            yield from (edge.path for edge in (*other.deps, *other.outs) if edge.path)


def _is_of_another(stage: Stage, others: list[str], item: Opened) -> bool:
    path = item.inside(stage.folder)
    return item.call.guard >= 0 and path is not None and any(_touch(path, other) for other in others)


def _is_lost(stage: Stage, declared: _Declared, item: Opened) -> bool:
    path = item.inside(stage.folder)
    if path is None or declared.covers(path, written=True) or _LOG.search(path):
        return False
    return bool(posixpath.splitext(path)[1]) and (is_stored_data(path) or _RESULT.search(path) is not None)


def _listed(paths: Iterable[str]) -> str:
    names = list(dict.fromkeys(paths))
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _trail(project: Project, opened: list[Opened], message: str) -> list[Note]:
    return [project.note(item.path, item.span, message) for item in opened[: _NAMED * 2]]


show(rule)
