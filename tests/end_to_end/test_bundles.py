"""A run in one file: written the same twice, taken in whole or not at all, and replayed somewhere else."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

DONE, REFUSED = 0, 2
PROGRAM = (
    "import json, random\nimport helper\nrandom.seed(1)\n"
    "data = open('data/in.txt').read()\njson.dump([data, random.random(), helper.VALUE], open('out.json', 'w'))\n"
)


def call(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REPROCHECK", "PYTEST"))}
    return subprocess.run(
        [sys.executable, "-m", "reprocheck", *arguments],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def project(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "p"\n', "utf-8")
    (folder / "train.py").write_text(PROGRAM, "utf-8")
    (folder / "helper.py").write_text("VALUE = 7\n", "utf-8")
    (folder / "data/in.txt").write_text("1 2 3\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run whose project is gone afterwards."""
    home = tmp_path_factory.mktemp("one")
    root = project(home / "somebody" / "project")
    done = call(root, "run", "--", sys.executable, "train.py")
    assert done.returncode == DONE, done.stderr
    file = home / "run.tar.gz"
    done = call(root, "export", "@", str(file))
    assert done.returncode == DONE, done.stdout + done.stderr
    root.rename(home / "gone")
    return file


def test_a_bundle_replays_where_nothing_of_the_project_is(bundle: Path, tmp_path: Path) -> None:
    here = tmp_path / "other"
    here.mkdir()
    done = call(here, "import", str(bundle), HOME=str(tmp_path))
    assert done.returncode == DONE, done.stderr
    done = call(here, "replay", "@", "-o", "json", HOME=str(tmp_path))
    assert json.loads(done.stdout)["verdict"]["outcome"] == "identical", done.stdout
    assert done.returncode == DONE


def test_importing_twice_changes_nothing(bundle: Path, tmp_path: Path) -> None:
    assert "replay" in call(tmp_path, "import", str(bundle)).stdout
    assert "already" in call(tmp_path, "import", str(bundle)).stdout
    assert call(tmp_path, "verify", "--all").returncode == DONE


def test_the_same_run_makes_the_same_bytes(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    assert call(root, "run", "--", sys.executable, "train.py").returncode == DONE
    for name in ("a.tar.gz", "b.tar.gz"):
        assert call(root, "export", "@", str(tmp_path / name)).returncode == DONE
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_credentials_stay_at_home(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    (root / ".env").write_text("TOKEN=abcdefghij0123456789\n", "utf-8")
    (root / "train.py").write_text(PROGRAM + "open('.env').read()\n", "utf-8")
    assert call(root, "run", "--", sys.executable, "train.py").returncode == DONE
    done = call(root, "export", "@", str(tmp_path / "run.tar"))
    assert ".env" in done.stdout
    assert b"abcdefghij0123456789" not in (tmp_path / "run.tar").read_bytes()


def rewritten(bundle: Path, target: Path, change: Callable[[str, bytes], list[tuple[str, bytes]]]) -> None:
    with tarfile.open(bundle) as old, tarfile.open(target, "w") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            for name, data in change(member.name, file.read()):
                header = tarfile.TarInfo(name)
                header.size = len(data)
                new.addfile(header, io.BytesIO(data))


def flipped(name: str, data: bytes) -> list[tuple[str, bytes]]:
    return [(name, data[:-1] + bytes([data[-1] ^ 1]) if name.startswith("objects/") else data)]


def other_record(name: str, data: bytes) -> list[tuple[str, bytes]]:
    return [(name, data.replace(b"train.py", b"other.py") if name == "run/record.json" else data)]


def without_record(name: str, data: bytes) -> list[tuple[str, bytes]]:
    return [] if name == "run/record.json" else [(name, data)]


def escaping(name: str, data: bytes) -> list[tuple[str, bytes]]:
    if name == "bundle.json":
        data = data.replace(b'"run/start.json"', b'"run/../../../x"')
    return [("run/../../../x" if name == "run/start.json" else name, data)]


def unlisted(name: str, data: bytes) -> list[tuple[str, bytes]]:
    return [(name, data), ("run/more", b"x")] if name == "run/record.json" else [(name, data)]


def newer(name: str, data: bytes) -> list[tuple[str, bytes]]:
    return [(name, data.replace(b'"format":1', b'"format":99') if name == "bundle.json" else data)]


def cut(name: str, data: bytes) -> list[tuple[str, bytes]]:
    return [(name, data[: len(data) // 2] if name == "bundle.json" else data)]


@pytest.mark.parametrize("change", [flipped, other_record, without_record, escaping, unlisted, newer, cut])
def test_nothing_of_a_damaged_bundle_is_kept(
    bundle: Path, tmp_path: Path, change: Callable[[str, bytes], list[tuple[str, bytes]]]
) -> None:
    bad = tmp_path / "bad.tar"
    rewritten(bundle, bad, change)
    here = tmp_path / "here"
    here.mkdir()
    done = call(here, "import", str(bad))
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not any((here / ".reprocheck/store/runs").iterdir())
    assert not list(tmp_path.rglob("x"))


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08\x00garbage"])
def test_what_is_no_bundle_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.tar.gz").write_bytes(data)
    done = call(tmp_path, "import", "bad.tar.gz")
    assert done.returncode == REFUSED
    assert "no bundle" in done.stderr
