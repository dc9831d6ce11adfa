"""NVIDIA's management library by ctypes; run as a program, so that a driver that hangs takes nobody with it.

Names and structures: NVML API reference, https://docs.nvidia.com/deploy/nvml-api/.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

import msgspec

from reprocheck.model.record import Gpu, GpuStack

LIBRARY = "libnvidia-ml.so.1"
_TEXT = 96
_SM_CLOCK = 1


class NvmlError(Exception):
    """The library is missing or refuses."""


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def ask(library: str = LIBRARY) -> GpuStack:
    """All devices with the driver; raises NvmlError."""
    try:
        nvml = ctypes.CDLL(library)
    except OSError as error:
        raise NvmlError(f"{library} can't be loaded: {error}") from error
    _call(nvml, "nvmlInit_v2")
    try:
        cuda = ctypes.c_int()
        has_cuda = _works(nvml, "nvmlSystemGetCudaDriverVersion_v2", ctypes.byref(cuda))
        count = ctypes.c_uint()
        _call(nvml, "nvmlDeviceGetCount_v2", ctypes.byref(count))
        return GpuStack(
            driver=_text(nvml, "nvmlSystemGetDriverVersion"),
            cuda=f"{cuda.value // 1000}.{cuda.value % 1000 // 10}" if has_cuda else "",
            source="nvml",
            gpus=tuple(_device(nvml, index) for index in range(count.value)),
        )
    finally:
        _works(nvml, "nvmlShutdown")


def _device(nvml: ctypes.CDLL, index: int) -> Gpu:
    handle = ctypes.c_void_p()
    _call(nvml, "nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
    memory = _Memory()
    _works(nvml, "nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory))
    major, minor = ctypes.c_int(), ctypes.c_int()
    has_capability = _works(
        nvml, "nvmlDeviceGetCudaComputeCapability", handle, ctypes.byref(major), ctypes.byref(minor)
    )
    return Gpu(
        index=index,
        name=_text(nvml, "nvmlDeviceGetName", handle),
        uuid=_text(nvml, "nvmlDeviceGetUUID", handle),
        memory=memory.total,
        capability=f"{major.value}.{minor.value}" if has_capability else "",
        ecc=_mode(nvml, "nvmlDeviceGetEccMode", handle),
        mig=_mode(nvml, "nvmlDeviceGetMigMode", handle),
        clock=_number(nvml, "nvmlDeviceGetClockInfo", handle, ctypes.c_int(_SM_CLOCK)),
        max_clock=_number(nvml, "nvmlDeviceGetMaxClockInfo", handle, ctypes.c_int(_SM_CLOCK)),
        power_limit=_number(nvml, "nvmlDeviceGetEnforcedPowerLimit", handle),
    )


def _mode(nvml: ctypes.CDLL, name: str, handle: ctypes.c_void_p) -> bool | None:
    """The current one of a pair of modes; None where the device has none."""
    current, pending = ctypes.c_uint(), ctypes.c_uint()
    return bool(current.value) if _works(nvml, name, handle, ctypes.byref(current), ctypes.byref(pending)) else None


def _number(nvml: ctypes.CDLL, name: str, *arguments: object) -> int:
    value = ctypes.c_uint()
    return value.value if _works(nvml, name, *arguments, ctypes.byref(value)) else 0


def _text(nvml: ctypes.CDLL, name: str, *arguments: object) -> str:
    buffer = ctypes.create_string_buffer(_TEXT)
    return buffer.value.decode("utf-8", "replace") if _works(nvml, name, *arguments, buffer, _TEXT) else ""


def _works(nvml: ctypes.CDLL, name: str, *arguments: object) -> bool:
    function: Callable[..., int] | None = getattr(nvml, name, None)
    return function is not None and function(*arguments) == 0


def _call(nvml: ctypes.CDLL, name: str, *arguments: object) -> None:
    function: Callable[..., int] | None = getattr(nvml, name, None)
    code = function(*arguments) if function is not None else None
    if code != 0:
        raise NvmlError(f"{name} answers {'nothing' if code is None else f'error {code}'}")


def main() -> int:
    """Print the answer as JSON, or the reason on standard error."""
    try:
        sys.stdout.buffer.write(msgspec.json.encode(ask()))
    except NvmlError as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
