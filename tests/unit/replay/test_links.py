"""Links that a project has, made again in a working copy."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from records import plan, record
from reprocheck.model.plan import Link
from reprocheck.model.record import FileRole, FileUse, FileUses, Record, SymbolicLink
from reprocheck.replay.links import end_of, links_of, links_outside
from reprocheck.replay.outputs import Selection, recorded_outputs, replayed_outputs, through
from reprocheck.replay.plan import make_plan
from reprocheck.replay.workspace import lay_out, left_behind

DIGEST = "ab" * 32


def run_in(root: Path, *uses: FileUse, links: tuple[str, ...] = ()) -> Record:
    """A run that came through these links of the project."""
    found = tuple(SymbolicLink(path=path, target=str((root / path).readlink())) for path in links)
    base = record(files=FileUses(uses=uses, links=found, complete=True))
    return msgspec.structs.replace(base, command=msgspec.structs.replace(base.command, root=str(root)))


def read(path: Path | str) -> FileUse:
    return FileUse(path=str(path), role=FileRole.INPUT, before=DIGEST, after=DIGEST, size=1, size_before=1)


def written(path: Path | str) -> FileUse:
    return FileUse(path=str(path), role=FileRole.OUTPUT, after=DIGEST, size=1)


def project(tmp_path: Path) -> tuple[Path, Path]:
    root, outside = (tmp_path / "project").resolve(), (tmp_path / "disk").resolve()
    for folder in (root / "real", root / "conf", outside / "sets" / "a", outside / "unused"):
        folder.mkdir(parents=True)
    (outside / "sets" / "a" / "x.csv").write_text("x")
    (root / "real" / "y.csv").write_text("y")
    (root / "data").symlink_to(outside / "sets")
    (root / "one.csv").symlink_to(outside / "sets" / "a" / "x.csv")
    (root / "alias").symlink_to("real")
    (root / "conf" / "now.csv").symlink_to(root / "real" / "y.csv")
    (root / "unused").symlink_to(outside / "unused")
    (root / "gone").symlink_to(outside / "nowhere")
    (root / "circle").symlink_to(root.parent)
    return root, outside


def test_a_working_copy_has_the_links_and_none_leads_into_the_original(tmp_path: Path) -> None:
    root, outside = project(tmp_path)
    links = ("alias", "conf/now.csv", "data", "one.csv")
    run = run_in(root, read(outside / "sets/a/x.csv"), read("real/y.csv"), links=links)
    laid = plan(root, links=links_of(run))
    copy = (tmp_path / "copy").resolve()
    copy.mkdir()
    workspace = lay_out(laid, copy, run, lend=True, progress=lambda _: None)
    assert (copy / "data" / "a" / "x.csv").read_text() == "x"
    assert os.path.realpath(copy / "alias") == str(copy / "real")
    assert os.path.realpath(copy / "conf" / "now.csv") == str(copy / "real" / "y.csv")
    assert left_behind(workspace, lambda _: False) == {}
    (copy / "alias" / "new.txt").write_text("n")
    assert list(left_behind(workspace, lambda _: False)) == ["real/new.txt"]
    assert not (root / "real" / "new.txt").exists()


def test_what_is_written_behind_a_link_is_guarded_and_a_result_of_the_project(tmp_path: Path) -> None:
    root, outside = project(tmp_path)
    (root / "out").symlink_to(outside / "unused")
    run = run_in(root, written(outside / "unused" / "a" / "m.txt"), links=("out",))
    links = links_of(run)
    assert str(outside / "unused") in make_plan(run, (), present={}, links=links).guarded
    expected = recorded_outputs(run, Selection(), lambda _: None, lambda _: None, links)
    found = replayed_outputs(FileUses(), {str(outside / "unused/a/m.txt"): tmp_path}, Selection(), links)
    assert list(expected) == list(found) == ["out/a/m.txt"]
    assert recorded_outputs(run, Selection(), lambda _: None, lambda _: None) == {}


def test_names_behind_a_link_are_told_from_names_beside_it() -> None:
    links = (Link("circle", "", ".."), Link("data", "/disk/sets", "/disk/sets"))
    assert through(links, "/disk/sets/a") == "data/a"
    assert through(links, "/disk/sets") == "data"
    assert through(links, "/disk/sets2/a") == "/disk/sets2/a"
    assert through(links, "disk/sets/a") == "disk/sets/a"


def noted(*links: tuple[str, str], used: tuple[str, ...] = ()) -> Record:
    """A run in /p/x that came through these links."""
    uses = tuple(FileUse(path=path, role=FileRole.INPUT, before=DIGEST, after=DIGEST, size=1) for path in used)
    found = tuple(SymbolicLink(path=path, target=target) for path, target in links)
    base = record(files=FileUses(uses=uses, links=found, complete=True))
    return msgspec.structs.replace(base, command=msgspec.structs.replace(base.command, root="/p/x"))


def texts(run: Record) -> dict[str, str]:
    return {link.path: link.text for link in links_of(run)}


def test_noted_links_are_made_with_texts_that_hold_wherever_the_copy_lies() -> None:
    run = noted(
        ("relative", "real"),
        ("deep/up", "../real/y.csv"),
        ("absolute", "/p/x/real"),
        ("deep/absolute", "/p/x/relative/y.csv"),
        ("away", "/disk/sets"),
        ("beside", "../other/sets"),
        ("round", "../x/real"),
        ("dangling", "nowhere"),
        ("/disk/sets", "/disk/v2"),
    )
    assert texts(run) == {
        "relative": "real",
        "deep/up": "../real/y.csv",
        "absolute": "real",
        "deep/absolute": "../relative/y.csv",
        "away": "/disk/v2",
        "beside": "/p/other/sets",
        "round": "real",
        "dangling": "nowhere",
    }
    targets = {link.path: link.target for link in links_of(run)}
    assert (targets["away"], targets["deep/absolute"], targets["round"]) == ("/disk/v2", "/p/x/real/y.csv", "/p/x/real")


def test_an_environment_behind_a_link_is_lent_where_it_truly_lies(tmp_path: Path) -> None:
    root, outside = project(tmp_path)
    for folder in (root / "real" / "venv", outside / "sets" / "venv", root / "plain"):
        folder.mkdir()
    links = (Link("alias", str(root / "real"), "real"), Link("data", str(outside / "sets"), str(outside / "sets")))
    laid = plan(root, links=links, kept=("alias/venv", "data/venv", "plain", "nowhere"))
    (tmp_path / "copy").mkdir()
    workspace = lay_out(laid, tmp_path / "copy", run_in(root), lend=True, progress=lambda _: None)
    assert [item.path for item in workspace.lent] == ["plain", "real/venv"]
    assert [(tmp_path / "copy" / link.path).is_symlink() for link in links] == [True, True]


def test_circles_lead_nowhere_and_folders_around_the_project_name_nothing() -> None:
    run = noted(("a", "b"), ("b", "a"), ("me", "me"), ("up", ".."), ("top", "/"), ("self", "."))
    assert texts(run) == {"a": "b", "b": "a", "me": "me", "up": "/p", "top": "/", "self": "."}
    assert {link.path: link.target for link in links_of(run)} == dict.fromkeys(texts(run), "")
    assert end_of("/p/x/a/file", {"/p/x/a": "b", "/p/x/b": "a"}) == ""


def test_links_outside_matter_where_they_lead_to_what_was_used() -> None:
    run = noted(
        ("/data", "/disk/sets"), ("/opt/tool", "/opt/tool-1"), ("here", "real"), used=("/disk/sets/a/x.csv", "real/y")
    )
    assert links_outside(run) == (Link("/data", "/disk/sets", "/disk/sets"),)
    assert links_outside(run_in(Path("/p/x"), read("/disk/x"))) == ()


def test_links_that_no_system_could_have_are_left_out() -> None:
    run = noted(("a", ""), ("b", "x\0y"), ("c", "y" * 5000), ("d", "ok"))
    assert texts(run) == {"d": "ok"}
    assert len(links_of(noted(*((f"l{number}", "x") for number in range(10_050))))) == 10_000
