"""Carries a plan out: lays the working copy out, runs the command at the recorded path, gathers what it left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from reprocheck.capture.notebook import notebook_command
from reprocheck.model.plan import Plan
from reprocheck.model.record import FileRole, FileUse, Gap, Record, Status
from reprocheck.replay.covering import covering_of, replaced
from reprocheck.replay.errors import ReplayError, without_result
from reprocheck.replay.mounts import Bind, Cover
from reprocheck.replay.outputs import is_cache
from reprocheck.replay.placing import Places
from reprocheck.replay.stage import REFUSED, StageRequest, StageResult
from reprocheck.replay.workspace import Workspace, as_recorded, lay_out, left_behind

_PATIENCE = 5.0
"""Seconds between asking a replay to stop and stopping it."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One replay that was carried through."""

    result: StageResult
    left: dict[str, str]
    """Absolute path by recorded path of every file that is new or changed."""
    stdout: str
    """Absolute path of what was written to standard output."""
    stderr: str
    journal: str
    """Folder of what was observed."""
    root: str
    """Absolute path at which the command saw the project."""
    elsewhere: bool
    """True when the working copy could not appear at the recorded path."""
    gaps: tuple[Gap, ...] = ()


class Session:
    """One replay with its folder."""

    def __init__(self, plan: Plan, record: Record, folder: Path, *, python: Path | None = None) -> None:
        """`folder` is empty, with room for the working copy; `python` takes the recorded interpreter's place."""
        self._plan = plan
        self._record = record
        self._folder = folder
        self._python = python
        self._copy = folder / "copy"
        self._journal = folder / "journal"
        self._entropy: Path | None = None
        self._covering = covering_of(plan)

    def run(
        self,
        *,
        trace: Literal["off", "steps"],
        entropy: Path | None,
        seconds: float | None,
        progress: Callable[[str], None],
    ) -> Replayed:
        """Lay out, run, gather. Raises ReplayError when that can't be done.

        `entropy` is the journal of a run whose entropy and clock were recorded; after `seconds` the command is stopped.
        """
        self._entropy = entropy
        self._journal.mkdir(parents=True)
        self._copy.mkdir()
        progress("laying out code and inputs")
        workspace = self._lay_out(lend=True)
        progress(f"running {' '.join(self._plan.command)}"[:200])
        result, refused = self._stage(workspace, trace, entropy, seconds), ""
        if result.refused:
            refused = result.refused
            if self._plan.guarded:
                reason = f"the run wrote to {self._plan.guarded[0]}, outside of the project, and {refused}"
                raise ReplayError(reason, "replay with `--in docker`, or let the program write below the project")
            if self._covering.links:
                reason = f"{self._covering.links[0].path}, through which the run came, is not here, and {refused}"
                raise ReplayError(reason, "make that symbolic link, or replay with `--in docker`")
            if lacking := replaced(self._plan):
                reason = f"{lacking[0].need.path} is not what the run found there, and {refused}"
                raise ReplayError(reason, "put the recorded content back, or replay with `--in docker`")
            if workspace.lent:
                raise ReplayError(
                    f"the environment lies inside the project, and {refused}",
                    "replay with `--in venv` or `--in docker`",
                )
            result = self._stage(workspace, trace, entropy, seconds, separate=False)
        if result.execution is None or result.execution.status is Status.NOT_STARTED:
            gaps = result.execution.gaps if result.execution is not None else ()
            reason = gaps[0].reason if gaps else "the command could not be started"
            raise ReplayError(reason, "replay with `--in venv` or `--in docker`")
        progress("looking at what it left")
        return Replayed(
            result=result,
            left={path: str(file) for path, file in self._left(workspace).items()},
            stdout=str(self._folder / "stdout"),
            stderr=str(self._folder / "stderr"),
            journal=str(self._journal),
            root=workspace.folder if refused else self._plan.root,
            elsewhere=bool(refused),
            gaps=(_elsewhere(refused),) if refused else (),
        )

    def _lay_out(self, *, lend: bool) -> Workspace:
        return lay_out(self._plan, self._copy, self._record, lend=lend, progress=lambda _: None)

    def _stage(
        self,
        workspace: Workspace,
        trace: Literal["off", "steps"],
        entropy: Path | None,
        seconds: float | None,
        *,
        separate: bool = True,
    ) -> StageResult:
        root = self._plan.root if separate else workspace.folder
        cwd = self._plan.cwd if self._plan.cwd.startswith("/") else str(Path(root, self._plan.cwd))
        request = StageRequest(
            command=self._command(),
            root=root,
            cwd=cwd,
            variables=self._plan.variables if separate else self._moved(workspace.folder),
            stdin=str(Path(root, self._plan.stdin)) if self._plan.stdin else "",
            journal=str(self._journal),
            trace=trace,
            entropy_from=str(entropy) if entropy is not None else "",
            prefixes=self._prefixes(),
            separate=separate,
            inner=self._lent(workspace),
            covers=self._covers(),
            absent=tuple(use.path for use in self._record.files.uses if _made(use)),
            top=self._top() if separate else "",
            fresh=self._covering.fresh,
            folders=self._covering.made,
            files=self._covering.files,
            links=self._covering.links,
            outer=self._over(workspace),
            result=str(self._folder / "result.json"),
        )
        asked = self._folder / "request.json"
        asked.write_bytes(msgspec.json.encode(request))
        with (self._folder / "stdout").open("wb") as out, (self._folder / "stderr").open("wb") as err:
            stage = subprocess.Popen(  # noqa: S603 — ourselves
                [sys.executable, "-m", "reprocheck.replay.stage", str(asked)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd="/",
                start_new_session=True,
            )
            try:
                code = stage.wait(seconds)
            except subprocess.TimeoutExpired:
                reason = f"the command did not end within {seconds:.0f} s"
                raise ReplayError(reason, "allow more time with --timeout") from None
            finally:
                _stop(stage)
        try:
            result = msgspec.json.decode(Path(request.result).read_bytes(), type=StageResult)
        except (OSError, msgspec.DecodeError):
            raise without_result(self._folder) from None
        assert code in {0, REFUSED}
        return result

    def _command(self) -> tuple[str, ...]:
        command = notebook_command(self._plan.command, self._plan.variables)
        return command if self._python is None else _with_interpreter(command, self._python)

    def _prefixes(self) -> tuple[str, ...]:
        interpreter = self._record.environment.interpreter
        recorded = (interpreter.prefix, interpreter.base_prefix) if interpreter is not None else ()
        return (*recorded, *((str(self._python.parent.parent),) if self._python is not None else ()))

    def _moved(self, folder: str) -> dict[str, str]:
        """Variables that name the root name the working copy, as it can't appear there."""
        root = self._plan.root
        return {name: value.replace(root, folder) for name, value in self._plan.variables.items()}

    def _lent(self, workspace: Workspace) -> tuple[Bind, ...]:
        """What appears in the working copy: lent files, and of what is ours all that lies under the root."""
        copy, root = Path(workspace.folder), Path(self._plan.root)
        lent = [Bind(item.source, str(copy / item.path), item.read_only) for item in workspace.lent]
        covered = {root / item.path for item in workspace.lent}
        places = Places(copy)
        for place in sorted(self._ours()):
            if place.is_relative_to(root) and not any(place.is_relative_to(path) for path in covered):
                try:
                    inside = places.folder(place.relative_to(root).as_posix())
                except ReplayError:
                    continue  # a link of the project leads to it, as it does outside
                lent.append(Bind(str(place), str(inside)))
                covered.add(place)
        return tuple(lent)

    def _over(self, workspace: Workspace) -> tuple[Bind, ...]:
        """The working copy over the root; before it what is ours, which a cover may have hidden."""
        root = Path(self._plan.root)
        covered = self._covering.folders
        ours = sorted(
            place
            for place in self._ours()
            if not place.is_relative_to(root) and any(place.is_relative_to(folder) for folder in covered)
        )
        return (
            *(Bind(str(place), str(place)) for place in ours),
            *(Bind(source.place, source.need.path, read_only=True) for source in replaced(self._plan)),
            Bind(workspace.folder, str(root)),
        )

    def _ours(self) -> set[Path]:
        """Folders that a replay needs whatever the run saw: our own program, the rebuilt environment, the journal."""
        ours = {Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("purelib")), self._folder}
        ours.add(Path(__file__).resolve().parents[2])
        if self._python is not None:
            ours.add(self._python.parent.parent)
        if self._entropy is not None:
            ours.add(self._entropy)
        return ours

    def _covers(self) -> tuple[Cover, ...]:
        covers = []
        for number, folder in enumerate(self._covering.folders):
            upper, work = (self._folder / f"{kind}-{number}" for kind in ("upper", "work"))
            for made in (upper, work):
                made.mkdir(exist_ok=True)
            covers.append(Cover(folder, str(upper), str(work)))
        return tuple(covers)

    def _top(self) -> str:
        """Empty folder for a top of the file system with more folders in it; empty where none is needed."""
        if not self._covering.fresh:
            return ""
        top = self._folder / "top"
        top.mkdir(exist_ok=True)
        return str(top)

    def _left(self, workspace: Workspace) -> Mapping[str, Path]:
        found = dict(left_behind(workspace, is_cache))
        behind = {link.target for link in self._plan.links} - {""}
        uppers = [(folder, self._folder / f"upper-{number}") for number, folder in enumerate(self._covering.folders)]
        uppers += [(folder, self._folder / "top" / folder[1:]) for folder in self._covering.fresh]
        for_mounts = set(self._covering.files)
        for folder, upper in uppers:
            for file in sorted(upper.rglob("*")):
                path = Path(folder, file.relative_to(upper))
                counts = str(path.parent) in self._plan.guarded or any(path.is_relative_to(way) for way in behind)
                if counts and str(path) not in for_mounts and file.is_file() and not file.is_symlink():
                    found[as_recorded(str(path))] = file
        return found


def _made(use: FileUse) -> bool:
    """Whether the run made a file outside of the root that was not there before."""
    new = use.before is None and use.size_before is None
    return new and use.path.startswith("/") and use.role in {FileRole.OUTPUT, FileRole.LOG, FileRole.TEMPORARY}


def _stop(stage: subprocess.Popen[bytes]) -> None:
    """End what is left of a stage: all of its group, first politely."""
    for number, patience in ((signal.SIGTERM, _PATIENCE), (signal.SIGKILL, None)):
        if stage.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(stage.pid, number)
        with suppress(subprocess.TimeoutExpired):
            stage.wait(patience)


def _with_interpreter(command: tuple[str, ...], python: Path) -> tuple[str, ...]:
    """The command with the programs of another environment in place of the recorded one's."""
    name = Path(command[0]).name
    beside = python.parent / name
    return (str(beside) if beside.exists() else command[0], *command[1:])


def _elsewhere(reason: str) -> Gap:
    return Gap(
        "replay.path",
        f"the working copy is not at the recorded path: {reason}",
        "What writes its own path into a result writes another one",
    )
