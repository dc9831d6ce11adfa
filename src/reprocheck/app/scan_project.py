"""`reprocheck scan`: discover, scan, compare with the baseline, keep what changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import msgspec

from reprocheck.app import knowledge as knowledge_of
from reprocheck.app.ages import with_ages
from reprocheck.app.artifact_findings import GRAPH_RULES, with_findings
from reprocheck.app.audit import NOTHING_AUDITED, Audited, AuditRequest, audit
from reprocheck.app.audit_findings import findings_of
from reprocheck.app.changes import changed_since
from reprocheck.app.errors import UsageError
from reprocheck.app.remembered import load, store
from reprocheck.app.scorecard import Seen, make_scorecard
from reprocheck.app.scorecard_items import PRACTICES
from reprocheck.app.set_aside import Scope, by_baseline, by_ledger, scope_of
from reprocheck.config import Config, FailOn, is_project
from reprocheck.model.artifact_graph import ArtifactGraph
from reprocheck.model.finding import Finding, Severity
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.scan_result import ScanResult
from reprocheck.project.discovery import Discovery, ProjectFile, discover
from reprocheck.project.facts.extract import VERSION as FACTS_VERSION
from reprocheck.project.file_kinds import kind_of
from reprocheck.project.versions import OfFile, declared_versions
from reprocheck.rulekit.loading import PackFile
from reprocheck.scan.judge import Judgement
from reprocheck.scan.own_rules import AUDIT_RULES, NOT_AUDITED, OWN_RULES, UNREADABLE
from reprocheck.scan.places import Places
from reprocheck.scan.pool import default_jobs
from reprocheck.scan.scanner import ScanOutcome, ScanPlan, scan
from reprocheck.scan.selection import SelectionError, choose, matching
from reprocheck.triage.ledger_file import FILE as LEDGER

GAPS = frozenset({UNREADABLE.code, NOT_AUDITED.code})
"""Codes of findings about what could not be looked at."""
CACHE_FOLDER = ".reprocheck_cache"
"""Folder under the root where the cache lies unless configured otherwise."""
_DECLARED = "versions"
"""Name under which it is remembered what files declare of versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What the user asked for."""

    config: Config
    targets: Sequence[Path] = ()
    entries: Sequence[Path] = ()
    """Programs to follow instead of all; only what they reach is reported."""
    since: str | None = None
    """Git revision; only findings on lines changed since then are reported."""
    audit: AuditRequest | None = None
    """How to look up the declared packages in advisories; None for not at all."""
    scorecard: bool = False
    """Whether to put together how the project stands; the rules that it needs run besides those chosen."""
    graph: bool = False
    """Whether to put the graph of artifacts together; the rules that stand on it run besides those chosen."""
    timing: bool = False
    use_baseline: bool = True
    use_ledger: bool = True
    text: bytes | None = None
    """Content to scan in place of a file's; `targets` then names the one file."""
    overlay: Mapping[str, bytes] = field(default_factory=dict)
    """Content by path that counts instead of what is on disk, where files may be new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A finished scan."""

    result: ScanResult
    files: int
    """Files that were read; 0 means there was nothing to do."""
    messages: tuple[str, ...] = ()
    """For a person: what was left out, what could not be used."""
    scope: Scope
    """What the scan could see."""
    graph: ArtifactGraph | None = None
    """Who writes and reads what, findings marked; None when it was not asked for."""


Progress = Callable[[int, int], None]


class _Declared(msgspec.Struct, array_like=True):
    """What files declared of versions at an earlier scan, by path."""

    reader: str
    """Version of the tool and of the facts that it read."""
    files: dict[str, OfFile]


def _declared(folder: Path | None) -> _Declared:
    reader = f"{version('reprocheck')} {FACTS_VERSION}"
    earlier = load(folder, _DECLARED, _Declared)
    return earlier if earlier is not None and earlier.reader == reader else _Declared(reader, {})


