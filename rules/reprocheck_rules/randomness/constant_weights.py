"""Layers of Keras whose first weights are given, not drawn."""

from __future__ import annotations

import re

from reprocheck.rulekit.execution import Happening
from reprocheck.rulekit.facts import ValueKind

_LAYER = re.compile(r"^keras\.layers\.(?:Dense|EinsumDense|Embedding|Conv(?:olution)?\dD(?:Transpose)?)$")
"""Layers that draw nothing but this one matrix."""
_INITIALIZERS = frozenset({"kernel_initializer", "embeddings_initializer"})
_CONSTANT = re.compile(r"(?:^|\.)(?:zeros?|ones?|constant|identity)$", re.IGNORECASE)


def starts_from_constants(happening: Happening) -> bool:
    """Whether a layer is told which weights to start from: a constant, or a matrix that was made before."""
    if _LAYER.match(happening.name) is None:
        return False
    for argument in happening.call.arguments:
        value = argument.value
        if argument.name == "weights" and happening.name.endswith("Embedding"):
            return value is None or value.value is not None
        if argument.name in _INITIALIZERS and value is not None:
            named = value.kind in {ValueKind.CONSTANT, ValueKind.NAME} and isinstance(value.value, str)
            return named and _CONSTANT.search(str(value.value).removesuffix("()")) is not None
    return False
