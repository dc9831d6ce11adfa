"""Finds the loss that a training loop holds in a variable, without touching the loop."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

_FRAMES = 12
_OPTIMIZED = 1
"""Flag of code whose variables are not in a dictionary (CO_OPTIMIZED)."""
_LOOKING = frozenset(["locals", "vars", "eval", "exec", "dir", "breakpoint", "set_trace"])
"""A function that uses these may hold the dictionary in which its variables are shown, and would see it change."""


def find_loss(torch: Any) -> Any:
    """The tensor of one element called `loss`, or nearly so, in the frames that lead to the step; else None."""
    if sys.gettrace() is not None:
        return None
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame is None:
            return None
        name = frame.f_globals.get("__name__", "")
        if not str(name).startswith(("torch.optim", "torch.utils", "torch.amp", "_reprocheck_agent")):
            loss = _in_frame(torch, frame)
            if loss is not None:
                return loss
        frame = frame.f_back
    return None


def _in_frame(torch: Any, frame: FrameType) -> Any:
    code = frame.f_code
    names = [name for name in _variables(code) if "loss" in name.lower()]
    if not names:
        return None
    if not code.co_flags & _OPTIMIZED:
        return _best(torch, frame.f_locals, names)
    if sys.version_info >= (3, 13):
        return _best(torch, frame.f_locals, names)  # a view, not a copy
    if not _LOOKING.isdisjoint(code.co_names):
        return None
    shown = frame.f_locals
    loss = _best(torch, shown, names)
    shown.clear()  # else the copy would keep the loop's objects alive
    return loss


def _variables(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames if code.co_flags & _OPTIMIZED else code.co_names


def _best(torch: Any, variables: Any, names: list[str]) -> Any:
    """The one called `loss`; else the only one that has `loss` in its name and one element."""
    candidates = []
    for name in names:
        value = variables.get(name)
        if issubclass(type(value), torch.Tensor) and value.numel() == 1 and value.is_floating_point():
            if name == "loss":
                return value.detach()
            candidates.append(value)
    return candidates[0].detach() if len(candidates) == 1 else None
