"""Crowded folders become trees, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.capture.folding import fold, manifest
from reprocheck.model.record import FileRole, FileTree, FileUse, FileUses


class Sink:
    """Objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = blake3(data).hexdigest()
        self.objects[digest] = data
        return digest

    def put_file(self, path: Path) -> str:
        return self.put(path.read_bytes())

    def put_files(self, paths: Sequence[Path]) -> list[str | OSError]:
        return [self.put_file(path) for path in paths]

    def discard(self, digest: str) -> None:
        self.objects.pop(digest, None)

    def __contains__(self, digest: str) -> bool:
        return digest in self.objects


class FullSink(Sink):
    """A disk without space."""

    def put(self, data: bytes) -> str:  # noqa: ARG002 — the protocol's
        raise OSError(28, "No space left on device")


def use(path: str, role: FileRole = FileRole.INPUT) -> FileUse:
    return FileUse(path=path, role=role, before="a" * 64, size_before=2, after="b" * 64, size=3)


def trees_of(*paths: str, many: int = 3) -> list[tuple[str, int]]:
    folded = fold(FileUses(uses=tuple(map(use, paths))), Sink(), many=many)
    return [(tree.path, tree.files) for tree in folded.trees]


def test_few_files_stay_as_they_are() -> None:
    uses = FileUses(uses=(use("d/a"), use("d/b"), use("d/c")))
    assert fold(uses, Sink(), many=3) == uses


def test_a_crowded_folder_is_a_tree() -> None:
    assert trees_of("x", "d/a", "d/b", "d/c", "d/d") == [("d", 4)]


def test_the_folder_that_holds_nearly_all_is_the_tree() -> None:
    assert trees_of(*(f"data/train/c{i}/{j}" for i in range(5) for j in range(4))) == [("data/train", 20)]


def test_neither_the_project_nor_the_file_system_is_a_tree() -> None:
    assert trees_of("a", "b", "c", "d", "e") == []
    assert trees_of("/a", "/b", "/c", "/d", "/e") == []
    assert trees_of(*(f"/srv/{name}" for name in "abcd"), *(f"d/{name}" for name in "abcd")) == [("/srv", 4), ("d", 4)]


def test_roles_are_folded_apart() -> None:
    uses = tuple(use(f"d/{i}") for i in range(5)) + tuple(use(f"d/o{i}", FileRole.OUTPUT) for i in range(2))
    folded = fold(FileUses(uses=uses), Sink(), many=3)
    assert [(tree.role, tree.files, tree.size) for tree in folded.trees] == [(FileRole.INPUT, 5, 10)]
    assert [left.path for left in folded.uses] == ["d/o0", "d/o1"]


def test_the_environment_is_a_list_of_names() -> None:
    sink = Sink()
    folded = fold(FileUses(uses=(FileUse(path="/usr/lib/x.so", role=FileRole.ENVIRONMENT),)), sink)
    (tree,) = folded.trees
    assert (tree.role, tree.files, folded.uses) == (FileRole.ENVIRONMENT, 1, ())
    assert sink.objects[tree.manifest] == b"-  -  /usr/lib/x.so\n"


def test_the_manifest_is_sorted_and_the_digest_is_its() -> None:
    sink = Sink()
    folded = fold(FileUses(uses=tuple(use(f"d/{name}") for name in "dcba")), sink, many=3)
    (tree,) = folded.trees
    text = sink.objects[tree.manifest]
    assert text.startswith(b"a" * 64 + b"  2  d/a\n")
    assert tree.digest == blake3(text).hexdigest() == tree.manifest
    assert manifest(map(use, ["b", "a"])) == manifest(map(use, ["a", "b"]))


def test_how_many_contents_are_kept_is_counted() -> None:
    kept = msgspec.structs.replace(use("d/a"), stored=("a" * 64,))
    folded = fold(FileUses(uses=(kept, *(use(f"d/{name}") for name in "bcd"))), Sink(), many=3)
    assert [tree.stored for tree in folded.trees] == [1]


def test_a_full_disk_is_a_gap() -> None:
    folded = fold(FileUses(uses=tuple(use(f"d/{name}") for name in "abcd")), FullSink(), many=3)
    assert folded.trees[0].manifest == ""
    assert len(folded.trees[0].digest) == 64
    assert [gap.channel for gap in folded.gaps] == ["files"]


_PATHS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), unique=True, max_size=40)


@given(_PATHS, st.integers(1, 6))
def test_every_file_is_in_one_place_and_trees_do_not_overlap(paths: list[str], many: int) -> None:
    files = [f"{path}.x" for path in paths]
    folded = fold(FileUses(uses=tuple(map(use, files))), Sink(), many=many)
    assert sum(tree.files for tree in folded.trees) + len(folded.uses) == len(files)
    assert not any(_inside(one, other) for one in folded.trees for other in folded.trees if one is not other)
    assert all(tree.files > many for tree in folded.trees)


def _inside(one: FileTree, other: FileTree) -> bool:
    return one.path.startswith(f"{other.path}/")
