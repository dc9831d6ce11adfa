"""One scan from files to judged findings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from blake3 import blake3

from reprocheck.model.finding import Finding
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.scan_result import FileCounts, RuleTiming
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import FileKind
from reprocheck.rulekit import Rule
from reprocheck.rulekit.loading import Knowledge, KnowledgeSources, load_knowledge
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.cache import Cache
from reprocheck.scan.file_result import FileResult
from reprocheck.scan.judge import Judgement, judge
from reprocheck.scan.pool import analyze_all

READ_KINDS = frozenset(FileKind) - {FileKind.OTHER, FileKind.MAKEFILE}
"""Kinds of files that are opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """All that a scan needs to know."""

    files: Sequence[ProjectFile]
    sources: KnowledgeSources
    knowledge: Knowledge
    chosen: dict[str, RuleInfo]
    """Rules that run, by code, with their severities."""
    judgement: Judgement
    jobs: int = 1
    cache_folder: Path | None = None
    timing: bool = False
    tool_version: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOutcome:
    """Judged findings and what was seen on the way."""

    findings: tuple[Finding, ...]
    files: FileCounts
    unread: tuple[str, ...]
    """Paths of files that could not be read, each with the reason."""
    timings: tuple[RuleTiming, ...]
    problems: tuple[str, ...]
    """Messages for a person, such as a cache that could not be used."""


Progress = Callable[[int, int], None]
"""Called with the number of files done and the number of all."""


def scan(plan: ScanPlan, progress: Progress) -> ScanOutcome:
    """Run the chosen rules over the files."""
    files = [file for file in plan.files if file.kind in READ_KINDS]
    cache = None
    if plan.cache_folder is not None and not plan.timing:
        cache = Cache(plan.cache_folder, _knowledge_key(plan))
    try:
        kept = _from_cache(files, cache)
        missing = [file for file in files if file.path not in kept]
        done = len(kept)
        progress(done, len(files))
        fresh: list[FileResult] = []
        make = partial(make_analyzer, plan.sources, tuple(plan.chosen), plan.timing)
        for result in analyze_all(missing, make, jobs=plan.jobs):
            fresh.append(result)
            done += 1
            progress(done, len(files))
        if cache is not None and fresh:
            cache.store(fresh, {file.path for file in files})
    finally:
        if cache is not None:
            cache.close()
    results = sorted([*kept.values(), *fresh], key=lambda result: result.path)
    return ScanOutcome(
        findings=judge(results, plan.judgement),
        files=_counts(results),
        unread=tuple(f"{result.path}: {result.unread}" for result in results if result.unread),
        timings=_timings(results),
        problems=(cache.problem,) if cache is not None and cache.problem else (),
    )


def scan_text(file: ProjectFile, data: bytes, plan: ScanPlan) -> ScanOutcome:
    """Scan a text that is not on disk as if it were the content of `file`."""
    result = make_analyzer(plan.sources, tuple(plan.chosen), plan.timing).analyze(file, data)
    return ScanOutcome(
        findings=judge([result], plan.judgement),
        files=_counts([result]),
        unread=(f"{result.path}: {result.unread}",) if result.unread else (),
        timings=_timings([result]),
        problems=(),
    )


def make_analyzer(sources: KnowledgeSources, codes: Iterable[str], timing: bool) -> Analyzer:  # noqa: FBT001 — crosses processes as a partial
    """Build the analyzer of one process from what can be sent there."""
    knowledge = load_knowledge(sources)
    return Analyzer(chosen_rules(knowledge, codes), knowledge.catalog, timing=timing)


def chosen_rules(knowledge: Knowledge, codes: Iterable[str]) -> list[Rule]:
    """Rules by code, in order."""
    return [knowledge.rules[code] for code in codes if code in knowledge.rules]


def _knowledge_key(plan: ScanPlan) -> str:
    parts = [plan.tool_version, plan.knowledge.digest, *(f"{code}:{i.severity}" for code, i in plan.chosen.items())]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _from_cache(files: Iterable[ProjectFile], cache: Cache | None) -> dict[str, FileResult]:
    if cache is None:
        return {}
    entries = cache.load()
    kept: dict[str, FileResult] = {}
    for file in files:
        entry = entries.get(file.path)
        if entry is None:
            continue
        try:
            digest = blake3(file.absolute.read_bytes()).digest()
        except OSError:
            continue
        result = cache.decode(entry[1]) if digest == entry[0] else None
        if result is not None:
            kept[file.path] = result
    return kept


def _counts(results: Iterable[FileResult]) -> FileCounts:
    python = notebooks = documents = lines = 0
    for result in results:
        lines += result.lines
        match result.kind:
            case FileKind.PYTHON:
                python += 1
            case FileKind.NOTEBOOK:
                notebooks += 1
            case _:
                documents += 1
    return FileCounts(python=python, notebooks=notebooks, documents=documents, lines=lines)


def _timings(results: Iterable[FileResult]) -> tuple[RuleTiming, ...]:
    totals: dict[str, float] = {}
    for result in results:
        for name, seconds in result.timings.items():
            totals[name] = totals.get(name, 0.0) + seconds
    return tuple(RuleTiming(name, seconds) for name, seconds in sorted(totals.items(), key=lambda item: -item[1]))
