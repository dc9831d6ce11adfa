"""What a baseline keeps and forgets, and what a scan says of it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from reprocheck.app import record_baseline
from reprocheck.app.decide import Ruling, decide, look
from reprocheck.app.scan_project import Scanned, ScanRequest, scan_project
from reprocheck.config import Config, load
from reprocheck.model.ledger import State

BODY = "import pickle\n\n\ndef read(stream):\n    return pickle.load(stream)\n"


def quiet(_done: int, _total: int) -> None:
    """No progress."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A project with two findings that its baseline has."""
    (tmp_path / "reprocheck.toml").write_text('select = ["ART003", "RPC001"]\nbaseline = "b.json"\ncache = false\n')
    (tmp_path / "a.py").write_text(BODY, "utf-8")
    (tmp_path / "b.py").write_text(BODY.replace("read", "other"), "utf-8")
    config = load(tmp_path)
    assert record_baseline.create(config, quiet) == 2
    return config


def scan(config: Config, *targets: str) -> Scanned:
    return scan_project(ScanRequest(config=config, targets=[config.root / target for target in targets]), quiet)


def paths(config: Config) -> list[str]:
    return [entry.path for entry in record_baseline.show(config)[1].findings]


def test_what_could_not_be_read_is_not_gone(config: Config) -> None:
    (config.root / "a.py").write_text("def broken(:\n", "utf-8")
    assert not any("gone" in message for message in scan(config).messages)
    changed = record_baseline.update(config, quiet, add=False)
    assert (changed.gone, changed.kept_unseen, paths(config)) == (0, 1, ["a.py", "b.py"])
    (config.root / "a.py").write_text("x = 1\n", "utf-8")
    assert any(message.startswith("1 finding(s) of the baseline are gone") for message in scan(config).messages)
    assert record_baseline.update(config, quiet, add=True).gone == 1
    assert paths(config) == ["b.py"]


def test_a_scan_that_looks_at_less_calls_nothing_gone(config: Config) -> None:
    assert scan(config, "a.py").messages == ()
    asked = load(config.root, overrides={"select": "DET001"})
    assert scan(asked).messages == ()


def test_a_twin_in_a_file_that_alone_is_scanned_is_new(config: Config) -> None:
    (config.root / "a.py").write_text(BODY + BODY.replace("read", "other"), "utf-8")
    (config.root / "b.py").write_text("x = 1\n", "utf-8")
    known = {f.place.span.line: f.known for f in scan(config, "a.py").result.findings}
    assert known == {5: True, 10: False}


def test_decided_findings_leave_the_baseline(config: Config) -> None:
    found = scan(config).result.findings
    decide(config, look(config, found, whole=True), found[:1], Ruling(state=State.ACCEPTED, reason="r", author="a"))
    changed = record_baseline.update(config, quiet, add=True)
    assert (changed.added, changed.gone, paths(config)) == (0, 1, ["b.py"])


def test_every_line_is_one_recorded_finding(config: Config) -> None:
    text = (config.root / "b.json").read_text("utf-8")
    assert len(text.splitlines()) == 4
    _, baseline = record_baseline.show(config)
    assert msgspec.to_builtins(baseline)["findings"] == tuple(json.loads(text)["findings"])
