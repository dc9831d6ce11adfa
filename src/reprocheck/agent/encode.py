"""JSON for journal lines: importing `json` would cost more than everything else that the agent does at the start."""

from __future__ import annotations

try:
    from _json import encode_basestring_ascii as _quote
except ImportError:  # interpreters without the accelerator
    from json.encoder import encode_basestring_ascii as _quote

_FINITE = 1.7976931348623157e308


def encode(value: object) -> str:
    """One value; what JSON doesn't know is spelled as `repr` does, cut at 200 characters."""
    kind = type(value)
    if kind is str:
        return _quote(value)  # type: ignore[arg-type]
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return repr(value)
    if kind is float:
        # `nan`, `inf` and `-inf` become text, for JSON has no number for them
        return repr(value) if -_FINITE <= value <= _FINITE else f'"{value!r}"'  # type: ignore[operator]
    if kind is list or kind is tuple:
        return "[{}]".format(",".join([encode(item) for item in value]))  # type: ignore[attr-defined]
    if kind is dict:
        pairs = [f"{_quote(str(key))}:{encode(item)}" for key, item in value.items()]  # type: ignore[attr-defined]
        return "{{{}}}".format(",".join(pairs))
    if kind is bytes:
        return f'"{value.hex()}"'  # type: ignore[attr-defined]
    return _quote(spell(value))


def spell(value: object) -> str:
    """A value as Python spells it, at most 200 characters; only values of built-in types are asked for it."""
    kind = type(value)
    if kind in (bool, int, float, str, bytes, type(None)):
        text = repr(value)
    elif kind in (list, tuple) and len(value) <= 64:  # type: ignore[arg-type]
        text = "[{}]".format(", ".join([spell(item) for item in value]))  # type: ignore[attr-defined]
    else:
        text = f"<{kind.__name__}>"
    return text if len(text) <= 200 else text[:197] + "..."
