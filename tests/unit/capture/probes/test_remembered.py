"""An environment that hasn't changed is not read again; one that has is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.capture.probes.test_packages import install

from reprocheck.capture.ports import NoCache
from reprocheck.capture.probes.integrity import check_packages
from reprocheck.capture.probes.remembered import Installed
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Package


class Cache:
    """Keeps what it is given, as long as the status stays."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int, int, str], str] = {}

    def get(self, status: os.stat_result, algorithm: str = "blake3") -> str | None:
        return self.known.get((status.st_ino, status.st_mtime_ns, status.st_ctime_ns, algorithm))

    def put(self, status: os.stat_result, digest: str, algorithm: str = "blake3") -> None:
        self.known[status.st_ino, status.st_mtime_ns, status.st_ctime_ns, algorithm] = digest


def look(site: Path, opened: set[str], cache: Cache | NoCache, young: int = 0) -> tuple[Package, ...]:
    installed = Installed([str(site)], cache, young=young)
    packages, gaps = check_packages(installed, opened, (), NoCache())
    installed.keep(Secrets({"API_TOKEN": "hunter2hunter2"}))
    assert gaps == ()
    return packages


@pytest.fixture
def opened(tmp_path: Path) -> set[str]:
    install(tmp_path, "a", files={"a/__init__.py": "x = 1\n", "a/part.py": "y = 1\n", "a/unused.py": "z = 1\n"})
    install(tmp_path, "b", files={"b.py": "x = 1\n"})
    (tmp_path / "other").mkdir()
    (tmp_path / "other/own.py").write_text("")
    return {str(tmp_path / name) for name in ("a/__init__.py", "a/part.py", "other/own.py", "other/gone.py")}


def test_what_is_remembered_is_what_was_found(tmp_path: Path, opened: set[str]) -> None:
    (tmp_path / "a/part.py").write_text("edited\n")
    cache = Cache()
    first = look(tmp_path, opened, cache)
    installed = Installed([str(tmp_path)], cache, young=0)
    assert installed.known(opened)[1] == []
    assert look(tmp_path, opened, cache) == first == look(tmp_path, opened, NoCache())
    assert [(p.used, p.checked, p.modified) for p in first] == [(True, 2, ("a/part.py",)), (False, 0, ())]


def test_files_that_were_not_opened_before_are_looked_at(tmp_path: Path, opened: set[str]) -> None:
    cache = Cache()
    look(tmp_path, opened, cache)
    more = {*opened, str(tmp_path / "b.py"), str(tmp_path / "a/unused.py")}
    assert [(p.used, p.checked) for p in look(tmp_path, more, cache)] == [(True, 3), (True, 1)]


@pytest.mark.parametrize("name", ["a/part.py", "other/own.py"])
def test_a_file_that_changed_since_is_looked_at_again(tmp_path: Path, opened: set[str], name: str) -> None:
    cache = Cache()
    look(tmp_path, opened, cache)
    (tmp_path / name).write_text("edited\n")
    assert Installed([str(tmp_path)], cache, young=0).known(opened)[1] == [str(tmp_path / name)]
    assert look(tmp_path, opened, cache) == look(tmp_path, opened, NoCache())


def test_a_file_that_has_come_since_is_looked_at(tmp_path: Path, opened: set[str]) -> None:
    cache = Cache()
    look(tmp_path, opened, cache)
    (tmp_path / "other/gone.py").write_text("")
    assert Installed([str(tmp_path)], cache, young=0).known(opened)[1] == [str(tmp_path / "other/gone.py")]


def test_other_metadata_are_read_again(tmp_path: Path, opened: set[str]) -> None:
    cache = Cache()
    look(tmp_path, opened, cache)
    metadata = next(tmp_path.glob("b-*.dist-info")) / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "9.9"))
    assert [package.version for package in look(tmp_path, opened, cache)] == ["1.0", "9.9"]
    install(tmp_path, "c", files={"c.py": ""})
    assert [package.name for package in look(tmp_path, opened, cache)] == ["a", "b", "c"]


def test_what_is_too_young_is_not_remembered(tmp_path: Path, opened: set[str]) -> None:
    cache = Cache()
    look(tmp_path, opened, cache, young=3600 * 10**9)
    assert cache.known == {}


def test_credentials_are_not_remembered(tmp_path: Path, opened: set[str]) -> None:
    install(tmp_path, "c", direct_url='{"url": "https://example.org/hunter2hunter2/c.whl"}')
    cache = Cache()
    look(tmp_path, opened, cache)
    assert cache.known == {}
