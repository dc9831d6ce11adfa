"""What the engine saw of one program."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from enum import Enum

from reprocheck.model.finding import Confidence
from reprocheck.rulekit.flow.tokens import Fit, Named, Part, Where


@dataclass(frozen=True, slots=True)
class Leak:
    """Something learned before a split that takes held-out rows from the same data."""

    fit: Fit
    split: Where
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class HeldOutFit:
    """A transformer or estimator that is fitted on held-out data."""

    where: Where
    label: str
    """What is fitted, for the message."""
    data: str
    parts: frozenset[Part]
    """Splits that the data comes from; empty where only names tell."""
    named: Named | None
    estimator: bool
    """Whether it predicts, rather than transforms."""
    categories: bool
    """Whether it learns only which values occur."""
    receiver: str
    """Source of the object that is fitted; empty for a function."""


class UseKind(Enum):
    """What held-out data is used for."""

    STOPS = "stops"
    """Decides when training stops or which state is kept."""
    SEARCHES = "searches"
    """Is scored in a loop over candidates."""
    SCORES = "scores"
    """Gives the figure that is reported."""
    TRAINS = "trains"
    """A model is fitted on it, or on the part beside it."""


@dataclass(frozen=True, slots=True)
class Use:
    """A use of data on one side of a split."""

    where: Where
    kind: UseKind
    data: str
    parts: frozenset[Part]
    named: Named | None
    loop: ast.AST | None = None
    """Innermost loop around it."""
    label: str = ""
    """What uses it, for the message."""


@dataclass(slots=True)
class Observed:
    """Everything that the rules ask about."""

    leaks: dict[ast.AST, Leak] = field(default_factory=dict)
    """By the node that learned."""
    held_out_fits: dict[ast.AST, HeldOutFit] = field(default_factory=dict)
    train_fits: dict[str, Where] = field(default_factory=dict)
    """Names of classes, and sources of objects, that were fitted on a training part."""
    uses: list[Use] = field(default_factory=list)
