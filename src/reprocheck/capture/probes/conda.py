"""The packages of a conda environment as a list that conda can install again, read without conda."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reprocheck.capture.ports import ObjectSink
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Gap, Interpreter, Lock

_METADATA = "conda-meta"


class _Package(msgspec.Struct):
    name: str = ""
    url: str = ""
    md5: str = ""


def conda_prefix(interpreter: Interpreter | None) -> str:
    """The environment of the interpreter, where conda made it; empty elsewhere."""
    if interpreter is not None and Path(interpreter.prefix, _METADATA, "history").is_file():
        return interpreter.prefix
    return ""


def conda_lock(prefix: str, sink: ObjectSink, secrets: Secrets) -> tuple[Lock | None, tuple[Gap, ...]]:
    """An explicit list (https://docs.conda.io, "Building identical conda environments"), kept in `sink`."""
    packages, unreadable = [], []
    for path in sorted(Path(prefix, _METADATA).glob("*.json")):
        try:
            package = msgspec.json.decode(path.read_bytes(), type=_Package)
        except (OSError, msgspec.DecodeError):
            package = _Package()
        if package.url:
            packages.append(package)
        else:
            unreadable.append(path.stem)
    lines = [f"{secrets.clean(package.url)}#{package.md5}".rstrip("#") for package in packages]
    gaps = []
    if unreadable:
        reason = f"conda doesn't say where it got {', '.join(unreadable)}"
        gaps.append(Gap("environment.lock", reason, "They are missing from the list of conda's packages"))
    try:
        digest = sink.put("\n".join(["@EXPLICIT", *lines, ""]).encode())
    except OSError as error:
        gaps.append(Gap("environment.lock", f"the list can't be kept: {error.strerror}", "Packages are known by name"))
        return None, tuple(gaps)
    hashed = sum(bool(package.md5) for package in packages)
    lock = Lock(format="conda-explicit", tool="conda", digest=digest, packages=len(packages), hashed=hashed)
    return lock, tuple(gaps)
