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

from reprocheck.model.plan import Link
from reprocheck.model.record import Execution, FileUses, Gap, Observations
from reprocheck.replay.mounts import Bind, Cover, MountsRefusedError, bind, cover, held, new_top, separate

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
    stdin: str = ""
    """File to read standard input from, as the command sees it; empty for none."""
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
    top: str = ""
    """Empty folder that becomes the top of the file system, with all of the old one; empty to keep the old one."""
    fresh: tuple[str, ...] = ()
    """Folders at the top that are in the new one alone."""
    covers: tuple[Cover, ...] = ()
    absent: tuple[str, ...] = ()
    """Files below covers that the run found missing, and made."""
    folders: tuple[str, ...] = ()
    """Made where they are missing, below covers."""
    files: tuple[str, ...] = ()
    """Likewise, empty, for mounts to cover."""
    links: tuple[Link, ...] = ()
    """Symbolic links by absolute path, made below covers where nothing is by their names."""
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
                if asked.top:
                    new_top(Path(asked.top), asked.fresh)
                with held(asked.outer, asked.covers) as (outer, covers):
                    cover(covers)
                    covered = (*asked.fresh, *(item.folder for item in asked.covers))
                    _remove(asked.absent, covered)
                    _make(asked.folders, asked.files, covered)
                    bind(outer)
                    _make_links(asked.links, covered)
            except MountsRefusedError as error:
                result.write(msgspec.json.encode(StageResult(refused=str(error))))
                return REFUSED
        result.write(msgspec.json.encode(_captured(asked)))
    return 0


def _remove(files: tuple[str, ...], covered: tuple[str, ...]) -> None:
    """Take files out of what covers show; nothing else is ever touched."""
    for file in files:
        if _is_covered(file, covered):
            with suppress(OSError):  # not there any more, or a folder
                Path(file).unlink()


def _make(folders: tuple[str, ...], files: tuple[str, ...], covered: tuple[str, ...]) -> None:
    try:
        for folder in folders:
            _claim(folder, covered)
            Path(folder).mkdir(parents=True, exist_ok=True)
        for file in files:
            _claim(file, covered)
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).touch()
    except OSError as error:
        raise MountsRefusedError(f"{error.filename} can't be made ({error.strerror})") from error


def _make_links(links: tuple[Link, ...], covered: tuple[str, ...]) -> None:
    """After all else: nothing of ours is ever made through one of them."""
    try:
        for link in links:
            if not os.path.lexists(link.path):
                _claim(link.path, covered)
                Path(link.path).parent.mkdir(parents=True, exist_ok=True)
                Path(link.path).symlink_to(link.text)
    except OSError as error:
        raise MountsRefusedError(f"{error.filename} can't be made ({error.strerror})") from error


def _claim(path: str, covered: tuple[str, ...]) -> None:
    if Path(path).is_symlink() or not _is_covered(path, covered):
        raise MountsRefusedError(f"{path[:200]} leads out of what is covered")


def _is_covered(path: str, covered: tuple[str, ...]) -> bool:
    """Whether a name itself lies in a cover, whatever links its folders are; what it is a link to is another matter."""
    if not path.startswith("/") or {".", ".."} & set(path.split("/")):
        return False
    folder = Path(path).parent
    return any(Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(cover)) for cover in covered)


def _captured(asked: StageRequest) -> StageResult:
    from reprocheck.capture.files import file_uses
    from reprocheck.capture.injection import SITE, AgentOptions, agent_environment, environment_gap
    from reprocheck.capture.launch import LaunchOptions, launch
    from reprocheck.capture.notebook import RUNNER
    from reprocheck.capture.observations import observations

    journal, root = Path(asked.journal), Path(asked.root)
    prefixes = tuple(Path(prefix) for prefix in asked.prefixes)
    entropy = Path(asked.entropy_from) if asked.entropy_from else None
    options = AgentOptions(root=root, trace=asked.trace, entropy_from=entropy)
    environment = agent_environment(asked.variables, journal=journal, options=options)
    os.chdir(asked.cwd)
    gaps = _redirected(asked.stdin)
    execution = launch(
        asked.command,
        cwd=Path(asked.cwd),
        environment=environment,
        journal=journal,
        objects=None,
        options=LaunchOptions(root=root, environment_prefixes=prefixes, hidden=(journal, SITE.parent, RUNNER)),
    )
    if (gap := environment_gap(environment)) is not None:
        gaps = (*gaps, gap)
    return StageResult(
        execution=execution,
        files=file_uses(journal, root=root, environment_prefixes=prefixes),
        observations=observations(journal, started=execution.started),
        gaps=gaps,
    )


def _redirected(path: str) -> tuple[Gap, ...]:
    """Read standard input from a file; a gap where it can't be opened."""
    if not path:
        return ()
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        reason = f"{path}, from which standard input came, can't be opened: {error.strerror}"
        return (Gap("command.stdin", reason, "The replay gets none"),)
    os.dup2(descriptor, 0)
    os.close(descriptor)
    return ()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
