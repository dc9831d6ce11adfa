"""Replays in containers when something about the engine is wrong: a reason, a next step, and nothing left running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from docker_engine import Engine

INCONCLUSIVE = 4
PROGRAM = "open('out.txt', 'w').write('1')\n"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a recorded run of an environment without packages."""
    root = tmp_path_factory.mktemp("recorded") / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "p"\n', "utf-8")
    (root / "train.py").write_text(PROGRAM, "utf-8")
    bare = root.parent / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    done = reprocheck(root, "run", "-q", "--", str(bare / "bin/python"), "train.py")
    assert done.returncode == 0, done.stderr
    return root


def reprocheck(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REPROCHECK", "DOCKER"))}
    return subprocess.run(
        [sys.executable, "-m", "reprocheck", *arguments],
        cwd=root,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def refused(root: Path, *options: str, **variables: str) -> dict[str, Any]:
    done = reprocheck(root, "replay", "@", "--in", "docker", "-o", "json", *options, **variables)
    assert done.returncode == INCONCLUSIVE, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["verdict"]["outcome"] == "inconclusive"
    assert report["remedy"]
    assert not list((root / ".reprocheck/store/work").iterdir())
    return report


def test_no_engine(recorded: Path, tmp_path: Path) -> None:
    report = refused(recorded, "--image", "any", DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    assert "no Docker engine answers" in report["verdict"]["reason"]


@contextmanager
def listening(path: Path, answer: bytes) -> Iterator[None]:
    """A socket that gives one answer to whoever asks, as an engine in trouble does."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(1 << 16)
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_an_engine_that_is_in_trouble(recorded: Path, tmp_path: Path) -> None:
    with listening(tmp_path / "s", b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 9\r\n\r\nno memory"):
        report = refused(recorded, "--image", "any", DOCKER_HOST=f"unix://{tmp_path}/s")
    assert "no Docker engine answers" in report["verdict"]["reason"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_socket_that_this_user_may_not_use(tmp_path: Path) -> None:
    import docker  # somebody else may not be allowed to read where it is installed

    from reprocheck.replay.docker import Engine as Connection
    from reprocheck.replay.errors import ReplayError

    assert docker.errors
    path = tmp_path / "s"
    with listening(path, b""):
        path.chmod(0o600)
        tmp_path.chmod(0o755)
        for parent in tmp_path.parents[:2]:
            parent.chmod(0o755)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.setgid(65534)
            os.setuid(65534)
            try:
                Connection({"DOCKER_HOST": f"unix://{path}"})
            except ReplayError as error:
                os.write(writing, f"{error.reason}; {error.remedy}".encode())
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading) as said:
            assert "may not talk to the Docker engine" in said.read()


@pytest.mark.docker
def test_an_image_that_is_not_to_be_had(recorded: Path, docker_engine: Engine) -> None:
    report = refused(recorded, "--image", "no.such.registry.invalid/image:1", DOCKER_HOST=docker_engine.address)
    assert "no.such.registry.invalid/image:1 is not here" in report["verdict"]["reason"]
    assert "--image" in report["remedy"]


@pytest.mark.docker
def test_packages_that_are_not_to_be_had(recorded: Path, docker_engine: Engine, tmp_path: Path) -> None:
    site = tmp_path / "lib" / "site-packages"
    (site / "thing-1.0.dist-info").mkdir(parents=True)
    (site / "thing-1.0.dist-info/METADATA").write_text("Name: thing\nVersion: 1.0\n", "utf-8")
    (site / "thing.py").write_text("", "utf-8")
    python = recorded.parent / "bare/bin/python"
    done = reprocheck(recorded, "run", "-q", "--name", "thing", "--", str(python), "train.py", PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    image = docker_engine.base_image()
    done = reprocheck(
        recorded, "replay", "thing", "--in", "docker", "--image", image, "--offline", "-o", "json",
        DOCKER_HOST=docker_engine.address,
    )  # fmt: skip
    assert done.returncode == INCONCLUSIVE, done.stdout
    assert "could not be built" in json.loads(done.stdout)["verdict"]["reason"]


@pytest.mark.docker
def test_an_interrupted_replay_leaves_no_container(recorded: Path, docker_engine: Engine, tmp_path: Path) -> None:
    image = docker_engine.base_image()
    python = recorded.parent / "bare/bin/python"
    # What is waited for lies outside of the project: in the container it is not there.
    marker = tmp_path / "marker"
    marker.touch()
    program = (
        "import os, time\n"
        "open('out.txt', 'w').write('1')\n"
        f"while not os.path.exists({str(marker)!r}):\n"
        "    time.sleep(0.1)\n"
    )
    (recorded / "slow.py").write_text(program, "utf-8")
    done = reprocheck(recorded, "run", "-q", "--name", "slow", "--", str(python), "slow.py")
    assert done.returncode == 0, done.stderr
    command = ["replay", "slow", "--in", "docker", "--image", image, "--offline"]
    # The image is made, and the time of a stopped replay is up.
    done = reprocheck(recorded, *command, "--timeout", "2", DOCKER_HOST=docker_engine.address)
    assert (done.returncode, "2 s" in done.stdout) == (INCONCLUSIVE, True), done.stdout
    assert docker_engine.containers() == []
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REPROCHECK", "DOCKER"))}
    replay = subprocess.Popen(
        [sys.executable, "-m", "reprocheck", *command],
        cwd=recorded,
        env=environment | {"DOCKER_HOST": docker_engine.address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    while not docker_engine.containers() and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(1)
    replay.send_signal(signal.SIGINT)
    replay.wait(60)
    assert docker_engine.containers() == []
    assert not list((recorded / ".reprocheck/store/work").iterdir())
