"""What differs inside an archive is found, however the archive holds it, and its packing is no content."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from reprocheck.compare.content import Content
from reprocheck.compare.contents import compare_contents
from reprocheck.compare.context import Context
from reprocheck.model.comparison import Outcome


def stored_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.bin", b"same")
        archive.writestr("weights.bin", data)
    return file.getvalue()


def packed_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.bin", data)
    return file.getvalue()


def tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("weights.bin")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def tar_in_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("all.tar", tar(data))
    return file.getvalue()


def packed_tar(data: bytes) -> bytes:
    return gzip.compress(tar(data), mtime=0)


def objects(data: bytes) -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.array([{"data": data}, None], dtype=object))
    return file.getvalue()


def array(data: bytes) -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.frombuffer(data, np.uint8))
    return file.getvalue()


@pytest.mark.parametrize("size", [4, 300_000], ids=["small", "large"])
@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("stored.zip", stored_zip),
        ("packed.zip", packed_zip),
        ("all.tar", tar),
        ("nested.zip", tar_in_zip),
        ("all.tar.gz", packed_tar),
        ("objects.npz", objects),
        ("array.npz", array),
    ],
)
def test_one_other_byte_in_a_member_diverges(name: str, made: Callable[[bytes], bytes], size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    for place in (0, size - 1):
        other = bytearray(data[:size])
        other[place] ^= 1
        left, right = Content.of_bytes(name, made(data[:size])), Content.of_bytes(name, made(bytes(other)))
        assert compare_contents(left, right, Context(path=name)).outcome is Outcome.DIVERGENT
