"""What files are to a run, seen from outside: each test runs a real program."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from reprocheck.capture.files import remember

if TYPE_CHECKING:
    from tests.unit.capture.supervisor.conftest import Run


def _project(run: Run, **files: str) -> Path:
    root: Path = run("pass").root
    for name, text in files.items():
        (root / name).write_text(text)
    return root


def test_a_file_that_is_read_is_an_input_with_its_digest(run: Run) -> None:
    _project(run, data="hello")
    use = run("open('data').read()").use("data")
    assert (use.role, use.before, use.after) == ("input", blake3(b"hello").hexdigest(), blake3(b"hello").hexdigest())
    assert (use.size_before, use.size) == (5, 5)


def test_a_file_that_is_made_is_an_output_with_both_digests(run: Run) -> None:
    use = run("open('out', 'w').write('made')").use("out")
    assert (use.role, use.before, use.size_before, use.size) == ("output", None, None, 4)
    assert use.after == blake3(b"made").hexdigest()
    assert use.sha256 == hashlib.sha256(b"made").hexdigest()


def test_an_output_that_is_read_back_stays_an_output(run: Run) -> None:
    assert run("open('out', 'w').write('made'); open('out').read()").roles() == {"out": "output"}


def test_what_is_overwritten_unread_is_an_output_without_a_before(run: Run) -> None:
    _project(run, old="last time")
    use = run("open('old', 'w').write('now')").use("old")
    assert (use.role, use.before, use.size_before, use.size) == ("output", None, 9, 3)


def test_an_input_is_stored_before_it_is_overwritten(run: Run) -> None:
    _project(run, data="before")
    seen = run("text = open('data').read(); open('data', 'w').write('after!!')")
    use = seen.use("data")
    digest = blake3(b"before").hexdigest()
    assert (use.role, use.before, use.after) == ("read-then-written", digest, blake3(b"after!!").hexdigest())
    assert use.stored == (digest,)
    assert (seen.objects / digest[:2] / digest[2:]).read_text() == "before"
    assert list((seen.objects / "tmp").iterdir()) == []


@pytest.mark.parametrize("change", ["open('data', 'r+').write('X')", "import os; os.truncate('data', 1)"])
def test_content_that_is_changed_in_place_was_an_input(run: Run, change: str) -> None:
    _project(run, data="before")
    use = run(change).use("data")
    assert (use.role, use.before) == ("read-then-written", blake3(b"before").hexdigest())
    assert use.stored == (use.before,)


def test_a_file_above_the_limit_is_hashed_but_not_stored(run: Run) -> None:
    _project(run, data="before")
    use = run("open('data', 'r+').write('X')", copy_limit=3).use("data")
    assert (use.before, use.stored) == (blake3(b"before").hexdigest(), ())


def test_a_file_too_large_to_wait_for_is_a_gap(run: Run) -> None:
    _project(run, data="before")
    seen = run("open('data', 'r+').write('X')", copy_limit=3, hash_limit=3)
    assert seen.use("data").before is None
    assert "more than are hashed before it is overwritten" in seen.gaps()


def test_opened_for_change_but_left_alone_is_an_input(run: Run) -> None:
    _project(run, data="same")
    use = run("open('data', 'r+').read()").use("data")
    assert (use.role, use.before) == ("input", blake3(b"same").hexdigest())


def test_what_is_made_and_removed_is_temporary(run: Run) -> None:
    assert run("import os; open('t', 'w').close(); os.unlink('t')").roles() == {"t": "temporary"}


def test_what_is_left_in_a_temporary_folder_outside_is_temporary(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere"
    [use] = [use for use in run(f"open({str(path)!r}, 'w').close()").files.uses if use.path == str(path)]
    assert use.role == "temporary"


def test_what_was_there_and_is_removed_is_deleted_and_kept_if_it_was_read(run: Run) -> None:
    _project(run, read="content", unread="other")
    seen = run("import os; open('read').read(); os.unlink('read'); os.unlink('unread')")
    assert seen.roles() == {"read": "deleted", "unread": "deleted"}
    assert seen.use("read").stored == (blake3(b"content").hexdigest(),)
    assert seen.use("unread").before is None


def test_an_atomic_save_is_one_output_under_its_last_name(run: Run) -> None:
    seen = run("import os; open('a.tmp', 'w').write('x'); os.replace('a.tmp', 'a')")
    assert seen.roles() == {"a": "renamed"}
    assert seen.use("a").renamed_from == "a.tmp"
    assert seen.use("a").after == blake3(b"x").hexdigest()


def test_an_atomic_save_over_an_input_keeps_the_input(run: Run) -> None:
    _project(run, a="old")
    seen = run("import os; open('a').read(); open('a.tmp', 'w').write('new'); os.replace('a.tmp', 'a')")
    use = seen.use("a")
    assert (use.role, use.before, use.after) == (
        "read-then-written",
        blake3(b"old").hexdigest(),
        blake3(b"new").hexdigest(),
    )
    assert use.stored == (use.before,)
    assert seen.roles() == {"a": "read-then-written"}


def test_files_follow_their_folder_to_its_new_name(run: Run) -> None:
    seen = run("import os; os.mkdir('c.tmp'); open('c.tmp/w', 'w').write('1'); os.rename('c.tmp', 'c')")
    assert seen.roles() == {"c/w": "renamed"}
    assert seen.use("c/w").after == blake3(b"1").hexdigest()


def test_a_moved_input_is_gone_from_its_place(run: Run) -> None:
    _project(run, a="x")
    assert run("import os; os.rename('a', 'b')").roles() == {"a": "deleted", "b": "renamed"}


def test_exchanged_names_count_for_both(run: Run) -> None:
    _project(run, a="x", b="y")
    code = "import ctypes; assert ctypes.CDLL(None).renameat2(-100, b'a', -100, b'b', 2) == 0"
    seen = run(code)
    assert {use.after for use in (seen.use("a"), seen.use("b"))} == {blake3(t).hexdigest() for t in (b"x", b"y")}


def test_appending_to_what_was_there_is_told_apart_from_writing(run: Run) -> None:
    _project(run, table="1\n")
    seen = run("open('table', 'a').write('2\\n'); open('fresh', 'a').write('1\\n')")
    assert seen.roles() == {"table": "appended", "fresh": "output"}
    assert seen.use("table").before == blake3(b"1\n").hexdigest()


@pytest.mark.parametrize("name", ["train.log", "events.out.tfevents.1.host"])
def test_logs_are_told_by_their_names(run: Run, name: str) -> None:
    assert run(f"open('{name}', 'a').write('x')").roles() == {name: "log"}


def test_sources_are_code_when_imported_fresh_or_from_bytecode(run: Run) -> None:
    _project(run, part="")
    root = run("open('part.py', 'w').write('x = 1')").root
    environment = {**os.environ, "PYTHONPATH": str(root)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    first = run("import part", environment=environment)
    second = run("import part", environment=environment)
    for seen in (first, second):
        assert seen.roles()["part.py"] == "code"
        assert seen.use("part.py").before == blake3(b"x = 1").hexdigest()
    [bytecode] = [path for path in first.roles() if "__pycache__" in path]
    assert first.roles()[bytecode] == "temporary"
    assert bytecode not in second.roles()


def test_bytecode_in_a_folder_of_its_own_is_credited_to_its_source(run: Run, tmp_path: Path) -> None:
    root = run("open('part.py', 'w').write('x = 1')").root
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "own.py").write_text("y = 1")
    environment["PYTHONPATH"] += f":{tmp_path / 'ours'}"
    for _ in range(2):
        seen = run("import part, json, own", environment=environment, also_hidden=(tmp_path / "ours",))
    uses = {use.path: use.role.value for use in seen.files.uses}
    assert uses["part.py"] == "code"
    assert seen.use("part.py").before == blake3(b"x = 1").hexdigest()
    assert [role for path, role in uses.items() if path.endswith("/json/decoder.py")] == ["environment"]
    assert not [path for path in uses if "/ours/" in path]
    assert not [path for path, role in uses.items() if path.endswith(".pyc") and role != "environment"]


def test_a_file_is_another_one_after_its_name_went_to_another(run: Run) -> None:
    root = _project(run, data="old")
    program = """
