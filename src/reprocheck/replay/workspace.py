"""A fresh working copy of the code and inputs of a run."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from itertools import product
from pathlib import Path

import msgspec

from reprocheck.model.plan import Origin, Plan, Sourced
from reprocheck.model.record import FileUses, Record
from reprocheck.project.git_index import tracked_paths
from reprocheck.project.work_tree import DiskTree
from reprocheck.replay.errors import ReplayError, of_system
from reprocheck.replay.links import make_link, true_place
from reprocheck.replay.placing import Places
from reprocheck.replay.sources import digest_of

_LENT = 64 << 20
"""Bytes from which an input is lent, read-only, instead of copied."""
_MOST_NAMES = 100_000
"""Names of a listed folder that stand-ins are made for."""
_STORE, _CACHE = ".reprocheck", ".reprocheck_cache"
_TRACKED = 64 << 20
"""Bytes of files that nobody but git looked at which are copied."""


class Lent(msgspec.Struct, frozen=True):
    """A file or folder that appears in the working copy without being copied."""

    source: str
    """Absolute path of what is lent."""
    path: str
    """Where it appears: relative to the working copy."""
    read_only: bool


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """What was laid out."""

    folder: str
    """Absolute path of the working copy."""
    digests: dict[str, str]
    """BLAKE3 (hex) by relative path of every file that the recorded run opened."""
    stand_ins: dict[str, tuple[int, int]] = {}
    """Size and time of change (nanoseconds) of files that it only listed."""
    lent: tuple[Lent, ...] = ()


def lay_out(plan: Plan, folder: Path, record: Record, *, lend: bool, progress: Callable[[int], None]) -> Workspace:
    """Copy what the plan names into the empty `folder`.

    Files of listed folders are made in the recorded order as far as the original still shows it: where a file system
    lists in the order of creation, the replay sees what the run saw. With `lend`, large inputs are lent.
    Raises ReplayError when the disk is full or a source is not what it was a moment ago.
    """
    root = Path(plan.root)
    files = {source.need.path: source for source in plan.files}
    digests: dict[str, str] = {}
    stand_ins: dict[str, tuple[int, int]] = {}
    kept = {true_place(name, plan.links, plan.root) for name in plan.kept if (root / name).exists()}
    lent = [Lent(str(root / name), name, read_only=True) for name in sorted(filter(None, kept))]
    covered = tuple(f"{item.path}/" for item in lent)
    links = {link.path: link for link in plan.links}
    # What lies behind a link is laid out where it truly lies.
    behind = tuple(f"{name}/" for name in links.keys() - {item.path for item in lent})
    elsewhere = (*covered, *behind)
    places = Places(folder)
    try:
        for item in lent:
            _place_for(places, item.path, root / item.path)
        for name in plan.folders:
            if not f"{name}/".startswith(behind):
                places.folder(name)
        done = 0
        for path in [*_in_recorded_order(root, record.files), *files]:
            if path in digests or path in stand_ins or path.startswith(elsewhere):
                continue
            if path in links:
                make_link(links[path], plan.root, places)
                continue
            source = files.get(path)
            if source is None:
                _stand_in(root / path, places.file(path))
                stand_ins[path] = _seen(folder / path)
                continue
            if lend and source.origin is Origin.DISK and source.need.size >= _LENT and not source.need.writable:
                _place_for(places, path, Path(source.place))
                lent.append(Lent(source.place, path, read_only=True))
            else:
                _copy(source, places.file(path))
            digests[path] = source.need.digest
            done += 1
            progress(done)
        for link in plan.links:
            make_link(link, plan.root, places)
        if (folder / _STORE).is_dir():
            (folder / _STORE / ".gitignore").write_text("*\n", "utf-8")  # as the store's own: git says nothing of it
        if ".git" in kept:
            for path, file in _only_git_looked_at(root, {*digests, *links}, elsewhere):
                target = places.file(path)
                shutil.copyfile(file, target)
                shutil.copystat(file, target)
                stand_ins[path] = _seen(target)
    except OSError as error:
        raise of_system(f"the working copy in {folder} could not be made", error) from error
    return Workspace(folder=str(folder), digests=digests, stand_ins=stand_ins, lent=tuple(lent))


def _copy(source: Sourced, target: Path) -> None:
    origin = Path(source.place)
    shutil.copyfile(origin, target)
    if source.origin is Origin.DISK:
        shutil.copystat(origin, target)
        # A recorded run may have overwritten what is read-only for nobody else.
        if source.need.writable:
            target.chmod(target.stat().st_mode | 0o200)
    if digest_of(target) != source.need.digest:
        raise ReplayError(f"{source.need.path} changed while it was copied", "try again when nothing writes to it")


def _place_for(places: Places, path: str, original: Path) -> None:
    """Something of the right kind for a mount to cover."""
    if original.is_dir():
        places.folder(path)
    else:
        places.file(path).touch()


def _stand_in(original: Path, target: Path) -> None:
    """A file of the same name, size and time as one that the run listed and did not open."""
    if original.is_symlink() and not original.exists():
        return
    if original.is_dir():
        target.mkdir(exist_ok=True)
        return
    with target.open("wb") as file:
        file.truncate(original.stat().st_size)
    with suppress(OSError):
        shutil.copystat(original, target)


def _in_recorded_order(root: Path, recorded: FileUses) -> Iterable[str]:
    """Names of each listed folder in the order that the run saw, where the original folder still gives that order.

    What was made since, by the run or by us, is left out of account.
    """
    made = {use.path for use in recorded.uses if use.before is None and use.size is not None}
    for listing in recorded.listings:
        if not listing.order or listing.path.startswith("/") or listing.entries > _MOST_NAMES:
            continue
        with suppress(OSError):
            prefix = "" if listing.path == "." else f"{listing.path}/"
            names = os.listdir(root / listing.path)  # noqa: PTH208 — the names as the system gives them
            newer = (
                {name for name in names if prefix + name in made},
                {name for name in names if prefix + name in recorded.new_folders},
                {"__pycache__"},
                {_CACHE},
            )
            for left_out in product(*((frozenset(), some) for some in newer)):
                seen = [name for name in names if not any(name in some for some in left_out)]
                if order_digest(seen) == listing.order:
                    yield from (prefix + name for name in seen if prefix + name not in made)
                    break


def _only_git_looked_at(root: Path, laid_out: Container[str], elsewhere: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Tracked files that the run didn't open: without them, git would call them deleted or changed."""
    left = _TRACKED
    for path in sorted(tracked_paths(DiskTree(root)) or ()):
        file = root / path
        if path in laid_out or path.startswith(elsewhere) or not _is_regular(file):
            continue
        left -= file.stat().st_size
        if left < 0:
            return
        yield path, file


