"""Repositories that DVC made and that were then damaged: what we say of each is what `dvc status` said.

The cases are written by `benchmarks/dvc_oracle.py --write`, which compares hundreds more with a DVC at hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reprocheck.project.index.pipelines import Pipelines
from reprocheck.project.pipelines.dvc_status import Change, What
from reprocheck.project.work_tree import DiskTree

CASES = [json.loads(line) for line in (Path(__file__).parent / "made_by_dvc.jsonl").read_text("utf-8").splitlines()]


def written(root: Path, files: dict[str, str]) -> Pipelines:
    """A case on disk."""
    for name, text in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return Pipelines(files, DiskTree(root))


def entry(change: Change) -> tuple[str, str]:
    """The place and the key that DVC names an entry by."""
    match change.what:
        case What.COMMAND:
            return "command", ""
        case What.ALWAYS:
            return "always", ""
        case What.OUT:
            return f"out {change.path}", ""
        case _:
            return f"dep {change.path}", change.key


def report(pipelines: Pipelines) -> dict[str, dict[str, Any]]:
    """What we say, in the form in which DVC's answers are kept."""
    found: dict[str, dict[str, Any]] = {}
    for file, stage in pipelines.stages:
        said: dict[str, Any] = {}
        for change in pipelines.changes(file, stage):
            name, key = entry(change)
            state = "changed" if name in ("command", "always") else change.state.value
            if key:
                said.setdefault(name, {})[key] = state
            else:
                said[name] = state
        if said:
            is_local = "/" not in file.path or file.path.endswith(".dvc")
            address = file.path if file.path.endswith(".dvc") else stage.name
            found[address if is_local else f"{file.path}:{stage.name}"] = said
    return found


@pytest.mark.parametrize("case", CASES, ids=[" ".join(case["damage"]) for case in CASES])
def test_a_damaged_repository_is_told_as_dvc_tells_it(case: dict[str, Any], tmp_path: Path) -> None:
    pipelines = written(tmp_path, case["files"])
    assert report(pipelines) == case["status"]
    assert [file.unread for file in pipelines.dvc if file.unread] == []


def test_the_cases_have_repositories_that_are_up_to_date_and_every_state() -> None:
    texts = [json.dumps(case["status"]) for case in CASES]
    assert "{}" in texts
    assert all(any(state in text for text in texts) for state in ("deleted", "modified", "new", "command"))
