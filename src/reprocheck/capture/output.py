"""The command's standard output as a result: copied on its way to ours, when that is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from reprocheck.capture.hashing import digest_of
from reprocheck.capture.ports import ObjectSink
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import FileRole, FileUse, FileUses, Gap

NAME = "<stdout>"
"""Path under which it stands among the files."""
COPY = "stdout"
"""File in the journal that it is copied to meanwhile."""
_PATIENCE = 5.0
"""Seconds that processes which the command left behind may go on writing."""
_LOOKED_INTO = 16 << 20
_STDOUT = 1


@contextmanager
def standard_output_copied(target: Path | None) -> Iterator[list[Gap]]:
    """Within, our standard output is a pipe to `tee`, which writes to `target` and to what it was before.

    Nothing is done for None. Where it can't be, output goes its usual way and the list that is yielded has a gap.
    """
    gaps: list[Gap] = []
    if target is None:
        yield gaps
        return
    sys.stdout.flush()
    saved = os.dup(_STDOUT)
    reading, writing = os.pipe()
    try:
        tee = subprocess.Popen(  # noqa: S603 — a fixed program
            ["tee", str(target)],  # noqa: S607 — the system's own
            stdin=reading,
            stdout=saved,
            start_new_session=True,  # an interrupt from the terminal is for the command
        )
    except OSError as error:
        gaps.append(Gap("files.stdout", f"tee could not be started: {error.strerror}", "Standard output is not kept"))
        for descriptor in (saved, reading, writing):
            os.close(descriptor)
        yield gaps
        return
    os.close(reading)
    os.dup2(writing, _STDOUT)
    os.close(writing)
    try:
        yield gaps
    finally:
        os.dup2(saved, _STDOUT)
        os.close(saved)
        with suppress(subprocess.TimeoutExpired):
            tee.wait(_PATIENCE)


def with_standard_output(files: FileUses, copy: Path, sink: ObjectSink, secrets: Secrets) -> FileUses:
    """The uses with standard output among them; its content is kept unless it holds credentials.

    The copy is gone afterwards; without a copy nothing changes.
    """
    if not copy.exists():
        return files
    try:
        digest = digest_of(str(copy), sha256=True)
        if digest is None:
            return files
        suspicious = digest.size <= _LOOKED_INTO and secrets.clean_bytes(copy.read_bytes()) != copy.read_bytes()
        stored = () if suspicious else (sink.put_file(copy),)
        copy.unlink()
    except OSError as error:
        gap = Gap("files.stdout", f"standard output could not be kept: {error.strerror}", "It can't be compared")
        return msgspec.structs.replace(files, gaps=(*files.gaps, gap))
    gaps = files.gaps
    if suspicious:
        gap = Gap("files.stdout", "standard output holds something that looks like a credential", "It is not kept")
        gaps = (*gaps, gap)
    use = FileUse(
        path=NAME,
        role=FileRole.OUTPUT,
        after=digest.blake3,
        sha256=digest.sha256,
        size=digest.size,
        stored=stored,
    )
    return msgspec.structs.replace(files, uses=tuple(sorted((*files.uses, use), key=lambda u: u.path)), gaps=gaps)
