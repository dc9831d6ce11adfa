"""Opens the trees of a record again: a replay needs every file by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from reprocheck.model.record import OUTPUT_ROLES, FileRole, FileTree, FileUse, Record

_PARTS = 3


def unfolded(record: Record, read: Callable[[str], bytes | None]) -> Record:
    """The record with every file of its trees as a use; a tree whose manifest `read` doesn't have stays one.

    Files of the environment stay folded: packages stand for them.
    """
    uses = list(record.files.uses)
    trees: list[FileTree] = []
    for tree in record.files.trees:
        manifest = read(tree.manifest) if tree.manifest and tree.role is not FileRole.ENVIRONMENT else None
        if manifest is None:
            trees.append(tree)
        else:
            uses.extend(_uses(tree, manifest))
    uses.sort(key=lambda use: use.path)
    files = msgspec.structs.replace(record.files, uses=tuple(uses), trees=tuple(trees))
    return msgspec.structs.replace(record, files=files)


def _uses(tree: FileTree, manifest: bytes) -> Iterator[FileUse]:
    """Lines are `DIGEST  SIZE  PATH`, with `-` for what isn't known."""
    for line in manifest.decode("utf-8", "replace").splitlines():
        parts = line.split("  ", _PARTS - 1)
        if len(parts) != _PARTS:
            continue
        digest = None if parts[0] == "-" else parts[0]
        size = int(parts[1]) if parts[1].isdecimal() else None
        if tree.role in OUTPUT_ROLES:
            yield FileUse(path=parts[2], role=tree.role, after=digest, size=size)
        else:
            yield FileUse(path=parts[2], role=tree.role, before=digest, size_before=size)
