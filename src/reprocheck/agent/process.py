"""What a process is: how it was started, by which interpreter, with which settings."""

from __future__ import annotations

import os
import sys

from .watch import Watch

_WATCHED = (
    "PYTHON",
    "OMP_",
    "GOMP_",
    "KMP_",
    "MKL_",
    "OPENBLAS_",
    "GOTO_",
    "BLIS_",
    "VECLIB_",
    "NUMEXPR_",
    "NUMBA_",
    "TBB_",
    "CUDA_",
    "CUBLAS",
    "CUDNN_",
    "NCCL_",
    "TORCH",
    "PYTORCH_",
    "ATEN_",
    "ONEDNN_",
    "DNNL_",
    "NVTE_",
    "NVIDIA_",
    "XLA_",
    "TF_",
    "JAX_",
    "KERAS_",
    "MALLOC_",
    "LC_",
)
_WATCHED_NAMES = frozenset(
    [
        "LANG",
        "LANGUAGE",
        "TZ",
        "RANK",
        "LOCAL_RANK",
        "WORLD_SIZE",
        "LOCAL_WORLD_SIZE",
        "GROUP_RANK",
        "SLURM_PROCID",
        "SLURM_NTASKS",
        "SLURM_CPUS_PER_TASK",
        "LOKY_MAX_CPU_COUNT",
        "ROCR_VISIBLE_DEVICES",
        "HIP_VISIBLE_DEVICES",
    ]
)
_WITHOUT_EFFECT = ("_DIR", "_FILE", "_HOME", "_PATH", "OPENBLAS_MAIN_FREE", "PYTHONUNBUFFERED")
"""Ends of names of variables that say where things are, and not what is computed."""
_LAUNCHERS = (
    ("TORCHELASTIC_RUN_ID", "torchrun"),
    ("RAY_JOB_ID", "ray"),
    ("DASK_WORKER_NAME", "dask"),
    ("SUBMITIT_EXECUTOR", "submitit"),
    ("SLURM_JOB_ID", "slurm"),
    ("OMPI_COMM_WORLD_RANK", "mpirun"),
    ("ACCELERATE_MIXED_PRECISION", "accelerate"),
    ("LIGHTNING_ORG_ID", "lightning"),
)
_WORKERS = (
    ("joblib.externals.loky", "joblib"),
    ("loky.backend", "joblib"),
    ("distributed.cli", "dask"),
    ("ray/_private/workers", "ray"),
    ("submitit.core._submit", "submitit"),
)
"""Parts of the command lines by which launchers start their workers."""
_PRIVATE = ("TOKEN", "SECRET", "PASSW", "CREDENTIAL", "APIKEY", "API_KEY", "PRIVATE", "AUTH")
_OPTIONS_WITH_VALUE = "WX"


def is_watched(name: str) -> bool:
    """Whether a variable may decide about results; never one that looks like a credential."""
    if (name not in _WATCHED_NAMES and not name.startswith(_WATCHED)) or name.endswith(_WITHOUT_EFFECT):
        return False
    upper = name.upper()
    return not any(word in upper for word in _PRIVATE)


def watched_environment() -> dict[str, str]:
    """Watched variables with their values, sorted, each cut at 300 characters; the agent's own traces left out."""
    return {
        name: value[:300]
        for name, value in sorted(os.environ.items())
        if is_watched(name) and name != "PYTHONPATH" and "://" not in value
    }


def command_line() -> list[str]:
    """The interpreter's options and the program's name; what follows may hold credentials and is left out."""
    given = getattr(sys, "orig_argv", None)
    if not given:
        try:
            with open("/proc/self/cmdline", "rb", buffering=0) as file:
                given = [os.fsdecode(part) for part in file.read(65536).split(b"\0")[:-1]]
        except OSError:
            return []
    kept = given[:1]
    rest = iter(given[1:])
    for argument in rest:
        if argument == "-c":
            return [*kept, "-c"]
        kept.append(argument)
        if argument == "-m" or (argument.startswith("-") and argument[-1:] in _OPTIONS_WITH_VALUE):
            kept.append(next(rest, ""))
            if argument == "-m":
                return kept
        elif not argument.startswith("-"):
            return kept
    return kept


def launcher(command: list[str]) -> str:
    """The launcher that started this process, by its command or the variables that it leaves; empty for none known."""
    for part, name in _WORKERS:
        if any(part in word for word in command):
            return name
    for variable, name in _LAUNCHERS:
        if variable in os.environ:
            return name
    return ""


def started(watch: Watch, method: str) -> None:
    """Write how this process came to be: `exec` for a fresh interpreter, `fork` for a copy of a running one."""
    fields: dict[str, object] = {"method": method, "parent": os.getppid()}
    command = command_line()
    if method == "exec":
        fields["executable"] = sys.executable or ""
        fields["version"] = " ".join(sys.version.split())
        fields["implementation"] = sys.implementation.name
        fields["prefix"] = sys.prefix
        fields["base_prefix"] = sys.base_prefix
        fields["command"] = command
        fields["hash_seed"] = os.environ.get("PYTHONHASHSEED", "") if not sys.flags.ignore_environment else ""
        fields["hash_randomization"] = sys.flags.hash_randomization
    fields["environment"] = watched_environment()
    fields["launcher"] = launcher(command)
    watch.journal.emit("start", fields)


def modules(watch: Watch) -> list[str]:
    """Top-level names of the modules that this process imported, sorted; private ones left out.

    A forked process leaves out what its parent has imported before: that one has named it, or will.
    """
    return sorted({name.partition(".")[0] for name in imported_here(watch) if not name.startswith("_")})


def imported_here(watch: Watch) -> list[str]:
    """Names of the modules that this process imported itself, the last one first."""
    names = []
    try:
        for name in reversed(sys.modules):
            if name is watch.last_inherited:
                break
            names.append(name)
    except RuntimeError:  # a thread imports something just now
        return list(sys.modules)
    return names
