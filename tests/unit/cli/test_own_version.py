"""The version without the library that looks it up."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from reprocheck.cli.own_version import own_version


def test_it_is_what_the_installation_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert own_version() == version("reprocheck")
    (tmp_path / "reprocheck-9.8.7.dist-info").mkdir()
    (tmp_path / "reprocheck_more-1.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "missing"), str(tmp_path), *sys.path])
    assert own_version() == "9.8.7"
