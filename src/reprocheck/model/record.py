"""The record of a run: one frozen value with one canonical form."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.environment import (
    Code,
    CodeFile,
    Container,
    Environment,
    Gpu,
    GpuStack,
    Interpreter,
    Locale,
    Lock,
    Memory,
    OperatingSystem,
    Package,
    Processor,
    Repository,
    Submodule,
)
from reprocheck.model.file_use import (
    INPUT_ROLES,
    OUTPUT_ROLES,
    CodePlace,
    Connection,
    FailedOpen,
    FileRole,
    FileTree,
    FileUse,
    FileUses,
    Listing,
    SymbolicLink,
)
from reprocheck.model.gap import Gap
from reprocheck.model.observation import (
    DeterminismFlag,
    EntropyRecord,
    FlagChange,
    Observations,
    Perturber,
    PythonProcess,
    RandomState,
    SeederCall,
    ThreadPool,
    TraceSummary,
)

__all__ = [
    "INPUT_ROLES",
    "OUTPUT_ROLES",
    "SCHEMA",
    "Code",
    "CodeFile",
    "CodePlace",
    "Command",
    "Connection",
    "Container",
    "DeterminismFlag",
    "EntropyRecord",
    "Environment",
    "Execution",
    "FailedOpen",
    "FileRole",
    "FileTree",
    "FileUse",
    "FileUses",
    "FlagChange",
    "Gap",
    "Gpu",
    "GpuStack",
    "Interpreter",
    "Listing",
    "Locale",
    "Lock",
    "Memory",
    "Observations",
    "OperatingSystem",
    "Package",
    "Perturber",
    "Processor",
    "PythonProcess",
    "RandomState",
    "Record",
    "Repository",
    "RunState",
    "RunSummary",
    "SeederCall",
    "Start",
    "Status",
    "Submodule",
    "SymbolicLink",
    "ThreadPool",
    "TraceSummary",
    "decode",
    "decode_start",
    "encode",
    "encode_start",
]

SCHEMA = 1
"""Raised when a field is removed or changes its meaning, never when one is added."""


class Status(StrEnum):
    """How a run ended."""

    EXITED = "exited"
    """By itself, with an exit code."""
    KILLED = "killed"
    """By a signal."""
    NOT_STARTED = "not-started"
    """The command was not found or could not be executed."""
    ABANDONED = "abandoned"
    """The launcher was killed: nobody saw how the command ended."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    arguments: tuple[str, ...]
    """Without credentials; the first is the program."""
    cwd: str
    """Working folder, relative to the root of the run (`.` for the root itself); absolute where it lies outside."""
    root: str
    """Absolute path of the project; paths in the record are relative to it."""
    trace: str = "off"
    """Trace level asked for."""
    outputs: tuple[str, ...] = ()
    """Patterns of `--output`: the files that count."""
    redacted: bool = False
    """True when something that looks like a credential was taken out of `arguments`."""
    stdin: str = ""
    """File that standard input was redirected from, relative to the root where it lies in it; empty for none."""
    piped: bool = False
    """True when standard input was a pipe: what came through it is not kept."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """How the command ran."""

    status: Status
    code: int | None = None
    """Exit code; 126 or 127 where the command did not start; None where it was killed or nobody saw it end."""
    signal: int | None = None
    """Number of the signal; None unless `status` is `killed`."""
    pid: int = 0
    """Number of the command's process; 0 where it never started."""
    started: int = 0
    """CLOCK_MONOTONIC at the start, in nanoseconds; event times in the journal are on the same clock."""
    duration: int = 0
    """Nanoseconds from start to end by the monotonic clock."""
    supervised: bool = False
    """True when every file access of the process tree was seen by the kernel's notification."""
    user_time: float = 0.0
    """Processor seconds of the command and its children in user mode."""
    system_time: float = 0.0
    """Processor seconds in the kernel."""
    max_memory: int = 0
    """Largest resident set of any one process, in bytes."""
    gaps: tuple[Gap, ...] = ()

    @property
    def exit_code(self) -> int:
        """What a shell would show: the command's own code, or 128 + signal; 125 where nobody saw the end."""
        if self.signal is not None:
            return 128 + self.signal
        return 125 if self.code is None else self.code


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One captured execution."""

    schema: int = SCHEMA
    id: str
    """ULID, given at the start."""
    sequence: int
    """Position among the runs of the store, from 1; unlike the clock it never goes back."""
    name: str = ""
    """Empty where it was given none."""
    tags: tuple[str, ...] = ()
    """Sorted."""
    tool_version: str
    """Version of reprocheck that captured the run."""
    started: str
    """Wall clock at the start: RFC 3339, UTC, microseconds."""
    ended: str
    """Wall clock at the end, likewise; `execution.duration` is the one to trust."""
    command: Command
    execution: Execution
    files: FileUses = FileUses()
    observations: Observations = Observations()
    environment: Environment = Environment()
    code: Code = Code()
    configuration: tuple[CodeFile, ...] = ()
    """Resolved configurations that the run wrote (Hydra), content in the store."""
    gaps: tuple[Gap, ...] = ()
    """All gaps of all parts, sorted, each once."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What is known before the command runs; with the journal, enough for a record when nobody is left to write one."""

    schema: int = SCHEMA
    id: str
    sequence: int
    """As in the record."""
    name: str = ""
    tags: tuple[str, ...] = ()
    tool_version: str
    started: str
    """Wall clock: RFC 3339, UTC, microseconds."""
    monotonic: int
    """CLOCK_MONOTONIC at the same moment, in nanoseconds."""
    boot: str = ""
    """The kernel's id of this boot: monotonic times and process numbers mean something within it only."""
    launcher: int
    """Number of the launching process."""
    command: Command


