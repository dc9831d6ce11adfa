"""A record for people: what ran, on what, with which files and seeds, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, FileRole
from reprocheck.report.prose import wrap
from reprocheck.report.run_words import command_text, duration_text, ending, size_text
from reprocheck.report.summary import plural
from reprocheck.report.visible import visible

if TYPE_CHECKING:
    from reprocheck.model.record import (
        CodePlace,
        DeterminismFlag,
        Environment,
        FileTree,
        FileUse,
        Observations,
        Package,
        Record,
        Repository,
        SeederCall,
    )
    from reprocheck.report.paint import Paint

SHOWN = 8
"""Entries of a list that are shown unless everything is asked for."""
_LABEL = 13
"""Columns of the labels at the left."""
_DIGEST = 12
"""Characters of a digest that are shown."""
_LONG_PATH = 48
_LOOPBACK = ("127.", "::1")


def show_lines(record: Record, paint: Paint, *, width: int, verbose: bool, proved: str = "") -> Iterator[str]:
    """The record, section by section; sections that have nothing to say are left out.

    `proved` is what replays have shown so far, in a few words.
    """
    yield from _head(record, paint)
    sections: tuple[tuple[str, list[str]], ...] = (
        ("Replays", [proved] if proved else []),
        ("Code", list(_code(record, paint, verbose=verbose))),
        ("Environment", list(_environment(record.environment, paint, verbose=verbose))),
        ("Seeds", list(_randomness(record.observations, paint, verbose=verbose))),
        ("Settings", list(_settings(record, paint, verbose=verbose))),
        ("Trace", list(_trace(record))),
        ("Inputs", list(_files(record, INPUT_ROLES - OUTPUT_ROLES, paint, verbose=verbose))),
        ("Outputs", list(_files(record, OUTPUT_ROLES, paint, verbose=verbose))),
        ("Other files", list(_other_files(record))),
        ("Network", _listed(_connections(record, verbose=verbose), paint, verbose=verbose)),
        ("Watchers", [f"{visible(p.name)}: {visible(p.effect)}" for p in record.observations.perturbers]),
    )
    for label, lines in sections:
        if lines:
            yield ""
            yield from _section(label, lines, paint)
    yield from _gaps(record, paint, width=width)


def _head(record: Record, paint: Paint) -> Iterator[str]:
    how, role = ending(record.execution)
    marks = " ".join((*([record.name] if record.name else []), *(f"#{tag}" for tag in record.tags)))
    lasted = f" after {duration_text(record.execution.duration)}" if record.execution.duration else ""
    title = f"{paint(record.id, 'code')}  {paint(how, role)}{lasted}"
    yield f"{title}  {paint(visible(marks), 'label')}" if marks else title
    given = f" < {visible(record.command.stdin)}" if record.command.stdin else ""
    yield paint("$ ", "dim") + paint(command_text(record.command.arguments) + given, "strong")
    where = record.command.root if record.command.cwd == "." else f"{record.command.cwd} of {record.command.root}"
    processor = record.execution.user_time + record.execution.system_time
    usage = f", {processor:.1f} s of processor time, up to {size_text(record.execution.max_memory)} of memory"
    yield paint(f"{_local(record.started)} in {visible(where)}{usage if record.execution.max_memory else ''}", "dim")


def _section(label: str, lines: Sequence[str], paint: Paint) -> Iterator[str]:
    for index, line in enumerate(lines):
        yield (paint(label.ljust(_LABEL), "label") if index == 0 else " " * _LABEL) + line


def _code(record: Record, paint: Paint, *, verbose: bool) -> Iterator[str]:
    repository, files = record.code.repository, record.code.files
    if repository is not None:
        yield _repository(repository, paint)
        if repository.dirty:
            kept = f"difference kept, {size_text(repository.diff_size)}" if repository.diff else "difference not kept"
            kept += "" if repository.diff_exact else ", credentials taken out"
            yield f"{plural(len(repository.changed), 'changed file')} ({kept})"
            if verbose:
                yield from (f"  {visible(path)}" for path in repository.changed)
    if files:
        untracked = sum(file.tracked is False for file in files)
        stored = sum(file.stored for file in files)
        parts = [f"{plural(len(files), 'source file')} used"]
        if untracked:
            parts.append(f"{untracked:,} not in git")
        if stored:
            parts.append(f"{stored:,} kept")
        yield ", ".join(parts)
        if verbose:
            yield from (f"  {visible(file.path)}  {paint(file.digest[:_DIGEST], 'dim')}" for file in files)
    for file in record.configuration:
        yield f"resolved configuration {paint(visible(file.path), 'path')}"


def _repository(repository: Repository, paint: Paint) -> str:
    commit = paint(repository.commit[:_DIGEST] or "no commit yet", "code")
    branch = f" on {visible(repository.branch)}" if repository.branch else ""
    state = paint(" with changes", "warning") if repository.dirty else ", clean"
    remote = next(iter(repository.remotes.values()), "")
    return f"{commit}{branch}{state}" + (paint(f"  {visible(remote)}", "dim") if remote else "")


def _environment(environment: Environment, paint: Paint, *, verbose: bool) -> Iterator[str]:
    if (python := environment.interpreter) is not None:
        packages = environment.packages
        used = sum(package.used is True for package in packages)
        text = f"{python.implementation} {python.version}, {plural(len(packages), 'package')}"
        text += f" ({used:,} used)" if used else ""
        if environment.lock is not None:
            text += f", locked ({environment.lock.hashed:,} with hashes)"
        yield text + paint(f"  {visible(python.prefix)}", "dim")
        edited = [package for package in packages if package.modified]
        for package in edited:
            files = plural(len(package.modified), "file")
            yield paint(
                f"{visible(package.name)} {visible(package.version)}: {files} edited after installation", "warning"
            )
        if verbose:
            yield from (f"  {_package(package, paint)}" for package in packages)
    machine = [part for part in (_system(environment), _processor(environment)) if part]
    if machine:
        yield ", ".join(machine)
    if environment.gpu is not None and environment.gpu.gpus:
        names = ", ".join(visible(gpu.name) for gpu in environment.gpu.gpus)
        yield f"{names}, driver {environment.gpu.driver}, CUDA {environment.gpu.cuda}"
    if environment.container is not None:
        image = environment.container.image or environment.container.id[:_DIGEST]
        yield f"in a {environment.container.kind} container {visible(image)}".rstrip()
    if verbose:
        yield from (f"  {name}={visible(value)}" for name, value in sorted(environment.variables.items()))


def _package(package: Package, paint: Paint) -> str:
    origin = " (editable)" if package.editable else f" from {visible(package.direct_url)}" if package.direct_url else ""
    return f"{visible(package.name)} {visible(package.version)}" + paint(origin, "dim")


def _system(environment: Environment) -> str:
    system = environment.system
    return f"{visible(system.name)}, Linux {visible(system.kernel)}, {visible(system.libc)}" if system else ""


def _processor(environment: Environment) -> str:
    processor, memory = environment.processor, environment.memory
    if processor is None:
        return ""
    share = (
        f"{processor.usable} of {processor.logical}"
        if processor.usable != processor.logical
        else f"{processor.logical}"
    )
    times = "\N{MULTIPLICATION SIGN}"
    return f"{share} {times} {visible(processor.model)}" + (f", {size_text(memory.total)}" if memory else "")


def _randomness(seen: Observations, paint: Paint, *, verbose: bool) -> Iterator[str]:
    """Seeder calls, and the generators that were drawn from although nothing had seeded them."""
    yield from _listed(_seeds(seen.seeders, paint, verbose=verbose), paint, verbose=verbose)
    for generator in _unseeded(seen):
        yield f"{visible(generator)}: {paint('drawn from, and never seeded', 'warning')}"


def _unseeded(seen: Observations) -> list[str]:
    """Global generators whose state moved on in a process without a seeder call of theirs."""
    seeders = {(call.pid, call.name.partition(".")[0]) for call in seen.seeders if call.value != "None"}
    first = {(state.pid, state.generator): state.digest for state in seen.random_states if state.moment == "first-use"}
    moved = {
        state.generator
        for state in seen.random_states
        if state.moment == "end"
        and first.get((state.pid, state.generator), state.digest) != state.digest
        and (state.pid, state.generator.partition(".")[0]) not in seeders
    }
    return sorted(moved)


def _seeds(calls: Iterable[SeederCall], paint: Paint, *, verbose: bool) -> list[str]:
    """Seeder calls in their order; those that one line made again and again are one line, but with `verbose`."""
    groups: dict[object, list[SeederCall]] = {}
    for number, call in enumerate(calls):
        groups.setdefault(number if verbose else (call.name, call.place, call.by), []).append(call)
    return [_seed(group, paint) for group in groups.values()]


def _seed(calls: Sequence[SeederCall], paint: Paint) -> str:
    first = calls[0]
    by = f" by {visible(first.by)}" if first.by else ""
    values = {call.value for call in calls}
    others = f", and {plural(len(values) - 1, 'other seed')}" if len(values) > 1 else ""
    return f"{visible(first.name)}({visible(first.value)}){others}{by}{_at(first.place, paint)}"


def _settings(record: Record, paint: Paint, *, verbose: bool) -> Iterator[str]:
    """What was changed while the run went on; the rest by number, or all of it."""
    flags = record.observations.flags
    changed = [flag for flag in flags if flag.changes]
    yield from _listed([_flag(flag, paint) for flag in changed], paint, verbose=verbose)
    others = [flag for flag in flags if not flag.changes]
    if verbose:
        yield from (_flag(flag, paint) for flag in others)
    elif others:
        yield paint(f"{plural(len(others), 'setting')} never changed (-v lists all)", "dim")


def _flag(flag: DeterminismFlag, paint: Paint) -> str:
    text = f"{visible(flag.name)} = {visible(flag.value)}"
    if not flag.changes:
        return text
    last = flag.changes[-1]
    by = f" by {visible(last.by)}" if last.by else ""
    return f"{text}{paint(' changed', 'warning')}{by}{_at(last.place, paint)}"


def _at(place: CodePlace | None, paint: Paint) -> str:
    return paint(f"  {visible(place.path)}:{place.line}", "path") if place is not None else ""


def _trace(record: Record) -> Iterator[str]:
    trace = record.observations.trace
    if trace.level != "off":
        loss = f", last loss {trace.last_loss:.6g}" if trace.last_loss is not None else ""
        libraries = f" ({', '.join(trace.frameworks)})" if trace.frameworks else ""
        yield f"{plural(trace.steps, 'step')}{libraries}{loss}"
    if (entropy := record.observations.entropy) is not None:
        state = "complete" if entropy.complete else "incomplete"
        yield f"entropy and clock recorded ({state}): {plural(sum(entropy.calls.values()), 'call')}"


def _files(record: Record, roles: frozenset[FileRole], paint: Paint, *, verbose: bool) -> Iterator[str]:
    uses = [use for use in record.files.uses if use.role in roles]
    trees = [tree for tree in record.files.trees if tree.role in roles]
    rows = [_tree_row(tree) for tree in trees] + [_file_row(use) for use in uses]
    shown = rows if verbose else rows[:SHOWN]
    if not shown:
        return
    widths = [min(_LONG_PATH, max(len(row[0]) for row in shown)), max(len(row[1]) for row in shown)]
    for path, size, digest, mark in shown:
        yield (
            f"{path.ljust(widths[0])}  {size.rjust(widths[1])}  {paint(digest[:_DIGEST], 'dim')}"
            + (f"  {paint(mark, 'label')}" if mark else "")
        ).rstrip()
    if len(shown) < len(rows):
        yield paint(f"and {len(rows) - len(shown):,} more (-v lists all)", "dim")


def _file_row(use: FileUse) -> tuple[str, str, str, str]:
    written = use.role in OUTPUT_ROLES
    size = use.size if written or use.size_before is None else use.size_before
    mark = "" if use.role in {FileRole.INPUT, FileRole.OUTPUT, FileRole.RENAMED} else use.role.value
    digest = (use.after if written else use.before) or "not hashed"
    return visible(use.path), size_text(size) if size is not None else "", digest, mark


def _tree_row(tree: FileTree) -> tuple[str, str, str, str]:
    return f"{visible(tree.path)}/", size_text(tree.size), tree.digest, plural(tree.files, "file")


def _other_files(record: Record) -> Iterator[str]:
    counts = [
        (sum(use.role is role for use in record.files.uses), role.value)
        for role in (FileRole.TEMPORARY, FileRole.DELETED, FileRole.LOG)
    ]
    parts = [f"{number:,} {word}" for number, word in counts if number]
    if record.files.listings:
        parts.append(f"{plural(len(record.files.listings), 'folder')} listed")
    if record.files.failed_opens:
        parts.append(f"{len(record.files.failed_opens):,} looked for and not found")
    if parts:
        yield ", ".join(parts)


def _connections(record: Record, *, verbose: bool) -> list[str]:
    """Addresses; those of this machine only when everything is asked for."""
    return [
        visible(connection.address) + (f":{connection.port}" if connection.port else "")
        for connection in record.files.connections
        if verbose or not (connection.family == "unix" or connection.address.startswith(_LOOPBACK))
    ]


def _gaps(record: Record, paint: Paint, *, width: int) -> Iterator[str]:
    if not record.gaps:
        return
    yield ""
    yield paint("What could not be seen", "warning")
    for gap in record.gaps:
        text = f"{visible(gap.channel)}: {visible(gap.reason)}. {visible(gap.consequence)}."
        for index, line in enumerate(wrap(text, max(_LABEL, width - 4))):
            yield f"  {'-' if index == 0 else ' '} {line}"


def _listed(lines: Sequence[str], paint: Paint, *, verbose: bool) -> list[str]:
    shown = list(lines if verbose else lines[:SHOWN])
    if len(shown) < len(lines):
        shown.append(paint(f"and {len(lines) - len(shown):,} more (-v lists all)", "dim"))
    return shown


def _local(started: str) -> str:
    try:
        return datetime.fromisoformat(started).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return visible(started)
