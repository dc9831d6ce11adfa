"""The state of a git working tree, asked while the command starts: git runs beside it and costs it no time."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from reprocheck.model.record import Gap, Submodule

PATIENCE = 30.0
"""Seconds that git may take after the command has ended."""
LARGEST_DIFF = 64 << 20
"""Bytes of the largest difference that is kept."""
_PATHS_AT_ONCE = 400
_GIT = ("git", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-c", "diff.autoRefreshIndex=false")
"""Nothing of the repository's is started, and its index isn't written."""
_EMPTY_SECTION = re.compile(rb"^diff --git [^\n]*\n(?=diff --git |\Z)", re.MULTILINE)
"""What git writes of a file that was touched but not changed, while its index isn't written."""
_QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "root": ("rev-parse", "--show-toplevel"),
    "status": ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--ignore-submodules=none"),
    "diff": (
        "diff", "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/",
        "--ignore-submodules=dirty", "HEAD", "--",
    ),
    "describe": ("describe", "--always", "--tags"),
    "remotes": ("config", "--null", "--get-regexp", r"^remote\..*\.url$"),
}  # fmt: skip


class WorkingTree(msgspec.Struct, frozen=True, kw_only=True):
    """What git said."""

    root: Path
    commit: str
    branch: str
    describe: str
    remotes: dict[str, str]
    """As they stand in the configuration, credentials and all."""
    changed: tuple[str, ...]
    submodules: tuple[Submodule, ...]
    diff: bytes | None
    """None where it could not be had."""


class GitProbe:
    """Questions to git that are under way."""

    def __init__(self, root: Path) -> None:
        """Start asking; a folder that is in no repository, or a machine without git, is found out at `answer`."""
        self._root = root
        self._environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        self._asked: dict[str, tuple[subprocess.Popen[bytes], IO[bytes]]] = {}
        self._problem = ""
        if not in_repository(root):
            self._problem = "the project is in no git repository"
            return
        try:
            for name, question in _QUESTIONS.items():
                self._asked[name] = self._ask(question)
        except FileNotFoundError:
            self._problem = "git is not installed"
        except OSError as error:
            self._problem = f"git could not be started: {error.strerror}"

    def answer(self) -> tuple[WorkingTree | None, tuple[Gap, ...]]:
        """Wait for the answers, for a bounded time."""
        end = time.monotonic() + PATIENCE
        answers = {name: _collect(process, output, end) for name, (process, output) in self._asked.items()}
        if self._problem:
            return None, (_no_repository(self._problem),)
        for name in ("root", "status"):
            if (reason := answers[name][1]) is not None:
                return None, (_no_repository(f"git did not answer: {reason}"),)
        root = Path(os.fsdecode(answers["root"][0]).rstrip("\n"))
        commit, branch, changed, submodules = _read_status(answers["status"][0])
        gaps: list[Gap] = []
        diff: bytes | None = b""
        if changed and commit:
            diff = _EMPTY_SECTION.sub(b"", answers["diff"][0]) if answers["diff"][1] is None else None
            if diff is None or len(diff) > LARGEST_DIFF:
                reason = answers["diff"][1] or f"it has more than {LARGEST_DIFF >> 20} MiB"
                gaps.append(Gap("code.repository.diff", f"the difference is not kept: {reason}", _CANT_REBUILD))
                diff = None
        tree = WorkingTree(
            root=root,
            commit=commit,
            branch=branch,
            describe=answers["describe"][0].decode("utf-8", "backslashreplace").strip(),
            remotes=_read_remotes(answers["remotes"][0]),
            changed=changed,
            submodules=self._with_unchanged(root, submodules),
            diff=diff,
        )
        return tree, tuple(gaps)

    def tracked(self, root: Path, paths: Sequence[str]) -> set[str] | None:
        """Those of the paths (relative to `root`) that git knows; None when it can't be asked."""
        known: set[str] = set()
        for first in range(0, len(paths), _PATHS_AT_ONCE):
            some = paths[first : first + _PATHS_AT_ONCE]
            output = self._output(root, "--literal-pathspecs", "ls-files", "-z", "--", *some)
            if output is None:
                return None
            known.update(os.fsdecode(name) for name in output.split(b"\0") if name)
        return known

    def _with_unchanged(self, root: Path, changed: dict[str, bool]) -> tuple[Submodule, ...]:
        """All submodules with what is checked out in them."""
        if not (root / ".gitmodules").is_file():
            return ()
        output = self._output(root, "config", "--null", "-f", ".gitmodules", "--get-regexp", r"\.path$") or b""
        paths = [os.fsdecode(entry.partition(b"\n")[2]) for entry in output.split(b"\0") if entry]
        found = []
        for path in sorted(paths):
            inside = root / path
            head = self._output(inside, "rev-parse", "HEAD") if (inside / ".git").exists() else None
            commit = head.decode("ascii", "replace").strip() if head else ""
            found.append(Submodule(path=path, commit=commit, changed=changed.get(path, False)))
        return tuple(found)

    def _output(self, root: Path, *arguments: str) -> bytes | None:
        try:
            process, output = self._ask(arguments, root)
        except OSError:
            return None
        text, reason = _collect(process, output, time.monotonic() + PATIENCE)
        return text if reason is None else None

    def _ask(self, question: Sequence[str], root: Path | None = None) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        output = tempfile.TemporaryFile()  # noqa: SIM115 — closed when the answer is collected
        try:
            process = subprocess.Popen(  # noqa: S603 — fixed arguments
                [*_GIT, "-C", str(root or self._root), *question],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,  # an interrupt from the terminal is for the command
            )
        except OSError:
            output.close()
            raise
        return process, output


