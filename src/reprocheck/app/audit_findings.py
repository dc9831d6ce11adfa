"""What an audit found, as findings at the lines that declare the packages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec

from reprocheck.model import fingerprint as identity
from reprocheck.model.audit import Advisory, Audit, Rating, Unaudited, Vulnerable
from reprocheck.model.finding import Finding, Step
from reprocheck.model.rule_info import RuleInfo
from reprocheck.scan.own_rules import NOT_AUDITED, VULNERABLE_DEPENDENCY

_NAMED = 3
"""Advisories and packages that a message names; the audit's own section of a report has all."""


def findings_of(audit: Audit) -> Iterator[Finding]:
    """One finding per vulnerable package and place, and one per file with packages that were not looked up."""
    for vulnerable in audit.vulnerable:
        yield _vulnerable(vulnerable)
    ordered = sorted(audit.unaudited, key=lambda item: (item.place.path, item.place.span))
    for _, items in groupby(ordered, key=lambda item: item.place.path):
        yield _unaudited(list(items))


def _vulnerable(item: Vulnerable) -> Finding:
    known = "a known vulnerability" if len(item.advisories) == 1 else f"{len(item.advisories)} known vulnerabilities"
    one = len(item.advisories) == 1
    open_ = sum(not advisory.fixed for advisory in item.advisories)
    if item.safe:
        help_ = f"fixed in {item.safe}" if one else f"all fixed in {item.safe}"
    else:
        help_ = "no fix is known" if one else f"{open_} of them without a known fix"
    message = f"`{item.package}` {item.version} has {known}: {_names(item.advisories)}; {help_}"
    ids = " ".join(sorted({_identity(advisory) for advisory in item.advisories}))
    found = _finding(VULNERABLE_DEPENDENCY, message, item, identity.fingerprint("ENV011", item.package, ids))
    return msgspec.structs.replace(found, context=identity.context(item.package, item.version))


def _identity(advisory: Advisory) -> str:
    """The one name of a vulnerability whatever source named it first: its CVE, else the first of all its names."""
    name = advisory.name
    return name if name.startswith("CVE-") else min((advisory.id, *advisory.aliases))


def _names(advisories: tuple[Advisory, ...]) -> str:
    shown = [
        advisory.name if advisory.rating is Rating.UNKNOWN else f"{advisory.name} ({advisory.rating})"
        for advisory in advisories[:_NAMED]
    ]
    more = len(advisories) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _unaudited(items: list[Unaudited]) -> Finding:
    """The packages of one file, by reason."""
    names = {item.package for item in items}
    reasons: dict[str, list[str]] = {}
    for item in items:
        listed = reasons.setdefault(item.reason.partition(" (`")[0], [])
        if item.package not in listed:
            listed.append(item.package)
    parts = [f"{reason} ({_packages(listed)})" for reason, listed in reasons.items()]
    count = "a package" if len(names) == 1 else f"{len(names)} packages"
    message = f"{count} of this file could not be looked up in advisories: {'; '.join(parts)}"
    trail = tuple(Step(item.place, f"`{item.package}`: {item.reason}") for item in items)
    # The packages are part of it: one that comes to the file later is not decided yet.
    print_ = identity.fingerprint("RPC004", "", " ".join(sorted(names)))
    found = _finding(NOT_AUDITED, message, items[0], print_, trail[1:] and trail)
    return msgspec.structs.replace(found, context=identity.context(print_, ""))


def _packages(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _finding(
    rule: RuleInfo, message: str, item: Vulnerable | Unaudited, fingerprint: str, trail: tuple[Step, ...] = ()
) -> Finding:
    return Finding(
        code=rule.code,
        rule=rule.name,
        severity=rule.severity,
        confidence=rule.confidence,
        message=message,
        place=item.place,
        trail=trail,
        fingerprint=fingerprint,
    )
