"""Which files of a directory tree belong to the project: a pruned walk that ignores what git ignores."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from reprocheck.project.file_kinds import FileKind, kind_by_first_line, kind_of
from reprocheck.project.gitignore import IgnoreRules, ignore_rules, read_rules

MEBIBYTE = 1 << 20
TEXT_LIMIT = 8 * MEBIBYTE
"""Bytes beyond which a file that would be read is noted and left out."""
NOTEBOOK_LIMIT = 64 * MEBIBYTE
"""The same for notebooks, which carry their outputs."""
EXCLUDED_DIRECTORIES = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", "site-packages", "__pycache__", ".tox", ".nox",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".reprocheck_cache",
    }
)  # fmt: skip
"""Names of directories that hold no source of the project."""
EXCLUDED_PATHS = ("/.dvc/cache", "/.dvc/tmp")
_ENVIRONMENT_MARKERS = frozenset({"pyvenv.cfg", "conda-meta"})
"""What makes a directory an installed environment, whatever its name."""


class ProjectFile(msgspec.Struct, frozen=True):
    """One regular file of the project."""

    path: str
    """POSIX, relative to the root."""
    location: str
    """Absolute path in the notation of the system."""
    kind: FileKind
    size: int
    """Bytes."""

    @property
    def absolute(self) -> Path:
        """Where the file lies; made on demand, since building paths would take half the time of a walk."""
        return Path(self.location)


class Note(msgspec.Struct, frozen=True, order=True):
    """Something that could not be looked at, and why."""

    path: str
    """POSIX, relative to the root where it lies inside."""
    message: str


class Discovery(msgspec.Struct, frozen=True):
    """The files of a project, sorted by path."""

    files: tuple[ProjectFile, ...]
    notes: tuple[Note, ...] = ()


Chain = tuple[tuple[IgnoreRules, int, str], ...]
"""Rules in force, innermost first: each with the length of its directory's prefix and what to put before a path."""


class _Directory(msgspec.Struct, frozen=True):
    """A directory still to be read."""

    path: str
    """Relative to the root with a slash at the end; empty for the root."""
    chain: Chain
    wanted: bool = True
    """False when only files that `include` names are taken."""
    named: bool = False
    """True for a target, which is read whatever it is."""


def discover(
    root: Path,
    targets: Sequence[Path],
    *,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    respect_gitignore: bool = True,
) -> Discovery:
    """List the files under `targets` (absolute or relative to `root`; none means the root itself).

    `exclude` and `include` are patterns in git's notation, relative to the root. `include` brings back what `exclude`,
    git or the default list leaves out; in a directory that is left out it needs a pattern that names the directory
    (`build/generated/*.py`). Targets are taken even when ignored. The user's global ignore file is not read: the
    answer depends on the tree alone.
    """
    walk = _Walk(
        Path(os.path.abspath(root)), ignore_rules(exclude), ignore_rules(include), respect_gitignore=respect_gitignore
    )
    for target in targets or (Path(),):
        walk.add_target(target)
    files = sorted(walk.files.values(), key=lambda file: file.path)
    return Discovery(tuple(files), tuple(sorted(set(walk.notes))))


