"""Files, directories, programs and addresses, each with the user's line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.agent.conftest import Bench

from reprocheck.agent.audit import switched_off
from reprocheck.agent.compiled import module
from reprocheck.agent.told import CompiledTold, Told

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Outcome


@pytest.fixture(params=["compiled", "interpreted"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    compiled = request.param == "compiled"
    if compiled and module is None:
        pytest.skip("the compiled part of the agent was not built")
    return Bench(tmp_path, compiled=compiled)


def uses(outcome: Outcome, bench: Bench) -> set[tuple[str, str, int]]:
    """What was done with which file of the project, and at which line."""
    prefix = f"{bench.root}/"
    return {
        (event["use"], event["path"].removeprefix(prefix), event["place"][1])
        for event in outcome.events("file")
        if event["path"].startswith(prefix) and event["place"]
    }


def test_files_are_told_with_use_and_line(bench: Bench) -> None:
    bench.write(
        "import os, shutil, sqlite3, pathlib\n"
        "pathlib.Path('a').write_text('x')\n"
        "open('a').read()\n"
        "os.rename('a', 'b')\n"
        "shutil.copyfile('b', 'c')\n"
        "os.remove('b')\n"
        "open('c', 'r+').close()\n"
        "open('c', 'ab').close()\n"
        "sqlite3.connect('d.db').close()\n"
        "os.truncate('c', 0)\n"
        "os.link('c', 'e')\n"
        "os.close(os.open('c', os.O_RDONLY))\n"
    )
    outcome = bench.watched()
    assert (outcome.code, outcome.stderr) == (0, "")
    assert uses(outcome, bench) >= {
        ("write", "a", 2),
        ("read", "a", 3),
        ("rename", "b", 4),
        ("read", "b", 5),
        ("write", "c", 5),
        ("remove", "b", 6),
        ("write", "c", 7),
        ("write", "c", 8),
        ("write", "d.db", 9),
        ("write", "c", 10),
        ("link", "e", 11),
        ("read", "c", 12),
    }
    (renamed,) = outcome.events("file")[2:3]
    assert renamed["other"] == str(bench.root / "a")


def test_line_is_the_users_and_not_the_librarys(bench: Bench) -> None:
    bench.write("import json\ndef load():\n    return json.load(open('x.json'))\n", "helper.py")
    bench.write("{}", "x.json")
    bench.write("import helper, tokenize\nhelper.load()\ntokenize.open('x.json')\n")
    places = [
        (event["place"], event["through"]) for event in bench.watched().events("file") if "x.json" in event["path"]
    ]
    assert places == [(["helper.py", 3, "load"], ""), (["program.py", 3, ""], "tokenize.open")]


def test_imports_and_bytecode_are_no_file_uses(bench: Bench) -> None:
    bench.write("import json, sqlite3, email.mime.text, xml.dom.minidom, helper\n")
    bench.write("", "helper.py")
    assert [event["path"] for event in bench.watched(PYTHONDONTWRITEBYTECODE="").events("file")] == []


def test_the_same_line_opening_the_same_file_is_told_once(bench: Bench) -> None:
    bench.write("for _ in range(50):\n    open('x', 'a').close()\nopen('x', 'a').close()\n")
    assert [event["place"][1] for event in bench.watched().events("file")] == [2, 3]


def test_order_of_a_directory_is_data(bench: Bench) -> None:
    bench.write(
        "import os, glob, pathlib\n"
        "os.listdir('d')\nlist(os.scandir('d'))\nglob.glob('d/*')\nlist(pathlib.Path('d').iterdir())\n"
    )
    (bench.root / "d").mkdir()
    for name in ("b", "a", "c"):
        (bench.root / "d" / name).touch()
    with os.scandir(bench.root / "d") as entries:
        is_sorted = [entry.name for entry in entries] == ["a", "b", "c"]
    first = [event for event in bench.watched().events("listing") if event["path"].endswith("/d")]
    assert {event["place"][1] for event in first} == {2, 3, 4, 5}
    assert {(event["entries"], event["sorted"]) for event in first} == {(3, is_sorted)}
    (bench.root / "d" / "b").rename(bench.root / "d" / "z")
    second = [event for event in bench.watched().events("listing") if event["path"].endswith("/d")]
    assert len({event["order"] for event in first}) == len({event["order"] for event in second}) == 1
    assert first[0]["order"] != second[0]["order"]


def test_a_search_for_installed_packages_is_no_listing(bench: Bench) -> None:
    bench.write(
        "import importlib.metadata, pkgutil\nlist(importlib.metadata.distributions(path=['d']))\n"
        "list(pkgutil.iter_modules(['d']))\n"
    )
    (bench.root / "d").mkdir()
    assert not [event for event in bench.watched().events("listing") if event["path"].endswith("/d")]


def test_programs_and_addresses_are_told(bench: Bench) -> None:
    bench.write(
        "import os, socket, subprocess\n"
        "subprocess.run(['true', 'secret-argument'])\n"
        "os.system('true')\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "print(server.getsockname()[1])\n"
    )
    outcome = bench.watched()
    programs = [(event["program"], event["place"]) for event in outcome.events("program")]
    assert programs[0] == ("true", ["program.py", 2, ""])
    (connection,) = outcome.events("connect")
    assert (connection["address"], connection["port"]) == ("127.0.0.1", int(outcome.stdout))
    assert "secret-argument" not in (outcome.journal / next(iter(outcome.journal.iterdir())).name).read_text()


def test_odd_file_names_survive(bench: Bench) -> None:
    bench.write(
        "import os\nopen(b'odd-\\xff', 'w').close()\nopen('quote\"\\n', 'w').close()\nprint(len(os.listdir('.')))"
    )
    outcome = bench.watched()
    paths = {os.fsencode(event["path"]).rpartition(b"/")[2] for event in outcome.events("file")}
    assert paths == {b"odd-\xff", b'quote"\n'}


def test_what_fails_for_the_user_fails_as_it_does_alone(bench: Bench) -> None:
    bench.write(
        "import os, sys\n"
        "def say(function, *arguments):\n"
        "    try:\n        function(*arguments)\n"
        "    except BaseException as error:\n        print(type(error).__name__, error)\n"
        "say(open, 'missing')\nsay(open, 'nul\\0')\nsay(open, 3.5)\nsay(os.listdir, 'missing')\n"
        "say(os.rename, 'missing', 'x')\nsay(open, -1)\nsay(os.scandir, 10**30)\nsay(os.remove, None)\n"
        "def deep():\n    deep()\n    open('x')\n"
        "say(deep)\n"
    )
    assert bench.watched().stdout == bench.plain().stdout


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["python", "-I", "x.py"], "-I"),
        (["python", "-uE", "x.py"], "-E"),
        (["python", "-S"], "-S"),
        (["python", "-W", "-I", "x.py"], ""),
        (["python", "-WI", "x.py"], ""),
        (["python", "-c", "-I"], ""),
        (["python", "-m", "x", "-I"], ""),
        (["python", "x.py", "-I"], ""),
        (["python", "-X", "dev", "-I", "x.py"], "-I"),
        (["python", "--version", "-I"], "-I"),
        (["python", "-Bsm", "x", "-E"], ""),
        (["python"], ""),
        ([], ""),
    ],
)
def test_options_that_keep_the_agent_out(arguments: list[str], option: str) -> None:
    assert switched_off(arguments) == option


def test_hook_is_quiet_about_its_own_doing(bench: Bench) -> None:
    bench.write("import random\nrandom.seed(1)\n")
    events: list[dict[str, Any]] = bench.watched().events()
    assert [event["event"] for event in events] == ["start", "rng", "seed", "rng", "end"]


_WORKERS = """
import os
def work(folder):
    number = os.fork()
    if number == 0:
        os.chdir(folder)
        open("data").read()
        open(os.path.abspath("late"), "w").close()
        os._exit(0)
    os.waitpid(number, 0)
