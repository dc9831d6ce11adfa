"""One scan from files to judged findings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.model.artifact_graph import ArtifactGraph
from reprocheck.model.finding import Finding
from reprocheck.model.practice import Assessment
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.scan_result import FileCounts, RuleTiming
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.facts.extract import VERSION as FACTS_VERSION
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.index.fact_table import DamagedFactsError
from reprocheck.project.versions import NOTHING_DECLARED, DeclaredVersions
from reprocheck.project.work_tree import DiskTree, WorkTree
from reprocheck.rulekit import Rule
from reprocheck.rulekit.loading import Knowledge, KnowledgeSources, load_knowledge
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.cache import Cache
from reprocheck.scan.collection import paused_collection
from reprocheck.scan.file_result import FileResult
from reprocheck.scan.join import Joined, join, placed_again
from reprocheck.scan.judge import Judgement, judge
from reprocheck.scan.kept_answers import KeptAnswers
from reprocheck.scan.places import Places
from reprocheck.scan.pool import analyze_all

READ_KINDS = frozenset(FileKind) - {FileKind.OTHER}
"""Kinds of files that are opened."""
_ENCODER = msgspec.msgpack.Encoder()
_JOINED = msgspec.msgpack.Decoder(Joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """All that a scan needs to know."""

    files: Sequence[ProjectFile]
    """Every file of the project: rules about the project see them all."""
    reported: frozenset[str] | None = None
    """Paths whose findings are reported; None for all."""
    entries: tuple[str, ...] = ()
    """Programs to follow instead of all; only what they reach is reported then."""
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """Content by path of files whose text on disk is not what is meant."""
    versions: DeclaredVersions = NOTHING_DECLARED
    """Library versions that the project declares."""
    sources: KnowledgeSources
    knowledge: Knowledge
    chosen: dict[str, RuleInfo]
    """Rules that run, by code, with their severities."""
    judgement: Judgement
    given: tuple[Finding, ...] = ()
    """Findings that no rule makes, such as those of an audit; they are judged like the others."""
    jobs: int = 1
    cache_folder: Path | None = None
    timing: bool = False
    graph: bool = False
    """Whether to put the graph of artifacts together."""
    tool_version: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOutcome:
    """Judged findings and what was seen on the way."""

    findings: tuple[Finding, ...]
    files: FileCounts
    unread: tuple[str, ...]
    """Paths of files that could not be read, each with the reason."""
    timings: tuple[RuleTiming, ...]
    assessments: tuple[Assessment, ...]
    """What rules about practices say of the project."""
    graph: ArtifactGraph | None
    """Who writes and reads what; None when it was not asked for."""
    problems: tuple[str, ...]
    """Messages for a person, such as a cache that could not be used."""


Progress = Callable[[int, int], None]
"""Called with the number of files done and the number of all."""


def scan(plan: ScanPlan, progress: Progress) -> ScanOutcome:
    """Run the chosen rules over the files."""
    # Facts are many small objects that form no cycles: those of a million lines are decoded in 0.4 s, else in 3 s.
    with paused_collection():
        return _scan(plan, progress)


def _scan(plan: ScanPlan, progress: Progress) -> ScanOutcome:
    cache = None
    if plan.cache_folder is not None and not plan.timing:
        cache = Cache(plan.cache_folder, _knowledge_key(plan))
    try:
        timings: dict[str, float] = {}
        try:
            results, facts = _file_results(plan, cache, progress)
            joined = _join(plan, results, facts, cache, timings)
        except (msgspec.DecodeError, DamagedFactsError):
            if cache is None:
                raise
            # What it holds of some file is damaged, and only the join saw it.
            cache.clear()
            results, facts = _file_results(plan, cache, progress)
            joined = _join(plan, results, facts, cache, timings)
    finally:
        if cache is not None:
            cache.close()
    reported = plan.reported if joined.reached is None else joined.reached
    found = (*joined.findings, *plan.given)
    seen = [r for r in _with_findings(results, found) if reported is None or r.path in reported]
    return ScanOutcome(
        findings=judge(seen, plan.judgement),
        files=_counts(seen),
        unread=(*(f"{result.path}: {result.unread}" for result in seen if result.unread), *joined.failed),
        timings=_timings(results, timings),
        assessments=joined.assessments,
        graph=joined.graph,
        problems=(cache.problem,) if cache is not None and cache.problem else (),
    )


def _file_results(plan: ScanPlan, cache: Cache | None, progress: Progress) -> tuple[list[FileResult], dict[str, bytes]]:
    """Results of the file rules sorted by path, and the facts of files that were analysed anew."""
    files = _to_read(plan)
    kept = _from_cache(files, cache)
    given = _given_text(plan)
    kept.update({result.path: result for result in given})
    missing = [file for file in files if file.path not in kept]
    done = len(kept)
    progress(done, len(files))
    fresh: list[FileResult] = []
    for result in analyze_all(missing, _AnalyzerMaker(plan), jobs=plan.jobs):
        fresh.append(result)
        done += 1
        progress(done, len(files))
    if cache is not None and fresh:
        cache.store(fresh, {file.path for file in files})
    return sorted([*kept.values(), *fresh], key=lambda r: r.path), {r.path: r.facts for r in (*fresh, *given)}


def _to_read(plan: ScanPlan) -> list[ProjectFile]:
    """Files to open: all of the project when a rule about the project runs, else those that are reported."""
    files = [file for file in plan.files if file.kind in READ_KINDS]
    crosses_files = any(rule.project_checks for rule in chosen_rules(plan.knowledge, plan.chosen))
    if plan.reported is None or plan.graph or crosses_files:
        return files
    return [file for file in files if file.path in plan.reported]


def _given_text(plan: ScanPlan) -> list[FileResult]:
    if not plan.texts:
        return []
    analyzer = _AnalyzerMaker(plan)()
    return [analyzer.analyze(file, plan.texts[file.path]) for file in _to_read(plan) if file.path in plan.texts]


def _join(
    plan: ScanPlan,
    results: list[FileResult],
    fresh: dict[str, bytes],
    cache: Cache | None,
    timings: dict[str, float],
) -> Joined:
    """Findings of the project rules: those kept from an earlier scan when nothing changed, else made anew."""
    rules = [rule for rule in chosen_rules(plan.knowledge, plan.chosen) if rule.project_checks]
    if not rules and not plan.graph:
        return Joined()
    key = _join_key(plan, results)
    digests = {result.path: result.digest for result in results}
    known = cache.load_join(key) if cache is not None else None
    kept = _JOINED.decode(known) if known is not None else None
    tree = _work_tree(plan)
    if kept is not None and tree.still(kept.observed):
        if all(digests.get(path) == digest for path, digest in kept.digests.items()):
            return kept
        found = placed_again(kept, _places(plan, digests, _last(cache)), digests)
    else:
        last = _last(cache)
        tree.recall(last.hashed if last is not None else {})
        asked = "\0".join((_knowledge_key(plan), *plan.entries))
        answers = KeptAnswers(cache, results, asked, (file.path for file in plan.files))
        found = join(
            _Facts(results, fresh, cache),
            plan.files,
            rules,
            plan.knowledge.catalog,
            versions=plan.versions,
            entries=plan.entries,
            places=_places(plan, digests, last),
            timings=timings if plan.timing else None,
            tree=tree,
            graph=plan.graph,
            answers=answers.answers,
        )
        answers.store()
    if cache is not None:
        mentioned = {place.path for f in found.findings for place in (f.place, *(step.place for step in f.trail))}
        seen = {path: digests[path] for path in mentioned if path in digests}
        cache.store_join(key, _ENCODER.encode(msgspec.structs.replace(found, digests=seen)))
    return found


def _work_tree(plan: ScanPlan) -> WorkTree:
    """What lies under the root, with the text that is meant instead of a file's."""
    given = plan.texts
    root = next((file.location.removesuffix(file.path) for file in plan.files if file.location), None)
    return WorkTree(given) if root is None else DiskTree(Path(root), given)


