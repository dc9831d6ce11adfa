"""Keeps torch's compiler away from the agent: what it would compile, or stumble over, it must not see."""

from __future__ import annotations

from .. import wrapping
from ..imports import AfterImport
from ..watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType
    from typing import Any, Callable


def after_torch(watch: Watch, module: ModuleType) -> None:
    """Have the compiler pass over every function of the agent that a program can come by."""
    skip, skip_all = skippers(module)
    for code in [AfterImport.find_spec.__code__, *wrapping.entrances(watch)]:
        skip(code)
    for code in watch.entrances:
        skip_all(code)


def skippers(torch: Any) -> tuple[Callable[[CodeType], None], Callable[[CodeType], None]]:
    """The functions of this torch that exempt code, and code with all that it calls; where there are none, nothing."""
    frames: Any = getattr(getattr(torch._C, "_dynamo", None), "eval_frame", None)
    if not hasattr(frames, "set_code_exec_strategy"):
        skip = getattr(frames, "skip_code", _nothing)
        return skip, skip
    action, strategy = frames._FrameAction, frames._FrameExecStrategy

    def skip_it(code: CodeType) -> None:
        frames.set_code_exec_strategy(code, strategy(action.SKIP, action.DEFAULT))

    def skip_all(code: CodeType) -> None:
        frames.set_code_exec_strategy(code, strategy(action.SKIP, action.SKIP))

    return skip_it, skip_all


def switch(torch: Any) -> Callable[[Any], Any]:
    """The function of this torch that sets what the compiler does with frames and returns what it did before."""
    frames = getattr(getattr(torch._C, "_dynamo", None), "eval_frame", None)
    return getattr(frames, "set_eval_frame", _nothing)


def _nothing(_: Any) -> None:
    """Stands in where there is no compiler."""
