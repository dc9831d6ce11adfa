"""Which lines changed since a git revision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.app.git import git
from reprocheck.model.place import Place

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
"""The user's configuration may ask for other prefixes and for programs of its own."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Added and changed lines by path, relative to the root; lines that are gone leave an empty range."""

    lines: dict[str, tuple[range, ...]]
    whole: frozenset[str]
    """Files that git does not track."""

    def touches(self, place: Place) -> bool:
        """Whether a place has a changed line."""
        if place.path in self.whole:
            return True
        span = place.span
        return any(part.start <= span.end_line and span.line < part.stop for part in self.lines.get(place.path, ()))


def changed_since(root: Path, revision: str) -> Changes:
    """Compare the working tree with a revision; raises UsageError when git can't."""
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is not a git revision")
    diff = git(root, "diff", *_PLAIN, "--relative", "-U0", "--end-of-options", revision, "--", ".")
    untracked = git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return Changes(_parse(diff), frozenset(path for path in untracked.split("\0") if path))


def _parse(diff: str) -> dict[str, tuple[range, ...]]:
    lines: dict[str, list[range]] = {}
    current: list[range] = []
    for line in diff.splitlines():
        if line.startswith("+++ "):
            current = lines.setdefault(_path(line[4:]), [])
        else:
            match = _HUNK.match(line)
            if match is not None:
                start, length = int(match.group(1)), int(match.group(2) or "1")
                # Lines that are gone are told by the line before them: what stands on both sides has changed.
                current.append(range(start, start + length) if length else range(start + 1, start + 1))
    return {path: tuple(parts) for path, parts in lines.items()}


def _path(text: str) -> str:
    name = text.rstrip("\t")
    if name.startswith('"') and name.endswith('"'):
        name = name[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
        name = name.encode("latin-1", "ignore").decode("utf-8", "replace")
    return name.removeprefix("b/")