class _Facts(Mapping[str, bytes]):
    """Encoded facts of all files that could be read, by path; those that are kept are loaded when asked for."""

    def __init__(self, results: Iterable[FileResult], fresh: Mapping[str, bytes], cache: Cache | None) -> None:
        self._digests = {result.path: result.digest for result in results if result.facts_digest}
        self._fresh = fresh
        self._cache = cache

    def __getitem__(self, path: str) -> bytes:
        facts = self._fresh.get(path)
        if facts is None and self._cache is not None:
            facts = self._cache.facts(path, self._digests[path])
        if facts is None:
            raise DamagedFactsError(path)
        return facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)


def _last(cache: Cache | None) -> Joined | None:
    """What the last scan with the same knowledge found."""
    last = cache.last_join() if cache is not None else None
    return _JOINED.decode(last) if last is not None else None


def _places(plan: ScanPlan, digests: dict[str, bytes], earlier: Joined | None) -> Places:
    """Places, with what the last scan said of files that have not changed since."""
    by_path = {file.path: file for file in plan.files}
    given = plan.texts
    if earlier is None:
        return Places(by_path, given=given)
    unchanged = {path for path, digest in earlier.digests.items() if digests.get(path) == digest}
    return Places(by_path, zip(earlier.findings, earlier.spans, strict=True), unchanged, given)