def order_digest(names: Iterable[str]) -> str:
    """Digest of the names of a folder in the order in which they came, as `model.record.Listing` has it."""
    return blake2b(b"\0".join(os.fsencode(name) for name in names), digest_size=16).hexdigest()


def left_behind(workspace: Workspace, ignored: Callable[[str], bool]) -> Mapping[str, Path]:
    """Files of the working copy that are new or other than what was laid out, by relative path.

    Content decides, not times. Lent files are read-only and left out, lent folders are not looked into.
    """
    folder = Path(workspace.folder)
    skipped = {item.path for item in workspace.lent}
    found: dict[str, Path] = {}
    for parent, folders, names in os.walk(folder):
        prefix = Path(parent).relative_to(folder).as_posix()
        prefix = "" if prefix == "." else f"{prefix}/"
        folders[:] = sorted(
            name for name in folders if prefix + name not in skipped and not ignored(f"{prefix}{name}/")
        )
        for name in sorted(names):
            path = prefix + name
            if path in skipped or ignored(path):
                continue
            file = Path(parent, name)
            if not _is_regular(file):  # what a link names is looked at where it lies; a pipe holds nothing
                continue
            before = workspace.digests.get(path)
            same = digest_of(file) == before if before is not None else workspace.stand_ins.get(path) == _seen(file)
            if not same:
                found[as_recorded(path)] = file
    return found


def as_recorded(path: str) -> str:
    """A path as records spell it: text whatever its bytes are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _seen(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns
