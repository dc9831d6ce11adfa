"""Finds the file that an import means, as Python would: next to the importer, from the root, from source folders."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

_MAX_DEPTH = 12
"""Folders that a dotted name can span."""
_SOURCES = ("src", "lib")
"""Folders that are import roots by custom."""
_LIBRARIES_TEXT = """
    argparse collections copy datetime functools glob hashlib io itertools json logging math multiprocessing os pathlib
    pickle random re shutil subprocess sys time typing warnings
    catboost cupy cv2 flax gym gymnasium jax keras lightgbm matplotlib mlflow mxnet numpy paddle pandas PIL scipy
    sklearn tensorflow torch torchaudio torchvision tqdm transformers wandb xgboost yaml
"""
_LIBRARIES = frozenset(_LIBRARIES_TEXT.split())
"""Names that a project's own packages take inside, `rlkit/torch` and `utils/random.py`, without hiding the library."""


class ModuleTable:
    """Python files by every dotted name that some import path could give them."""

    def __init__(self, paths: Iterable[str]) -> None:
        """`paths` are POSIX and relative to the root; notebooks among them are programs that nothing imports."""
        self.paths = frozenset(paths)
        self._by_suffix: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)
            if not path.endswith(".ipynb"):
                parts = _parts(path)
                for start in range(max(0, len(parts) - _MAX_DEPTH), len(parts)):
                    self._by_suffix.setdefault(".".join(parts[start:]), []).append(path)
        self._found: dict[tuple[str, str], str | None] = {}
        self._below: dict[tuple[str, str], str | None] = {}

    def find(self, importer: str, name: str) -> str | None:
        """Path of the module that `importer` gets by importing `name` (dots in front for a relative import)."""
        if name.startswith("."):
            return self._relative(importer, name)
        folder = importer.rpartition("/")[0]
        key = (folder, name)
        if key not in self._found:
            candidates = self._by_suffix.get(name)
            self._found[key] = self._nearest(folder, name, candidates) if candidates else None
        found = self._found[key]
        return None if found == importer and name in _LIBRARIES else found

    def ending(self, path: str) -> list[str]:
        """Files whose path ends in the folders and the name given."""
        tail = "/" + path
        return [found for found in self._by_name.get(path.rpartition("/")[2], ()) if found.endswith(tail)]

    def _nearest(self, folder: str, name: str, candidates: Sequence[str]) -> str | None:
        """The importer's folder, one above it, source folders beside these, the root; else what lies nearest."""
        stem = name.replace(".", "/")
        above = list(_upwards(folder))
        roots = above if not folder else above[:-1]
        roots = [*roots, *(f"{root}/{source}".lstrip("/") for root in above for source in _SOURCES), ""]
        library = name in _LIBRARIES
        for root in roots:
            if library and root and f"{root}/__init__.py" in self.paths:
                continue  # Who imports a package's module from within says so.
            found = self._file(f"{root}/{stem}".lstrip("/"))
            if found is not None:
                return found
        if library:
            return None
        if "." not in name and len(candidates) > 1:
            # A single word that several strangers' folders have is more likely a third-party package.
            return None
        return next(found for root in above if (found := self._best_below(root, name, candidates)) is not None)

    def _best_below(self, root: str, name: str, candidates: Sequence[str]) -> str | None:
        """The candidate under a folder whose import root is nearest to it; source folders win."""
        key = (root, name)
        if key not in self._below:
            if root:
                # Sorted paths under a folder stand together: "0" is the character behind "/".
                candidates = candidates[bisect_left(candidates, root + "/") : bisect_left(candidates, root + "0")]
            depth = name.count(".") + 1
            self._below[key] = min(candidates, key=lambda path: _distance(path, depth), default=None)
        return self._below[key]

    def _relative(self, importer: str, name: str) -> str | None:
        level = len(name) - len(name.lstrip("."))
        package = importer.split("/")[:-1]
        if level > len(package) + 1:
            return None
        base = package[: len(package) - level + 1]
        rest = [part for part in name[level:].split(".") if part]
        return self._file("/".join([*base, *rest]))

    def _file(self, stem: str) -> str | None:
        """The package or module of that path; a package hides a module of the same name."""
        for path in (f"{stem}/__init__.py" if stem else "__init__.py", f"{stem}.py"):
            if path in self.paths:
                return path
        return None


def _distance(path: str, depth: int) -> tuple[bool, int, str]:
    parts = _parts(path)
    root = parts[: len(parts) - depth]
    return (root[-1:] not in (["src"], ["lib"]), len(root), path)


def _upwards(folder: str) -> Iterator[str]:
    """A folder, those above it, and the root."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _parts(path: str) -> list[str]:
    parts = path.removesuffix(".py").split("/")
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
