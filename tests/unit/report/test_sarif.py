"""The `sarif` format."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from reprocheck.model.finding import Confidence, Severity, Step, Suppression
from reprocheck.model.place import WHOLE_FILE, Place
from reprocheck.report.reporter import ReportOptions
from reprocheck.report.sarif import SARIF

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult

SCHEMA = json.loads(Path(__file__).with_name("sarif_subset.schema.json").read_text(encoding="utf-8"))
"""Our own closed description of the part of SARIF 2.1.0 that we write."""


def run(result: ScanResult, root_uri: str | None = None) -> dict[str, Any]:
    """The one run of the log, after checking form and references."""
    log = json.loads(SARIF.render(result, ReportOptions(root_uri=root_uri)))
    jsonschema.Draft7Validator(SCHEMA).validate(log)
    [only] = log["runs"]
    assert isinstance(only, dict)
    rules = only["tool"]["driver"]["rules"]
    for value in only["results"]:
        assert rules[value["ruleIndex"]]["id"] == value["ruleId"]
    for file in _files(only["results"]):
        assert only["artifacts"][file["index"]]["location"]["uri"] == file["uri"]
    return only


def _files(value: object) -> list[dict[str, Any]]:
    match value:
        case {"artifactLocation": {"index": _} as file}:
            return [file]
        case dict():
            return [file for inner in value.values() for file in _files(inner)]
        case list():
            return [file for inner in value for file in _files(inner)]
        case _:
            return []


def everything(build: Build) -> list[Finding]:
    trail = (build.step("the clock is read", "my clock#1.py", 3), build.step("and seeds NumPy"))
    comment = build.place("other.py", 11, 1)
    return [
        build.finding(trail=trail, symbol="Model.fit", known=False),
        build.finding(
            "DAT001", build.place(line=40), severity=Severity.ERROR, confidence=Confidence.MEDIUM, known=True
        ),
        build.finding("NTB002", build.place("n.ipynb", 80, cell=(5, 3)), severity=Severity.NOTE),
        build.finding("PRJ001", Place("ä.toml", WHOLE_FILE), suppression=build.suppressed("why not", place=comment)),
        build.finding("PRJ001", build.place(line=41), suppression=build.suppressed(kind="baseline"), known=True),
    ]


def test_a_log_with_everything_is_well_formed(build: Build) -> None:
    only = run(build.result(everything(build), incomplete=("bad.py",), not_audited=True), "file:///r")
    assert [value["ruleId"] for value in only["results"]] == ["RNG004", "NTB002", "DAT001", "PRJ001", "PRJ001"]
    assert [artifact["location"]["uri"] for artifact in only["artifacts"]] == [
        "my%20clock%231.py",
        "n.ipynb",
        "other.py",
        "train.py",
        "%C3%A4.toml",
    ]


def test_the_schema_is_closed(build: Build) -> None:
    log = json.loads(SARIF.render(build.result([build.finding()]), ReportOptions()))
    log["runs"][0]["results"][0]["colour"] = "red"
    assert not jsonschema.Draft7Validator(SCHEMA).is_valid(log)


def test_nothing_found(build: Build) -> None:
    only = run(build.result())
    assert only["results"] == only["artifacts"] == []
    assert only["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    assert only["properties"] == {"filesScanned": 3, "dependenciesAudited": True}


def test_a_result(build: Build) -> None:
    step = Step(build.place("clock.py", 3, 8), "the clock is read")
    [value] = run(build.result([build.finding(trail=(step,), symbol="Model.fit", evidence="confirmed by 01J8")]))[
        "results"
    ]
    where = {
        "physicalLocation": {
            "artifactLocation": {"uri": "clock.py", "uriBaseId": "%SRCROOT%", "index": 0},
            "region": {"startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 18},
        },
        "message": {"text": "the clock is read"},
    }
    assert value == {
        "ruleId": "RNG004",
        "ruleIndex": 1,
        "level": "warning",
        "message": {"text": "the seed comes from the clock"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "train.py", "uriBaseId": "%SRCROOT%", "index": 1},
                    "region": {"startLine": 12, "startColumn": 5, "endLine": 12, "endColumn": 15},
                },
                "logicalLocations": [{"fullyQualifiedName": "Model.fit"}],
            }
        ],
        "relatedLocations": [{"id": 1, **where}],
        "codeFlows": [{"threadFlows": [{"locations": [{"location": where}]}]}],
        "partialFingerprints": {"reprocheck/v1": "c0ffee:1"},
        "properties": {"confidence": "high", "evidence": "confirmed by 01J8"},
    }


def test_rules_that_ran_are_described(build: Build) -> None:
    rule = run(build.result())["tool"]["driver"]["rules"][0]
    assert rule == {
        "id": "DAT001",
        "name": "split-leak",
        "shortDescription": {"text": "A transform is fitted before the split."},
        "fullDescription": {"text": "The test set shapes the model."},
        "help": {
            "text": "Why: The test set shapes the model.\n\nFix: Split first.\n\nPipelines are exempt.",
            "markdown": "**Why.** The test set shapes the model.\n\n**Fix.** Split first.\n\nPipelines are exempt.",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "tags": ["reproducibility", "data"],
            "precision": "medium",
            "confidence": "medium",
            "problem.severity": "error",
        },
    }


def test_a_rule_unknown_to_the_result_is_listed_bare(build: Build) -> None:
    only = run(build.result([build.finding("ACME001")]))
    assert only["tool"]["driver"]["rules"][0] == {"id": "ACME001", "name": "some-rule"}


def test_results_that_count_come_first_then_the_worst_and_surest(build: Build) -> None:
    def at(line: int, severity: Severity, confidence: Confidence) -> Finding:
        return build.finding(place=build.place(line=line), severity=severity, confidence=confidence)

    found = [
        build.finding(place=build.place(line=1), severity=Severity.ERROR, suppression=build.suppressed()),
        at(2, Severity.NOTE, Confidence.HIGH),
        at(3, Severity.WARNING, Confidence.MEDIUM),
        at(4, Severity.WARNING, Confidence.HIGH),
        at(5, Severity.ERROR, Confidence.LOW),
        at(6, Severity.ERROR, Confidence.LOW),
    ]
    lines = [
        value["locations"][0]["physicalLocation"]["region"]["startLine"]
        for value in run(build.result(reversed(found)))["results"]
    ]
    assert lines == [5, 6, 4, 3, 2, 1]


def test_beyond_the_limit_the_worst_are_kept_and_it_is_said(build: Build) -> None:
    note = build.finding(place=build.place("a.py"), severity=Severity.NOTE)
    error = build.finding(place=build.place("b.py"), severity=Severity.ERROR)
    found = [note] * 3 + [error] * 24_999
    [only] = json.loads(SARIF.render(build.result(found), ReportOptions()))["runs"]
    assert Counter(value["level"] for value in only["results"]) == {"error": 24_999, "note": 1}
    assert only["invocations"][0]["toolExecutionNotifications"] == [
        {"level": "warning", "message": {"text": "2 results left out: GitHub takes 25,000, the worst were kept"}}
    ]


def test_twins_have_ordinals_that_suppressing_does_not_shift(build: Build) -> None:
    found = [
        build.finding(place=build.place(line=1), suppression=build.suppressed()),
        build.finding(place=build.place(line=2)),
        build.finding(place=build.place(line=3), fingerprint="beef"),
        build.finding(place=build.place(line=4), fingerprint=""),
    ]
    prints = [value.get("partialFingerprints") for value in run(build.result(found))["results"]]
    assert prints == [{"reprocheck/v1": "c0ffee:2"}, {"reprocheck/v1": "beef:1"}, None, {"reprocheck/v1": "c0ffee:1"}]


def test_suppressions_and_baseline(build: Build) -> None:
    results = run(build.result(everything(build)))["results"]
    assert [value.get("baselineState") for value in results] == ["new", None, "unchanged", "unchanged", None]
    assert results[3]["suppressions"] == [{"kind": "external"}]
    [comment] = results[4]["suppressions"]
    assert (comment["kind"], comment["justification"]) == ("inSource", "why not")
    assert comment["location"]["physicalLocation"]["region"]["startLine"] == 11


def test_a_decision_of_the_ledger_is_an_external_suppression(build: Build) -> None:
    decided = build.finding(suppression=Suppression("ledger", "made by ourselves", state="false-positive"))
    [value] = run(build.result([decided]))["results"]
    assert value["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "made by ourselves",
            "properties": {"state": "false-positive"},
        }
    ]


def test_a_whole_file_stands_at_its_first_line(build: Build) -> None:
    [value] = run(build.result([build.finding(place=Place("a.py", WHOLE_FILE))]))["results"]
    assert value["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_a_notebook_keeps_its_cell_beside_the_line_of_the_file(build: Build) -> None:
    [value] = run(build.result([build.finding(place=build.place("n.ipynb", 80, cell=(5, 3)))]))["results"]
    assert value["locations"][0]["physicalLocation"]["region"]["startLine"] == 80
    assert value["properties"]["cell"] == {"number": 5, "line": 3}


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("f'{x}'", "f'{{x}}'"),
        ("seeds[0](1)", "seeds\\[0\\](1)"),
        ("a[0] and f(x)", "a[0] and f(x)"),
        ("a\nb", "a\\nb"),
    ],
)
def test_messages_hold_no_placeholders_or_links(build: Build, message: str, text: str) -> None:
    [value] = run(build.result([build.finding(message=message)]))["results"]
    assert value["message"] == {"text": text}


@pytest.mark.parametrize("uri", ["file:///r", "file:///r/"])
def test_the_root_ends_with_a_slash(build: Build, uri: str) -> None:
    assert run(build.result(), uri)["originalUriBaseIds"] == {"%SRCROOT%": {"uri": "file:///r/"}}


def test_without_a_root_no_absolute_path_is_written(build: Build) -> None:
    assert run(build.result())["originalUriBaseIds"] == {"%SRCROOT%": {"description": {"text": "The scanned root"}}}


def test_an_incomplete_scan_is_notified(build: Build) -> None:
    [invocation] = run(build.result(incomplete=("a.py: {x}", "b.py")))["invocations"]
    assert invocation["toolExecutionNotifications"] == [
        {"level": "warning", "message": {"text": "a.py: {{x}}"}},
        {"level": "warning", "message": {"text": "b.py"}},
    ]


def test_a_hostile_result_is_well_formed(hostile: ScanResult) -> None:
    assert len(run(hostile)["results"]) == 2
