"""The source at a place, in colour and with its mark, line by line."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from reprocheck.app.show_source import ShownSource
from reprocheck.report.code_frame import ShownLine

_CHUNK = 60
"""Lines that are coloured at once."""
_BEFORE = 120
"""Lines that are read before them, to know whether they begin inside a string."""
_MARK = Style(bold=True, underline=True)
_LONGEST = 400
"""Characters of a line that are coloured and shown."""


class CodeLines:
    """Lines of one file or cell; only those that are looked at are coloured."""

    def __init__(self, source: ShownSource, theme: str) -> None:
        """`theme` is one of pygments', or `ansi_dark` and `ansi_light` for the terminal's own sixteen colours."""
        self.source = source
        self._theme = theme
        self._chunks: dict[int, list[Text]] = {}
        self._digits = len(str(source.first_line + len(source.lines)))

    def height(self, width: int) -> int:  # noqa: ARG002 — lines are cut, not wrapped
        """Number of lines."""
        return len(self.source.lines)

    def top(self, height: int) -> int:
        """Line to begin with, so that the mark is a third of the way down."""
        return max(0, self.source.line - self.source.first_line - height // 3)

    def text(self, y: int, width: int) -> Text:
        """Line `y`, from 0."""
        source, number = self.source, self.source.first_line + y
        marked = source.line <= number <= max(source.line, source.end_line) and source.line > 0
        text = Text(no_wrap=True, overflow="crop", end="")
        text.append(f"{'▌' if marked else ' '}{number:>{self._digits}} ", "bold" if marked else "dim")
        chunk = self._chunks.get(y // _CHUNK)
        if chunk is None:
            chunk = self._chunks[y // _CHUNK] = self._coloured(y // _CHUNK * _CHUNK)
        line = chunk[y % _CHUNK].copy() if y % _CHUNK < len(chunk) else Text()
        left = self._mark(line, number, width - self._digits - 2) if marked else 0
        if left:
            text.append("…", "dim")
        text.append_text(line[left:] if left else line)
        return text

    def _mark(self, line: Text, number: int, width: int) -> int:
        """Underline what is meant; returns how much to leave out at the left, lest the mark be out of sight."""
        source = self.source
        raw = source.lines[number - source.first_line][:_LONGEST]
        shown = ShownLine(raw, unicode=True)
        begin = source.column if number == source.line else len(raw) - len(raw.lstrip()) + 1
        end = source.end_column if number == source.end_line else len(raw) + 1
        start = shown.cells_before(begin)
        line.stylize(_MARK, start, max(start + 1, shown.cells_before(end)))
        return start - width // 3 if start > width - 4 else 0

    def _coloured(self, start: int) -> list[Text]:
        from rich.syntax import Syntax  # pygments costs as much as all the rest of the first screen

        lines = self.source.lines
        begin = start
        while begin > 0 and start - begin < _BEFORE and not _begins_block(lines[begin]):
            begin -= 1
        shown = [ShownLine(line[:_LONGEST], unicode=True).text for line in lines[begin : start + _CHUNK]]
        path = self.source.path
        lexer = "python" if path.endswith((".py", ".ipynb")) else Syntax.guess_lexer(path)
        text = Syntax("", lexer, theme=self._theme, background_color="default").highlight("\n".join(shown))
        return list(text.split("\n", allow_blank=True)[start - begin : len(shown)])


def _begins_block(line: str) -> bool:
    return line.startswith(("def ", "class ", "@", "import ", "from ", "async "))
