"""Formats that other programs read: GitLab's Code Quality, JUnit's XML, reviewdog's diagnostics."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from reprocheck.model.audit import AdvisorySource, Audit
from reprocheck.model.finding import Severity
from reprocheck.model.place import WHOLE_FILE, Place
from reprocheck.report.gitlab import GITLAB
from reprocheck.report.junit import JUNIT
from reprocheck.report.rdjson import RDJSON
from reprocheck.report.reporter import Reporter, ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.scan_result import ScanResult

GITLAB_SHAPE: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 32},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^/]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}, "end": {"type": "integer"}},
                    },
                },
            },
        },
    },
}
"""What GitLab's documentation asks of a Code Quality report."""
POSITION = {
    "type": "object",
    "required": ["line"],
    "properties": {"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}},
    "additionalProperties": False,
}
LOCATION = {
    "type": "object",
    "required": ["path"],
    "properties": {
        "path": {"type": "string"},
        "range": {
            "type": "object",
            "required": ["start"],
            "properties": {"start": POSITION, "end": POSITION},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
RDJSON_SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["diagnostics"],
    "properties": {
        "source": {"type": "object", "required": ["name"]},
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message", "location"],
                "properties": {
                    "message": {"type": "string"},
                    "location": LOCATION,
                    "severity": {"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]},
                    "code": {"type": "object", "required": ["value"]},
                    "related_locations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"message": {"type": "string"}, "location": LOCATION},
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
"""What reviewdog's protocol buffers ask of a result."""
JUNIT_CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase", "properties"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
    "properties": {"property"},
}
JUNIT_ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "property": {"name", "value"},
}
"""What Jenkins' schema `junit-10.xsd` allows, as far as we write it."""
AUDIT = Audit(source=AdvisorySource(kind="online", name="PyPI", date="2026-01-02"), audited=3)


def written(reporter: Reporter, result: ScanResult) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(reporter.render(result, ReportOptions()))


def junit(result: ScanResult) -> ET.Element:
    root = ET.fromstring(JUNIT.render(result, ReportOptions()))  # noqa: S314 -- our own text
    for element in root.iter():
        assert {child.tag for child in element} <= JUNIT_CHILDREN.get(element.tag, set()), element.tag
        assert element.attrib.keys() <= JUNIT_ATTRIBUTES.get(element.tag, set()), element.tag
    return root


@pytest.fixture
def mixed(build: Build) -> ScanResult:
    return build.result(
        [
            build.finding(place=build.place("b.py", 3), trail=(build.step("the clock", "a.py", 1),)),
            build.finding("DAT001", build.place("a.py"), severity=Severity.ERROR, fingerprint="aa"),
            build.finding("NTB002", build.place("n.ipynb", 90, cell=(5, 3)), severity=Severity.NOTE, fingerprint="bb"),
            build.finding(place=build.place("c.py"), suppression=build.suppressed("known"), fingerprint="cc"),
            build.finding(place=Place("setup.py", WHOLE_FILE), fingerprint="dd"),
        ],
        incomplete=("x.py: cannot be read",),
    )


def test_gitlab_report_has_the_documented_shape(mixed: ScanResult, hostile: ScanResult) -> None:
    for result in (mixed, hostile):
        jsonschema.validate(written(GITLAB, result), GITLAB_SHAPE)
    issues = {issue["location"]["path"]: issue for issue in written(GITLAB, mixed)}
    assert {path: issue["severity"] for path, issue in issues.items()} == {
        "a.py": "critical",
        "b.py": "major",
        "n.ipynb": "info",
        "setup.py": "major",
    }
    assert "cell 5, line 3" in issues["n.ipynb"]["description"]


def test_gitlab_drops_no_twin_and_suppressing_one_renames_no_other(build: Build) -> None:
    twins = [build.finding(place=build.place("a.py", line)) for line in (1, 2, 3)]
    before = [issue["fingerprint"] for issue in written(GITLAB, build.result(twins))]
    assert len(set(before)) == 3
    twins[0] = build.finding(place=build.place("a.py", 1), suppression=build.suppressed())
    assert [issue["fingerprint"] for issue in written(GITLAB, build.result(twins))] == before[1:]


def test_gitlab_report_without_findings_is_an_empty_list(build: Build) -> None:
    assert written(GITLAB, build.result()) == []


def test_rdjson_has_the_shape_of_reviewdog(mixed: ScanResult, hostile: ScanResult) -> None:
    for result in (mixed, hostile):
        jsonschema.validate(written(RDJSON, result), RDJSON_SHAPE)
    paths = [item["location"]["path"] for item in written(RDJSON, mixed)["diagnostics"]]
    assert paths == ["a.py", "b.py", "n.ipynb", "setup.py"]


@pytest.mark.parametrize(("source", "column"), [("x = now()", 5), ("ä = now()", None)])
def test_rdjson_gives_columns_only_where_they_are_bytes(build: Build, source: str, column: int | None) -> None:
    excerpt = build.excerpt(source, mark="now()", first_line=7)
    finding = build.finding(place=build.place("a.py", 7, 5, excerpt=excerpt))
    start = written(RDJSON, build.result([finding]))["diagnostics"][0]["location"]["range"]["start"]
    assert start == ({"line": 7} if column is None else {"line": 7, "column": column})


def test_junit_counts_agree_with_its_cases(mixed: ScanResult, hostile: ScanResult) -> None:
    for result in (mixed, hostile):
        root = junit(result)
        assert int(root.attrib["tests"]) == len(root.findall(".//testcase"))
        assert int(root.attrib["failures"]) == len(root.findall(".//failure"))
        assert int(root.attrib["errors"]) == len(root.findall(".//error"))
        for suite in root:
            assert int(suite.attrib["tests"]) == len(suite)
            assert int(suite.attrib["skipped"]) == len(suite.findall(".//skipped"))


def test_junit_notes_pass_suppressed_ones_are_skipped_and_gaps_are_errors(mixed: ScanResult) -> None:
    root = junit(mixed)
    kinds = {suite.attrib["name"]: [child.tag for case in suite for child in case] for suite in root}
    assert kinds == {
        "a.py": ["failure"],
        "b.py": ["failure"],
        "c.py": ["skipped"],
        "n.ipynb": ["system-out"],
        "setup.py": ["failure"],
        "incomplete": ["error"],
    }
    assert "a.py:1:8: the clock" in (root.findtext(".//testsuite[@name='b.py']//failure") or "")


def test_junit_shows_a_clean_scan_as_one_passed_case(build: Build) -> None:
    root = junit(build.result())
    assert [case.attrib["name"] for case in root.iter("testcase")] == ["no findings"]
    assert root.attrib["failures"] == "0"


def test_junit_says_whom_an_audit_asked(build: Build) -> None:
    text = JUNIT.render(build.result(audit=AUDIT), ReportOptions())
    assert "<!-- 3 packages looked up in PyPI on 2026-01-02: 0 vulnerable, 0 not audited -->" in text
