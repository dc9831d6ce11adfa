"""A real Docker engine for tests: the one that answers, else our own; and an image made of this machine's Python."""

from __future__ import annotations

import importlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

IMAGE = "reprocheck-test-base:2"
_SECONDS = 60
_LEFT_OUT = re.compile(
    r"/(test|tests|idlelib|tkinter|turtledemo|lib2to3|pydoc_data|__pycache__|site-packages|config-3[^/]*)(/|$)|\.a$"
)
_PROGRAMS = ("sh", "mkdir", "ln", "test", "chmod", "rm", "ls", "env", "id")


class NoEngineError(Exception):
    """There is no engine and none can be started, and why."""


class Engine:
    """An engine at an address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def docker(self, *arguments: str, data: bytes | None = None) -> str:
        """Output of the `docker` program."""
        done = subprocess.run(
            [shutil.which("docker") or "docker", *arguments],
            input=data,
            env=os.environ | {"DOCKER_HOST": self.address},
            capture_output=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise NoEngineError(done.stderr.decode("utf-8", "replace").strip()[-300:])
        return done.stdout.decode("utf-8", "replace").strip()

    def base_image(self) -> str:
        """An image with this machine's Python and a shell, small and without a registry."""
        try:
            self.docker("image", "inspect", IMAGE)
        except NoEngineError:
            self.docker("import", "-", IMAGE, data=_root_file_system())
        return IMAGE

    def image(self, name: str, *steps: str) -> str:
        """The base image with some more steps of a Dockerfile."""
        text = "\n".join((f"FROM {self.base_image()}", *steps))
        self.docker("build", "--quiet", "--tag", name, "-", data=text.encode())
        return name

    def containers(self) -> list[str]:
        """Containers that exist, stopped ones too."""
        return self.docker("ps", "--all", "--quiet").split()


@contextmanager
def running_engine(folder: Path) -> Iterator[Engine]:
    """The engine that the environment names; where none answers, one that ends with the tests. Raises NoEngineError."""
    if shutil.which("docker") is None:
        raise NoEngineError("no `docker` program is installed")
    with suppress(NoEngineError):
        given = Engine(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
        given.docker("version")
        yield given
        return
    with own_engine(folder) as own:
        yield own


@contextmanager
def own_engine(folder: Path) -> Iterator[Engine]:
    """An engine that ends with the block; the file `pid` of the folder names its process. Raises NoEngineError."""
    daemon = shutil.which("dockerd")
    if daemon is None or os.geteuid() != 0:
        raise NoEngineError("no engine answers, and none can be started: that takes `dockerd` and root")
    address = f"unix://{folder}/docker.sock"
    places = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
    network = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([daemon, *network, *places, "--host", address], stdout=log, stderr=log)
    try:
        yield _answering(Engine(address), process, folder / "log")
    finally:
        process.terminate()
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answering(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> Engine:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            engine.docker("version")
        except NoEngineError:
            time.sleep(0.5)
        else:
            return engine
    raise NoEngineError(f"`dockerd` does not start here: {log.read_text('utf-8', 'replace')[-300:]}")


def _root_file_system() -> bytes:
    """A tar archive: the interpreter, its library, a shell, and the shared libraries of all of these."""
    base = Path(sys.base_prefix).resolve()
    version = f"python3.{sys.version_info.minor}"
    library = base / "lib" / version
    python = (base / "bin" / version).resolve()
    programs = [Path(found).resolve() for name in _PROGRAMS if (found := shutil.which(name))]
    native = sorted((library / "lib-dynload").glob("*.so"))
    for name in ("blake3", "msgspec"):  # lent to the image, with what every real one has of the C library
        native += sorted(Path(importlib.import_module(name).__file__ or "").parent.glob("*.so"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("tmp", "proc", "sys", "dev", "etc", "usr/local/bin"):
            header = tarfile.TarInfo(name)
            header.type, header.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(header)
        archive.add(python, f"usr/local/bin/{version}")
        archive.add(library, f"usr/local/lib/{version}", filter=_needed)
        for name, program in zip((n for n in _PROGRAMS if shutil.which(n)), programs, strict=True):
            archive.add(program, f"bin/{name}")
        for shared in sorted(_shared([python, *programs, *native])):
            archive.add(Path(shared).resolve(), shared.lstrip("/"))
    return buffer.getvalue()


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if _LEFT_OUT.search(f"/{entry.name}") else entry


def _shared(files: list[Path]) -> set[str]:
    """Shared libraries that files load, the loader included."""
    tool = shutil.which("ldd") or "ldd"
    found: set[str] = set()
    for file in files:
        done = subprocess.run([tool, str(file)], capture_output=True, text=True, check=False)
        found.update(re.findall(r"(/\S+\.so\S*)", done.stdout))
    return {path for path in found if Path(path).exists()}