import os
for _ in range(3): open('data').read()
open('new', 'w').write('newer')
os.rename('new', 'data')
for _ in range(3): open('data').read()
os.unlink('data')
try: open('data')
except FileNotFoundError: pass
"""
    seen = run(program)
    assert not (root / "data").exists()
    reads = [event for event in seen.events if event["event"] == "open" and event["path"] == f"{root}/data"]
    assert [event["size"] for event in reads] == [3, 5]
    assert [event["path"] for event in seen.events if event["event"] == "failed"] == [f"{root}/data"]
    assert seen.use("data").before == blake3(b"old").hexdigest()


def test_a_folder_is_another_one_after_a_link_to_it_went_to_another(run: Run) -> None:
    root = _project(run)
    for version in ("one", "two"):
        (root / version).mkdir()
        (root / version / "data").write_text(version)
    (root / "current").symlink_to("one")
    (root / "next").symlink_to("two")
    program = """
import os
open("current/data").read()
os.rename("next", "current")
open("current/data").read()
"""
    assert run(program).roles() == {"one/data": "input", "two/data": "input", "current": "renamed", "next": "deleted"}


def test_readers_are_named_till_there_are_enough_and_no_further_change_is_missed(run: Run) -> None:
    root = _project(run, data="before")
    program = """
