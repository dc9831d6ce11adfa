"""Compares metrics that are logged line by line: JSON lines, and the files of MLflow's folder store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from reprocheck.compare.comparator import Comparator, CompareParts, Probe
from reprocheck.compare.comparators.documents import read_json
from reprocheck.compare.comparators.tables import STEPS
from reprocheck.compare.comparators.text import is_text
from reprocheck.compare.content import Content, UnreadableError
from reprocheck.compare.context import Context, content
from reprocheck.compare.single_numbers import Number
from reprocheck.compare.structure import Walk, described
from reprocheck.model.comparison import Difference, Outcome

_MLFLOW = re.compile(rb"^\d{13} \S+(?: -?\d+)?\r?\n")
_MLFLOW_LINE = re.compile(rb"^(\d{13}) (\S+)(?: (-?\d+))?\r?\n?$")


def _is_lines(probe: Probe) -> bool:
    if not is_text(probe):
        return False
    if probe.ends(".jsonl", ".ndjson"):
        return True
    lines = probe.head.split(b"\n", 2)
    return len(lines) == 3 and all(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in lines[:2])  # noqa: PLR2004


def _is_mlflow(probe: Probe) -> bool:
    return _MLFLOW.match(probe.head) is not None


def _objects(source: Content) -> Iterator[object]:
    for line in source.lines():
        if line.strip():
            yield read_json(line)


def _metrics(source: Content) -> Iterator[object]:
    for line in source.lines():
        match = _MLFLOW_LINE.match(line)
        if match is None:
            raise UnreadableError("has a line that is no metric of MLflow")
        step = match[3]
        yield {
            "timestamp": int(match[1]),
            "value": Number(match[2].decode("utf-8", "surrogateescape")),
            "step": int(step) if step else 0,
        }


def compare_records(
    left: Iterator[object], right: Iterator[object], context: Context, kind: str, key: str = ""
) -> Difference:
    """Compare two logs record by record."""
    missing = object()
    parts: list[Difference] = []
    counts = [0, 0]
    first = ""
    for index, (a, b) in enumerate(zip_longest(left, right, fillvalue=missing)):
        counts[0] += a is not missing
        counts[1] += b is not missing
        if a is missing or b is missing:
            continue
        name = _step_name(a, index)
        found = list(Walk(context).compare(a, b, name, key))
        if found:
            parts.append(context.gathered(name, "record", found))
            if not first and parts[-1].outcome is Outcome.DIVERGENT:
                first = f"first at {name}"
    if counts[0] != counts[1]:
        parts.append(content("records", "another number of records", counts[0], counts[1]))
    return context.gathered(context.path, kind, parts, first if parts else "spaces, order of keys or line ends")


def _step_name(record: object, index: int) -> str:
    if isinstance(record, dict):
        for name in STEPS:
            if name in record:
                return f"step {described(record[name])}"
    return f"record {index + 1}"


def _compare_lines(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    return compare_records(_objects(left), _objects(right), context, "jsonl")


def _compare_mlflow(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    return compare_records(_metrics(left), _metrics(right), context, "mlflow")


JSON_LINES = Comparator("jsonl", _is_lines, _compare_lines)
MLFLOW = Comparator("mlflow", _is_mlflow, _compare_mlflow)
