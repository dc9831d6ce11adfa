"""What came out when training's and serving's preprocessing got the same samples."""

from __future__ import annotations

import msgspec

from reprocheck.model.comparison import Comparison
from reprocheck.model.finding import Finding


class Frame(msgspec.Struct, frozen=True):
    """One place of a traceback."""

    path: str
    line: int
    function: str
    code: str


class Trouble(msgspec.Struct, frozen=True):
    """Why a callable gave no result."""

    stage: str
    """`load` (importing or finding it), `data` (reading the samples), `call`, `keep` (what it returned) or `time`."""
    error: str
    """Type of the exception; empty for none."""
    message: str
    frames: tuple[Frame, ...] = ()
    """Outermost first; the last one is where it happened."""
    sample: str = ""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two callables."""

    name: str
    """As the user wrote it."""
    path: str = ""
    """Its file, relative to the root; empty where that isn't known."""
    line: int = 0
    samples: int = 0
    """Samples that it gave a result for."""
    kind: str = ""
    """What it returned for the first sample."""
    steady: bool = True
    """Whether it gave the same twice for each sample."""
    trouble: Trouble | None = None
    output: str = ""
    """The end of what it printed."""


class SpokenOf(msgspec.Struct, frozen=True):
    """A finding about the same two places, and what this says of it."""

    finding: Finding
    stance: str
    """`confirmed`, `may explain` (the results differ, for this or another reason), `not observed` or `open`."""


class Skew(msgspec.Struct, frozen=True, kw_only=True):
    """The whole experiment."""

    train: Side
    serve: Side
    comparison: Comparison
    findings: tuple[SpokenOf, ...] = ()
    notes: tuple[str, ...] = ()
