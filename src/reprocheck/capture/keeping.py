"""Which contents of data files are kept in the store, and which must not be."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from reprocheck.capture.ports import ObjectSink
from reprocheck.capture.secrets import Secrets, is_credential_file
from reprocheck.model.record import INPUT_ROLES, OUTPUT_ROLES, FileRole, FileUse, FileUses, Gap

_LOOKED_INTO = 4 << 20
"""Bytes of the largest file that is searched for credentials: larger ones are data."""


def keep_inputs(files: FileUses, root: Path, sink: ObjectSink, secrets: Secrets) -> FileUses:
    """Put the content of every input into the store that isn't there yet."""
    wanted = [use for use in files.uses if use.role is FileRole.INPUT and use.before and use.before not in use.stored]
    reasons = {use.path: reason for use in wanted if (reason := _refusal(use, root, secrets))}
    wanted = [use for use in wanted if use.path not in reasons]
    kept: dict[str, FileUse] = {}
    for use, result in zip(wanted, sink.put_files([root / use.path for use in wanted]), strict=True):
        if isinstance(result, OSError):
            reasons[use.path] = result.strerror or str(result)
        elif result != use.before:
            reasons[use.path] = "it was changed after it had been read"
        else:
            kept[use.path] = msgspec.structs.replace(use, stored=(*use.stored, result))
    gaps = (
        Gap("files", f"{path} is not kept: {reason}", "A replay elsewhere needs it by other means")
        for path, reason in reasons.items()
    )
    uses = tuple(kept.get(use.path, use) for use in files.uses)
    return msgspec.structs.replace(files, uses=uses, gaps=(*files.gaps, *gaps))


FEW, SMALL, TOGETHER = 200, 1 << 20, 32 << 20
"""Files, bytes of each and bytes of all that are kept without being asked for."""


def keep_few(files: FileUses, untracked: Collection[str], root: Path, sink: ObjectSink, secrets: Secrets) -> FileUses:
    """Keep small inputs of the project that git doesn't have, as long as they are few: they exist nowhere else.

    Those that can't be kept are no gap: nobody asked for them.
    """
    few = [use for use in files.uses if use.path in untracked and (use.size_before or 0) <= SMALL]
    if len(few) > FEW or sum(use.size_before or 0 for use in few) > TOGETHER:
        return files
    kept = {use.path: use for use in keep_inputs(FileUses(uses=tuple(few)), root, sink, secrets).uses}
    return msgspec.structs.replace(files, uses=tuple(kept.get(use.path, use) for use in files.uses))


def keep_results(files: FileUses, root: Path, sink: ObjectSink, secrets: Secrets) -> FileUses:
    """Keep small results of the project, as long as they are few: the next run replaces them.

    Where one can't be kept a replay knows its digest, which tells the same from another, and not by how much.
    """
    written = OUTPUT_ROLES | {FileRole.LOG}
    few = [
        use
        for use in files.uses
        if use.role in written and use.after and use.size is not None and use.size <= SMALL and use.path[0] != "/"
    ]
    if len(few) > FEW or sum(use.size or 0 for use in few) > TOGETHER:
        return files
    few = [use for use in few if use.after not in use.stored and not _refusal(use, root, secrets)]
    found = sink.put_files([root / use.path for use in few])
    kept = {
        use.path: msgspec.structs.replace(use, stored=(*use.stored, result))
        for use, result in zip(few, found, strict=True)
        if isinstance(result, str) and result == use.after
    }
    return msgspec.structs.replace(files, uses=tuple(kept.get(use.path, use) for use in files.uses))


def _refusal(use: FileUse, root: Path, secrets: Secrets) -> str:
    """Why an input must not be kept; empty when it may."""
    if is_credential_file(use.path):
        return "its name is that of a file with credentials"
    path = root / use.path
    try:
        if path.stat().st_size <= _LOOKED_INTO and _has_credentials(path.read_bytes(), secrets):
            return "it holds something that looks like a credential"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def without_credentials(files: FileUses, sink: ObjectSink, read: Callable[[str], bytes], secrets: Secrets) -> FileUses:
    """Remove copies from while the command ran that look like credentials; `read` gives the content of an object."""
    gaps: list[Gap] = []
    uses = []
    for use in files.uses:
        if use.stored and use.role in INPUT_ROLES | {FileRole.OUTPUT, FileRole.DELETED, FileRole.RENAMED}:
            bad = {digest for digest in use.stored if _must_go(use, digest, read, secrets)}
            for digest in bad:
                try:
                    sink.discard(digest)
                except OSError as error:
                    gaps.append(
                        Gap("files", f"object {digest} could not be removed: {error.strerror}", "Remove it by hand")
                    )
            if bad:
                reason = f"what {use.path} held before looks like a credential and is not kept"
                gaps.append(Gap("files", reason, "Its content before the run is known by its digest only"))
                use = msgspec.structs.replace(use, stored=tuple(d for d in use.stored if d not in bad))  # noqa: PLW2901 — the same use
        uses.append(use)
    return msgspec.structs.replace(files, uses=tuple(uses), gaps=(*files.gaps, *gaps))


def _must_go(use: FileUse, digest: str, read: Callable[[str], bytes], secrets: Secrets) -> bool:
    if is_credential_file(use.path):
        return True
    if (use.size_before or 0) > _LOOKED_INTO:
        return False
    try:
        return _has_credentials(read(digest), secrets)
    except OSError:
        return False


def _has_credentials(data: bytes, secrets: Secrets) -> bool:
    return b"\0" not in data[:4096] and secrets.clean_bytes(data) != data
