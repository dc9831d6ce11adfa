"""What this machine knows of a project's environment: its virtual environment, images, models."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from reprocheck.replay.docker import local_digests

FOLDERS = (".venv", "venv", ".env", "env", ".conda")
"""Folders under the root that hold a virtual or conda environment, in the order in which they are asked."""
_MINOR = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", re.MULTILINE)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SOCKET = "unix:///var/run/docker.sock"
_READ_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKnowledge:
    """Facts that are on no page of the repository."""

    folder: str = ""
    """The environment, relative to the root; empty where the project has none."""
    python: str = ""
    """Its minor version (`3.11`)."""
    installed: Mapping[str, str] = field(default_factory=dict)
    """Version by normalised name of what pip has put there."""
    conda: Mapping[str, str] = field(default_factory=dict)
    """The same of conda packages."""
    commits: Mapping[str, str] = field(default_factory=dict)
    """Commit by address of what was installed from a repository."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Registry digest by reference of the images that the engine has."""
    revisions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Commit by name and branch of the models that the cache of the Hugging Face hub holds."""


def look_around(root: Path, environment: Mapping[str, str] | None = None) -> LocalKnowledge:
    """Ask the project's own environment and the engine that the user's variables name; nothing is run or fetched."""
    variables = os.environ if environment is None else environment
    digests, revisions = _digests(variables), dict(_revisions(variables))
    folder = next((name for name in FOLDERS if _is_environment(root / name)), "")
    if not folder:
        return LocalKnowledge(digests=digests, revisions=revisions)
    place = root / folder
    settings = _text(place / "pyvenv.cfg")
    minor = _MINOR.search(settings)
    packages = list(_packages(place))
    return LocalKnowledge(
        folder=folder,
        python=minor[1] if minor is not None else "",
        installed=dict(_named(metadata) for metadata in packages),
        conda=dict(_conda(place)),
        commits=dict(found for metadata in packages if (found := _commit(metadata)) is not None),
        digests=digests,
        revisions=revisions,
    )


def _digests(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Loading the engine's library takes a quarter of a second, which a look at the socket spares most."""
    host = environment.get("DOCKER_HOST") or _SOCKET
    if host.startswith("unix://") and not Path(host.removeprefix("unix://")).exists():
        return {}
    return local_digests(environment)


def _revisions(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Models of the hub's cache whose files are there, as huggingface_hub lays it out."""
    home = environment.get("HF_HOME") or f"{environment.get('HOME', '')}/.cache/huggingface"
    cache = Path(environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE") or f"{home}/hub")
    for branch in sorted(cache.glob("models--*/refs/*")) if cache.is_absolute() else ():
        model, commit = branch.parent.parent, _text(branch).strip()
        if _COMMIT.fullmatch(commit) and (model / "snapshots" / commit).is_dir():
            yield (model.name.removeprefix("models--").replace("--", "/"), branch.name), commit


def plain_address(url: str) -> str:
    """The address of a repository without what may be left out."""
    url = url.partition("#")[0].removeprefix("git+").rstrip("/").removesuffix(".git")
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('@')[0].removesuffix('.git')}"


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file() or (folder / "conda-meta").is_dir()


def _packages(place: Path) -> Iterator[Path]:
    """Metadata folders; those of the newest Python where an environment has several."""
    homes = sorted(place.glob("lib/python3*/site-packages"), key=lambda home: (len(home.parent.name), home.parent.name))
    for home in (*homes, place / "Lib" / "site-packages"):
        if home.is_dir():
            yield from sorted(home.glob("*-*.dist-info"))


def _named(metadata: Path) -> tuple[str, str]:
    name, _, version = metadata.name.removesuffix(".dist-info").rpartition("-")
    return canonicalize_name(name), version


def _conda(place: Path) -> Iterator[tuple[str, str]]:
    for record in sorted(place.glob("conda-meta/*-*-*.json")):
        name, version, _ = record.name.rsplit("-", 2)
        yield canonicalize_name(name), version


def _commit(metadata: Path) -> tuple[str, str] | None:
    """Address and commit, as PEP 610 has them recorded."""
    try:
        found: Any = json.loads(_text(metadata / "direct_url.json") or "null")
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("vcs_info"), dict):
        return None
    url, commit = found.get("url"), found["vcs_info"].get("commit_id")
    return (plain_address(url), commit) if isinstance(url, str) and isinstance(commit, str) else None


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_READ_LIMIT)
    except OSError:
        return ""
