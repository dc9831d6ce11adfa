"""`reprocheck verify`: is the store what it was when it was written?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from reprocheck.app.recover_run import recover_run
from reprocheck.app.stores import open_store
from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, FileUse, Record, RunState
from reprocheck.model.run_report import Problem, Verification
from reprocheck.store.errors import StoreError
from reprocheck.store.references import files_of, referenced
from reprocheck.store.runs import RunFolder
from reprocheck.store.store import Store

_CHUNK = 1 << 20


def verify_runs(words: tuple[str, ...], asked: Path | None, start: Path, *, files: bool) -> Verification:
    """Hash everything again that the runs stand on; no words stand for all runs. Raises StoreError.

    With `files`, inputs and outputs in their places are compared too.
    """
    store = open_store(asked, start)
    folders = [store.resolve(word) for word in words] if words else store.run_folders()
    problems: list[Problem] = []
    changed: list[Problem] = []
    unfinished: list[str] = []
    seen: dict[str, str] = {}
    runs = 0
    for folder in folders:
        if folder.state() is not RunState.FINISHED and not _recovered(store, folder):
            unfinished.append(folder.id)
            continue
        runs += 1
        try:
            record = _record(folder)
        except StoreError as error:
            problems.append(Problem(folder.id, "record", str(error)))
            continue
        problems += _objects(store, folder, record, seen)
        if files:
            changed += _files(folder.id, record)
    return Verification(
        runs=runs,
        objects=len(seen),
        problems=tuple(sorted(problems)),
        unfinished=tuple(unfinished),
        changed=tuple(sorted(changed)),
    )


def _recovered(store: Store, folder: RunFolder) -> bool:
    """Whether an abandoned run could be given its record."""
    try:
        return recover_run(store, folder)
    except StoreError:
        return False


def _record(folder: RunFolder) -> Record:
    data, written = folder.record_bytes(), folder.recorded_digest()
    if not written:
        raise StoreError("its digest is missing")
    if blake3(data).hexdigest() != written:
        raise StoreError("it is not what was written")
    return folder.record()


def _objects(store: Store, folder: RunFolder, record: Record, seen: dict[str, str]) -> Iterator[Problem]:
    for digest, what in referenced(record).items():
        if digest not in seen:
            seen[digest] = store.objects.problem(digest)
        if seen[digest]:
            yield Problem(folder.id, f"object {digest[:12]} ({what})", seen[digest])
    for name, digest in files_of(record).items():
        problem = _compare(folder.path / name, digest)
        if problem:
            yield Problem(folder.id, name, problem)


def _files(name: str, record: Record) -> Iterator[Problem]:
    root = Path(record.command.root)
    for use in record.files.uses:
        digest = _expected(use)
        if digest and not use.path.startswith("<"):  # standard output is in no place
            problem = _compare(root / use.path, digest)
            if problem:
                yield Problem(name, use.path, "changed" if problem == "damaged" else problem)


def _expected(use: FileUse) -> str | None:
    if use.role in OUTPUT_ROLES:
        return use.after
    return use.before if use.role in INPUT_ROLES else None


def _compare(path: Path, digest: str) -> str:
    hasher = blake3()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable ({error.strerror})"
    return "" if hasher.hexdigest() == digest else "damaged"
