"""How editors are told where to begin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_GOTO = frozenset({"code", "code-insiders", "codium", "vscodium", "cursor", "windsurf"})
"""`--goto FILE:LINE:COLUMN`, and `--wait` lest they come back at once."""
_COLONS = frozenset({"subl", "sublime_text", "hx", "helix", "zed", "micro"})
"""`FILE:LINE:COLUMN`."""
_WAITING = frozenset({"subl", "sublime_text", "zed"})


def editor_command(editor: Sequence[str], file: Path, line: int, column: int) -> list[str]:
    """The command that opens a file at a place, by the name of the editor; others get `+LINE FILE`."""
    name = Path(editor[0]).name.removesuffix(".exe")
    wait = [] if any(word in {"--wait", "-w"} for word in editor) else ["--wait"]
    if name in _GOTO:
        return [*editor, *wait, "--goto", f"{file}:{line}:{column}"]
    if name in _COLONS:
        return [*editor, *(wait if name in _WAITING else []), f"{file}:{line}:{column}"]
    return [*editor, f"+{line}", str(file)]
