"""The baseline file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.triage.baseline import Baseline, BaselineError, Entry, read, write

ENTRIES = (
    Entry("a.py", "ART003", "f", "00ff", "aa", 'says "pickle"\nand more'),
    Entry("größe.py", "DET001", "", "00aa", "", "m"),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "baseline.json"
    write(path, Baseline(1, ENTRIES))
    assert read(path) == Baseline(1, ENTRIES)
    assert len(path.read_text("utf-8").splitlines()) == 2 + len(ENTRIES)
    assert [p.name for p in path.parent.iterdir()] == ["baseline.json"]


def test_empty_baseline_is_readable(tmp_path: Path) -> None:
    write(tmp_path / "b.json", Baseline(1, ()))
    assert read(tmp_path / "b.json") == Baseline(1, ())


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    write(path, Baseline(1, ENTRIES))
    (tmp_path / "b.json.new").mkdir()
    with pytest.raises(BaselineError, match="cannot be written"):
        write(path, Baseline(1, ()))
    assert read(path) == Baseline(1, ENTRIES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff", "damaged"),
        (b"[]", "damaged"),
        (b'{"schema": 1}', "damaged"),
        (b'{"schema": 1, "findings": [{"path": 3}]}', "damaged"),
        (b'{"schema": 2, "findings": []}', "newer reprocheck"),
    ],
)
def test_file_that_is_no_baseline_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(data)
    with pytest.raises(BaselineError, match=message):
        read(path)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="baseline create"):
        read(tmp_path / "none.json")
    with pytest.raises(BaselineError, match="cannot be read"):
        read(tmp_path)
