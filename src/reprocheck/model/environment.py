"""What a run stood on: interpreter, packages, machine, settings, code."""

from __future__ import annotations

import msgspec

from reprocheck.model.observation import ThreadPool


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """The Python that ran the command."""

    executable: str
    """Absolute path, as the command found it."""
    version: str
    """Such as `3.11.7`."""
    implementation: str
    """Such as `CPython`."""
    build: str
    """`sys.version` on one line: build date and compiler."""
    prefix: str
    """Folder of the environment."""
    base_prefix: str
    """Folder of the interpreter that the environment was made from."""
    paths: tuple[str, ...] = ()
    """Folders in which packages were looked for."""
    digest: str = ""
    """BLAKE3 (hex) of the executable."""


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One installed distribution of the user's environment."""

    name: str
    version: str
    location: str
    """Folder that holds its metadata."""
    installer: str = ""
    """`pip`, `uv`, `conda`, ...; empty where it isn't said."""
    requested: bool = False
    """True when a person asked for it; False when it came as a dependency."""
    tags: tuple[str, ...] = ()
    """Wheel tags."""
    direct_url: str = ""
    """Where it came from when not from an index, without credentials; with `@COMMIT` for a repository."""
    editable: bool = False
    """True when its code lies in a working folder: then it is code, not environment."""
    record: str = ""
    """BLAKE3 (hex) of its RECORD; empty where it has none."""
    used: bool | None = None
    """Whether the run opened one of its files; None where it can't be told."""
    checked: int = 0
    """Files compared with RECORD."""
    modified: tuple[str, ...] = ()
    """Files that are not what RECORD says they were at installation, relative to `location`; sorted."""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """A lock file from which the environment can be rebuilt."""

    format: str
    """`pylock.toml` or `conda-explicit`."""
    tool: str
    """Program that made it, with its version."""
    digest: str
    """BLAKE3 (hex) of the stored file."""
    packages: int
    """Packages in it."""
    hashed: int
    """Packages that it gives a hash for."""


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """The container that the run was in."""

    kind: str
    """`docker`, `podman`, `kubernetes`, `singularity`, `lxc` or `unknown`."""
    id: str = ""
    """Hexadecimal id that the engine gave it; empty where nothing inside says it."""
    image: str = ""
    """Name of the image, where something in the container says it."""
    image_digest: str = ""
    """Id or digest of the image, where something in the container says it."""
    source: str = ""
    """What told it, such as `/.dockerenv`."""


class OperatingSystem(msgspec.Struct, frozen=True, kw_only=True):
    """System and C library."""

    name: str
    """Such as `Debian GNU/Linux 12 (bookworm)`."""
    kernel: str
    """Release of the kernel, such as `6.1.0`."""
    machine: str
    """Such as `x86_64`."""
    libc: str
    """Such as `glibc 2.36`."""


class Processor(msgspec.Struct, frozen=True, kw_only=True):
    """The processor and how much of it the run may use."""

    model: str
    """As the kernel names it."""
    vendor: str
    """Such as `AuthenticAMD`; empty where the kernel doesn't say."""
    flags: tuple[str, ...]
    """Instruction sets, sorted."""
    microcode: str = ""
    """Revision; empty where the kernel doesn't say."""
    logical: int = 0
    """Processors that the system has."""
    usable: int = 0
    """Processors that the process may run on."""
    quota: float | None = None
    """Processors granted by the control group; None where there is no limit."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Memory in bytes."""

    total: int
    """Of the machine."""
    available: int
    """At the end of the run."""
    swap: int
    """Swap space of the machine."""
    limit: int | None = None
    """Limit of the control group; None where there is none."""


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """One graphics processor."""

    index: int
    """As the driver counts, from 0."""
    name: str
    uuid: str = ""
    """The driver's own id of the device."""
    memory: int = 0
    """Bytes."""
    capability: str = ""
    """Compute capability, such as `9.0`."""
    ecc: bool | None = None
    """Whether memory errors are corrected; None where the device can't."""
    mig: bool | None = None
    """Whether it is divided."""
    clock: int = 0
    """Clock of its multiprocessors in MHz when it was asked."""
    max_clock: int = 0
    """MHz."""
    power_limit: int = 0
    """Milliwatts."""


