"""Symbolic links that a command came through, from real runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run, Seen


def links(seen: Seen) -> dict[str, str]:
    return {link.path: link.target for link in seen.files.links or ()}


@pytest.fixture
def root(run: Run) -> Path:
    """A project that has links of many kinds, none in a folder that anything else is read from."""
    root: Path = run("pass").root
    disk = root.parent / "disk"
    for folder in (root / "real", root / "l", disk / "v2"):
        folder.mkdir(parents=True)
    (root / "real" / "y").write_text("y")
    (disk / "v2" / "x").write_text("x")
    (disk / "sets").symlink_to("v2")
    for name, target in {
        "folder": "../real",
        "file": "../real/y",
        "absolute": str(root / "real" / "y"),
        "away": str(disk / "sets"),
        "gone": "nowhere",
        "circle": "circle",
        "unused": "../real/unused",
    }.items():
        (root / "l" / name).symlink_to(target)
    return root


def test_links_on_the_way_to_files_are_noted_with_what_is_written_in_them(run: Run, root: Path) -> None:
    disk = str(root.parent / "disk")
    seen = run("for name in ('l/folder/y', 'l/file', 'l/absolute', 'l/away/x'): open(name).read()")
    assert links(seen) == {
        "l/folder": "../real",
        "l/file": "../real/y",
        "l/absolute": str(root / "real" / "y"),
        "l/away": f"{disk}/sets",
        f"{disk}/sets": "v2",
    }


@pytest.mark.parametrize("name", ["gone", "circle", "circle/x"])
def test_links_that_lead_nowhere_are_noted(run: Run, root: Path, name: str) -> None:
    seen = run(f"try: open('l/{name}')\nexcept OSError: pass")
    assert links(seen) == {
        name.partition("/")[0].join(("l/", "")): (root / "l" / name.partition("/")[0]).readlink().name
    }


@pytest.mark.parametrize(
    "program",
    [
        "open('l/folder/../real/y').read()",
        "open('l/folder/new', 'w').write('n')",
        "import os; os.chdir('l/folder'); open('y').read()",
        "import os; folder = os.open('l/folder', os.O_RDONLY); os.open('y', os.O_RDONLY, dir_fd=folder)",
        "import os; os.rename('l/folder/y', 'l/folder/z')",
        "import os; os.remove('l/folder/y')",
    ],
)
def test_every_kind_of_call_tells_of_the_link(run: Run, root: Path, program: str) -> None:
    assert links(run(program)).get("l/folder") == "../real", root


def test_a_listed_folder_is_noted_with_all_its_links(run: Run, root: Path) -> None:
    seen = run("import os; os.listdir('l')")
    assert {name for name in links(seen) if name.startswith("l/")} == {
        f"l/{item.name}" for item in (root / "l").iterdir()
    }


def test_links_that_the_run_made_are_its_own_work(run: Run, root: Path) -> None:
    seen = run(
        "import os\nos.symlink('real', 'mine'); open('mine/y').read()\n"
        "os.symlink('real', 'tmp'); os.rename('tmp', 'moved'); open('moved/y').read()\n"
        "os.mkdir('out'); os.symlink('../real', 'out/in'); open('out/in/y').read(); os.listdir('out')\n"
    )
    assert links(seen) == {}, root


def test_a_link_that_is_replaced_stands_as_the_run_found_it(run: Run, root: Path) -> None:
    seen = run("import os; open('l/file').read(); os.remove('l/file'); os.symlink('../other', 'l/file')")
    assert links(seen)["l/file"] == "../real/y", root
