"""Puts the agent into the environment of a command, and says which processes it can't reach."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

import reprocheck.agent
from reprocheck.model.gap import Gap

VARIABLE = "REPROCHECK_AGENT"
"""Holds what the agent is told; docs/internals/journal.md describes it."""
SITE = Path(reprocheck.agent.__file__).resolve().parent / "site"
"""Folder whose `sitecustomize` starts the agent."""


class AgentOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent does in the processes of one run."""

    root: Path
    """The project: lines of files under it are the user's."""
    trace: Literal["off", "steps"] = "off"
    record_entropy: bool = False
    """Keep what Python gets from the system's entropy and clock."""
    entropy_from: Path | None = None
    """Journal of a run that was recorded so: its entropy and clock are given to this one."""


def agent_environment(environment: Mapping[str, str], *, journal: Path, options: AgentOptions) -> dict[str, str]:
    """The environment with the agent in it; `journal` must exist.

    A folder whose path can't stand in PYTHONPATH leaves the agent out, and `environment_gap` says so.
    """
    changed = dict(environment)
    if os.pathsep in str(SITE) or "\n" in str(journal) or "\n" in str(options.root):
        return changed
    others = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry != str(SITE)]
    changed["PYTHONPATH"] = os.pathsep.join([str(SITE), *others] if any(others) else [str(SITE)])
    lines = [str(journal.resolve()), f"root={options.root.resolve()}", f"trace={options.trace}"]
    if options.entropy_from is not None:
        lines += ["entropy=replay", f"entropy_from={options.entropy_from.resolve()}"]
    elif options.record_entropy:
        lines.append("entropy=record")
    changed[VARIABLE] = "\n".join(lines)
    if options.record_entropy or options.entropy_from is not None:
        changed.setdefault("PYTHONHASHSEED", _hash_seed(options.entropy_from))
    return changed


def watched_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables to set where a supervisor sees which process uses which file: the agent then only tells lines."""
    return {VARIABLE: f"{environment[VARIABLE]}\nfiles=outside"} if VARIABLE in environment else {}


def _hash_seed(recorded: Path | None) -> str:
    """A seed for string hashes that can be given again: the interpreter tells nobody the one that it draws itself."""
    if recorded is not None:
        from reprocheck.capture.journal_lines import first_start

        start = first_start(recorded)
        if start is not None and str(start.get("hash_seed", "")).isdecimal():
            return str(start["hash_seed"])
    import secrets

    return str(1 + secrets.randbelow(4294967295))


def environment_gap(environment: Mapping[str, str]) -> Gap | None:
    """Why no Python process that gets this environment can carry the agent; None when they can."""
    if VARIABLE in environment and str(SITE) in environment.get("PYTHONPATH", "").split(os.pathsep):
        return None
    return Gap(
        channel="observations",
        reason="the agent is not in the environment of the process",
        consequence="seeds, settings and lines of Python are not known for it",
    )


def bypass(program: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Gap | None:
    """Why a program that is executed runs without the agent although it is Python; None for all others.

    `program` is the path that is executed, `arguments` begin with its name; `environment` where it is known.
    """
    name = PurePosixPath(program).name
    if not name.startswith(("python", "pypy")) or name.endswith(("-config", ".py")):
        return None
    from reprocheck.agent.audit import switched_off

    consequence = "seeds, settings and lines of Python are not known for it"
    if option := switched_off(list(arguments)):
        return Gap(
            channel="observations",
            reason=f"{name} was started with {option}, which ignores the agent",
            consequence=consequence,
        )
    if environment is not None and environment_gap(environment) is not None:
        return Gap(
            channel="observations",
            reason=f"{name} was started in an environment without the agent",
            consequence=consequence,
        )
    return None
