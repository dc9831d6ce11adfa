"""What tests of the interface share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_screens import Project


def pytest_addoption(parser: pytest.Parser) -> None:
    """How to take over what the screens look like now."""
    parser.addoption("--update-screens", action="store_true", help="write the screens to tests/tui/snapshots")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A small project with made-up findings."""
    root = tmp_path / "project"
    root.mkdir()
    return Project(root)
