"""Rebuilds the recorded Python environment with uv, once for each lock."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.capture.probes.lock import find_uv, requirement
from reprocheck.capture.probes.packages import find_distributions
from reprocheck.model.record import Gap, Interpreter, Package, Record
from reprocheck.replay.errors import ReplayError

_SECONDS = 1800.0
_DONE = "reprocheck-complete"
"""Written last into an environment: one without it was left half made."""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """The environment that a replay runs in."""

    python: Path | None = None
    """Interpreter of a rebuilt environment; None for the recorded one."""
    packages: tuple[Package, ...] | None = None
    """What is installed in it; None where that isn't known."""
    gaps: tuple[Gap, ...] = ()


def rebuild(
    record: Record,
    *,
    lock: Path | None,
    folder: Path,
    wheels: Sequence[Path] = (),
    offline: bool = False,
    progress: Callable[[str], None],
) -> Rebuilt:
    """The environment of `record` below `folder`, made where it isn't there yet.

    With `lock` (a `pylock.toml`) every file is checked against its hash; without, packages come by version. Raises
    ReplayError where there is no uv, the interpreter's version is not to be had or a package can't be installed.
    """
    interpreter = record.environment.interpreter
    if interpreter is None:
        raise ReplayError("the record names no Python environment", "replay with `--in same`")
    uv = find_uv(os.environ)
    if uv is None:
        reason = "rebuilding an environment needs uv, which is not installed"
        raise ReplayError(reason, "`pip install 'reprocheck[rebuild]'`")
    wanted = [requirement(package) for package in record.environment.packages if not package.editable]
    text = lock.read_bytes() if lock is not None else "".join(f"{line}\n" for line in wanted).encode()
    key = blake3(text + f"\0{interpreter.version}\0{interpreter.paths}".encode()).hexdigest()[:32]
    place = folder / key
    python = place / "bin" / "python"
    gaps = () if lock is not None else (_without_lock(len(wanted)),)
    if not (place / _DONE).exists():
        shutil.rmtree(place, ignore_errors=True)
        progress(f"rebuilding the environment: {len(wanted)} packages")
        try:
            _make(uv, place, interpreter, text, is_lock=lock is not None, wheels=wheels, offline=offline)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        (place / _DONE).touch()
    distributions, more = find_distributions([str(path) for path in sorted(place.glob("lib/python*/site-packages"))])
    editable = [package for package in record.environment.packages if package.editable]
    packages = (*(found.package for found in distributions), *editable)
    return Rebuilt(python=python, packages=packages, gaps=(*gaps, *more))


def _make(
    uv: str, place: Path, interpreter: Interpreter, text: bytes, *, is_lock: bool, wheels: Sequence[Path], offline: bool
) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    base = _base_python(interpreter)
    _run(
        [uv, "venv", "--quiet", "--python", base, "--no-python-downloads", str(place)], f"Python {interpreter.version}"
    )
    # uv tells a lock from requirements by its name.
    source = place / ("pylock.toml" if is_lock else "requirements.txt")
    source.write_bytes(text)
    if text.strip():
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--link-mode", "copy", "-r", str(source)]
        command += ["--python", str(place / "bin" / "python")]
        for folder in wheels:
            command += ["--find-links", str(folder)]
        if offline:
            command += ["--offline"] if not wheels else ["--no-index"]
        _run(command, "the recorded packages")
    _add_paths(place, interpreter)


def _add_paths(place: Path, interpreter: Interpreter) -> None:
    """Folders of editable packages, which the recorded environment had on its path too."""
    prefixes = (interpreter.prefix, interpreter.base_prefix)
    others = [path for path in interpreter.paths if not path.startswith(prefixes)]
    if others:
        for site in place.glob("lib/python*/site-packages"):
            (site / "reprocheck_recorded_paths.pth").write_text("".join(f"{path}\n" for path in others), "utf-8")


def _base_python(interpreter: Interpreter) -> str:
    """The interpreter that the environment was made from, else any of the same version."""
    name = "python" + ".".join(interpreter.version.split(".")[:2])
    for candidate in (Path(interpreter.base_prefix, "bin", name), Path(interpreter.executable)):
        if candidate.exists():
            return str(candidate)
    return interpreter.version


def _run(command: list[str], what: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    try:
        done = subprocess.run(  # noqa: S603 — uv with our own arguments
            command, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=_SECONDS, env=environment
        )
    except subprocess.TimeoutExpired:
        raise ReplayError(f"{what} could not be had within {_SECONDS:.0f} s", "try again, or give --wheels") from None
    except OSError as error:
        raise ReplayError(f"uv could not be started: {error.strerror}") from error
    if done.returncode != 0:
        said = done.stderr.decode("ascii", "ignore").split()  # without the marks that uv draws
        reason = " ".join(said)[-300:] or f"uv ended with {done.returncode}"
        raise ReplayError(
            f"{what} could not be installed: {reason}", "give a folder of wheels with `--wheels`, or `--in same`"
        )


def _without_lock(count: int) -> Gap:
    return Gap(
        "environment.lock",
        f"the record has no lock with hashes, so the {count} packages were rebuilt by version",
        "Another file of the same version would not be noticed",
    )
