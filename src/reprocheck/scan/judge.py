"""Decides which raw findings count: levels, per-file ignores and suppression comments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import msgspec

from reprocheck.model import fingerprint as identity
from reprocheck.model.finding import Confidence, Finding, Severity, Suppression
from reprocheck.model.rule_info import RuleInfo
from reprocheck.project.gitignore import ignore_rules
from reprocheck.scan.file_result import Comment, FileResult
from reprocheck.scan.own_rules import AUDIT_RULES, EXPIRED_SUPPRESSION, OWN_RULES, UNUSED_SUPPRESSION


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether a finding is shown and counted."""

    rules: dict[str, RuleInfo]
    """Rules that ran, with the severities of the pack."""
    min_confidence: Confidence = Confidence.MEDIUM
    severity: dict[str, Severity] = {}
    """Severity by code, from the configuration."""
    per_file_ignores: dict[str, tuple[str, ...]] = {}
    """Codes by path pattern in git's notation."""
    notes: bool = False
    """Whether single findings that a rule lowers to a note are shown."""
    own_codes: frozenset[str] = frozenset(OWN_RULES) - AUDIT_RULES
    """The tool's own diagnostics that are reported."""
    today: dt.date


def judge(results: Iterable[FileResult], judgement: Judgement) -> tuple[Finding, ...]:
    """Findings to report, sorted; suppressed ones are marked, not dropped."""
    ignored_in = _path_matcher(judgement.per_file_ignores)
    judged: list[Finding] = []
    for result in results:
        if not result.findings and not result.comments:
            continue
        ignored = ignored_in(result.path)
        judged.extend(_judge_file(result, judgement, ignored))
    return tuple(sorted(judged, key=lambda finding: finding.sort_key))


def _path_matcher(per_file_ignores: dict[str, tuple[str, ...]]) -> Callable[[str], set[str]]:
    """From a path to the codes that are ignored there."""
    if not per_file_ignores:
        return lambda _: set()
    ignores = [(ignore_rules([pattern]), codes) for pattern, codes in per_file_ignores.items()]
    return lambda path: {code for spec, codes in ignores if spec is not None and spec.covers(path) for code in codes}


def _judge_file(result: FileResult, judgement: Judgement, ignored: set[str]) -> list[Finding]:
    used: set[tuple[int, str]] = set()
    judged: list[Finding] = []
    for raw in result.findings:
        finding = _leveled(raw, judgement)
        comment_index = _covering(finding, result.comments, judgement)
        if comment_index is not None:
            index, word = comment_index
            used.add((index, word))
            comment = result.comments[index]
            suppression = Suppression("inline", comment.reason, comment.place)
            finding = msgspec.structs.replace(finding, suppression=suppression)
        if _shown(finding, judgement, ignored) and not _mere_note(raw, finding, judgement):
            judged.append(finding)
    for index, comment in enumerate(result.comments):
        own = _about_comment(index, comment, used, judgement)
        judged.extend(finding for finding in own if _shown(finding, judgement, ignored))
    return judged


def _leveled(finding: Finding, judgement: Judgement) -> Finding:
    severity = judgement.severity.get(finding.code)
    return finding if severity is None else msgspec.structs.replace(finding, severity=severity)


def _mere_note(raw: Finding, finding: Finding, judgement: Judgement) -> bool:
    """Whether a rule itself lowered this finding to a note, in a scan that was not asked for notes."""
    if judgement.notes or raw.severity is not Severity.NOTE or finding.severity is not Severity.NOTE:
        return False
    info = judgement.rules.get(finding.code)
    return info is not None and info.severity is not Severity.NOTE


def _shown(finding: Finding, judgement: Judgement, ignored: set[str]) -> bool:
    if finding.code in OWN_RULES and finding.code not in judgement.own_codes:
        return False
    if any(finding.code.startswith(word) or finding.rule == word for word in ignored):
        return False
    return finding.confidence.rank <= judgement.min_confidence.rank


def _covering(finding: Finding, comments: tuple[Comment, ...], judgement: Judgement) -> tuple[int, str] | None:
    if not comments:
        return None
    line = finding.place.span.line
    for index, comment in enumerate(comments):
        if _expired(comment, judgement.today) or not comment.first_line <= line <= comment.last_line:
            continue
        if not comment.words:
            return index, ""
        for word in comment.words:
            if finding.code.startswith(word) or finding.rule == word:
                return index, word
    return None


def _expired(comment: Comment, today: dt.date) -> bool:
    if not comment.until:
        return False
    try:
        return dt.date.fromisoformat(comment.until) < today
    except ValueError:
        return True


def _about_comment(index: int, comment: Comment, used: set[tuple[int, str]], judgement: Judgement) -> list[Finding]:
    if _expired(comment, judgement.today):
        return [_own(EXPIRED_SUPPRESSION, comment, f"this suppression ended on {comment.until}")]
    words = comment.words or ("",)
    # An audit is not part of every scan, so that what suppresses its findings is not unused without one.
    own = (info for info in OWN_RULES.values() if info.code not in AUDIT_RULES - judgement.own_codes)
    ran = [*judgement.rules.values(), *own]
    unused = [
        word
        for word in words
        if (index, word) not in used
        # A word for rules that did not run may well be needed in another scan.
        and (not word or any(info.code.startswith(word) or info.name == word for info in ran))
    ]
    if not unused:
        return []
    what = "this suppression" if not any(unused) else ", ".join(unused)
    return [_own(UNUSED_SUPPRESSION, comment, f"{what} suppresses nothing here")]


def _own(info: RuleInfo, comment: Comment, message: str) -> Finding:
    return Finding(
        code=info.code,
        rule=info.name,
        severity=info.severity,
        confidence=info.confidence,
        message=message,
        place=comment.place,
        fingerprint=identity.fingerprint(info.code, comment.place.path, " ".join(comment.words)),
    )
