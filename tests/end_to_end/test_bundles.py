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

import msgspec
import pytest
from blake3 import blake3

from reprocheck.model.record import FileRole, FileUse, Listing, Record, SymbolicLink, decode, encode
from reprocheck.store.bundle import Bundle

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


LINKED = (
    "import json, os, sys\n"
    "def read(path):\n"
    "    try:\n        return open(path).read()\n"
    "    except OSError as error:\n        return error.errno\n"
    "names = ['alias/in.txt', 'file.txt', 'away/x.txt', 'up/disk/x.txt', 'gone', 'circle', 'circle/x', sys.argv[1]]\n"
    "found = [read(name) for name in names]\n"
    "found += sorted((name, os.path.islink(f'links/{name}')) for name in os.listdir('links'))\n"
    "os.chdir('links/deep')\n"
    "found.append(read('in.txt'))\n"
    "os.chdir('..')\n"
    "for folder in ('out', 'far'):\n"
    "    open(f'{folder}/found.json', 'w').write(json.dumps(found))\n"
)


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run that came through symbolic links of every kind, gone afterwards with all they led to."""
    home = tmp_path_factory.mktemp("linked") / "somebody"
    root = home / "project"
    for folder in (root / "real", root / "links", root / "results", home / "disk", home / "far"):
        folder.mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nname = "p"\n', "utf-8")
    (root / "train.py").write_text(LINKED, "utf-8")
    (root / "real/in.txt").write_text("in\n", "utf-8")
    (home / "disk/x.txt").write_text("x\n", "utf-8")
    links = {
        "alias": "real",
        "file.txt": str(root / "real/in.txt"),
        "away": "../disk",
        "up": "..",
        "gone": "nowhere",
        "circle": "circle",
        "links/deep": "../real",
        "links/listed": "nowhere",
        "out": "results",
        "far": str(home / "far"),
        "../shelf": "disk",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    done = call(root, "run", "--", sys.executable, "train.py", str(home / "shelf/x.txt"))
    assert done.returncode == DONE, done.stderr
    written = json.loads((root / "results/found.json").read_text("utf-8"))
    assert written[:8] == ["in\n", "in\n", "x\n", "x\n", 2, 40, 40, "x\n"]
    assert written[8:] == [["deep", True], ["listed", True], "in\n"]
    file = home.parent / "run.tar.gz"
    done = call(root, "export", "@", str(file))
    assert done.returncode == DONE, done.stdout + done.stderr
    home.rename(home.parent / "gone")
    return file


def test_links_are_there_again_where_nothing_that_they_led_to_is(linked: Path, tmp_path: Path) -> None:
    assert call(tmp_path, "import", str(linked), HOME=str(tmp_path)).returncode == DONE
    done = call(tmp_path, "replay", "@", "-o", "json", HOME=str(tmp_path))
    report = json.loads(done.stdout)
    assert report["verdict"]["outcome"] == "identical", done.stdout
    compared = {found["name"] for found in report["repetitions"][0]["comparison"]["differences"]}
    assert "results/found.json" in compared
    assert not (linked.parent / "somebody").exists()


def other(bundle: Path, target: Path, change: Callable[[Record], Record]) -> None:
    """The bundle with another record, right in every digest."""
    with tarfile.open(bundle) as archive:
        contents = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    data = encode(change(decode(contents["run/record.json"])))
    digest = blake3(data).hexdigest()
    contents |= {"run/record.json": data, "run/record.b3": f"{digest}\n".encode()}
    listed = msgspec.json.decode(contents.pop("bundle.json"), type=Bundle)
    entries = tuple(
        msgspec.structs.replace(entry, size=len(contents[entry.name]), blake3=blake3(contents[entry.name]).hexdigest())
        for entry in listed.entries
    )
    listed = msgspec.structs.replace(listed, record=digest, entries=entries)
    with tarfile.open(target, "w") as new:
        for name, content in {"bundle.json": msgspec.json.encode(listed), **contents}.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            new.addfile(header, io.BytesIO(content))


def test_a_project_replays_below_a_top_folder_that_this_machine_lacks(bundle: Path, tmp_path: Path) -> None:
    def moved(record: Record) -> Record:
        return msgspec.structs.replace(
            record, command=msgspec.structs.replace(record.command, root="/reprocheck-no-such-folder/project")
        )

    other(bundle, tmp_path / "run.tar", moved)
    assert call(tmp_path, "import", "run.tar").returncode == DONE
    done = call(tmp_path, "replay", "@", "-o", "json")
    report = json.loads(done.stdout)
    assert report["verdict"]["outcome"] == "identical", done.stdout
    assert all("replay.path" not in gap["channel"] for gap in report["repetitions"][0]["gaps"])
    assert not Path("/reprocheck-no-such-folder").exists()


def harmful(record: Record, paths: tuple[str, ...], links: tuple[tuple[str, str], ...]) -> Record:
    """Lets a record ask for one of its own contents at other places, and for links."""
    [some] = [use for use in record.files.uses if use.path == "data/in.txt"]
    uses = [msgspec.structs.replace(some, path=path) for path in paths]
    uses += [FileUse(path=f"{path}.out", role=FileRole.OUTPUT, after=some.before, size=1) for path in paths]
    files = msgspec.structs.replace(
        record.files,
        uses=(*record.files.uses, *uses),
        listings=(*record.files.listings, *(Listing(path=target, entries=1) for _, target in links)),
        links=tuple(SymbolicLink(path=path, target=target) for path, target in links),
    )
    return msgspec.structs.replace(record, files=files)


@pytest.mark.parametrize(
    ("paths", "links"),
    [
        (("in/deep/evil.txt",), (("in", "VICTIM"),)),
        (("in",), (("in", "VICTIM/evil.txt"),)),
        (("one/two/evil.txt",), (("one", "."), ("two", "VICTIM"))),
        (("../../victim/evil.txt",), ()),
        (("NOWHERE/in/evil.txt",), (("NOWHERE", "VICTIM"), ("NOWHERE/in", "VICTIM"))),
        (("NOWHERE/x/../../../victim/evil.txt",), ()),
        (("VICTIM/here/evil.txt",), (("VICTIM/here", "/etc"), ("VICTIM/link", "VICTIM/keep"))),
        (("VICTIM/evil.txt", "VICTIM/way/evil.txt"), ()),
        ((), (("NOWHERE/a", "VICTIM"), ("NOWHERE/a/new", "VICTIM/new"), ("z", "VICTIM/new"))),
        (("/reprocheck-no-such-folder/evil.txt",), (("/reprocheck-no-such-link", "/reprocheck-no-such-folder"),)),
    ],
)
def test_no_bundle_writes_outside_of_the_working_copy(
    bundle: Path, tmp_path: Path, paths: tuple[str, ...], links: tuple[tuple[str, str], ...]
) -> None:
    victim, here = tmp_path / "victim", tmp_path / "here"
    for folder in (victim, here, tmp_path / "beyond", tmp_path / "far"):
        folder.mkdir()
    (victim / "keep").write_text("kept")
    (victim / "way").symlink_to(tmp_path / "beyond")
    (tmp_path / "beyond" / "evil.txt.out").write_text("kept")

    def meant(text: str) -> str:
        return text.replace("VICTIM", str(victim)).replace("NOWHERE", str(tmp_path / "far" / "nowhere"))

    bad = tmp_path / "bad.tar"
    places = tuple((meant(path), meant(target)) for path, target in links)
    other(bundle, bad, lambda record: harmful(record, tuple(map(meant, paths)), places))
    assert call(here, "import", str(bad)).returncode == DONE
    done = call(here, "replay", "@")
    assert "Traceback" not in done.stdout + done.stderr
    assert sorted(item.name for item in victim.iterdir()) == ["keep", "way"]
    assert (victim / "keep").read_text() == "kept"
    assert [item.name for item in (tmp_path / "beyond").iterdir()] == ["evil.txt.out"]
    assert sorted(item.name for item in tmp_path.iterdir()) == ["bad.tar", "beyond", "far", "here", "victim"]
    assert [*(tmp_path / "far").iterdir()] == []
    assert not [*Path("/").glob("reprocheck-no-such-*")]
