"""Real files, edited: decisions stay with their findings, and what is put beside them inherits nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mutations import add_twins, insert_lines, ruff_format
from reprocheck.app.decide import Ruling, View, decide, look
from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.finding import Confidence
from reprocheck.model.ledger import Fit, State

FIXTURES = Path(__file__).parents[2] / "fixtures"
TEXTS = {".py", ".yaml", ".yml", ".toml", ".txt", ".sh"}


def see(config: Config) -> View:
    result = scan_project(ScanRequest(config=config, use_ledger=False), lambda _done, _total: None).result
    # DAT005 compares files with what DVC recorded of them: every edit is a finding of its own.
    wanted = [f for f in result.findings if f.code != "DAT005" and not f.code.startswith("RPC")]
    return look(config, [msgspec.structs.replace(f, suppression=None) for f in wanted], whole=True)


@pytest.fixture(params=["messy_training", "notebook_project", "tabular_sklearn"])
def decided(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Config, View]:
    """A copy of a sample project with every finding accepted."""
    root = tmp_path / "project"
    shutil.copytree(FIXTURES / request.param, root)
    config = Config(root=root, pack="strict", min_confidence=Confidence.LOW, cache=False, jobs=1)
    view = see(config)
    assert len(view.findings) > 2
    decide(config, view, view.findings, Ruling(state=State.ACCEPTED, reason="seen", author="a"))
    return config, view


def insert_everywhere(root: Path) -> None:
    for path in root.rglob("*"):
        if path.suffix in TEXTS or path.name == "Dockerfile":
            text = insert_lines(path.relative_to(root).as_posix(), path.read_text("utf-8"))
            path.write_text(text, "utf-8")


@pytest.mark.parametrize(
    "edit",
    [
        insert_everywhere,
        lambda root: ruff_format(root, width=50, quotes="single"),
        lambda root: ruff_format(root, width=150, quotes="double"),
    ],
    ids=["lines inserted", "formatted narrow", "formatted wide"],
)
def test_every_decision_outlives_edits_that_change_nothing(
    decided: tuple[Config, View], edit: Callable[[Path], None]
) -> None:
    config, before = decided
    edit(config.root)
    after = see(config)
    assert len(after.findings) == len(before.findings)
    assert [s.finding for s in after.standings if s.decision is None] == []
    assert after.unused == ()
    for standing in after.standings:
        assert standing.decision is not None
        assert standing.decision.symbol == standing.finding.symbol


def test_decisions_follow_a_moved_folder_weakly(decided: tuple[Config, View]) -> None:
    config, before = decided
    moved = config.root / "moved"
    moved.mkdir()
    for path in list(config.root.glob("*.py")) + list(config.root.glob("*.ipynb")):
        path.rename(moved / path.name)
    in_code = Counter(f.fingerprint for f in before.findings if f.place.path.endswith((".py", ".ipynb")))
    after = [s for s in see(config).standings if s.finding.place.path.startswith("moved/")]
    kept = [s for s in after if s.decision is not None]
    assert all(s.fit is Fit.RENAMED and s.decision.path == Path(s.finding.place.path).name for s in kept if s.decision)
    # What asks where a file lies, such as an import of a neighbour, is another finding in another folder.
    again = Counter(s.finding.fingerprint for s in after)
    assert len(kept) >= (in_code & again).total() * 0.9
    assert kept


@pytest.mark.parametrize("where", ["before", "after", "end"])
def test_no_twin_of_a_decided_finding_inherits(decided: tuple[Config, View], where: str) -> None:
    config, before = decided
    lines: dict[str, set[int]] = {}
    for finding in before.findings:
        if finding.place.path.endswith(".py"):
            lines.setdefault(finding.place.path, set()).add(finding.place.span.line)
    new: dict[str, set[int]] = {}
    for path, at in lines.items():
        text, new[path] = add_twins((config.root / path).read_text("utf-8"), at, where=where)
        (config.root / path).write_text(text, "utf-8")
    inherited: Counter[str] = Counter()
    old: Counter[str] = Counter()
    for standing in see(config).standings:
        place, fingerprint = standing.finding.place, standing.finding.fingerprint
        if place.span.line in new.get(place.path, ()):
            inherited[fingerprint] += standing.decision is not None
        else:
            old[fingerprint] += 1
    # A rule that reports the first of several places reports the twin in front, and the old one no more.
    free = Counter(f.fingerprint for f in before.findings) - old
    assert inherited <= free
