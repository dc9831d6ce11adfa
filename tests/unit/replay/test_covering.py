"""What a replay sees of places outside of the project, and what it never touches there."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from reprocheck.model.plan import Executor, Link, Need, Origin, Plan, Purpose, Sourced
from reprocheck.replay.covering import covering_of
from reprocheck.replay.mounts import MountsRefusedError
from reprocheck.replay.stage import _make, _make_links, _remove


def plan(root: Path, **fields: object) -> Plan:
    base = Plan(run="r", executor=Executor.SAME, command=("true",), root=str(root), cwd=".", variables={})
    return msgspec.structs.replace(base, **fields)


def lost(path: Path | str) -> Sourced:
    need = Need(path=str(path), digest="0", size=1, purpose=Purpose.INPUT)
    return Sourced(need=need, origin=Origin.STORE, place="/store/object")


def test_what_is_missing_appears_in_covers_around_it(tmp_path: Path) -> None:
    link = Link(str(tmp_path / "there" / "l"), "/disk", "/disk")
    found = covering_of(
        plan(tmp_path / "gone" / "project", outside=(lost(tmp_path / "d" / "x"),), links_outside=(link,))
    )
    assert found.folders == (str(tmp_path),)
    assert (found.made, found.files) == ((str(tmp_path / "gone" / "project"),), (str(tmp_path / "d" / "x"),))
    assert found.links == (link,)
    assert found.fresh == ()


def test_links_that_are_here_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("elsewhere")
    assert covering_of(plan(tmp_path, links_outside=(Link(str(tmp_path / "l"), "/disk", "/disk"),))).links == ()


def test_folders_that_the_top_of_the_file_system_lacks_are_made_anew() -> None:
    found = covering_of(plan(Path("/no-such-top/a/project"), outside=(lost("/no-other-top/x"),)))
    assert found.fresh == ("/no-other-top", "/no-such-top")
    assert found.folders == ()


def test_a_folder_that_the_run_wrote_to_is_made_where_a_link_led_there_alone(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    gone, led = str(tmp_path / "there" / "gone"), str(tmp_path / "there" / "led")
    found = covering_of(plan(tmp_path, guarded=(gone, led), links=(Link("out", led, led),)))
    assert (found.folders, found.made) == ((str(tmp_path / "there"),), (led,))


def test_a_link_out_of_a_covered_folder_is_covered_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "away").mkdir()
    (tmp_path / "a" / "way").symlink_to(tmp_path / "away")
    guarded = tuple(str(tmp_path / "a" / name) for name in ("", "b", "way"))
    assert covering_of(plan(tmp_path, guarded=guarded)).folders == (guarded[0], guarded[2])


@pytest.mark.parametrize("name", ["way/x", "way/deep/x", "../beyond/x", "cover/../beyond/x", "way"])
def test_nothing_is_made_or_removed_outside_of_covers(tmp_path: Path, name: str) -> None:
    cover, beyond = tmp_path / "cover", tmp_path / "beyond"
    cover.mkdir()
    beyond.mkdir()
    (cover / "way").symlink_to(beyond)
    path, covered = f"{cover}/{name}", (str(cover),)
    with pytest.raises(MountsRefusedError):
        _make((path,), (), covered)
    with pytest.raises(MountsRefusedError):
        _make((), (path,), covered)
    if name != "way":
        with pytest.raises(MountsRefusedError):
            _make_links((Link(path, "/etc", "/etc"),), covered)
    assert [*beyond.iterdir()] == []
    (beyond / "x").write_text("kept")
    _remove((path,), covered)
    assert [item.name for item in beyond.iterdir()] == ["x"]
    assert (cover / "way").is_symlink() == (name != "way")


def test_what_lies_in_covers_is_made_and_removed(tmp_path: Path) -> None:
    covered = (str(tmp_path),)
    _make((f"{tmp_path}/a/b",), (f"{tmp_path}/c/d",), covered)
    _make_links((Link(f"{tmp_path}/e/f", "/etc", "/etc"), Link(f"{tmp_path}/c/d", "/etc", "/etc")), covered)
    assert (tmp_path / "a" / "b").is_dir()
    assert (tmp_path / "c" / "d").is_file()
    assert (tmp_path / "e" / "f").readlink() == Path("/etc")
    _remove((f"{tmp_path}/c/d",), covered)
    assert not (tmp_path / "c" / "d").exists()
