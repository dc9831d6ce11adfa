"""Which part of the machine a path belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.capture.regions import Regions, interpreter_prefixes


@pytest.mark.parametrize(
    ("path", "region"),
    [
        ("/home/a/project/data.csv", "data"),
        ("/home/a/project/.venv/lib/python3.12/site-packages/x.py", "environment"),
        ("/home/a/.local/lib/python3.12/site-packages/x.py", "environment"),
        ("/usr/lib/libc.so.6", "environment"),
        ("/etc/passwd", "environment"),
        ("/proc/self/maps", "device"),
        ("/dev/shm/sem", "device"),
        ("/opt/conda/lib/python3.12/json.py", "environment"),
        ("/opt/conda/datasets/x", "data"),
        ("/data/x", "data"),
        ("/usrlocal", "data"),
    ],
)
def test_paths_by_their_names(path: str, region: str) -> None:
    assert Regions("/home/a/project", ["/opt/conda"]).of(path) == region


def test_a_project_inside_the_system_is_data() -> None:
    regions = Regions("/usr/src/app")
    assert regions.of("/usr/src/app/data") == "data"
    assert regions.of("/usr/src/other") == "environment"
    assert regions.of("/usr/src/app/venv/lib/python3.12/site-packages/x") == "environment"


def test_interpreters_are_added_once() -> None:
    regions = Regions("/p")
    assert regions.of("/opt/py/lib/os.py") == "data"
    assert regions.add("/opt/py")
    assert not regions.add("/opt/py/")
    assert not regions.add("")
    assert regions.of("/opt/py/lib/os.py") == "environment"


def test_a_virtual_environment_has_two_prefixes(tmp_path: Path) -> None:
    for name in ("venv", "base"):
        (tmp_path / name / "bin").mkdir(parents=True)
    base = tmp_path / "base" / "bin" / "python3.12"
    base.write_text("")
    python = tmp_path / "venv" / "bin" / "python"
    python.symlink_to(base)
    assert interpreter_prefixes(str(python)) == [str(tmp_path / "venv"), str(tmp_path / "base")]
    assert interpreter_prefixes("/usr/bin/python3") == []
    assert interpreter_prefixes("/opt/x/bin/ruby") == []


def test_bytecode_that_is_kept_apart_stands_for_its_source() -> None:
    regions = Regions("/p", ["/opt/py"], "/tmp/bytecode")
    assert regions.behind("/tmp/bytecode/opt/py/lib/os.cpython-312.pyc") == "/opt/py/lib/os.py"
    assert regions.behind("/tmp/bytecode/p/part.cpython-312.opt-1.pyc") == "/p/part.py"
    assert regions.behind("/tmp/bytecode/p/data.csv") == "/tmp/bytecode/p/data.csv"
    assert Regions("/p").behind("/tmp/x.pyc") == "/tmp/x.pyc"
