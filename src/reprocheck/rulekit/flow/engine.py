"""Runs the engine over one module, and over modules whose functions take data from each other."""

from __future__ import annotations

from reprocheck.rulekit.flow.calls import call_value
from reprocheck.rulekit.flow.following import Following
from reprocheck.rulekit.flow.observed import Observed
from reprocheck.rulekit.flow.program import Program, Unit
from reprocheck.rulekit.module import Module


def observed(module: Module) -> Observed:
    """What one module does to data, as far as it shows itself."""
    return module.once(_observe)


def _observe(module: Module) -> Observed:
    unit = Unit(module)
    return Following(Program({module.path: unit}), unit, call_value).run()
