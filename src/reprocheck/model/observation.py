"""What the agent saw inside the Python processes of a run."""

from __future__ import annotations

import msgspec

from reprocheck.model.file_use import CodePlace
from reprocheck.model.gap import Gap


class PythonProcess(msgspec.Struct, frozen=True, kw_only=True):
    """One Python process of the run."""

    pid: int
    """Number of the process."""
    started: int
    """Clock ticks since boot at which the process started: tells two processes of the same number apart."""
    parent: int = 0
    """Number of the process that started it."""
    executable: str = ""
    """`sys.executable`."""
    version: str = ""
    """`sys.version`, on one line."""
    prefix: str = ""
    """`sys.prefix`."""
    arguments: tuple[str, ...] = ()
    """`sys.orig_argv`, without credentials."""
    start_method: str = ""
    """`exec`, `fork`, or empty where it isn't known."""
    hash_seed: str = ""
    """`PYTHONHASHSEED` in force: a number, `random`, or empty where it isn't known."""
    ended: bool = False
    """True when the process wrote its last event itself; False after `os._exit` or a kill."""
    modules: tuple[str, ...] = ()
    """Top-level modules that were imported, sorted."""


class SeederCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call that set the state of a random number generator."""

    name: str
    """Qualified name, such as `torch.manual_seed`."""
    value: str
    """The seed as Python spells it, at most 200 characters; `None` where it came from the operating system."""
    pid: int
    time: int
    """Nanoseconds since the start of the run, by the monotonic clock."""
    place: CodePlace | None = None
    """The nearest line outside the library that defines the function."""
    by: str = ""
    """Distribution that made the call when it wasn't the user's code, such as `lightning`."""


class RandomState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one generator at one moment."""

    generator: str
    """`random`, `numpy`, `torch`, `torch.cuda:0`, ...."""
    moment: str
    """`first-use` or `end`."""
    digest: str
    """Digest (hex) of the state."""
    pid: int
    place: CodePlace | None = None


class FlagChange(msgspec.Struct, frozen=True, kw_only=True):
    """One moment at which a setting got another value."""

    value: str
    """As Python spells it."""
    pid: int
    time: int
    """Nanoseconds since the start of the run, by the monotonic clock."""
    place: CodePlace | None = None
    by: str = ""
    """Distribution or launcher that made the change when it wasn't the user's code."""


class DeterminismFlag(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that decides whether equal inputs give equal bits."""

    name: str
    """Such as `torch.backends.cudnn.benchmark` or `OMP_NUM_THREADS`."""
    value: str
    """Value at the end of the process that used it first."""
    changes: tuple[FlagChange, ...] = ()
    """In order of time; empty where it kept its first value."""


class TraceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Fingerprints of training steps."""

    level: str
    """`off`, `steps` or `ops`."""
    steps: int = 0
    """Optimizer steps (or fitted states) seen, over all processes."""
    frameworks: tuple[str, ...] = ()
    """`torch`, `keras`, `sklearn`, ..., sorted."""
    file: str = ""
    """Step file, relative to the folder of the run; empty where nothing was traced."""
    digest: str = ""
    """BLAKE3 (hex) of the step file."""
    others: dict[str, str] = {}
    """Digests (BLAKE3) of the step files of further processes, by path."""
    last_loss: float | None = None
    """Loss of the last step seen, as the program returned it."""


class EntropyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What Python got from the operating system's entropy and clock, kept so that an unseeded run replays."""

    file: str
    """Relative to the folder of the run."""
    calls: dict[str, int]
    """Number of calls by source (`os.urandom`, `time.time`, ...)."""
    complete: bool
    """True when every source that was used could be recorded."""
    seeds: tuple[str, ...] = ()
    """Calls that would have made the recording unnecessary, such as `torch.manual_seed(0)` at the top of `train.py`."""


class Perturber(msgspec.Struct, frozen=True, kw_only=True):
    """A library that changes a run by watching it."""

    name: str
    """Distribution."""
    effect: str
    """What it was seen to change, as one sentence without a full stop."""
    place: CodePlace | None = None


class ThreadPool(msgspec.Struct, frozen=True, kw_only=True):
    """One pool of threads under a numerical library of the run."""

    api: str
    """`blas` or `openmp`."""
    library: str
    """`openblas`, `mkl`, `blis`, `libgomp`, ...."""
    version: str = ""
    """Of the library; empty where it doesn't say."""
    architecture: str = ""
    """Kernel that the library chose for this processor, such as `Haswell`."""
    threads: int = 0
    """Most threads that it uses at once."""
    path: str = ""
    """File of the library."""


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the agent saw, over all Python processes."""

    processes: tuple[PythonProcess, ...] = ()
    """In order of their start."""
    seeders: tuple[SeederCall, ...] = ()
    """In order of time."""
    random_states: tuple[RandomState, ...] = ()
    """By process, in order of time."""
    flags: tuple[DeterminismFlag, ...] = ()
    """Sorted by name."""
    trace: TraceSummary = TraceSummary(level="off")
    entropy: EntropyRecord | None = None
    perturbers: tuple[Perturber, ...] = ()
    thread_pools: tuple[ThreadPool, ...] = ()
    gaps: tuple[Gap, ...] = ()
