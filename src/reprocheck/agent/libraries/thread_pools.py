"""Numerical libraries that are loaded: which kernels they chose for this processor, and how many threads they use."""

from __future__ import annotations

import os

from ..compiled import module
from ..process import imported_here
from ..watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_LIBRARIES = (
    ("openblas", "blas", "openblas"),
    ("libmkl_rt", "blas", "mkl"),
    ("libblis", "blas", "blis"),
    ("libgomp", "openmp", "libgomp"),
    ("libomp", "openmp", "libomp"),
    ("libiomp", "openmp", "libiomp"),
)
_NAMES = ("", "64_", "_64")


def after_numpy(watch: Watch, _module: ModuleType) -> None:
    """Ask at the end, when everything that was used is there."""
    inherited = [-1]

    def forked() -> None:
        inherited[0] = module.libraries_loaded() if module else -1

    watch.in_child(forked)
    watch.at_end(lambda: _tell(watch, inherited[0]))


def _tell(watch: Watch, inherited: int) -> None:
    """`inherited` is the number of libraries that were there when this process was forked; -1 for not known."""
    if watch.last_inherited is not None:
        has_loaded = module.libraries_loaded() != inherited if module else bool(imported_here(watch))
        if not has_loaded:
            return  # whoever forked it tells
    pools = [pool for path in _loaded() for pool in _pools(path)]
    if pools:
        watch.journal.emit("pools", {"pools": pools})


def _loaded() -> list[str]:
    """Paths of shared libraries in this process, sorted."""
    with open("/proc/self/maps", "rb") as file:
        lines = file.read().split(b"\n")
    paths = {os.fsdecode(line[line.index(b"/") :]) for line in lines if b"/" in line and b".so" in line}
    return sorted(path for path in paths if not path.endswith("(deleted)"))


def _pools(path: str) -> list[dict[str, object]]:
    name = os.path.basename(path)
    for part, api, library in _LIBRARIES:
        if part in name:
            return [_pool(path, api, library)]
    return []


def _pool(path: str, api: str, library: str) -> dict[str, object]:
    import ctypes

    loaded = ctypes.CDLL(path, mode=getattr(os, "RTLD_NOLOAD", 4) | os.RTLD_LAZY)
    pool: dict[str, object] = {"api": api, "library": library, "path": path}
    if api == "openmp":
        pool["threads"] = loaded.omp_get_max_threads()
    elif library == "openblas":
        pool["threads"] = _ask(loaded, "get_num_threads", ctypes.c_int)
        pool["architecture"] = _text(_ask(loaded, "get_corename", ctypes.c_char_p))
        pool["version"] = " ".join(_text(_ask(loaded, "get_config", ctypes.c_char_p)).split()[:2])
    elif library == "mkl":
        pool["threads"] = loaded.MKL_Get_Max_Threads()
    return pool


def _ask(loaded: Any, name: str, result: Any) -> Any:
    """Call a function of OpenBLAS under whichever of its names this build has; None where it has none."""
    for prefix in ("openblas_", "scipy_openblas_"):
        for suffix in _NAMES:
            function = getattr(loaded, prefix + name + suffix, None)
            if function is not None:
                function.restype = result
                return function()
    return None


def _text(value: bytes | None) -> str:
    return value.decode("utf-8", "replace") if value else ""
