"""Follows data through the statements of a program, across calls and files: what was learned from it, how it was split.

One engine runs for all rules about data. What learns, transforms, resamples and splits is said by the catalog; what
the engine saw is a value, `Observed`, which each rule reads.
"""

from reprocheck.rulekit.flow.engine import Repair, Told, in_module, in_program, in_project, observed
from reprocheck.rulekit.flow.observed import HeldOutFit, Leak, Observed, Use, UseKind
from reprocheck.rulekit.flow.tokens import Learning, Side, Where, is_target, is_test_name, is_validation_name, short

__all__ = [
    "HeldOutFit",
    "Leak",
    "Learning",
    "Observed",
    "Repair",
    "Side",
    "Told",
    "Use",
    "UseKind",
    "Where",
    "in_module",
    "in_program",
    "in_project",
    "is_target",
    "is_test_name",
    "is_validation_name",
    "observed",
    "short",
]
