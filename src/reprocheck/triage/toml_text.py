"""Writes the blocks of the ledger as TOML.

Source: TOML 1.0.0, https://toml.io/en/v1.0.0.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum

from reprocheck.model.ledger import Decision, Evidence
from reprocheck.triage.errors import LedgerError

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_TWO_BYTES = 0x10000


def block(item: Decision | Evidence) -> str:
    """One `[[decision]]` or `[[evidence]]` block, a line for each field that says something; no empty line."""
    lines = ["[[decision]]" if isinstance(item, Decision) else "[[evidence]]"]
    for key in item.__struct_fields__:
        value = getattr(item, key)
        if value not in (None, "", ()):
            lines.append(f"{key} = {_value(key, value)}")
    return "\n".join(lines) + "\n"


def _value(key: str, value: object) -> str:
    match value:
        case Enum():
            return _string(key, str(value.value))
        case str():
            return _string(key, value)
        case int():
            return str(value)
        case dt.date():
            return value.isoformat()
        case tuple():
            return "[" + ", ".join(_value(key, item) for item in value) + "]"
        case _:
            raise TypeError(f"{key} holds a {type(value).__name__}")


def _string(key: str, text: str) -> str:
    """A basic string on one line; what a reviewer would not see is spelled out."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        what = text.encode("utf-8", "backslashreplace").decode("utf-8")
        raise LedgerError(
            f"the {key} {what} is not valid Unicode, so that the ledger can't hold it; nothing was changed"
        )
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escaped(c)) for c in text) + '"'


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < _TWO_BYTES else f"\\U{number:08x}"
