"""`--audit`: which declared versions have known vulnerabilities, and which packages nobody could look up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from reprocheck.advisories import database, online
from reprocheck.advisories.errors import AdvisoryError
from reprocheck.advisories.lookup import Answer, Answers, Pinned, ask
from reprocheck.app.declared import may_declare, read_declared
from reprocheck.model.audit import Audit, Unaudited, Vulnerable
from reprocheck.model.place import Span
from reprocheck.project.dependencies.model import LOCKS, Dependency, DependencyFacts, SourceKind
from reprocheck.project.dependencies.specifiers import is_exact
from reprocheck.project.discovery import Discovery
from reprocheck.project.file_kinds import kind_of
from reprocheck.project.index.dependencies import Dependencies
from reprocheck.scan.places import Places

AUTO, ONLINE, DATABASE = "auto", "online", "database"
SOURCES = (AUTO, ONLINE, DATABASE)
"""Where to ask: a service if it can be reached and else the local database, or one of them only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """How to audit."""

    source: str = AUTO
    service: str = "pypi"
    database: Path
    cache: Path
    """Folder for the answers of a service."""
    date: str
    """Today, as ISO."""
    connect: Callable[..., Answers] = online.connect
    """The way to a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What came of an audit."""

    audit: Audit | None
    """None where there was nobody to ask."""
    incomplete: tuple[str, ...] = ()
    """Why it says less than it was asked for."""
    messages: tuple[str, ...] = ()


NOTHING_AUDITED = Audited(audit=None)
"""What comes of a scan without an audit."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A declared package: what to look up, or why that can't be done."""

    package: str
    version: str
    reason: str
    path: str
    span: Span


def audit(request: AuditRequest, discovery: Discovery, reported: frozenset[str] | None = None) -> Audited:
    """Look up what the project declares; `reported` are the files to look at, None for all."""
    files = discovery.files
    dependencies, unread = read_declared(files)
    left_out = (note for note in discovery.notes if may_declare(note.path, kind_of(note.path)))
    unread = (*unread, *(f"{note.path}: {note.message}" for note in left_out))
    items = [item for item in _items(dependencies) if reported is None or item.path in reported]
    messages: list[str] = []
    places = Places({file.path: file for file in files})
    try:
        with _answers(request, messages) as answers:
            found, failure = _look_up(answers, items, places)
        if _says_nothing(request, found, failure, items):
            why = failure or f"{found.source.name} knows none of the declared packages, as a mirror might"
            messages.append(f"{why}; the local database of advisories answers instead")
            with database.opened(request.database) as opened:
                found, failure = _look_up(opened, items, places)
    except AdvisoryError as error:
        return Audited(audit=None, incomplete=(f"dependencies were not audited: {error}",), messages=tuple(messages))
    return Audited(audit=found, incomplete=tuple(_gaps(unread, failure, items)), messages=tuple(messages))


def _says_nothing(request: AuditRequest, found: Audit, failure: str, items: list[_Item]) -> bool:
    """Whether a service broke off or knew nothing at all, while a database could answer and may be asked."""
    asked = any(not item.reason for item in items)
    silent = found.source.kind == "online" and asked and (not found.audited or bool(failure))
    return silent and request.source == AUTO and request.database.is_file()


@contextmanager
def _answers(request: AuditRequest, messages: list[str]) -> Iterator[Answers]:
    if request.source != DATABASE:
        try:
            service = request.connect(request.service, date=request.date, cache=request.cache)
        except AdvisoryError as error:
            if request.source == ONLINE:
                raise
            if not request.database.is_file():
                raise AdvisoryError(
                    f"{error}; and there is no local database: `reprocheck db update --from FOLDER|URL` makes one"
                ) from error
            messages.append(f"{error}; the local database of advisories answers instead")
        else:
            yield service
            return
    with database.opened(request.database) as opened:
        yield opened


def _look_up(answers: Answers, items: Iterable[_Item], places: Places) -> tuple[Audit, str]:
    """The audit, and why it broke off; each version is asked for once."""
    known: dict[Pinned, Answer] = {}
    vulnerable: list[Vulnerable] = []
    unaudited: list[Unaudited] = []
    failure = ""
    for item in items:
        if item.reason:
            unaudited.append(_unaudited(item, item.reason, places))
            continue
        pinned = Pinned(item.package, item.version)
        if pinned not in known and not failure:
            try:
                known[pinned] = ask(answers, pinned)
            except AdvisoryError as error:
                failure = str(error)
        answer = known.get(pinned) or Answer(failure="the look-up had broken off")
        if answer.failure:
            unaudited.append(_unaudited(item, answer.failure, places))
        elif answer.advisories:
            vulnerable.append(_vulnerable(item, answer, places))
    audited = sum(not answer.failure for answer in known.values())
    found = Audit(source=answers.source, audited=audited, vulnerable=tuple(vulnerable), unaudited=tuple(unaudited))
    return found, failure


def _vulnerable(item: _Item, answer: Answer, places: Places) -> Vulnerable:
    return Vulnerable(
        package=item.package,
        version=item.version,
        place=places.place(item.path, item.span),
        advisories=answer.advisories,
        safe=answer.safe,
    )


def _unaudited(item: _Item, reason: str, places: Places) -> Unaudited:
    return Unaudited(package=item.package, reason=reason, place=places.place(item.path, item.span))


def _gaps(unread: Iterable[str], failure: str, items: list[_Item]) -> Iterator[str]:
    if failure:
        yield f"the audit broke off: {failure}"
    yield from (f"not audited: {reason}" for reason in unread)
    if not items:
        yield "dependencies were not audited: no file declares any"


def _items(dependencies: Dependencies) -> Iterator[_Item]:
    """Packages to look up, by file and line: what locks record, and what manifests pin or leave open beside them."""
    for source in dependencies.sources.values():
        if source.kind is SourceKind.CONSTRAINTS:
            # They install nothing by themselves: who includes them uses their versions.
            continue
        settled = source.kind in LOCKS
        limits = {} if settled else dependencies.limits(source)
        for dependency in source.dependencies:
            if settled or dependencies.lock_of(source, dependency) is None:
                item = _item(source, dependency, limits.get(dependency.name, ""))
                if item is not None:
                    yield item


def _item(source: DependencyFacts, dependency: Dependency, limit: str) -> _Item | None:
    """None for the project's own packages, which no database knows."""
    name = dependency.name or dependency.url
    version = _exact(dependency.specifier) or _exact(limit)
    reason = ""
    if dependency.vcs:
        reason = f"installed from {dependency.vcs}"
    elif dependency.url:
        if "://" not in dependency.url:
            return None
        reason = "installed from a URL"
    elif dependency.conda:
        reason = "a conda package: advisories are about those of PyPI"
    elif not version:
        reason = "no exact version" if not dependency.specifier else f"no exact version (`{dependency.specifier}`)"
    return _Item(name, "" if reason else version, reason, source.path, dependency.span)


def _exact(specifier: str) -> str:
    """The one version that a specifier leaves; empty when it leaves several or names none that can be read."""
    if not is_exact(specifier):
        return ""
    part = next(part for part in specifier.split(",") if part.strip().startswith("=="))
    try:
        return str(Version(part.strip().lstrip("=").strip()))
    except InvalidVersion:
        return ""
