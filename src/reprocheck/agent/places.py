"""From Python frames to the line of the user's code."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_AGENT = os.path.dirname(os.path.abspath(__file__)) + os.sep
_GIVEN = ("<string>", "<stdin>")
"""Programs given with `-c` or by standard input."""
_DEPTH = 200
"""Frames looked at: a recursion may be deep, and the answer is near."""


def _name(frame: FrameType | None) -> str:
    """Qualified name of the function of a frame, also of one in a module that was started with `-m`; empty for none."""
    if frame is None:
        return ""
    names = frame.f_globals
    module = names.get("__name__", "?")
    if module == "__main__":
        module = getattr(names.get("__spec__"), "name", module)
    return f"{module}.{frame.f_code.co_name}"


class Places:
    """Finds the nearest line under the project's root, and the library function that was called from there."""

    def __init__(self, root: str) -> None:
        self._root = root + os.sep if root else ""
        self._start = os.getcwd()
        self._users: dict[str, str | None] = {}
        standard = os.path.dirname(os.path.abspath(os.__file__))
        inside = [path + os.sep for path in (sys.prefix, sys.base_prefix) if path.startswith(self._root or "\n")]
        archive = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
        self._foreign = (standard + os.sep, os.path.join(os.path.dirname(standard), archive) + os.sep, *inside)

    def here(self) -> tuple[list[object] | None, str]:
        """`[path, line, function]` and the function called there; None where no line of the user's is on the stack."""
        frame: FrameType | None = sys._getframe(1)
        called: FrameType | None = None
        outside: list[object] | None = None
        called_outside: FrameType | None = None
        for _ in range(_DEPTH):
            if frame is None:
                break
            code = frame.f_code
            name = code.co_filename
            try:
                path = self._users[name]
            except KeyError:
                path = self._classify(name)
            if path is None and name in _GIVEN and frame.f_globals.get("__name__") == "__main__":
                path = name
            if path is not None:
                function = code.co_name
                return [path, frame.f_lineno, "" if function == "<module>" else function], _name(called)
            if name[0:1] != "<" and not name.startswith(_AGENT):
                if outside is None and not self.is_library(name):
                    outside, called_outside = [name, frame.f_lineno, code.co_name], called
                called = frame
            frame = frame.f_back
        return outside, _name(called if outside is None else called_outside)

    def is_library(self, name: str) -> bool:
        """Whether an absolute path is part of the interpreter or of an installed package."""
        name += "/"
        return "/site-packages/" in name or "/dist-packages/" in name or name.startswith(self._foreign)

    def _classify(self, name: str) -> str | None:
        """Path as the record spells it when this is the user's file, else None; remembered."""
        path = name
        if name.startswith("<ipython-input") or "/ipykernel_" in name:
            pass  # a cell of a notebook
        elif name[0:1] == "<":
            path = ""
        else:
            if not os.path.isabs(name):
                path = os.path.join(self._start, name)
            path = os.path.normpath(path)
            if self.is_library(path) or path.startswith(_AGENT) or not path.startswith(self._root or "\n"):
                path = ""
            path = path[len(self._root) :]
        if len(self._users) > 20000:  # programs that compile code under ever new names
            self._users.clear()
        self._users[name] = path or None
        return path or None
