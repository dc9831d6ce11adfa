"""Which part of the machine a path belongs to, by its name alone: data, environment or device."""

from __future__ import annotations

import os
from collections.abc import Iterable

_SYSTEM = ("/usr/", "/lib/", "/lib64/", "/lib32/", "/libx32/", "/bin/", "/sbin/", "/etc/", "/run/", "/var/run/")
DEVICES = ("/proc/", "/sys/", "/dev/")
SHARED_MEMORY = "/dev/shm/"  # noqa: S108 -- nothing is made there
"""Where shm_open(3) and sem_open(3) keep segments and semaphores."""
_PACKAGES = ("/site-packages/", "/dist-packages/")
_INTERPRETER_PARTS = ("bin", "lib", "lib64", "include", "share", "pyvenv.cfg")
DATA, ENVIRONMENT, DEVICE = "data", "environment", "device"


class Regions:
    """The folders of system, interpreters and packages; what lies under the root is data but for packages in it."""

    __slots__ = ("_bytecode", "_environment", "_prefixes", "_root")

    def __init__(self, root: str, prefixes: Iterable[str] = (), bytecode: str = "") -> None:
        """`bytecode` is the folder of PYTHONPYCACHEPREFIX: it holds that of every source, under its absolute path."""
        self._bytecode = bytecode.rstrip("/") + "/" if bytecode else ""
        self._root = root.rstrip("/") + "/"
        self._prefixes: list[str] = []
        self._environment: tuple[str, ...] = ()
        for prefix in prefixes:
            self.add(prefix)

    def add(self, prefix: str) -> bool:
        """Count the interpreter installed at `prefix` as environment; False when it was already."""
        prefix = prefix.rstrip("/")
        if not prefix or prefix in self._prefixes:
            return False
        self._prefixes.append(prefix)
        self._environment += tuple(f"{prefix}/{part}" for part in _INTERPRETER_PARTS)
        return True

    def behind(self, path: str) -> str:
        """The source of bytecode that is kept apart; any other path as it is."""
        if not self._bytecode or not path.startswith(self._bytecode) or not path.endswith(".pyc"):
            return path
        folder, _, name = path[len(self._bytecode) - 1 :].rpartition("/")
        return f"{folder}/{name.partition('.')[0]}.py"

    def inside(self, path: str) -> bool:
        """Whether it lies in the project."""
        return path.startswith(self._root)

    def of(self, path: str) -> str:
        """`data`, `environment` or `device`."""
        if path.startswith(self._environment) or _PACKAGES[0] in path or _PACKAGES[1] in path:
            return ENVIRONMENT
        if path.startswith(self._root):
            return DATA
        if path.startswith(_SYSTEM):
            return ENVIRONMENT
        return DEVICE if path.startswith(DEVICES) else DATA


def interpreter_prefixes(program: str) -> list[str]:
    """Where a Python interpreter of this name is installed: its virtual environment first, then its base."""
    found = []
    for path in dict.fromkeys((program, os.path.realpath(program))):
        folder, name = os.path.split(path)
        prefix, part = os.path.split(folder)
        if name.startswith(("python", "pypy")) and part in ("bin", "MacOS") and prefix not in ("/usr", "/", ""):
            found.append(prefix)
    return found
