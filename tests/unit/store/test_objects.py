"""Objects are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from blake3 import blake3

from reprocheck.store import objects as module
from reprocheck.store.errors import StoreError
from reprocheck.store.files import write_atomically
from reprocheck.store.objects import ObjectStore


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    (tmp_path / "tmp").mkdir()
    return ObjectStore(tmp_path)


def test_content_is_found_under_its_digest(objects: ObjectStore, tmp_path: Path) -> None:
    digest = objects.put(b"content")
    assert digest == blake3(b"content").hexdigest()
    assert objects.path(digest) == tmp_path / digest[:2] / digest[2:]
    assert digest in objects
    assert objects.read(digest) == b"content"
    assert list(objects) == [digest]
    assert objects.put(b"content") == digest


def test_a_file_is_kept_as_it_was_read(objects: ObjectStore, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(data)
    digest = objects.put_file(tmp_path / "file")
    assert objects.read(digest) == data
    assert objects.put_file(tmp_path / "file") == digest


def test_many_files_are_kept_at_once(objects: ObjectStore, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(1500):
        (folder / f"{number}").write_text(str(number % 1200), "utf-8")
    paths = [folder / str(number) for number in range(1500)]
    results = objects.put_files([*paths[:700], folder / "missing", *paths[700:]])
    problem = results.pop(700)
    assert isinstance(problem, FileNotFoundError)
    assert results == [blake3(path.read_bytes()).hexdigest() for path in paths]
    assert sorted(objects) == sorted({str(digest) for digest in results})
    assert all(objects.problem(digest) == "" for digest in objects)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_is_missing_damaged_or_whole_is_told_apart(objects: ObjectStore) -> None:
    digest = objects.put(b"content")
    assert objects.problem(digest) == ""
    objects.path(digest).chmod(0o644)
    objects.path(digest).write_bytes(b"forged")
    assert objects.problem(digest) == "damaged"
    objects.discard(digest)
    objects.discard(digest)
    assert objects.problem(digest) == "missing"
    with pytest.raises(StoreError):
        objects.read(digest)


def test_a_full_disk_leaves_nothing_behind(
    objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "write_all", full)
    with pytest.raises(OSError, match="No space"):
        objects.put(b"content")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_objects_cannot_be_written_by_accident(objects: ObjectStore) -> None:
    assert objects.path(objects.put(b"content")).stat().st_mode & 0o222 == 0


def test_an_interrupted_replacement_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
