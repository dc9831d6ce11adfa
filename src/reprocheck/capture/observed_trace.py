"""What the step files of a run's processes amount to."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from reprocheck.capture.journal_lines import Event, JournalFile, journal_files
from reprocheck.model.observation import TraceSummary

_CHUNK = 1 << 20


def trace_summary(journal: Path) -> TraceSummary:
    """Summary of all `trace-*.jsonl`; level `off` where there is none.

    The file named first is that of the process that made most steps, ranks of one job therefore rank by rank.
    """
    files = [file for file in journal_files(journal, "trace") if _steps(file)]
    if not files:
        return TraceSummary(level="off")
    files.sort(key=lambda file: -len(_steps(file)))
    digests = {f"{journal.name}/{file.name}": _digest(journal / file.name) for file in files}
    (first, digest), *others = digests.items()
    return TraceSummary(
        level="steps",
        steps=sum(len(_steps(file)) for file in files),
        frameworks=tuple(sorted({name for file in files for name in _frameworks(file)})),
        file=first,
        digest=digest,
        others=dict(others),
        last_loss=next((loss for event in reversed(_steps(files[0])) if (loss := _loss(event)) is not None), None),
    )


def _steps(file: JournalFile) -> list[Event]:
    return [event for event in file.events if event["event"] in {"step", "fit"}]


def _frameworks(file: JournalFile) -> set[str]:
    named = {str(event.get("class", "")).partition(".")[0] for event in file.events if event["event"] == "fit"}
    return named | ({"torch"} if any(event["event"] == "step" for event in file.events) else set())


def _loss(event: Event) -> float | None:
    loss = event.get("loss")
    return float(loss) if isinstance(loss, int | float) else None


def _digest(path: Path) -> str:
    hasher = blake3()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
