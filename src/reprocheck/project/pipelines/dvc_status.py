"""Compares what DVC's files record with what is declared and what is on disk: the question that `dvc status` answers.

The words are those of `dvc status`: an entry is `deleted`, `modified` or `new`. What DVC's own cache holds is not
asked: it belongs to a machine, not to the repository.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.gitignore import IgnoreRules, read_rules
from reprocheck.project.pipelines.dvc_model import DvcFile, Edge, LockedStage, ParameterFile, Recorded, Stage
from reprocheck.project.pipelines.values import Value, read_values
from reprocheck.project.work_tree import FILES_LIMIT, HASH_LIMIT, EntryKind, LineEnds, WorkTree

_DEFAULT_IGNORED = b".hg/\n.git/\n.git\n.dvc/\n"
_IGNORE_FILE = ".dvcignore"
_PATTERN = frozenset("*?[")


LINE_ENDS = "line ends"
"""Reason of a change that is none but that git turned the line ends of text into those of another system."""


class What(StrEnum):
    """What of a stage is not as it was recorded."""

    DEP = "dep"
    OUT = "out"
    PARAMETER = "parameter"
    COMMAND = "command"
    ALWAYS = "always"
    """Declared to run each time."""


class State(StrEnum):
    """How it differs."""

    DELETED = "deleted"
    MODIFIED = "modified"
    NEW = "new"
    UNKNOWN = "unknown"
    """Could not be compared; the reason is said."""


class Change(msgspec.Struct, frozen=True):
    """One difference between a stage and its record."""

    what: What
    state: State
    name: str
    """The path or parameter file as written."""
    span: Span
    """In the file that declares the stage."""
    key: str = ""
    """Name of a parameter."""
    path: str | None = None
    """Relative to the root."""
    recorded: Recorded | None = None
    was: Value = None
    now: Value = None
    reason: str = ""
    """Why it could not be compared, or how small the difference is: LINE_ENDS."""


class Status:
    """Compares stages with their records; reads each file once."""

    def __init__(self, tree: WorkTree) -> None:
        """`tree` is what lies on disk."""
        self._tree = tree
        self._rules: dict[str, IgnoreRules | None] = {}
        self._folders: dict[tuple[str, LineEnds], tuple[str, str]] = {}
        self._parameters: dict[str, Value | ValueError] = {}

    def of_stage(self, file: DvcFile, stage: Stage) -> tuple[Change, ...]:
        """Differences of one stage, in the order deps, parameters, outs, rest."""
        locked = file.lock.stages.get(stage.name) if file.lock is not None else None
        deps = file.recorded if file.lock is None else (locked.deps if locked is not None else {})
        outs = file.recorded if file.lock is None else (locked.outs if locked is not None else {})
        return tuple(self._changes(stage, locked, deps, outs))

    def _changes(
        self, stage: Stage, locked: LockedStage | None, deps: dict[str, Recorded], outs: dict[str, Recorded]
    ) -> Iterator[Change]:
        if not stage.frozen:
            for dep in stage.deps:
                yield from self._edge(What.DEP, dep, deps.get(dep.written))
            for parameters in stage.parameters:
                recorded = locked.parameters.get(parameters.written) if locked is not None else None
                yield from self._parameter_file(parameters, recorded)
        for out in stage.outs:
            yield from self._edge(What.OUT, out, outs.get(out.written))
        is_callback = bool(stage.command) and not stage.deps and not stage.parameters and not stage.outs
        if stage.always_changed or is_callback:
            yield Change(What.ALWAYS, State.MODIFIED, stage.name, stage.span)
        if locked is not None and locked.command != stage.command:
            yield Change(What.COMMAND, State.MODIFIED, stage.name, stage.command_span, was=_words(locked.command))

    # Files and folders

    def _edge(self, what: What, edge: Edge, recorded: Recorded | None) -> Iterator[Change]:
        state, reason = self._edge_state(what, edge, recorded)
        if state is not None:
            yield Change(what, state, edge.written, edge.span, path=edge.path, recorded=recorded, reason=reason)

    def _edge_state(self, what: What, edge: Edge, recorded: Recorded | None) -> tuple[State | None, str]:
        if edge.path is None:
            return State.UNKNOWN, "lies outside of the project"
        found = self._tree.look(edge.path)
        if found.kind is EntryKind.UNKNOWN:
            return State.UNKNOWN, "can't be read"
        ignored = what is What.OUT and self._is_ignored(edge.path, is_directory=found.kind is EntryKind.FOLDER)
        if found.kind is EntryKind.ABSENT or ignored:
            return State.DELETED, ""
        if recorded is not None and recorded.other:
            return State.UNKNOWN, "is recorded in a form that is not recomputed"
        if recorded is None or not recorded.digest:
            return State.MODIFIED, ""
        if (found.kind is EntryKind.FOLDER) != recorded.digest.endswith(".dir"):
            return State.MODIFIED, ""
        digest, reason = self.digest(edge.path, LineEnds.UNIX if recorded.unix_line_ends else LineEnds.AS_THEY_ARE)
        if digest == recorded.digest:
            return None, ""
        if digest:
            others = () if recorded.unix_line_ends else (LineEnds.DOS, LineEnds.UNIX)
            same = any(self.digest(edge.path, other)[0] == recorded.digest for other in others)
            return State.MODIFIED, LINE_ENDS if same else ""
        differs = found.kind is EntryKind.FILE and recorded.size is not None and recorded.size != found.size
        return (State.MODIFIED, "") if differs and not recorded.unix_line_ends else (State.UNKNOWN, reason)

    def digest(self, path: str, line_ends: LineEnds = LineEnds.AS_THEY_ARE) -> tuple[str, str]:
        """Digest of a file or folder as DVC makes it; an empty one with the reason why it could not be had."""
        if self._tree.kind(path) is EntryKind.FOLDER:
            key = (posixpath.normpath(path), line_ends)
            if key not in self._folders:
                self._folders[key] = self._folder_digest(*key)
            return self._folders[key]
        digest = self._tree.md5(path, line_ends)
        return (digest, "") if digest else ("", self._why_not_hashed(path))

    def _why_not_hashed(self, path: str) -> str:
        size = self._tree.look(path).size
        if size > HASH_LIMIT:
            return f"has {size / (1 << 20):,.0f} MiB, more than are hashed in a scan ({HASH_LIMIT >> 20})"
        return "can't be read, or is beyond what one scan hashes"

    def _folder_digest(self, folder: str, line_ends: LineEnds) -> tuple[str, str]:
        entries: list[dict[str, str]] = []
        for path in self._files_below(folder):
            if path is None:
                return "", f"has more than {FILES_LIMIT} files, or some that can't be read"
            digest = self._tree.md5(path, line_ends)
            if not digest:
                return "", f"holds `{path}`, which {self._why_not_hashed(path)}"
            entries.append({"md5": digest, "relpath": path[len(folder) + 1 :] if folder != "." else path})
        entries.sort(key=lambda entry: entry["relpath"])
        text = json.dumps(entries, sort_keys=True)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir", ""

    def _files_below(self, folder: str) -> Iterator[str | None]:
        """Files of a folder that DVC doesn't ignore, at any depth; None when they can't be told."""
        left = FILES_LIMIT
        stack = [folder]
        seen: set[str] = set()
        while stack:
            here = stack.pop()
            names = self._tree.names(here)
            if names is None or here.count("/") > _DEPTH_LIMIT:
                yield None
                return
            seen.add(here)
            for name in names:
                path = name if here == "." else f"{here}/{name}"
                kind = self._tree.kind(path)
                left -= 1
                if self._is_ignored(path, is_directory=kind is EntryKind.FOLDER):
                    continue
                if kind is EntryKind.FOLDER:
                    stack.append(path)
                elif kind is EntryKind.FILE and left >= 0:
                    yield path
                else:
                    yield None
                    return

    def _is_ignored(self, path: str, *, is_directory: bool) -> bool:
        parts = posixpath.normpath(path).split("/")
        for depth in range(len(parts)):
            inner = "/".join(parts[: depth + 1])
            folder = is_directory or depth < len(parts) - 1
            for above in range(depth, -1, -1):
                base = "/".join(parts[:above])
                rules = self._rules_of(base)
                relative = inner[len(base) + 1 :] if base else inner
                verdict = rules.decide(relative, parts[depth], is_directory=folder) if rules is not None else None
                if verdict is not None:
                    if verdict:
                        return True
                    break
        return False

    def _rules_of(self, folder: str) -> IgnoreRules | None:
        if folder not in self._rules:
            data = self._tree.read(f"{folder}/{_IGNORE_FILE}" if folder else _IGNORE_FILE) or b""
            self._rules[folder] = read_rules(data if folder else _DEFAULT_IGNORED + data)
        return self._rules[folder]

    # Parameters

    def _parameter_file(self, declared: ParameterFile, recorded: dict[str, Value] | None) -> Iterator[Change]:
        def change(state: State, key: str = "", was: Value = None, now: Value = None, reason: str = "") -> Change:
            return Change(
                What.PARAMETER, state, declared.written, declared.span, key, declared.path, None, was, now, reason
            )

        if declared.path is None:
            yield change(State.UNKNOWN, reason="lies outside of the project")
            return
        if self._tree.kind(declared.path) is EntryKind.ABSENT:
            yield change(State.DELETED)
            return
        if recorded is None:
            yield change(State.NEW)
            return
        actual = self._values(declared.path)
        if isinstance(actual, ValueError) or any(_PATTERN & set(key) for key in declared.keys):
            reason = str(actual) if isinstance(actual, ValueError) else "is declared by a pattern"
            yield change(State.UNKNOWN, reason=reason)
            return
        whole = actual if isinstance(actual, dict) else {}
        known = {key: value for key in declared.keys for value in _at(actual, key)} if declared.keys else whole
        for key in declared.keys or tuple(dict.fromkeys([*known, *recorded])):
            if key not in known:
                yield change(State.DELETED, key, recorded.get(key))
            elif key not in recorded:
                yield change(State.NEW, key, None, known[key])
            elif not _equal(known[key], recorded[key]):
                yield change(State.MODIFIED, key, recorded[key], known[key])

    def _values(self, path: str) -> Value | ValueError:
        if path not in self._parameters:
            data = self._tree.read(path)
            try:
                self._parameters[path] = ValueError("can't be read") if data is None else read_values(path, data)
            except ValueError as error:
                self._parameters[path] = error
        return self._parameters[path]


_DEPTH_LIMIT = 100


def _words(command: str | tuple[str, ...] | None) -> str:
    return " && ".join(command) if isinstance(command, tuple) else command or ""


def _at(values: Value, key: str) -> list[Value]:
    """The value of a dotted name, if there is one."""
    for part in key.split("."):
        match values:
            case dict() if part in values:
                values = values[part]
            case list() if part.isdigit() and int(part) < len(values):
                values = values[int(part)]
            case _:
                return []
    return [values]


def _equal(first: Value, second: Value) -> bool:
    """Equality of values; that no number is one is the same on both sides."""
    return first == second
