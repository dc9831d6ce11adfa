"""The rating of a CVSS 3 vector.

Weights, formula and scale: https://www.first.org/cvss/v3-1/specification-document (sections 5, 7.1 and 7.4).
"""

from __future__ import annotations

import re
from typing import Final

from reprocheck.model.audit import Rating

_VECTOR: Final = re.compile(r"CVSS:3\.[01](?:/[A-Z]{1,3}:[A-Z])+")
_IMPACT: Final = {"H": 0.56, "L": 0.22, "N": 0.0}
_ATTACK_VECTOR: Final = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
_COMPLEXITY: Final = {"L": 0.77, "H": 0.44}
_INTERACTION: Final = {"N": 0.85, "R": 0.62}
_PRIVILEGES: Final = {"N": 0.85, "L": 0.62, "H": 0.27}
_PRIVILEGES_CHANGED: Final = {"N": 0.85, "L": 0.68, "H": 0.5}


def rating_of(vector: str) -> Rating:
    """Rating of the base score; unknown for what is no vector of CVSS 3."""
    score = base_score(vector)
    if score is None:
        return Rating.UNKNOWN
    for rating, least in ((Rating.CRITICAL, 9.0), (Rating.HIGH, 7.0), (Rating.MEDIUM, 4.0)):
        if score >= least:
            return rating
    return Rating.LOW


def base_score(vector: str) -> float | None:
    """Base score from 0 to 10; None for what is no vector of CVSS 3."""
    if len(vector) > 200 or _VECTOR.fullmatch(vector) is None:  # noqa: PLR2004 — vectors with all metrics have 100
        return None
    metrics = dict(part.split(":", 1) for part in vector.split("/")[1:])
    changed = metrics.get("S") == "C"
    try:
        remaining = 1.0
        for metric in ("C", "I", "A"):
            remaining *= 1 - _IMPACT[metrics[metric]]
        exploitability = (
            8.22
            * _ATTACK_VECTOR[metrics["AV"]]
            * _COMPLEXITY[metrics["AC"]]
            * (_PRIVILEGES_CHANGED if changed else _PRIVILEGES)[metrics["PR"]]
            * _INTERACTION[metrics["UI"]]
        )
    except KeyError:
        return None
    lost = 1 - remaining
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    return _rounded_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10.0))


def _rounded_up(value: float) -> float:
    """The next tenth, computed on integers so that all implementations agree."""
    scaled = round(value * 100_000)
    return scaled / 100_000 if scaled % 10_000 == 0 else (scaled // 10_000 + 1) / 10
