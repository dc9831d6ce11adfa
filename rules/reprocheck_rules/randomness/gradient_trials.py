"""Gradients that are taken once, to be looked at: no training."""

from __future__ import annotations

import re

from reprocheck.rulekit.execution import Happening, Run

_TAKES = re.compile(r"\.(gradients?|grad|value_and_grad)$|^jax\.Gradient\.__call__$")
_MAKES = re.compile(r"^(jax|flax\.nnx)\.(grad|value_and_grad)$")
"""Functions that make one out of another; taken is the gradient where that one is called."""
_CALLED = "jax.Gradient.__call__"


def trains_by(run: Run, happening: Happening) -> bool:
    """Whether a call of a run trains a model, rather than show a gradient of which nothing is made."""
    return (
        happening.active and not happening.callback and "trains" in happening.entry.roles and not _tries(run, happening)
    )


def _tries(run: Run, happening: Happening) -> bool:
    if happening.hops or happening.call.loop or _TAKES.search(happening.name) is None:
        return False
    if any("optimizer" in other.entry.roles for other in run.happenings):
        return False
    return _MAKES.search(happening.name) is None or _is_called_at_once(run, happening)


def _is_called_at_once(run: Run, happening: Happening) -> bool:
    """Whether the function that `jax.grad(f)(x)` makes is called where it is made."""
    start = (happening.call.span.line, happening.call.span.column)
    return any(
        other.name == _CALLED and (other.call.span.line, other.call.span.column) == start and not other.hops
        for other in run.happenings
    )
