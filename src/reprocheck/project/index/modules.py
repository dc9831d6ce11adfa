"""Finds the file that an import means, as Python would: next to the importer, from the root, from source folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MAX_DEPTH = 12
"""Folders that a dotted name can span."""


class ModuleTable:
    """Python files by every dotted name that some import path could give them."""

    def __init__(self, paths: Iterable[str]) -> None:
        """`paths` are POSIX and relative to the root."""
        self._by_suffix: dict[str, list[str]] = {}
        self.paths = frozenset(paths)
        for path in sorted(self.paths):
            parts = _parts(path)
            for start in range(max(0, len(parts) - _MAX_DEPTH), len(parts)):
                self._by_suffix.setdefault(".".join(parts[start:]), []).append(path)
        self._found: dict[tuple[str, str], str | None] = {}

    def find(self, importer: str, name: str) -> str | None:
        """Path of the module that `importer` gets by importing `name` (dots in front for a relative import)."""
        if name.startswith("."):
            return self._relative(importer, name)
        folder = importer.rpartition("/")[0]
        key = (folder, name)
        if key not in self._found:
            self._found[key] = self._nearest(folder, self._by_suffix.get(name, ()), name)
        return self._found[key]

    def _nearest(self, folder: str, candidates: Sequence[str], name: str) -> str | None:
        """The candidate whose import root is closest: the importer's folder, one above it, then any other."""
        if not candidates:
            return None
        depth = name.count(".") + 1
        best: tuple[int, str] | None = None
        for path in candidates:
            parts = _parts(path)
            root = "/".join(parts[: len(parts) - depth])
            if root == folder:
                rank = 0
            elif not root or folder.startswith(root + "/"):
                rank = 1 + folder.count("/") - root.count("/") if root else 50
            elif root in {"src", "lib"} or root.endswith("/src"):
                rank = 40
            else:
                rank = 100 + root.count("/")
            if best is None or (rank, path) < best:
                best = (rank, path)
        assert best is not None
        # A single-word name far away is more likely a third-party package than a stranger's folder.
        return None if best[0] >= 100 and depth == 1 and len(candidates) > 1 else best[1]  # noqa: PLR2004

    def _relative(self, importer: str, name: str) -> str | None:
        level = len(name) - len(name.lstrip("."))
        package = importer.split("/")[:-1]
        if level > len(package) + 1:
            return None
        base = package[: len(package) - level + 1]
        rest = [part for part in name[level:].split(".") if part]
        stem = "/".join([*base, *rest])
        for path in (f"{stem}.py", f"{stem}/__init__.py" if stem else "__init__.py"):
            if path in self.paths:
                return path
        return None


def _parts(path: str) -> list[str]:
    parts = path.removesuffix(".py").removesuffix(".ipynb").split("/")
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
