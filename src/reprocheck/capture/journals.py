"""Takes credentials out of a run's journal once nobody writes to it any more."""

from __future__ import annotations

import json
import os
from pathlib import Path

from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Gap

_PATTERNS = ("agent-*.jsonl", "files.jsonl", "launch.jsonl")
"""Files with events. Traces and recorded entropy hold numbers only, which a replay needs as they are."""


def scrub_journal(journal: Path, secrets: Secrets) -> tuple[Gap, ...]:
    """Rewrite the files that hold something that looks like a credential; the others stay as they are."""
    gaps = []
    for path in sorted(path for pattern in _PATTERNS for path in journal.glob(pattern)):
        try:
            _scrub(path, secrets)
        except OSError as error:
            reason = f"{path.name} of the journal could not be cleaned: {error.strerror}"
            gaps.append(Gap("journal", reason, f"Remove {path} by hand if credentials may be in it"))
    return tuple(gaps)


def _scrub(path: Path, secrets: Secrets) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    changed = False
    for index in secrets.suspects(lines):
        line = lines[index]
        lines[index] = _clean_line(line, secrets)
        changed = changed or lines[index] != line
    if not changed:
        return
    temporary = path.with_name(f".{path.name}.clean")
    try:
        with temporary.open("wb") as target:
            target.write("\n".join(lines).encode("utf-8", "surrogateescape"))
            target.flush()
            os.fsync(target.fileno())
        temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _clean_line(line: str, secrets: Secrets) -> str:
    """One event; the very same text where there was nothing to take out."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return secrets.clean(line)  # torn: text like any other
    secrets.look_through(value)
    cleaned = secrets.clean_value(value)
    return line if cleaned == value else json.dumps(cleaned, separators=(",", ":"))
