"""`reprocheck diff`: in what two records differ; causes first, results last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.replay_contents import Digests, stored_in
from reprocheck.app.replay_run import read_unfolded
from reprocheck.app.stores import open_store
from reprocheck.compare.tolerances import ToleranceError, parse_tolerances
from reprocheck.model import comparison
from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, FileRole, Record
from reprocheck.model.run_report import Difference, RunDifferences
from reprocheck.replay.judging import compare_results, pair_up
from reprocheck.replay.outputs import Selection, recorded_outputs
from reprocheck.store.runs import RunFolder
from reprocheck.store.store import Store

_DIGEST = 12


def diff_runs(
    first: str, second: str, asked: Path | None, start: Path, tolerances: Iterable[str] | None = None
) -> RunDifferences:
    """The records of two runs, compared, and with `tolerances` the contents of their outputs; raises StoreError."""
    store = open_store(asked, start)
    folders = store.resolve(first), store.resolve(second)
    found = compare_records(folders[0].record(), folders[1].record())
    if tolerances is None:
        return found
    return msgspec.structs.replace(found, contents=compare_contents(store, folders, tolerances))


def compare_contents(
    store: Store, folders: tuple[RunFolder, RunFolder], tolerances: Iterable[str]
) -> tuple[comparison.Difference, ...]:
    """How the outputs differ that two runs have in common; raises UsageError."""
    try:
        parsed = parse_tolerances(tolerances)
    except ToleranceError as error:
        raise UsageError(str(error)) from None
    records = [read_unfolded(store, folder) for folder in folders]
    with Digests(store) as digests:
        outputs = [
            recorded_outputs(record, Selection(record.command.outputs, logs=True), stored_in(store), digests)
            for record in records
        ]
    pairs = [pair for pair in pair_up(*outputs)[0] if pair[1] is not None and pair[2] is not None]
    found = compare_results(pairs, (0, 0), parsed, (records[0].command.root, records[1].command.root))
    return tuple(one for one in found if one.outcome is not comparison.Outcome.IDENTICAL)


def compare_records(first: Record, second: Record) -> RunDifferences:
    """Everything in which two records differ that could make, or be, a difference in results."""
    inputs, outputs = (_inputs(first), _inputs(second)), (_outputs(first), _outputs(second))
    found = (
        *_mapped("command", _command(first), _command(second)),
        *_mapped("code", _code(first), _code(second)),
        *_mapped("environment", _environment(first), _environment(second)),
        *_mapped("data", *inputs),
        *_mapped("seeds", _seeds(first), _seeds(second)),
        *_mapped("settings", _settings(first), _settings(second)),
        *_mapped("trace", _trace(first), _trace(second)),
        *_mapped("outputs", *outputs),
        *_mapped("result", _result(first), _result(second)),
    )
    return RunDifferences(
        first=first.id,
        second=second.id,
        differences=tuple(found),
        same_inputs=_same(*inputs),
        same_outputs=_same(*outputs),
    )


def _mapped(section: str, first: Mapping[str, str], second: Mapping[str, str]) -> Iterator[Difference]:
    for what in sorted(first.keys() | second.keys()):
        one, other = first.get(what, ""), second.get(what, "")
        if one != other:
            yield Difference(section, what, one, other)


def _same(first: Mapping[str, str], second: Mapping[str, str]) -> int:
    return sum(second.get(what) == value for what, value in first.items())


def _command(record: Record) -> dict[str, str]:
    command = record.command
    words = {f"argument {index}": word for index, word in enumerate(command.arguments)}
    return {**words, "working folder": command.cwd, "root": command.root}


def _code(record: Record) -> dict[str, str]:
    repository = record.code.repository
    state = {file.path: file.digest[:_DIGEST] for file in record.code.files}
    state |= {file.path: file.digest[:_DIGEST] for file in record.configuration}
    if repository is not None:
        state |= {"commit": repository.commit, "difference to the commit": repository.diff[:_DIGEST]}
        state |= {f"submodule {module.path}": module.commit for module in repository.submodules}
    return state


def _environment(record: Record) -> dict[str, str]:
    environment = record.environment
    state = {
        f"package {p.name}": " ".join(filter(None, (p.version, p.direct_url, "edited" if p.modified else "")))
        for p in environment.packages
    }
    state |= {f"variable {name}": value for name, value in environment.variables.items()}
    state |= {f"limit {name}": value for name, value in environment.limits.items()}
    if environment.interpreter is not None:
        state["Python"] = f"{environment.interpreter.implementation} {environment.interpreter.version}"
    if (system := environment.system) is not None:
        state |= {"system": system.name, "kernel": system.kernel, "machine": system.machine, "C library": system.libc}
    if (processor := environment.processor) is not None:
        state |= {"processor": processor.model, "processors usable": str(processor.usable)}
        state["instruction sets"] = " ".join(processor.flags)
    if (locale := environment.locale) is not None:
        state |= {"language": locale.language, "time zone": locale.timezone}
    if (gpu := environment.gpu) is not None:
        state |= {"GPU driver": gpu.driver, "GPUs": ", ".join(device.name for device in gpu.gpus)}
        state |= {f"library {name}": version for name, version in gpu.libraries.items()}
    if environment.container is not None:
        state["container image"] = environment.container.image_digest or environment.container.image
    return state | {
        f"threads of {pool.library}": f"{pool.threads} ({pool.architecture} {pool.version})".replace(" )", ")")
        for pool in environment.thread_pools
    }


def _inputs(record: Record) -> dict[str, str]:
    state = {u.path: (u.before or "not hashed")[:_DIGEST] for u in record.files.uses if u.role in INPUT_ROLES}
    return state | _trees(record, INPUT_ROLES)


def _outputs(record: Record) -> dict[str, str]:
    state = {u.path: (u.after or "not hashed")[:_DIGEST] for u in record.files.uses if u.role in OUTPUT_ROLES}
    return state | _trees(record, OUTPUT_ROLES)


def _trees(record: Record, roles: Iterable[FileRole]) -> dict[str, str]:
    return {
        f"{tree.path}/": f"{tree.files} files {tree.digest[:_DIGEST]}"
        for tree in record.files.trees
        if tree.role in roles
    }


def _seeds(record: Record) -> dict[str, str]:
    """Calls in order, numbered by name: processes are told apart by nothing that is the same in two runs."""
    counts: dict[str, int] = {}
    state = {}
    for call in record.observations.seeders:
        number = counts[call.name] = counts.get(call.name, 0) + 1
        state[f"{call.name} (call {number})"] = call.value
    return state


def _settings(record: Record) -> dict[str, str]:
    return {flag.name: flag.value for flag in record.observations.flags}


def _trace(record: Record) -> dict[str, str]:
    trace = record.observations.trace
    if trace.level == "off":
        return {}
    loss = "" if trace.last_loss is None else repr(trace.last_loss)
    return {"steps": str(trace.steps), "last loss": loss, "fingerprints": trace.digest[:_DIGEST]}


def _result(record: Record) -> dict[str, str]:
    return {"exit code": str(record.execution.exit_code), "status": record.execution.status.value}
