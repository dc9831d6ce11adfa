"""Installed distributions, read from their metadata without importing anything or starting an interpreter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from blake3 import blake3

from reprocheck.model.record import Gap, Package

_LARGEST_METADATA = 1 << 20
"""Bytes of METADATA that are read: names and versions stand at its beginning."""
_SEPARATORS = re.compile(r"[-_.]+")


class _Revision(msgspec.Struct):
    vcs: str = ""
    commit_id: str = ""


class _Folder(msgspec.Struct):
    editable: bool = False


class _DirectUrl(msgspec.Struct):
    url: str = ""
    vcs_info: _Revision | None = None
    dir_info: _Folder | None = None
    subdirectory: str = ""


class Distribution(msgspec.Struct, frozen=True):
    """A package and the folder of its metadata, where its RECORD lies."""

    package: Package
    metadata: Path


def normal_name(name: str) -> str:
    """The name under which distributions are compared."""
    return _SEPARATORS.sub("-", name).lower()


def find_distributions(paths: Sequence[str]) -> tuple[list[Distribution], tuple[Gap, ...]]:
    """Distributions on a search path, sorted by name; of two with one name the first counts, as for an import."""
    found: dict[str, Distribution] = {}
    gaps = []
    for path in paths:
        try:
            folders = sorted(entry for entry in Path(path).iterdir() if entry.suffix in {".dist-info", ".egg-info"})
        except OSError as error:
            if Path(path).is_dir():
                gaps.append(
                    Gap("environment.packages", f"{path} can't be listed: {error.strerror}", "Its packages are missing")
                )
            continue
        for folder in folders:
            distribution = _read(folder)
            if distribution is None:
                gaps.append(
                    Gap("environment.packages", f"{folder} names no package or version", "That package is missing")
                )
            else:
                found.setdefault(normal_name(distribution.package.name), distribution)
    return [found[name] for name in sorted(found)], tuple(gaps)


def _read(folder: Path) -> Distribution | None:
    text = _text(folder / "METADATA") or _text(folder / "PKG-INFO") or (_text(folder) if folder.is_file() else "")
    headers = dict(_headers(text))
    name, version = headers.get("name", ""), headers.get("version", "")
    if not name or not version:
        return None
    direct = _direct_url(folder)
    record = folder / "RECORD"
    try:
        digest = blake3(record.read_bytes()).hexdigest()
    except OSError:
        digest = ""
    package = Package(
        name=name,
        version=version,
        location=str(folder.parent),
        installer=_text(folder / "INSTALLER").strip(),
        requested=(folder / "REQUESTED").is_file(),
        tags=tuple(
            line.removeprefix("Tag: ").strip()
            for line in _text(folder / "WHEEL").splitlines()
            if line.startswith("Tag: ")
        ),
        direct_url=_spelled(direct),
        editable=bool(direct.dir_info and direct.dir_info.editable) or _is_development(folder),
        record=digest,
    )
    return Distribution(package, folder)


def _headers(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if not line.strip():
            return
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            yield name.lower(), value.strip()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_METADATA).decode("utf-8", "replace")
    except OSError:
        return ""


def _direct_url(folder: Path) -> _DirectUrl:
    try:
        return msgspec.json.decode((folder / "direct_url.json").read_bytes(), type=_DirectUrl)
    except (OSError, msgspec.DecodeError):
        return _DirectUrl()


def _spelled(direct: _DirectUrl) -> str:
    url = direct.url
    if direct.vcs_info is not None:
        url = f"{direct.vcs_info.vcs}+{url}@{direct.vcs_info.commit_id}"
    return f"{url}#subdirectory={direct.subdirectory}" if direct.subdirectory else url


def _is_development(folder: Path) -> bool:
    """An `.egg-info` outside of site-packages lies in the folder of its own sources."""
    return folder.suffix == ".egg-info" and folder.parent.name not in {"site-packages", "dist-packages"}
