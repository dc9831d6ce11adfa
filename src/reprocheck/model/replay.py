"""What a replay did and what it proved."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.comparison import Comparison, Curve, Outcome, Verdict
from reprocheck.model.gap import Gap

SCHEMA = 1
"""Raised when a field is removed or changes its meaning, never when one is added."""


class Cause(StrEnum):
    """What kind of thing was not the same."""

    FILE = "file"
    """A file that was read."""
    ORDER = "order"
    """The order of the names in a folder."""
    NAMES = "names"
    """The names in a folder."""
    PACKAGE = "package"
    SEED = "seed"
    """What a seeder was given."""
    SEEDING = "seeding"
    """Number of calls of seeders."""
    STATE = "state"
    """State of a generator when it was first drawn from."""
    SETTING = "setting"
    """A setting of a library, such as `torch.backends.cudnn.benchmark`."""
    HASH_SEED = "hash-seed"
    """Python's order of texts in sets."""
    OTHER = "other"
    """Written by a version that did not say."""


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not the same in a replay, beside the results: a likely cause of a difference."""

    what: str
    """In words, for a person."""
    kind: Cause = Cause.OTHER
    name: str = ""
    """Of the file, folder, package, seeder, generator or setting; empty where the kind says all."""
    recorded: str
    """Empty where it was absent."""
    replayed: str


class TraceDifference(msgspec.Struct, frozen=True, kw_only=True):
    """The first step at which two traces part."""

    step: int
    """From 0, over all processes in order."""
    what: str
    """What differs there first: `batch`, `loss`, `gradient conv1.weight`, `parameter conv1.weight`, `random torch`."""
    steps: int
    """Steps that both have."""
    generator: str = ""
    """The generator whose state differs there first; empty for anything else."""
    recorded: str = ""
    replayed: str = ""


class Repetition(msgspec.Struct, frozen=True, kw_only=True):
    """One replay of the run."""

    exit_code: int
    """What a shell would show."""
    duration: int
    """Nanoseconds."""
    comparison: Comparison
    suspects: tuple[Suspect, ...] = ()
    trace: TraceDifference | None = None
    """None where traces agree, or where there are none."""
    curves: tuple[Curve, ...] = ()
    """Metrics by step that differ, those that part first before others; the recorded run is on the left."""
    gaps: tuple[Gap, ...] = ()


class ExplainingFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding of the project that may explain a divergence."""

    code: str
    rule: str
    path: str
    """POSIX, relative to the project's root."""
    line: int
    cell: int | None = None
    """Number of the notebook's cell; `line` is that of the file."""
    message: str
    fingerprint: str
    context: str = ""
    """Digest of its neighbours, which tells it from identical ones of its file."""
    slice: str = ""
    """Digest of the code that it depends on; empty in replays of an older version."""
    what: tuple[str, ...]
    """What went another way that it may explain, as suspects and traces have it."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with all that it stands on."""

    schema: int = SCHEMA
    id: str
    """ULID of the replay."""
    run: str
    """Id of the recorded run."""
    against: str = ""
    """Id of the run whose results were compared with instead of the run's own; empty for its own."""
    executor: str
    """`same`, `venv` or `docker`."""
    tool_version: str
    started: str
    """Wall clock: RFC 3339, UTC, microseconds."""
    command: tuple[str, ...]
    verdict: Verdict
    repetitions: tuple[Repetition, ...] = ()
    """Empty where nothing could be run."""
    explanations: tuple[ExplainingFinding, ...] = ()
    """Findings that may explain a divergence, the nearest first."""
    present: tuple[str, ...] = ()
    """Fingerprints of all findings of the project then, so that it can be told later which are gone; with explanations
    only, and only where the code was still what had run."""
    gaps: tuple[Gap, ...] = ()
    """What the plan could not restore."""
    remedy: str = ""
    """What to do about an inconclusive verdict; one sentence without a full stop."""
    noise: tuple[str, ...] = ()
    """Where the recorded run's final numbers lie among those of the repetitions, one sentence each."""
    other_hardware: str = ""
    """The processor that it ran on, where that is another model than the recorded one."""
    kept: tuple[str, ...] = ()
    """Folders of replays that were kept, absolute; empty unless that was asked for."""

    @property
    def outcome(self) -> Outcome:
        """The verdict's outcome."""
        return self.verdict.outcome


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Replay)


def encode(replay: Replay) -> bytes:
    """JSON in UTF-8, keys sorted, one line feed at the end."""
    return _ENCODER.encode(replay) + b"\n"


def decode(data: bytes) -> Replay:
    """Read one; raises msgspec.DecodeError."""
    return _DECODER.decode(data)
