"""What the scorecard asks, head by head: rules about practices, and counts of the other families.

Heads and tests: E. Breck, S. Cai, E. Nielsen, M. Salib, D. Sculley, "The ML Test Score: A Rubric for ML Production
Readiness and Technical Debt Reduction", IEEE Big Data 2017, sections II to V.
"""

from __future__ import annotations

from typing import Final

import msgspec


class PracticeItem(msgspec.Struct, frozen=True):
    """An item that one rule about a practice answers."""

    code: str
    title: str
    effort: int
    """1 for minutes, 2 for hours, 3 for days."""
    tests: str = ""


class CountItem(msgspec.Struct, frozen=True):
    """An item that the findings of some rules answer."""

    codes: tuple[str, ...]
    """Families, or codes of single rules."""
    title: str
    earn: str
    effort: int
    tests: str = ""

    @property
    def key(self) -> str:
        """What reports call it: the families that it counts, or the one code."""
        codes = self.codes if len(self.codes) < len(_ENVIRONMENT) else ("ENV",)
        return "count:" + "+".join(codes)


_ENVIRONMENT: Final = (
    "ENV001", "ENV002", "ENV003", "ENV006", "ENV007", "ENV008", "ENV009", "ENV010", "ENV014", "ENV015",
)  # fmt: skip
"""Rules about what is pinned; the others of the family are about other things."""
DATA: Final = (
    PracticeItem("PRJ006", "the data is checked before it is trained on", 2, "Data 1"),
    PracticeItem("PRJ010", "the version of the data is recorded", 2, "Data 1, Infra 1"),
    CountItem(
        ("DAT",),
        "data is found, split and fitted without leaks",
        "Repair the findings of the family DAT: paths that exist on one machine, statistics that see the test set.",
        2,
        "Data 7",
    ),
    CountItem(
        ("FRM",),
        "tables and arrays are handled without known mistakes",
        "Repair the findings of the family FRM.",
        1,
        "Data 7",
    ),
)
MODEL: Final = (
    PracticeItem("PRJ009", "each training run leaves a record", 1, "Model 1, Infra 5"),
    PracticeItem("PRJ016", "models are compared with a baseline", 2, "Model 5"),
    PracticeItem("PRJ015", "options are declared once", 2, "Model 1"),
    PracticeItem("PRJ003", "tests touch the models", 2, "Infra 2, Model 3"),
    CountItem(
        ("EXP",),
        "settings are recorded with the run that they made",
        "Repair the findings of the family EXP: settings, seed and commit belong beside each run.",
        1,
        "Model 1",
    ),
    CountItem(
        ("TRN", "LLM"),
        "training and inference are free of known mistakes",
        "Repair the findings of the families TRN and LLM; each is a place where the numbers may be wrong.",
        1,
        "Monitor 5",
    ),
    CountItem(
        ("ART",),
        "models are named, pinned and read safely",
        "Repair the findings of the family ART: pin the revision of what is downloaded, load weights only.",
        1,
        "Infra 7",
    ),
)
INFRASTRUCTURE: Final = (
    CountItem(
        ("RNG", "DET"),
        "training is seeded and deterministic",
        "Repair the findings of the families RNG and DET, seeds first, and prove it with `reprocheck replay`.",
        1,
        "Infra 1",
    ),
    CountItem(
        _ENVIRONMENT,
        "packages, images and tools are pinned",
        "Repair the findings of the family ENV: lock the packages, pin images and tools of CI.",
        1,
        "Infra 1",
    ),
    PracticeItem("PRJ011", "the environment is recorded", 1, "Infra 1"),
    PracticeItem("PRJ018", "one manager of dependencies rules", 2, "Infra 1"),
    PracticeItem("PRJ002", "there are tests", 2, "Infra 2"),
    PracticeItem("PRJ004", "something runs when the code changes", 1, "Infra 3"),
    PracticeItem("PRJ005", "continuous integration trains, if only for a step", 1, "Infra 3"),
    PracticeItem("PRJ007", "a linter or type checker looks at the code", 1),
    PracticeItem("PRJ014", "models are kept in versions that can be gone back to", 2, "Infra 7"),
    PracticeItem("PRJ012", "the read-me file says how to run it", 1, "Infra 1"),
    PracticeItem("PRJ013", "a licence says who may use it", 1),
    PracticeItem("PRJ001", "programs and packages are kept apart", 3),
    CountItem(
        ("DBT", "NTB"),
        "no dead, stale or out-of-order code",
        "Repair the findings of the families DBT and NTB: remove what nothing reaches, run notebooks in order.",
        2,
        "Infra 5",
    ),
)
MONITORING: Final = (
    CountItem(
        ("ENV011",),
        "declared packages have no known vulnerabilities",
        "Raise the versions that ENV011 names; run `reprocheck scan --audit` in CI, so that a new advisory is noticed.",
        1,
        "Monitor 1",
    ),
    CountItem(
        ("SKW",),
        "training and serving treat data alike",
        "Repair the findings of the family SKW: import the preprocessing instead of writing it twice.",
        2,
        "Monitor 3",
    ),
    PracticeItem("PRJ020", "requests are checked before the model sees them", 1, "Monitor 2"),
    PracticeItem("PRJ008", "what is asked and answered is watched", 3, "Monitor 2, 3, 7"),
)
HEADS: Final = {"data": DATA, "model": MODEL, "infrastructure": INFRASTRUCTURE, "monitoring": MONITORING}
"""Items by head, in the order of the paper."""
PRACTICES: Final = frozenset(item.code for items in HEADS.values() for item in items if isinstance(item, PracticeItem))
"""Codes of the rules that a scorecard needs."""
