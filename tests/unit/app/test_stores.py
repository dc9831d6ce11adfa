"""Which store is used, and what stands in for one that can't be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from reprocheck.app.stores import prepare_store, store_folder, substitutes


def test_the_store_lies_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "reprocheck.toml").write_text("", "utf-8")
    (tmp_path / "inner").mkdir()
    assert store_folder(None, tmp_path / "inner") == tmp_path / ".reprocheck" / "store"
    assert store_folder(tmp_path / "asked", tmp_path) == tmp_path / "asked"


def test_a_store_that_can_be_written_needs_no_substitute(tmp_path: Path) -> None:
    store, gaps = prepare_store(tmp_path / "store", {})
    assert store is not None
    assert (store.folder, gaps) == (tmp_path / "store", ())


def test_substitutes_are_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    home, state = {"HOME": str(tmp_path / "home")}, {"XDG_STATE_HOME": str(tmp_path / "state")}
    private = tmp_path / f"reprocheck-{os.getuid()}" / "store"
    assert list(substitutes(home)) == [tmp_path / "home/.local/state/reprocheck/store", private]
    assert list(substitutes(home | state)) == [tmp_path / "state/reprocheck/store", private]
    assert list(substitutes({"XDG_STATE_HOME": "relative"})) == [private]
    (tmp_path / "file").write_text("", "utf-8")
    store, (gap,) = prepare_store(tmp_path / "file" / "store", {"HOME": "/proc/none"})
    assert store is not None
    assert store.folder == private
    assert "Not a directory" in gap.reason
    assert str(private) in gap.consequence


def test_a_folder_that_others_can_write_is_no_substitute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    private = tmp_path / f"reprocheck-{os.getuid()}"
    private.mkdir()
    private.chmod(0o777)
    assert list(substitutes({})) == []
    private.rmdir()
    private.symlink_to(tmp_path)
    assert list(substitutes({})) == []
    private.unlink()
    assert list(substitutes({})) == [private / "store"]


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    (tmp_path / "file").write_text("", "utf-8")
    store, (gap,) = prepare_store(tmp_path / "file" / "store", {"HOME": str(tmp_path / "file")})
    assert store is None
    assert gap.consequence == "No record is kept"
