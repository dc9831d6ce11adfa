"""NVML is asked by its documented signatures: a library made for the test stands for a driver."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from reprocheck.capture.probes.nvml import NvmlError, ask

_LIBRARY = r"""
#include <string.h>
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
static int started = 0, devices[2];
int nvmlInit_v2(void) { started++; return INIT; }
int nvmlShutdown(void) { started--; return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { strcpy(text, "550.54.15"); return length < 80 ? 7 : 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12040; return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) { *handle = devices + index; return index / 2; }
int nvmlDeviceGetName(void *handle, char *text, unsigned length) {
    strcpy(text, handle == devices ? "First" : "Second");
    return 0;
}
int nvmlDeviceGetUUID(void *handle, char *text, unsigned length) { strcpy(text, "GPU-1"); return 0; }
int nvmlDeviceGetMemoryInfo(void *handle, nvmlMemory_t *memory) { memory->total = 85899345920ULL; return 0; }
int nvmlDeviceGetCudaComputeCapability(void *handle, int *major, int *minor) { *major = 9; *minor = 0; return 0; }
int nvmlDeviceGetEccMode(void *handle, unsigned *now, unsigned *later) { *now = 1; *later = 0; return 0; }
int nvmlDeviceGetMigMode(void *handle, unsigned *now, unsigned *later) { return 3; }
int nvmlDeviceGetClockInfo(void *handle, int kind, unsigned *clock) { *clock = kind == 1 ? 1410 : 1; return 0; }
int nvmlDeviceGetMaxClockInfo(void *handle, int kind, unsigned *clock) { *clock = kind == 1 ? 1980 : 1; return 0; }
"""


def _library(folder: Path, initialised: int) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    source, target = folder / "nvml.c", folder / "libnvidia-ml.so"
    source.write_text(_LIBRARY.replace("INIT", str(initialised)), "utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(target), str(source)], check=True)
    return str(target)


def test_devices_and_driver(tmp_path: Path) -> None:
    stack = ask(_library(tmp_path, 0))
    assert (stack.driver, stack.cuda, stack.source, len(stack.gpus)) == ("550.54.15", "12.4", "nvml", 2)
    first, second = stack.gpus
    assert (first.index, first.name, first.uuid, first.memory) == (0, "First", "GPU-1", 80 << 30)
    assert (first.capability, first.ecc, first.mig) == ("9.0", True, None)
    assert (first.clock, first.max_clock, first.power_limit) == (1410, 1980, 0)
    assert (second.index, second.name) == (1, "Second")


def test_a_driver_that_refuses_says_why(tmp_path: Path) -> None:
    with pytest.raises(NvmlError, match="nvmlInit_v2 answers error 9"):
        ask(_library(tmp_path, 9))


def test_a_missing_library_says_so() -> None:
    with pytest.raises(NvmlError, match="can't be loaded"):
        ask("libno-such-library.so.1")
