"""What a user decides about findings: read the ledger, decide, take back, undo.

    scanned = scan_project(ScanRequest(config=config), progress)
    findings = scanned.result.findings                     # all of them; the ledger's word is on them already
    view = look(config, findings, whole=scanned.scope.whole)     # how each finding stands in the ledger
    change = decide(config, view, chosen, Ruling(state=State.ACCEPTED, reason="made by ourselves"))
    findings = marked(look(config, findings, whole=scanned.scope.whole))   # without another scan
    change = undo(config, change)                          # what was there before; `undo` again does it again

Every change reads the file anew, under a lock that other processes wait for, and puts only its own decisions into what
it finds there: what others decided about other findings meanwhile stays. What they decided about the same findings
stays too, is not overwritten, and comes back as `overtaken`, for the user to look at. All functions raise LedgerError
(and write nothing) when the file can't be read or written; `decide` also when a decision would have no effect, because
nothing tells its finding from an identical one beside it that is not chosen.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.git import git
from reprocheck.config import Config
from reprocheck.model.finding import Finding, Suppression
from reprocheck.model.ledger import Decision, Fit, Ledger, Standing, State
from reprocheck.triage import ledger_file
from reprocheck.triage.decisions import plain, standings, surroundings
from reprocheck.triage.errors import LedgerError
from reprocheck.triage.ledger_text import LedgerText

KIND = "ledger"
"""The kind of suppression that a decision is."""


@dataclass(frozen=True, slots=True)
class View:
    """The ledger at one moment, laid over the findings of a scan."""

    ledger: Ledger
    standings: tuple[Standing, ...]
    """Of each finding, in the order of the findings."""
    unused: tuple[Decision, ...]
    """Decisions that fit no finding of this scan."""
    whole: bool
    """Whether the scan looked at the project and not at some of its files."""
    today: dt.date

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that it was laid over."""
        return tuple(standing.finding for standing in self.standings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is decided; the same for every chosen finding."""

    state: State
    reason: str = ""
    author: str | None = None
    """None for git's `user.name`."""
    until: dt.date | None = None
    """Last day on which it holds."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the ledger; enough to undo it."""

    removed: tuple[Decision, ...] = ()
    added: tuple[Decision, ...] = ()
    overtaken: tuple[Decision, ...] = ()
    """Decisions of somebody else that were made meanwhile about the same findings: they stand, ours was not written."""


def look(config: Config, findings: Sequence[Finding], *, whole: bool) -> View:
    """Read the ledger and say how each finding stands in it."""
    return _view(config, ledger_file.read(config.root), findings, whole=whole)


def marked(view: View) -> tuple[Finding, ...]:
    """The findings, those that were decided with a suppression of the kind `ledger`, all others without one."""
    return tuple(_marked(standing, view.today) for standing in view.standings)


def decide(config: Config, view: View, chosen: Iterable[Finding], ruling: Ruling) -> Change:
    """Decide about some findings of a view; a finding that was decided before is decided anew."""
    chosen = tuple(chosen)
    author = author_of(config) if ruling.author is None else ruling.author
    ruled = Ruling(state=ruling.state, reason=ruling.reason, author=author, until=ruling.until)
    return _change(config, view, chosen, ruled)


def reopen(config: Config, view: View, chosen: Iterable[Finding]) -> Change:
    """Take decisions about some findings of a view back."""
    return _change(config, view, tuple(chosen), None)


def forget(config: Config, decisions: Iterable[Decision]) -> Change:
    """Take decisions back by themselves, such as those whose finding is gone."""
    return _exchange(config, [((decision,), ()) for decision in decisions])


def undo(config: Config, change: Change) -> Change:
    """Put back what a change removed and remove what it added, as far as nobody has changed that again."""
    by_identity: dict[str, tuple[list[Decision], list[Decision]]] = {}
    for index, decisions in enumerate((change.added, change.removed)):
        for decision in decisions:
            by_identity.setdefault(decision.fingerprint, ([], []))[index].append(decision)
    return _exchange(config, [(tuple(old), tuple(new)) for old, new in by_identity.values()])


def update(config: Config, view: View) -> Change:
    """Write down where decided findings stand today: files under new names, neighbours that have changed."""
    stale = [s for s in view.standings if s.decision is not None and s.fit is not Fit.EXACT]
    pairs = []
    for standing in stale:
        assert standing.decision is not None
        finding = standing.finding
        moved = msgspec.structs.replace(standing.decision, path=finding.place.path, context=finding.context)
        pairs.append(((standing.decision,), (moved,)))
    return _exchange(config, pairs)


def resolve(config: Config) -> int:
    """Put both sides of a conflicted merge together; returns in how many places they conflicted."""
    from reprocheck.triage.ledger_text import resolved

    count = 0

    def make(data: bytes) -> bytes:
        nonlocal count
        text, count = resolved(data, ledger_file.FILE)
        return text.render().encode("utf-8") if count else data

    ledger_file.replace(config.root, make)
    return count


def author_of(config: Config) -> str:
    """Who git says is at work here; empty when git doesn't know or isn't there."""
    try:
        return git(config.root, "config", "--get", "user.name").strip()
    except UsageError:
        return ""


def today() -> dt.date:
    """The day by which expiry is judged, in UTC so that all machines agree."""
    return dt.datetime.now(tz=dt.UTC).date()


def _view(config: Config, ledger: Ledger, findings: Sequence[Finding], *, whole: bool) -> View:
    present = {finding.place.path for finding in findings}
    stand, unused = standings(
        findings,
        ledger.decision,
        whole=whole,
        exists=lambda path: path in present or (config.root / path).exists(),
    )
    return View(ledger, stand, unused, whole, today())


def _marked(standing: Standing, day: dt.date) -> Finding:
    finding, decision = standing.finding, standing.decision
    before = finding.suppression
    if before is not None and before.kind != KIND:
        return finding
    if decision is None or not standing.sets_aside(day):
        return finding if before is None else msgspec.structs.replace(finding, suppression=None)
    was = decision.path if standing.fit is Fit.RENAMED else ""
    reason = decision.reason if not was else f"{decision.reason} (decided in {was}, which is gone)".strip()
    suppression = Suppression(KIND, reason, state=decision.state.value, moved_from=was)
    return msgspec.structs.replace(finding, suppression=suppression)


def _change(config: Config, view: View, chosen: Collection[Finding], ruling: Ruling | None) -> Change:
    """Read anew, decide about what stands as it did when the user looked, and write."""
    at = {_key(finding): index for index, finding in enumerate(view.findings)}
    indices = [at[_key(finding)] for finding in chosen]
    done = Change()

    def edit(text: LedgerText) -> LedgerText:
        nonlocal done
        now = _view(config, text.ledger, view.findings, whole=view.whole)
        removed: dict[int, Decision] = {}
        added: list[Decision] = []
        overtaken: list[Decision] = []
        deciding = set(indices)
        for index in indices:
            then, standing = view.standings[index], now.standings[index]
            if _said(then) != _said(standing):
                overtaken += _said(standing)
                deciding.discard(index)
                continue
            removed.update({id(decision): decision for decision in _said(standing)})
        if ruling is not None:
            added = [_decision(now, index, deciding, ruling) for index in indices if index in deciding]
        done = Change(tuple(removed.values()), tuple(added), tuple(overtaken))
        edited = text.edited(removed=done.removed, added=done.added)
        _refuse_unclear(_view(config, edited.ledger, view.findings, whole=view.whole), deciding)
        return edited

    ledger_file.change(config.root, edit)
    return done


def _refuse_unclear(view: View, deciding: Iterable[int]) -> None:
    """A decision that would have no effect, since nothing tells its finding from another, is not written."""
    for index in sorted(deciding):
        standing = view.standings[index]
        if standing.unclear:
            unclear = {id(decision) for decision in standing.unclear}
            alike = [s.finding.place for s in view.standings if {id(d) for d in s.unclear} == unclear]
            places = ", ".join(f"{place.path}:{place.span.line}" for place in alike)
            raise LedgerError(
                f"nothing tells these {len(alike)} findings of {standing.finding.code} from each other, so that they "
                f"can only be decided together and alike: {places}; nothing was changed"
            )


def _key(finding: Finding) -> tuple[object, ...]:
    """What tells a finding from all others of a scan, whatever is said of it."""
    return (finding.code, finding.place.path, finding.place.span, finding.fingerprint, finding.message)


def _said(standing: Standing) -> tuple[Decision, ...]:
    """All that the ledger says of a finding, clearly or not."""
    return (*([] if standing.decision is None else [standing.decision]), *standing.unclear)


def _decision(view: View, index: int, deciding: Collection[int], ruling: Ruling) -> Decision:
    finding = view.standings[index].finding
    undecided = [
        standing.finding
        for other, standing in enumerate(view.standings)
        if standing.finding.fingerprint == finding.fingerprint and other not in deciding and standing.decision is None
    ]
    path = finding.place.path
    return Decision(
        fingerprint=finding.fingerprint,
        path=path,
        context=finding.context,
        code=finding.code,
        symbol=finding.symbol,
        message=plain(finding.message),
        beside=tuple(sorted({surroundings(f) for f in undecided if f.place.path == path} - {surroundings(finding)})),
        elsewhere=tuple(sorted({f.place.path for f in undecided} - {path})),
        state=ruling.state,
        reason=ruling.reason.strip(),
        author=ruling.author or "",
        date=view.today,
        until=ruling.until,
    )


def _place(decision: Decision) -> tuple[str, str, str]:
    return (decision.fingerprint, decision.path, decision.context)


def _exchange(config: Config, pairs: Sequence[tuple[tuple[Decision, ...], tuple[Decision, ...]]]) -> Change:
    """Put decisions in the place of others, each pair only where the old ones are still there as they were."""
    done = Change()

    def edit(text: LedgerText) -> LedgerText:
        nonlocal done
        left = list(text.ledger.decision)
        removed: list[Decision] = []
        added: list[Decision] = []
        overtaken: list[Decision] = []
        for old, new in pairs:
            rest = list((Counter(left) - Counter(old)).elements())
            places = {_place(decision) for decision in new}
            if len(rest) != len(left) - len(old) or any(_place(decision) in places for decision in rest):
                fingerprints = {decision.fingerprint for decision in (*old, *new)}
                overtaken += [found for found in left if found.fingerprint in fingerprints]
                continue
            left = [*rest, *new]
            removed += old
            added += new
        done = Change(tuple(removed), tuple(added), tuple(overtaken))
        return text.edited(removed=removed, added=added)

    ledger_file.change(config.root, edit)
    return done
