"""Tolerances: how far apart numbers may be, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec

from reprocheck.model.comparison import Limits, Tolerance
from reprocheck.project.gitignore import parse_pattern, to_regex

_FORM = "GLOB[:KEY]=ulp:4|abs:1e-6|rel:1e-5"
_BRACKETS = re.compile(r"\[[^\]]*\]")


class ToleranceError(ValueError):
    """A tolerance that can't be read; the message says what is expected."""


def parse_tolerance(text: str) -> Tolerance:
    """Read `GLOB[:KEY]=LIMIT|LIMIT`; a colon that belongs to the glob is written `[:]`."""
    place, equals, limits = text.rpartition("=")
    if not equals or not place.strip():
        raise ToleranceError(f"`{text}` names no artifact: expected {_FORM}")
    glob, key = _split_place(place.strip())
    pattern = parse_pattern(glob)
    if pattern is None or not pattern.ignores or to_regex(pattern) is None:
        raise ToleranceError(f"`{glob}` in `{text}` is no pattern for a path")
    return Tolerance(pattern=glob, key=key, limits=_limits(limits, text), text=text)


def _split_place(place: str) -> tuple[str, str]:
    blanked = _BRACKETS.sub(lambda match: "_" * len(match[0]), place)
    colon = blanked.find(":")
    return (place, "") if colon < 0 else (place[:colon], place[colon + 1 :])


def _limits(text: str, whole: str) -> Limits:
    found: dict[str, float] = {}
    for part in text.split("|"):
        unit, _, number = part.strip().partition(":")
        if unit not in {"ulp", "abs", "rel"}:
            raise ToleranceError(f"`{part.strip()}` in `{whole}` is no limit: expected ulp:N, abs:X or rel:X")
        if unit in found:
            raise ToleranceError(f"`{whole}` states `{unit}` twice")
        found[unit] = _number(unit, number, whole)
    ulp = found.get("ulp")
    return Limits(ulp=None if ulp is None else int(ulp), absolute=found.get("abs"), relative=found.get("rel"))


def _number(unit: str, text: str, whole: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ToleranceError(f"`{text}` behind `{unit}:` in `{whole}` is no number") from None
    if not math.isfinite(number) or number < 0:
        raise ToleranceError(f"`{unit}:{text}` in `{whole}` must be zero or more, and finite")
    if unit == "ulp" and number != int(number):
        raise ToleranceError(f"`ulp:{text}` in `{whole}` must be a whole number")
    return number


class Tolerances(msgspec.Struct, frozen=True):
    """All tolerances in force; of those that match, the last one counts."""

    items: tuple[Tolerance, ...] = ()

    def find(self, path: str, key: str) -> Tolerance | None:
        """The tolerance for a place (`key`) inside the artifact at `path` (POSIX); None when there is none."""
        for tolerance in reversed(self.items):
            if _path_matches(tolerance.pattern, path) and (not tolerance.key or fnmatchcase(key, tolerance.key)):
                return tolerance
        return None


def parse_tolerances(texts: Iterable[str]) -> Tolerances:
    """Read several; the first that can't be read raises `ToleranceError`."""
    return Tolerances(tuple(parse_tolerance(text) for text in texts))


@lru_cache(maxsize=4096)
def _path_matches(glob: str, path: str) -> bool:
    pattern = parse_pattern(glob)
    regex = None if pattern is None else to_regex(pattern)
    if pattern is None or regex is None:
        return False
    return re.fullmatch(regex, path if pattern.anchored else path.rpartition("/")[2], re.DOTALL) is not None


def allows(limits: Limits, *, ulp: int | None, absolute: float, relative: float) -> bool:
    """Whether a distance keeps at least one of the limits."""
    return (
        (limits.ulp is not None and ulp is not None and ulp <= limits.ulp)
        or (limits.absolute is not None and absolute <= limits.absolute)
        or (limits.relative is not None and relative <= limits.relative)
    )
