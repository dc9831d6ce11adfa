"""YAML as plain lists, tables and texts, built from events: libyaml's own loader overruns the stack on deep nesting."""

from __future__ import annotations

from typing import Final

import yaml

DEPTH_LIMIT: Final = 60
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class PlainYamlError(Exception):
    """A text is not YAML, or more deeply nested than any advisory."""


def read_plain(text: str) -> object:
    """The first document: lists, tables with text keys, texts as written; None where there is none.

    Keys that are no text are left out; an alias gives the very value that its anchor named.
    """
    try:
        return _Builder().build(text)
    except yaml.YAMLError as error:
        raise PlainYamlError(" ".join(str(error).split())) from None


class _Builder:
    """Puts events together, without recursion."""

    def __init__(self) -> None:
        self._stack: list[tuple[list[object], str | None, bool]] = []
        self._anchors: dict[str, object] = {}

    def build(self, text: str) -> object:
        for event in yaml.parse(text, Loader=_LOADER):
            match event:
                case yaml.ScalarEvent():
                    value: object = event.value
                    anchor = event.anchor
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    if len(self._stack) >= DEPTH_LIMIT:
                        raise PlainYamlError("is nested too deeply")
                    self._stack.append(([], event.anchor, isinstance(event, yaml.MappingStartEvent)))
                    continue
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    children, anchor, is_table = self._stack.pop()
                    value = _table(children) if is_table else children
                case yaml.AliasEvent():
                    value, anchor = self._anchors.get(event.anchor or ""), None
                case _:
                    continue
            if anchor:
                self._anchors[anchor] = value
            if not self._stack:
                return value
            self._stack[-1][0].append(value)
        return None


def _table(children: list[object]) -> dict[str, object]:
    pairs = zip(children[::2], children[1::2], strict=True)
    return {key: value for key, value in pairs if isinstance(key, str)}
