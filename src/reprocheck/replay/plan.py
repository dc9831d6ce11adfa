"""What a replay will do, as pure data: made from a record and from what could be found of it."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from reprocheck.model.plan import Executor, Link, Obstacle, Origin, Plan, Purpose, Sourced
from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, FileRole, Gap, Record, Status
from reprocheck.replay.needs import TEMPORARY_FOLDERS

_CHANGED = OUTPUT_ROLES | {FileRole.LOG, FileRole.DELETED}
_OWN_ADDRESSES = ("127.", "::1", "::ffff:127.")
"""Processes of the run talk to each other."""
_INTERRUPTIONS = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGTERM})
"""Signals that come from somebody else; a crash comes from the program itself, and again."""
_NAMED = 4
"""Names that a sentence lists."""


def make_plan(
    record: Record,
    sources: Iterable[Sourced],
    *,
    executor: Executor = Executor.SAME,
    present: Mapping[str, str],
    patterns: tuple[str, ...] = (),
    links: tuple[Link, ...] = (),
    links_outside: tuple[Link, ...] = (),
) -> Plan:
    """Plan a replay of `record`; `present` are the variables of today, from which those without a kept value come."""
    sources = tuple(sources)
    variables, gaps = _variables(record, present)
    return Plan(
        run=record.id,
        executor=executor,
        command=record.command.arguments,
        root=record.command.root,
        cwd=record.command.cwd,
        variables=variables,
        stdin=record.command.stdin,
        files=tuple(source for source in sources if source.found and not source.need.outside),
        outside=tuple(source for source in sources if source.found and source.need.outside),
        folders=_folders(record),
        kept=_kept(record),
        links=links,
        links_outside=links_outside,
        guarded=_guarded(record, links),
        patterns=patterns or record.command.outputs,
        gaps=(*gaps, *_about_input(record), *_about_files(record, sources), *_about_world(record)),
        obstacles=tuple(_obstacles(record, sources)),
    )


def _variables(record: Record, present: Mapping[str, str]) -> tuple[dict[str, str], tuple[Gap, ...]]:
    """Recorded values first; a name whose value was not kept gets today's."""
    recorded = record.environment.variables
    if not recorded and not record.environment.variable_names:
        gap = Gap("environment.variables", "the record has no variables", "Those of today are used")
        return dict(present), (gap,)
    names = record.environment.variable_names
    variables = {name: present[name] for name in names if name in present} | recorded
    lacking = [name for name in names if name not in present]
    if not lacking:
        return variables, ()
    verb = "was" if len(lacking) == 1 else "were"
    reason = f"{_listed(lacking)} {verb} set, the value was not kept, and none is set now"
    return variables, (Gap("environment.variables", reason, "A program that reads them may do something else"),)


def _folders(record: Record) -> tuple[str, ...]:
    new = frozenset(record.files.new_folders)
    names = {*new, *(use.path for use in record.files.uses if use.after is not None or use.before is None)}
    found = {PurePosixPath(name).parent.as_posix() for name in names if not name.startswith("/")}
    found |= {listing.path for listing in record.files.listings if not listing.path.startswith("/")}
    if not record.command.cwd.startswith("/"):
        found.add(record.command.cwd)
    paths = (PurePosixPath(name) for name in found if name not in {".", ""})
    there = (path for path in paths if not any(str(folder) in new for folder in (path, *path.parents)))
    return tuple(sorted(str(path) for path in there if ".." not in path.parts))


def _kept(record: Record) -> tuple[str, ...]:
    """The environment's folder where it lies under the root, and `.git` where the program looked into it."""
    root = PurePosixPath(record.command.root)
    found: set[str] = set()
    interpreter = record.environment.interpreter
    for place in (interpreter.prefix, record.environment.conda) if interpreter is not None else ():
        prefix = PurePosixPath(place or "/")
        if prefix != root and prefix.is_relative_to(root):
            found.add(prefix.relative_to(root).as_posix())
    if any(use.path.startswith(".git/") for use in record.files.uses):
        found.add(".git")
    found |= {tree.path for tree in record.files.trees if tree.role in INPUT_ROLES and not tree.path.startswith("/")}
    return tuple(sorted(found))


