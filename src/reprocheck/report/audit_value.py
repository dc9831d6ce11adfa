"""What an audit found, as a JSON value and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.report.summary import plural

if TYPE_CHECKING:
    from reprocheck.model.audit import AdvisorySource, Audit
    from reprocheck.model.place import Place


def audit_value(audit: Audit) -> dict[str, object]:
    """Every vulnerable package with all its advisories, and every package that nobody could look up."""
    source = audit.source
    return {
        "source": {
            "kind": source.kind,
            "name": source.name,
            "commit": source.commit or None,
            "date": source.date or None,
            "records": source.records or None,
            "digest": source.digest or None,
        },
        "audited": audit.audited,
        "vulnerable": [
            {
                "package": item.package,
                "version": item.version,
                **_place(item.place),
                "safe_version": item.safe or None,
                "advisories": [
                    {
                        "id": advisory.id,
                        "aliases": list(advisory.aliases),
                        "severity": advisory.rating.value,
                        "fixed": list(advisory.fixed),
                        "summary": advisory.summary,
                    }
                    for advisory in item.advisories
                ],
            }
            for item in audit.vulnerable
        ],
        "not_audited": [
            {"package": item.package, "reason": item.reason, **_place(item.place)} for item in audit.unaudited
        ],
    }


def audit_sentence(audit: Audit) -> str:
    """What was asked, of whom, and how much could not be."""
    looked = f"{plural(audit.audited, 'package')} looked up in {source_words(audit.source)}"
    vulnerable = len({(item.package, item.version) for item in audit.vulnerable})
    open_ = len({item.package for item in audit.unaudited})
    return f"{looked}: {vulnerable:,} vulnerable, {open_:,} not audited"


def source_words(source: AdvisorySource) -> str:
    """Name, commit and date of where the advisories come from."""
    if source.kind == "online":
        return f"{source.name} on {source.date}"
    changed = "-dirty" if source.commit.endswith("-dirty") else ""
    commit = f" at {source.commit[:12]}{changed}" if source.commit else ""
    return f"the local database of advisories ({source.name}{commit}, {source.date or 'undated'})"


def _place(place: Place) -> dict[str, object]:
    return {"path": place.path, "line": place.span.line}
