"""Numbers by name: what an artifact that holds measurements says in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reprocheck.compare.comparator import probe
from reprocheck.compare.comparators.documents import JSON, TOML, YAML, read_json, read_toml
from reprocheck.compare.comparators.metric_lines import JSON_LINES, MLFLOW
from reprocheck.compare.comparators.tables import STEPS, TABLE, named_rows
from reprocheck.compare.comparators.tensorboard import TENSORBOARD, scalars
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.formats.yaml_values import read_yaml
from reprocheck.compare.single_numbers import as_number, number_of
from reprocheck.compare.volatile import volatile_key

_LARGEST = 64 << 20
_MOST = 10_000


def quantities(path: Path, name: str) -> dict[str, float]:
    """Last value of every number in a document, table or metric log, by key; empty for anything else.

    Steps and what changes from run to run are left out.
    """
    try:
        with Content.of_file(path, name) as source:
            return dict(_found(source))
    except (OSError, UnreadableError, RecursionError, ValueError):
        return {}


def _found(source: Content) -> Iterator[tuple[str, float]]:
    seen = probe(source)
    if source.size > _LARGEST:
        return
    if TENSORBOARD.recognizes(seen):
        yield from ((tag, value) for _, tag, value in scalars(source) if not volatile_key(tag, value, value))
    elif MLFLOW.recognizes(seen):
        for line in source.lines():
            yield "value", float(line.split()[1])
    elif JSON_LINES.recognizes(seen):
        for line in source.lines():
            if line.strip():
                yield from numbers_in(read_json(line))
    elif JSON.recognizes(seen):
        yield from numbers_in(read_json(source.all(_LARGEST)))
    elif YAML.recognizes(seen):
        yield from numbers_in(read_yaml(source.all(_LARGEST)))
    elif TOML.recognizes(seen):
        yield from numbers_in(read_toml(source.all(_LARGEST)))
    elif TABLE.recognizes(seen):
        for row in named_rows(source):
            yield from _cells(row)


def _cells(row: dict[str, str]) -> Iterator[tuple[str, float]]:
    for name, cell in row.items():
        number = number_of(cell.strip())
        if number is not None and name not in STEPS and not volatile_key(name, float(number), float(number)):
            yield name, float(number)


def numbers_in(value: object, key: str = "", depth: int = 0) -> Iterator[tuple[str, float]]:
    """Numbers of a value of lists and tables by their place in it, without steps and what changes from run to run."""
    if depth > 50:  # noqa: PLR2004 — no measurement lies that deep
        return
    match value:
        case dict():
            for name, item in value.items():
                number = as_number(item)
                plain = float(number) if number is not None else item
                if isinstance(name, str) and name not in STEPS and not volatile_key(name, plain, plain):
                    yield from numbers_in(item, f"{key}.{name}" if key else name, depth + 1)
        case list() if len(value) <= _MOST:
            for index, item in enumerate(value):
                yield from numbers_in(item, f"{key}[{index}]", depth + 1)
        case _:
            number = as_number(value)
            if number is not None:
                yield key, float(number)
