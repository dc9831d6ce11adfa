"""The one door to Docker: an engine that finds or builds images and runs containers."""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from reprocheck.replay.errors import FULL, NO_SPACE, ReplayError
from reprocheck.replay.recipes import WHEELS, Recipe

if TYPE_CHECKING:
    from docker import DockerClient

_ANSWER = 20
"""Seconds for the engine to answer; builds and runs have no such limit."""
_REMOVING = 20
"""Seconds in which a container that can't be removed yet is asked for again."""
_COPYING = 600
"""Seconds to make or remove a container: some storage drivers copy the whole image, on a busy disk."""
_GLANCE = 2
"""Seconds for each of the two answers that a look at the engine's images waits for."""
_NAME = "reprocheck-replay"
_LABEL = "reprocheck"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Mount(msgspec.Struct, frozen=True):
    """A folder or file of ours inside of a container."""

    source: str
    target: str
    read_only: bool = False


class ContainerRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, without a network."""

    image: str
    command: tuple[str, ...]
    mounts: tuple[Mount, ...]
    environment: dict[str, str]
    cwd: str
    """Absolute path inside."""
    user: str
    """`UID:GID`."""
    gpus: bool = False
    """Whether it gets the machine's graphics processors."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a container ended."""

    code: int
    timed_out: bool = False
    memory_exceeded: bool = False


