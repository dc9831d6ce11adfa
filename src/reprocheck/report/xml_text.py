"""Text for XML and HTML: escaped, and without the characters that XML 1.0 can't hold."""

from __future__ import annotations

from html import escape

from reprocheck.report.visible import visible


def marked_up(text: str) -> str:
    """Text between tags, or in a quoted attribute; what steers or hides is spelled out first."""
    return escape(visible(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff"), quote=True)
