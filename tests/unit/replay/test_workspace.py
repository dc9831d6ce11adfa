"""Working copies that can't be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from records import plan, record
from reprocheck.model.plan import Need, Origin, Purpose, Sourced
from reprocheck.replay.errors import ReplayError
from reprocheck.replay.workspace import Workspace, lay_out, left_behind


def test_an_input_that_vanishes_while_it_is_copied_has_a_remedy_of_its_own(tmp_path: Path) -> None:
    need = Need(path="in.txt", digest="0" * 64, size=1, purpose=Purpose.INPUT)
    lost = Sourced(need=need, origin=Origin.DISK, place=str(tmp_path / "in.txt"))
    (tmp_path / "copy").mkdir()
    with pytest.raises(ReplayError) as error:
        lay_out(plan(tmp_path, files=(lost,)), tmp_path / "copy", record(), lend=True, progress=lambda _: None)
    assert "No such file" in error.value.reason
    assert "nothing moves or removes files" in error.value.remedy


def test_what_a_run_left_is_named_as_records_name_it_and_is_files_only(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    Path(os.fsdecode(os.fsencode(out) + b"/latin-\xe9.txt")).write_text("a")
    (out / "two\nlines").write_text("b")
    (out / "latest").symlink_to("two\nlines")
    (out / "gone").symlink_to("nowhere")
    os.mkfifo(out / "pipe")
    found = left_behind(Workspace(folder=str(tmp_path), digests={}), lambda _: False)
    assert sorted(found) == [r"out/latin-\xe9.txt", "out/two\nlines"]
    assert found[r"out/latin-\xe9.txt"].read_text() == "a"
