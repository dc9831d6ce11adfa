r"""The way into MessagePack for what stands in source code: it holds neither `"\ud800"` nor numbers of any size."""

from __future__ import annotations

import msgspec

from reprocheck.project.secrets import masked

_ENCODER = msgspec.msgpack.Encoder()


def spelled_out(text: str) -> str:
    r"""The text with lone surrogates written as `\ud800`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def said(message: str) -> str:
    """A message as it may be reported: secrets that it quotes masked."""
    return masked(spelled_out(message))


def encoded(value: object) -> bytes:
    """MessagePack of a value of msgspec; lone surrogates and numbers that need more than 64 bits are spelled out."""
    try:
        return _ENCODER.encode(value)
    except (UnicodeEncodeError, OverflowError):
        return _ENCODER.encode(_spelled(msgspec.to_builtins(value, builtin_types=(bytes,))))


def _spelled(value: object) -> object:
    match value:
        case str():
            return spelled_out(value)
        case int() if not -(1 << 63) <= value < (1 << 64):
            return hex(value)
        case list() | tuple() | set() | frozenset():
            return [_spelled(item) for item in value]
        case dict():
            return {_spelled(key): _spelled(item) for key, item in value.items()}
        case _:
            return value
