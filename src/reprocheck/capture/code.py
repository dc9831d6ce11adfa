"""The program that ran: the commit, what differs from it, and the used files that git doesn't have."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.capture.git import GitProbe, WorkingTree, relative_to
from reprocheck.capture.ports import ObjectSink
from reprocheck.capture.secrets import Secrets, is_credential_file
from reprocheck.model.record import Code, CodeFile, FileRole, FileUse, Gap, Repository

LARGEST_KEPT = 4 << 20
"""Bytes of the largest file that is kept as code."""
_SETTINGS = frozenset(
    {
        ".yaml",
        ".yml",
        ".json",
        ".jsonc",
        ".toml",
        ".cfg",
        ".ini",
        ".conf",
        ".jinja",
        ".j2",
        ".gin",
        ".jsonnet",
        ".sql",
    }
)
_LARGEST_SETTINGS = 256 << 10
_CODE = frozenset({".py", ".pyw", ".ipynb", ".sh", ".bash", ".mk", ".pyx", ".cu", ".cpp", ".c", ".r", ".jl"})
_CACHED = re.compile(r"(?P<folder>.*/|)__pycache__/(?P<stem>[^/]+?)\.(?:c?python|pypy)[\w-]*[^/]*\.pyc")
_ASKED_FOR = 1000
"""Inputs for which git is asked whether it has them."""
_LFS = b"version https://git-lfs.github.com/spec/"
_LFS_SMALLEST, _LFS_POINTER_SIZE = 100, 1024
"""Bytes of a pointer: version, object id and size, each on a line."""


class CodeState(msgspec.Struct, frozen=True, kw_only=True):
    """Code with its gaps."""

    code: Code
    configuration: tuple[CodeFile, ...] = ()
    untracked: frozenset[str] = frozenset()
    """Inputs under the root that git doesn't have, by their path; empty where there are too many to ask for."""
    gaps: tuple[Gap, ...] = ()


class CodeProbe:
    """Begins before the command starts, so that the state of the repository is the one that ran."""

    def __init__(self, root: Path, command: Sequence[str], cwd: Path) -> None:
        self._root = root
        self._git = GitProbe(root)
        self._named = tuple(_named_files(command, cwd))

    def finish(self, uses: Iterable[FileUse], sink: ObjectSink, secrets: Secrets) -> CodeState:
        """The code, with what git doesn't have put into `sink`."""
        uses = tuple(uses)
        tree, gaps = self._git.answer()
        keeper = _Keeper(sink, secrets)
        files = self._files(uses, tree, keeper)
        configuration = self._configuration(uses, keeper)
        repository, more = (None, ()) if tree is None else self._repository(tree, uses, sink, secrets)
        return CodeState(
            code=Code(repository=repository, files=files),
            configuration=configuration,
            untracked=self._untracked(uses, tree),
            gaps=(*gaps, *keeper.gaps, *more),
        )

    def _files(self, uses: Sequence[FileUse], tree: WorkingTree | None, keeper: _Keeper) -> tuple[CodeFile, ...]:
        seen: dict[Path, str | None] = {self._root / path: None for path in self._named}
        for use in uses:
            if use.role is FileRole.CODE or (use.role is FileRole.INPUT and _is_setting(use)):
                source = source_of(use.path)
                path = self._root / source
                digest = use.before if source == use.path else None
                seen[path] = digest or seen.get(path)
        known = None
        if tree is not None:
            inside = relative_to(tree.root.resolve(), (path.resolve() for path in seen))
            known = self._git.tracked(tree.root, sorted(inside))
        found = []
        for path, digest in sorted(seen.items()):
            tracked = None
            if tree is not None and known is not None:
                real, top = path.resolve(), tree.root.resolve()
                tracked = real.is_relative_to(top) and real.relative_to(top).as_posix() in known
            is_code = path.suffix.lower() in _CODE or not _is_setting_name(path)
            if not is_code and tracked:
                continue  # settings that git has are data like any other
            file = keeper.file(path, self._name(path), digest, tracked=tracked)
            if file is not None:
                found.append(file)
        return tuple(sorted(found))

    def _untracked(self, uses: Sequence[FileUse], tree: WorkingTree | None) -> frozenset[str]:
        inputs = [use.path for use in uses if use.role is FileRole.INPUT and not use.path.startswith("/")]
        if len(inputs) > _ASKED_FOR:
            return frozenset()
        if tree is None:
            return frozenset(inputs)
        names = relative_to(tree.root.resolve(), (self._root.resolve() / path for path in inputs))
        known = self._git.tracked(tree.root, sorted(names)) or set()
        tracked = {path.relative_to(self._root.resolve()).as_posix() for name, path in names.items() if name in known}
        return frozenset(inputs) - tracked

    def _configuration(self, uses: Sequence[FileUse], keeper: _Keeper) -> tuple[CodeFile, ...]:
        """What Hydra resolved, from the folder where it writes it."""
        files = []
        for use in uses:
            if "/.hydra/" in f"/{use.path}" and use.path.endswith(".yaml") and use.after is not None:
                file = keeper.file(self._root / use.path, use.path, use.after, tracked=False)
                if file is not None:
                    files.append(file)
        return tuple(sorted(files))

    def _repository(
        self, tree: WorkingTree, uses: Sequence[FileUse], sink: ObjectSink, secrets: Secrets
    ) -> tuple[Repository, tuple[Gap, ...]]:
        gaps: list[Gap] = []
        digest, size, exact = "", 0, True
        if tree.diff:
            diff = secrets.clean_bytes(tree.diff)
            exact, size = diff == tree.diff, len(diff)
            try:
                digest = sink.put(diff)
            except OSError as error:
                gaps.append(_not_kept("code.repository.diff", "the difference to the commit", error))
            if not exact:
                reason = (
                    "the difference to the commit holds something that looks like a credential, which was taken out"
                )
                gaps.append(Gap("code.repository.diff", reason, "The difference can be read but not applied"))
        pointers = tuple(sorted(use.path for use in uses if _is_pointer(use, self._root)))
        if pointers:
            reason = f"{pointers[0]} and {len(pointers) - 1} more" if len(pointers) > 1 else pointers[0]
            gaps.append(
                Gap(
                    "code.repository",
                    f"pointers of git LFS were read in place of content: {reason}",
                    "Run `git lfs pull`",
                )
            )
        repository = Repository(
            root=str(tree.root),
            commit=tree.commit,
            branch=tree.branch,
            describe=tree.describe,
            remotes={name: secrets.clean(url) for name, url in tree.remotes.items()},
            dirty=bool(tree.changed),
            diff=digest,
            diff_size=size,
            diff_exact=exact,
            changed=tree.changed,
            submodules=tree.submodules,
            lfs_pointers=pointers,
        )
        return repository, tuple(gaps)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else path.as_posix()


