"""The local database: made as a whole, told where it comes from, and never mistaken for another."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

from reprocheck.advisories import database, reading
from reprocheck.advisories.errors import AdvisoryError
from reprocheck.advisories.lookup import Pinned, ask
from reprocheck.model.audit import AdvisorySource, Rating

RECORDS = Path(__file__).resolve().parents[2] / "data" / "advisories"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def build(path: Path, source: str | Path) -> database.Built:
    with reading.opened(str(source)) as batch:
        described = AdvisorySource(kind="database", name=batch.name, commit=batch.commit)
        return database.build(path, batch.files, described)


def archive(path: Path, files: dict[str, bytes], comment: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
        target.comment = comment
    return path


def records() -> dict[str, bytes]:
    files = (path for path in RECORDS.rglob("*") if path.is_file())
    return {f"database-main/{path.relative_to(RECORDS).as_posix()}": path.read_bytes() for path in files}


def test_a_folder_becomes_a_database_that_says_what_it_holds(tmp_path: Path) -> None:
    built = build(tmp_path / "a.sqlite", RECORDS)
    assert (built.source.records, built.withdrawn, built.unreadable) == (4, 1, 0)
    assert built.source.date == "2030-06-02"
    with database.opened(tmp_path / "a.sqlite") as opened:
        assert opened.built == built


def test_an_archive_gives_the_same_database_and_its_commit(tmp_path: Path) -> None:
    folder = build(tmp_path / "a.sqlite", RECORDS)
    packed = build(tmp_path / "b.sqlite", archive(tmp_path / "b.zip", records(), COMMIT.encode()))
    assert packed.source.digest == folder.source.digest
    assert packed.source.commit == COMMIT
    assert folder.source.commit == ""


def test_a_version_is_answered_with_aliases_rating_and_fixes(tmp_path: Path) -> None:
    build(tmp_path / "a.sqlite", RECORDS)
    with database.opened(tmp_path / "a.sqlite") as opened:
        answer = ask(opened, Pinned("acme-net", "2.1.0"))
        first, second = answer.advisories
        assert (first.id, first.name, first.rating, first.fixed) == (
            "PYSEC-2030-1",
            "CVE-2030-1111",
            Rating.CRITICAL,
            ("2.3.1",),
        )
        assert (second.id, second.rating, second.fixed, second.summary) == (
            "PYSEC-2030-2",
            Rating.UNKNOWN,
            (),
            "Certificates are not looked at. Made up for tests.",
        )
        assert answer.safe == ""
        assert ask(opened, Pinned("acme-net", "1.9")).safe == "1.10"
        assert ask(opened, Pinned("acme-net", "2.4.1")).advisories == ()
        assert ask(opened, Pinned("nobody-knows", "1")).advisories == ()


def test_two_names_of_one_vulnerability_are_one_with_the_careful_fix(tmp_path: Path) -> None:
    build(tmp_path / "a.sqlite", RECORDS)
    with database.opened(tmp_path / "a.sqlite") as opened:
        (only,) = ask(opened, Pinned("acme-table", "0.1")).advisories
    assert only.id == "PYSEC-2030-3"
    assert only.aliases == ("CVE-2030-2222", "GHSA-dddd-eeee-ffff")
    assert only.rating is Rating.MEDIUM
    assert only.fixed == ("0.6",)


def test_what_was_taken_back_is_not_told(tmp_path: Path) -> None:
    build(tmp_path / "a.sqlite", RECORDS)
    with database.opened(tmp_path / "a.sqlite") as opened:
        assert opened.advisories("acme-table", Version("0.9")) == []


def test_a_mistyped_folder_leaves_the_old_database(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    build(path, RECORDS)
    before = path.read_bytes()
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.yaml").write_text("a: 1\n", "utf-8")
    with pytest.raises(AdvisoryError, match="holds no advisories about packages of PyPI"):
        build(path, empty)
    assert path.read_bytes() == before
    assert sorted(child.name for child in tmp_path.iterdir()) == ["a.sqlite", "empty"]


def test_an_unreadable_record_is_counted_and_named(tmp_path: Path) -> None:
    files = {**records(), "broken.yaml": b"id: X-1\naffected: [unclosed\n", "notes.yaml": b"just: notes\n"}
    built = build(tmp_path / "a.sqlite", archive(tmp_path / "a.zip", files))
    assert (built.source.records, built.unreadable, built.other) == (4, 1, 1)
    assert built.problems[0].startswith("broken.yaml: cannot be parsed")


@pytest.mark.parametrize("name", ["../../evil.yaml", "/etc/evil.yaml", "..\\evil.yaml", "C:/evil.json"])
def test_names_in_an_archive_lead_nowhere(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    built = build(inside / "a.sqlite", archive(tmp_path / "a.zip", {**records(), name: b"id: X-9\naffected: []\n"}))
    assert built.source.records == 4
    assert not list(tmp_path.rglob("evil*"))
    assert [child.name for child in inside.iterdir()] == ["a.sqlite"]


def test_a_record_that_unpacks_to_more_than_it_states_is_left_out(tmp_path: Path) -> None:
    bomb = b"id: X-1\naffected: []\n#" + b" " * (8 << 20)
    built = build(tmp_path / "a.sqlite", archive(tmp_path / "a.zip", {**records(), "bomb.yaml": bomb}))
    assert built.source.records == 4
    assert any("is larger than 4 MiB" in problem for problem in built.problems)


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "vulns").mkdir(parents=True)
    for path in RECORDS.rglob("*.yaml"):
        (folder / "vulns" / path.name).write_bytes(path.read_bytes())
    secret = tmp_path / "secret.yaml"
    secret.write_text("id: X-7\naffected: [{package: {name: s, ecosystem: PyPI}, versions: ['1']}]\n", "utf-8")
    (folder / "vulns" / "link.yaml").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    assert build(tmp_path / "a.sqlite", folder).source.records == 3


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nowhere", "is neither a folder, nor a zip archive"),
        ("http://example.org/all.zip", "only https addresses"),
        ("ftp://example.org/all.zip", "only https addresses"),
        ("file:///etc/passwd", "only https addresses"),
        ("https://[::1", "is no address"),
    ],
)
def test_other_sources_are_refused(tmp_path: Path, source: str, reason: str) -> None:
    with pytest.raises(AdvisoryError, match=reason):
        build(tmp_path / "a.sqlite", source)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(AdvisoryError, match="no zip archive that can be read"):
        build(tmp_path / "a.sqlite", tmp_path / "a.zip")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.zip", records()).read_bytes()
    start = whole.index(b"PYSEC-2030-1.yaml") + 30
    (tmp_path / "b.zip").write_bytes(whole[:start] + b"\0" * 40 + whole[start + 40 :])
    with pytest.raises(AdvisoryError, match="no zip archive that can be read"):
        build(tmp_path / "a.sqlite", tmp_path / "b.zip")


@pytest.mark.parametrize("damage", ["text", "empty", "format", "other"])
def test_a_damaged_or_foreign_database_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.sqlite"
    build(path, RECORDS)
    match damage:
        case "text":
            path.write_text("not a database at all, though it is long enough to be one\n" * 20, "utf-8")
        case "empty":
            path.write_bytes(b"")
        case "format":
            with sqlite3.connect(path) as connection:
                connection.execute("UPDATE about SET format = 99")
            connection.close()
        case _:
            path.unlink()
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE other (x)")
            connection.close()
    with pytest.raises(AdvisoryError, match="make it again"), database.opened(path):
        pass


def test_where_there_is_no_database_the_way_to_one_is_said(tmp_path: Path) -> None:
    with pytest.raises(AdvisoryError, match="reprocheck db update --from"), database.opened(tmp_path / "a.sqlite"):
        pass


def test_an_archive_is_read_from_memory_too() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        target.writestr("a/b.json", b"{}")
        target.writestr("a/readme.md", b"# no record")
    with reading._archive(data, "x.zip") as batch:
        assert [file.name for file in batch.files] == ["a/b.json"]
