"""Which versions have a vulnerability, and which later ones don't."""

from __future__ import annotations

import pytest
from packaging.version import Version

from reprocheck.advisories.matching import fixes, has_it
from reprocheck.advisories.record import Affected, Event


def ranges(*points: tuple[str, str]) -> tuple[tuple[Event, ...], ...]:
    return (tuple(Event(kind, version) for kind, version in points),)


TWO_BRANCHES = Affected(
    "a", ranges(("introduced", "0"), ("fixed", "1.10"), ("introduced", "2.0"), ("fixed", "2.3.1")), ("3.0rc1",)
)


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("0.1", True),
        ("1.9", True),
        ("1.9.dev1", True),
        ("1.10rc1", True),
        ("1.10", False),
        ("1.11", False),
        ("2.0", True),
        ("2.0.0", True),
        ("2.3.0+cu121", True),
        ("2.3.1+cu121", False),
        ("2.4", False),
        ("3.0rc1", True),
        ("3.0", False),
    ],
)
def test_a_version_is_inside_a_range_or_listed(version: str, affected: bool) -> None:
    assert has_it(TWO_BRANCHES, Version(version)) is affected


def test_the_order_of_events_does_not_matter() -> None:
    mixed = Affected("a", ranges(("fixed", "2.3.1"), ("introduced", "2.0"), ("fixed", "1.10"), ("introduced", "0")))
    assert [has_it(mixed, Version(v)) for v in ("1.9", "1.10", "2.1", "2.4")] == [True, False, True, False]


def test_the_last_affected_version_still_has_it() -> None:
    last = Affected("a", ranges(("introduced", "1.0"), ("last_affected", "1.5")))
    assert [has_it(last, Version(v)) for v in ("0.9", "1.5", "1.5.1")] == [False, True, False]


def test_fixed_and_introduced_at_one_version_is_still_affected() -> None:
    again = Affected("a", ranges(("introduced", "1.0"), ("fixed", "2.0"), ("introduced", "2.0")))
    assert has_it(again, Version("2.0"))


def test_fixes_are_later_and_free_of_it() -> None:
    assert list(map(str, fixes(TWO_BRANCHES, Version("1.2")))) == ["1.10", "2.3.1"]
    assert list(map(str, fixes(TWO_BRANCHES, Version("2.0")))) == ["2.3.1"]
    overlapping = Affected("a", (*ranges(("introduced", "0"), ("fixed", "1.5")), *ranges(("introduced", "1.4"))))
    assert fixes(overlapping, Version("1.0")) == []
