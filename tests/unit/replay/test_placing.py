"""Whatever a record names, nothing comes to lie outside of a working copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from records import plan, record
from reprocheck.model.file_use import FileUses, Listing
from reprocheck.model.plan import Link, Need, Origin, Purpose, Sourced
from reprocheck.replay.errors import ReplayError
from reprocheck.replay.placing import Places
from reprocheck.replay.sources import digest_of
from reprocheck.replay.workspace import lay_out


def test_folders_are_made_and_files_have_a_place(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert places.folder("a/b") == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    assert places.file("a/c/x.txt") == tmp_path / "a" / "c" / "x.txt"
    assert places.folder(".") == tmp_path
    assert places.free("a/b") is None


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "a//x", "./x", "a/\0", ""])
def test_names_that_lead_out_are_refused(tmp_path: Path, path: str) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    with pytest.raises(ReplayError):
        Places(copy).file(path)
    assert [*tmp_path.iterdir()] == [copy]


def test_nothing_is_made_through_a_link_and_no_link_is_written_to(tmp_path: Path) -> None:
    copy, outside = tmp_path / "copy", tmp_path / "outside"
    copy.mkdir()
    outside.mkdir()
    (copy / "way").symlink_to(outside)
    for path in ("way/x.txt", "way/deep/x.txt", "way"):
        with pytest.raises(ReplayError, match=r"behind|symbolic link"):
            Places(copy).file(path)
    with pytest.raises(ReplayError):
        Places(copy).folder("way/deep")
    assert [*outside.iterdir()] == []


@pytest.mark.parametrize(
    ("link", "path"),
    [("a", "a"), ("a", "a/x.txt"), ("a", "a/b/x.txt"), ("b/a", "b/a/x.txt"), ("a", "b/../a/x.txt"), ("a", "./a/x.txt")],
)
@pytest.mark.parametrize("listed", [".", "b", "a"])
def test_a_record_can_not_place_a_link_and_write_a_file_through_it(
    tmp_path: Path, link: str, path: str, listed: str
) -> None:
    original, copy, outside = tmp_path / "original", tmp_path / "copy", tmp_path / "outside"
    for folder in (original / "b", copy, outside / "b"):
        folder.mkdir(parents=True)
    content = tmp_path / "content"
    content.write_text("harm")
    digest = digest_of(content) or ""
    need = Need(path=path, digest=digest, size=4, purpose=Purpose.INPUT, writable=True)
    laid = plan(
        original,
        files=(Sourced(need=need, origin=Origin.STORE, place=str(content)),),
        folders=(f"{link}/made",),
        links=(Link(link, str(outside), str(outside)),),
    )
    run = record(files=FileUses(listings=(Listing(path=listed, entries=1),), complete=True))
    try:
        lay_out(laid, copy, run, lend=True, progress=lambda _: None)
    except ReplayError as error:
        assert "record" in error.reason  # noqa: PT017 — either way nothing may be outside
    assert sorted(item.name for item in outside.rglob("*")) == ["b"]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["content", "copy", "original", "outside"]
