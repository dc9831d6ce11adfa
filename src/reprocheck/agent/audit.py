"""The interpreter's audit events: files, directories, programs, addresses, settings, each with the user's line."""

from __future__ import annotations

import os
import sys

from .compiled import module
from .process import is_watched
from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_ENTRIES = 200000
"""Names in a directory beyond which their order is not digested: reading it twice would be felt."""
_LIBRARY_SUFFIXES = (".py", ".pyc", ".so")


def install(watch: Watch) -> None:
    """Watch audit events from now on; they can't be unwatched."""
    handlers = _Handlers(watch)
    find = handlers.table.get

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        handler = find(event)
        if handler is None:
            return
        own = watch.own
        if getattr(own, "busy", False):
            return
        own.busy = True
        try:
            handler(*arguments)
        except Exception as error:  # an exception here would forbid what the user does
            watch.journal.failed("audit of " + event, error)
        finally:
            own.busy = False

    if module is not None and module.listen(handlers.table, hook):
        sys.addaudithook(module.heard)
    else:
        sys.addaudithook(hook)
    watch.entrances.append(hook.__code__)


_PACKAGE_SEARCH = ("/importlib/metadata/__init__.py", "/importlib_metadata/__init__.py", "/pkgutil.py")
"""Modules that list the folders of `sys.path` to find what is installed; the order in which they do is no data."""


