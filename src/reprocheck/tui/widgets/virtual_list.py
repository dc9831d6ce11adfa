"""A list of any length: only lines on the screen are made, and a step of the cursor paints two of them."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from reprocheck.tui.state.lines import ROLES, Lines

_CACHED = 600
"""Lines that are kept as they were painted."""


class VirtualList(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows `Lines`; says so when its cursor has moved."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"list--{role}" for role in (*ROLES, "cursor", "chosen")}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "down", show=False, id="list.down"),
        Binding("up,k", "step(-1)", "up", show=False, id="list.up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, id="list.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="list.page_up"),
        Binding("home,g", "end(-1)", "first", show=False, id="list.first"),
        Binding("end,G", "end(1)", "last", show=False, id="list.last"),
    ]

    class Moved(Message):
        """The cursor is on another line, or the line under it is another one."""

        def __init__(self, list_id: str) -> None:
            super().__init__()
            self.list_id = list_id

    class Opened(Message):
        """Somebody clicked on the line that the cursor was on."""

    def __init__(self, lines: Lines, *, id: str) -> None:  # noqa: A002 — textual's word
        super().__init__(id=id)
        self.shown = lines
        self._strips: dict[tuple[int, int, bool, bool], Strip] = {}
        self._painted: dict[str, Style] = {}

    def show(self, lines: Lines) -> None:
        """Show other lines from now on."""
        self.shown = lines
        self.renew()

    def renew(self) -> None:
        """The lines have changed."""
        self._strips.clear()
        self._grow(len(self.shown))
        self.keep_in_sight()
        self.refresh()
        self.post_message(self.Moved(self.id or ""))

    def _grow(self, lines: int) -> None:
        """Take the new length on; the screen is laid out anew only where the scrollbar comes or goes."""
        before, height = self.virtual_size.height, self.size.height
        if min(before, lines) <= height or height <= 0:
            self.virtual_size = Size(0, lines)
        elif before != lines:
            self.set_reactive(VirtualList.virtual_size, Size(0, lines))
            self.vertical_scrollbar.window_virtual_size = lines
            if self.scroll_offset.y > self.max_scroll_y:
                self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def notify_style_update(self) -> None:
        """Forget what was painted in another theme."""
        self._strips.clear()
        self._painted.clear()
        super().notify_style_update()

    def on_resize(self) -> None:
        """The cursor stays in sight, once the new size is known to all."""
        self._strips.clear()
        self.call_after_refresh(self.keep_in_sight)

    def keep_in_sight(self) -> None:
        """Scroll so that the cursor is seen, a line of context around it where there is room."""
        height, top, cursor = self.size.height, self.scroll_offset.y, self.shown.cursor
        if height <= 0:
            return
        context = 1 if height > 4 else 0  # noqa: PLR2004 — below that every line is needed
        if cursor - context < top:
            self.scroll_to(y=max(0, cursor - context), animate=False, immediate=True)
        elif cursor + context > top + height - 1:
            self.scroll_to(y=cursor + context - height + 1, animate=False, immediate=True)

    def action_step(self, lines: int) -> None:
        """Move the cursor by so many lines."""
        before, top = self.shown.cursor, self.scroll_offset.y
        self.shown.move(lines)
        if self.shown.cursor == before:
            return
        self.keep_in_sight()
        if self.scroll_offset.y == top:
            first = min(before, self.shown.cursor)
            self.refresh_lines(first, abs(before - self.shown.cursor) + 1)
        else:
            self.refresh()
        self.post_message(self.Moved(self.id or ""))

    def action_page(self, direction: int) -> None:
        """Move by what is seen at once."""
        self.action_step(direction * max(1, self.size.height - 1))

    def action_end(self, direction: int) -> None:
        """To the first line or to the last."""
        self.action_step(direction * len(self.shown))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where somebody points; a click on it opens it."""
        line = event.y + self.scroll_offset.y
        if not 0 <= line < len(self.shown):
            return
        if line == self.shown.cursor:
            self.post_message(self.Opened())
        else:
            self.action_step(line - self.shown.cursor)

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        line, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if line >= len(self.shown):
            return Strip.blank(width, self.rich_style)
        at_cursor = line == self.shown.cursor
        key = (line, width, at_cursor, self.shown.chosen(line))
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) > _CACHED:
                self._strips.clear()
            strip = self._strips[key] = self._painted_line(*key)
        return strip

    def _painted_line(self, line: int, width: int, at_cursor: bool, chosen: bool) -> Strip:  # noqa: FBT001 — parts of a key
        base = self.rich_style
        if chosen:
            base += self._style("chosen")
        if at_cursor:
            base += self._style("cursor")
        # A bar beside the colour: the cursor must be seen without colours too.
        bar = ("▌" if at_cursor else " ") + ("•" if chosen else " ")
        segments = [Segment(bar, base)]
        for text, role in self.shown.parts(line, width - 2):
            # Under the cursor everything has one colour: not every role can be read on its ground.
            style = Style() if at_cursor else self._style(role)
            segments.append(Segment(text, base + Style(color=style.color, bold=style.bold, dim=style.dim)))
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, name: str) -> Style:
        style = self._painted.get(name)
        if style is None:
            style = self._painted[name] = self.get_component_rich_style(f"list--{name}", partial=True)
        return style
