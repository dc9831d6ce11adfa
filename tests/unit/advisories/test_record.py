"""Advisories are read as data of strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reprocheck.advisories.cvss import base_score, rating_of
from reprocheck.advisories.record import RECORD_LIMIT, Affected, Event, RecordError, read_record
from reprocheck.model.audit import Rating


def record(**changes: Any) -> bytes:  # noqa: ANN401 -- JSON
    value = {
        "id": "PYSEC-1",
        "modified": "2030-01-01T00:00:00Z",
        "affected": [{"package": {"name": "A.b_C", "ecosystem": "PyPI"}, "versions": ["1.0", "1.10"]}],
    }
    return json.dumps({**value, **changes}).encode()


def test_names_are_normalised_and_versions_stay_what_they_are_in_yaml() -> None:
    text = b"id: X-1\naffected:\n- package: {name: A.b_C, ecosystem: PyPI}\n  versions: [1.10, 2.0.0]\n"
    assert read_record("a.yaml", text).affected == (Affected("a-b-c", (), ("1.10", "2.0.0")),)


def test_other_ecosystems_and_git_ranges_are_left_out() -> None:
    found = read_record(
        "a.json",
        record(
            affected=[
                {"package": {"name": "a", "ecosystem": "npm"}, "versions": ["1"]},
                {
                    "package": {"name": "a", "ecosystem": "PyPI"},
                    "ranges": [
                        {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "c0ffee"}]},
                        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]},
                    ],
                },
            ]
        ),
    )
    assert found.affected == (Affected("a", ((Event("introduced", "0"), Event("fixed", "2")),), ()),)


def test_entries_about_one_package_become_one() -> None:
    entry = {"package": {"name": "a", "ecosystem": "PyPI"}}
    found = read_record("a.json", record(affected=[{**entry, "versions": ["1"]}, {**entry, "versions": ["2"]}]))
    assert found.affected == (Affected("a", (), ("1", "2")),)


def test_a_version_that_is_none_is_a_problem_and_the_rest_counts() -> None:
    events = [{"introduced": "0"}, {"fixed": "2019-09-12"}]
    affected = [{"package": {"name": "a", "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    found = read_record("a.json", record(affected=affected))
    assert found.affected[0].ranges == ((Event("introduced", "0"),),)
    assert found.problems == ("fixed '2019-09-12' is no version",)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.yaml", b"- a list\n", "is no table"),
        ("a.yaml", b"summary: no name\n", "has no id"),
        ("a.yaml", b"id: [unclosed\n", "cannot be parsed"),
        ("a.json", b"{", "cannot be parsed"),
        ("a.yaml", b"id: \xff\xfe\n", "cannot be parsed"),
        ("a.yaml", b"[" * 100_000, "nested too deeply"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.yaml", b"x" * (RECORD_LIMIT + 1), "is larger than"),
        ("a.yaml", b"", "is no table"),
    ],
)
def test_what_is_no_advisory_is_refused_with_a_reason(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        read_record(name, data)


def test_a_small_file_that_stands_for_a_huge_one_is_refused() -> None:
    lines = ["id: X-1", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    events = "ranges: &r [{type: ECOSYSTEM, events: &e [" + ", ".join(["{introduced: '0'}"] * 1000) + "]}]"
    lines += [events, "affected:"]
    lines += ["- {package: {name: a, ecosystem: PyPI}, ranges: *r}"] * 400
    with pytest.raises(RecordError, match="has more than 200,000 values"):
        read_record("bomb.yaml", "\n".join(lines).encode())


def test_an_anchor_that_holds_itself_is_read() -> None:
    assert read_record("a.yaml", b"id: X-1\nloop: &l [*l]\naffected: []\n").id == "X-1"


def test_long_texts_are_cut_to_one_line() -> None:
    summary = read_record("a.json", record(summary="first\nsecond " + "x" * 1000)).summary
    assert summary.startswith("first second x")
    assert len(summary) == 300


@pytest.mark.parametrize(
    ("changes", "rating"),
    [
        ({}, Rating.UNKNOWN),
        ({"database_specific": {"severity": "MODERATE"}}, Rating.MEDIUM),
        ({"database_specific": {"severity": "CRITICAL"}}, Rating.CRITICAL),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:L/UI:R/S:U/C:L/I:L/A:N"}]}, Rating.LOW),
        ({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}]}, Rating.UNKNOWN),
        ({"severity": "high", "database_specific": ["x"]}, Rating.UNKNOWN),
    ],
)
def test_ratings(changes: dict[str, Any], rating: Rating) -> None:
    assert read_record("a.json", record(**changes)).rating is rating


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        # Examples of https://www.first.org/cvss/v3-1/examples
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8),
        ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/AV:N/AC:L", None),
        ("CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", None),
        ("7.5", None),
    ],
)
def test_base_scores(vector: str, score: float | None) -> None:
    assert base_score(vector) == score


def test_a_score_of_nine_is_critical() -> None:
    assert rating_of("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") is Rating.CRITICAL
