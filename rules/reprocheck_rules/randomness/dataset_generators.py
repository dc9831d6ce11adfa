"""Generators that a dataset makes when it is built and draws from for each sample."""

from __future__ import annotations

import re

from reprocheck.rulekit import Project
from reprocheck.rulekit.facts import Call, ClassRef, FunctionRef
from reprocheck_rules.randomness.seeding import LOADER

_OWN = re.compile(r"(numpy\.random\.(?:default_rng|RandomState|Generator)|random\.Random|torch\.Generator)\(\)")


def own_generator(project: Project, owner: ClassRef) -> tuple[tuple[str, Call], tuple[str, Call]] | None:
    """Where a class makes such a generator and where it draws from it: paths with the calls."""
    made: dict[str, tuple[str, Call]] = {}
    methods: list[FunctionRef] = []
    for ancestor in project.index.symbols.ancestry(owner):
        for method in project.index.symbols.own_methods(ancestor):
            if not method.function.name.endswith(".__init__"):
                methods.append(method)
                continue
            for event in method.function.events:
                if isinstance(event, Call) and event.result and _OWN.fullmatch(event.callee + "()"):
                    made.setdefault(event.callee, (method.path, event))
    for method in methods:
        own = {event.callee for event in method.function.events if isinstance(event, Call)}
        for event in method.function.events:
            name = _drawn_from(event) if isinstance(event, Call) else ""
            if isinstance(event, Call) and name in made and name not in own:
                return made[name], (method.path, event)
    return None


def _drawn_from(call: Call) -> str:
    """What made the generator that a call draws from."""
    match_ = _OWN.match(call.callee)
    if match_ is not None and not call.callee.endswith((".seed", ".manual_seed")):
        return match_.group(1)
    for argument in call.arguments:
        if argument.name == "generator" and argument.value is not None and call.callee != LOADER:
            match_ = _OWN.match(str(argument.value.value))
            if match_ is not None:
                return match_.group(1)
    return ""
