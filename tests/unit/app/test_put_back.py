"""Files get back what they had."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.errors import UsageError
from reprocheck.app.put_back import put_back


def test_content_and_permissions_come_back_and_new_files_go(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_bytes(b"new")
    script.chmod(0o755)
    (tmp_path / "made.py").write_bytes(b"made")
    put_back(tmp_path, {"run.sh": b"new", "made.py": b"made", "gone.py": None},
             {"run.sh": b"old", "made.py": None, "gone.py": b"back"})  # fmt: skip
    assert script.read_bytes() == b"old"
    assert script.stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "made.py").exists()
    assert (tmp_path / "gone.py").read_bytes() == b"back"


def test_one_file_that_is_otherwise_holds_all_back(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"new")
    (tmp_path / "b.py").write_bytes(b"somebody's")
    with pytest.raises(UsageError, match=r"b\.py has changed since"):
        put_back(tmp_path, {"a.py": b"new", "b.py": b"new"}, {"a.py": b"old", "b.py": b"old"})
    assert (tmp_path / "a.py").read_bytes() == b"new"


def test_nothing_outside_is_written(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_bytes(b"new")
    root = tmp_path / "project"
    root.mkdir()
    (root / "link.py").symlink_to(outside)
    with pytest.raises(UsageError, match="leads out"):
        put_back(root, {"link.py": b"new"}, {"link.py": b"old"})
    assert outside.read_bytes() == b"new"
