"""Replays in containers when something about the engine is wrong: a reason, a next step, and nothing left running."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from docker_engine import Engine, NoEngineError, own_engine

INCONCLUSIVE = 4
PROGRAM = "open('out.txt', 'w').write('1')\n"
LIBRARIES = [
    str(Path(importlib.import_module(name).__path__[0]).parent) for name in ("reprocheck", "reprocheck_rules", "click")
]


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


WATCHED = """import subprocess
subprocess.run(['sh', '-c', 'read line < in.txt; echo $line > out.txt'], check=True)
"""


def record_watched(root: Path) -> None:
    (root / "watched.py").write_text(WATCHED, "utf-8")
    (root / "in.txt").write_text("5\n", "utf-8")
    python = root.parent / "bare/bin/python"
    done = reprocheck(root, "run", "-q", "--name", "watched", "--", str(python), "watched.py")
    assert done.returncode == 0, done.stderr


def replayed(root: Path, name: str, *options: str, address: str) -> dict[str, Any]:
    done = reprocheck(root, "replay", name, "--in", "docker", "--offline", "-o", "json", *options, DOCKER_HOST=address)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.docker
def test_what_a_shell_reads_is_seen_inside(recorded: Path, docker_engine: Engine) -> None:
    record_watched(recorded)
    image = docker_engine.base_image()
    report = replayed(recorded, "watched", "--image", image, "--keep", address=docker_engine.address)
    assert report["verdict"]["outcome"] == "identical"
    assert [gap for gap in report["repetitions"][0]["gaps"] if gap["channel"].startswith("files")] == []
    recipes = {
        path.parent.name: path.read_text("utf-8") for path in recorded.glob(".reprocheck/store/images/*/Dockerfile")
    }
    assert any(text.startswith("FROM sha256:") for text in recipes.values())
    (kept,) = report["kept"]
    journal = Path(kept, "1", "journal", "files.jsonl")
    opened = {event.get("path") for event in map(json.loads, journal.read_text("utf-8").splitlines())}
    assert str(recorded / "in.txt") in opened
    shutil.rmtree(kept)


@pytest.mark.docker
def test_links_of_a_bundle_are_there_in_a_container(recorded: Path, docker_engine: Engine, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for folder in (home / "project" / "real", home / "project" / "results", home / "disk" / "sets"):
        folder.mkdir(parents=True)
    root = home / "project"
    (root / "pyproject.toml").write_text('[project]\nname = "p"\n', "utf-8")
    (root / "real" / "y").write_text("y", "utf-8")
    (home / "disk" / "sets" / "x").write_text("x", "utf-8")
    links = {"alias": "real", "data": "../disk/sets", "out": "results", "gone": "nowhere", "../shelf": "disk"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    program = (
        "import os\n"
        f"found = [open(name).read() for name in ('alias/y', 'data/x', {str(home / 'shelf/sets/x')!r})]\n"
        "found += [os.path.islink(name) for name in sorted(os.listdir('.')) if name in ('alias', 'data', 'gone')]\n"
        "open('out/found.txt', 'w').write(repr(found))\n"
    )
    (root / "train.py").write_text(program, "utf-8")
    done = reprocheck(root, "run", "-q", "--", str(recorded.parent / "bare/bin/python"), "train.py")
    assert done.returncode == 0, done.stderr
    assert (root / "results/found.txt").read_text("utf-8") == "['y', 'x', 'x', True, True, True]"
    assert reprocheck(root, "export", "@", str(tmp_path / "run.tar")).returncode == 0
    home.rename(tmp_path / "moved")
    there = tmp_path / "there"
    there.mkdir()
    assert reprocheck(there, "import", str(tmp_path / "run.tar")).returncode == 0
    report = replayed(there, "@", "--image", docker_engine.base_image(), address=docker_engine.address)
    assert report["verdict"]["outcome"] == "identical", report
    assert not home.exists()


@pytest.mark.docker
def test_an_image_that_the_supervisor_does_not_get_into_is_a_gap(recorded: Path, docker_engine: Engine) -> None:
    record_watched(recorded)
    # Of the C library, only what our own libraries need is taken away.
    image = docker_engine.image("reprocheck-test-closed:1", "RUN rm -f /lib/*/libpthread.so.0 /lib/*/libgcc_s.so.1")
    report = replayed(recorded, "watched", "--image", image, address=docker_engine.address)
    assert report["verdict"]["outcome"] == "identical"
    (gap,) = [gap for gap in report["repetitions"][0]["gaps"] if gap["channel"] == "files"]
    assert "supervisor does not run" in gap["reason"]


def run_inside(root: Path, engine: Engine, image: str, name: str, *options: str) -> None:
    """Record a run in a container, with the tool mounted and the project at another path than here."""
    mounts = [f"--volume={folder}:/tool/{number}:ro" for number, folder in enumerate(LIBRARIES)]
    places = [f"/tool/{number}" for number in range(len(LIBRARIES))]
    start = f"import sys; sys.path += {places}; from reprocheck.cli.main import main; sys.exit(main())"
    command = ["python3.11", "-I", "-S", "-c", start, "run", "-q", "--name", name, "--"]
    command[0] = f"python3.{sys.version_info.minor}"
    engine.docker(
        "run", "--network=none", f"--name={name}", f"--volume={root}:/project", "--workdir=/project", *mounts, *options,
        image, *command, command[0], "inner.py",
    )  # fmt: skip


@pytest.mark.docker
def test_a_run_that_was_recorded_in_a_container_replays_in_its_image(docker_engine: Engine, tmp_path: Path) -> None:
    image = docker_engine.image("reprocheck-test-data:1", "RUN mkdir /data && echo 7 > /data/in.txt")
    root = tmp_path / "project"
    root.mkdir()
    (root / "reprocheck.toml").touch()
    # Not a copy of the input: small results are kept, and would stand in for it.
    (root / "inner.py").write_text("open('out.txt', 'w').write(open('/data/in.txt').read() + 'more')\n", "utf-8")
    identity = docker_engine.docker("image", "inspect", "--format", "{{.Id}}", image)
    base = docker_engine.docker("image", "inspect", "--format", "{{.Id}}", docker_engine.base_image())
    address = docker_engine.address
    try:
        run_inside(root, docker_engine, image, "told", f"--env=REPROCHECK_IMAGE={identity}")
        run_inside(root, docker_engine, image, "wrong", f"--env=REPROCHECK_IMAGE={base}")
        run_inside(root, docker_engine, image, "known")
        record = json.loads(reprocheck(root, "show", "told", "-o", "json").stdout)
        assert record["environment"]["container"]["image_digest"] == identity
        assert record["command"]["root"] == "/project"
        assert replayed(root, "told", address=address)["verdict"]["outcome"] == "identical"
        # The engine has the container still, and knows what it was made from.
        assert replayed(root, "known", address=address)["verdict"]["outcome"] == "identical"
    finally:
        docker_engine.docker("rm", "--force", "told", "wrong", "known")
    # Another image doesn't have the input, and without the container nobody knows which image it was.
    wrong = replayed(root, "wrong", address=address)
    assert wrong["verdict"]["outcome"] == "inconclusive"
    assert "/data/in.txt is neither here nor in the image" in wrong["verdict"]["reason"]
    assert replayed(root, "known", address=address)["verdict"]["outcome"] == "inconclusive"


CLIENT = """#!/bin/sh
# A client with BuildKit, as far as it is asked: the plugin's answer, and a build by the engine's own builder.
[ "$1" = buildx ] || exit 64
shift
echo "$1" >> "$CALLS"
[ "$1" = version ] && exit 0
[ -e "$CALLS.broken" ] && exit 1
shift 2
exec "$REAL" build "$@"
"""


@pytest.mark.docker
@pytest.mark.parametrize("broken", [False, True])
def test_a_client_with_buildkit_builds_the_image(
    recorded: Path,
    docker_engine: Engine,
    tmp_path: Path,
    broken: bool,
) -> None:
    image = docker_engine.image(f"reprocheck-test-kit:{int(broken)}", f"LABEL of={tmp_path.name}")
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text(CLIENT, "utf-8")
    client.chmod(0o755)
    calls = tmp_path / "calls"
    if broken:
        Path(f"{calls}.broken").touch()
    record_watched(recorded)
    done = reprocheck(
        recorded, "replay", "watched", "--in", "docker", "--offline", "--image", image,
        DOCKER_HOST=docker_engine.address, PATH=f"{client.parent}:{os.environ['PATH']}",
        CALLS=str(calls), REAL=shutil.which("docker") or "docker",
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()[0]) == (0, "identical"), done.stdout + done.stderr
    assert calls.read_text("ascii").split() == ["version", "build"]


@pytest.mark.docker
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk where the engine sees it")
def test_a_disk_that_fills_up_in_a_container_proves_nothing(recorded: Path, docker_engine: Engine) -> None:
    (recorded / "large.py").write_text("open('out.bin', 'wb').write(bytes(1 << 20))\n", "utf-8")
    python = recorded.parent / "bare/bin/python"
    done = reprocheck(recorded, "run", "-q", "--name", "large", "--", str(python), "large.py")
    assert done.returncode == 0, done.stderr
    work = recorded / ".reprocheck/store/work"
    work.mkdir(exist_ok=True)
    mount, unmount = (shutil.which(name) or name for name in ("mount", "umount"))
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=512k", "none", str(work)], check=True)
    try:
        image = docker_engine.base_image()
        report = replayed(recorded, "large", "--image", image, address=docker_engine.address)
        assert not list(work.iterdir())
    finally:
        subprocess.run([unmount, "--lazy", str(work)], check=True)
    assert report["verdict"]["outcome"] == "inconclusive"
    assert "the disk was full" in report["verdict"]["reason"]
    assert "free some space" in report["remedy"]


@pytest.mark.docker
def test_an_image_for_another_architecture(recorded: Path, docker_engine: Engine) -> None:
    other = "amd64" if os.uname().machine == "aarch64" else "arm64"
    layer = io.BytesIO()
    tarfile.open(fileobj=layer, mode="w").close()
    digest = f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"
    config = {"architecture": other, "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest]}}
    manifest = [{"Config": "config.json", "RepoTags": ["reprocheck-test-other:1"], "Layers": ["layer.tar"]}]
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, data in (
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
            ("layer.tar", layer.getvalue()),
        ):
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    docker_engine.docker("load", data=whole.getvalue())
    report = refused(recorded, "--image", "reprocheck-test-other:1", DOCKER_HOST=docker_engine.address)
    assert f"reprocheck-test-other:1 is for {other}" in report["verdict"]["reason"]


def parent_of(process: Path) -> int | None:
    with suppress(OSError):
        return int((process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
    return None


def words_of(process: Path) -> str:
    with suppress(OSError):
        return (process / "cmdline").read_text("utf-8", "replace")
    return ""


def end_what_is_left(folder: Path) -> None:
    """What an engine that was killed leaves running: it would end it when it is started again."""
    processes = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    parents = {int(entry.name): parent for entry in processes if (parent := parent_of(entry)) is not None}
    found = {int(entry.name) for entry in processes if int(entry.name) in parents and str(folder) in words_of(entry)}
    for _ in parents:
        found |= {number for number, parent in parents.items() if parent in found}
    for number in found - {os.getpid()}:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        if (place := line.split()[1]).startswith(str(folder)):
            subprocess.run(["umount", "--lazy", place], check=False)  # noqa: S607 — the system's own


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_that_ends_while_the_command_runs(recorded: Path, tmp_path: Path, number: signal.Signals) -> None:
    # What is waited for lies outside of the project: in the container it is not there.
    marker = tmp_path / "marker"
    marker.touch()
    program = (
        "import os, time\nopen('out.txt', 'w').write('1')\n"
        f"while not os.path.exists({str(marker)!r}):\n    time.sleep(0.1)\n"
    )
    (recorded / "slow.py").write_text(program, "utf-8")
    python = recorded.parent / "bare/bin/python"
    done = reprocheck(recorded, "run", "-q", "--name", "dying", "--", str(python), "slow.py")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "e"
    folder.mkdir()
    try:
        with own_engine(folder) as engine:
            command = ["replay", "dying", "--in", "docker", "--image", engine.base_image(), "--offline", "-o", "json"]
            environment = {k: v for k, v in os.environ.items() if not k.startswith(("REPROCHECK", "DOCKER"))}
            with subprocess.Popen(
                [sys.executable, "-m", "reprocheck", *command],
                cwd=recorded,
                env=environment | {"DOCKER_HOST": engine.address},
                stdout=subprocess.PIPE,
                text=True,
            ) as replay:
                end = time.monotonic() + 120
                while not list(recorded.glob(".reprocheck/store/work/*/1/copy/out.txt")) and time.monotonic() < end:
                    time.sleep(0.1)
                os.kill(int((folder / "pid").read_text("ascii")), number)
                out, _ = replay.communicate(timeout=120)
    except NoEngineError as error:
        pytest.skip(str(error))
    finally:
        end_what_is_left(folder)
    report = json.loads(out)
    assert (replay.returncode, report["verdict"]["outcome"]) == (INCONCLUSIVE, "inconclusive"), out
    assert "the engine went away while the command ran" in report["verdict"]["reason"]
    assert "docker rm --force reprocheck-replay-" in report["remedy"]
    assert not list((recorded / ".reprocheck/store/work").iterdir())
