"""Measures comparing: equal trees beside stating and hashing them, unequal tensors beside `numpy.array_equal`.

Everything is made in a temporary folder; the largest files are sparse.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from blake3 import blake3
from processes import say

from reprocheck.compare import arrays
from reprocheck.compare.alignment import Artifact
from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.compiled_blocks import Kernels, why_not_compiled
from reprocheck.compare.content import BLOCK
from reprocheck.compare.measuring import Measurement
from reprocheck.compare.number_formats import named_format
from reprocheck.compare.trees import compare_artifacts, compare_trees
from reprocheck.model.comparison import Outcome

Array = npt.NDArray[Any]
MEBIBYTE = 1 << 20
_HALF = 0.5
_SIZE = 256
"""MiB of a measured tensor."""
_FILES, _FILE_SIZE = 2000, 32768
_LARGE_GIBIBYTES = 6
_PEAK = """
import resource, sys
from pathlib import Path
from reprocheck.compare.artifacts import compare_files
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = compare_files(Path(sys.argv[1]), Path(sys.argv[2]), name=Path(sys.argv[1]).name)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(found.outcome, found.kind, before // 1024, after // 1024)
"""


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds, of which the best is taken")
    parser.add_argument("--gibibytes", type=int, default=_LARGE_GIBIBYTES, help="size of the sparse files")
    parser.add_argument("--parts", nargs="+", default=("trees", "tensors", "memory"), help="what to measure")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {os.cpu_count()} cores, load {load:.1f}.\n")
    with tempfile.TemporaryDirectory(prefix="reprocheck-benchmark-") as name:
        folder = Path(name)
        if "trees" in arguments.parts:
            print(trees(folder, arguments.rounds))
        if "tensors" in arguments.parts:
            print(tensors(folder, arguments.rounds))
        if "memory" in arguments.parts:
            print(memory(folder, arguments.gibibytes))


def best(
    actions: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Seconds of each action in its best round: other programs can only make it slower."""
    series: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name, action in actions.items():
            start = clock()
            action()
            if number:  # the first round warms up
                series[name].append(clock() - start)
    for name, times in series.items():
        say(f"{name}: {min(times):.4f} to {max(times):.4f} s")
    return {name: min(times) for name, times in series.items()}


# Trees


def trees(folder: Path, rounds: int) -> str:
    """Two equal folders, with and without known digests."""
    chance = np.random.default_rng(0)
    sides = folder / "left", folder / "right"
    for number in range(_FILES):
        data = chance.bytes(_FILE_SIZE)
        for side in sides:
            place = side / f"part{number % 20}" / f"file{number}.bin"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
    files = [sorted(path for path in side.rglob("*") if path.is_file()) for side in sides]
    digests = {path: blake3(path.read_bytes()).hexdigest() for side in files for path in side}
    known = [
        [Artifact(path=path.relative_to(side).as_posix(), file=path, digest=digests[path]) for path in listed]
        for side, listed in zip(sides, files, strict=True)
    ]

    def same(outcome: Outcome) -> None:
        if outcome is not Outcome.IDENTICAL:
            sys.exit(f"equal trees are {outcome}")

    found = best(
        {
            "stat of every file": lambda: [path.stat() for side in files for path in side],
            "compare, digests known": lambda: same(compare_artifacts(*known).verdict.outcome),
            "BLAKE3 of every file": lambda: [blake3(path.read_bytes()).digest() for side in files for path in side],
            "SHA-256 of every file": lambda: [
                hashlib.sha256(path.read_bytes()).digest() for side in files for path in side
            ],
            "compare, nothing known": lambda: same(compare_trees(*sides).verdict.outcome),
        },
        rounds,
    )
    size = _FILES * _FILE_SIZE / MEBIBYTE
    rows = [
        f"Equal folders of {_FILES:,} files, {size:.0f} MiB a side.\n",
        "| | ms | microseconds per file |",
        "|---|--:|--:|",
    ]
    rows += [f"| {name} | {value * 1e3:.1f} | {value / _FILES * 1e6:.0f} |" for name, value in found.items()]
    return "\n".join([*rows, ""])


# Tensors


def _kinds() -> Iterator[tuple[str, str, Array, Array]]:
    """What differs, the name of the format, and two sides."""
    chance = np.random.default_rng(0)
    count = _SIZE * MEBIBYTE // 4
    base = chance.standard_normal(count, dtype=np.float32)
    single = base.copy()
    single[count // 2] += 1
    yield "one element", "float32", base, single
    del single
    up = np.nextafter(base, np.float32(np.inf))
    yield "every element by 1 ULP", "float32", base, up
    yield "half of the elements by 1 ULP", "float32", base, np.where(chance.random(count) < _HALF, base, up)
    del up
    yield "every element by rounding", "float32", base, base * np.float32(1 + 1e-6)
    noise = np.float32(1e-3) * chance.standard_normal(count, dtype=np.float32)
    yield "every element by noise", "float32", base, base + noise
    yield "other numbers", "float32", base, noise * np.float32(1e3)
    double, noise = base[: count // 2].astype(np.float64), noise[: count // 2]
    yield "every element by 1 ULP", "float64", double, np.nextafter(double, np.inf)
    yield "every element by rounding", "float64", double, double * (1 + 1e-12)
    yield "every element by noise", "float64", double, double + noise
    del double
    # bfloat16 is the upper half of float32
    halves = (base[: count // 2].view(np.uint32) >> 16).astype(np.uint16)
    yield "every element by 1 ULP", "bfloat16", halves, halves ^ np.uint16(1)
    noisy = ((base[: count // 2] + noise).view(np.uint32) >> 16).astype(np.uint16)
    yield "every element by noise", "bfloat16", halves, noisy
    half = base[: count // 2].astype(np.float16)
    yield "every element by noise", "float16", half, (base[: count // 2] + noise).astype(np.float16)
    yield (
        "every element by rounding",
        "complex64",
        base.view(np.complex64),
        (base * np.float32(1 + 1e-6)).view(np.complex64),
    )
    whole = np.arange(count // 2)
    yield "one element", "int64", whole, np.where(whole == count // 4, 7, whole)
    yield "every element by 1", "int64", whole, whole + 1
    yield "other numbers", "int64", whole % 50021, chance.integers(0, 50021, count // 2)
    pixels = chance.integers(0, 256, _SIZE * MEBIBYTE, dtype=np.uint8)
    yield "other numbers", "uint8", pixels, pixels[::-1].copy()


def tensors(folder: Path, rounds: int) -> str:
    """Unequal tensors in memory and in files, measured by NumPy and compiled, beside `numpy.array_equal`."""
    if why := why_not_compiled():
        sys.exit(f"there is no compiled code to be measured: {why}")
    ways = {"NumPy": Kernels(patience=math.inf), "compiled": Kernels(patience=0)}
    rows = [
        f"Tensors of {_SIZE // 4} to {_SIZE} MiB: GB of a side per second, of the processor; for files by the clock.",
        f"Ratios are to `array_equal` (bar: {_HALF}).\n",
        "| | | `array_equal` | NumPy | ratio | compiled | ratio | clock | files, NumPy | ratio | compiled | ratio |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for what, name, left, right in _kinds():
        paths = folder / "left.npy", folder / "right.npy"
        for path, side in zip(paths, (left, right), strict=True):
            np.save(path, side)
        if name == "bfloat16":  # NumPy has no name for it, safetensors has
            paths = _safetensors(folder, left, right)
        equal = left.copy()
        plain = {"array_equal": lambda a=left, b=equal: np.array_equal(a.view(np.uint32), b.view(np.uint32))}  # type: ignore[misc]
        memory = {
            way: lambda n=name, a=left, b=right, k=kernels: _measured(n, a, b, k)  # type: ignore[misc]
            for way, kernels in ways.items()
        }
        files = {
            way: lambda p=paths, k=kernels: _compared(p, k)  # type: ignore[misc]
            for way, kernels in ways.items()
        }
        say(f"{name}, {what}")
        row = f"| {name} | {what} "
        for clock, actions in ((time.process_time, memory), (time.perf_counter, files)):
            found = best(plain | actions, rounds, clock)
            row += f"| {left.nbytes / found['array_equal'] / 1e9:.1f} "
            for way in ways:
                row += f"| {left.nbytes / found[way] / 1e9:.1f} | {found['array_equal'] / found[way]:.2f} "
        rows.append(row + "|")
    return "\n".join([*rows, ""])


def _measured(name: str, left: Array, right: Array, kernels: Kernels) -> None:
    number = named_format(name)
    assert number is not None
    measurement = Measurement(number, kernels=kernels)
    a, b = memoryview(left.view(np.uint8).data), memoryview(right.view(np.uint8).data)
    for start in range(0, len(a), BLOCK):
        measurement.add(a[start : start + BLOCK], b[start : start + BLOCK])


def _compared(paths: tuple[Path, Path], kernels: Kernels) -> None:
    arrays.KERNELS = kernels
    compare_files(*paths, name="t" + paths[0].suffix)


def _safetensors(folder: Path, left: Array, right: Array) -> tuple[Path, Path]:
    paths = folder / "left.safetensors", folder / "right.safetensors"
    for path, side in zip(paths, (left, right), strict=True):
        header = b'{"w":{"dtype":"BF16","shape":[%d],"data_offsets":[0,%d]}}' % (len(side), side.nbytes)
        path.write_bytes(len(header).to_bytes(8, "little") + header + side.tobytes())
    return paths


# Memory


def memory(folder: Path, gibibytes: int) -> str:
    """Peak memory of comparing sparse files of many gibibytes."""
    size = gibibytes << 30
    rows = [
        f"Two sparse files of {gibibytes} GiB each that differ in their last element.\n",
        "| | outcome | s | MiB before | MiB at most |",
        "|---|---|--:|--:|--:|",
    ]
    header = b'{"w":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}' % (size // 4, size)
    start = len(header).to_bytes(8, "little") + header
    for name, beginning in (("safetensors", start), ("bin", b"\x00\xff\x00")):
        paths = [folder / f"{side}.{name}" for side in ("left", "right")]
        for path, last in zip(paths, (b"\0\0\0\0", b"\0\0\x80\x3f"), strict=True):
            with path.open("wb") as file:
                file.write(beginning)
                file.seek(len(beginning) + size - 4)
                file.write(last)
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", _PEAK, *map(str, paths)], capture_output=True, check=True)
        took = time.perf_counter() - began
        outcome, kind, before, after = done.stdout.decode().split()
        rows.append(f"| {name} ({kind}) | {outcome} | {took:.1f} | {before} | {after} |")
        for path in paths:
            path.unlink()
    return "\n".join([*rows, ""])


if __name__ == "__main__":
    main()
