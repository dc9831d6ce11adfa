"""Edits that leave a finding what it is, and edits that put another one like it beside it."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

Edit = Callable[[str, str], str]
"""From path and text to another text."""
RUFF = Path(sys.executable).with_name("ruff")


def statements(text: str) -> list[ast.stmt]:
    """Every statement of a module; none where it can't be parsed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def insert_lines(path: str, text: str) -> str:
    """Comments and empty lines in front of about a third of the statements; in other files comments at the top."""
    if not path.endswith(".py"):
        return text if path.endswith((".ipynb", ".json")) else "# one\n\n# two\n" + text
    rng = random.Random(path)  # noqa: S311 — an order, no secret
    lines = text.split("\n")
    for node in sorted(statements(text), key=lambda node: -node.lineno):
        first = lines[node.lineno - 1]
        alone = not first[: node.col_offset].strip() and not getattr(node, "decorator_list", [])
        if alone and rng.random() < 1 / 3 and not lines[node.lineno - 2].rstrip().endswith("\\"):
            indent = first[: len(first) - len(first.lstrip())]
            lines[node.lineno - 1 : node.lineno - 1] = ["", f"{indent}# inserted"]
    return "\n".join(lines)


def ruff_format(folder: Path, *, width: int, quotes: str) -> None:
    """Format all Python files and notebooks of a folder; what can't be parsed is left as it is."""
    options = [
        "--isolated",
        "--no-cache",
        "--config",
        f"line-length={width}",
        "--config",
        f"format.quote-style={quotes!r}",
    ]
    subprocess.run([RUFF, "format", "-q", *options, str(folder)], check=False, capture_output=True)


def add_twins(text: str, at: Iterable[int], *, where: str) -> tuple[str, set[int]]:
    """Repeat the simple statements at these lines `before`, `after` or at the `end` of the block; returns new lines."""
    wanted = set(at)
    blocks = _blocks(text)
    lines = text.split("\n")
    places: list[tuple[int, list[str]]] = []
    for block in blocks:
        for node in block:
            simple = not hasattr(node, "body") and not isinstance(node, ast.Return | ast.Import | ast.ImportFrom)
            hit = wanted & set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            alone = not lines[node.lineno - 1][: node.col_offset].strip()
            if not (simple and hit and alone) or lines[(node.end_lineno or 1) - 1].rstrip().endswith((";", "\\")):
                continue
            copy = lines[node.lineno - 1 : node.end_lineno]
            last = block[-1].end_lineno or block[-1].lineno
            line = {"before": node.lineno - 1, "after": node.end_lineno or node.lineno, "end": last}[where]
            places.append((line, copy))
    inserted: set[int] = set()
    shift = 0
    for line, copy in sorted(places, key=lambda place: place[0]):
        lines[line + shift : line + shift] = copy
        inserted |= set(range(line + shift + 1, line + shift + 1 + len(copy)))
        shift += len(copy)
    changed = "\n".join(lines)
    return (changed, inserted) if statements(changed) else (text, set())


def _blocks(text: str) -> list[list[ast.stmt]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    fields = ("body", "orelse", "finalbody")
    found = [getattr(node, field, None) for node in ast.walk(tree) for field in fields]
    return [block for block in found if isinstance(block, list) and block and isinstance(block[0], ast.stmt)]
