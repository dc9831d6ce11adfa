"""The baseline: findings that were there when a project began to use the tool, so that only new ones count."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from reprocheck.model.finding import Finding
from reprocheck.triage.matching import match_up

SCHEMA = 1
_MAX_BYTES = 256 << 20


class BaselineError(Exception):
    """The baseline can't be read or written; the message says why and what to do."""


class Entry(msgspec.Struct, frozen=True, order=True):
    """A finding as recorded."""

    path: str
    code: str
    symbol: str
    fingerprint: str
    context: str
    message: str


class Baseline(msgspec.Struct, frozen=True):
    """The whole file."""

    schema: int
    findings: tuple[Entry, ...]


def record(findings: Iterable[Finding]) -> Baseline:
    """A baseline of the findings that count."""
    entries = [
        Entry(f.place.path, f.code, f.symbol, f.fingerprint, f.context, f.message)
        for f in findings
        if f.suppression is None
    ]
    return Baseline(SCHEMA, tuple(sorted(entries)))


def read(path: Path) -> Baseline:
    """Read a baseline file; raises BaselineError."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BaselineError(f"the baseline {path} is larger than {_MAX_BYTES >> 20} MiB")
        baseline = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except FileNotFoundError:
        raise BaselineError(f"there is no baseline {path}; make one with `reprocheck baseline create`") from None
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BaselineError(
            f"the baseline {path} is damaged ({error}); restore it or make it anew with `reprocheck baseline create`"
        ) from error
    if baseline.schema > SCHEMA:
        raise BaselineError(f"the baseline {path} was made by a newer reprocheck (schema {baseline.schema})")
    return baseline


def write(path: Path, baseline: Baseline) -> None:
    """Write a baseline file whole or not at all, one line per finding so that it merges well."""
    lines = [msgspec.json.encode(entry).decode() for entry in baseline.findings]
    text = f'{{"schema":{baseline.schema},"findings":[\n' + ",\n".join(lines) + "\n]}\n"
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise BaselineError(f"the baseline {path} cannot be written: {error.strerror}") from error


def mark(
    findings: Sequence[Finding], baseline: Baseline, *, whole: bool = True
) -> tuple[tuple[Finding, ...], tuple[Entry, ...]]:
    """The findings with `known` set, and the recorded ones that fit none.

    Without `whole` the findings are those of some files only: what is recorded of other files is then out of sight, and
    must not be used up by a finding in one of these.
    """
    matched = match_up(findings, baseline.findings) if whole else _match_by_file(findings, baseline.findings)
    marked = tuple(msgspec.structs.replace(f, known=index in matched) for index, f in enumerate(findings))
    used = set(matched.values())
    return marked, tuple(entry for index, entry in enumerate(baseline.findings) if index not in used)


def _match_by_file(findings: Sequence[Finding], entries: Sequence[Entry]) -> dict[int, int]:
    present: dict[str, list[int]] = defaultdict(list)
    known: dict[str, list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        present[finding.place.path].append(index)
    for index, entry in enumerate(entries):
        known[entry.path].append(index)
    matched: dict[int, int] = {}
    for path in present.keys() & known.keys():
        here, recorded = present[path], known[path]
        pairs = match_up([findings[index] for index in here], [entries[index] for index in recorded])
        matched.update({here[one]: recorded[other] for one, other in pairs.items()})
    return matched
