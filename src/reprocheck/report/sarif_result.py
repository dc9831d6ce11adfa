"""Findings as SARIF results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reprocheck.model.place import WHOLE_FILE
from reprocheck.report.json_value import baseline_state
from reprocheck.report.places import path_uri
from reprocheck.report.sarif_rule import LEVELS
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reprocheck.model.finding import Finding, Suppression
    from reprocheck.model.fix import Fix
    from reprocheck.model.place import Place, Span

FINGERPRINT = "reprocheck/v1"
"""Name of our fingerprint, with the version of the way it is made."""
_LOOKS_LIKE_LINK = re.compile(r"\[([^\[\]]*)\](?=\()")


def result_value(
    finding: Finding, ordinal: int, rule_index: Mapping[str, int], path_index: Mapping[str, int]
) -> dict[str, object]:
    """A `result`; `ordinal` tells twins apart, the indices say where rules and artifacts stand in the run."""
    value: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index[finding.code],
        "level": LEVELS[finding.severity],
        "message": message(finding.message),
        "locations": [_with_symbol(_location(finding.place, path_index), finding.symbol)],
    }
    if finding.trail:
        steps = [_location(step.place, path_index) | {"message": message(step.message)} for step in finding.trail]
        value["relatedLocations"] = [{"id": number, **step} for number, step in enumerate(steps, 1)]
        value["codeFlows"] = [{"threadFlows": [{"locations": [{"location": step} for step in steps]}]}]
    if finding.fingerprint:
        value["partialFingerprints"] = {FINGERPRINT: f"{finding.fingerprint}:{ordinal}"}
    if finding.suppression is not None:
        value["suppressions"] = [_suppression(finding.suppression, path_index)]
    if finding.fix is not None and finding.fix.replacements:
        value["fixes"] = [_fix(finding.fix)]
    state = baseline_state(finding)
    if state is not None:
        value["baselineState"] = state
    value["properties"] = _properties(finding)
    return value


def mentioned_paths(finding: Finding) -> Iterator[str]:
    """Paths of all files that the result of a finding points to."""
    yield finding.place.path
    for step in finding.trail:
        yield step.place.path
    if finding.suppression is not None and finding.suppression.place is not None:
        yield finding.suppression.place.path


def artifact_location(path: str) -> dict[str, object]:
    """A file under the scanned root."""
    return {"uri": path_uri(path), "uriBaseId": "%SRCROOT%"}


def message(text: str) -> dict[str, object]:
    """A `message` in which nothing is taken for a placeholder (3.11.5) or an embedded link (3.11.6)."""
    literal = visible(text).replace("{", "{{").replace("}", "}}")
    return {"text": _LOOKS_LIKE_LINK.sub(r"\\[\1\\]", literal)}


def _location(place: Place, path_index: Mapping[str, int]) -> dict[str, object]:
    artifact = artifact_location(place.path) | {"index": path_index[place.path]}
    return {"physicalLocation": {"artifactLocation": artifact, "region": _region(place.span)}}


def _with_symbol(location: dict[str, object], symbol: str) -> dict[str, object]:
    return location | {"logicalLocations": [{"fullyQualifiedName": visible(symbol)}]} if symbol else location


def _region(span: Span) -> dict[str, int]:
    """A finding about a whole file stands at its first line: GitHub shows no result without a region."""
    if span == WHOLE_FILE:
        return {"startLine": 1}
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _suppression(suppression: Suppression, path_index: Mapping[str, int]) -> dict[str, object]:
    value: dict[str, object] = {"kind": "inSource" if suppression.kind == "inline" else "external"}
    if suppression.kind == "ledger":
        value |= {"status": "accepted", "properties": {"state": suppression.state}}
    if suppression.reason:
        value["justification"] = visible(suppression.reason)
    if suppression.place is not None:
        value["location"] = _location(suppression.place, path_index)
    return value


def _fix(fix: Fix) -> dict[str, object]:
    """A `fix`; a new file is one whose first place is written to."""
    by_path: dict[str, list[dict[str, object]]] = {}
    for part in fix.replacements:
        region = {
            "startLine": part.span.line,
            "startColumn": part.span.column,
            "endLine": part.span.end_line,
            "endColumn": part.span.end_column,
        }
        replacement: dict[str, object] = {"deletedRegion": region}
        if part.text:
            replacement["insertedContent"] = {"text": part.text}
        by_path.setdefault(part.path, []).append(replacement)
    changes = [{"artifactLocation": artifact_location(p), "replacements": parts} for p, parts in by_path.items()]
    return {"description": message(fix.title), "artifactChanges": changes, "properties": {"safety": fix.safety.value}}


def _properties(finding: Finding) -> dict[str, object]:
    cell = finding.place.cell
    return {
        "confidence": finding.confidence.value,
        "evidence": visible(finding.evidence),
        **({} if cell is None else {"cell": {"number": cell.number, "line": cell.line}}),
    }