class RunState(StrEnum):
    """What a run's folder holds."""

    RUNNING = "running"
    """Its launcher is alive."""
    FINISHED = "finished"
    """It has a record."""
    ABANDONED = "abandoned"
    """Its launcher died before it wrote the record."""
    DAMAGED = "damaged"
    """Its record or start can't be read."""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of runs."""

    id: str
    sequence: int
    state: RunState
    """Whether there is a record."""
    name: str = ""
    tags: tuple[str, ...] = ()
    started: str = ""
    duration: int | None = None
    """Nanoseconds; None until it has ended."""
    exit_code: int | None = None
    """What a shell would show; None until it has ended, and where nobody saw the end."""
    status: Status | None = None
    """How it ended; None until it has."""
    command: tuple[str, ...] = ()
    commit: str = ""
    """Empty outside of repositories."""
    dirty: bool = False
    """Whether tracked files differed from the commit."""
    inputs: int = 0
    """Files read whose content decides about the run (files of trees counted)."""
    outputs: int = 0
    """Files written that a replay has to make again (files of trees counted)."""
    seeds: int = 0
    """Seeder calls."""
    gaps: int = 0
    """Number of gaps."""
    digest: str = ""
    """BLAKE3 (hex) of the record."""
    problem: str = ""
    """Why it is damaged."""


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Record)


def encode(record: Record) -> bytes:
    """The canonical form: JSON in UTF-8, keys sorted, no spaces, one line feed at the end.

    Raises UnicodeEncodeError for lone surrogates; whoever composes a record spells them out first.
    """
    return _ENCODER.encode(record) + b"\n"


def decode(data: bytes) -> Record:
    """Read a record; raises msgspec.DecodeError (a ValidationError where JSON is fine but its shape isn't)."""
    return _DECODER.decode(data)


def encode_start(start: Start) -> bytes:
    """The start in the same form."""
    return _ENCODER.encode(start) + b"\n"


def decode_start(data: bytes) -> Start:
    """Read a start; raises msgspec.DecodeError."""
    return msgspec.json.decode(data, type=Start)
