"""Takes credentials out of a run's journal once nobody writes to it any more."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Gap


def scrub_journal(journal: Path, secrets: Secrets) -> tuple[Gap, ...]:
    """Rewrite the files that hold something that looks like a credential; the others stay as they are."""
    gaps = []
    for path in sorted(journal.glob("*.jsonl")):
        try:
            _scrub(path, secrets)
        except OSError as error:
            reason = f"{path.name} of the journal could not be cleaned: {error.strerror}"
            gaps.append(Gap("journal", reason, f"Remove {path} by hand if credentials may be in it"))
    return tuple(gaps)


def _scrub(path: Path, secrets: Secrets) -> None:
    with path.open("rb") as file:
        if not any(secrets.suspects(line.decode("utf-8", "surrogateescape")) for line in file):
            return
    temporary = path.with_name(f".{path.name}.clean")
    try:
        with path.open("rb") as source, temporary.open("wb") as target:
            target.writelines(_clean_lines(source, secrets))
            target.flush()
            os.fsync(target.fileno())
        temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _clean_lines(lines: Iterable[bytes], secrets: Secrets) -> Iterator[bytes]:
    for line in lines:
        text = line.decode("utf-8", "surrogateescape")
        if not secrets.suspects(text):
            yield line
            continue
        try:
            cleaned = json.dumps(secrets.clean_value(json.loads(text)), separators=(",", ":"))
        except (ValueError, RecursionError):
            yield secrets.clean_bytes(line)  # torn: text like any other
            continue
        yield cleaned.encode() + b"\n"
