"""Seeds in configuration objects that no code reads: what is recorded is not what the run was seeded with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Span, is_test_path
from reprocheck.rulekit.facts import Call
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
    for path, facts in sorted(changes.index.files.items()):
        for assignment in facts.assignments:
            key = _SET.search(assignment.target)
            if key is not None and not is_test_path(path):
                seed = UnreadSeed(path, assignment.span, key[1], key[1].rpartition(".")[2])
                found.setdefault(seed.name, []).append(seed)
    yield from (seeds for name, seeds in found.items() if not _is_read(changes, name))


def _is_read(changes: Changes, name: str) -> bool:
    """Whether any module has the name as an attribute or text, or gives all keys to what has a parameter for it."""
    files = changes.index.files.values()
    if any(name in facts.attributes or name in facts.strings for facts in files):
        return True
    functions = [function for facts in files for function in facts.functions]
    takes = any(parameter.name == name for function in functions for parameter in function.parameters)
    return takes and any(
        argument.name == "**"
        for function in functions
        for event in function.events
        if isinstance(event, Call)
        for argument in event.arguments
    )
