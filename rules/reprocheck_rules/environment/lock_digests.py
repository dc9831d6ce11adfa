"""Whether a lock was made from the manifest beside it, by the digest that its tool keeps of that.

Poetry and Pipenv refuse a lock whose digest doesn't fit. It is computed as Poetry 1.0 to 2.3 do it
(`Locker._get_content_hash`) and as Pipenv does it (`Pipfile.get_hash` of plette).
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reprocheck.rulekit import Project
from reprocheck.rulekit.dependencies import DependencyFacts, SourceKind

_MANIFEST_LIMIT: Final = 1_000_000
_HEAD_LIMIT: Final = 4_000
"""Bytes of a Pipfile.lock that its digest stands in."""
_LOCK_LIMIT: Final = 30_000_000
_OF_POETRY: Final = re.compile(rb'^content-hash = "([0-9a-f]{64})"', re.MULTILINE)
_OF_PIPENV: Final = re.compile(rb'"hash":\s*\{\s*"sha256":\s*"([0-9a-f]{64})"')
_LEGACY: Final = ("dependencies", "source", "extras", "dev-dependencies")
_STANDARD: Final = ("requires-python", "dependencies", "optional-dependencies")
_PIPFILE: Final = {"source", "requires", "packages", "dev-packages", "pipenv", "scripts"}


def is_current(project: Project, manifest: DependencyFacts, lock: DependencyFacts) -> bool | None:
    """Whether a lock was made from this state of a manifest; None where nothing tells."""
    poetry = lock.kind is SourceKind.POETRY_LOCK
    if not poetry and lock.kind is not SourceKind.PIPFILE_LOCK:
        return None
    data = project.index.tree.head(lock.path, _LOCK_LIMIT if poetry else _HEAD_LIMIT) or b""
    kept = (_OF_POETRY if poetry else _OF_PIPENV).search(data)
    text = project.index.tree.head(manifest.path, _MANIFEST_LIMIT) or b""
    try:
        content = tomllib.loads(text.decode("utf-8"))
        digests = set(_by_poetry(content) if poetry else [_by_pipenv(content)])
    except (ValueError, TypeError, RecursionError):
        return None
    return None if kept is None else kept[1].decode() in digests


def bare_versions(project: Project, manifest: DependencyFacts) -> frozenset[str]:
    """Packages of a Pipfile whose version has no operator, so that Pipenv reads no demand in it."""
    text = project.index.tree.head(manifest.path, _MANIFEST_LIMIT) or b""
    try:
        content = tomllib.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return frozenset()
    tables = [content.get(name) for name in ("packages", "dev-packages")]
    return frozenset(
        name.lower().replace("_", "-").replace(".", "-")
        for table in tables
        if isinstance(table, dict)
        for name, version in table.items()
        if isinstance(version, str) and version[:1].isdigit()
    )


def _by_poetry(content: Mapping[str, Any]) -> Iterator[str]:
    """The digests of all versions: which keys count, and how they are put together, has changed."""
    poetry = content.get("tool", {}).get("poetry", {})
    standard = {key: content["project"][key] for key in _STANDARD if content.get("project", {}).get(key) is not None}
    groups = content.get("dependency-groups", {})
    old = {key: poetry.get(key) for key in _LEGACY}
    stated = {key: poetry[key] for key in (*_LEGACY, "group") if poetry.get(key) is not None}
    grouped = {**old, **stated}
    own = {"tool": {"poetry": stated}}
    for relevant in (
        old,
        grouped,
        {"project": standard, **own},
        {"project": standard, "dependency-groups": groups, **own},
    ):
        yield hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def _by_pipenv(content: Mapping[str, Any]) -> str:
    relevant = {
        "_meta": {"sources": content.get("source", []), "requires": content.get("requires", {})},
        "default": content.get("packages", {}),
        "develop": content.get("dev-packages", {}),
        **{name: table for name, table in content.items() if name not in _PIPFILE},
    }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
