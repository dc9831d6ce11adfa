"""The `json` and `jsonl` formats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reprocheck.model.finding import Severity, Suppression
from reprocheck.model.scan_result import FileCounts
from reprocheck.report.json_lines import JSON_LINES
from reprocheck.report.json_report import JSON
from reprocheck.report.reporter import ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.scan_result import ScanResult


def whole(result: ScanResult) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(JSON.render(result, ReportOptions()))
    return value


def lines(result: ScanResult) -> list[dict[str, Any]]:
    return [json.loads(line) for line in JSON_LINES.render(result, ReportOptions()).splitlines()]


EMPTY = """\
{
  "schema": 1,
  "tool": {
    "name": "reprocheck",
    "version": "1.2.3"
  },
  "findings": [],
  "files": {
    "python": 3,
    "notebooks": 0,
    "documents": 0,
    "lines": 120
  },
  "incomplete": [],
  "not_audited": false,
  "summary": {
    "findings": 0,
    "error": 0,
    "warning": 0,
    "note": 0,
    "suppressed": 0,
    "baseline": 0,
    "ledger": 0,
    "families": {}
  }
}
"""


def test_nothing_found(build: Build) -> None:
    assert JSON.render(build.result(), ReportOptions()) == EMPTY
    assert JSON_LINES.render(build.result(), ReportOptions()) == ""


def test_a_finding_has_every_field(build: Build) -> None:
    comment = build.place(line=11, column=1, end_column=30)
    finding = build.finding(
        place=build.place("n.ipynb", 80, 5, cell=(5, 3), excerpt=build.excerpt("x = 1", mark="x")),
        symbol="Model.fit",
        trail=(build.step("the clock is read", "clock.py", 3, "time()"),),
        evidence="confirmed by 01J8",
        suppression=build.suppressed("a benchmark", place=comment),
        known=False,
    )
    assert lines(build.result([finding])) == [
        {
            "schema": 1,
            "code": "RNG004",
            "rule": "seed-from-clock",
            "severity": "warning",
            "confidence": "high",
            "message": "the seed comes from the clock",
            "path": "n.ipynb",
            "span": {"line": 80, "column": 5, "end_line": 80, "end_column": 15},
            "cell": {"number": 5, "line": 3},
            "symbol": "Model.fit",
            "fingerprint": "c0ffee",
            "trail": [
                {
                    "path": "clock.py",
                    "span": {"line": 3, "column": 8, "end_line": 3, "end_column": 18},
                    "cell": None,
                    "message": "the clock is read",
                }
            ],
            "evidence": "confirmed by 01J8",
            "fix": None,
            "edits": [],
            "suppression": {
                "kind": "inline",
                "reason": "a benchmark",
                "place": {
                    "path": "train.py",
                    "span": {"line": 11, "column": 1, "end_line": 11, "end_column": 30},
                    "cell": None,
                },
                "state": None,
                "moved_from": None,
            },
            "baseline": "new",
        }
    ]


def test_absent_things_are_null(build: Build) -> None:
    [finding] = lines(build.result([build.finding()]))
    assert (finding["cell"], finding["suppression"], finding["baseline"]) == (None, None, None)


def test_a_decided_finding_says_what_was_decided_and_is_counted_apart(build: Build) -> None:
    decided = build.finding(suppression=Suppression("ledger", "ours", state="accepted", moved_from="old.py"))
    value = json.loads(JSON.render(build.result([decided, build.finding()]), ReportOptions()))
    assert value["findings"][0]["suppression"] == {
        "kind": "ledger",
        "reason": "ours",
        "place": None,
        "state": "accepted",
        "moved_from": "old.py",
    }
    counted = {key: value["summary"][key] for key in ("findings", "suppressed", "baseline", "ledger")}
    assert counted == {"findings": 1, "suppressed": 0, "baseline": 0, "ledger": 1}


def test_a_known_finding_is_unchanged(build: Build) -> None:
    [finding] = lines(build.result([build.finding(known=True)]))
    assert finding["baseline"] == "unchanged"


def test_both_formats_hold_the_same_findings_in_order(build: Build) -> None:
    found = [build.finding(place=build.place(path, line)) for path, line in (("b.py", 1), ("a.py", 9), ("a.py", 2))]
    result = build.result(found)
    assert whole(result)["findings"] == lines(result)
    assert [(f["path"], f["span"]["line"]) for f in lines(result)] == [("a.py", 2), ("a.py", 9), ("b.py", 1)]


def test_summary_counts_what_counts_and_findings_hold_all(build: Build) -> None:
    found = [
        build.finding("DAT001", severity=Severity.ERROR),
        build.finding("RNG004"),
        build.finding("RNG010", severity=Severity.NOTE),
        build.finding("ACME001"),
        build.finding("RNG004", suppression=build.suppressed()),
        build.finding("RNG004", known=True),
    ]
    value = whole(build.result(found, incomplete=("bad.py",), not_audited=True, files=FileCounts(documents=2)))
    assert len(value["findings"]) == 6
    assert value["summary"] == {
        "findings": 4,
        "error": 1,
        "warning": 2,
        "note": 1,
        "suppressed": 1,
        "baseline": 1,
        "ledger": 0,
        "families": {
            "RNG": {"findings": 2, "error": 0, "warning": 1, "note": 1},
            "DAT": {"findings": 1, "error": 1, "warning": 0, "note": 0},
            "ACME": {"findings": 1, "error": 0, "warning": 1, "note": 0},
        },
    }
    assert list(value["summary"]["families"]) == ["RNG", "DAT", "ACME"]
    assert (value["incomplete"], value["not_audited"], value["files"]["documents"]) == (["bad.py"], True, 2)


def test_unsafe_characters_survive_as_escapes(build: Build) -> None:
    text = "\x1b\x07\x7f\x9b\u202e\u2066\u2028\U000e0041 é日🎲 \\u202e"
    report = JSON_LINES.render(build.result([build.finding(message=text)]), ReportOptions())
    assert "\\u001b\\u0007\\u007f\\u009b\\u202e\\u2066\\u2028\\udb40\\udc41 é日🎲 \\\\u202e" in report
    assert json.loads(report)["message"] == text


def test_lone_surrogates_are_spelled_out(build: Build) -> None:
    result = build.result([build.finding(message="a\ud800b", place=build.place("\udcff.py"))])
    [finding] = lines(result)
    assert (finding["message"], finding["path"]) == ("a\\ud800b", "\\udcff.py")
    assert whole(result)["findings"] == [finding]
