"""`reprocheck baseline`: record, refresh, prune and show what is known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from reprocheck.app.scan_project import Progress, ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.finding import Finding
from reprocheck.triage import baseline as baselines

FILE = ".reprocheck-baseline.json"


def path_of(config: Config) -> Path:
    """Where the baseline lies."""
    return config.baseline or config.root / FILE


def create(config: Config, progress: Progress) -> int:
    """Record every finding of today; returns how many."""
    findings = _findings(config, progress)
    baselines.write(path_of(config), baselines.record(findings))
    return len([f for f in findings if f.suppression is None])


def update(config: Config, progress: Progress, *, add: bool) -> tuple[int, int]:
    """Forget findings that are gone and, with `add`, record new ones; returns the numbers added and forgotten."""
    path = path_of(config)
    findings, gone = baselines.mark(_findings(config, progress), baselines.read(path))
    new = [f for f in findings if not f.known and f.suppression is None]
    kept = [f for f in findings if f.known or add]
    baselines.write(path, baselines.record(kept))
    return (len(new) if add else 0), len(gone)


def summary(config: Config) -> tuple[Path, Counter[str]]:
    """Number of recorded findings by code."""
    path = path_of(config)
    return path, Counter(entry.code for entry in baselines.read(path).findings)


def _findings(config: Config, progress: Progress) -> tuple[Finding, ...]:
    request = ScanRequest(config=config, use_baseline=False)
    return scan_project(request, progress).result.findings