def _guarded(record: Record, links: Iterable[Link]) -> tuple[str, ...]:
    """Folders outside of the root in which the run changed files; that for everybody's temporary files is none.

    Where a link of the project led there, all that it leads to. What nobody opened is where the shell sent the output.
    """
    written = {
        PurePosixPath(use.path).parent.as_posix()
        for use in record.files.uses
        if use.path.startswith("/")
        and not (use.role is FileRole.LOG and not use.processes)
        and (use.role in _CHANGED or (use.role is FileRole.TEMPORARY and use.size is not None))
    }
    behind = {
        link.target
        for link in links
        if link.target and any(f"{folder}/".startswith(f"{link.target}/") for folder in written)
    }
    return tuple(sorted((written | behind) - TEMPORARY_FOLDERS))


def _about_input(record: Record) -> tuple[Gap, ...]:
    if not record.command.piped:
        return ()
    reason = "standard input was a pipe, and what came through it is not kept"
    return (Gap("command.stdin", reason, "The replay gets none. `reprocheck run -- COMMAND < FILE` can be replayed"),)


def _about_files(record: Record, sources: tuple[Sourced, ...]) -> tuple[Gap, ...]:
    gaps = []
    former = [s.need.path for s in sources if not s.found and s.need.purpose is Purpose.FORMER]
    if former:
        reason = f"what {_listed(former)} held before the run is not kept"
        gaps.append(Gap("files", reason, "The replay starts without; it matters only if the program looks for it"))
    gaps.extend(
        Gap(
            "files.trees",
            f"the list of the {tree.files} files in {tree.path} is not kept",
            "The folder is used as it is today",
        )
        for tree in record.files.trees
        if tree.role in INPUT_ROLES
    )
    return tuple(gaps)


def _about_world(record: Record) -> tuple[Gap, ...]:
    addresses = sorted(
        {
            f"{connection.address}:{connection.port}"
            for connection in record.files.connections
            if connection.family != "unix" and not connection.address.startswith(_OWN_ADDRESSES)
        }
    )
    if not addresses:
        return ()
    reason = f"the run connected to {_listed(addresses)}"
    return (Gap("files.connections", reason, "What comes from there may be other today"),)


def _obstacles(record: Record, sources: tuple[Sourced, ...]) -> Iterable[Obstacle]:
    if record.execution.status in {Status.NOT_STARTED, Status.ABANDONED}:
        state = "did not start" if record.execution.status is Status.NOT_STARTED else "has no known end"
        yield Obstacle(f"the recorded run {state}", "record it again with `reprocheck run -- COMMAND`")
    if record.execution.signal in _INTERRUPTIONS:
        name = signal.Signals(record.execution.signal).name
        after = f"{record.execution.duration / 1e9:.1f} s"
        yield Obstacle(
            f"the recorded run was interrupted ({name}) after {after}, and no replay can be stopped at the same point",
            "let it run to its end: record it again with `reprocheck run -- COMMAND`",
        )
    if record.command.redacted:
        yield Obstacle(
            "a credential was taken out of the recorded command",
            "hand it over in a variable and record the run again",
        )
    for purpose, what in ((Purpose.INPUT, "input"), (Purpose.CODE, "source file")):
        yield from _lost(what, [s for s in sources if s.need.purpose is purpose and not s.found])


def _lost(what: str, lost: list[Sourced]) -> Iterable[Obstacle]:
    for origin, state in ((Origin.MISSING, "missing"), (Origin.CHANGED, "changed since the run")):
        paths = [source.need.path for source in lost if source.origin is origin]
        if paths:
            plural = "" if len(paths) == 1 else "s"
            remedy = (
                "put back the content that was recorded"
                if what == "input"
                else "check out the recorded state, or fetch the commit"
            )
            yield Obstacle(f"{len(paths)} {what}{plural} {state}: {_listed(paths)}", f"{remedy}, or record a new run")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