_CANT_REBUILD = "The code can't be rebuilt from the commit"


def in_repository(folder: Path) -> bool:
    """Whether the folder or one above it has a `.git`."""
    return any((candidate / ".git").exists() for candidate in (folder, *folder.parents))


def _no_repository(reason: str) -> Gap:
    return Gap("code.repository", reason, "Code is known by the content of the files that were used, without a commit")


def _collect(process: subprocess.Popen[bytes], output: IO[bytes], end: float) -> tuple[bytes, str | None]:
    """What a question brought, and why nothing if it failed."""
    try:
        code = process.wait(max(0.05, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        output.close()
        return b"", f"it took more than {PATIENCE:.0f} s"
    with output:
        output.seek(0)
        text = output.read(LARGEST_DIFF + 1)
    return text, None if code == 0 else f"exit code {code}"


def _read_status(output: bytes) -> tuple[str, str, tuple[str, ...], dict[str, bool]]:
    """Commit, branch, changed files and changed submodules from `status --porcelain=v2 --branch -z`."""
    commit = branch = ""
    changed: list[str] = []
    submodules: dict[str, bool] = {}
    entries = iter(output.split(b"\0"))
    for entry in entries:
        kind, _, rest = entry.partition(b" ")
        if kind == b"#":
            name, _, value = rest.decode("utf-8", "backslashreplace").partition(" ")
            if name == "branch.oid" and value != "(initial)":
                commit = value
            elif name == "branch.head" and value != "(detached)":
                branch = value
        elif kind in {b"1", b"2", b"u"}:
            # 1 XY sub mH mI mW hH hI path · 2 ... score path NUL original · u XY sub m1 m2 m3 mW h1 h2 h3 path
            fields = rest.split(b" ", {b"1": 7, b"2": 8, b"u": 9}[kind])
            path = os.fsdecode(fields[-1])
            changed.append(path)
            if fields[1].startswith(b"S"):
                submodules[path] = True
            if kind == b"2":
                with suppress(StopIteration):
                    changed.append(os.fsdecode(next(entries)))
    return commit, branch, tuple(sorted(changed)), submodules


def _read_remotes(output: bytes) -> dict[str, str]:
    remotes: dict[str, str] = {}
    for entry in output.decode("utf-8", "backslashreplace").split("\0"):
        key, newline, url = entry.partition("\n")
        if newline:
            remotes.setdefault(key.removeprefix("remote.").removesuffix(".url"), url)
    return dict(sorted(remotes.items()))


def relative_to(root: Path, paths: Iterable[Path]) -> dict[str, Path]:
    """Those of the paths that lie under `root`, by their POSIX path relative to it."""
    return {path.relative_to(root).as_posix(): path for path in paths if path.is_relative_to(root)}
