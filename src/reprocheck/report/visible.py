"""Makes characters that steer a terminal or hide from the eye visible, so that scanned code can't forge a report."""

from __future__ import annotations

import re

UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters, ESC and BEL among them
    "\u00ad\u200b\u2060-\u2064\ufeff"  # invisible
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # change the direction of writing
    "\u2028\u2029\ufff9-\ufffb"  # line ends and annotations that not every program knows
    "\ud800-\udfff"  # lone surrogates: can't be encoded
    "\U000e0000-\U000e007f"  # tags: invisible copies of ASCII
    "]"
)
"""Characters that no text format emits as they are. Joiners and variation selectors stay: emoji need them."""

_ONE_BYTE, _TWO_BYTES = 0x100, 0x10000
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escaped(character: str) -> str:
    """One character as Python would spell it in a string literal."""
    short = _SHORT.get(character)
    if short is not None:
        return short
    number = ord(character)
    if number < _ONE_BYTE:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < _TWO_BYTES else f"\\U{number:08x}"


def visible(text: str, *, unicode: bool = True) -> str:
    """`text` with unsafe characters spelled out; without `unicode` everything beyond ASCII is."""
    if text.isascii() and text.isprintable():
        return text
    safe = UNSAFE.sub(lambda match: escaped(match[0]), text)
    return safe if unicode else safe.encode("ascii", "backslashreplace").decode("ascii")
