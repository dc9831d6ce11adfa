"""A pane for something to read: scrolled by line, made as far as it is seen."""

from __future__ import annotations

from typing import ClassVar, Protocol

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Content(Protocol):
    """Something to read."""

    def height(self, width: int) -> int:
        """Number of lines at that width."""
        ...

    def top(self, height: int) -> int:
        """Line to begin with."""
        ...

    def text(self, y: int, width: int) -> Text:
        """Line `y`, from 0."""
        ...


class Rendered:
    """Whatever rich can draw, as lines."""

    def __init__(self, renderable: RenderableType, console: Console) -> None:
        self._renderable = renderable
        self._console = console
        self._width = -1
        self._lines: list[Text] = []

    def height(self, width: int) -> int:
        """Number of lines at that width."""
        if width != self._width:
            self._width = width
            options = self._console.options.update(width=max(1, width), height=None)
            lines = self._console.render_lines(self._renderable, options, pad=False)
            self._lines = [Text.assemble(*((s.text, s.style or "") for s in line), end="") for line in lines]
        return len(self._lines)

    def top(self, height: int) -> int:  # noqa: ARG002 — the same for all heights
        """The first."""
        return 0

    def text(self, y: int, width: int) -> Text:
        """Line `y`."""
        return self._lines[y] if y < self.height(width) else Text()


class Pane(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows `Content`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "down", show=False, id="pane.down"),
        Binding("up,k", "scroll_up", "up", show=False, id="pane.up"),
        Binding("pagedown,ctrl+f", "page_down", "page down", show=False, id="pane.page_down"),
        Binding("pageup,ctrl+b", "page_up", "page up", show=False, id="pane.page_up"),
        Binding("home,g", "scroll_home", "top", show=False, id="pane.top"),
        Binding("end,G", "scroll_end", "bottom", show=False, id="pane.bottom"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 — textual's word
        super().__init__(id=id)
        self._content: Content = Rendered("", Console())
        self._strips: dict[tuple[int, int], Strip] = {}

    def show(self, content: Content) -> None:
        """Show something else, from where it wants to be read."""
        self._content = content
        self._lay_out()
        self.scroll_to(y=content.top(self.size.height), animate=False, immediate=True)
        self.refresh()

    def read(self, renderable: RenderableType) -> None:
        """Show what rich can draw."""
        self.show(Rendered(renderable, self.app.console))

    def on_resize(self) -> None:
        """Lines are made anew for another width."""
        self._lay_out()

    def notify_style_update(self) -> None:
        """Lines are made anew in another theme."""
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        line, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        strip = self._strips.get((line, width))
        if strip is None:
            strip = self._strips[line, width] = self._line(line, width)
        return strip

    def _line(self, line: int, width: int) -> Strip:
        base = self.rich_style
        if line >= self._content.height(width):
            return Strip.blank(width, base)
        segments = [
            Segment(segment.text, base + _without_background(segment.style))
            for segment in self._content.text(line, width).render(self.app.console)
            if segment.text
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _lay_out(self) -> None:
        self._strips.clear()
        self.virtual_size = Size(0, self._content.height(self.scrollable_content_region.width))


def _without_background(style: Style | None) -> Style | None:
    """The pane has its own."""
    if style is None or style.bgcolor is None:
        return style
    return Style(color=style.color, bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline)
