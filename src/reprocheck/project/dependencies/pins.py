"""How a requirement is written with one exact version, in the form of the file that it stands in."""

from __future__ import annotations

import re
from typing import Final

from reprocheck.model.fix import ReplaceText
from reprocheck.model.place import Span
from reprocheck.project.dependencies.model import Dependency, DependencyFacts, SourceKind
from reprocheck.project.source import SourceText

PINNABLE: Final = frozenset(
    {
        SourceKind.REQUIREMENTS,
        SourceKind.CONSTRAINTS,
        SourceKind.PYPROJECT,
        SourceKind.PIPFILE,
        SourceKind.CONDA,
        SourceKind.PIXI,
    }
)
"""Kinds of manifests whose requirements can be rewritten as text."""
_QUOTED: Final = re.compile(r"""(["'])((?:(?!\1)[^\\\n])*)\1""")
_REQUIREMENT: Final = re.compile(
    r"(?P<name>\s*[A-Za-z0-9][\w.-]*(?:\s*\[[^\]]*\])?)(?P<version>\s*(?:\([^()]*\)|[<>=!~][^;@#]*)?)(?P<rest>\s*(?:;.*)?)"
)
_CONDA: Final = re.compile(
    r"(?P<name>(?:[\w./:-]+::)?[A-Za-z0-9_][\w.-]*)(?P<version>\s*(?:[<>=!~ ][^\[\]]*)?)(?P<rest>)"
)
_ENTRY: Final = re.compile(r"""(?P<name>["']?[\w.-]+["']?\s*=\s*)(?P<version>(["'])[^"'\\\n]*\3)(?P<rest>)""")
_IN_TABLE: Final = re.compile(
    r"""(?P<name>["']?[\w.-]+["']?\s*=\s*\{(?:[^{}\n]*[,\s{])?version\s*=\s*)(?P<version>(["'])[^"'\\\n]*\3)(?P<rest>[^{}\n]*\})"""
)
_VERSION: Final = re.compile(r"[0-9][\w.!-]*")


def pin(manifest: DependencyFacts, source: SourceText, dependency: Dependency, version: str) -> ReplaceText | None:
    """The edit that leaves one version; None where the requirement is written in a way that is not understood.

    `version` is an exact specifier (`==2.4.1`) or a bare version; a local part (`+cu121`) is left out, as the index
    has no such version.
    """
    exact = version.strip().lstrip("=").strip().partition("+")[0]
    if manifest.kind not in PINNABLE or dependency.url or _VERSION.fullmatch(exact) is None:
        return None
    written = source.slice(dependency.span)
    if "\n" in written:
        return None
    quoted = _QUOTED.fullmatch(written)
    inner, lead = (quoted[2], 1) if quoted is not None else (written, 0)
    match manifest.kind, dependency.conda:
        case SourceKind.CONDA, True:
            return _replaced(_CONDA.fullmatch(inner), dependency.span, lead, f"=={exact}", manifest.path)
        case ((SourceKind.PYPROJECT | SourceKind.PIPFILE | SourceKind.PIXI), _) if quoted is None:
            found = _ENTRY.fullmatch(written) or _IN_TABLE.fullmatch(written)
            return _replaced(found, dependency.span, 0, f'"=={exact}"', manifest.path)
        case _:
            return _replaced(_REQUIREMENT.fullmatch(inner), dependency.span, lead, f"=={exact}", manifest.path)


def _replaced(found: re.Match[str] | None, span: Span, lead: int, new: str, path: str) -> ReplaceText | None:
    if found is None:
        return None
    start = span.column + lead + found.end("name")
    old = found["version"].rstrip()
    return ReplaceText(Span(span.line, start, span.line, start + len(old)), old, new, path)
