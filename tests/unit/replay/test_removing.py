"""Working copies go away, whatever rights their folders have."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import os, sys, tempfile
from pathlib import Path
from reprocheck.replay.removing import remove_tree
if os.geteuid() == 0:  # who may do everything
    os.setuid(65534)
outside = Path(tempfile.mkdtemp())
outside.chmod(0o500)
folder = Path(tempfile.mkdtemp())
(folder / "closed" / "inner").mkdir(parents=True)
(folder / "closed" / "inner" / "file").write_text("x")
(folder / "link").symlink_to(outside)
(folder / "closed" / "inner").chmod(0)
(folder / "closed").chmod(0o500)
remove_tree(folder)
print(folder.exists(), oct(outside.stat().st_mode & 0o777))
outside.rmdir()
"""


def test_folders_without_rights_are_removed_and_links_are_not_followed() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False, cwd="/")
    assert not done.stderr
    assert done.stdout.split() == ["False", "0o500"]