class GpuStack(msgspec.Struct, frozen=True, kw_only=True):
    """Graphics processors and the software under them."""

    driver: str = ""
    """Version; empty where only libraries are known."""
    cuda: str = ""
    """Highest CUDA version that the driver serves."""
    source: str = ""
    """`nvml` or `nvidia-smi`."""
    gpus: tuple[Gpu, ...] = ()
    """In the driver's order."""
    libraries: dict[str, str] = {}
    """Version by library (`cudnn`, `nccl`, `cublas`, ...) as the installed packages name them."""


class Locale(msgspec.Struct, frozen=True, kw_only=True):
    """Language, encoding and time zone."""

    language: str
    """What `LC_ALL`, `LC_CTYPE` or `LANG` say; `C` where none is set."""
    encoding: str
    """Encoding that the language names; empty where it names none."""
    timezone: str
    """`TZ`, else the name of the system's zone; empty where it isn't known."""
    utc_offset: int
    """Seconds east of Greenwich at the start of the run."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything under the code; a None or empty part has a gap that says why."""

    interpreter: Interpreter | None = None
    packages: tuple[Package, ...] = ()
    """Sorted by name."""
    lock: Lock | None = None
    conda: str = ""
    """Prefix of the conda environment; empty where there is none."""
    container: Container | None = None
    """None outside of containers."""
    system: OperatingSystem | None = None
    processor: Processor | None = None
    memory: Memory | None = None
    gpu: GpuStack | None = None
    """None where there is no graphics processor or none can be asked (then there is a gap)."""
    thread_pools: tuple[ThreadPool, ...] = ()
    locale: Locale | None = None
    limits: dict[str, str] = {}
    """Soft limits by name (`nofile`, `stack`, ...), bytes or counts; `unlimited`."""
    umask: str = ""
    """Octal."""
    variables: dict[str, str] = {}
    """Variables of the allow-list with their values."""
    variable_names: tuple[str, ...] = ()
    """Names of all other variables, sorted; their values are not kept."""


class CodeFile(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A source file of the project that the run used."""

    path: str
    """Relative to the root of the run where it lies under it, else absolute; POSIX."""
    digest: str
    """BLAKE3 (hex)."""
    size: int
    """Bytes."""
    tracked: bool | None = None
    """Whether git knows it; None outside of repositories."""
    stored: bool = False
    """True when the content lies in the store."""


class Submodule(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A submodule of the repository."""

    path: str
    commit: str
    """Commit that is checked out; empty where it isn't initialised."""
    changed: bool
    """True when it is not at the commit that the repository asks for, or has changes of its own."""


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a git working tree."""

    root: str
    """Absolute path of the working tree."""
    commit: str
    """Empty before the first commit."""
    branch: str = ""
    """Empty on a detached head."""
    describe: str = ""
    """`git describe --always --tags`."""
    remotes: dict[str, str] = {}
    """URL by name, without credentials."""
    dirty: bool = False
    """True when tracked files differ from the commit."""
    diff: str = ""
    """BLAKE3 (hex) of the stored `git diff --binary HEAD`; empty where there is none."""
    diff_size: int = 0
    """Bytes of the difference."""
    diff_exact: bool = True
    """False when something that looks like a credential was taken out: then the difference can't be applied."""
    changed: tuple[str, ...] = ()
    """Tracked files that differ, sorted."""
    submodules: tuple[Submodule, ...] = ()
    lfs_pointers: tuple[str, ...] = ()
    """Files used by the run that are pointers of git LFS and not the content that they stand for."""


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """The program that ran."""

    repository: Repository | None = None
    """None where there is none or git is missing (then there is a gap)."""
    files: tuple[CodeFile, ...] = ()
    """Source files that the run used, sorted by path."""
