"""Compares JSON, YAML and TOML by their values: keys, lists and numbers, whatever their order and layout."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.comparators.text import is_text, text_of
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context
from reprocheck.compare.formats.yaml_values import read_yaml
from reprocheck.compare.single_numbers import Number
from reprocheck.compare.structure import Walk
from reprocheck.model.comparison import Difference

_LARGEST = 128 << 20
_LARGEST_YAML = 8 << 20
_LONGEST_INTEGER = 4000
"""Digits; longer ones stay text."""


def read_json(data: bytes) -> object:
    """Values of a JSON document; raises `UnreadableError`. A key that is there twice makes a list of pairs."""
    try:
        return json.loads(
            text_of(data), parse_float=Number, parse_int=_integer, parse_constant=Number, object_pairs_hook=_object
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableError(f"is no JSON ({error})") from None


def _integer(text: str) -> int | Number:
    # `-0` is a float in JavaScript's eyes and would be lost as an integer.
    return Number(text) if len(text) > _LONGEST_INTEGER or text == "-0" else int(text)


def _object(pairs: list[tuple[str, object]]) -> object:
    mapping = dict(pairs)
    return mapping if len(mapping) == len(pairs) else [[key, value] for key, value in pairs]


def read_toml(data: bytes) -> object:
    """Values of a TOML document; raises `UnreadableError`."""
    try:
        return tomllib.loads(text_of(data), parse_float=Number)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise UnreadableError(f"is no TOML ({error})") from None


def _comparator(
    name: str, recognizes: Callable[[Probe], bool], read: Callable[[bytes], object], limit: int
) -> Comparator:
    def compare(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
        values = read(left.all(limit)), read(right.all(limit))
        parts = Walk(context).compare(*values, name=name, key="")
        return context.gathered(context.path, name, parts, "")

    return Comparator(name, recognizes, compare)


def _is_json(probe: Probe) -> bool:
    if not is_text(probe) or probe.ends(".jsonl", ".ndjson"):
        return False
    return probe.ends(".json") or (probe.head.lstrip()[:1] in {b"{", b"["} and not probe.ends(".txt", ".log", ".csv"))


def _is_yaml(probe: Probe) -> bool:
    return probe.ends(".yaml", ".yml", "mlmodel") and is_text(probe)


def _is_toml(probe: Probe) -> bool:
    return probe.ends(".toml") and is_text(probe)


JSON = _comparator("json", _is_json, read_json, _LARGEST)
YAML = _comparator("yaml", _is_yaml, read_yaml, _LARGEST_YAML)
TOML = _comparator("toml", _is_toml, read_toml, _LARGEST)
