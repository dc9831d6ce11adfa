"""The journal, whatever happens to the process, the disk and the descriptors."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reprocheck.agent.encode import encode, spell
from reprocheck.agent.journal import Journal

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("os._exit(3)", 3),
        ("os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("sys.exit(4)", 4),
        ("raise MemoryError", 1),
        ("x = bytearray(1 << 62)", 1),
        ("os.execv('/bin/true', ['true'])", 0),
        ("os.abort()", -6),
    ],
)
def test_what_was_seen_is_there_however_the_process_ends(bench: Bench, end: str, code: int) -> None:
    bench.write(f"import os, random, signal, sys\nrandom.seed(5)\nopen('out.txt', 'w').write('x')\n{end}\n")
    outcome = bench.watched()
    assert outcome.code == code
    assert [event["value"] for event in outcome.events("seed")] == ["5"]
    (written,) = [event for event in outcome.events("file") if event["path"].endswith("out.txt")]
    assert (written["use"], written["place"]) == ("write", ["program.py", 3, ""])
    assert outcome.reasons() == []


def test_program_without_memory_is_neither_harmed_nor_unseen(bench: Bench) -> None:
    bench.write(
        "import random, resource\n"
        "random.seed(1)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (120 << 20, 120 << 20))\n"
        "held = []\n"
        "try:\n    while True: held.append(bytearray(1 << 20))\n"
        "except MemoryError:\n    pass\n"
        "random.seed(2)\n"
        "held.clear()\n"
        "random.seed(3)\n"
        "print(random.random())\n"
    )
    outcome = bench.watched()
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, bench.plain().stdout, "")
    assert {event["value"] for event in outcome.events("seed")} >= {"1", "3"}


def test_full_disk_loses_events_and_says_how_many(bench: Bench) -> None:
    bench.write(
        "import random, resource, signal, os\n"
        "def limit(size):\n    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))\n"
        "random.seed(1)\n"
        "limit(1)\n"
        "for number in range(2, 12): random.seed(number)\n"
        "limit(resource.RLIM_INFINITY)\n"
        "random.seed(99)\n"
        "print(random.random())\n"
    )
    outcome = bench.watched()
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, bench.plain().stdout, "")
    values = [event["value"] for event in outcome.events("seed")]
    assert values == ["1", "99"]
    assert [event["events"] for event in outcome.events("lost")] == [10]


def test_closed_descriptor_is_opened_again_and_another_file_under_its_number_is_not_touched(bench: Bench) -> None:
    bench.write(
        "import os, random\n"
        "random.seed(1)\n"
        "os.closerange(3, 4096)\n"
        "low = os.open('mine.txt', os.O_RDWR | os.O_CREAT)\n"
        "for number in range(500, 520): os.dup2(low, number)\n"
        "random.seed(2)\n"
        "print(os.fstat(low).st_size)\n"
    )
    outcome = bench.watched()
    assert (outcome.stdout, outcome.stderr) == ("0\n", "")
    assert [event["value"] for event in outcome.events("seed")] == ["1", "2"]


def test_torn_line_does_not_spoil_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(str(tmp_path))
    journal.emit("first", {})
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    journal.emit("torn", {})
    monkeypatch.undo()
    journal.emit("third", {"n": 1})
    lines = (tmp_path / journal.name).read_bytes().split(b"\n")
    assert [json.loads(line)["event"] for line in lines if line.endswith(b"}")] == ["first", "third"]


def test_gap_is_told_once(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path))
    for _ in range(3):
        journal.failed("a part", ValueError("x"))
    lines = (tmp_path / journal.name).read_text().splitlines()
    assert [json.loads(line)["reason"] for line in lines] == ["a part failed: ValueError x"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**70),
        1.5,
        'a"b\\c\n\u1234',
        "\udcff",
        [],
        [1, [2, "x"]],
        {"a": {"b": [None, False]}, "ü": 1e300},
    ],
)
def test_encoded_values_are_read_back(value: object) -> None:
    assert json.loads(encode(value)) == value


def test_values_that_json_has_no_word_for() -> None:
    assert json.loads(encode([float("nan"), float("-inf"), b"\x00\xff", {1: 2}])) == ["nan", "-inf", "00ff", {"1": 2}]
    assert json.loads(encode(object())) == "<object>"


def test_spelling_asks_no_method_of_a_foreign_type() -> None:
    class Hostile(int):
        def __repr__(self) -> str:
            raise AssertionError

    assert spell(Hostile(3)) == "<Hostile>"
    assert spell("x" * 500) == repr("x" * 500)[:197] + "..."
    assert spell([1, "a", None]) == "[1, 'a', None]"


def test_many_processes_have_a_file_each(bench: Bench) -> None:
    bench.write(
        "import os, random, subprocess, sys\n"
        "import multiprocessing as mp\n"
        "def work(number):\n    random.seed(number)\n"
        "if __name__ == '__main__':\n"
        "    for method in ('fork', 'spawn', 'forkserver'):\n"
        "        process = mp.get_context(method).Process(target=work, args=(100 + len(method),))\n"
        "        process.start(); process.join()\n"
        "    subprocess.run([sys.executable, '-c', 'import random; random.seed(1)'])\n"
        "    subprocess.run('%s -c \"import random; random.seed(2)\"' % sys.executable, shell=True)\n"
        "    if os.fork() == 0:\n        random.seed(3)\n        os._exit(0)\n"
        "    os.wait()\n"
        "    os.execv(sys.executable, [sys.executable, '-c', 'import random; random.seed(4)'])\n"
    )
    outcome = bench.watched()
    assert (outcome.code, outcome.stderr) == (0, "")
    assert {event["value"] for event in outcome.events("seed")} == {"104", "105", "110", "1", "2", "3", "4"}
    for path in outcome.journal.iterdir():
        _, pid, started = path.stem.split("-")
        for line in path.read_text().splitlines():
            event = json.loads(line)
            assert (event["pid"], event["started"]) == (int(pid), int(started))
    methods = [event["method"] for event in outcome.events("start")]
    assert methods.count("fork") == 3  # of the program, of its fork server and by itself
    ended = {event["pid"] for event in outcome.events("end")}
    workers = {
        event["pid"] for event in outcome.events("seed") if event["value"].startswith("1") and len(event["value"]) > 1
    }
    assert workers <= ended  # workers leave by os._exit and still say their last words


def test_shell_script_and_module_are_reached(bench: Bench) -> None:
    bench.write("import random\nrandom.seed(7)\n")
    bench.write(f"set -e\n{sys.executable} program.py\n{sys.executable} -m program\n", "run.sh")
    outcome = bench.watched(["sh", "run.sh"])
    assert [event["value"] for event in outcome.events("seed")] == ["7", "7"]
    assert [event["command"][1:] for event in outcome.events("start")] == [["program.py"], ["-m", "program"]]
