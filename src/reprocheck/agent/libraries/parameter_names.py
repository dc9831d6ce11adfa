"""Names of an optimizer's parameters, which the optimizer itself doesn't know."""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_BLOCKS = 4_000_000
"""Allocated blocks of memory beyond which the program's objects are not searched: that would be felt."""


def name_parameters(torch: ModuleType, optimizer: Any, parameters: list[Any]) -> list[str]:
    """Names from the modules that hold the parameters; `GROUP.POSITION` for those that belong to none."""
    names: dict[int, str] = {}
    for number, group in enumerate(optimizer.param_groups):
        given = group.get("param_names") or []
        for position, parameter in enumerate(group["params"]):
            names[id(parameter)] = str(given[position]) if position < len(given) else f"{number}.{position}"
    if not any(group.get("param_names") for group in optimizer.param_groups):
        names.update(_from_modules(torch, {id(parameter) for parameter in parameters}))
    return [names[id(parameter)] for parameter in parameters]


def _from_modules(torch: Any, wanted: set[int]) -> dict[int, str]:
    """Names within the modules that hold most of what is wanted; a wrapper loses against what it wraps."""
    if sys.getallocatedblocks() > _BLOCKS:
        return {}
    kind = torch.nn.Module
    # the type is asked and not the object: a proxy may answer `isinstance` by doing something
    modules = [each for each in gc.get_objects() if issubclass(type(each), kind)]
    found: list[tuple[int, int, dict[int, str]]] = []
    for module in modules:
        own = {id(parameter): name for name, parameter in module.named_parameters() if id(parameter) in wanted}
        if own:
            found.append((-len(own), sum(map(len, own.values())), own))
    found.sort(key=_order)
    names: dict[int, str] = {}
    for _, _, own in found:
        for identity, name in own.items():
            names.setdefault(identity, name)
        if len(names) == len(wanted):
            break
    return names


def _order(candidate: tuple[int, int, dict[int, str]]) -> tuple[int, int]:
    return candidate[:2]
