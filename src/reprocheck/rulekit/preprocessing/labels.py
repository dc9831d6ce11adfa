"""How steps are named in trails: as the source writes them, shortened."""

from __future__ import annotations

from reprocheck.rulekit.preprocessing.values import UNSURE, Value, plain

_LABEL = 60


def label(name: str, shown: dict[str, object]) -> str:
    """A call with the arguments that are known."""
    parts = [
        f"{key}={brief(value)}" if not key.isdigit() else brief(value)
        for key, value in shown.items()
        if value is not UNSURE
    ]
    names = name.split(".")
    short = ".".join(names[-2:]) if names[-2:-1] and names[-2][:1].islower() and len(names[-1]) < 4 else names[-1]  # noqa: PLR2004
    text = f"{short}({', '.join(parts)})" if parts else short
    return text if len(text) <= _LABEL else text[: _LABEL - 3] + "..."


def brief(value: object) -> str:
    """A constant, shortened."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(brief(item) for item in value[:8])}{', ...' if len(value) > 8 else ''}]"  # noqa: PLR2004
    return repr(value) if not isinstance(value, str) or "." not in value else value.rpartition(".")[2]


def columns_label(columns: list[object]) -> str:
    """A list of columns, shortened."""
    text = ", ".join(str(column) for column in columns)
    return f"[{text}]" if len(text) <= _LABEL else f"[{text[: _LABEL - 3]}...]"


def short(value: Value) -> str:
    """What is known of a value."""
    return brief(plain(value))[:_LABEL]
