"""Places that the order of a sequence reaches."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from reprocheck.rulekit import Confidence

_SHOWN = 48
"""Characters of source in a message."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A place that the order reaches."""

    node: ast.AST
    clause: str
    """What happens there, to follow `and`."""
    confidence: Confidence


_STRENGTH = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}


def strongest(effects: Iterable[Effect | None]) -> Effect | None:
    """The effect with the highest confidence; the first one of equals."""
    found = [effect for effect in effects if effect is not None]
    return max(found, key=lambda effect: _STRENGTH[effect.confidence], default=None)


def shown(node: ast.AST) -> str:
    """Source of a node, short enough for a message."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def last_name(function: ast.expr) -> str:
    """`c` of `a.b.c`."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
