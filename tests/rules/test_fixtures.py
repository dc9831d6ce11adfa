"""The sample projects are reported for what is planted in them, and for nothing else."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load
from reprocheck.model.scan_result import ScanResult
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.examples import expectations

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
PROJECTS = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())
CLEAN = "clean_reference"
Expected = set[tuple[str, int, str]]


def planted(project: Path) -> Expected:
    """Path, line and code of everything that a project is marked to be reported for."""
    found: Expected = set()
    for path in sorted(project.rglob("*")):
        name = path.relative_to(project).as_posix()
        if not path.is_file() or kind_of(name) in {FileKind.OTHER, FileKind.JSON, FileKind.NOTEBOOK}:
            continue
        for line, codes in expectations(path.read_text("utf-8")).items():
            found |= {(name, line, code) for code in codes}
    beside = project / "expected.toml"
    if beside.exists():
        for name, lines in tomllib.loads(beside.read_text("utf-8")).items():
            found |= {(name, int(line), code) for line, codes in lines.items() for code in codes}
    return found


def scanned(name: str, tmp_path: Path) -> ScanResult:
    """Result of a scan under the default settings, in a copy that lies in no repository."""
    root = tmp_path / name
    shutil.copytree(FIXTURES / name, root)
    config = load(root, overrides={"cache": False}, isolated=True)
    return scan_project(ScanRequest(config=config), lambda _done, _total: None).result


@pytest.mark.parametrize("name", PROJECTS)
def test_project_is_reported_for_what_is_planted_and_nothing_else(name: str, tmp_path: Path) -> None:
    result = scanned(name, tmp_path)
    found = {(f.place.path, f.place.span.line, f.code) for f in result.findings}
    expected = planted(FIXTURES / name)
    assert {"missed": sorted(expected - found), "too much": sorted(found - expected)} == {"missed": [], "too much": []}
    assert result.incomplete == ()


def test_every_rule_that_shows_by_default_is_planted() -> None:
    rules = load_knowledge(KnowledgeSources()).rules
    expected = {code for name in PROJECTS for _, _, code in planted(FIXTURES / name)}
    shown = {code for code, rule in rules.items() if rule.info.severity != "note" and rule.info.confidence != "low"}
    assert sorted(shown - expected) == []


def test_every_kind_of_file_is_among_the_projects() -> None:
    kinds = {kind_of(path.name) for path in FIXTURES.rglob("*") if path.is_file()}
    assert set(FileKind) - kinds - {FileKind.MAKEFILE} == set()


def test_clean_project_has_nothing_planted() -> None:
    assert planted(FIXTURES / CLEAN) == set()
    assert {path.suffix for path in (FIXTURES / CLEAN).rglob("*")} >= {".py", ".toml", ".csv", ".txt"}


def test_marks_are_read_as_examples_are(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1  # expect: RNG001, DET002\n# expect: ART003\ny = 2\n", "utf-8")
    (tmp_path / "note.txt").write_text("# expect: RNG001\n", "utf-8")
    (tmp_path / "expected.toml").write_text('["b.json"]\n7 = ["ENV007"]\n', "utf-8")
    assert planted(tmp_path) == {
        ("a.py", 1, "RNG001"),
        ("a.py", 1, "DET002"),
        ("a.py", 3, "ART003"),
        ("b.json", 7, "ENV007"),
    }
