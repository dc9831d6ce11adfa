"""Packages are read from their metadata, and their files compared with RECORD."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from reprocheck.capture.ports import NoCache
from reprocheck.capture.probes.integrity import check_packages
from reprocheck.capture.probes.packages import Distribution, find_distributions
from reprocheck.capture.probes.remembered import Installed


def install(site: Path, name: str, version: str = "1.0", files: dict[str, str] | None = None, **extra: str) -> Path:
    """A distribution as an installer leaves it."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nVersion: 9\n", "utf-8"
    )
    lines = []
    for path, text in (files or {}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, "utf-8")
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f'"{path}"' * ("," in path) + path * ("," not in path) + f",sha256={digest},{len(text)}")
    (folder / "RECORD").write_text("\n".join([*lines, f"{folder.name}/RECORD,,"]), "utf-8")
    for file, text in extra.items():
        (folder / {"direct_url": "direct_url.json"}.get(file, file)).write_text(text, "utf-8")
    return folder


def found(*sites: Path) -> list[Distribution]:
    distributions, gaps = find_distributions([str(site) for site in sites])
    assert gaps == ()
    return distributions


def test_what_is_installed_here_is_what_the_standard_library_says() -> None:
    paths = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    ours = {(d.package.name, d.package.version) for d in found(*map(Path, paths))}
    theirs = {(d.metadata["Name"], d.version) for d in metadata.distributions(path=paths)}
    assert ours == theirs


def test_how_it_was_installed(tmp_path: Path) -> None:
    vcs = {"url": "https://example.org/b.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}, "subdirectory": "x"}
    install(
        tmp_path,
        "a",
        INSTALLER="pip\n",
        REQUESTED="",
        WHEEL="Wheel-Version: 1.0\nTag: py3-none-any\nTag: cp311-cp311-x\n",
    )
    install(tmp_path, "b", direct_url=json.dumps(vcs))
    install(tmp_path, "c", direct_url=json.dumps({"url": "file:///src", "dir_info": {"editable": True}}))
    install(tmp_path, "d", direct_url="damaged")
    a, b, c, d = (distribution.package for distribution in found(tmp_path))
    assert (a.installer, a.requested, a.tags, a.editable) == ("pip", True, ("py3-none-any", "cp311-cp311-x"), False)
    assert b.direct_url == "git+https://example.org/b.git@abc#subdirectory=x"
    assert (c.direct_url, c.editable) == ("file:///src", True)
    assert (d.direct_url, d.requested, d.version) == ("", False, "1.0")


def installed(*sites: Path) -> Installed:
    return Installed([str(site) for site in sites], NoCache())


def test_of_two_with_one_name_the_first_on_the_path_counts(tmp_path: Path) -> None:
    install(tmp_path / "one", "My.Package", "2.0")
    install(tmp_path / "two", "my_package", "1.0")
    assert [d.package.version for d in found(tmp_path / "one", tmp_path / "two")] == ["2.0"]


def test_metadata_without_a_name_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "x.dist-info").mkdir()
    distributions, (gap,) = find_distributions([str(tmp_path), str(tmp_path / "missing")])
    assert distributions == []
    assert "names no package" in gap.reason


def test_a_file_edited_after_installation_is_found_when_the_run_used_it(tmp_path: Path) -> None:
    install(tmp_path, "a", files={"a/__init__.py": "x = 1\n", "a/unused.py": "y = 1\n", "a/b, c.py": "z\n"})
    install(tmp_path, "b", files={"b.py": "x = 1\n"})
    for name in ("a/__init__.py", "a/unused.py"):
        (tmp_path / name).write_text("edited\n", "utf-8")
    # Python opens compiled code only, as long as it is fresh.
    opened = {str(tmp_path / "a/__pycache__/__init__.cpython-311.pyc"), str(tmp_path / "a/b, c.py")}
    (a, b), gaps = check_packages(installed(tmp_path), opened, (), NoCache())
    assert gaps == ()
    assert (a.used, a.checked, a.modified) == (True, 2, ("a/__init__.py",))
    assert (b.used, b.checked, b.modified) == (False, 0, ())


