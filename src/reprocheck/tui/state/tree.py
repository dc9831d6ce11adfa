"""A tree of differences, as lines that open and close."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.cells import cell_len

from reprocheck.model.comparison import Difference, Outcome
from reprocheck.model.run_report import RunDifferences
from reprocheck.report.comparison_words import headline
from reprocheck.report.visible import visible
from reprocheck.tui.state.lines import Part, Role, fitted

_OUTCOME_ROLES: dict[str, Role] = {
    Outcome.IDENTICAL.value: "good",
    Outcome.EQUIVALENT.value: "good",
    Outcome.INCONCLUSIVE.value: "warning",
    Outcome.DIVERGENT.value: "error",
}
_OUTCOME_MARKS = {"identical": "=", "equivalent": "≈", "inconclusive": "?", "divergent": "≠"}


@dataclass(slots=True)
class Node:
    """One thing that was compared."""

    name: str
    said: str = ""
    """What differs, in a few words."""
    outcome: str = ""
    """Empty for a heading."""
    left: str = ""
    right: str = ""
    notes: tuple[str, ...] = ()
    children: list[Node] = field(default_factory=list)
    open: bool = False


def of_differences(differences: Iterable[Difference]) -> list[Node]:
    """Artifacts and their parts, the worst first, so that the eye falls on it."""
    nodes = [_node(difference) for difference in differences]
    nodes.sort(key=lambda node: -Outcome(node.outcome).rank if node.outcome else 0)
    for node in nodes[:1]:
        node.open = bool(node.children)
    return nodes


def of_runs(found: RunDifferences) -> list[Node]:
    """Two records, section by section; causes come before results."""
    sections: dict[str, Node] = {}
    for difference in found.differences:
        section = sections.setdefault(difference.section, Node(difference.section, open=True))
        first, second = difference.first or "-", difference.second or "-"
        section.children.append(
            Node(difference.what, f"{first} → {second}", Outcome.DIVERGENT.value, difference.first, difference.second)
        )
    for section in sections.values():
        section.said = f"{len(section.children):,} different"
        section.open = len(section.children) <= 20  # noqa: PLR2004 — more would hide the sections behind it
    return list(sections.values())


def _node(difference: Difference) -> Node:
    kind = f" [{difference.kind}]" if difference.kind else ""
    notes = difference.notes
    if difference.omitted:
        notes = (*notes, f"{difference.omitted:,} more parts differ")
    return Node(
        name=f"{difference.name}{kind}",
        said=headline(difference),
        outcome=difference.outcome.value,
        left=difference.left,
        right=difference.right,
        notes=notes,
        children=[_node(child) for child in difference.children],
    )


class TreeLines:
    """The open part of a tree."""

    def __init__(self, roots: list[Node]) -> None:
        self.roots = roots
        self.cursor = 0
        self._shown: list[tuple[int, Node]] = []
        self._lay_out()

    def __len__(self) -> int:
        return len(self._shown)

    @property
    def current(self) -> Node | None:
        """What the cursor is on."""
        return self._shown[self.cursor][1] if self._shown else None

    def move(self, lines: int) -> None:
        """Move the cursor."""
        self.cursor = max(0, min(self.cursor + lines, len(self._shown) - 1))

    def chosen(self, line: int) -> bool:  # noqa: ARG002 — nothing is marked in a tree
        """Nothing is."""
        return False

    def fold(self, *, opened: bool) -> None:
        """Open what the cursor is on; or close it, or what it is part of."""
        node = self.current
        if node is None:
            return
        if opened and node.children:
            node.open = True
        elif not opened and node.open:
            node.open = False
        elif not opened:
            depth = self._shown[self.cursor][0]
            while self.cursor and self._shown[self.cursor][0] >= depth > 0:
                self.cursor -= 1
        self._lay_out()

    def parts(self, line: int, width: int) -> list[Part]:
        """One line: sign, outcome, name, what is said of it."""
        depth, node = self._shown[line]
        sign = " " if not node.children else "▾" if node.open else "▸"
        mark = _OUTCOME_MARKS.get(node.outcome, "")
        parts: list[Part] = [(f"{'  ' * depth}{sign} ", "dim")]
        if mark:
            parts.append((f"{mark} ", _OUTCOME_ROLES[node.outcome]))
        name = visible(node.name)
        used = sum(cell_len(text) for text, _ in parts)
        name = fitted(name, min(cell_len(name), max(0, width - used)))
        parts.append((name, "strong" if not mark or node.children else "path"))
        used += cell_len(name) + 2
        words = f"{node.outcome}: {node.said}" if depth == 0 and mark and node.said else node.said or node.outcome
        parts.append(("  " + fitted(words, max(0, width - used)).rstrip(), "text"))
        return parts

    def _lay_out(self) -> None:
        self._shown = []
        for root in self.roots:
            self._add(root, 0)
        self.cursor = max(0, min(self.cursor, len(self._shown) - 1))

    def _add(self, node: Node, depth: int) -> None:
        self._shown.append((depth, node))
        if node.open:
            for child in node.children:
                self._add(child, depth + 1)
