"""Fixes out of what only this machine knows: installed versions, commits, models, and digests of images.

Rules see nothing but the repository, so that their findings are the same everywhere; these fixes are added behind them,
and only where somebody asks for repairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from reprocheck.app import local_code_fixes
from reprocheck.app.local_knowledge import LocalKnowledge, plain_address
from reprocheck.model.finding import Finding
from reprocheck.model.fix import Edit, Fix, ReplaceText, Safety, WriteFile
from reprocheck.model.place import Span
from reprocheck.project.dependencies.model import Dependency, DependencyFacts
from reprocheck.project.dependencies.pins import pin
from reprocheck.project.dependencies.read import read_manifest
from reprocheck.project.dependencies.specifiers import satisfied
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.project.source import SourceText, decode_text

_PYTHON = frozenset({FileKind.PYTHON, FileKind.NOTEBOOK})
_OF_CODE = {
    ("ART002", FileKind.PYTHON): local_code_fixes.revision,
    ("ENV008", FileKind.NOTEBOOK): local_code_fixes.install_command,
}
_REFERENCE = re.compile(r"[a-z0-9][\w.-]*(?::\d+(?=/))?(?:/[\w.-]+)*(?::[\w.-]+)?")
_TRAIL_LIMIT = 60
"""Steps of a trail that lists packages; there may be more than that many."""
Read = Callable[[str], bytes | None]
"""Content of a file by its path."""


def with_local_fixes(findings: Iterable[Finding], local: LocalKnowledge, read: Read) -> tuple[Finding, ...]:
    """The findings, with fixes for those that have none and that this machine knows the answer to."""
    return tuple(
        finding
        if finding.fix is not None or (fix := _fix(finding, local, read)) is None
        else msgspec.structs.replace(finding, fix=fix)
        for finding in findings
    )


def _fix(finding: Finding, local: LocalKnowledge, read: Read) -> Fix | None:
    of_code = _OF_CODE.get((finding.code, kind_of(finding.place.path)))
    if of_code is not None:
        data = read(finding.place.path)
        source = None if data is None else SourceText(finding.place.path, decode_text(data)[0])
        return None if source is None else of_code(finding, local, source)
    if finding.code not in {"ENV001", "ENV006", "ENV007", "ENV009"} or kind_of(finding.place.path) in _PYTHON:
        return None
    if finding.code == "ENV006":
        return _python(finding, local, read)
    data = read(finding.place.path)
    if data is None:
        return None
    source = SourceText(finding.place.path, decode_text(data)[0])
    if finding.code == "ENV007":
        return _digest(finding, local, source)
    manifest = read_manifest(source)
    if manifest is None:
        return None
    return (
        _versions(finding, local, source, manifest)
        if finding.code == "ENV001"
        else _commit(finding, local, source, manifest)
    )


def _python(finding: Finding, local: LocalKnowledge, read: Read) -> Fix | None:
    """Only that nothing names a Python can be mended: of two that disagree nobody knows which is right."""
    path = ".python-version"
    if not local.python or finding.trail or "/" in finding.place.path or read(path) is not None:
        return None
    return Fix(f"name the Python of {local.folder}", Safety.SAFE, (WriteFile(path, f"{local.python}\n"),))


def _versions(finding: Finding, local: LocalKnowledge, source: SourceText, manifest: DependencyFacts) -> Fix | None:
    spans = {finding.place.span, *(step.place.span for step in finding.trail)}
    loose = [dependency for dependency in manifest.dependencies if dependency.span in spans]
    if manifest.package or len(loose) < len(spans) or len(finding.trail) >= _TRAIL_LIMIT:
        return None
    edits: list[Edit] = []
    for dependency in loose:
        known = local.conda if dependency.conda else local.installed
        version = known.get(dependency.name, "")
        fits = bool(version) and satisfied(dependency.specifier, f"=={version}")
        edit = pin(manifest, source, dependency, version) if fits else None
        if edit is None:
            return None
        edits.append(edit)
    return Fix(f"write the versions that are installed in {local.folder}", Safety.SAFE, tuple(edits))


def _commit(finding: Finding, local: LocalKnowledge, source: SourceText, manifest: DependencyFacts) -> Fix | None:
    found = [one for one in manifest.dependencies if one.span == finding.place.span and one.vcs == "git"]
    commit = local.commits.get(plain_address(found[0].url), "") if len(found) == 1 else ""
    edit = _with_commit(found[0], commit, source) if commit else None
    if edit is None:
        return None
    return Fix(f"name the commit that is installed in {local.folder}", Safety.SAFE, (edit,))


def _with_commit(dependency: Dependency, commit: str, source: SourceText) -> ReplaceText | None:
    written = source.slice(dependency.span)
    url = dependency.url
    if "\n" in written or written.count(url) != 1 or not url.startswith("git+"):
        return None
    address, mark, fragment = url.partition("#")
    if dependency.revision:
        address = address.removesuffix(f"@{dependency.revision}")
    start = dependency.span.column + written.index(url)
    span = Span(dependency.span.line, start, dependency.span.line, start + len(url))
    return ReplaceText(span, url, f"{address}@{commit}{mark}{fragment}")


def _digest(finding: Finding, local: LocalKnowledge, source: SourceText) -> Fix | None:
    """The digest behind the one reference that stands at the finding; a tag of Helm's alone is none."""
    span = finding.place.span
    if span.line != span.end_line:
        return None
    written = source.slice(span)
    found = [match for match in _REFERENCE.finditer(written) if _short(match[0]) in local.digests]
    if len(found) != 1 or "@" in written or "$" in written:
        return None
    column = span.column + found[0].end()
    edit = ReplaceText(Span(span.line, column, span.line, column), "", f"@{local.digests[_short(found[0][0])]}")
    return Fix("add the digest of the image that the local engine has", Safety.SAFE, (edit,))


def _short(reference: str) -> str:
    """A reference as the engine lists it: no public registry in front, and a tag."""
    name = reference.removeprefix("docker.io/").removeprefix("index.docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
