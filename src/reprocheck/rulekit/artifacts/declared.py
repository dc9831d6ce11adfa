"""What pipelines and scripts say that they read and write: DVC, Snakemake, commands of shells and Makefiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.model.artifact_graph import Use
from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.facts.model import Command, DocumentFacts
from reprocheck.project.pipelines.dvc_model import Stage
from reprocheck.project.pipelines.stage_commands import programs
from reprocheck.project.work_tree import joined
from reprocheck.rulekit.artifacts.naming import Locator
from reprocheck.rulekit.project import Project

_CODE = re.compile(r"\.(py|ipynb|sh|R|r|jl|js|lock|toml)$|(^|/)(requirements[^/]*\.txt|Makefile|Dockerfile)$")
_RULE = re.compile(r"^rules\.([^.]+)\.(input|output|script|notebook|shell)(?:\.\d+)?$")
_WILDCARD = re.compile(r"\{(?:wildcards\.)?(\w+)[^{}]*\}")
_PYTHON = re.compile(r"(?:^|[\s;&|])(?:[\w./]*python[\d.]*)\s+(?:-\w+\s+)*([\w./-]+\.py)")
_SHELLS = frozenset({"shell", "makefile"})
_COPIES = frozenset({"cp", "mv", "rsync"})
_SOURCES = re.compile(r"^(s3|gs|https?|abfss?|az)://")


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a pipeline or a script, with what it says that it reads and writes."""

    program: str
    """Path of the program that it runs; else the file of the declaration and its name."""
    name: str
    path: str
    span: Span
    is_program: bool
    reads: tuple[tuple[str, Span], ...]
    writes: tuple[tuple[str, Span], ...]
    declared: bool = True

    def uses(self) -> Iterator[tuple[str, bool, Use]]:
        """Artifact, whether it is written, and where that is said."""
        for writes, items in ((False, self.reads), (True, self.writes)):
            for artifact, span in items:
                yield artifact, writes, Use(path=self.path, span=span, expression=artifact)


def steps(project: Project) -> Iterator[Step]:
    """All steps, in order of their files."""
    for file, stage in project.index.pipelines.stages:
        if not file.path.endswith(".dvc") or (stage.outs and stage.command):
            yield _of_dvc(project, stage)
    yield from project.of_documents(_of_document)


def _of_document(project: Project, path: str) -> Iterator[Step]:
    document = project.index.documents[path]
    locator = project.once(locator_of)
    if document.kind == "snakemake":
        yield from _of_snakemake(project, locator, document)
    elif document.kind in _SHELLS:
        step = _of_commands(path, document, locator)
        if step is not None:
            yield step


def locator_of(project: Project) -> Locator:
    """Finds what the paths of a project lead to."""
    return Locator(project.index)


def _of_dvc(project: Project, stage: Stage) -> Step:
    started = [
        found
        for program in programs(stage)
        if (found := _target(project, stage, program.target, is_module=program.is_module)) is not None
    ]
    reads = [(edge.path or edge.written, edge.span) for edge in stage.deps if not _CODE.search(edge.written)]
    reads = [item for item in reads if not _holds_code(project, item[0])]
    reads += [(parameters.path or parameters.written, parameters.span) for parameters in stage.parameters]
    writes = [(edge.path or edge.written, edge.span) for edge in stage.outs]
    program = started[0] if started else f"{stage.file}:{stage.name}"
    return Step(program, stage.name, stage.file, stage.span, bool(started), tuple(reads), tuple(writes))


def _target(project: Project, stage: Stage, target: str, *, is_module: bool) -> str | None:
    if is_module:
        found = project.index.symbols.modules.find(f"{stage.folder}/x.py".lstrip("/"), target)
    else:
        found = joined(stage.folder, target)
    return found if found in project.index.files else None


def _holds_code(project: Project, path: str) -> bool:
    """Whether a folder has modules in it: code that a stage depends on, not data."""
    return any(file.startswith(f"{path}/") for file in project.index.files)


def _of_snakemake(project: Project, locator: Locator, document: DocumentFacts) -> Iterator[Step]:
    rules: dict[str, dict[str, list[tuple[str, Span]]]] = {}
    for setting in document.settings:
        match_ = _RULE.match(setting.key)
        if match_ is not None and isinstance(setting.value, str):
            rules.setdefault(match_[1], {}).setdefault(match_[2], []).append((setting.value, setting.span))
    folder = locator.base(document.path)
    for name, parts in rules.items():
        texts = [text for key in ("script", "notebook") for text, _ in parts.get(key, ())]
        texts += [found for text, _ in parts.get("shell", ()) for found in _PYTHON.findall(text)]
        beside = document.path.rpartition("/")[0]
        places = [path for text in texts for base in (beside, folder, "") if (path := joined(base, text)) is not None]
        program = next((path for path in places if path in project.index.files), None)
        spans = [span for items in parts.values() for _, span in items]
        yield Step(
            program or f"{document.path}:{name}",
            name,
            document.path,
            spans[0],
            program is not None,
            tuple((_artifact(locator, folder, text), span) for text, span in parts.get("input", ()) if _is_data(text)),
            tuple((_artifact(locator, folder, text), span) for text, span in parts.get("output", ())),
        )


def _is_data(text: str) -> bool:
    return not _CODE.search(text)


def _artifact(locator: Locator, folder: str, text: str) -> str:
    return locator.locate(_WILDCARD.sub(r"{\1}", text), (folder, ""))


def _of_commands(path: str, document: DocumentFacts, locator: Locator) -> Step | None:
    """What a script fetches, copies and unpacks."""
    reads: list[tuple[str, Span]] = []
    writes: list[tuple[str, Span]] = []
    bases = tuple(dict.fromkeys((locator.base(path), path.rpartition("/")[0], "")))
    for command in document.commands:
        for text, is_written in _moved(command):
            if text and "$" not in text and not text.startswith("-") and "`" not in text and text not in {".", ".."}:
                (writes if is_written else reads).append((locator.locate(text.rstrip("/"), bases), command.span))
    if not writes:
        return None
    span = next((command.span for command in document.commands), WHOLE_FILE)
    name = path.rpartition("/")[2]
    return Step(path, name, path, span, False, tuple(reads), tuple(writes), declared=False)


def _moved(command: Command) -> Iterator[tuple[str, bool]]:
    words = command.words
    name = words[0].rpartition("/")[2]
    plain = [word for word in words[1:] if not word.startswith("-")]
    if name in {"curl", "wget", "gdown"}:
        target = _behind(words, "-o", "-O", "--output", "--output-document")
        for word in plain:
            if _SOURCES.match(word):
                yield word, False
                if target is None and (name == "wget" or "-O" in words) and "." in word.rpartition("/")[2]:
                    yield word.rpartition("/")[2].partition("?")[0], True
        if target and not _SOURCES.match(target):
            yield target, True
    elif name in _COPIES and len(plain) == 2:  # noqa: PLR2004 — from one place to another
        yield plain[0], False
        yield plain[1], True
    elif name in {"aws", "gsutil", "gcloud"} and "cp" in plain:
        places = plain[plain.index("cp") + 1 :][:2]
        if len(places) == 2:  # noqa: PLR2004
            yield places[0], False
            yield places[1], True
    elif name == "unzip" and plain:
        yield plain[0], False
        target = _behind(words, "-d")
        if target:
            yield target, True


def _behind(words: tuple[str, ...], *options: str) -> str | None:
    for option in options:
        if option in words[:-1]:
            return words[words.index(option) + 1]
    return None
