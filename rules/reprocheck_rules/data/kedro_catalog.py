"""Data that Kedro's catalog names for a pipeline to begin with."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from reprocheck.rulekit import Project, Span
from reprocheck.rulekit.facts import Call

_CATALOG: Final = re.compile(r"(?:^|/)conf/(?!local/)[^/{]+/(?:[^{]*/)?catalog[^/{]*(?:/[^{]*)?\.ya?ml$")
_RAW: Final = re.compile(r"(?:^|/)(?:\d+_)?(?:raw|external)/", re.IGNORECASE)
"""Kedro's layers: what lies in the first one comes from outside."""
_KEY: Final = re.compile(r"([^.]+)\.filepath")
_ELSEWHERE: Final = re.compile(r"://|[*?\[\]{}<>|$]|^[~/]")


class CatalogData(NamedTuple):
    """A file that a pipeline begins with."""

    catalog: str
    span: Span
    path: str
    """Relative to the root."""


def first_data(project: Project) -> Iterator[CatalogData]:
    """Raw files of catalogs: those that no node makes and Kedro keeps no versions of."""
    catalogs = [path for path in project.index.documents if _CATALOG.search(path)]
    made = frozenset(project.of_files(_outputs) if catalogs else ())
    for path in catalogs:
        document = project.index.documents[path]
        root = path.rpartition("conf/")[0]
        settings = {setting.key: setting.value for setting in document.settings}
        for setting in document.settings:
            named = _KEY.fullmatch(setting.key)
            written = str(setting.value)
            if named is None or named[1] in made or not _RAW.search(written) or _ELSEWHERE.search(written):
                continue
            if settings.get(f"{named[1]}.versioned") is not True:
                yield CatalogData(path, setting.span, posixpath.normpath(f"{root}{written}"))


def _outputs(project: Project, path: str) -> Iterator[str]:
    """Data sets that nodes of a module give back by name; those in lists are not seen."""
    for event in (event for function in project.index.files[path].functions for event in function.events):
        if isinstance(event, Call) and event.callee.rpartition(".")[2] in {"node", "Node"}:
            given = [argument for argument in event.arguments if argument.name == "outputs"]
            positional = [argument for argument in event.arguments if not argument.name]
            for argument in given or positional[2:3]:
                if argument.value is not None and isinstance(argument.value.value, str):
                    yield argument.value.value