def scan_project(request: ScanRequest, progress: Progress) -> Scanned:
    """Scan; raises UsageError, ConfigError, BaselineError for what the user can mend."""
    config = request.config
    sources = knowledge_of.sources_of(config)
    knowledge = knowledge_of.load(sources)
    rules = {code: rule.info for code, rule in knowledge.rules.items()}
    chosen, own = _choose(config, rules, knowledge.packs, audited=request.audit is not None)
    needed = _for_scorecard(config, rules) if request.scorecard else {}
    if request.graph:
        needed |= {code: rules[code] for code in GRAPH_RULES if code in rules}
    discovery, reported = _discover(request)
    audited = audit(request.audit, discovery, reported) if request.audit is not None else NOTHING_AUDITED
    folder = (config.cache_dir or config.root / CACHE_FOLDER) if config.cache else None
    declared = _declared(folder)
    before = dict(declared.files)
    plan = ScanPlan(
        files=discovery.files,
        reported=reported,
        texts=_texts(request),
        versions=declared_versions(discovery.files, request.overlay, declared.files),
        entries=_entries(request, discovery),
        sources=sources,
        knowledge=knowledge,
        chosen=dict(sorted({**needed, **chosen}.items())),
        judgement=_judgement(config, {**needed, **chosen}, own, rules, knowledge.packs),
        jobs=default_jobs() if config.jobs == "auto" else config.jobs,
        cache_folder=folder,
        given=tuple(findings_of(audited.audit)) if audited.audit is not None else (),
        timing=request.timing,
        graph=request.graph,
        tool_version=version("reprocheck"),
    )
    outcome = scan(plan, progress)
    if declared.files != before:
        store(folder, _DECLARED, declared)
    whole = _is_whole(request, reported)
    decided, remarks = outcome.findings, list[str]()
    if request.use_ledger:
        decided, remarks = by_ledger(outcome.findings, config, plan.texts, whole=whole)
    found = tuple(f for f in decided if f.code in chosen or f.code in OWN_RULES)
    scope = scope_of(
        outcome.findings,
        rules=(*chosen, *(own if _answered(audited) else own - AUDIT_RULES)),
        incomplete=outcome.unread,
        files=(file.path for file in discovery.files),
        root=config.root,
        whole=whole,
    )
    findings, messages = _narrow(found, request, scope)
    result = ScanResult(
        findings=with_ages(findings, config.root, plan.cache_folder),
        rules={**chosen, **{code: OWN_RULES[code] for code in sorted(own)}},
        files=outcome.files,
        incomplete=(*outcome.unread, *audited.incomplete, *_not_audited(findings)),
        not_audited=audited.audit is None,
        audit=audited.audit,
        scorecard=make_scorecard(_seen(outcome, decided, plan, audited)) if request.scorecard else None,
        timings=outcome.timings,
        tool_version=plan.tool_version,
    )
    notes = tuple(f"{note.path}: {note.message}" for note in discovery.notes)
    return Scanned(
        result=result,
        files=_read_count(outcome),
        messages=(*config.notices, *notes, *outcome.problems, *audited.messages, *remarks, *messages),
        scope=scope,
        graph=with_findings(outcome.graph, findings) if outcome.graph is not None else None,
    )


def _for_scorecard(config: Config, rules: dict[str, RuleInfo]) -> dict[str, RuleInfo]:
    """Rules about practices that the configuration doesn't ignore."""
    ignored = {code for word in config.ignore for code in matching(word, {**rules, **OWN_RULES})}
    return {code: rules[code] for code in sorted(PRACTICES - ignored) if code in rules}


def _seen(outcome: ScanOutcome, decided: Sequence[Finding], plan: ScanPlan, audited: Audited) -> Seen:
    return Seen(
        findings=tuple(f for f in decided if f.suppression is None),
        assessments=outcome.assessments,
        rules=plan.chosen,
        files=outcome.files,
        audit=audited.audit,
        places=Places({file.path: file for file in plan.files}),
    )


def _answered(audited: Audited) -> bool:
    """Whether an audit could answer for every package, so that what it doesn't say isn't there."""
    return audited.audit is not None and not audited.incomplete and not audited.audit.unaudited


