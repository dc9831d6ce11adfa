"""The ledger on disk."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from decided import decision, finding
from reprocheck.triage import ledger_file
from reprocheck.triage.errors import LedgerError
from reprocheck.triage.ledger_file import FILE, change, read
from reprocheck.triage.ledger_text import LedgerText

ONE, TWO = (decision(finding(fingerprint=digit)) for digit in "12")
WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from decided import decision, finding
from reprocheck.triage.ledger_file import change
for number in range(12):
    one = decision(finding(f"{sys.argv[1]}{number}.py"))
    change(Path(), lambda text: text.edited(removed=(), added=[one]))
"""


def add(text: LedgerText) -> LedgerText:
    return text.edited(removed=(), added=[ONE])


def test_a_project_without_a_ledger_has_no_decisions(tmp_path: Path) -> None:
    assert read(tmp_path).decision == ()
    change(tmp_path, lambda text: text)
    assert list(tmp_path.iterdir()) == []


def test_a_change_is_read_back_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    change(tmp_path, add)
    (tmp_path / FILE).chmod(0o640)
    change(tmp_path, lambda text: text.edited(removed=(), added=[TWO]))
    assert read(tmp_path).decision == (ONE, TWO)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o640


def test_a_refusal_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"schema = 1\n\n[[decision]]\n# half a thought\n")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(LedgerError):
        change(tmp_path, add)
    assert (tmp_path / FILE).read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    change(tmp_path, add)
    before = (tmp_path / FILE).read_bytes()
    (tmp_path / f"{FILE}.new").mkdir()
    with pytest.raises(LedgerError, match="cannot be written"):
        change(tmp_path, lambda text: text.edited(removed=(), added=[TWO]))
    assert (tmp_path / FILE).read_bytes() == before


def test_links_pipes_and_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / FILE
    path.symlink_to("/etc/hostname")
    with pytest.raises(LedgerError, match="is a link"):
        read(tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(LedgerError, match="is not a file"):
        read(tmp_path)
    path.unlink()
    monkeypatch.setattr(ledger_file, "MAX_BYTES", 1 << 20)
    path.write_bytes(b"#" * (1 << 20) + b"#")
    with pytest.raises(LedgerError, match="larger than 1 MiB"):
        read(tmp_path)


def test_what_an_editor_saves_meanwhile_is_kept(tmp_path: Path) -> None:
    saved = [ONE]

    def edit(text: LedgerText) -> LedgerText:
        if saved:  # as an editor does, which takes no lock
            other = LedgerText().edited(removed=(), added=[saved.pop()])
            (tmp_path / FILE).write_text(other.render(), "utf-8")
        return text.edited(removed=(), added=[TWO])

    change(tmp_path, edit)
    assert read(tmp_path).decision == (ONE, TWO)


def test_nobody_else_writes_between_reading_and_replacing(tmp_path: Path) -> None:
    def others_can() -> bool:
        descriptor = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    seen = []

    def edit(text: LedgerText) -> LedgerText:
        seen.append(others_can())
        return add(text)

    change(tmp_path, edit)
    assert (seen, others_can()) == ([False], True)


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    support = str(Path(sys.modules["decided"].__file__ or "").parent)
    command = [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*command, name, support], cwd=tmp_path) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert {one.path for one in read(tmp_path).decision} == {f"{name}{n}.py" for name in "ab" for n in range(12)}
