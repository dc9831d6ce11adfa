"""Fixes are kept when the finding goes and nothing new comes; the rest is left with a reason."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from reprocheck.app.errors import UsageError
from reprocheck.app.fix_project import (
    Fixed,
    apply_fix,
    fix_project,
    preview_fix,
    try_fixes,
    with_replacements,
    write,
)
from reprocheck.app.scan_project import Scanned, ScanRequest, scan_project
from reprocheck.config import Config, load
from reprocheck.model.finding import Finding
from reprocheck.model.fix import ReplaceExpression, WrapExpression

TRAIN = """\
import os
import random


def rows(folder):
    return [open(name).read() for name in os.listdir(folder)]


if __name__ == "__main__":
    data = rows("data")
    random.shuffle(data)
    print(data[:3])
"""


def silent(done: int, total: int) -> None:
    """No progress."""


def project(tmp_path: Path, files: dict[str, str], select: str = '"DET008"') -> Config:
    (tmp_path / "reprocheck.toml").write_text(f"select = [{select}]\nmin-confidence = 'low'\n", "utf-8")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8", newline="")
    return msgspec.structs.replace(load(tmp_path), cache=False)


def scanned(config: Config) -> Scanned:
    return scan_project(ScanRequest(config=config, targets=[config.root]), silent)


def fixed(config: Config, *, unsafe: bool = False) -> Fixed:
    return fix_project(ScanRequest(config=config, targets=[config.root]), silent, unsafe=unsafe)


def only(config: Config) -> Finding:
    (finding,) = scanned(config).result.findings
    return finding


def test_a_safe_fix_is_done_and_nothing_is_left_for_a_second_run(tmp_path: Path) -> None:
    config = project(tmp_path, {"train.py": TRAIN})
    first = fixed(config)
    assert [finding.code for finding in first.fixed] == ["DET008"]
    assert first.scanned.result.findings == ()
    write(first)
    assert (tmp_path / "train.py").read_text("utf-8") == TRAIN.replace(
        "os.listdir(folder)", "sorted(os.listdir(folder))"
    )
    assert not fixed(config).after


def test_looking_changes_nothing(tmp_path: Path) -> None:
    config = project(tmp_path, {"train.py": TRAIN})
    assert b"+    return [open(name).read() for name in sorted(os.listdir(folder))]" in fixed(config).patch
    assert (tmp_path / "train.py").read_text("utf-8") == TRAIN


def test_what_is_suppressed_is_left_alone(tmp_path: Path) -> None:
    text = TRAIN.replace("(folder)]", "(folder)]  # reprocheck: ignore[DET008] -- one file")
    assert not fixed(project(tmp_path, {"train.py": text})).after


def test_an_unsafe_fix_is_done_on_request(tmp_path: Path) -> None:
    config = project(tmp_path, {"train.py": TRAIN}, '"RNG001"')
    assert not fixed(config).after
    done = fixed(config, unsafe=True)
    assert sorted(done.after) == ["train.py"]
    assert b"\n    random.seed(0)\n    random.shuffle(data)\n" in done.after["train.py"]


def test_a_program_that_draws_from_several_sources_gets_a_helper(tmp_path: Path) -> None:
    text = TRAIN.replace("import random\n", "import random\nimport numpy as np\nimport torch\n")
    drawn = "random.shuffle(data)\n    np.random.shuffle(data)\n    print(torch.rand(2))"
    text = text.replace("random.shuffle(data)", drawn)
    done = fixed(project(tmp_path, {"train.py": text}, '"RNG001"'), unsafe=True)
    assert sorted(done.after) == ["seeding.py", "train.py"]
    assert done.before["seeding.py"] is None


def test_every_program_of_a_folder_is_seeded_by_one_helper(tmp_path: Path) -> None:
    files = {"train.py": TRAIN, "evaluate.py": TRAIN.replace("random.shuffle(data)", "print(random.random())")}
    done = fixed(project(tmp_path, files, '"RNG001"'), unsafe=True)
    assert sorted(done.after) == ["evaluate.py", "seeding.py", "train.py"]
    assert done.after["seeding.py"].count(b"def ") == 1


def test_fixes_of_one_statement_are_done_one_after_the_other(tmp_path: Path) -> None:
    text = """\
import torch
net.load_state_dict(torch.load(torch.load('x', weights_only=False), weights_only=False))
if True:
    weights = torch.load('b', weights_only=False)
else:
    c()