import os
def fork(text):
    if not os.fork():
        exec(text)
        os._exit(0)
    os.wait()
for _ in range(6):
    fork("open('data').read()")
os.unlink("data")
open("data", "w").write("after")
fork("open('data').read()")
open("other").read()
os.replace("data", "other")
fork("open('other').read()")
"""
    (root / "other").write_text("replaced")
    seen = run(program)
    assert seen.roles() == {"data": "deleted", "other": "read-then-written"}
    assert len([event for event in seen.events if event.get("how") == "r" and event["path"].endswith("data")]) == 5
    assert seen.use("other").before == blake3(b"replaced").hexdigest()


def test_segments_of_shared_memory_are_devices_and_leave_the_order_of_files_alone(run: Run) -> None:
    _project(run, data="before")
    program = """
import os
from multiprocessing import shared_memory
open("data").read()
segment = shared_memory.SharedMemory(create=True, size=10, name=f"reprocheck-test-{os.getpid()}")
open("data", "w").write("after")
segment.close()
segment.unlink()
open("data").read()
"""
    seen = run(program)
    assert seen.roles() == {"data": "read-then-written"}
    [segment] = [use for use in seen.files.uses if use.path.startswith("/dev/shm/")]
    assert segment.role == "device"
    assert len([event for event in seen.events if "/shm/" in event.get("path", "")]) == 1


def test_a_link_in_shared_memory_leads_to_a_file_of_its_own(run: Run) -> None:
    root = _project(run, data="before")
    program = f"""
import os
name = f"/dev/shm/reprocheck-test-{{os.getpid()}}"
os.symlink({os.fspath(root / "data")!r}, name)
try:
    open(name, "a").write("after")
finally:
    os.unlink(name)
