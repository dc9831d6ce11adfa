"""What belongs to a project and what is left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprocheck.project import discovery
from reprocheck.project.discovery import Discovery, Note, discover
from reprocheck.project.file_kinds import SHEBANG_LIMIT, FileKind, kind_of


def plant(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def paths(found: Discovery) -> list[str]:
    return [file.path for file in found.files]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/train.py", FileKind.PYTHON),
        ("gui.pyw", FileKind.PYTHON),
        ("stub.pyi", FileKind.OTHER),
        ("x.ipynb", FileKind.NOTEBOOK),
        ("conf/a.yaml", FileKind.YAML),
        ("conf/a.YML", FileKind.YAML),
        ("dvc.lock", FileKind.YAML),
        ("pyproject.toml", FileKind.TOML),
        ("Pipfile", FileKind.TOML),
        (".devcontainer/devcontainer.json", FileKind.JSON),
        ("tsconfig.jsonc", FileKind.JSON),
        ("Dockerfile", FileKind.DOCKERFILE),
        ("Dockerfile.gpu", FileKind.DOCKERFILE),
        ("Dockerfile.dockerignore", FileKind.OTHER),
        ("gpu.dockerfile", FileKind.DOCKERFILE),
        ("Containerfile", FileKind.DOCKERFILE),
        ("requirements.txt", FileKind.REQUIREMENTS),
        ("dev-requirements.in", FileKind.REQUIREMENTS),
        ("requirements/base.txt", FileKind.REQUIREMENTS),
        ("sub/requirements/base.in", FileKind.REQUIREMENTS),
        ("constraints-gpu.txt", FileKind.REQUIREMENTS),
        ("notes.txt", FileKind.OTHER),
        ("run.sh", FileKind.SHELL),
        ("Makefile", FileKind.MAKEFILE),
        (".py", FileKind.OTHER),
        ("model.pt", FileKind.OTHER),
    ],
)
def test_kind_follows_from_the_name(path: str, kind: FileKind) -> None:
    assert kind_of(path) is kind


def test_files_are_sorted_and_carry_location_kind_and_size(tmp_path: Path) -> None:
    plant(tmp_path, {"b.py": "x = 1\n", "a/z.yml": "", "a.bin": "123"})
    found = discover(tmp_path, [])
    assert [(f.path, f.kind, f.size) for f in found.files] == [
        ("a.bin", FileKind.OTHER, 3),
        ("a/z.yml", FileKind.YAML, 0),
        ("b.py", FileKind.PYTHON, 6),
    ]
    assert found.files[1].absolute == tmp_path / "a" / "z.yml"
    assert found.notes == ()


def test_first_line_tells_scripts_without_extension(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "train": "#!/usr/bin/env python3\nprint()\n",
            "launch": "#!/bin/bash -e\n",
            "plain": "python\n",
            "rubyish": "#!/usr/bin/env ruby\n",
            "data.bin": "#!/usr/bin/python\n",
        },
    )
    (tmp_path / "big").write_text("#!/usr/bin/python\n" + "#" * SHEBANG_LIMIT)
    (tmp_path / "tool").write_text("#!/usr/bin/python\n" + "#" * SHEBANG_LIMIT)
    (tmp_path / "tool").chmod(0o755)
    kinds = {file.path: file.kind for file in discover(tmp_path, []).files}
    assert kinds == {
        "train": FileKind.PYTHON,
        "launch": FileKind.SHELL,
        "plain": FileKind.OTHER,
        "rubyish": FileKind.OTHER,
        "data.bin": FileKind.OTHER,
        "big": FileKind.OTHER,
        "tool": FileKind.PYTHON,
    }


def test_caches_and_environments_are_left_out(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "keep.py": "",
            "build/kept.py": "",
            "x.dvc/cache/kept": "",
            ".venv/pyvenv.cfg": "",
            ".venv/lib/a.py": "",
            "myenv/pyvenv.cfg": "",
            "myenv/a.py": "",
            "venv/not_an_environment.py": "",
            "conda/conda-meta/history": "",
            "conda/a.py": "",
            "node_modules/a.py": "",
            "sub/__pycache__/a.py": "",
            "sub/.ipynb_checkpoints/a.ipynb": "{}",
            ".dvc/cache/aa": "",
            ".dvc/config": "",
            "site-packages/a.py": "",
        },
    )
    assert paths(discover(tmp_path, [])) == [
        ".dvc/config",
        "build/kept.py",
        "keep.py",
        "venv/not_an_environment.py",
        "x.dvc/cache/kept",
    ]


def test_whitelist_of_patterns_keeps_what_git_keeps(tmp_path: Path) -> None:
    plant(tmp_path, {".gitignore": "*\n!*/\n!*.py\n", "a/b.py": "", "a/c.txt": "", "d.py": ""})
    assert paths(discover(tmp_path, [])) == ["a/b.py", "d.py"]


@pytest.mark.parametrize(
    "pattern", ["*a" * 20 + "*b", "/" + "*a" * 20 + "*b", "**/a/" * 20 + "b", "x/" + "**/*a*a/" * 9]
)
def test_patterns_of_many_stars_are_decided_in_no_time(tmp_path: Path, pattern: str) -> None:
    """Tried one way after the other they would take years."""
    kept = ["a" * 80, f"x/{'/'.join('a' * 40)}/{'a' * 80}"]
    plant(tmp_path, {".gitignore": f"{pattern}\n", **dict.fromkeys(kept, "")})
    assert paths(discover(tmp_path, [])) == [".gitignore", *kept]


def test_inner_ignore_file_outweighs_the_outer(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {".gitignore": "*.log\n", "a/.gitignore": "!keep.log\n", "a/keep.log": "", "a/b.log": "", "keep.log": ""},
    )
    assert paths(discover(tmp_path, [])) == [".gitignore", "a/.gitignore", "a/keep.log"]


def test_parents_up_to_the_top_of_the_work_tree_count(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".gitignore": "*.py\n",
            "repo/.git/info/exclude": "secret.txt\n",
            "repo/.gitignore": "/sub/drop.txt\n*.tmp\n",
            "repo/sub/drop.txt": "",
            "repo/sub/deep/drop.txt": "",
            "repo/sub/secret.txt": "",
            "repo/sub/x.tmp": "",
            "repo/sub/kept.py": "",
        },
    )
    assert paths(discover(tmp_path / "repo" / "sub", [])) == ["deep/drop.txt", "kept.py"]


def test_nearer_parent_outweighs_the_farther(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".git/HEAD": "",
            "a/.gitignore": "*.dat\n",
            "a/b/.gitignore": "!keep.dat\n",
            "a/b/c/keep.dat": "",
            "a/b/c/drop.dat": "",
        },
    )
    assert paths(discover(tmp_path / "a" / "b" / "c", [])) == ["keep.dat"]
    assert paths(discover(tmp_path, [Path("a/b/c")])) == ["a/b/c/keep.dat"]


def test_exclude_of_a_linked_work_tree_is_found_in_the_main_repository(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "main/.git/info/exclude": "*.tmp\n",
            "main/.git/worktrees/w/commondir": "../..\n",
            "w/.git": f"gitdir: {tmp_path}/main/.git/worktrees/w\n",
            "w/a.tmp": "",
            "w/a.py": "",
        },
    )
    assert paths(discover(tmp_path / "w", [])) == [".git", "a.py"]


def test_repository_inside_has_rules_of_its_own(tmp_path: Path) -> None:
    plant(tmp_path, {".gitignore": "*.py\n", "inner/.git/HEAD": "", "inner/a.py": "", "b.py": ""})
    assert paths(discover(tmp_path, [])) == [".gitignore", "inner/a.py"]


def test_ignore_files_can_be_disregarded(tmp_path: Path) -> None:
    plant(tmp_path, {".gitignore": "*.py\n", "a.py": ""})
    assert paths(discover(tmp_path, [], respect_gitignore=False)) == [".gitignore", "a.py"]


def test_named_targets_are_taken_though_ignored(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".gitignore": "out/\na.py\n*.log\n",
            "out/x.py": "",
            "out/x.log": "",
            "a.py": "",
            "b.py": "",
            ".venv/pyvenv.cfg": "",
            ".venv/lib/x.py": "",
        },
    )
    assert paths(discover(tmp_path, [Path("a.py"), tmp_path / "out"])) == ["a.py", "out/x.py"]
    assert paths(discover(tmp_path, [Path(".venv"), Path(".venv/lib")])) == [".venv/lib/x.py", ".venv/pyvenv.cfg"]


def test_missing_and_foreign_targets_are_noted(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    found = discover(tmp_path / "root", [Path("gone.py"), Path("../elsewhere")])
    assert found.files == ()
    assert found.notes == (Note(f"{tmp_path}/elsewhere", "lies outside the root"), Note("gone.py", "does not exist"))


def test_exclude_patterns_are_relative_to_the_root(tmp_path: Path) -> None:
    plant(tmp_path, {"a/x.py": "", "b/a/x.py": "", "b/y.py": "", "b/z.py": ""})
    assert paths(discover(tmp_path, [], exclude=["/a", "b/*.py", "!b/y.py"])) == ["b/a/x.py", "b/y.py"]


def test_include_brings_back_what_is_left_out(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            ".gitignore": "build/\n*.gen.py\n",
            "build/generated/a.py": "",
            "build/generated/a.txt": "",
            "build/b.py": "",
            "x.gen.py": "",
            "node_modules/kept/k.py": "",
            "node_modules/n.py": "",
        },
    )
    assert paths(discover(tmp_path, [], include=["build/generated/*.py", "*.gen.py", "/node_modules/kept/"])) == [
        ".gitignore",
        "build/generated/a.py",
        "node_modules/kept/k.py",
        "x.gen.py",
    ]


def test_links_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    plant(tmp_path, {"root/real.py": "", "outside.py": "", "other/o.py": ""})
    (root / "alias.py").symlink_to("real.py")
    (root / "broken.py").symlink_to("nowhere.py")
    (root / "out.py").symlink_to("../outside.py")
    (root / "loop").symlink_to(".")
    (root / "away").symlink_to("../other")
    found = discover(root, [])
    message = "is a symbolic link that leads out of the root; not followed"
    assert paths(found) == ["real.py"]
    assert found.notes == (Note("away", message), Note("out.py", message))


def test_root_reached_through_a_link_is_still_the_root(tmp_path: Path) -> None:
    plant(tmp_path, {"real/a.py": ""})
    (tmp_path / "real" / "alias.py").symlink_to("a.py")
    (tmp_path / "link").symlink_to("real")
    found = discover(tmp_path / "link", [])
    assert (paths(found), found.notes) == (["a.py"], ())


def test_pipes_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / ".gitignore")
    found = discover(tmp_path, [])
    assert (found.files, found.notes) == ((), ())
    assert discover(tmp_path, [Path("pipe")]).notes == (Note("pipe", "is neither a file nor a directory"),)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_directory_is_noted(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": "", "closed/b.py": ""})
    (tmp_path / "closed").chmod(0)
    found = discover(tmp_path, [])
    (tmp_path / "closed").chmod(0o755)
    assert (paths(found), found.notes) == (["a.py"], (Note("closed", "can't be read: Permission denied"),))


def test_oversized_files_are_noted_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "TEXT_LIMIT", discovery.MEBIBYTE)
    plant(tmp_path, {"a.py": "#" * (discovery.MEBIBYTE + 1), "data.bin": "#" * (discovery.MEBIBYTE + 1), "b.py": "#"})
    found = discover(tmp_path, [])
    assert {file.path: file.kind for file in found.files} == {
        "a.py": FileKind.OTHER,
        "b.py": FileKind.PYTHON,
        "data.bin": FileKind.OTHER,
    }
    assert found.notes == (Note("a.py", "is larger than 1 MiB; not read"),)


def test_name_that_is_no_text_is_noted(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).write_text("")
    except OSError:
        pytest.skip("the file system takes only UTF-8 names")
    found = discover(tmp_path, [])
    assert (found.files, found.notes) == ((), (Note("\\xff.py", "has a name that is not UTF-8"),))
