"""A lock is made of exactly what is installed; what the index doesn't have is named."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from blake3 import blake3

from reprocheck.capture.probes.conda import conda_lock, conda_prefix
from reprocheck.capture.probes.lock import make_lock, requirement
from reprocheck.capture.secrets import Secrets
from reprocheck.model.record import Gap, Interpreter, Lock, Package

_UV = """#!/bin/sh
[ "$1" = --version ] && echo "uv 9.9 (fake)" && exit 0
for last; do :; done
if grep -q absent "$3"; then
    echo "  x No solution found: Because absent was not found in the registry, hint: see b" >&2; exit 1
fi
cp "$3" "{seen}"
cat > "$last" <<END
[[packages]]
name = "a"
wheels = [{{ url = "https://u:hunter22@h/a", hashes = {{ sha256 = "0" }} }}]
[[packages]]
name = "b"
END
"""
_INTERPRETER = Interpreter(
    executable="/python", version="3", implementation="CPython", build="", prefix="/", base_prefix="/"
)


class Sink:
    """Objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        digest = blake3(data).hexdigest()
        self.objects[digest] = data
        return digest

    def put_file(self, path: Path) -> str:
        return self.put(path.read_bytes())

    def put_files(self, paths: Sequence[Path]) -> list[str | OSError]:
        return [self.put_file(path) for path in paths]

    def discard(self, digest: str) -> None:
        self.objects.pop(digest, None)

    def __contains__(self, digest: str) -> bool:
        return digest in self.objects


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A uv that refuses one package, and notes what it was asked for."""
    (tmp_path / "uv").write_text(_UV.format(seen=tmp_path / "seen"), "utf-8")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path / "seen"


def package(name: str, direct_url: str = "", *, editable: bool = False) -> Package:
    return Package(name=name, version="1.0", location="/x", direct_url=direct_url, editable=editable)


def lock(sink: Sink, *packages: Package) -> tuple[Lock | None, tuple[Gap, ...]]:
    return make_lock(_INTERPRETER, packages, sink, Secrets({}), {"PATH": "/usr/bin:/bin"})


def test_versions_and_addresses_are_asked_for(uv: Path, sink: Sink) -> None:
    made, (gap,) = lock(sink, package("a"), package("b", "https://h/b.whl"), package("c", editable=True))
    assert uv.read_text("utf-8") == "a==1.0\nb @ https://h/b.whl\n"
    assert made is not None
    assert (made.format, made.tool, made.packages, made.hashed) == ("pylock.toml", "uv 9.9", 2, 1)
    assert gap.reason == "1 of 2 packages have no hash in the lock"


def test_credentials_of_an_index_are_not_kept(uv: Path, sink: Sink) -> None:
    made, _ = lock(sink, package("a"))
    assert uv.exists()
    assert made is not None
    assert b"https://<redacted>@h/a" in sink.objects[made.digest]


def test_a_package_that_the_index_does_not_have_spoils_no_other(uv: Path, sink: Sink) -> None:
    made, (gap,) = lock(sink, package("a"), package("absent"), package("b"))
    assert uv.read_text("utf-8") == "a==1.0\nb==1.0\n"
    assert made is not None
    assert "doesn't have absent as installed" in gap.reason


def test_a_refusal_for_another_reason_is_a_gap(uv: Path, sink: Sink) -> None:
    made, (gap,) = lock(sink, package("x-absent-y"))
    assert not uv.exists()
    assert made is None
    assert "No solution found" in gap.reason


def test_no_uv_is_a_gap(tmp_path: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    made, (gap,) = make_lock(_INTERPRETER, [package("a")], sink, Secrets({}), {"PATH": str(tmp_path)})
    assert made is None
    assert gap.reason == "uv is not installed"


def test_requirements_are_exact() -> None:
    assert requirement(package("a")) == "a==1.0"
    assert requirement(package("a", "git+https://h/a@abc")) == "a @ git+https://h/a@abc"


def test_an_environment_of_conda_is_listed_without_conda(tmp_path: Path, sink: Sink) -> None:
    folder = tmp_path / "conda-meta"
    folder.mkdir()
    (folder / "history").write_text("", "utf-8")
    (folder / "b-1.json").write_text('{"name": "b", "url": "https://h/t/tk-0123-abcd/b-1.conda", "md5": "22"}', "utf-8")
    (folder / "a-1.json").write_text('{"name": "a", "url": "https://u:hunter22@h/a-1.conda", "md5": "11"}', "utf-8")
    (folder / "local-1.json").write_text('{"name": "local"}', "utf-8")
    (folder / "broken-1.json").write_text("{", "utf-8")
    prefix = conda_prefix(msgspec.structs.replace(_INTERPRETER, prefix=str(tmp_path)))
    assert prefix == str(tmp_path)
    made, (gap,) = conda_lock(prefix, sink, Secrets({}))
    assert made is not None
    assert (made.format, made.packages, made.hashed) == ("conda-explicit", 2, 2)
    text = sink.objects[made.digest].decode()
    assert text == "@EXPLICIT\nhttps://<redacted>@h/a-1.conda#11\nhttps://h/t/<redacted>/b-1.conda#22\n"
    assert "broken-1, local-1" in gap.reason


def test_other_environments_are_not_condas(tmp_path: Path) -> None:
    assert conda_prefix(None) == ""
    assert conda_prefix(msgspec.structs.replace(_INTERPRETER, prefix=str(tmp_path))) == ""
