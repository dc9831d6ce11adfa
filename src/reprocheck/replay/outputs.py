"""Which files of a run, and of its replay, are results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from reprocheck.capture.output import NAME
from reprocheck.model.plan import Link
from reprocheck.model.record import OUTPUT_ROLES, FileRole, FileUses, Record
from reprocheck.project.gitignore import parse_pattern, to_regex
from reprocheck.replay.sources import digest_of

STDOUT = "stdout"
"""The pattern that makes standard output count."""
_LEFT = OUTPUT_ROLES | {FileRole.LOG, FileRole.TEMPORARY}
"""What a run can leave behind."""
_CACHES = re.compile(
    r"(^|/)(__pycache__|\.git|\.hg|\.reprocheck|\.reprocheck_cache|\.ipynb_checkpoints|\.pytest_cache|\.mypy_cache|"
    r"\.ruff_cache|\.cache|\.numba_cache|\.triton|\.dvc/(cache|tmp)|node_modules)(/|$)|\.(pyc|pyo|lock|swp)$"
)
_LOGS = re.compile(r"(^|/)[^/]*\.log(\.\d+)?$")


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One file that counts."""

    path: str
    """As in the record."""
    digest: str | None
    """BLAKE3 (hex); None where it could not be told."""
    content: str = ""
    """Absolute path of a file with this content; empty where it is gone."""


class Selection:
    """Decides what counts: the patterns that were given, else all that is left under the root but caches and logs."""

    def __init__(self, patterns: Iterable[str] = (), *, logs: bool = False) -> None:
        """`patterns` are those of `--output`, in the form of git's ignore files; with `logs` logs count too."""
        self._logs = logs
        self.patterns = tuple(pattern for pattern in patterns if pattern != STDOUT)
        self.stdout = STDOUT in tuple(patterns)
        self._matchers = [found for pattern in self.patterns if (found := _matcher(pattern)) is not None]

    @property
    def declared(self) -> bool:
        """Whether somebody said what counts."""
        return bool(self.patterns) or self.stdout

    def counts(self, path: str, role: FileRole = FileRole.OUTPUT) -> bool:
        """Whether a file that was left behind is a result."""
        if path == NAME:
            return self.stdout
        if self.patterns:
            return any(matches(path) for matches in self._matchers)
        if self.stdout:
            return False
        if path.startswith("/") or is_cache(path):
            return False
        is_log = role is FileRole.LOG or _LOGS.search(path) is not None
        return self._logs if is_log else role in OUTPUT_ROLES


def is_cache(path: str) -> bool:
    """Whether a path, or a folder with a slash at its end, holds what programs make again by themselves."""
    return _CACHES.search(path) is not None


def _matcher(pattern: str) -> Callable[[str], bool] | None:
    """One with a slash is matched against the path, one without against each name; a folder means what is in it."""
    parsed = parse_pattern(pattern)
    expression = to_regex(parsed) if parsed is not None else None
    if parsed is None or expression is None:
        return None
    compiled = re.compile(expression, re.DOTALL)  # names may hold line ends
    anchored = parsed.anchored or parsed.directories_only

    def matches(path: str) -> bool:
        parts = path.strip("/").split("/")
        if not anchored:
            return any(compiled.fullmatch(part) for part in parts)
        return any(compiled.fullmatch("/".join(parts[:end])) for end in range(1, len(parts) + 1))

    return matches


def recorded_outputs(
    record: Record,
    selection: Selection,
    stored: Callable[[str], Path | None],
    digest: Callable[[Path], str | None] = digest_of,
    links: tuple[Link, ...] = (),
) -> dict[str, Output]:
    """What the recorded run left that counts, by path, each with its content where that can still be had.

    What lies behind one of the project's `links` is named as if it lay in the project.
    """
    root = Path(record.command.root)
    found: dict[str, Output] = {}
    if selection.stdout:
        found[NAME] = Output(path=NAME, digest=None)  # unless the record has it
    for use in record.files.uses:
        path = through(links, use.path)
        if use.role not in _LEFT or use.size is None or not selection.counts(path, use.role):
            continue
        content = stored(use.after) if use.after is not None else None
        if content is None and use.after is not None:
            original = Path(use.path) if use.path.startswith("/") else root / use.path
            content = original if digest(original) == use.after else None
        found[path] = Output(path=path, digest=use.after, content=str(content) if content else "")
    return found


def replayed_outputs(
    files: FileUses, left: Mapping[str, Path], selection: Selection, links: tuple[Link, ...] = ()
) -> dict[str, Output]:
    """What the replay left that counts; `left` are the files that are new or changed, by path.

    What was seen of each says whether it is a log or a result; where nothing was seen the name alone decides.
    """
    roles = {through(links, use.path): use.role for use in files.uses}
    return {
        path: Output(path=path, digest=digest_of(file), content=str(file))
        for path, file in sorted((through(links, path), file) for path, file in left.items())
        if selection.counts(path, _written(roles.get(path)))
    }


def through(links: Iterable[Link], path: str) -> str:
    """The name in the project of what lies behind one of its links; any other path as it is."""
    if path.startswith("/"):
        for link in links:
            if link.target and path.startswith(f"{link.target}/"):
                return f"{link.path}/{path[len(link.target) + 1 :]}"
            if path == link.target:
                return link.path
    return path


def _written(role: FileRole | None) -> FileRole:
    """A file whose content changed was written, even if only its reading was seen."""
    return FileRole.OUTPUT if role is None or role in {FileRole.INPUT, FileRole.CODE} else role
