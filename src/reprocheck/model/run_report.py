"""What commands about runs answer with."""

from __future__ import annotations

import msgspec

from reprocheck.model import comparison
from reprocheck.model.comparison import Curve
from reprocheck.model.record import RunSummary
from reprocheck.model.replay import Replay


class ReportedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as a page about its project shows it."""

    run: RunSummary
    replay: Replay | None = None
    """The last verdict; None where it was never replayed."""
    series: tuple[Curve, ...] = ()
    """Numbers by step, on the left, where no replay has drawn both; the right side is empty."""


class ReportedRuns(msgspec.Struct, frozen=True, kw_only=True):
    """The last runs of a project, the newest first."""

    runs: tuple[ReportedRun, ...] = ()
    earlier: int = 0
    """Runs before them."""


class Problem(msgspec.Struct, frozen=True, order=True):
    """Something in a store that is not what it was when it was written."""

    run: str
    """Id of the run."""
    what: str
    """Which part: the record, an object by what it is, a file."""
    problem: str
    """`missing`, `damaged`, or a sentence."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at everything found."""

    runs: int
    """Runs with a record that were looked at."""
    objects: int
    """Objects that were hashed again, each once."""
    problems: tuple[Problem, ...] = ()
    unfinished: tuple[str, ...] = ()
    """Runs without a record: still running, or abandoned."""
    changed: tuple[Problem, ...] = ()
    """Files of the project that are no longer what the run read or wrote; looked at on request."""


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed from a store, or would be."""

    runs: tuple[str, ...] = ()
    objects: int = 0
    size: int = 0
    """Bytes of objects and runs."""
    leftovers: int = 0
    """Temporary files that a crash left behind."""
    dry: bool = False


class Difference(msgspec.Struct, frozen=True, order=True):
    """One thing in which two runs differ."""

    section: str
    """`command`, `code`, `environment`, `data`, `seeds`, `settings`, `trace`, `outputs` or `result`."""
    what: str
    first: str
    """What the first run has; empty where it has nothing."""
    second: str


class RunDifferences(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs, held against each other record by record."""

    first: str
    """Id."""
    second: str
    differences: tuple[Difference, ...] = ()
    """By section in the order in which one follows from another, then by name."""
    same_inputs: int = 0
    same_outputs: int = 0
    contents: tuple[comparison.Difference, ...] = ()
    """How outputs of the same name differ, where the contents of both can still be had."""


class Check(msgspec.Struct, frozen=True):
    """One thing that capture can make use of on this machine."""

    name: str
    state: str
    """`good`, `limited` or `missing`."""
    detail: str
    advice: str = ""
    """What to do about it; empty where nothing needs to be done."""


class Transparency(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a command made the same under capture as without."""

    run: str
    """Id of the captured run."""
    plain_runs: int
    exit_code: int
    """Of the captured run."""
    same: tuple[str, ...] = ()
    """Outputs that all plain runs and the captured run made alike."""
    changed: tuple[str, ...] = ()
    """Outputs on which the plain runs agree and the captured run doesn't: capture is not transparent here."""
    unstable: tuple[str, ...] = ()
    """Outputs on which the plain runs don't agree: nothing is claimed."""
