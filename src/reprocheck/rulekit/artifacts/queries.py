"""Tables that code asks for in SQL or by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.project.facts.model import Call
from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.execution import argument_of

_NAME = r"[`\"\[]?([A-Za-z_][\w$.{}\"`\-]*)[`\"\]]?"
_READ = re.compile(rf"\b(?:from|join)\s+{_NAME}(?!\s*\()", re.IGNORECASE)
_WRITE = re.compile(
    rf"\b(?:insert\s+(?:overwrite\s+)?(?:into\s+)?(?:table\s+)?|create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:table|view)"
    rf"\s+(?:if\s+not\s+exists\s+)?|merge\s+into\s+|update\s+|copy\s+into\s+){_NAME}",
    re.IGNORECASE,
)
_COMMON = re.compile(rf"(?:\bwith|,)\s+{_NAME}\s+as\s*\(", re.IGNORECASE)
_STATEMENT = re.compile(r"^\s*(?:--[^\n]*\n\s*)*(select|insert|create|with|merge|update|copy|delete)\b", re.IGNORECASE)
_NOT_TABLES = frozenset({"select", "set", "values", "dual", "unnest", "lateral", "the", "a"})
_ARGUMENTS = ("sql", "query", "query_or_table", "sqlQuery")


def tables_of(text: str) -> Iterator[tuple[str, bool]]:
    """Names of the tables that a statement reads or writes, and whether it writes."""
    if not _STATEMENT.match(text):
        return
    within = {_clean(name) for name in _COMMON.findall(text)}
    written = {_clean(name) for name in _WRITE.findall(text)} - _NOT_TABLES
    for name in sorted(written):
        yield name, True
    for name in sorted({_clean(name) for name in _READ.findall(text)} - within - _NOT_TABLES - written):
        yield name, False


def query_argument(call: Call, entry: CatalogEntry) -> str:
    """The argument of a catalogued call that has the SQL; empty for none."""
    return next((name for name in _ARGUMENTS if argument_of(call, entry, name) is not None), "")


def _clean(name: str) -> str:
    return re.sub(r"[`\"\[\]]", "", name).lower()
