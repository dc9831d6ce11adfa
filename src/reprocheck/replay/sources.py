"""Finds the content of what a run needs: on the disk where it lay, in the store, in git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from blake3 import blake3

from reprocheck.model.plan import Need, Origin, Purpose, Sourced
from reprocheck.model.record import Record, Repository

_CHUNK = 1 << 20
_GIT_SECONDS = 120


def digest_of(path: Path) -> str | None:
    """BLAKE3 (hex) of a regular file; None for what is none or can't be read."""
    try:
        if not path.is_file():
            return None
        hasher = blake3()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
        return hasher.hexdigest()
    except OSError:
        return None


def find_sources(
    record: Record,
    needs: Iterable[Need],
    *,
    stored: Callable[[str], Path | None],
    scratch: Path,
    digest: Callable[[Path], str | None] = digest_of,
) -> tuple[Sourced, ...]:
    """Look for each need on disk, then in the store, then in git.

    `stored` gives the path of an object of the store, `scratch` is an empty folder for what git knows, `digest` may
    remember digests of files that have not changed.
    """
    root = Path(record.command.root)
    found: dict[str, Sourced] = {}
    lost: list[Need] = []
    for need in needs:
        path = Path(need.path) if need.outside else root / need.path
        on_disk = digest(path)
        kept = stored(need.digest)
        if on_disk == need.digest:
            found[need.path] = Sourced(need=need, origin=Origin.DISK, place=str(path))
        elif kept is not None:
            found[need.path] = Sourced(need=need, origin=Origin.STORE, place=str(kept))
        else:
            lost.append(need)
            origin = Origin.MISSING if on_disk is None else Origin.CHANGED
            found[need.path] = Sourced(need=need, origin=origin, place=str(path) if on_disk is not None else "")
    repository = record.code.repository
    if lost and repository is not None and repository.commit:
        for name, place in _from_git(record, repository, lost, stored, scratch).items():
            found[name] = Sourced(need=found[name].need, origin=Origin.GIT, place=str(place))
    return tuple(found[name] for name in sorted(found))


def _from_git(
    record: Record,
    repository: Repository,
    lost: Iterable[Need],
    stored: Callable[[str], Path | None],
    scratch: Path,
) -> Mapping[str, Path]:
    """Files as the recorded commit has them, with the recorded difference on top; only those with the right digest."""
    root, top = Path(record.command.root), Path(repository.root)
    wanted: dict[str, Need] = {}
    for need in lost:
        absolute = Path(need.path) if need.outside else root / need.path
        if need.purpose is not Purpose.FORMER and absolute.is_relative_to(top):
            wanted[absolute.relative_to(top).as_posix()] = need
    if not wanted:
        return {}
    patch = stored(repository.diff) if repository.diff and repository.diff_exact else None
    names = sorted({*wanted, *(repository.changed if patch is not None else ())})
    tree = Path(tempfile.mkdtemp(dir=scratch, prefix="git-"))
    for name in names:
        blob = _git(top, "cat-file", "blob", "--end-of-options", f"{repository.commit}:{name}")
        if blob is not None:
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(blob)
    if patch is not None:
        _git(tree, "apply", "--whitespace=nowarn", "--end-of-options", str(patch), repository=False)
    return {need.path: tree / name for name, need in wanted.items() if digest_of(tree / name) == need.digest}


def _git(folder: Path, *arguments: str, repository: bool = True) -> bytes | None:
    """Output of a git command that runs none of the repository's programs; None when it fails or there is no git."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    if not repository:
        environment["GIT_CEILING_DIRECTORIES"] = str(folder.parent)
    try:
        done = subprocess.run(  # noqa: S603 — fixed arguments
            ["git", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607 — the user's own git
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            timeout=_GIT_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
