"""Changes as a patch in git's notation."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

_CONTEXT = 3
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_PLAIN = frozenset(range(0x20, 0x7F)) - {ord('"'), ord("\\")}
_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r"}


def patch(before: Mapping[str, bytes | None], after: Mapping[str, bytes]) -> bytes:
    """A patch that `git apply` takes, over all files of `after` that differ; None in `before` is a file not there yet.

    Paths are relative to the folder that the patch is applied in.
    """
    parts: list[bytes] = []
    for path in sorted(after):
        old = before.get(path)
        if old != after[path]:
            parts += _file(path, old, after[path])
    return b"".join(parts)


def _file(path: str, old: bytes | None, new: bytes) -> Iterable[bytes]:
    left, right = quoted(f"a/{path}"), quoted(f"b/{path}")
    yield f"diff --git {left} {right}\n".encode()
    if old is None:
        yield b"new file mode 100644\n"
    yield (f"--- {left}{_end(left)}\n" if old is not None else "--- /dev/null\n").encode()
    yield f"+++ {right}{_end(right)}\n".encode()
    yield from _hunks(_LINE.findall(old or b""), _LINE.findall(new))


def _end(name: str) -> str:
    """A name with spaces ends in a tab, or what follows would be taken for a date."""
    return "\t" if " " in name and not name.startswith('"') else ""


def _hunks(old: list[bytes], new: list[bytes]) -> Iterable[bytes]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n".encode()
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from _marked(b" ", old[old_start:old_end])
                continue
            yield from _marked(b"-", old[old_start:old_end])
            yield from _marked(b"+", new[new_start:new_end])


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _marked(sign: bytes, lines: list[bytes]) -> Iterable[bytes]:
    for line in lines:
        yield sign + line
        if not line.endswith(b"\n"):
            yield b"\n\\ No newline at end of file\n"


def quoted(path: str) -> str:
    """A path as git writes it: quoted where it has letters beyond ASCII, quotes or control characters."""
    data = path.encode("utf-8", "surrogateescape")
    if all(byte in _PLAIN for byte in data):
        return path
    letters = [chr(b) if b in _PLAIN else _ESCAPES.get(b, f"\\{b:03o}") for b in data]
    return f'"{"".join(letters)}"'
