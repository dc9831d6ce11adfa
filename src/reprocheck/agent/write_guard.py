"""Refuses to change files below a folder, in the process that it is installed in.

Standard library only, for the user's own interpreter. What Python itself opens, renames, makes or removes is seen
through audit events; what an extension writes by itself, a database or a child process is not.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
}
"""Which arguments of an event are paths that it changes."""


class WriteRefusedError(PermissionError):
    """Something would have changed a file that is to stay as it is."""


def install(root: str, scratch: str) -> None:
    """From here on nothing below `root` may be changed, except below `scratch`; there is no way back."""
    guarded, free = os.path.realpath(root), os.path.realpath(scratch)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if isinstance(path, (str, bytes)) and _is_write(mode, flags):
                _check(path)
        elif event in _CHANGES:
            for position in _CHANGES[event]:
                if isinstance(arguments[position], (str, bytes)):
                    _check(arguments[position])

    def _check(path: str | bytes) -> None:
        where = os.path.realpath(os.fsdecode(path))
        if _is_inside(where, guarded) and not _is_inside(where, free):
            shown = os.path.relpath(where, guarded)
            message = f"`{shown}` would be written: nothing may change the project (--allow-writes lets it)"
            raise WriteRefusedError(message)

    sys.addaudithook(hook)


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_write(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITES)
