"""Terminal styles: turns text and the name of a role into text with or without colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.style import Style

    from reprocheck.model.finding import Severity

Role = Literal["error", "warning", "note", "code", "path", "label", "dim", "strong", "good"]

_STYLES: dict[Role, str] = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold blue",
    "code": "bold",
    "path": "bold cyan",
    "label": "cyan",
    "dim": "dim",
    "strong": "bold",
    "good": "bold green",
}


class Paint:
    """Paints text by role in the terminal's own sixteen colours; paints nothing when colours are off."""

    __slots__ = ("_styles",)

    def __init__(self, *, color: bool) -> None:
        """`color` decides alone: neither the environment nor the terminal is asked."""
        self._styles: Mapping[Role, Style] = _parsed() if color else {}

    def __call__(self, text: str, role: Role) -> str:
        """`text` in the style of `role`."""
        if not self._styles:
            return text
        from rich.color import ColorSystem

        return self._styles[role].render(text, color_system=ColorSystem.STANDARD)

    def severity(self, text: str, severity: Severity) -> str:
        """`text` in the colour of a severity."""
        return self(text, severity.value)


def _parsed() -> dict[Role, Style]:
    from rich.style import Style

    return {role: Style.parse(definition) for role, definition in _STYLES.items()}
