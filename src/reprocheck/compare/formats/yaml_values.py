"""Reads YAML as values, without building any object."""

from __future__ import annotations

import re

from reprocheck.compare.content import UnreadableError
from reprocheck.compare.single_numbers import Number
from reprocheck.compare.structure import Symbol

_MOST = 200_000
"""Values; an alias counts each time, so that a document can't unfold without end."""
_NULL = "tag:yaml.org,2002:null"
_PREFIX = "tag:yaml.org,2002:"
_EXPONENT = re.compile(r"^[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$")
"""What YAML 1.2 takes for a number and YAML 1.1 for a text."""


def read_yaml(data: bytes) -> object:
    """Values of all documents of a YAML stream; raises `UnreadableError`. Tags of others become symbols."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = list(yaml.compose_all(data, Loader=loader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableError(f"is no YAML ({' '.join(str(error).split())[:200]})") from None
    values = [_Reader().value(document, 0) for document in documents]
    return values[0] if len(values) == 1 else values


class _Reader:
    def __init__(self) -> None:
        self._left = _MOST

    def value(self, node: object, depth: int) -> object:
        import yaml

        self._left -= 1
        if self._left < 0 or depth > 100:  # noqa: PLR2004 — nobody writes that by hand
            raise UnreadableError("unfolds to too many values")
        match node:
            case yaml.MappingNode():
                pairs = [(self.value(key, depth + 1), self.value(value, depth + 1)) for key, value in node.value]
                return self._tagged(node.tag, "map", _mapping(pairs))
            case yaml.SequenceNode():
                return self._tagged(node.tag, "seq", [self.value(item, depth + 1) for item in node.value])
            case yaml.ScalarNode():
                return _scalar(node.tag, node.value, plain=not node.style)
            case _:
                return None

    def _tagged(self, tag: str, usual: str, value: object) -> object:
        return value if tag == _PREFIX + usual else Symbol(tag, (value,))


def _mapping(pairs: list[tuple[object, object]]) -> object:
    keys = [
        key if isinstance(key, (str, int, bool)) else repr(key) if not isinstance(key, Number) else key.text
        for key, _ in pairs
    ]
    if len(set(map(repr, keys))) != len(keys):
        return [[key, value] for key, value in pairs]
    return dict(zip(keys, (value for _, value in pairs), strict=True))


def _scalar(tag: str, text: str, *, plain: bool) -> object:
    match tag.removeprefix(_PREFIX):
        case "str" if plain and _EXPONENT.match(text):
            return Number(text.lower())
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return text.lower() in {"true", "yes", "on", "y"}
        case "int" if text.lstrip("+-").isdigit() and not text.lstrip("+-").startswith("0") and len(text) < 4000:  # noqa: PLR2004
            return int(text)
        case "int" | "float":
            return Number(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").lower())
        case kind:
            return Symbol(kind, (text,))
