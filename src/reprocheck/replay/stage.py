"""The process in which a replay happens: it sees the working copy at the recorded path and captures the command.

Started as `python -m reprocheck.replay.stage REQUEST`, with the command's input and output as its own.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from reprocheck.model.record import Execution, FileUses, Gap, Observations
from reprocheck.replay.mounts import Bind, Cover, MountsRefusedError, bind, cover, held, separate

REFUSED = 75
"""Exit status when there can be no view of its own (EX_TEMPFAIL of sysexits.h)."""


class StageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run and what it sees."""

    command: tuple[str, ...]
    root: str
    """Root of the project as the command sees it."""
    cwd: str
    """Absolute, likewise."""
    variables: dict[str, str]
    journal: str
    """Empty folder for what is observed; visible at this path inside too."""
    trace: Literal["off", "steps"] = "off"
    entropy_from: str = ""
    """Journal whose entropy and clock are given again; empty for none."""
    prefixes: tuple[str, ...] = ()
    """Folders of the interpreter and its packages."""
    separate: bool = True
    """Whether the mounts below are made."""
    inner: tuple[Bind, ...] = ()
    """Made first, inside of the working copy."""
    covers: tuple[Cover, ...] = ()
    absent: tuple[str, ...] = ()
    """Files below covers that the run found missing, and made."""
    folders: tuple[str, ...] = ()
    """Made where they are missing, below covers."""
    files: tuple[str, ...] = ()
    """Likewise, empty, for mounts to cover."""
    outer: tuple[Bind, ...] = ()
    """Made last, over what the covers show; their sources are what they were before."""
    result: str
    """File to write a StageResult to."""


class StageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen."""

    execution: Execution | None = None
    """None where nothing was run."""
    files: FileUses = FileUses()
    observations: Observations = Observations()
    gaps: tuple[Gap, ...] = ()
    refused: str = ""
    """Why there is no view of its own."""


def main(request: Path) -> int:
    """Run one request; what was seen goes into its result file."""
    asked = msgspec.json.decode(request.read_bytes(), type=StageRequest)
    # Opened now: a cover may hide the way to it.
    with Path(asked.result).open("wb") as result:
        if asked.separate:
            try:
                separate()
                bind(asked.inner)
                with held(asked.outer, asked.covers) as (outer, covers):
                    cover(covers)
                    _remove(asked.absent, asked.covers)
                    _make(asked.folders, asked.files)
                    bind(outer)
            except MountsRefusedError as error:
                result.write(msgspec.json.encode(StageResult(refused=str(error))))
                return REFUSED
        result.write(msgspec.json.encode(_captured(asked)))
    return 0


def _remove(files: tuple[str, ...], covers: tuple[Cover, ...]) -> None:
    """Take files out of what covers show; nothing else is ever touched."""
    covered = tuple(f"{item.folder.rstrip('/')}/" for item in covers)
    for file in files:
        if file.startswith(covered) and ".." not in Path(file).parts:
            with suppress(OSError):  # not there any more, or a folder
                Path(file).unlink()


def _make(folders: tuple[str, ...], files: tuple[str, ...]) -> None:
    try:
        for folder in folders:
            Path(folder).mkdir(parents=True, exist_ok=True)
        for file in files:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).touch()
    except OSError as error:
        raise MountsRefusedError(f"{error.filename} can't be made ({error.strerror})") from error


def _captured(asked: StageRequest) -> StageResult:
    from reprocheck.capture.files import file_uses
    from reprocheck.capture.injection import SITE, AgentOptions, agent_environment, environment_gap
    from reprocheck.capture.launch import LaunchOptions, launch
    from reprocheck.capture.observations import observations

    journal, root = Path(asked.journal), Path(asked.root)
    prefixes = tuple(Path(prefix) for prefix in asked.prefixes)
    entropy = Path(asked.entropy_from) if asked.entropy_from else None
    options = AgentOptions(root=root, trace=asked.trace, entropy_from=entropy)
    environment = agent_environment(asked.variables, journal=journal, options=options)
    os.chdir(asked.cwd)
    execution = launch(
        asked.command,
        cwd=Path(asked.cwd),
        environment=environment,
        journal=journal,
        objects=None,
        options=LaunchOptions(root=root, environment_prefixes=prefixes, hidden=(journal, SITE.parent)),
    )
    gap = environment_gap(environment)
    return StageResult(
        execution=execution,
        files=file_uses(journal, root=root, environment_prefixes=prefixes),
        observations=observations(journal, started=execution.started),
        gaps=(gap,) if gap is not None else (),
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
