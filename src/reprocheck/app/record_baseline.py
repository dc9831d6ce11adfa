"""`reprocheck baseline`: record, refresh, prune and show what is known."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from reprocheck.app.scan_project import Progress, Scanned, ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.triage import baseline as baselines
from reprocheck.triage.lock import locked

FILE = ".reprocheck-baseline.json"


def path_of(config: Config) -> Path:
    """Where the baseline lies."""
    return config.baseline or config.root / FILE


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a baseline."""

    added: int
    gone: int
    """Recorded findings that were forgotten."""
    kept_unseen: int
    """Recorded findings that were kept since their file could not be read or their rule could not be run."""


def create(config: Config, progress: Progress) -> int:
    """Record every finding of today that counts; returns how many."""
    baseline = baselines.record(_scan(config, progress).result.findings)
    path = path_of(config)
    with _writing(path):
        baselines.write(path, baseline)
    return len(baseline.findings)


def update(config: Config, progress: Progress, *, add: bool) -> Changed:
    """Forget recorded findings that are gone and, with `add`, record new ones; recorded ones get their place of today.

    What could not be looked at is not gone: it stays as it was recorded.
    """
    path = path_of(config)
    baselines.read(path)  # before the scan, which takes longer
    scanned = _scan(config, progress)
    with _writing(path):
        before = baselines.read(path)
        findings, missing = baselines.mark(scanned.result.findings, before)
        unseen = [entry for entry in missing if _unseen(entry, scanned)]
        kept = baselines.record(f for f in findings if f.known)
        new = baselines.record(f for f in findings if add and not f.known)
        everything = sorted((*kept.findings, *new.findings, *unseen))
        baselines.write(path, baselines.Baseline(baselines.SCHEMA, tuple(everything)))
    gone = len(before.findings) - len(kept.findings) - len(unseen)
    return Changed(len(new.findings), gone, len(unseen))


def show(config: Config) -> tuple[Path, baselines.Baseline]:
    """Where the baseline lies and what it holds."""
    path = path_of(config)
    return path, baselines.read(path)


def _scan(config: Config, progress: Progress) -> Scanned:
    return scan_project(ScanRequest(config=config, use_baseline=False), progress)


def _unseen(entry: baselines.Entry, scanned: Scanned) -> bool:
    scope = scanned.scope
    return entry.path in scope.unseen or entry.code in scope.unseen


def _writing(path: Path) -> AbstractContextManager[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise baselines.BaselineError(f"the baseline {path} cannot be written: {error.strerror}") from error
    return locked(path.parent, path.name, baselines.BaselineError)