class _Keeper:
    """Puts files that git doesn't have into the sink, unless they hold credentials."""

    def __init__(self, sink: ObjectSink, secrets: Secrets) -> None:
        self._sink = sink
        self._secrets = secrets
        self.gaps: list[Gap] = []

    def file(self, path: Path, name: str, digest: str | None, *, tracked: bool | None) -> CodeFile | None:
        """The file as part of the code; None when it isn't there and was never seen."""
        try:
            if path.stat().st_size > LARGEST_KEPT:
                self._gap(name, f"{name} is larger than {LARGEST_KEPT >> 20} MiB")
                return CodeFile(path=name, digest=digest, size=path.stat().st_size, tracked=tracked) if digest else None
            data = path.read_bytes()
        except OSError as error:
            if digest is not None:
                self._gap(name, f"{name} can't be read any more: {error.strerror}")
                return CodeFile(path=name, digest=digest, size=0, tracked=tracked)
            return None
        now = blake3(data).hexdigest()
        if digest is not None and now != digest:
            self._gap(name, f"{name} was changed after it had been used")
            return CodeFile(path=name, digest=digest, size=len(data), tracked=tracked)
        stored = False
        if not tracked:
            if is_credential_file(name) or self._secrets.clean_bytes(data) != data:
                self._gap(name, f"{name} holds something that looks like a credential")
            else:
                try:
                    stored = self._sink.put(data) == now
                except OSError as error:
                    self.gaps.append(_not_kept("code.files", name, error))
        return CodeFile(path=name, digest=now, size=len(data), tracked=tracked, stored=stored)

    def _gap(self, name: str, reason: str) -> None:
        self.gaps.append(Gap("code.files", reason, f"The content of {name} is not kept"))


def source_of(path: str) -> str:
    """The source behind compiled code, else the path itself: Python opens only the former while it is fresh."""
    match = _CACHED.fullmatch(path)
    return f"{match['folder']}{match['stem']}.py" if match else path


def _named_files(command: Sequence[str], cwd: Path) -> Iterable[Path]:
    """Code that the command line names: known even where nothing could be observed."""
    for argument in command:
        path = cwd / argument
        if path.suffix.lower() in _CODE and path.is_file():
            yield Path(os.path.abspath(path))  # noqa: PTH100 — links stay: their name is what the command line says


def _is_setting_name(path: Path) -> bool:
    return path.suffix.lower() in _SETTINGS


def _is_setting(use: FileUse) -> bool:
    """Small texts of the project that steer a run and that no result can be had without."""
    small = (use.size_before or 0) <= _LARGEST_SETTINGS
    return small and not use.path.startswith("/") and use.path[use.path.rfind(".") :].lower() in _SETTINGS


def _is_pointer(use: FileUse, root: Path) -> bool:
    size = use.size_before or 0
    if use.role is not FileRole.INPUT or not _LFS_SMALLEST <= size <= _LFS_POINTER_SIZE or use.path.startswith("/"):
        return False
    try:
        with (root / use.path).open("rb") as file:
            return file.read(len(_LFS)) == _LFS
    except OSError:
        return False


def _not_kept(channel: str, what: str, error: OSError) -> Gap:
    return Gap(channel, f"{what} could not be written to the store: {error.strerror}", "Its content is not kept")
