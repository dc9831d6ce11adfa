"""What programs and functions are for, as far as their names tell, where it decides on what a draw matters for."""

from __future__ import annotations

import re

from reprocheck.rulekit.execution import Happening, Run

_SPEED = re.compile(r"(^|[/_])(bench(mark)?s?|profil(er|ing))([/_.]|$)|(^|/)profile_[^/]*$")
_SPLITS = re.compile(r"(^|_)splits?(ting|ter)?(_|$)|(^|_)train_(va?l|valid|validation|dev|test)(_|$)", re.IGNORECASE)
_DEALS = re.compile(r"[.](shuffle|sample|permutation|permuted|randperm|random_split|choices?)$")


def measures_speed(path: str) -> bool:
    """Whether a program measures how fast something is: it draws inputs whose values don't matter."""
    return _SPEED.search(path) is not None


def divides(run: Run, draw: Happening) -> bool:
    """Whether a draw decides which rows are trained on and which are tested: by the names of what it stands in."""
    names = [hop.name.rpartition(".")[2] for hop in draw.hops]
    names.append(run.entry.path.rpartition("/")[2].removesuffix(".py"))
    return _DEALS.search(draw.name) is not None and any(_SPLITS.search(name) for name in names)
