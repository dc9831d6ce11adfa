"""What the files of a project declare and lock, read without running any rule."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from reprocheck.project.dependencies.model import DependencyFacts
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.facts.model import Facts
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.index.dependencies import Dependencies
from reprocheck.rulekit import Catalog, Match, Project, Rule
from reprocheck.scan.analysis import Analyzer

_ALWAYS = frozenset({FileKind.REQUIREMENTS, FileKind.DECLARATION})
_TREES = frozenset({FileKind.TOML, FileKind.YAML})
_WORDS = (b"package", b"dependencies", b"requires")
_DECODER = msgspec.msgpack.Decoder(Facts)


def read_declared(files: Iterable[ProjectFile]) -> tuple[Dependencies, tuple[str, ...]]:
    """Manifests and locks, and for each file that should be one and can't be read its path and the reason."""
    analyzer = Analyzer([_listener()], Catalog([]))
    sources: list[DependencyFacts] = []
    unread: list[str] = []
    paths: list[str] = []
    for file in files:
        paths.append(file.path)
        if not may_declare(file.path, file.kind):
            continue
        try:
            data = file.absolute.read_bytes()
        except OSError as error:
            unread.append(f"{file.path}: cannot be read: {error.strerror or error}")
            continue
        # Most YAML and TOML is about other things: looking for a word is cheaper than parsing.
        if file.kind in _TREES and not any(word in data for word in _WORDS):
            continue
        result = analyzer.analyze(file, data)
        if result.unread and _is_dependency_file(file.path, file.kind):
            unread.append(f"{file.path}: {result.unread}")
        facts = _DECODER.decode(result.facts) if result.facts else None
        if facts is not None and facts.dependencies is not None:
            sources.append(facts.dependencies)
    return Dependencies(sources, frozenset(paths)), tuple(unread)


def may_declare(path: str, kind: FileKind) -> bool:
    """Whether a file can declare or lock packages, by its name."""
    return kind in _TREES or _is_dependency_file(path, kind)


def _is_dependency_file(path: str, kind: FileKind) -> bool:
    name = path.rpartition("/")[2].lower()
    named = name in {"setup.py", "pipfile", "pyproject.toml", "pixi.toml"} or name.endswith(".lock")
    return kind in _ALWAYS or named or (name.startswith("pylock") and kind is FileKind.TOML) or "conda-lock" in name


def _listener() -> Rule:
    """Facts are kept only where a rule about the project listens."""
    rule = Rule("RPC004", "not-audited", "Listens to what a project declares.")

    @rule.on_project
    def listen(_project: Project) -> tuple[Match, ...]:
        return ()

    return rule
