"""Findings as JSON values, and JSON as text that no terminal can be steered with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from reprocheck.report.visible import UNSAFE, escaped

if TYPE_CHECKING:
    import re

    from reprocheck.model.finding import Finding
    from reprocheck.model.place import Place, Span

SCHEMA = 1
"""Raised when a field is removed or changes its meaning, never when one is added."""


def finding_value(finding: Finding) -> dict[str, object]:
    """A finding under its public contract; excerpts are left out, the files have them."""
    suppression = finding.suppression
    return {
        "schema": SCHEMA,
        "code": finding.code,
        "rule": finding.rule,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        **_place_value(finding.place),
        "symbol": finding.symbol,
        "fingerprint": finding.fingerprint,
        "trail": [{**_place_value(step.place), "message": step.message} for step in finding.trail],
        "evidence": finding.evidence,
        "fix": None if finding.fix is None else {"title": finding.fix.title, "safety": finding.fix.safety.value},
        "edits": [] if finding.fix is None else msgspec.to_builtins(finding.fix.edits),
        "suppression": None
        if suppression is None
        else {
            "kind": suppression.kind,
            "reason": suppression.reason,
            "place": None if suppression.place is None else _place_value(suppression.place),
            "state": suppression.state or None,
            "moved_from": suppression.moved_from or None,
        },
        "baseline": baseline_state(finding),
    }


def baseline_state(finding: Finding) -> str | None:
    """`new` or `unchanged` against the baseline; None where none was given."""
    match finding.known:
        case None:
            return None
        case True:
            return "unchanged"
        case False:
            return "new"


def json_text(value: object, *, indent: bool) -> str:
    r"""JSON in UTF-8's reach: unsafe characters as JSON escapes, lone surrogates spelled out inside the string.

    A lone surrogate has no UTF-8 form and strict parsers refuse its escape, so `\ud800` arrives as six characters.
    """
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    safe = UNSAFE.sub(_json_escape, compact)
    return msgspec.json.format(safe, indent=2) if indent else safe


def _json_escape(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        return "\\" + escaped(character)
    return json.dumps(character)[1:-1] if not character.isascii() else f"\\u{ord(character):04x}"


def _place_value(place: Place) -> dict[str, object]:
    cell = place.cell
    return {
        "path": place.path,
        "span": _span_value(place.span),
        "cell": None if cell is None else {"number": cell.number, "line": cell.line},
    }


def _span_value(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}
