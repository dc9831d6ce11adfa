"""A lock with hashes of the environment that ran (PEP 751): made by uv, on request, as it asks the package index."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from reprocheck.capture.ports import ObjectSink
from reprocheck.capture.probes.packages import normal_name
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Gap, Interpreter, Lock, Package

PATIENCE = 120.0
"""Seconds for uv, which may have to ask for every package."""
_MISSING = 20
"""Packages that the index may be without."""


def make_lock(
    interpreter: Interpreter,
    packages: Sequence[Package],
    sink: ObjectSink,
    secrets: Secrets,
    environment: Mapping[str, str],
) -> tuple[Lock | None, tuple[Gap, ...]]:
    """A `pylock.toml` of exactly these packages, kept in `sink`."""
    uv = find_uv(environment)
    if uv is None:
        return None, (_gap("uv is not installed"),)
    wanted = {normal_name(package.name): requirement(package) for package in packages if not package.editable}
    missing: list[str] = []
    with tempfile.TemporaryDirectory(prefix="reprocheck-lock-") as folder:
        source, target = Path(folder, "requirements.in"), Path(folder, "pylock.toml")
        command = [
            uv, "pip", "compile", str(source), "--no-deps", "--generate-hashes", "--no-header", "--quiet",
            "--format", "pylock.toml", "--python", interpreter.executable, "-o", str(target),
        ]  # fmt: skip
        while True:
            left = [line for name, line in wanted.items() if name not in missing]
            source.write_text("".join(f"{line}\n" for line in left), "utf-8")
            reason = _run(command, environment)
            # One package that the index doesn't have makes uv refuse all of them.
            named = [name for name in wanted if name not in missing and _mentions(reason, name)]
            if not reason or not named or len(missing) >= _MISSING:
                break
            missing += named
        if reason:
            return None, (_gap(reason),)
        data = secrets.clean_bytes(target.read_bytes())
    try:
        table = tomllib.loads(data.decode("utf-8"))
        digest = sink.put(data)
    except (ValueError, OSError) as error:
        return None, (_gap(f"the lock can't be read or kept: {error}"),)
    locked = [entry for entry in table.get("packages", []) if isinstance(entry, dict)]
    hashed = sum(_has_hash(entry) for entry in locked)
    lock = Lock(format="pylock.toml", tool=_version(uv), digest=digest, packages=len(locked), hashed=hashed)
    if hashed == len(wanted):
        return lock, ()
    reason = f"{len(wanted) - hashed} of {len(wanted)} packages have no hash in the lock"
    if missing:
        reason += f": the index doesn't have {', '.join(sorted(missing))} as installed"
    return lock, (Gap("environment.lock", reason, "They are known by version; another file would not be noticed"),)


def _mentions(reason: str, name: str) -> bool:
    """Whether uv's explanation blames a package."""
    return (
        re.search(rf"(?<![\w.-]){re.escape(name)}(?:\[[^\]]*\])?(?:[=<>]| was not found| has no )", reason) is not None
    )


def requirement(package: Package) -> str:
    """The package as a requirement of exactly what is installed."""
    return f"{package.name} @ {package.direct_url}" if package.direct_url else f"{package.name}=={package.version}"


def find_uv(environment: Mapping[str, str]) -> str | None:
    """The uv beside our own interpreter, else on the path."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("uv", path=environment.get("PATH"))


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    """Why it failed; empty when it didn't."""
    try:
        done = subprocess.run(  # noqa: S603 — a fixed command
            command, env=dict(environment), capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"uv took more than {PATIENCE:.0f} s"
    except OSError as error:
        return f"uv could not be started: {error.strerror}"
    if done.returncode == 0:
        return ""
    lines = [line.strip(" ×╰─▶│├╭·") for line in done.stderr.decode("utf-8", "replace").splitlines()]  # noqa: RUF001 — uv's own marks
    return f"uv could not lock: {'; '.join(line for line in lines if line)[:2000]}"


def _version(uv: str) -> str:
    try:
        done = subprocess.run([uv, "--version"], capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603 — as above
    except (OSError, subprocess.TimeoutExpired):
        return "uv"
    return " ".join(done.stdout.decode("utf-8", "replace").split()[:2])


def _has_hash(entry: dict[str, object]) -> bool:
    """Whether any file of the package, or its archive, is named with a hash."""
    wheels, archive, sdist = entry.get("wheels"), entry.get("archive"), entry.get("sdist")
    files = [*(wheels if isinstance(wheels, list) else []), archive, sdist]
    return any(isinstance(file, dict) and file.get("hashes") for file in files)


def _gap(reason: str) -> Gap:
    return Gap(
        "environment.lock", reason, "Packages are known by name and version, without hashes to rebuild them from"
    )
