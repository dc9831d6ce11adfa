r"""The way into UTF-8 for what stands in source code, where `"\ud800"` is a valid string without a UTF-8 form."""

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
    """MessagePack of a value of msgspec, lone surrogates in it spelled out."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_spelled(msgspec.to_builtins(value, builtin_types=(bytes,))))


def _spelled(value: object) -> object:
    match value:
        case str():
            return spelled_out(value)
        case list() | tuple() | set() | frozenset():
            return [_spelled(item) for item in value]
        case dict():
            return {_spelled(key): _spelled(item) for key, item in value.items()}
        case _:
            return value
