"""How a place is written down: for people, and as a URI."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from reprocheck.model.place import WHOLE_FILE
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from reprocheck.model.place import Place


def person_place(place: Place, *, unicode: bool = True) -> str:
    """Where to look, for people: `a.py:3:5`, `a.ipynb · cell 5:3` or, for a file as a whole, `a.py`."""
    path = visible(place.path, unicode=unicode)
    if place.cell is not None:
        dot = " \N{MIDDLE DOT} " if unicode else ": "
        return f"{path}{dot}cell {place.cell.number}:{place.cell.line}"
    if place.span == WHOLE_FILE:
        return path
    return f"{path}:{place.span.line}:{place.span.column}"


def line_place(place: Place, *, unicode: bool = True) -> str:
    """Where to look, for programs that split at colons: `a.py:3:5` or `a.ipynb:cell 5:3:1`."""
    path = visible(place.path, unicode=unicode)
    if place.cell is None:
        return f"{path}:{place.span.line}:{place.span.column}"
    column = place.span.column if place.excerpt is None else place.excerpt.column + place.excerpt.dropped
    return f"{path}:cell {place.cell.number}:{place.cell.line}:{column}"


def path_uri(path: str) -> str:
    """A POSIX path as a relative URI reference (RFC 3986): UTF-8, percent-encoded.

    Surrogate escapes become the bytes they stand for; colons are encoded too, lest `c:x.py` be taken for a scheme.
    """
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = path.encode("utf-8", "surrogatepass")
    return quote(data, safe="/-._~")


def linked(text: str, path: str, root_uri: str | None) -> str:
    """`text` as a terminal hyperlink (OSC 8) to a file under the root; unchanged without a root.

    No `id` parameter: a random one would make two reports of one result differ.
    """
    if root_uri is None:
        return text
    target = f"{visible(root_uri, unicode=False).rstrip('/')}/{path_uri(path)}"
    return f"\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\"
