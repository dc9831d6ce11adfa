"""Seeds in configuration objects that no code reads: what is recorded is not what the run was seeded with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Project, Span, is_test_path
from reprocheck_rules.debt.changes import Changes

_SET = re.compile(r"(?:^|\.)(?:ConfigDict|CfgNode|EasyDict)\(\)\.((?:\w+\.)*\w*seed)$", re.IGNORECASE)


class UnreadSeed(NamedTuple):
    """A seed without a reader."""

    path: str
    span: Span
    shown: str
    """The key, with those that it lies in."""
    name: str


def unread_seeds(changes: Changes) -> Iterator[list[UnreadSeed]]:
    """Keys of configuration objects that are called seeds, where nothing of the project reads such a key, by name."""
    found: dict[str, list[UnreadSeed]] = {}
    for seed in changes.project.of_files(_seeds_in):
        found.setdefault(seed.name, []).append(seed)
    yield from (seeds for name, seeds in found.items() if not _is_read(changes, name))


def _seeds_in(project: Project, path: str) -> Iterator[UnreadSeed]:
    if is_test_path(path):
        return
    for assignment in project.index.files[path].assignments:
        key = _SET.search(assignment.target)
        if key is not None:
            yield UnreadSeed(path, assignment.span, key[1], key[1].rpartition(".")[2])


def _is_read(changes: Changes, name: str) -> bool:
    """Whether any module has the name as an attribute or text, or gives all keys to what has a parameter for it."""
    has = changes.words.has
    if has("attributes", name) or has("strings", name):
        return True
    return has("seeds taken", name) and has("unpacks", "**")
