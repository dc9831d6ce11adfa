"""Text inside Markdown that stays text: nothing in it becomes a heading, a link, an image or HTML."""

from __future__ import annotations

import re

from reprocheck.report.visible import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&$])")
_CODE = re.compile(r"`([^`\n]+)`")


def plain(text: str) -> str:
    """Text with every character that Markdown could mind escaped; `code` keeps its marks."""
    safe = visible(" ".join(text.split()))
    parts, end = [], 0
    for found in _CODE.finditer(safe):
        parts += [_escaped(safe[end : found.start()]), code(found[1])]
        end = found.end()
    return "".join([*parts, _escaped(safe[end:])])


def code(text: str) -> str:
    """Text as code; a bar is written as an entity, since tables split at bars even in code."""
    safe = visible(" ".join(text.split()))
    if "|" in safe:
        body = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;")
        return f"<code>{body.replace('`', '&#96;')}</code>"
    longest = max((len(run) for run in re.findall(r"`+", safe)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}" if safe else ""


def _escaped(text: str) -> str:
    # Entities keep code hosts from making links of addresses and from calling people by name.
    return _SPECIAL.sub(r"\\\1", text).replace("://", "&#58;//").replace("@", "&#64;")
