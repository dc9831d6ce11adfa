"""Graphics processors: by NVML, else by `nvidia-smi`; without a driver there are none to ask."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from reprocheck.model.record import Gap, Gpu, GpuStack, Package

PATIENCE = 15.0
"""Seconds for each way of asking."""
_SIGNS = ("dev/nvidiactl", "dev/nvidia0", "proc/driver/nvidia/version", "dev/dxg", "dev/nvhost-ctrl")
"""One of these is there where a driver is (the last two: under Windows, on Jetson boards)."""
_OTHERS = {"dev/kfd": "AMD"}
_FIELDS = (
    "index,name,uuid,memory.total,compute_cap,ecc.mode.current,mig.mode.current,clocks.sm,clocks.max.sm,power.limit"
)
_LIBRARY = re.compile(r"nvidia-([a-z-]+?)(?:-cu\d+)?")
_MIB = 1 << 20


def gpu_stack(
    packages: Sequence[Package], environment: Mapping[str, str], root: Path = Path("/")
) -> tuple[GpuStack | None, tuple[Gap, ...]]:
    """Devices, driver, and CUDA libraries among the packages; `root` is where the signs of a driver are looked for."""
    libraries = cuda_libraries(packages)
    if not any((root / sign).exists() for sign in _SIGNS):
        others = [vendor for sign, vendor in _OTHERS.items() if (root / sign).exists()]
        gaps = [
            Gap(
                "environment.gpu",
                f"there is a {vendor} device, which can't be asked",
                "Its model and driver are unknown",
            )
            for vendor in others
        ]
        return (GpuStack(libraries=libraries) if libraries else None), tuple(gaps)
    stack, reason = _by_nvml(environment)
    if stack is None:
        stack, second = _by_command(environment)
        reason = f"{reason}; {second}"
    if stack is None:
        gap = Gap(
            "environment.gpu", f"a driver is there but does not answer: {reason}", "Device and driver are unknown"
        )
        return (GpuStack(libraries=libraries) if libraries else None), (gap,)
    return msgspec.structs.replace(stack, libraries=libraries), ()


def cuda_libraries(packages: Sequence[Package]) -> dict[str, str]:
    """Versions of NVIDIA's libraries that come as packages."""
    found = {}
    for package in packages:
        match = _LIBRARY.fullmatch(package.name.lower().replace("_", "-"))
        if match:
            found[match[1]] = package.version
    return dict(sorted(found.items()))


def _by_nvml(environment: Mapping[str, str]) -> tuple[GpuStack | None, str]:
    output, reason = _output([sys.executable, "-m", "reprocheck.capture.probes.nvml"], environment)
    if output is None:
        return None, reason
    try:
        return msgspec.json.decode(output, type=GpuStack), ""
    except msgspec.DecodeError as error:
        return None, f"the answer of NVML can't be read: {error}"


def _by_command(environment: Mapping[str, str]) -> tuple[GpuStack | None, str]:
    output, reason = _output(
        ["nvidia-smi", f"--query-gpu={_FIELDS},driver_version", "--format=csv,noheader,nounits"], environment
    )
    if output is None:
        return None, reason
    rows = [[cell.strip() for cell in row] for row in csv.reader(output.decode("utf-8", "replace").splitlines()) if row]
    if not rows or any(len(row) != _FIELDS.count(",") + 2 for row in rows):
        return None, "the answer of nvidia-smi can't be read"
    return GpuStack(driver=rows[0][-1], source="nvidia-smi", gpus=tuple(map(_row, rows))), ""


def _row(cells: list[str]) -> Gpu:
    index, name, uuid, memory, capability, ecc, mig, clock, max_clock, power, _ = cells
    return Gpu(
        index=int(_number(index)),
        name=name,
        uuid=uuid,
        memory=int(_number(memory) * _MIB),
        capability=capability if _number(capability) else "",
        ecc=_switch(ecc),
        mig=_switch(mig),
        clock=int(_number(clock)),
        max_clock=int(_number(max_clock)),
        power_limit=int(_number(power) * 1000),
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _switch(text: str) -> bool | None:
    return {"enabled": True, "disabled": False}.get(text.lower())


def _output(command: list[str], environment: Mapping[str, str]) -> tuple[bytes | None, str]:
    try:
        done = subprocess.run(  # noqa: S603 — fixed commands
            command,
            env=dict(environment),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return None, f"{command[0]} took more than {PATIENCE:.0f} s"
    except OSError as error:
        return None, f"{command[0]}: {error.strerror}"
    if done.returncode != 0:
        text = done.stderr.decode("utf-8", "replace").strip() or done.stdout.decode("utf-8", "replace").strip()
        return None, text.splitlines()[-1] if text else f"{command[0]} ended with {done.returncode}"
    return done.stdout, ""
