"""How a requirement is written with another name or one exact version, in the form of the file that it stands in."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from reprocheck.model.fix import ReplaceExpression, ReplaceText
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
"""Kinds of manifests whose requirements can be pinned as text."""
_QUOTED: Final = re.compile(r"""(["'])((?:(?!\1)[^\\\n])*)\1""")
_REQUIREMENT: Final = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][\w.-]*)(?:\s*\[[^\]]*\])?(?P<version>\s*(?:\([^()]*\)|[<>=!~][^;@#]*)?)\s*(?:;.*)?"
)
_CONDA: Final = re.compile(r"(?:[\w./:-]+::)?(?P<name>[A-Za-z0-9_][\w.-]*)(?P<version>\s*(?:[<>=!~ ][^\[\]]*)?)")
_ENTRY: Final = re.compile(r"""["']?(?P<name>[\w.-]+)["']?\s*=\s*(?P<version>(["'])[^"'\\\n]*\3)""")
_IN_TABLE: Final = re.compile(
    r"""["']?(?P<name>[\w.-]+)["']?\s*=\s*\{(?:[^{}\n]*[,\s{])?version\s*=\s*(?P<version>(["'])[^"'\\\n]*\3)[^{}\n]*\}"""
)
_VERSION: Final = re.compile(r"[0-9][\w.!-]*")


class Written(NamedTuple):
    """A requirement as it stands in its file."""

    path: str
    text: str
    """Source of the requirement, quotes included."""
    span: Span
    name: tuple[int, int]
    """Characters of the text that name the package."""
    version: tuple[int, int]
    """Those that say the versions, operators and quotes included; empty where any will do."""
    quote: str
    """Quotes that a version stands in by itself."""

    def edit(self, *, name: str | None = None, exact: str | None = None) -> ReplaceText:
        """Another name, one exact version (empty for any), or both."""
        changes = [] if name is None else [(*self.name, name)]
        if exact is not None:
            versions = f"=={exact}" if exact else "*" if self.quote else ""
            changes.append((*self.version, f"{self.quote}{versions}{self.quote}"))
        first, last = changes[0][0], changes[-1][1]
        done, new = first, ""
        for start, end, replacement in changes:
            new, done = new + self.text[done:start] + replacement, end
        line, column = self.span.line, self.span.column
        return ReplaceText(Span(line, column + first, line, column + last), self.text[first:last], new, self.path)


def written(manifest: DependencyFacts, source: SourceText, dependency: Dependency) -> Written | None:
    """How a requirement is written; None where that is in a way which is not understood."""
    text = source.slice(dependency.span)
    if dependency.url or "\n" in text:
        return None
    quoted = _QUOTED.fullmatch(text)
    inner, lead = (quoted[2], 1) if quoted is not None else (text, 0)
    quote = ""
    match manifest.kind, dependency.conda:
        case SourceKind.CONDA, True:
            found = _CONDA.fullmatch(inner)
        case ((SourceKind.PYPROJECT | SourceKind.PIPFILE | SourceKind.PIXI), _) if quoted is None:
            found = _ENTRY.fullmatch(text) or _IN_TABLE.fullmatch(text)
            quote = found[3] if found is not None else ""
        case _:
            found = _REQUIREMENT.fullmatch(inner)
    if found is None:
        return None
    start = lead + found.start("version")
    version = start, start + len(found["version"].rstrip())
    name = lead + found.start("name"), lead + found.end("name")
    return Written(manifest.path, text, dependency.span, name, version, quote)


def pin(manifest: DependencyFacts, source: SourceText, dependency: Dependency, version: str) -> ReplaceText | None:
    """The edit that leaves one version; None where that can't be done as text.

    `version` is an exact specifier (`==2.4.1`) or a bare version; a local part (`+cu121`) is left out, as the index
    has no such version.
    """
    exact = bare(version)
    read = written(manifest, source, dependency) if manifest.kind in PINNABLE and exact else None
    return read.edit(exact=exact) if read is not None else None


def rename(
    manifest: DependencyFacts, source: SourceText, dependency: Dependency, name: str, exact: str | None
) -> ReplaceText | ReplaceExpression | None:
    """The edit that asks for another package; `exact` is its version, empty for any, None to keep what is asked for."""
    read = written(manifest, source, dependency)
    if read is None:
        return None
    edit = read.edit(name=name, exact=exact)
    if manifest.kind is not SourceKind.SETUP_PY:
        return edit
    start = edit.span.column - dependency.span.column
    text = read.text[:start] + edit.new + read.text[start + len(edit.old) :]
    return ReplaceExpression(dependency.span, text, manifest.path)


def bare(version: str) -> str:
    """A version without operator and local part; empty when it isn't one exact version."""
    exact = version.strip().lstrip("=").strip().partition("+")[0]
    return exact if _VERSION.fullmatch(exact) is not None else ""
