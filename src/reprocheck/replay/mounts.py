"""A view of the file system of one's own: the working copy appears where the original lies, which nothing can touch.

Needs no privileges where the kernel lets users make namespaces (`user_namespaces(7)`, `mount_namespaces(7)`).
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from reprocheck.capture.supervisor.calls import machine_of

_NEW_NAMESPACE = 0x00020000
_NEW_USER = 0x10000000
_BIND, _RECURSIVE, _PRIVATE, _READ_ONLY, _REMOUNT = 0x1000, 0x4000, 0x40000, 0x1, 0x20
_DETACH = 0x2
_KEPT_FLAGS = 0x2 | 0x4 | 0x8 | 0x400 | 0x800 | 0x200000
"""nosuid, nodev, noexec, noatime, nodiratime, relatime: an unprivileged remount may not clear them."""


class Bind(msgspec.Struct, frozen=True):
    """A file or folder that appears at another place too."""

    source: str
    target: str
    read_only: bool = False


class Cover(msgspec.Struct, frozen=True):
    """A folder that can be read as it is and written to without being changed."""

    folder: str
    upper: str
    """Empty folder that takes what is written."""
    work: str
    """Another one, on the same file system, for the kernel's use."""


class MountsRefusedError(Exception):
    """The kernel, or whoever configured it, allows no such view."""


def separate() -> None:
    """Leave the view of the file system that all processes share; raises MountsRefusedError.

    Who is root without being root's superuser keeps all user ids; others appear to themselves as they are.
    """
    if sys.platform != "linux":
        raise MountsRefusedError(f"{sys.platform} has no mount namespaces")
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_NAMESPACE) != 0:
        if libc.unshare(_NEW_NAMESPACE | _NEW_USER) != 0:
            raise MountsRefusedError(f"namespaces are not allowed ({os.strerror(ctypes.get_errno())})")
        try:
            Path("/proc/self/setgroups").write_text("deny", "ascii")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1\n", "ascii")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1\n", "ascii")
        except OSError as error:
            raise MountsRefusedError(f"user ids can't be kept in a namespace ({error.strerror})") from error
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)


def new_top(folder: Path, fresh: Iterable[str]) -> None:
    """Make an empty folder the top of the file system, with all that the old top has and the folders `fresh`.

    Nobody can add a folder to the old top, and a cover over it would show nothing: names begin below it. Raises
    MountsRefusedError.
    """
    machine = machine_of(platform.machine())
    if machine is None or "pivot_root" not in machine.calls:
        raise MountsRefusedError(f"no new top of the file system can be made on {platform.machine()}")
    try:
        _mount(str(folder), str(folder), None, _BIND)
        # What holds the folder comes first: what is mounted in it by then appears in it once more.
        for entry in sorted(os.scandir("/"), key=lambda entry: (not folder.is_relative_to(entry.path), entry.name)):
            place = folder / entry.name
            if entry.is_symlink():
                place.symlink_to(os.readlink(entry.path))  # noqa: PTH115 — as it is written
                continue
            if entry.is_dir():
                place.mkdir()
            else:
                place.touch()
            _mount(entry.path, str(place), None, _BIND | _RECURSIVE)
        for path in fresh:
            (folder / path.lstrip("/")).mkdir(exist_ok=True)
        os.chdir(folder)
    except OSError as error:
        raise MountsRefusedError(f"{error.filename} can't be made ({error.strerror})") from error
    libc = ctypes.CDLL(None, use_errno=True)
    # The old top lies under the new one for a moment; the working folder is then the old one (pivot_root(2)).
    if libc.syscall(machine.calls["pivot_root"], b".", b".") != 0 or libc.umount2(b".", _DETACH) != 0:
        raise MountsRefusedError(f"the top of the file system could not be changed ({os.strerror(ctypes.get_errno())})")
    os.chdir("/")


@contextmanager
def held(binds: Iterable[Bind], covers: Iterable[Cover]) -> Iterator[tuple[list[Bind], list[Cover]]]:
    """The same with sources that stay what they are, whatever is mounted over the way to them."""
    opened: list[int] = []

    def hold(path: str) -> str:
        opened.append(os.open(path, os.O_PATH | os.O_CLOEXEC))
        return f"/proc/self/fd/{opened[-1]}"

    try:
        yield (
            [Bind(hold(item.source), item.target, item.read_only) for item in binds],
            [Cover(item.folder, hold(item.upper), hold(item.work)) for item in covers],
        )
    except OSError as error:
        raise MountsRefusedError(f"{error.filename} can't be mounted ({error.strerror})") from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


def bind(binds: Iterable[Bind]) -> None:
    """Make each source appear at its target, in order; raises MountsRefusedError."""
    for item in binds:
        _mount(item.source, item.target, None, _BIND | _RECURSIVE)
        if item.read_only:
            flags = os.statvfs(item.target).f_flag & _KEPT_FLAGS
            _mount(None, item.target, None, _BIND | _REMOUNT | _READ_ONLY | flags)


def cover(covers: Iterable[Cover]) -> None:
    """Let writes to each folder go elsewhere; raises MountsRefusedError."""
    for item in covers:
        if any("," in path or ":" in path or "\\" in path for path in (item.folder, item.upper, item.work)):
            raise MountsRefusedError(f"{item.folder} can't be covered: its name has a comma, colon or backslash")
        options = f"lowerdir={item.folder},upperdir={item.upper},workdir={item.work}"
        try:
            _mount("overlay", item.folder, "overlay", 0, options)
        except MountsRefusedError:
            _mount("overlay", item.folder, "overlay", 0, f"{options},userxattr")


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    if libc.mount(*encoded, ctypes.c_ulong(flags), os.fsencode(data) if data else None) != 0:
        raise MountsRefusedError(f"{target} could not be mounted ({os.strerror(ctypes.get_errno())})")
