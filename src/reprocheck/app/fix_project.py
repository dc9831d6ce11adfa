"""`scan --fix`: choose fixes, try them on a copy in memory, keep those that help, and write the files."""

from __future__ import annotations

import os
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.local_fixes import with_local_fixes
from reprocheck.app.local_knowledge import look_around
from reprocheck.app.scan_project import CACHE_FOLDER, Progress, Scanned, ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.fix.carry_out import Outcome, Repair, carry_out, edits_by_path, replacements
from reprocheck.fix.patch import patch
from reprocheck.model.finding import Finding
from reprocheck.model.fix import Safety
from reprocheck.model.place import Span
from reprocheck.model.scan_result import ScanResult
from reprocheck.store.files import write_atomically

_ROUNDS = 12
"""Bound on repeating: fixes that stand in each other's way are done one after the other."""
_SCANS = 60
"""Bound on the scans of one run; what has not been tried then is left."""


@dataclass(frozen=True, slots=True)
class Left:
    """A finding whose fix was not done."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing came to; nothing is written yet."""

    root: Path
    scanned: Scanned
    """The project with all fixes in it."""
    fixed: tuple[Finding, ...]
    """Findings as they were before, in the order of their fixing."""
    left: tuple[Left, ...]
    before: Mapping[str, bytes | None]
    """Content on disk of the files that change; None for new ones."""
    after: Mapping[str, bytes]

    @property
    def patch(self) -> bytes:
        """The changes in git's notation, paths relative to the root."""
        return patch(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Preview:
    """What the fix of one finding would change."""

    patch: str
    """In git's notation; empty where nothing can be done."""
    refused: str = ""
    """Why nothing can be done."""


def preview_fix(config: Config, finding: Finding) -> Preview:
    """The fix of one finding as a patch; reads the files that it changes and nothing else."""
    if finding.fix is None:
        return Preview("", "the rule has no fix for this")
    files = _Files(config.root)
    outcome = carry_out([Repair(finding.place.path, finding.fix)], files.read)
    if outcome.refused:
        return Preview("", outcome.refused[0].reason)
    return Preview(patch({path: files.read(path) for path in outcome.texts}, outcome.texts).decode("utf-8", "replace"))


def apply_fix(config: Config, finding: Finding, progress: Progress) -> Fixed:
    """Do the fix of one finding, safe or not, if the finding goes and nothing new comes, and write the files.

    `finding` is one of a scan of the same files with the same configuration. Raises UsageError where a file can't be
    written.
    """
    request = ScanRequest(config=config, targets=[config.root])
    fixed = try_fixes(request, [finding], progress)
    write(fixed)
    return fixed


def _spot(finding: Finding) -> tuple[str, str, Span, str]:
    return (finding.code, finding.place.path, finding.place.span, finding.message)


def with_replacements(result: ScanResult, root: Path) -> ScanResult:
    """The result with what each fix comes to in the files, for reports that have to say it."""
    having = [finding for finding in result.findings if finding.fix is not None and fixable(finding, unsafe=True)]
    found = replacements([_repair(finding) for finding in having], _Files(root).read)
    said = {id(finding): parts for finding, parts in zip(having, found, strict=True) if parts}
    findings = tuple(
        msgspec.structs.replace(f, fix=msgspec.structs.replace(f.fix, replacements=said[id(f)]))
        if f.fix is not None and id(f) in said
        else f
        for f in result.findings
    )
    return msgspec.structs.replace(result, findings=findings)


def fixable(finding: Finding, *, unsafe: bool) -> bool:
    """Whether a finding that counts has a fix of the kind that is asked for."""
    if finding.fix is None or finding.suppression is not None or finding.known:
        return False
    return unsafe or finding.fix.safety is Safety.SAFE


def fix_project(
    request: ScanRequest,
    progress: Progress,
    *,
    unsafe: bool,
    wanted: Callable[[Finding], bool] = lambda _: True,
) -> Fixed:
    """Fix what can be fixed, in memory; raises what `scan_project` raises."""
    with _with_cache(request) as cached:
        return _Fixing(cached, progress, unsafe=unsafe).run(wanted)


def try_fixes(request: ScanRequest, findings: Sequence[Finding], progress: Progress) -> Fixed:
    """The fixes of these findings as far as they help, in memory; raises what `scan_project` raises.

    The findings are those of a scan of the same files, whatever their suppressions say.
    """
    with _with_cache(request) as cached:
        return _Fixing(cached, progress, unsafe=True).done(scan_project(cached, progress), findings, follow=False)


@contextmanager
def _with_cache(request: ScanRequest) -> Iterator[ScanRequest]:
    """The request with a cache, without which scanning every attempt would not be bearable."""
    if request.text is not None:
        raise UsageError("what comes from standard input can't be fixed in place: give a file or a folder")
    if request.config.cache:
        yield request
        return
    with tempfile.TemporaryDirectory(prefix="reprocheck-") as scratch:
        config = msgspec.structs.replace(request.config, cache=True, cache_dir=Path(scratch) / CACHE_FOLDER)
        yield replace(request, config=config)


class _Files:
    """Files as they are on disk, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        if path not in self._known:
            file = self._root / path
            try:
                inside = file.resolve().is_relative_to(self._root.resolve())
                self._known[path] = file.read_bytes() if inside and file.is_file() else None
            except OSError:
                self._known[path] = None
        return self._known[path]


@dataclass(slots=True)
class _Batch:
    """Fixes that were tried together."""

    outcome: Outcome
    done: list[Finding]
    scanned: Scanned


@dataclass(slots=True)
class _State:
    """How far the fixing is."""

    overlay: dict[str, bytes] = field(default_factory=dict)
    fixed: list[Finding] = field(default_factory=list)
    left: dict[tuple[str, str, str, str], Left] = field(default_factory=dict)
    scans: int = 0


class _Fixing:
    """One run of fixing."""

    def __init__(self, request: ScanRequest, progress: Progress, *, unsafe: bool) -> None:
        self._request = request
        self._progress = progress
        self._unsafe = unsafe
        self._files = _Files(request.config.root)
        self._local = look_around(request.config.root)
        self._state = _State()

    def run(self, wanted: Callable[[Finding], bool]) -> Fixed:
        """Rounds until nothing more can be done."""
        first = self._repairable(scan_project(self._request, self._progress), {})
        chosen = [f for f in first.result.findings if fixable(f, unsafe=self._unsafe) and wanted(f)]
        return self.done(first, chosen, follow=True)

    def done(self, first: Scanned, chosen: Sequence[Finding], *, follow: bool) -> Fixed:
        """Rounds over chosen findings, and where they are followed, those that come to light on the way."""
        scanned, state = first, self._state
        if chosen:
            scanned = self._scan(state.overlay)
        places = Counter((finding.code, finding.place.path) for finding in chosen)
        asked = {_spot(finding): finding for finding in chosen}
        candidates = [asked[_spot(f)] for f in scanned.result.findings if _spot(f) in asked]
        for _ in range(_ROUNDS):
            # Where a program gets its seed, other findings go by themselves.
            first_ones = [finding for finding in candidates if finding.fix is not None and finding.fix.reveals]
            batch = self._round(scanned, first_ones) if first_ones else None
            if batch is None:
                batch = self._round(scanned, [finding for finding in candidates if finding not in first_ones])
            if batch is None:
                break
            scanned = batch.scanned
            state.overlay.update(batch.outcome.texts)
            state.fixed += batch.done
            places.subtract((finding.code, finding.place.path) for finding in batch.done)
            revealed = {code for f in batch.done if f.fix is not None for code in f.fix.reveals} if follow else set()
            for finding in scanned.result.findings if revealed else ():
                if finding.code in revealed and fixable(finding, unsafe=self._unsafe):
                    places[finding.code, finding.place.path] += 1
            candidates = self._again(scanned, places)
            if not candidates:
                break
        return self._outcome(first, scanned)

    def _again(self, scanned: Scanned, places: Counter[tuple[str, str]]) -> list[Finding]:
        """Findings to take up once more: those that only another fix stood in the way of."""
        found = []
        room = Counter(places)
        for finding in scanned.result.findings:
            key = (finding.code, finding.place.path)
            if fixable(finding, unsafe=self._unsafe) and room[key] > 0 and _key(finding) not in self._state.left:
                room[key] -= 1
                found.append(finding)
        return found

    def _outcome(self, first: Scanned, scanned: Scanned) -> Fixed:
        state = self._state
        if state.overlay:
            scanned = scan_project(replace(self._request, overlay=state.overlay, since=None), self._progress)
        return Fixed(
            root=self._request.config.root,
            scanned=scanned if state.overlay else first,
            fixed=tuple(state.fixed),
            left=tuple(state.left.values()),
            before={path: self._files.read(path) for path in state.overlay},
            after=dict(state.overlay),
        )

    def _scan(self, overlay: Mapping[str, bytes]) -> Scanned:
        self._state.scans += 1
        request = replace(self._request, overlay=overlay, since=None, audit=None, scorecard=False)
        return self._repairable(scan_project(request, self._progress), overlay)

    def _repairable(self, scanned: Scanned, overlay: Mapping[str, bytes]) -> Scanned:
        """The same with the fixes that this machine knows of beside the rules'."""

        def read(path: str) -> bytes | None:
            return overlay[path] if path in overlay else self._files.read(path)

        findings = with_local_fixes(scanned.result.findings, self._local, read)
        return replace(scanned, result=msgspec.structs.replace(scanned.result, findings=findings))

    def _read(self, path: str) -> bytes | None:
        known = self._state.overlay.get(path)
        return known if known is not None else self._files.read(path)

    # One round

    def _round(self, before: Scanned, candidates: Sequence[Finding]) -> _Batch | None:
        """Do what can be done together; None when that is nothing."""
        kept = self._settled(before, [], list(candidates))
        return kept if kept is not None and kept.done else None

    def _settled(self, before: Scanned, sure: list[Finding], tried: list[Finding]) -> _Batch | None:
        """The largest batch that holds: `sure` and what can be added of `tried`, found by splitting on failure."""
        if not tried:
            return None
        outcome = carry_out([_repair(finding) for finding in (*sure, *tried)], self._read)
        done = [f for number, f in enumerate((*sure, *tried)) if number not in outcome.refused]
        for number, refusal in outcome.refused.items():
            if not refusal.later:
                self._leave((*sure, *tried)[number], refusal.reason)
        added = [finding for finding in done if finding not in sure]
        if not added:
            return None
        if self._state.scans >= _SCANS:
            for finding in added:
                self._leave(finding, "not tried: too many other fixes failed")
            return None
        scanned = self._scan({**self._state.overlay, **outcome.texts})
        worse = _worse(before.result.findings, scanned.result.findings, done)
        if not worse:
            return _Batch(outcome, done, scanned)
        if len(added) == 1:
            self._leave(added[0], _reason(added[0], worse))
            return None
        best: _Batch | None = None
        for group in _split(added, worse):
            held = self._settled(before, best.done if best is not None else sure, group)
            best = held if held is not None else best
        return best

    def _leave(self, finding: Finding, reason: str) -> None:
        self._state.left.setdefault(_key(finding), Left(finding, reason))


def _key(finding: Finding) -> tuple[str, str, str, str]:
    return (finding.code, finding.place.path, finding.fingerprint, finding.message)


def _repair(finding: Finding) -> Repair:
    assert finding.fix is not None
    return Repair(finding.place.path, finding.fix)


def _worse(before: Iterable[Finding], after: Iterable[Finding], done: Iterable[Finding]) -> list[Finding]:
    """Findings that are one too many of their rule in their file: one that should be gone, or a new one."""
    allowed = Counter((f.code, f.place.path) for f in before)
    revealed: set[str] = set()
    for finding in done:
        allowed[finding.code, finding.place.path] -= 1
        revealed.update(finding.fix.reveals if finding.fix is not None else ())
    found = []
    for finding in after:
        key = (finding.code, finding.place.path)
        allowed[key] -= 1
        if allowed[key] < 0 and finding.code not in revealed:
            found.append(finding)
    return found


def _split(tried: list[Finding], worse: list[Finding]) -> list[list[Finding]]:
    """Those that seem to have nothing to do with the failure first, else halves."""
    paths = {finding.place.path for finding in worse}
    codes = {(finding.code, finding.place.path) for finding in worse}
    suspects = [f for f in tried if (f.code, f.place.path) in codes or paths.intersection(edits_by_path(_repair(f)))]
    innocent = [f for f in tried if f not in suspects]
    if suspects and innocent:
        return [innocent, suspects]
    middle = len(tried) // 2
    return [tried[:middle], tried[middle:]]


def _reason(finding: Finding, worse: list[Finding]) -> str:
    new = [found for found in worse if found.code != finding.code]
    if not new:
        return "the finding would still be there"
    place = new[0].place
    return f"it would bring {new[0].code} to {place.path}:{place.span.line}"


# Writing


def write(fixed: Fixed) -> None:
    """Write the files, each as a whole and with the permissions that it had; raises UsageError.

    A file that has changed since it was read is left alone, and so are all that come behind it.
    """
    root = fixed.root.resolve()
    for path in sorted(fixed.after):
        # A link stays one: what it points at is written.
        file = (root / path).resolve()
        if not file.is_relative_to(root):
            raise UsageError(f"{path} leads out of the project: it is not written")
        try:
            now = file.read_bytes() if file.exists() else None
            if now != fixed.before[path]:
                raise UsageError(f"{path} has changed meanwhile: it is not written, run the command again")
            file.parent.mkdir(parents=True, exist_ok=True)
            mode = stat.S_IMODE(file.stat().st_mode) if now is not None else 0o644
            write_atomically(file, fixed.after[path], mode=mode)
            if now is not None:
                os.chmod(file, mode)  # noqa: PTH101 — what the umask took is given back
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