"""
    done = fixed(project(tmp_path, {"load.py": text}, '"ART003", "DBT002"'), unsafe=True)
    after = done.after["load.py"].decode()
    assert after.endswith("weights_only=True))\nweights = torch.load('b', weights_only=True)\n")


def worse_for(config: Config, text: str) -> Finding:
    """The finding of a project whose fix would write something else."""
    finding = only(config)
    assert finding.fix is not None
    edit = finding.fix.edits[0]
    assert isinstance(edit, WrapExpression)
    changed = msgspec.structs.replace(finding.fix, edits=(ReplaceExpression(edit.span, text),))
    return msgspec.structs.replace(finding, fix=changed)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("list(os.listdir(folder))", "the finding would still be there"),
        ("sorted(os.listdir(folder), key=hash) and __import__('pickle').load(open('x'))", "it would bring"),
    ],
)
def test_what_does_not_help_is_left_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    config = project(tmp_path, {"train.py": "import pickle\n" + TRAIN}, '"DET008", "ART003"')
    bad = worse_for(config, text.replace("__import__('pickle')", "pickle"))
    done = try_fixes(ScanRequest(config=config, targets=[config.root]), [bad], silent)
    assert not done.after
    assert [left.reason.startswith(reason) for left in done.left] == [True]


def test_a_preview_is_a_patch(tmp_path: Path) -> None:
    config = project(tmp_path, {"train.py": TRAIN})
    preview = preview_fix(config, only(config))
    assert preview.refused == ""
    assert preview.patch.startswith("diff --git a/train.py b/train.py\n")


def test_one_finding_can_be_fixed_by_itself(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.py": TRAIN, "b.py": TRAIN})
    findings = scanned(config).result.findings
    done = apply_fix(config, findings[1], silent)
    assert [finding.place.path for finding in done.fixed] == ["b.py"]
    assert (tmp_path / "a.py").read_text("utf-8") == TRAIN


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    config = project(tmp_path, {"src/real.py": TRAIN})
    (tmp_path / "src/real.py").chmod(0o750)
    (tmp_path / "train.py").symlink_to("src/real.py")
    write(fixed(config))
    assert stat.S_IMODE(os.stat(tmp_path / "src/real.py").st_mode) == 0o750  # noqa: PTH116
    assert (tmp_path / "train.py").is_symlink()
    assert "sorted(" in (tmp_path / "src/real.py").read_text("utf-8")


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    config = project(tmp_path, {"train.py": TRAIN})
    done = fixed(config)
    (tmp_path / "train.py").write_text("other\n", "utf-8")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        write(done)
    assert (tmp_path / "train.py").read_text("utf-8") == "other\n"


def test_nothing_behind_a_link_that_leads_out_of_the_project_is_written(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "project"
    (outside / "package").mkdir(parents=True)
    for name in ("real.py", "package/inner.py"):
        (outside / name).write_text(TRAIN, "utf-8")
    root.mkdir()
    (root / "linked.py").symlink_to(outside / "real.py")
    (root / "package").symlink_to(outside / "package")
    done = fixed(project(root, {"own.py": TRAIN}, '"DET008", "RNG001"'), unsafe=True)
    write(done)
    assert sorted(done.after) == ["own.py"]
    assert (outside / "real.py").read_text("utf-8") == TRAIN
    assert (outside / "package/inner.py").read_text("utf-8") == TRAIN
    assert sorted(path.name for path in (outside / "package").iterdir()) == ["inner.py"]


def test_a_link_that_is_put_in_place_of_a_file_meanwhile_is_not_followed_out(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    done = fixed(project(root, {"train.py": TRAIN}))
    (tmp_path / "other.py").write_text(TRAIN, "utf-8")
    (root / "train.py").unlink()
    (root / "train.py").symlink_to(tmp_path / "other.py")
    with pytest.raises(UsageError, match="leads out of the project"):
        write(done)
    assert (tmp_path / "other.py").read_text("utf-8") == TRAIN


def test_a_new_file_does_not_replace_one_that_came_meanwhile(tmp_path: Path) -> None:
    files = {"train.py": TRAIN, "evaluate.py": TRAIN.replace("random.shuffle(data)", "print(random.random())")}
    done = fixed(project(tmp_path, files, '"RNG001"'), unsafe=True)
    assert "seeding.py" in done.after
    (tmp_path / "seeding.py").write_text("mine = 1\n", "utf-8")
    with pytest.raises(UsageError, match=r"seeding\.py has changed meanwhile"):
        write(done)
    assert (tmp_path / "seeding.py").read_text("utf-8") == "mine = 1\n"


@pytest.mark.parametrize(
    ("newline", "encoding", "head"),
    [
        ("\r\n", "utf-8", ""),
        ("\r\n", "utf-8-sig", ""),
        ("\n", "latin-1", "# -*- coding: latin-1 -*-\n"),
        ("\r\n", "cp1252", "# coding: cp1252\n"),
    ],
)
def test_line_ends_marks_and_encodings_stay_in_whole_files(
    tmp_path: Path, newline: str, encoding: str, head: str
) -> None:
    config = project(tmp_path, {"train.py": ""})
    text = f"{head}# Größe\n{TRAIN}".replace("\n", newline)
    (tmp_path / "train.py").write_bytes(text.encode(encoding))
    write(fixed(config))
    wanted = text.replace("os.listdir(folder)", "sorted(os.listdir(folder))").encode(encoding)
    assert (tmp_path / "train.py").read_bytes() == wanted


def test_what_a_fix_comes_to_is_worked_out_for_reports(tmp_path: Path) -> None:
    config = project(tmp_path, {"train.py": TRAIN})
    (finding,) = with_replacements(scanned(config).result, config.root).findings
    assert finding.fix is not None
    assert [part.text for part in finding.fix.replacements] == ["sorted(", ")"]
