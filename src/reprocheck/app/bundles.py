"""`reprocheck export` and `import`: a run in one file, for another machine."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reprocheck.app.errors import UsageError
from reprocheck.app.replay_contents import Digests, stored_in
from reprocheck.app.replay_run import read_unfolded
from reprocheck.app.stores import open_store, store_folder
from reprocheck.capture.secrets import is_credential_file
from reprocheck.model.plan import Purpose
from reprocheck.model.record import Record
from reprocheck.replay.needs import needs_of
from reprocheck.replay.outputs import Selection, recorded_outputs
from reprocheck.replay.sources import find_sources
from reprocheck.store.bundle import Source, read_bundle, source_of_object, sources_of_run, write_bundle
from reprocheck.store.references import referenced
from reprocheck.store.store import Store, prepare


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What went into a bundle."""

    run: str
    file: str
    size: int
    """Bytes of the bundle."""
    objects: int
    missing: tuple[str, ...]
    """Inputs and results whose content could not be had: a replay elsewhere lacks them."""
    left_out: tuple[str, ...]
    """Files that hold credentials by their name."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a bundle."""

    run: str
    objects: int
    new: bool
    """False where the store had the run already."""


def export_run(
    word: str,
    target: Path,
    asked: Path | None,
    start: Path,
    *,
    inputs: bool,
    outputs: bool,
    scratch: Path,
    version: str,
) -> Exported:
    """Write a bundle of the run that `word` means, with inputs and results that can still be had.

    Raises StoreError, and UsageError when the file can't be written.
    """
    if target.is_dir():
        raise UsageError(f"{target} is a folder: give the name of a file, such as {target / 'run.tar.gz'}")
    store = open_store(asked, start)
    folder = store.resolve(word)
    record = read_unfolded(store, folder)
    sources = sources_of_run(folder)
    for digest in referenced(folder.record()):
        if digest in store.objects:
            name, source = source_of_object(store.objects.path(digest), digest)
            sources[name] = source
    missing, left_out = _add_contents(sources, record, store, scratch, inputs=inputs, outputs=outputs)
    try:
        bundle = write_bundle(target, folder, sources, version)
        size = target.stat().st_size
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from error
    count = sum(entry.name.startswith("objects/") for entry in bundle.entries)
    return Exported(run=folder.id, file=str(target), size=size, objects=count, missing=missing, left_out=left_out)


def import_run(source: Path, asked: Path | None, start: Path) -> Imported:
    """Take a bundle into the project's store; raises StoreError and UsageError."""
    try:
        store = prepare(store_folder(asked, start).absolute())
        bundle, new = read_bundle(source, store)
    except OSError as error:
        raise UsageError(f"{error.filename or source}: {error.strerror}") from error
    count = sum(entry.name.startswith("objects/") for entry in bundle.entries)
    return Imported(run=bundle.run, objects=count, new=new)


def _add_contents(
    sources: dict[str, Source], record: Record, store: Store, scratch: Path, *, inputs: bool, outputs: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    missing: list[str] = []
    left_out: list[str] = []
    stored = stored_in(store)
    with Digests(store) as digests:
        found_inputs = find_sources(record, needs_of(record), stored=stored, scratch=scratch, digest=digests)
        found_outputs = recorded_outputs(record, Selection(record.command.outputs), stored, digests) if outputs else {}
    for found in found_inputs:
        need = found.need
        if is_credential_file(need.path):
            left_out.append(need.path)
        elif need.purpose is Purpose.CODE or (inputs and need.purpose is Purpose.INPUT):
            if found.found:
                name, source = source_of_object(Path(found.place), need.digest)
                sources[name] = source
            else:
                missing.append(need.path)
    for output in found_outputs.values():
        if output.content and output.digest is not None:
            name, source = source_of_object(Path(output.content), output.digest)
            sources[name] = source
        else:
            missing.append(output.path)
    return tuple(sorted(missing)), tuple(sorted(left_out))
