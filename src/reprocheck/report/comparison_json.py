"""A comparison as one JSON object."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from reprocheck.report.json_value import json_text

if TYPE_CHECKING:
    from reprocheck.model.comparison import Comparison

SCHEMA = 1
"""Raised when a field is removed or changes its meaning, never when one is added."""


def comparison_json(comparison: Comparison) -> str:
    """The whole tree; fields that say nothing are left out of differences, infinite distances are `"infinity"`."""
    value = {"schema": SCHEMA, **msgspec.to_builtins(comparison)}
    value["verdict"]["label"] = comparison.verdict.label
    return json_text(finite(value), indent=True) + "\n"


def finite(value: object) -> object:
    """The value with numbers that JSON has no form for spelled out."""
    match value:
        case float() if not math.isfinite(value):
            return "infinity" if value > 0 else str(value)
        case dict():
            return {key: finite(item) for key, item in value.items()}
        case list() | tuple():
            return [finite(item) for item in value]
        case _:
            return value
