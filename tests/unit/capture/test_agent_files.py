"""The agent's account of files beside the supervisor's."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from blake3 import blake3

from reprocheck.capture.agent_files import with_agent
from reprocheck.model.record import CodePlace, Connection, FailedOpen, FileRole, FileUse, FileUses, Listing

_WATCHED = FileUses(
    uses=(FileUse(path="a", role=FileRole.INPUT),),
    listings=(Listing(path="d", entries=-1),),
    failed_opens=(FailedOpen(path="no", error="ENOENT"),),
    connections=(Connection(family="inet", address="10.0.0.1", port=80),),
    complete=True,
)


def _journal(root: Path, *events: dict[str, object]) -> Path:
    journal = root / "journal"
    journal.mkdir()
    lines = [json.dumps({"time": moment, "pid": 7, "started": 1, **event}) for moment, event in enumerate(events)]
    (journal / "agent-7-1.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return journal


def test_uses_get_the_first_line_that_opened_them(tmp_path: Path) -> None:
    journal = _journal(
        tmp_path,
        {"event": "file", "use": "read", "path": str(tmp_path / "a"), "place": ["x.py", 3, "f"]},
        {"event": "file", "use": "read", "path": str(tmp_path / "a"), "place": ["x.py", 9, ""]},
        {"event": "file", "use": "read", "path": str(tmp_path / "no"), "place": ["x.py", 4, ""]},
        {"event": "listing", "path": str(tmp_path / "d"), "entries": 2, "order": "ab", "place": ["x.py", 5, ""]},
        {"event": "connect", "address": "10.0.0.1", "port": 80, "place": ["x.py", 6, ""]},
    )
    files = with_agent(_WATCHED, journal, tmp_path)
    assert files.uses[0].place == CodePlace("x.py", 3, "f")
    assert files.failed_opens[0].place == CodePlace("x.py", 4)
    assert files.listings == (Listing(path="d", entries=2, order="ab", place=CodePlace("x.py", 5)),)
    assert files.connections[0].place == CodePlace("x.py", 6)


def test_a_complete_answer_gets_no_further_uses(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("x")
    journal = _journal(tmp_path, {"event": "file", "use": "read", "path": str(tmp_path / "b")})
    files = with_agent(_WATCHED, journal, tmp_path)
    assert [use.path for use in files.uses] == ["a"]
    assert files.gaps == ()


def test_without_the_supervisor_the_agents_uses_count(tmp_path: Path) -> None:
    for name in ("read", "code.py", "written", "changed", "new"):
        (tmp_path / name).write_text(name)
    events: list[dict[str, object]] = [
        {"event": "file", "use": use, "path": str(tmp_path / name), **more}
        for use, name, more in (
            ("read", "read", {}),
            ("read", "code.py", {}),
            ("write", "written", {}),
            ("read", "changed", {}),
            ("write", "changed", {}),
            ("write", "old", {}),
            ("rename", "new", {"other": str(tmp_path / "old")}),
            ("write", "gone", {}),
            ("remove", "gone", {}),
            ("remove", "lost", {}),
            ("read", "absent", {}),
        )
    ]
    files = with_agent(FileUses(), _journal(tmp_path, *events), tmp_path)
    assert {use.path: use.role.value for use in files.uses} == {
        "read": "input",
        "code.py": "code",
        "written": "output",
        "changed": "read-then-written",
        "new": "renamed",
        "gone": "temporary",
        "lost": "deleted",
    }
    assert [failed.path for failed in files.failed_opens] == ["absent"]
    uses = {use.path: use for use in files.uses}
    assert uses["read"].before == blake3(b"read").hexdigest()
    assert (uses["written"].before, uses["written"].after) == (None, blake3(b"written").hexdigest())
    assert uses["written"].sha256
    assert uses["new"].renamed_from == "old"
    assert files.gaps[0].reason == "some files are known from inside Python only"


def test_packages_of_the_interpreter_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "x").write_text("")
    journal = _journal(
        tmp_path,
        {"event": "start", "prefix": str(tmp_path), "base_prefix": "/usr"},
        {"event": "file", "use": "read", "path": str(tmp_path / "lib" / "x")},
    )
    assert with_agent(FileUses(), journal, tmp_path / "project").uses == ()


def test_links_that_the_agent_alone_saw_are_noted_unless_they_are_younger_than_the_run(tmp_path: Path) -> None:
    root = tmp_path / "project"
    for folder in (root / "deep", tmp_path / "disk"):
        folder.mkdir(parents=True)
    (tmp_path / "disk" / "x").write_text("x")
    (root / "deep" / "old").symlink_to(tmp_path / "disk")
    (root / "deep" / "file").symlink_to("old/x")
    (root / "deep" / "new").symlink_to("old")
    later = time.time_ns() + 3_600_000_000_000
    os.utime(root / "deep" / "new", ns=(later, later), follow_symlinks=False)
    now = time.monotonic_ns() + 1_000_000_000
    reads = [
        {"event": "file", "use": "read", "path": str(root / "deep" / name), "time": now}
        for name in ("file", "new/x", "old/gone")
    ]
    files = with_agent(FileUses(), _journal(tmp_path, *reads), root)
    assert {link.path: link.target for link in files.links or ()} == {
        "deep/file": "old/x",
        "deep/old": str(tmp_path / "disk"),
    }


def test_folders_that_the_kernel_makes_up_and_those_of_the_system_are_no_data(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    places = ("/proc", "/usr/lib", "/sys/devices/system/cpu", str(tmp_path), str(tmp_path / "d"))
    events = [{"event": "listing", "path": path, "entries": 2, "order": "ab"} for path in places]
    files = with_agent(FileUses(complete=True), _journal(tmp_path, *events), tmp_path)
    assert [listing.path for listing in files.listings] == [".", "d"]
