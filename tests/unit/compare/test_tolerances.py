"""Tolerances are read or refused with a reason, and the last that matches counts."""

from __future__ import annotations

import pytest

from reprocheck.compare.tolerances import ToleranceError, parse_tolerance, parse_tolerances
from reprocheck.model.comparison import Limits


@pytest.mark.parametrize(
    ("text", "pattern", "key", "limits"),
    [
        ("*.pt=ulp:4", "*.pt", "", Limits(ulp=4)),
        ("*.pt:state.*=abs:1e-6", "*.pt", "state.*", Limits(absolute=1e-6)),
        ("out/**/m.json:loss=rel:1e-5|abs:0", "out/**/m.json", "loss", Limits(relative=1e-5, absolute=0.0)),
        ("a[:]b=ulp:0", "a[:]b", "", Limits(ulp=0)),
        ("x=y.txt=ulp:1", "x=y.txt", "", Limits(ulp=1)),
    ],
)
def test_a_tolerance_is_read(text: str, pattern: str, key: str, limits: Limits) -> None:
    found = parse_tolerance(text)
    assert (found.pattern, found.key, found.limits, found.text) == (pattern, key, limits, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ulp:4", "names no artifact"),
        ("=ulp:4", "names no artifact"),
        ("*.pt=4", "`4` in `*.pt=4` is no limit"),
        ("*.pt=ulp:x", "`x` behind `ulp:`"),
        ("*.pt=ulp:1.5", "whole number"),
        ("*.pt=abs:-1", "zero or more"),
        ("*.pt=rel:inf", "finite"),
        ("*.pt=ulp:1|ulp:2", "states `ulp` twice"),
        ("[=ulp:1", "no pattern for a path"),
    ],
)
def test_what_is_wrong_with_a_tolerance_is_said(text: str, reason: str) -> None:
    with pytest.raises(ToleranceError) as caught:
        parse_tolerance(text)
    assert reason in str(caught.value)


def test_the_last_tolerance_that_matches_counts() -> None:
    tolerances = parse_tolerances(["*=ulp:1", "*.json:loss=abs:1", "sub/*.json=rel:1"])

    def found(path: str, key: str) -> str:
        tolerance = tolerances.find(path, key)
        return tolerance.text if tolerance else ""

    assert found("a/b/m.json", "loss") == "*.json:loss=abs:1"
    assert found("a/b/m.json", "other") == "*=ulp:1"
    assert found("sub/m.json", "loss") == "sub/*.json=rel:1"
    assert parse_tolerances([]).find("m.json", "loss") is None
