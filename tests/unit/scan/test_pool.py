"""Several processes: a worker that dies takes only its file with it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from reprocheck.project.discovery import ProjectFile, discover
from reprocheck.rulekit import Catalog
from reprocheck.scan import pool
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.file_result import FileResult
from reprocheck.scan.pool import PARALLEL_FROM, analyze_all


class MortalAnalyzer(Analyzer):
    """Ends its process on files whose name says so."""

    def analyze(self, task: ProjectFile, data: bytes | None = None) -> FileResult:
        """Die or go on."""
        match task.path.removesuffix(".py"):
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exits":
                os._exit(7)
            case "raises":
                raise ValueError(task.path)
            case "hangs":
                signal.pause()
        return super().analyze(task, data)


def make_mortal() -> Analyzer:
    """Made anew in each process."""
    return MortalAnalyzer([], Catalog())


def make_plain() -> Analyzer:
    """Made anew in each process."""
    return Analyzer([], Catalog())


def project(root: Path, names: Sequence[str]) -> Sequence[ProjectFile]:
    """Files that are together worth several processes."""
    for name in names:
        (root / f"{name}.py").write_text("# padding\n" * (PARALLEL_FROM // 10 // len(names) + 1), "utf-8")
    return discover(root, []).files


NAMES = [f"m{number:02}" for number in range(20)]


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_file_is_answered_once(tmp_path: Path, jobs: int) -> None:
    files = project(tmp_path, NAMES)
    results = list(analyze_all(files, make_plain, jobs=jobs))
    assert sorted(result.path for result in results) == [file.path for file in files]
    assert {result.unread for result in results} == {""}


@pytest.mark.skipif(sys.platform != "linux", reason="counts on workers being forked")
@pytest.mark.parametrize("culprits", [["killed"], ["exits"], ["killed", "exits", "m99exits"]])
def test_a_worker_that_dies_costs_its_file_only(tmp_path: Path, culprits: list[str]) -> None:
    files = project(tmp_path, [*NAMES, *culprits])
    results = {result.path: result for result in analyze_all(files, make_mortal, jobs=2)}
    assert set(results) == {file.path for file in files}
    dead = {f"{name}.py" for name in culprits if name in {"killed", "exits"}}
    assert {path for path, result in results.items() if result.unread} == dead
    for path in dead:
        (finding,) = results[path].findings
        assert (finding.code, finding.place.path) == ("RPC001", path)
        assert "ended its process" in finding.message


@pytest.mark.skipif(sys.platform != "linux", reason="counts on workers being forked")
def test_a_worker_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FILE_SECONDS", 0.5)
    results = {r.path: r for r in analyze_all(project(tmp_path, [*NAMES, "hangs"]), make_mortal, jobs=2)}
    assert {path for path, result in results.items() if result.unread} == {"hangs.py"}
    assert "took longer" in results["hangs.py"].unread


def test_few_bytes_are_not_worth_processes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("", "utf-8")
    (tmp_path / "b.py").write_text("", "utf-8")
    made: list[int] = []

    def make() -> Analyzer:
        made.append(os.getpid())
        return make_plain()

    assert len(list(analyze_all(discover(tmp_path, []).files, make, jobs=4))) == 2
    assert made == [os.getpid()]


def children() -> set[str]:
    """Processes that this one has started and not yet seen end; other tests may have some."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {number for task in tasks for number in task.read_text("ascii").split()}


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_stopping_early_leaves_no_worker_behind(tmp_path: Path) -> None:
    before = children()
    results = analyze_all(project(tmp_path, NAMES), make_plain, jobs=2)
    next(results)
    assert children() > before
    results.close()  # type: ignore[attr-defined]
    assert children() <= before
