"""The cache forgets what no longer holds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from reprocheck.model.finding import Confidence, Finding, Severity
from reprocheck.model.place import Place, Span
from reprocheck.scan.cache import Cache
from reprocheck.scan.file_result import FileResult


def result(path: str, *, message: str = "m") -> FileResult:
    finding = Finding(
        code="ART003",
        rule="unsafe-deserialisation",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message=message,
        place=Place(path, Span(1, 1, 1, 2)),
    )
    return FileResult(path=path, kind="python", digest=path.encode(), findings=(finding,), lines=3)


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", "k1")
    cache.store([result("a.py"), result("ä.py")], {"a.py", "ä.py"})
    cache.close()
    again = Cache(tmp_path / "cache", "k1")
    digest, value = again.load()["a.py"]
    assert (digest, again.decode(value)) == (b"a.py", result("a.py"))
    assert again.problem == ""
    again.close()


def test_other_knowledge_sees_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "k1")
    cache.store([result("a.py")], {"a.py"})
    cache.close()
    other = Cache(tmp_path, "k2")
    assert other.load() == {}
    other.close()


def test_files_that_are_gone_are_forgotten_in_the_end(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "k")
    paths = [f"{number}.py" for number in range(10)]
    cache.store([result(path) for path in paths], set(paths))
    cache.store([result("0.py", message="new")], {"0.py", "1.py"})
    assert set(cache.load()) == {"0.py", "1.py"}
    kept = cache.decode(cache.load()["0.py"][1])
    assert kept is not None
    assert kept.findings[0].message == "new"
    cache.close()


def test_a_locked_cache_is_done_without(tmp_path: Path) -> None:
    Cache(tmp_path, "k").close()
    (path,) = tmp_path.glob("*.sqlite")
    cache = Cache(tmp_path, "k")
    assert cache._connection is not None
    cache._connection.execute("PRAGMA busy_timeout = 10")
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        cache.store([result("a.py")], {"a.py"})
        other.execute("ROLLBACK")
    other.close()
    assert "cannot be written" in cache.problem
    cache.store([result("a.py")], {"a.py"})
    assert set(cache.load()) == {"a.py"}
    cache.close()


def test_garbage_in_an_entry_is_no_result(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "k")
    assert cache.decode(b"\xc1") is None
    assert cache.decode(b"") is None
    cache.close()


def test_a_closed_cache_answers_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "k")
    cache.close()
    cache.store([result("a.py")], {"a.py"})
    assert cache.load() == {}