def _not_audited(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Files with packages that nobody could look up, unless somebody has accepted that."""
    return tuple(
        f"{f.place.path}: not every declared package could be audited"
        for f in findings
        if f.code == NOT_AUDITED.code and f.suppression is None and not f.known
    )


def failing(result: ScanResult, fail_on: FailOn) -> tuple[Finding, ...]:
    """Findings that make the command fail. What could not be looked at doesn't: it makes the scan incomplete."""
    if fail_on is FailOn.NEVER:
        return ()
    limit = Severity(fail_on.value).rank
    return tuple(f for f in result.active if f.severity.rank <= limit and f.code not in GAPS)


def _choose(
    config: Config, rules: dict[str, RuleInfo], packs: dict[str, PackFile], *, audited: bool
) -> tuple[dict[str, RuleInfo], frozenset[str]]:
    """Rules that run, and the tool's own diagnostics that are shown."""
    everything = {**rules, **OWN_RULES}
    try:
        chosen = choose(
            everything,
            packs,
            pack=config.pack,
            select=config.select,
            extend=config.extend_select,
            ignore=config.ignore,
        )
    except SelectionError as error:
        raise UsageError(str(error)) from error
    own = {code for code in chosen if code in OWN_RULES and code not in AUDIT_RULES}
    ignored = {code for word in config.ignore for code in matching(word, everything)}
    if config.select:
        # Whoever asks for one rule still wants to know of files that could not be read.
        own |= {UNREADABLE.code} - ignored
    if audited:
        own |= AUDIT_RULES - ignored
    return {code: info for code, info in chosen.items() if code not in OWN_RULES}, frozenset(own)


def _judgement(
    config: Config,
    chosen: dict[str, RuleInfo],
    own: frozenset[str],
    rules: dict[str, RuleInfo],
    packs: dict[str, PackFile],
) -> Judgement:
    severity: dict[str, Severity] = {}
    everything = {**rules, **OWN_RULES}
    try:
        for word, level in config.severity.items():
            severity.update(dict.fromkeys(matching(word, everything), level))
        for words in config.per_file_ignores.values():
            for word in words:
                matching(word, everything)
    except SelectionError as error:
        raise UsageError(str(error)) from error
    changed = {code: info.severity for code, info in chosen.items() if info.severity is not rules[code].severity}
    return Judgement(
        rules=chosen,
        min_confidence=config.min_confidence,
        severity={**changed, **severity},
        per_file_ignores=config.per_file_ignores,
        notes=packs[config.pack].notes or bool(config.select),
        own_codes=own,
        today=dt.datetime.now(tz=dt.UTC).date(),
    )


def _discover(request: ScanRequest) -> tuple[Discovery, frozenset[str] | None]:
    """Files of the project, and the paths among them that were asked for (None for all).

    Rules about the project see all its files even when one is asked for; a folder that is no project (it has neither
    git nor a configuration) is not widened, since it may be somebody's home.
    """
    config = request.config
    missing = [target for target in request.targets if request.text is None and not target.exists()]
    if missing:
        raise UsageError(f"{missing[0]} does not exist")
    asked = _found(config, request.targets)
    if request.text is not None:
        path = _relative(request.targets[0], config.root)
        file = ProjectFile(path=path, location=str(request.targets[0]), kind=kind_of(path), size=len(request.text))
        asked = Discovery((file,))
    whole = [target.resolve() for target in request.targets] == [config.root.resolve()]
    if whole or not is_project(config.root):
        return _with_overlay(asked, request), None
    everything = _found(config, [config.root])
    files = {file.path: file for file in (*everything.files, *asked.files)}
    merged = Discovery(tuple(files[path] for path in sorted(files)), asked.notes)
    return _with_overlay(merged, request), frozenset((*(file.path for file in asked.files), *request.overlay))


def _with_overlay(discovery: Discovery, request: ScanRequest) -> Discovery:
    """The files with those that are only given, and the sizes of all that are."""
    if not request.overlay:
        return discovery
    files = {file.path: file for file in discovery.files}
    for path, data in request.overlay.items():
        location = str(request.config.root / path)
        kind = files[path].kind if path in files else kind_of(path)
        files[path] = ProjectFile(path=path, location=location, kind=kind, size=len(data))
    return Discovery(tuple(files[path] for path in sorted(files)), discovery.notes)


def _texts(request: ScanRequest) -> dict[str, bytes]:
    texts = dict(request.overlay)
    if request.text is not None:
        texts[_relative(request.targets[0], request.config.root)] = request.text
    return texts


def _entries(request: ScanRequest, discovery: Discovery) -> tuple[str, ...]:
    known = {file.path for file in discovery.files}
    paths = tuple(_relative(entry, request.config.root) for entry in request.entries)
    for path in paths:
        if path not in known:
            raise UsageError(f"the entry {path} is not among the scanned files")
        if not path.endswith((".py", ".ipynb")):
            raise UsageError(f"the entry {path} is neither a Python file nor a notebook")
    return paths


def _found(config: Config, targets: Sequence[Path]) -> Discovery:
    """The files, without the ledger: what is said there is about findings and has none of its own."""
    found = discover(
        config.root,
        targets,
        exclude=config.exclude,
        include=config.include,
        respect_gitignore=config.respect_gitignore,
    )
    return Discovery(tuple(file for file in found.files if file.path != LEDGER), found.notes)


def _relative(path: Path, root: Path) -> str:
    try:
        return path.absolute().relative_to(root.absolute()).as_posix()
    except ValueError:
        return path.as_posix()


def _is_whole(request: ScanRequest, reported: frozenset[str] | None) -> bool:
    """Whether the findings are those of all files of the project."""
    at_root = [target.resolve() for target in request.targets] == [request.config.root.resolve()]
    return (not request.targets or (at_root and reported is None)) and not request.entries and request.text is None


def _narrow(
    findings: tuple[Finding, ...], request: ScanRequest, scope: Scope
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    messages: list[str] = []
    config = request.config
    if config.baseline is not None and request.use_baseline:
        findings, messages = by_baseline(findings, config, scope)
    if request.since is not None:
        changes = changed_since(config.root, request.since)
        findings = tuple(f for f in findings if changes.touches(f.place))
    return findings, tuple(messages)


def _read_count(outcome: ScanOutcome) -> int:
    files = outcome.files
    return files.python + files.notebooks + files.documents
