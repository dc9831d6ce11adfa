"""Folds thousands of files of one folder and role into a tree with one digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec
from blake3 import blake3

from reprocheck.capture.ports import ObjectSink
from reprocheck.model.record import OUTPUT_ROLES, FileRole, FileTree, FileUse, FileUses, Gap

MANY = 1000
"""Files of one role under one folder that are folded."""
_DOMINANT = 0.9
"""Share of a folder's files in one of its own folders that makes that one the tree."""
_FOLDED = (FileRole.INPUT, FileRole.OUTPUT, FileRole.READ_THEN_WRITTEN, FileRole.RENAMED, FileRole.TEMPORARY)


def fold(files: FileUses, sink: ObjectSink, *, many: int = MANY) -> FileUses:
    """The same uses, with crowded folders as trees and files of the environment by name only, as one more tree."""
    trees: list[FileTree] = []
    gaps: list[Gap] = []
    left = [use for use in files.uses if use.role is not FileRole.ENVIRONMENT]
    for role in _FOLDED:
        of_role = [use for use in left if use.role is role]
        for folder in _crowded([use.path for use in of_role], many):
            inside = [use for use in of_role if use.path.startswith(f"{folder}/")]
            trees.append(_tree(folder, role, inside, sink, gaps))
            gone = {use.path for use in inside}
            left = [use for use in left if use.role is not role or use.path not in gone]
    if environment := [use for use in files.uses if use.role is FileRole.ENVIRONMENT]:
        trees.append(_tree("/", FileRole.ENVIRONMENT, environment, sink, gaps))
    return msgspec.structs.replace(
        files,
        uses=tuple(left),
        trees=tuple(sorted((*files.trees, *trees), key=lambda tree: (tree.path, tree.role))),
        gaps=(*files.gaps, *gaps),
    )


def manifest(uses: Iterable[FileUse]) -> bytes:
    """`DIGEST  SIZE  PATH` lines, sorted by path; `-` where a digest or size isn't known."""
    return "".join(
        f"{_digest(use) or '-'}  {'-' if (size := _size(use)) is None else size}  {use.path}\n"
        for use in sorted(uses, key=lambda use: use.path)
    ).encode("utf-8", "backslashreplace")


def _tree(folder: str, role: FileRole, uses: list[FileUse], sink: ObjectSink, gaps: list[Gap]) -> FileTree:
    text = manifest(uses)
    stored = ""
    try:
        stored = sink.put(text)
    except OSError as error:
        reason = f"the list of {len(uses):,} files under {folder} could not be kept: {error.strerror}"
        gaps.append(Gap("files", reason, "Its digest tells whether they are the same, but not which differ"))
    return FileTree(
        path=folder,
        role=role,
        files=len(uses),
        size=sum(_size(use) or 0 for use in uses),
        digest=blake3(text).hexdigest(),
        manifest=stored,
        stored=sum(_digest(use) in use.stored for use in uses),
    )


def _digest(use: FileUse) -> str | None:
    return use.after if use.role in OUTPUT_ROLES else use.before


def _size(use: FileUse) -> int | None:
    return use.size if use.role in OUTPUT_ROLES else use.size_before


def _crowded(paths: list[str], many: int) -> list[str]:
    """Folders to fold: none lies in another, and the project's root and the file system's are never among them."""
    if len(paths) <= many:
        return []
    counts: Counter[str] = Counter()
    children: dict[str, set[str]] = {}
    for path in paths:
        inner = ""
        name = path
        while name not in {".", "/"}:
            folder, slash, _ = name.rpartition("/")
            name = folder or ("/" if slash else ".")
            counts[name] += 1
            if inner:
                children.setdefault(name, set()).add(inner)
            inner = name
    return sorted(folder for top in (".", "/") for folder in _descend(top, counts, children, many))


def _descend(folder: str, counts: Counter[str], children: dict[str, set[str]], many: int) -> Iterator[str]:
    crowded = [child for child in children.get(folder, ()) if counts[child] > many]
    if folder in {".", "/"}:
        for child in crowded:
            yield from _descend(child, counts, children, many)
        return
    for child in crowded:
        if counts[child] >= _DOMINANT * counts[folder]:
            yield from _descend(child, counts, children, many)
            return
    yield folder