def test_who_asks_all_packages_for_their_entry_points_uses_none_of_them(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(10)]
    about = {name: f"{name}-1.0.dist-info/entry_points.txt" for name in names}
    for name in names:
        install(tmp_path, name, files={f"{name}/__init__.py": "", about[name]: "x"})

    def used(*paths: str) -> list[str]:
        packages, _ = check_packages(installed(tmp_path), {str(tmp_path / path) for path in paths}, (), NoCache())
        return [package.name for package in packages if package.used]

    assert used(*about.values(), "p3/__init__.py") == ["p3"]
    assert used(about["p1"], about["p2"], "p3/__init__.py") == ["p1", "p2", "p3"]


def test_files_opened_through_links_of_files_and_folders_are_those_of_the_package(tmp_path: Path) -> None:
    install(tmp_path / "site", "a", files={"a/one.py": "x = 1\n", "a/two.py": "y = 1\n"})
    (tmp_path / "folder").symlink_to(tmp_path / "site" / "a")
    (tmp_path / "file.py").symlink_to(tmp_path / "site" / "a" / "two.py")
    opened = {str(tmp_path / "folder" / "one.py"), str(tmp_path / "file.py")}
    ((a,), _) = check_packages(installed(tmp_path / "site"), opened, (), NoCache())
    assert (a.checked, a.modified) == (2, ())


def test_a_missing_file_is_not_what_was_installed(tmp_path: Path) -> None:
    install(tmp_path, "a", files={"a.py": "x = 1\n"})
    opened = {str(tmp_path / "a.py")}
    (tmp_path / "a.py").unlink()
    ((a,), _) = check_packages(installed(tmp_path), opened, (), NoCache())
    assert a.modified == ("a.py",)


def test_without_file_uses_imported_modules_tell_what_was_used(tmp_path: Path) -> None:
    install(tmp_path, "dist-a", files={"a/__init__.py": "x = 1\n", "a/data.bin": "\n"})
    install(tmp_path, "b", files={"b.py": "x = 1\n"})
    (tmp_path / "a" / "data.bin").write_text("edited", "utf-8")
    (b, a), _ = check_packages(installed(tmp_path), None, {"a", "os"}, NoCache())
    assert (a.name, a.used, a.checked, a.modified) == ("dist-a", True, 1, ())
    assert (b.used, b.checked) == (False, 0)


def test_what_was_not_compared_in_time_is_a_gap(tmp_path: Path) -> None:
    install(tmp_path, "a", files={"a.py": "x = 1\n"})
    (a,), (gap,) = check_packages(installed(tmp_path), {str(tmp_path / "a.py")}, (), NoCache(), patience=-1)
    assert (a.used, a.checked) == (True, 0)
    assert "1 files" in gap.reason


def test_digests_are_asked_for_once(tmp_path: Path) -> None:
    class Cache:
        def __init__(self) -> None:
            self.known: dict[tuple[int, str], str] = {}
            self.hits = 0

        def get(self, status: os.stat_result, algorithm: str = "blake3") -> str | None:
            self.hits += (status.st_ino, algorithm) in self.known
            return self.known.get((status.st_ino, algorithm))

        def put(self, status: os.stat_result, digest: str, algorithm: str = "blake3") -> None:
            self.known[status.st_ino, algorithm] = digest

    install(tmp_path, "a", files={"a.py": "x = 1\n"})
    cache = Cache()
    for _ in range(2):
        (a,), _ = check_packages(installed(tmp_path), {str(tmp_path / "a.py")}, (), cache)
        assert a.modified == ()
    assert cache.hits == 1


@pytest.mark.skipif(sys.platform != "linux", reason="links")
def test_a_linked_environment_is_the_same_environment(tmp_path: Path) -> None:
    install(tmp_path / "real", "a", files={"a.py": "x = 1\n"})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    ((a,), _) = check_packages(installed(tmp_path / "link"), {str(tmp_path / "real" / "a.py")}, (), NoCache())
    assert (a.used, a.checked) == (True, 1)
