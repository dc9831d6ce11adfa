"""Carries a plan out in a container that is made from the record."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from reprocheck.capture.injection import SITE, AgentOptions, agent_environment
from reprocheck.capture.notebook import RUNNER, is_notebook, notebook_command
from reprocheck.capture.observations import observations
from reprocheck.model.plan import Plan
from reprocheck.model.record import Execution, Gap, Record, Status
from reprocheck.replay.docker import ContainerRequest, Ended, Engine, Mount
from reprocheck.replay.errors import ReplayError, without_result
from reprocheck.replay.inside import TOOL, Inside
from reprocheck.replay.outputs import is_cache
from reprocheck.replay.recipes import Recipe
from reprocheck.replay.session import Replayed
from reprocheck.replay.stage import StageRequest, StageResult
from reprocheck.replay.workspace import Workspace, as_recorded, lay_out, left_behind

_KILLED = 128


USER = f"{os.getuid()}:{os.getgid()}"
"""Who we are: what a container writes is to be ours."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """What containers are made of."""

    identity: str
    recipe: Recipe
    inside: Inside | None = None
    """How the supervisor gets in; None where it doesn't."""
    gaps: tuple[Gap, ...] = ()


class ContainerSession:
    """One replay in a container."""

    def __init__(self, plan: Plan, record: Record, folder: Path, engine: Engine, image: Image) -> None:
        """`folder` is empty."""
        self._plan = plan
        self._record = record
        self._folder = folder
        self._engine = engine
        self._image = image
        self._journal = folder / "journal"
        self._stage = folder / "stage"

    def run(
        self,
        *,
        trace: Literal["off", "steps"],
        entropy: Path | None,
        seconds: float | None,
        progress: Callable[[str], None],
    ) -> Replayed:
        """Lay out, run, gather. Raises ReplayError when that can't be done."""
        copy = self._folder / "copy"
        for made in (self._journal, self._stage, copy):
            made.mkdir(parents=True)
        progress("laying out code and inputs")
        workspace = lay_out(self._plan, copy, self._record, lend=True, progress=lambda _: None)
        progress(f"running {' '.join(self._plan.command)}"[:200])
        started = time.monotonic_ns()
        request = self._request(workspace, trace, entropy)
        ended = self._engine.run(request, out=self._folder / "stdout", err=self._folder / "stderr", seconds=seconds)
        if ended.timed_out:
            raise ReplayError(f"the command did not end within {seconds:.0f} s", "allow more time with --timeout")
        if ended.memory_exceeded:
            raise ReplayError("the container ran out of memory", "give the engine more of it")
        result = self._result(ended, started)
        progress("looking at what it left")
        return Replayed(
            result=result,
            left={path: str(file) for path, file in self._left(workspace).items()},
            stdout=str(self._folder / "stdout"),
            stderr=str(self._folder / "stderr"),
            journal=str(self._journal),
            root=self._plan.root,
            elsewhere=False,
        )

    def _request(self, workspace: Workspace, trace: Literal["off", "steps"], entropy: Path | None) -> ContainerRequest:
        """The command under the supervisor, where that gets in; else under the agent alone."""
        cwd = self._plan.cwd if self._plan.cwd.startswith("/") else str(Path(self._plan.root, self._plan.cwd))
        command, variables = notebook_command(self._plan.command, self._plan.variables), self._variables()
        mounts = self._mounts(workspace, entropy)
        inside = self._image.inside
        if inside is None:
            options = AgentOptions(root=Path(self._plan.root), trace=trace, entropy_from=entropy)
            variables = agent_environment(variables, journal=self._journal, options=options)
        else:
            asked = StageRequest(
                command=command,
                root=self._plan.root,
                cwd=cwd,
                variables=variables,
                stdin=str(Path(self._plan.root, self._plan.stdin)) if self._plan.stdin else "",
                journal=str(self._journal),
                trace=trace,
                entropy_from=str(entropy) if entropy is not None else "",
                prefixes=self._prefixes(),
                separate=False,
                result=str(self._stage / "result.json"),
            )
            (self._stage / "request.json").write_bytes(msgspec.json.encode(asked))
            command, variables, cwd = inside.command(str(self._stage / "request.json")), {}, "/"
            mounts = (*mounts, *inside.mounts, Mount(str(self._stage), str(self._stage)))
        return ContainerRequest(
            image=self._image.identity,
            command=command,
            mounts=mounts,
            environment=variables,
            cwd=cwd,
            user=USER,
            gpus=self._record.environment.gpu is not None,
        )

    def _result(self, ended: Ended, started: int) -> StageResult:
        gaps = (*self._image.gaps, *self._image.recipe.gaps)
        if self._image.inside is None:
            seen = observations(self._journal, started=started)
            return StageResult(execution=_execution(ended, started), observations=seen, gaps=gaps)
        try:
            result = msgspec.json.decode((self._stage / "result.json").read_bytes(), type=StageResult)
        except (OSError, msgspec.DecodeError):
            raise without_result(self._folder) from None
        if result.execution is None or result.execution.status is Status.NOT_STARTED:
            why = result.execution.gaps if result.execution is not None else ()
            raise ReplayError(why[0].reason if why else "the command could not be started", "see `--plan`")
        return msgspec.structs.replace(result, gaps=(*result.gaps, *gaps))

    def _prefixes(self) -> tuple[str, ...]:
        interpreter = self._record.environment.interpreter
        recorded = (interpreter.prefix, interpreter.base_prefix) if interpreter is not None else ()
        return (*recorded, self._image.recipe.environment, TOOL)

    def _variables(self) -> dict[str, str]:
        """Recorded ones, with the image's programs behind the recorded ones."""
        variables = dict(self._plan.variables)
        standard = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        recorded = variables.get("PATH", "")
        variables["PATH"] = ":".join(
            part for part in (f"{self._image.recipe.environment}/bin", recorded, standard) if part
        )
        return variables

    def _mounts(self, workspace: Workspace, entropy: Path | None) -> tuple[Mount, ...]:
        root = self._plan.root
        environment = self._record.environment.interpreter
        kept = {environment.prefix} if environment is not None else set()
        mounts = [Mount(workspace.folder, root)]
        # An environment inside of the project is the image's: it was built there.
        mounts += [
            Mount(item.source, f"{root}/{item.path}", read_only=True)
            for item in workspace.lent
            if f"{root}/{item.path}" not in kept
        ]
        mounts += [
            Mount(source.place, source.need.path, read_only=True) for source in self._plan.outside if source.place
        ]
        mounts += self._behind_links()
        mounts += [Mount(str(place), folder) for folder, place in self._guarded().items()]
        mounts.append(Mount(str(self._journal), str(self._journal)))
        mounts.append(Mount(str(SITE.parent), str(SITE.parent), read_only=True))
        if is_notebook(self._plan.command):
            mounts.append(Mount(str(RUNNER), str(RUNNER), read_only=True))
        if entropy is not None:
            mounts.append(Mount(str(entropy), str(entropy), read_only=True))
        return tuple(sorted(mounts, key=lambda mount: mount.target.count("/")))

    def _behind_links(self) -> Iterator[Mount]:
        """Files by the names that links outside of the root gave them: an engine mounts no links."""
        for link in self._plan.links_outside:
            for source in self._plan.outside:
                below = source.need.path[len(link.target) :]
                if source.place and source.need.path == link.target + below and below[:1] in {"", "/"}:
                    yield Mount(source.place, link.path + below, read_only=True)

    def _guarded(self) -> Mapping[str, Path]:
        """Empty folders in the place of those outside of the project that the run wrote to."""
        found = {}
        for number, folder in enumerate(self._plan.guarded):
            place = self._folder / f"outside-{number}"
            place.mkdir(exist_ok=True)
            found[folder] = place
        return found

    def _left(self, workspace: Workspace) -> Mapping[str, Path]:
        found = dict(left_behind(workspace, is_cache))
        for folder, place in self._guarded().items():
            for file in place.rglob("*"):
                found[as_recorded(f"{folder}/{file.relative_to(place).as_posix()}")] = file
        return {path: file for path, file in found.items() if file.is_file()}


def _execution(ended: Ended, started: int) -> Execution:
    killed = ended.code > _KILLED
    return Execution(
        status=Status.KILLED if killed else Status.EXITED,
        code=None if killed else ended.code,
        signal=ended.code - _KILLED if killed else None,
        started=started,
        duration=time.monotonic_ns() - started,
    )