def local_digests(environment: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Registry digest (`sha256:...`) by reference (`python:3.11-slim`) of every tagged image that the engine has.

    Nothing is fetched. Images that came from no registry have no such digest and are left out. Empty where no engine
    answers soon; `environment` are the user's variables, today's unless given.
    """
    try:
        import docker
    except ImportError:
        return {}
    variables = dict(os.environ if environment is None else environment)
    try:
        client = docker.from_env(environment=variables, timeout=_GLANCE)
        try:
            listed = client.api.images()
        finally:
            client.close()
    except (docker.errors.DockerException, OSError, ValueError):
        return {}
    return digests_of(listed)


def digests_of(listed: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The same of the engine's own list of its images."""
    found: dict[str, str] = {}
    for image in listed:
        digests: dict[str, str] = {}
        # One image may be known by several digests of one name; all of them mean what is here.
        for reference in sorted(image.get("RepoDigests") or ()):
            repository, _, digest = reference.partition("@")
            digests.setdefault(repository, digest)
        for tag in image.get("RepoTags") or ():
            repository = tag.rpartition(":")[0]
            if repository in digests and tag != "<none>:<none>":
                found[tag] = digests[repository]
    return dict(sorted(found.items()))


class Engine:
    """A connection to the engine that the user's environment names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises ReplayError when no engine answers, or when this user may not talk to it."""
        try:
            import docker
        except ImportError:
            raise ReplayError(
                "replaying in a container needs the Docker SDK", "`pip install 'reprocheck[docker]'`"
            ) from None
        from docker.errors import DockerException

        self._errors: Any = docker.errors
        self._environment = dict(environment)
        try:
            self._client: DockerClient = docker.from_env(environment=dict(environment), timeout=_ANSWER)
            self._version = self._client.version()
        except DockerException as error:
            raise _unreachable(error) from error

    @property
    def architecture(self) -> str:
        """Such as `amd64`."""
        return str(self._version.get("Arch", ""))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def digest(self, image: str) -> str:
        """Identity of an image, which is fetched where it isn't here. Raises ReplayError."""
        try:
            try:
                found = self._client.images.get(image)
            except self._errors.ImageNotFound:
                found = self._client.images.pull(image)
        except (self._errors.DockerException, OSError) as error:
            reason = _reason(error)
            raise ReplayError(
                f"the image {image} is not here and could not be fetched: {reason}",
                "name one that is here with `--image`",
            ) from error
        if self.architecture and found.attrs.get("Architecture") not in {self.architecture, None, ""}:
            raise ReplayError(
                f"{image} is for {found.attrs['Architecture']} and this machine is {self.architecture}",
                "replay on a machine like the recorded one, or name another image with `--image`",
            )
        return str(found.id)

    def image_of(self, container: str) -> str:
        """Identity of the image that a container was made from; empty where the engine doesn't know it any more."""
        if not container:
            return ""
        try:
            return str(self._client.api.inspect_container(container)["Image"])
        except (self._errors.DockerException, OSError, KeyError):
            return ""

    def build(self, recipe: Recipe, wheels: Sequence[Path]) -> str:
        """Identity of the image that the recipe makes; built once. Raises ReplayError."""
        tag = f"{_NAME}:{recipe.key}"
        with suppress(self._errors.DockerException):
            return str(self._client.images.get(tag).id)
        context = _context(recipe, wheels)
        if self._build_with_client(context, tag, recipe.key):
            with suppress(self._errors.DockerException):
                return str(self._client.images.get(tag).id)
        context.seek(0)
        try:
            # Steps have no time limit: a package index may be slow.
            self._client.api.timeout = None
            image, _ = self._client.images.build(
                fileobj=context, custom_context=True, tag=tag, rm=True, forcerm=True, labels={_LABEL: recipe.key}
            )
        except self._errors.BuildError as error:
            lines = (str(line.get("stream", "")).strip() for line in error.build_log)
            failed = [_COLOUR.sub("", line) for line in lines if "ERROR" in line]
            raise ReplayError(
                f"the image could not be built: {'; '.join(failed)[-400:].strip() or error.msg}",
                "give wheels of the recorded packages with `--wheels`, or another image with `--image`",
            ) from error
        except (self._errors.DockerException, OSError) as error:
            raise ReplayError(f"the image could not be built: {_reason(error)}", _REMEDY) from error
        finally:
            self._client.api.timeout = _ANSWER
        return str(image.id)

    def _build_with_client(self, context: io.BytesIO, tag: str, key: str) -> bool:
        """Build with BuildKit, which the client has and the SDK hasn't; False where there is none or it can't.

        Its errors are not told: the engine's own builder is asked next, and says what is wrong with the recipe.
        """
        program = shutil.which("docker", path=self._environment.get("PATH"))
        if program is None:
            return False
        build = ["build", "--load", "--quiet", "--tag", tag, "--label", f"{_LABEL}={key}", "-"]
        try:
            for arguments, data, seconds in ((["version"], b"", _ANSWER), (build, context.getvalue(), None)):
                done = subprocess.run(  # noqa: S603 — the user's own client
                    [program, "buildx", *arguments],
                    input=data,
                    env=self._environment,
                    capture_output=True,
                    check=False,
                    timeout=seconds,
                )
                if done.returncode:
                    return False
        except (OSError, subprocess.TimeoutExpired):
            return False
        return True

    def run(self, request: ContainerRequest, *, out: Path, err: Path, seconds: float | None) -> Ended:
        """Run a command to its end in a new container, which is gone afterwards whatever happens.

        What it says goes to `out` and `err`. Raises ReplayError.
        """
        from docker.types import DeviceRequest
        from docker.types import Mount as Bound

        # By name: an interrupt may come after the engine has made it and before we know its id.
        name = f"{_NAME}-{secrets.token_hex(8)}"
        self._client.api.timeout = _COPYING
        made: bool | None = None
        try:
            container = self._client.containers.create(
                request.image,
                list(request.command),
                name=name,
                entrypoint=[],
                environment=request.environment,
                working_dir=request.cwd,
                user=request.user,
                network_mode="none",
                labels={_LABEL: "replay"},
                mounts=[Bound(m.target, m.source, type="bind", read_only=m.read_only) for m in request.mounts],
                device_requests=[DeviceRequest(count=-1, capabilities=[["gpu"]])] if request.gpus else [],
                init=True,
                ipc_mode="private",
                shm_size="1g",
            )
            made = True
            container.start()
            return self._follow(container, out, err, seconds)
        except (self._errors.DockerException, OSError) as error:
            made = bool(made)
            if isinstance(error, OSError) and error.errno in NO_SPACE:
                raise ReplayError(*FULL) from error
            if not self._answers():
                reason = f"the engine went away while the command ran: {_reason(error)}"
                raise ReplayError(reason, _GONE.format(name=name)) from error
            raise ReplayError(f"the container could not be run: {_reason(error)}", _REMEDY) from error
        finally:
            self._remove(name, made=made)
            self._client.api.timeout = _ANSWER

    def _remove(self, name: str, *, made: bool | None) -> None:
        """Take a container away; `made` is None where an interrupt came while the engine was making it.

        A container that is being made or started may not be there yet, or refuse: it is asked again for a while.
        """
        end = time.monotonic() + _REMOVING
        while True:
            try:
                self._client.api.remove_container(name, force=True, v=True)
            except self._errors.NotFound:
                if made is not None or time.monotonic() > end:
                    return
            except (self._errors.DockerException, OSError):
                if time.monotonic() > end or not self._answers():
                    return
            else:
                return
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except (self._errors.DockerException, OSError):
            return False

    def _follow(self, container: Any, out: Path, err: Path, seconds: float | None) -> Ended:  # noqa: ANN401 — the SDK has no types
        import requests

        timed_out = False
        try:
            code = int(container.wait(timeout=seconds)["StatusCode"])
        except (requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError) as error:
            if seconds is None or "timed out" not in str(error).lower():
                raise ReplayError(
                    f"the engine went away while the command ran: {_reason(error)}", _GONE.format(name=container.name)
                ) from error
            timed_out, code = True, 137
            container.kill()
        out.write_bytes(container.logs(stdout=True, stderr=False))
        err.write_bytes(container.logs(stdout=False, stderr=True))
        container.reload()
        return Ended(code=code, timed_out=timed_out, memory_exceeded=bool(container.attrs["State"].get("OOMKilled")))


_REMEDY = "see whether `docker run hello-world` works"
_GONE = "start it again and replay again; `docker rm --force {name}` removes what may be left of the container"


def _context(recipe: Recipe, wheels: Sequence[Path]) -> io.BytesIO:
    """What the engine builds from, the same bytes for the same recipe."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in (("Dockerfile", recipe.dockerfile), ("requirements.txt", recipe.requirements)):
            data = text.encode()
            header = tarfile.TarInfo(name)
            header.size, header.mode = len(data), 0o644
            archive.addfile(header, io.BytesIO(data))
        for wheel in sorted(wheels, key=lambda path: path.name):
            header = tarfile.TarInfo(f"{WHEELS}/{wheel.name}")
            header.size, header.mode = wheel.stat().st_size, 0o644
            with wheel.open("rb") as file:
                archive.addfile(header, file)
    buffer.seek(0)
    return buffer


def _unreachable(error: Exception) -> ReplayError:
    text = str(error)
    if "Permission denied" in text or "PermissionError" in text:
        return ReplayError(
            "this user may not talk to the Docker engine", "join the group `docker`, or use a rootless engine"
        )
    return ReplayError(f"no Docker engine answers: {_reason(error)}", "start one, or set DOCKER_HOST")


def _reason(error: Exception) -> str:
    explanation = getattr(error, "explanation", None)
    return " ".join(str(explanation or error).split())[:300]