"""
    assert run(program).roles() == {"data": "appended"}


def test_scripts_that_are_executed_are_code(run: Run) -> None:
    root = _project(run, go="#!/bin/sh\ncat data > out\n", data="x")
    (root / "go").chmod(0o755)
    assert run(["./go"]).roles() == {"go": "code", "data": "input", "out": "output"}


def test_interpreter_and_packages_are_environment_without_digests(run: Run) -> None:
    seen = run("import json")
    [use] = [use for use in seen.files.uses if "/json/__" in use.path and "__init__" in use.path]
    assert (use.role, use.before) == ("environment", None)


def test_devices_and_what_the_kernel_makes_up_are_devices(run: Run) -> None:
    seen = run("open('/dev/urandom', 'rb').read(1); open('/proc/self/status').read(); open('/dev/null', 'w')")
    roles = {use.path: use.role.value for use in seen.files.uses}
    assert {roles[path] for path in ("/dev/urandom", "/proc/self/status", "/dev/null")} == {"device"}


def test_a_fifo_holds_nobody_up(run: Run) -> None:
    code = (
        "import os, threading; os.mkfifo('pipe'); "
        "t = threading.Thread(target=lambda: open('pipe', 'w').write('x')); t.start(); "
        "assert open('pipe').read() == 'x'; t.join()"
    )
    seen = run(code)
    assert seen.execution.exit_code == 0
    assert seen.roles() == {"pipe": "device"}


def test_listed_folders_and_missing_files_are_noted(run: Run) -> None:
    seen = run("import os; os.mkdir('d'); os.listdir('d'); os.path.exists('never')\ntry: open('no')\nexcept OSError: 0")
    assert "d" in [listing.path for listing in seen.files.listings]
    assert [(failed.path, failed.error) for failed in seen.files.failed_opens] == [("no", "ENOENT")]


def test_a_file_that_may_not_be_made_twice_fails(run: Run) -> None:
    _project(run, a="x")
    seen = run("import os\ntry: os.open('a', os.O_CREAT | os.O_EXCL | os.O_WRONLY)\nexcept OSError: 0")
    assert [(failed.path, failed.error) for failed in seen.files.failed_opens] == [("a", "EEXIST")]
    assert "a" not in seen.roles()


def test_links_in_folders_are_followed(run: Run) -> None:
    root = _project(run)
    (root / "true").mkdir()
    (root / "true" / "data").write_text("x")
    (root / "link").symlink_to("true")
    (root / "name").symlink_to("true/data")
    assert run("open('link/data').read(); open('name').read(); open('true/../link/../true/data')").roles() == {
        "true/data": "input"
    }


def test_the_folder_of_the_moment_counts(run: Run) -> None:
    root = _project(run)
    (root / "d").mkdir()
    (root / "d" / "x").write_text("1")
    (root / "x").write_text("2")
    code = (
        "import os, threading\n"
        "f = os.open('d', os.O_RDONLY)\n"
        "os.open('x', os.O_RDONLY, dir_fd=f)\n"
        "t = threading.Thread(target=os.chdir, args=('d',)); t.start(); t.join()\n"
        "open('made', 'w')"
    )
    assert run(code).roles() == {"d/x": "input", "d/made": "output"}


def test_names_that_are_no_text_are_kept(run: Run) -> None:
    seen = run("import os; os.close(os.open(b'a\\xff\\nb\"', os.O_CREAT | os.O_WRONLY))")
    assert seen.roles() == {'a\\xff\nb"': "output"}


def test_long_paths_are_whole(run: Run) -> None:
    parts = ["p" * 200] * 12
    code = f"import os\nfor part in {parts}: os.mkdir(part); os.chdir(part)\nopen('f', 'w')"
    assert list(run(code).roles()) == ["/".join([*parts, "f"])]
    absolute = f"import os\npath = os.path.join(os.getcwd(), *{parts}, 'f')\nopen(path).read()"
    assert run(absolute).roles() == {"/".join([*parts, "f"]): "input"}


def test_processes_are_named_by_their_leader(run: Run) -> None:
    _project(run, data="x")
    code = "import threading\nt = threading.Thread(target=lambda: open('data').read()); t.start(); t.join()"
    seen = run(code)
    assert seen.use("data").processes == (seen.execution.pid,)


def test_children_however_started_are_seen(run: Run) -> None:
    _project(run, data="x")
    code = (
        "import multiprocessing as m, os, subprocess\n"
        "def work(name): open(name, 'w').write(open('data').read())\n"
        "if __name__ == '__main__':\n"
        "    for kind in ('fork', 'spawn', 'forkserver'):\n"
        "        p = m.get_context(kind).Process(target=work, args=(kind,)); p.start(); p.join()\n"
        "    subprocess.run('cat data > shell', shell=True)\n"
        "    os.posix_spawn('/bin/sh', ['sh', '-c', 'cat data > posix'], os.environ); os.wait()\n"
    )
    root = _project(run)
    (root / "main.py").write_text(code)
    roles = run([sys.executable, "main.py"]).roles()
    assert {name for name, role in roles.items() if role == "output"} == {
        "fork",
        "spawn",
        "forkserver",
        "shell",
        "posix",
    }


def test_descriptors_that_are_handed_down_count(run: Run) -> None:
    root = _project(run, data="x" * 100)
    # The change comes through a descriptor that was inherited, so that no call names the file.
    outside = os.open(root / "data", os.O_RDWR)
    os.set_inheritable(outside, True)
    try:
        seen = run(f"import os; os.write({outside}, b'yy'); open('data').read()")
    finally:
        os.close(outside)
    assert any(event["event"] == "descriptor" and event["number"] == outside for event in seen.events)
    assert seen.roles()["data"] == "read-then-written"


class _Cache:
    def __init__(self) -> None:
        self.known: dict[int, str] = {}

    def get(self, status: os.stat_result, algorithm: str = "blake3") -> str | None:
        return self.known.get(status.st_ino) if algorithm == "blake3" else None

    def put(self, status: os.stat_result, digest: str, algorithm: str = "blake3") -> None:
        assert algorithm == "blake3"
        self.known[status.st_ino] = digest


def test_digests_of_steady_inputs_are_handed_on(run: Run, tmp_path: Path) -> None:
    root = _project(run, data="hello", changed="x")
    run("open('data').read(); open('changed', 'r+').write('yy')")
    cache = _Cache()
    remember(tmp_path / "journal1", cache)
    assert cache.known == {(root / "data").stat().st_ino: blake3(b"hello").hexdigest()}


def test_known_digests_are_not_taken_again(run: Run, tmp_path: Path) -> None:
    root = _project(run, data="hello", other="hello")
    path = tmp_path / "digests"
    status = (root / "data").stat()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE digests (device, inode, algorithm, size, modified, changed, digest)")
        row = [status.st_dev, status.st_ino, "blake3", status.st_size, status.st_mtime_ns, status.st_ctime_ns, "known"]
        connection.execute("INSERT INTO digests VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    seen = run("open('data').read(); open('other').read()", stat_cache=path)
    assert seen.use("data").before == "known"
    assert seen.use("other").before == blake3(b"hello").hexdigest()
    (root / "data").write_text("jello")
    assert run("open('data').read()", stat_cache=path).use("data").before == blake3(b"jello").hexdigest()


@pytest.mark.parametrize("path", ["absent", "broken"])
def test_a_file_of_digests_that_cannot_be_read_knows_nothing(run: Run, tmp_path: Path, path: str) -> None:
    _project(run, data="hello")
    (tmp_path / "broken").write_text("no database" * 100)
    seen = run("open('data').read()", stat_cache=tmp_path / path)
    assert seen.use("data").before == blake3(b"hello").hexdigest()


def test_a_change_waits_until_all_is_kept(run: Run) -> None:
    root = _project(run)
    content = bytes(64 << 20)
    (root / "big").write_bytes(content)
    # The last byte changes at once: a copy that doesn't hold the caller up would see it.
    use = run("import os; f = os.open('big', os.O_WRONLY); os.pwrite(f, b'X', (64 << 20) - 1)").use("big")
    assert use.before == blake3(content).hexdigest()
    assert use.stored == (use.before,)
    assert use.after != use.before


def test_folders_that_were_not_there_before_are_told_from_those_that_were(run: Run, tmp_path: Path) -> None:
    for name in ("old", "there"):
        (tmp_path / "project" / name).mkdir()
    seen = run(
        "import os, shutil\n"
        "os.makedirs('out/deep'); os.mkdir('gone'); os.rmdir('gone')\n"
        "shutil.rmtree('old'); os.makedirs('old/sub', exist_ok=True)\n"
        "os.mkdir('tmp'); os.rename('tmp', 'moved'); os.makedirs('there', exist_ok=True)\n"
        "try: os.mkdir('nowhere/in')\n"
        "except OSError: pass\n"
    )
    assert seen.files.new_folders == ("gone", "moved", "old/sub", "out", "out/deep", "tmp")


def test_what_is_ours_is_no_use_of_the_run_be_it_a_folder_or_a_file(run: Run, tmp_path: Path) -> None:
    ours = tmp_path / "project" / "ours"
    ours.mkdir()
    for path in (ours / "a.py", tmp_path / "project" / "runner.py", tmp_path / "project" / "theirs.py"):
        path.write_text("x")
    seen = run(
        "for name in ('ours/a.py', 'runner.py', 'theirs.py'): open(name).read()",
        also_hidden=(ours, tmp_path / "project" / "runner.py"),
    )
    assert list(seen.roles()) == ["theirs.py"]