for folder in ("a", "a", "b", "a", "b"):
    work(folder)
"""


@pytest.mark.parametrize(("supervised", "times"), [(True, 1), (False, None)])
def test_workers_repeat_no_file_where_a_supervisor_sees_who_uses_it(
    bench: Bench, *, supervised: bool, times: int | None
) -> None:
    for folder in ("a", "b"):
        (bench.root / folder).mkdir()
        bench.write("x", f"{folder}/data")
    bench.write(_WORKERS)
    outcome = bench.watched(supervised=supervised)
    assert (outcome.code, outcome.stderr) == (0, "")
    told = [(event["use"], event["path"].removeprefix(f"{bench.root}/")) for event in outcome.events("file")]
    # The same relative name in another folder is another file.
    for folder, runs in (("a", 3), ("b", 2)):
        for use, name in (("read", "data"), ("write", "late")):
            assert told.count((use, f"{folder}/{name}")) == (times or runs)
    assert {tuple(event["place"]) for event in outcome.events("file")} == {
        ("program.py", 7, "work"),
        ("program.py", 8, "work"),
    }


@pytest.mark.parametrize("compiled", [True, False])
def test_a_full_memory_of_what_was_told_costs_lines_and_no_file(*, compiled: bool) -> None:
    told: Told | CompiledTold = Told()
    if compiled:
        if module is None:
            pytest.skip("the compiled part of the agent was not built")
        told = CompiledTold(module)
    told.share()
    keys = [("read", f"{number}.npy", "") for number in range(100_000)]
    for key in keys:
        told.add(key)
    assert not told.has(("read", "other", ""))
    kept = [told.has(key) for key in keys]
    assert all(kept[:10_000])
    assert 50_000 < sum(kept) < 1 << 16


def test_a_forked_process_names_the_modules_that_it_imported_itself(bench: Bench) -> None:
    bench.write(
        "import json, multiprocessing\n"
        "def work(name):\n"
        "    __import__(name)\n"
        "if __name__ == '__main__':\n"
        "    for name in ('json', 'colorsys'):\n"
        "        process = multiprocessing.get_context('fork').Process(target=work, args=(name,))\n"
        "        process.start()\n"
        "        process.join()\n"
    )
    modules = [event["modules"] for event in bench.watched().events("end")]
    assert len(modules) == 3
    assert sorted(("json" in names, "colorsys" in names) for names in modules) == [
        (False, False),
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize(("supervised", "lines"), [(True, [3]), (False, [3, 4, 6])])
def test_one_line_of_a_file_is_enough_where_a_supervisor_sees_its_use(
    bench: Bench, *, supervised: bool, lines: list[int]
) -> None:
    bench.write(
        "import os, pathlib\n"
        "pathlib.Path('sub').mkdir()\n"
        "open('a', 'w').close()\n"
        "open('./sub/../a', 'w').close()\n"
        "os.chdir('sub')\n"
        "open('../a', 'a').close()\n"
        "open('a', 'w').close()\n"
    )
    told = uses(bench.watched(supervised=supervised), bench)
    assert [line for use, path, line in sorted(told) if path == "a"] == lines
    assert ("write", "sub/a", 7) in told


def test_events_that_others_make_up_harm_nobody(bench: Bench) -> None:
    bench.write(
        "import sys\n"
        "class Text(str): pass\n"
        "made = ((), (1,), ('x',), ('x', 'r'), ('x', 'r', 'flags'), ('x', 'r', 2**80), ('x', 'r', None),\n"
        "        (b'x', 'r', 0), (None, None, None), ('', 'r', 0), ('/', 'r', 0), ('\\ud800', 'r', 0),\n"
        "        ('x' * 9999, 'r', 0), (Text('x'), 'r', 0), ([], 'r', 0), ('x\\0y', 'r', 0))\n"
        "for event in ('open', 'os.remove', 'nobody.waits.for.it', 'socket.connect'):\n"
        "    for arguments in made:\n"
        "        sys.audit(event, *arguments)\n"
        "open('made', 'w').close()\n"
    )
    outcome = bench.watched(supervised=True)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert ("write", "made", 9) in uses(outcome, bench)


def test_a_file_that_is_told_as_read_is_told_as_written_too(bench: Bench) -> None:
    bench.write(
        "import os\n"
        "open('data', 'w').close()\n"
        "for _ in range(2): open('data').close()\n"
        "open('data', 'a').close()\n"
        "os.mkdir('deep'); os.chdir('deep')\n"
        "open('data', 'w').close()\n"
        "for name in ('data', './data', '../data', b'data'): open(name).close()\n"
        "os.close(os.open('data', os.O_RDWR))\n"
    )
    outcome = bench.watched(supervised=True)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert uses(outcome, bench) == {
        ("write", "data", 2),
        ("read", "data", 3),
        ("write", "deep/data", 6),
        ("read", "deep/data", 7),
    }


def test_a_second_interpreter_in_the_process_harms_nobody(bench: Bench) -> None:
    bench.write("", "late")
    bench.write(
        "try: import _interpreters as others\n"
        "except ImportError: import _xxsubinterpreters as others\n"
        "one = others.create()\n"
        "others.run_string(one, \"open('data', 'w').close(); open('data').close()\")\n"
        "others.destroy(one)\n"
        "open('late').close()\n"
    )
    outcome = bench.watched(supervised=True)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert ("read", "late", 6) in uses(outcome, bench)
