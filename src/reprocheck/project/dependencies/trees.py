"""Reading tables of TOML, YAML and JSON for dependencies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from reprocheck.model.place import Span
from reprocheck.project.dependencies.model import Dependency
from reprocheck.project.documents.requirements_file import Requirement, read_requirements
from reprocheck.project.documents.tree import Entry, Mapping, Node, Scalar, Sequence
from reprocheck.project.source import Problem, SourceText

_WHEEL = re.compile(r"(?:^|/)([A-Za-z0-9][\w.]*)-\d[^/-]*-[^/]+\.whl(?:$|[?#])")


def table(node: Node | None, *keys: str) -> Mapping | None:
    """The table at a path of keys; None where there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else None


def entries(node: Node | None, *keys: str) -> tuple[Entry, ...]:
    """Entries of the table at a path of keys."""
    found = table(node, *keys)
    return () if found is None else found.entries


def items(node: Node | None) -> tuple[Node, ...]:
    """Items of a list."""
    return node.items if isinstance(node, Sequence) else ()


def text(node: Node | None) -> str:
    """A text or number as text; empty for anything else."""
    if isinstance(node, Scalar) and isinstance(node.value, str | int | float) and not isinstance(node.value, bool):
        return str(node.value)
    return ""


def is_true(node: Node | None) -> bool:
    """Whether a value is the literal true."""
    return isinstance(node, Scalar) and node.value is True


def normalised(name: str) -> str:
    """The one spelling of a distribution's name."""
    return str(canonicalize_name(name.strip()))


def requirement(written: str, span: Span, group: str, problems: list[Problem]) -> Dependency | None:
    """A requirement in one string, as in PEP 508; one that can't be read is a problem."""
    read = read_requirements(SourceText("", " ".join(written.split())))
    if len(read.entries) != 1:
        problems.append(Problem(f"is not a requirement: {written[:80]!r}", span, fatal=False))
        return None
    return of_requirement(read.entries[0], span, group)


def of_requirement(read: Requirement, span: Span, group: str = "") -> Dependency:
    """A line of a requirements file, or what is written like one."""
    return Dependency(
        name=read.name or _name_of_wheel(read.url or ""),
        specifier=read.specifier,
        span=span,
        extras=read.extras,
        marker=read.marker or "",
        group=group,
        url=read.url or "",
        vcs=read.vcs or "",
        revision=read.revision or "",
        hashed=bool(read.hashes) or (read.vcs is None and "sha256=" in (read.url or "").rpartition("#")[2]),
    )


def _name_of_wheel(url: str) -> str:
    """Name of the distribution that a wheel is of; empty for any other address."""
    found = _WHEEL.search(url)
    return normalised(found[1]) if found is not None else ""


def requirements(node: Node | None, group: str, problems: list[Problem]) -> Iterator[Dependency]:
    """A list of requirement strings."""
    for item in items(node):
        if isinstance(item, Scalar) and isinstance(item.value, str):
            found = requirement(item.value, item.span, group, problems)
            if found is not None:
                yield found


def whole(entry: Entry) -> Span:
    """Span of a key and its value."""
    key, value = entry.key.span, entry.value.span
    if (value.end_line, value.end_column) < (key.end_line, key.end_column) or value.line < key.line:
        return key
    return Span(key.line, key.column, value.end_line, value.end_column)
