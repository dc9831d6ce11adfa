"""Text that has a UTF-8 form, whatever bytes a name came from."""

from __future__ import annotations


def spelled_out(text: str) -> str:
    r"""The text with bytes that are no UTF-8 (and lone surrogates) as `\xNN`; other text comes back as it is."""
    if text.isascii():
        return text
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "backslashreplace")
