"""Digests are remembered for files that have not changed, and for no others."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from reprocheck.store.stat_cache import StatCache


def _old(path: Path, text: str = "x") -> os.stat_result:
    """Status of a file that has not been changed for a while; its time of change can't be set, so it is made up."""
    path.write_text(text, "utf-8")
    os.utime(path, ns=(1, 1))
    fields = [*path.stat()]
    status = path.stat()
    return os.stat_result(fields, {name: 1 if name.endswith("_ns") else getattr(status, name) for name in _EXTRA})


_EXTRA = ("st_atime_ns", "st_mtime_ns", "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev")


def test_a_digest_is_remembered_beyond_the_process(tmp_path: Path) -> None:
    status = _old(tmp_path / "file")
    cache = StatCache(tmp_path / "cache")
    cache.put(status, "abc")
    assert cache.get(status) == "abc"
    assert cache.get(status, "sha256") is None
    cache.close()
    again = StatCache(tmp_path / "cache")
    assert again.get(status) == "abc"
    again.close()


def test_a_changed_file_is_not_known(tmp_path: Path) -> None:
    cache = StatCache(tmp_path / "cache")
    cache.put(_old(tmp_path / "file"), "abc")
    cache.close()
    again = StatCache(tmp_path / "cache")
    assert again.get(_old(tmp_path / "file", "longer")) is None
    again.close()


def test_a_file_that_may_still_change_unseen_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    status = (tmp_path / "file").stat()
    assert time.time_ns() - status.st_mtime_ns < 2e9
    cache = StatCache(tmp_path / "cache")
    cache.put(status, "abc")
    assert cache.get(status) is None
    cache.close()


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"no database" * 100)
    cache = StatCache(tmp_path / "cache")
    status = _old(tmp_path / "file")
    cache.put(status, "abc")
    cache.close()
    again = StatCache(tmp_path / "cache")
    assert again.get(status) == "abc"
    again.close()


def test_a_cache_that_cannot_be_opened_is_empty_and_says_so(tmp_path: Path) -> None:
    cache = StatCache(tmp_path / "none" / "cache")
    assert "cannot be used" in cache.problem
    assert cache.get(_old(tmp_path / "file")) is None
    cache.close()


@pytest.mark.parametrize("inode", [1, (1 << 64) - 1])
def test_the_largest_numbers_fit(tmp_path: Path, inode: int) -> None:
    status = os.stat_result((0o644, inode, inode, 1, 0, 0, 5, 1, 1, 1), dict.fromkeys(_EXTRA, 1))
    cache = StatCache(tmp_path / "cache")
    cache.put(status, "abc")
    cache.close()
    again = StatCache(tmp_path / "cache")
    assert again.get(status) == "abc"
    again.close()