def _join_key(plan: ScanPlan, results: list[FileResult]) -> bytes:
    """What decides the findings: names of all files, and the facts of those that are read."""
    asked = (_knowledge_key(plan), f"graph {plan.graph}", *plan.entries)
    key = blake3("\0".join(asked).encode("utf-8", "surrogateescape"))
    for file in plan.files:
        key.update(file.path.encode("utf-8", "surrogateescape") + b"\0")
    for result in results:
        key.update(result.path.encode("utf-8", "surrogateescape") + b"\0" + result.facts_digest)
    return key.digest()


def _with_findings(results: list[FileResult], joined: tuple[Finding, ...]) -> list[FileResult]:
    """The results with findings of project rules at the files that they are about."""
    if not joined:
        return results
    by_path: dict[str, list[Finding]] = {}
    for finding in joined:
        by_path.setdefault(finding.place.path, []).append(finding)
    merged = [
        msgspec.structs.replace(result, findings=(*result.findings, *by_path.pop(result.path)))
        if result.path in by_path
        else result
        for result in results
    ]
    merged += [
        FileResult(path=path, kind=FileKind.OTHER.value, digest=b"", findings=tuple(found))
        for path, found in by_path.items()
    ]
    return merged


class _AnalyzerMaker:
    """Makes analyzers of the knowledge at hand; a process that inherits no memory loads its own."""

    def __init__(self, plan: ScanPlan) -> None:
        self._plan = plan

    def __call__(self) -> Analyzer:
        knowledge = self._plan.knowledge
        rules = chosen_rules(knowledge, self._plan.chosen)
        return Analyzer(rules, knowledge.catalog, versions=self._plan.versions, timing=self._plan.timing)

    def __reduce__(self) -> tuple[object, ...]:
        plan = self._plan
        return partial, (make_analyzer, plan.sources, tuple(plan.chosen), plan.versions, plan.timing)


def make_analyzer(
    sources: KnowledgeSources,
    codes: Iterable[str],
    versions: DeclaredVersions = NOTHING_DECLARED,
    timing: bool = False,  # noqa: FBT001, FBT002 — crosses processes as a partial
) -> Analyzer:
    """Build the analyzer of one process from what can be sent there."""
    knowledge = load_knowledge(sources)
    return Analyzer(chosen_rules(knowledge, codes), knowledge.catalog, versions=versions, timing=timing)


def chosen_rules(knowledge: Knowledge, codes: Iterable[str]) -> list[Rule]:
    """Rules by code, in order."""
    return [knowledge.rules[code] for code in codes if code in knowledge.rules]


def _knowledge_key(plan: ScanPlan) -> str:
    parts = [plan.tool_version, plan.knowledge.digest, *(f"{code}:{i.severity}" for code, i in plan.chosen.items())]
    parts += [str(FACTS_VERSION), repr(plan.versions)]
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


def _timings(results: Iterable[FileResult], joined: dict[str, float]) -> tuple[RuleTiming, ...]:
    totals = dict(joined)
    for result in results:
        for name, seconds in result.timings.items():
            totals[name] = totals.get(name, 0.0) + seconds
    return tuple(RuleTiming(name, seconds) for name, seconds in sorted(totals.items(), key=lambda item: -item[1]))
