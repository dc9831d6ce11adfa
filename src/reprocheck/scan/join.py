"""Runs the rules about the project as a whole, over the facts of all files."""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from reprocheck.model.artifact_graph import ArtifactGraph, Use
from reprocheck.model.finding import Confidence, Finding, Step
from reprocheck.model.place import Span
from reprocheck.model.practice import Assessment, Evidence, Standing
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.index.answers import Answers
from reprocheck.project.index.fact_table import DamagedFactsError
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.versions import NOTHING_DECLARED, DeclaredVersions
from reprocheck.project.work_tree import WorkTree
from reprocheck.rulekit import Catalog, Match, Practice, Rule
from reprocheck.rulekit.artifacts import whole_artifact_graph
from reprocheck.rulekit.project import Project
from reprocheck.scan.encoding import said
from reprocheck.scan.places import Places

_LINE = 200
"""Characters of a code line that are kept."""


_CODE = frozenset({FileKind.PYTHON, FileKind.NOTEBOOK})


class _Chosen(Mapping[str, bytes]):
    """Some of the facts; none is looked at before somebody asks for it."""

    def __init__(self, facts: Mapping[str, bytes], paths: Collection[str]) -> None:
        self._facts = facts
        self._paths = paths

    def __getitem__(self, path: str) -> bytes:
        return self._facts[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class Joined(msgspec.Struct, frozen=True):
    """What the project rules found."""

    findings: tuple[Finding, ...] = ()
    reached: frozenset[str] | None = None
    """Files that the asked-for entry points run; None when none was asked for."""
    spans: tuple[tuple[Span, ...], ...] = ()
    """Of each finding what its place and those of its trail were made of; a notebook's places are cells."""
    failed: tuple[str, ...] = ()
    """Rules that could not be run to their end, each with the reason."""
    digests: dict[str, bytes] = {}
    """Digest by path of the files that findings and their trails stand in; filled in when it is kept."""
    observed: dict[str, str] = {}
    """Signature of each path that was looked at on disk, data that no rule reads included."""
    hashed: dict[str, tuple[str, str]] = {}
    """Digests of files on disk, which the next scan may take over."""
    assessments: tuple[Assessment, ...] = ()
    """What rules about practices say; of a notebook's places the spans are those of its cells put together."""
    graph: ArtifactGraph | None = None
    """Who writes and reads what; None when it was not asked for."""


def join(  # noqa: PLR0913 — what a scan knows, each under its own name
    facts: Mapping[str, bytes],
    files: Iterable[ProjectFile],
    rules: Iterable[Rule],
    catalog: Catalog,
    *,
    versions: DeclaredVersions = NOTHING_DECLARED,
    entries: tuple[str, ...] = (),
    places: Places | None = None,
    timings: dict[str, float] | None = None,
    tree: WorkTree | None = None,
    graph: bool = False,
    answers: Answers | None = None,
) -> Joined:
    """Run the project rules; `facts` are encoded, by path, of files that could be read; `files` are all.

    `entries` are paths of programs; where there are any, only these are followed. `places` may know places from
    an earlier scan; `tree` is what lies on disk; `answers` are those of an earlier scan, and become those of this one.
    """
    tree = WorkTree() if tree is None else tree
    by_path = {file.path: file for file in files}
    code = {path for path in facts if by_path[path].kind in _CODE}
    index = ProjectIndex(_Chosen(facts, code), _Chosen(facts, facts.keys() - code), by_path, entries, tree, answers)
    project = Project(index, catalog, versions)
    places = places or Places(by_path)
    # Several entry points may lead to one place: it is said once.
    found: dict[tuple[object, ...], tuple[Finding, tuple[Span, ...]]] = {}
    failed: list[str] = []
    assessments: list[Assessment] = []
    for rule in rules:
        started = time.process_time()
        try:
            for match in (match for check in rule.project_checks for match in check(project)):
                key = (rule.code, match.path, match.span, match.message)
                if key not in found:
                    spans = (match.span, *(note.span for note in match.trail))
                    found[key] = _finding(rule, match, places), spans
            assessments += (_assessment(rule, project.once(check)) for check in rule.practice_checks)
        except DamagedFactsError:
            raise
        except Exception as error:  # noqa: BLE001 — a defect of one rule must not hide what the others find
            failed.append(_failure(rule, error))
        if timings is not None and rule.project_checks:
            timings[rule.code] = timings.get(rule.code, 0.0) + time.process_time() - started
    return Joined(
        findings=tuple(finding for finding, _ in found.values()),
        spans=tuple(spans for _, spans in found.values()),
        reached=project.index.reached(entries) if entries else None,
        failed=tuple(failed),
        observed=dict(tree.observed),
        hashed=dict(tree.hashed),
        assessments=tuple(assessments),
        graph=_graph(project, places) if graph else None,
    )


def _graph(project: Project, places: Places) -> ArtifactGraph:
    """The graph of artifacts, its places those of files as people see them, each with its line."""
    found = whole_artifact_graph(project)
    edges = tuple(
        msgspec.structs.replace(edge, uses=tuple(_placed_use(use, places) for use in edge.uses)) for edge in found.edges
    )
    return msgspec.structs.replace(found, edges=edges)


def _placed_use(use: Use, places: Places) -> Use:
    place = places.place(use.path, use.span)
    excerpt = place.excerpt
    line = excerpt.lines[excerpt.line - excerpt.first_line].strip() if excerpt is not None else ""
    return msgspec.structs.replace(use, span=place.span, cell=place.cell, line=said(line[:_LINE]))


def placed_again(found: Joined, places: Places, digests: Mapping[str, bytes]) -> Joined:
    """The same findings with excerpts and names read again in files whose text changed and whose facts did not."""
    moved = {path for path, digest in found.digests.items() if digests.get(path) != digest}
    findings = tuple(
        _placed(finding, spans, places)
        if any(place.path in moved for place in (finding.place, *(step.place for step in finding.trail)))
        else finding
        for finding, spans in zip(found.findings, found.spans, strict=True)
    )
    return msgspec.structs.replace(found, findings=findings)


def _placed(finding: Finding, spans: tuple[Span, ...], places: Places) -> Finding:
    path = finding.place.path
    symbol, fingerprint, context = places.identity(finding.code, path, spans[0])
    return msgspec.structs.replace(
        finding,
        place=places.place(path, spans[0]),
        symbol=symbol,
        trail=tuple(
            msgspec.structs.replace(step, place=places.place(step.place.path, span))
            for step, span in zip(finding.trail, spans[1:], strict=True)
        ),
        fingerprint=fingerprint,
        context=context,
    )


def _failure(rule: Rule, error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    return f"{rule.code}: could not be run to its end: {type(error).__name__} at {where}, a defect of reprocheck"


def _assessment(rule: Rule, practice: Practice) -> Assessment:
    gap = practice.gap
    if not practice.applies:
        standing = Standing.NOT_APPLICABLE
    elif gap is None:
        standing = Standing.MET
    else:
        unsure = (gap.confidence or rule.info.confidence) is Confidence.LOW
        standing = Standing.PARTLY if practice.found or unsure else Standing.MISSING
    return Assessment(
        code=rule.code,
        standing=standing,
        looked_at=said(practice.looked_at),
        found=tuple(Evidence(note.path, note.span, said(note.message)) for note in practice.found),
        gap="" if gap is None else said(gap.message),
        place=None if gap is None else Evidence(gap.path, gap.span, said(gap.message)),
    )


def _finding(rule: Rule, match: Match, places: Places) -> Finding:
    symbol, fingerprint, context = places.identity(rule.code, match.path, match.span)
    return Finding(
        code=rule.code,
        rule=rule.info.name,
        severity=match.severity or rule.info.severity,
        confidence=match.confidence or rule.info.confidence,
        message=said(match.message),
        place=places.place(match.path, match.span),
        symbol=symbol,
        trail=tuple(Step(places.place(note.path or match.path, note.span), said(note.message)) for note in match.trail),
        fix=match.fix,
        fingerprint=fingerprint,
        context=context,
    )
