"""Compares HDF5 and Arrow files in a process of its own.

Their libraries are large, written in C and C++, and not made for hostile files: a crash there ends that process alone,
and the bytes are compared instead.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import msgspec

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context
from reprocheck.compare.tolerances import Tolerances
from reprocheck.model.comparison import Difference

_PATIENCE = 900
"""Seconds."""
_LARGEST_MEMBER = 256 << 20
_HDF5 = b"\x89HDF\r\n\x1a\n"


class Job(msgspec.Struct, frozen=True):
    """What the other process is told."""

    kind: str
    left: str
    right: str
    path: str
    prefix: str
    tolerances: Tolerances


class Answer(msgspec.Struct, frozen=True):
    """What it says; `problem` where the files can't be read."""

    parts: tuple[Difference, ...] = ()
    problem: str = ""


def _compare(kind: str, library: str, left: Content, right: Content, context: Context) -> Difference:
    if find_spec(library) is None:
        raise UnreadableError(f"needs the package `{library}`, which is not installed")
    with tempfile.TemporaryDirectory(prefix="reprocheck-") as folder:
        paths = [_file(side, Path(folder, name)) for side, name in ((left, "left"), (right, "right"))]
        answer = _answer(Job(kind, paths[0], paths[1], context.path, context.prefix, context.tolerances))
    if answer.problem:
        raise UnreadableError(answer.problem)
    return context.gathered(context.path, kind, answer.parts, "" if answer.parts else "layout, packing or free space")


def _file(source: Content, place: Path) -> str:
    """Path of a file with the content; a member of an archive is written out first."""
    if source.path is not None:
        return str(source.path.resolve())
    place.write_bytes(source.all(_LARGEST_MEMBER))
    return str(place)


def _answer(job: Job) -> Answer:
    command = [sys.executable, "-P", "-m", "reprocheck.compare.comparators.isolated_process"]
    try:
        done = subprocess.run(  # noqa: S603 — our own module
            command, input=msgspec.msgpack.encode(job), capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnreadableError(f"could not be read in a process of its own ({type(error).__name__})") from None
    try:
        return msgspec.msgpack.decode(done.stdout, type=Answer)
    except msgspec.DecodeError:
        raise UnreadableError(f"ended the process that read it (status {done.returncode})") from None


def _compare_hdf5(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    return _compare("hdf5", "h5py", left, right, context)


def _compare_parquet(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    return _compare("parquet", "pyarrow", left, right, context)


def _compare_arrow(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    return _compare("arrow", "pyarrow", left, right, context)


def _is_hdf5(probe: Probe) -> bool:
    return probe.head.startswith(_HDF5)


HDF5 = Comparator("hdf5", _is_hdf5, _compare_hdf5)
PARQUET = Comparator("parquet", lambda probe: probe.head.startswith(b"PAR1"), _compare_parquet)
ARROW = Comparator("arrow", lambda probe: probe.head.startswith((b"ARROW1", b"FEA1")), _compare_arrow)