class _Walk:
    """State of one walk: what was found so far."""

    def __init__(
        self, root: Path, exclude: IgnoreRules | None, include: IgnoreRules | None, *, respect_gitignore: bool
    ) -> None:
        self.root = root
        self.files: dict[str, ProjectFile] = {}
        self.notes: list[Note] = []
        self._prefix = str(root).rstrip("/") + "/"
        self._real_prefix = os.path.realpath(root).rstrip("/") + "/"
        self._exclude = exclude
        self._include = include
        self._include_prefixes = tuple(p.literal_prefix for p in include.patterns if p.ignores) if include else ()
        self._respect_gitignore = respect_gitignore
        self._seen: set[str] = set()

    def add_target(self, target: Path) -> None:
        absolute = os.path.abspath(self.root / target)
        if absolute + "/" != self._prefix and not absolute.startswith(self._prefix):
            self._note(absolute, "lies outside the root")
            return
        path = absolute[len(self._prefix) :].replace(os.sep, "/")
        try:
            status = os.stat(absolute)
        except OSError as error:
            self._note(path or ".", "does not exist" if isinstance(error, FileNotFoundError) else _reason(error))
            return
        if stat.S_ISDIR(status.st_mode):
            self._read_tree(_Directory(path + "/" if path else "", self._chain_above(path), named=True))
        elif stat.S_ISREG(status.st_mode):
            self._take(path, absolute, status)
        else:
            self._note(path, "is neither a file nor a directory")

    def _note(self, path: str, message: str) -> None:
        self.notes.append(Note(_printable(path), message))

    def _chain_above(self, path: str) -> Chain:
        """Rules of the directories above `path`, from the top of its git work tree down."""
        if not self._respect_gitignore:
            return ()
        here = self.root / path
        parents: list[Path] = []
        for directory in (here, *here.parents):
            if os.path.lexists(directory / ".git"):
                break
            parents.append(directory)
        else:
            # Outside of any work tree only the scanned root's own ignore files count.
            parents = [d for d in parents if d == self.root or self.root in d.parents]
            return self._chain_through(parents[1:][::-1])
        if not parents:
            return ()
        return self._chain_through([directory, *parents[1:][::-1]])

    def _chain_through(self, directories: list[Path]) -> Chain:
        chain: Chain = ()
        for directory in directories:
            names = {name for name in (".git", ".gitignore") if os.path.lexists(directory / name)}
            inside = str(directory).rstrip("/") + "/"
            if inside.startswith(self._prefix):
                chain = self._with_rules(chain, inside[len(self._prefix) :], "", inside, names)
            else:
                chain = self._with_rules(chain, "", self._prefix[len(inside) :], inside, names)
        return chain

    def _with_rules(self, chain: Chain, path: str, before: str, absolute: str, names: set[str]) -> Chain:
        """Put the rules of a directory in front; a `.git` in it starts a work tree of its own."""
        if ".git" in names:
            data = _read_exclude(absolute)
            rules = read_rules(data) if data is not None else None
            chain = ((rules, len(path), before),) if rules is not None else ()
        if ".gitignore" in names:
            try:
                data = _read_regular(absolute + ".gitignore")
            except OSError as error:
                self._note(path + ".gitignore", _reason(error))
                return chain
            rules = read_rules(data) if data is not None else None
            if rules is not None:
                chain = ((rules, len(path), before), *chain)
        return chain

    def _read_tree(self, start: _Directory) -> None:
        stack = [start]
        while stack:
            directory = stack.pop()
            if directory.path in self._seen:
                continue
            stack.extend(self._read_directory(directory))

    def _read_directory(self, directory: _Directory) -> list[_Directory]:
        """Take the files of one directory and return the directories below it that are to be read."""
        absolute = self._prefix + directory.path
        try:
            with os.scandir(absolute) as found:
                entries = {entry.name: entry for entry in found}
        except OSError as error:
            self._note(directory.path or ".", _reason(error))
            return []
        named = directory.named or not directory.path
        if not named and directory.wanted and not _ENVIRONMENT_MARKERS.isdisjoint(entries):
            if not self._include_below(directory.path):
                return []
            directory = msgspec.structs.replace(directory, wanted=False)
        if directory.wanted:
            self._seen.add(directory.path)
        chain = directory.chain
        if self._respect_gitignore and (".gitignore" in entries or ".git" in entries):
            chain = self._with_rules(chain, directory.path, "", absolute, entries.keys() & {".git", ".gitignore"})
        below: list[_Directory] = []
        for name, entry in entries.items():
            path = directory.path + name
            try:
                if entry.is_dir(follow_symlinks=False):
                    below.extend(self._enter(path, name, chain, parent_wanted=directory.wanted))
                elif self._wants(path, name, chain, parent_wanted=directory.wanted):
                    self._take_entry(path, entry)
            except OSError as error:
                self._note(path, _reason(error))
        return below

    def _enter(self, path: str, name: str, chain: Chain, *, parent_wanted: bool) -> Iterator[_Directory]:
        included = self._include.decide(path, name, is_directory=True) if self._include is not None else None
        skipped = name in EXCLUDED_DIRECTORIES or f"/{path}".endswith(EXCLUDED_PATHS)
        if included or (parent_wanted and not skipped and not self._ignored(path, name, chain, is_directory=True)):
            yield _Directory(path + "/", chain, named=bool(included))
        elif name != ".git" and self._include_below(path + "/"):
            yield _Directory(path + "/", chain, wanted=False)

    def _include_below(self, path: str) -> bool:
        """Whether an `include` pattern names something inside the directory."""
        return any(p and (p.startswith(path) or path.startswith(p)) for p in self._include_prefixes)

    def _wants(self, path: str, name: str, chain: Chain, *, parent_wanted: bool) -> bool:
        if self._include is not None and self._include.decide(path, name, is_directory=False):
            return True
        return parent_wanted and not self._ignored(path, name, chain, is_directory=False)

    def _ignored(self, path: str, name: str, chain: Chain, *, is_directory: bool) -> bool:
        if self._exclude is not None and self._exclude.decide(path, name, is_directory=is_directory):
            return True
        for rules, length, before in chain:
            verdict = rules.decide(before + path[length:], name, is_directory=is_directory)
            if verdict is not None:
                return verdict
        return False

    def _take_entry(self, path: str, entry: os.DirEntry[str]) -> None:
        if entry.is_symlink():
            self._note_link(path, entry.path)
        elif entry.is_file(follow_symlinks=False):
            self._take(path, entry.path, entry.stat(follow_symlinks=False))

    def _note_link(self, path: str, absolute: str) -> None:
        """A link into the root is found at its target, a broken one is nothing; the others are noted."""
        target = os.path.realpath(absolute)
        if os.path.exists(target) and not (target + "/").startswith(self._real_prefix):
            self._note(path, "is a symbolic link that leads out of the root; not followed")

    def _take(self, path: str, absolute: str, status: os.stat_result) -> None:
        if not _is_text(path):
            self._note(path, "has a name that is not UTF-8")
            return
        kind = kind_of(path)
        if kind is FileKind.OTHER and "." not in path[path.rfind("/") + 1 :]:
            kind = kind_by_first_line(absolute, status)
        limit = NOTEBOOK_LIMIT if kind is FileKind.NOTEBOOK else TEXT_LIMIT
        if kind is not FileKind.OTHER and status.st_size > limit:
            self._note(path, f"is larger than {limit // MEBIBYTE} MiB; not read")
            kind = FileKind.OTHER
        self.files[path] = ProjectFile(path, absolute, kind, status.st_size)


def _is_text(path: str) -> bool:
    if path.isascii():
        return True
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").rstrip("/")


def _reason(error: OSError) -> str:
    return f"can't be read: {error.strerror or type(error).__name__}"


def _read_regular(path: str) -> bytes | None:
    """Content of a regular file; None for anything else: git follows no link here, and a pipe would block."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return None
    with open(path, "rb") as file:
        return file.read(TEXT_LIMIT)


def _read_exclude(work_tree: str) -> bytes | None:
    """Content of `info/exclude` of the repository whose work tree this is; None when there is none."""
    try:
        git = work_tree + ".git"
        if not os.path.isdir(git):
            pointer = _read_regular(git)
            if pointer is None or not pointer.startswith(b"gitdir:"):
                return None
            git = os.path.join(work_tree, os.fsdecode(pointer[len(b"gitdir:") :].strip()))
        if os.path.isfile(os.path.join(git, "commondir")):
            common = _read_regular(os.path.join(git, "commondir")) or b""
            git = os.path.join(git, os.fsdecode(common.strip()))
        return _read_regular(os.path.join(git, "info", "exclude"))
    except OSError:
        return None
