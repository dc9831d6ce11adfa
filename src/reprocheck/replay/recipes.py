"""What the image of a replay is made of: pure, and the same text for the same record."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import PurePosixPath

import msgspec
from blake3 import blake3

from reprocheck.capture.probes.lock import requirement
from reprocheck.model.record import Gap, Record
from reprocheck.replay.errors import ReplayError

OWN_ENVIRONMENT = "/opt/reprocheck/environment"
"""Where the packages are when the recorded interpreter was in no environment of its own."""
WHEELS = "wheels"
_INSTALLERS = {
    "pip": frozenset({"pip"}),
    "setuptools": frozenset({"setuptools", "pkg_resources"}),
    "uv": frozenset({"uv"}),
    "wheel": frozenset({"wheel"}),
}
"""Packages that an environment is made with, and their modules: the version of what isn't imported doesn't matter."""
_NOT_REPLACED = ("/usr", "/bin", "/lib", "/opt/conda")
"""Prefixes that belong to the base image."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How to build an image."""

    base: str
    """Image to begin with."""
    dockerfile: str
    requirements: str
    """One package per line, by exact version."""
    environment: str
    """Folder of the environment inside of the image."""
    python: str
    """Its interpreter."""
    key: str
    """Digest of all of the above: the same key, the same image."""
    gaps: tuple[Gap, ...] = ()


def recorded_image(record: Record, identity: str) -> Recipe:
    """The recipe of a run that was in a container: its image as it is, with the packages that are in it."""
    interpreter = record.environment.interpreter
    dockerfile = f"FROM {identity}\n"
    return Recipe(
        base=identity,
        dockerfile=dockerfile,
        requirements="",
        environment=interpreter.prefix if interpreter is not None else OWN_ENVIRONMENT,
        python=interpreter.executable if interpreter is not None else "python3",
        key=blake3(dockerfile.encode()).hexdigest()[:24],
    )


def base_of(record: Record, asked: str = "") -> str:
    """The image to begin with: the one asked for, that of the recorded container, else Python's own.

    Raises ReplayError where the record names no interpreter.
    """
    if asked:
        return asked
    container = record.environment.container
    if container is not None and container.image_digest:
        name = container.image.partition("@")[0].rpartition(":")[0] or container.image.partition("@")[0]
        return f"{name}@{container.image_digest}" if name else container.image_digest
    interpreter = record.environment.interpreter
    if interpreter is None:
        raise ReplayError("the record names no Python, so there is no image to begin with", "give one with `--image`")
    return f"python:{interpreter.version}-slim"


def make_recipe(record: Record, base: str, *, wheels: Iterable[str] = (), offline: bool = False) -> Recipe:
    """The recipe for the packages of `record` on `base`; `wheels` are names of wheel files at hand, sorted."""
    interpreter = record.environment.interpreter
    imported = {module for process in record.observations.processes for module in process.modules}
    packages = [
        package
        for package in record.environment.packages
        if not package.editable and (package.name not in _INSTALLERS or _INSTALLERS[package.name] & imported)
    ]
    requirements = "".join(f"{requirement(package)}\n" for package in packages)
    if interpreter is None:
        environment, python, links = OWN_ENVIRONMENT, "python3", ""
    else:
        is_own = interpreter.prefix != interpreter.base_prefix and not interpreter.prefix.startswith(_NOT_REPLACED)
        environment = interpreter.prefix if is_own else OWN_ENVIRONMENT
        python = "python" + ".".join(interpreter.version.split(".")[:2])
        links = "" if is_own else _link(interpreter.executable, environment)
    wheels = list(wheels)
    source = f"--find-links=/{WHEELS}" if wheels else ""
    index = "--no-index" if offline else ""
    pip = " ".join(part for part in (index, source, "--no-deps", "--no-compile", "-r /requirements.txt") if part)
    lines = [
        f"FROM {base}",
        "USER 0",
        f"RUN {python} -m venv {'' if packages else '--without-pip '}{shlex.quote(environment)}",
        "COPY requirements.txt /requirements.txt",
    ]
    if wheels:
        lines.append(f"COPY {WHEELS} /{WHEELS}")
    if packages:
        pip_command = f"{environment}/bin/python -m pip install --disable-pip-version-check --no-cache-dir {pip}"
        lines.append(f"RUN {pip_command}")
    if links:
        lines.append(f"RUN {links}")
    dockerfile = "\n".join(lines) + "\n"
    key = blake3("\0".join((dockerfile, requirements, *wheels)).encode()).hexdigest()[:24]
    gaps = () if record.environment.container is not None else (_other_system(base),)
    return Recipe(
        base=base,
        dockerfile=dockerfile,
        requirements=requirements,
        environment=environment,
        python=f"{environment}/bin/python",
        key=key,
        gaps=gaps,
    )


def _link(executable: str, environment: str) -> str:
    """Let the path of the recorded interpreter lead to the environment, where the image has nothing there."""
    folder = shlex.quote(PurePosixPath(executable).parent.as_posix())
    target, name = shlex.quote(f"{environment}/bin/python"), shlex.quote(executable)
    return f"test -e {name} || (mkdir -p {folder} && ln -s {target} {name})"


def _other_system(base: str) -> Gap:
    return Gap(
        "environment.system",
        f"the run was in no container: its system is replaced by that of {base}",
        "Libraries of the system may be other ones",
    )
