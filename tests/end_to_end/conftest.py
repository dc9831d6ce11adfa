"""Starts the installed command in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docker_engine import Engine, NoEngineError, running_engine

COMMAND = Path(sys.executable).with_name("reprocheck")
SECONDS = 60

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a user who has no settings of their own."""
    home = tmp_path_factory.mktemp("home")
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return {**os.environ, **git, "HOME": str(home), "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project that selects rules which these tests know, so that new rules don't change them."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "reprocheck.toml").write_text('select = ["ART003", "DET001", "ENV007"]\n', "utf-8")
    return root


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    """Runs `reprocheck ARGUMENTS` in the project, or in `cwd`; `variables` are added to the environment."""

    def start(
        *arguments: str | Path, cwd: Path = project, stdin: str = "", variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=cwd,
            input=stdin,
            env={**environment, **(variables or {})},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=SECONDS,
        )

    return start


@pytest.fixture(scope="session")
def docker_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Docker engine with nothing but what tests put there; without any the tests are skipped and say why."""
    try:
        with running_engine(tmp_path_factory.mktemp("engine")) as engine:
            before = set(engine.containers())
            yield engine
            assert set(engine.containers()) == before, "a container was left behind"
    except NoEngineError as error:
        pytest.skip(str(error))