class _Handlers:
    """One method per audit event; all are called two frames below the one that caused the event."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._journal_folder = watch.options.journal + "/"
        self.table: dict[str, Callable[..., None]] = {
            "open": self._open,
            "os.rename": self._rename,
            "os.remove": self._remove,
            "os.truncate": self._truncate,
            "os.link": self._link,
            "os.listdir": self._listing,
            "os.scandir": self._listing,
            "sqlite3.connect": self._sqlite,
            "subprocess.Popen": self._popen,
            "os.exec": self._exec,
            "os.posix_spawn": self._exec,
            "socket.connect": self._connect,
            "ctypes.dlopen": self._dlopen,
            "os.putenv": self._putenv,
        }

    def _open(self, path: object, _mode: object, flags: int = 0) -> None:
        if path.__class__ is int or path is None:
            return
        name = path if path.__class__ is str else os.fsdecode(path)  # type: ignore[arg-type]
        writes = flags & _WRITES
        use = "write" if writes else "read"
        if self.watch.is_told(use, _absolute(name), ""):  # of workers that read the same files nearly always
            return
        if _is_import():
            return  # the environment and the code are recorded as such
        if name.startswith(("/proc/", "/sys/", "/dev/", self._journal_folder)):
            return
        if not writes and name.endswith(_LIBRARY_SUFFIXES):
            return  # source shown in a traceback, or looked at by a library while it is imported
        self._file(name, use)

    def _file(self, name: str, use: str, other: str = "") -> None:
        path = _absolute(name)
        if self.watch.is_told(use, path, other):
            return
        place, through = self.watch.places.here()
        line = tuple(place) if place else None
        if not self.watch.is_first(use, name, other, line):
            return
        if use == "read" and through and self.watch.places.is_library(name):
            return  # a library reads its own resources: part of the environment
        fields: dict[str, object] = {"use": use, "path": path, "place": place, "through": through}
        if other:
            fields["other"] = _absolute(other)
        self.watch.journal.emit("file", fields)
        if place is not None:
            self.watch.tell(use, path, other)

    def _rename(self, source: object, target: object, *_: object) -> None:
        if not _is_import():
            self._file(os.fsdecode(target), "rename", os.fsdecode(source))  # type: ignore[arg-type]

    def _link(self, source: object, target: object, *_: object) -> None:
        self._file(os.fsdecode(target), "link", os.fsdecode(source))  # type: ignore[arg-type]

    def _remove(self, path: object, *_: object) -> None:
        self._file(os.fsdecode(path), "remove")  # type: ignore[arg-type]

    def _truncate(self, path: object, *_: object) -> None:
        if path.__class__ is not int:
            self._file(os.fsdecode(path), "write")  # type: ignore[arg-type]

    def _sqlite(self, database: object, *_: object) -> None:
        name = os.fsdecode(database)  # type: ignore[arg-type]
        if name.startswith("file:"):
            name = name[5:].partition("?")[0]
        if name and name != ":memory:":
            self._file(name, "write")

    def _dlopen(self, name: object) -> None:
        if isinstance(name, str) and "/" in name and not _is_import():
            self._file(name, "load")

    def _listing(self, path: object = None) -> None:
        if _is_import(_PACKAGE_SEARCH):
            return  # looking for modules, or for installed packages
        place, through = self.watch.places.here()
        if path.__class__ is int:
            if through and not through.startswith("os."):
                return  # a library clears a folder away
            self.watch.journal.gap("listings", "a directory was listed by descriptor, its order isn't known")
            return
        name = _absolute("." if path is None else os.fsdecode(path))  # type: ignore[arg-type]
        line = tuple(place) if place else None
        if not self.watch.is_first("listing", name, line) or name.startswith(("/proc/", "/sys/", "/dev/")):
            return
        if through and self.watch.places.is_library(name):
            return
        fields: dict[str, object] = {"path": name, "place": place, "through": through}
        fields.update(_order(name))
        self.watch.journal.emit("listing", fields)

    def _popen(self, program: object, arguments: object, _cwd: object = None, environment: Any = None) -> None:
        self._started(arguments, program, environment)

    def _exec(self, program: object, arguments: object, environment: Any = None) -> None:
        self._started(arguments, program, environment)

    def _started(self, arguments: object, program: object, environment: Any) -> None:
        """A program that this process starts; of its arguments only those that switch the agent off are kept."""
        place, through = self.watch.places.here()
        name = os.fsdecode(program) if isinstance(program, (str, bytes, os.PathLike)) else ""
        switched = ""
        if os.path.basename(name).startswith("python") and isinstance(arguments, (list, tuple)):
            switched = switched_off([os.fsdecode(part) for part in arguments if isinstance(part, (str, bytes))])
            if not switched and environment is not None and hasattr(environment, "keys"):
                keys = {os.fsdecode(key) for key in environment}
                switched = "" if {"PYTHONPATH", "REPROCHECK_AGENT"} <= keys else "an environment without the agent"
        times = self.watch.times("start", name, tuple(place) if place else None)
        if times:
            fields: dict[str, object] = {"program": name, "place": place, "through": through}
            fields["times"] = times
            self.watch.journal.emit("program", fields)
        if switched:
            self.watch.journal.gap("python", f"{os.path.basename(name)} was started with {switched}")

    def _connect(self, _socket: object, address: object) -> None:
        place, through = self.watch.places.here()
        if isinstance(address, tuple) and len(address) >= 2:
            family = "inet6" if len(address) == 4 else "inet"
            where, port = address[0], address[1]
        elif isinstance(address, (str, bytes)):
            family, where, port = "unix", os.fsdecode(address), 0
        else:
            return
        if isinstance(where, (str, bytes)) and self.watch.is_first("connect", where, port):
            fields: dict[str, object] = {"family": family, "address": os.fsdecode(where), "port": port}
            fields.update({"place": place, "through": through})
            self.watch.journal.emit("connect", fields)

    def _putenv(self, name: object, value: object) -> None:
        variable = os.fsdecode(name)  # type: ignore[arg-type]
        if not is_watched(variable) or variable == "PYTHONPATH":
            return
        setting = os.fsdecode(value)[:300]  # type: ignore[arg-type]
        place, through = self.watch.places.here()
        if self.watch.times("putenv", variable, setting, tuple(place) if place else None):
            fields: dict[str, object] = {"name": variable, "value": setting, "place": place}
            fields["through"] = through
            self.watch.journal.emit("flag", fields)


def _is_import(others: tuple[str, ...] = ()) -> bool:
    """Whether the event, three frames up, was caused by the import system, by the interpreter itself, or by `others`.

    `others` are ends of module files, such as `/pkgutil.py`.
    """
    try:
        caller = sys._getframe(3).f_code.co_filename  # there is no other way to the stack
    except ValueError:
        return True
    return caller.startswith(("<frozen importlib", "<frozen zipimport")) or caller.endswith(others)


def switched_off(arguments: list[str]) -> str:
    """The option by which a Python command line keeps the agent out; empty when it doesn't."""
    rest = iter(arguments[1:])
    for argument in rest:
        if not argument.startswith("-") or argument in ("-", "-c", "-m", "--"):
            return ""
        if argument.startswith("--"):
            continue
        for letter in argument[1:]:
            if letter in "IES":
                return "-" + letter
            if letter in "cm":
                return ""
            if letter in "WX":
                if argument[-1] == letter:
                    next(rest, None)
                break
    return ""


def _absolute(name: str) -> str:
    if name[0:1] == "/":
        return name
    if name[0:1] in ("", ".") or "/." in name or "//" in name or name[-1] == "/":
        return os.path.normpath(os.path.join(os.getcwd(), name))
    folder = os.getcwd()
    return f"{folder}/{name}" if folder != "/" else "/" + name


def _order(path: str) -> dict[str, object]:
    """Number of names in a directory, a digest of their order, and whether that is the sorted one."""
    try:
        names = os.listdir(path)
    except OSError:
        return {"entries": -1, "order": ""}
    if len(names) > _ENTRIES:
        return {"entries": len(names), "order": ""}
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    text = os.fsencode("\0".join(names))
    return {
        "entries": len(names),
        "order": blake2b(text, digest_size=16).hexdigest(),
        "sorted": names == sorted(names),
    }
