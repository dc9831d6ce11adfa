"""Worker processes: those of `multiprocessing` end without the interpreter's own exit handlers."""

from __future__ import annotations

from ..watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def after_util(watch: Watch, module: ModuleType) -> None:
    """Have forked workers say their last words: they leave by `os._exit`, but run these finalizers before."""

    def in_child(_: object) -> None:
        watch.attempt("preparing the end of a worker", lambda: _register(watch, module))

    module.register_after_fork(watch, in_child)


def _register(watch: Watch, module: ModuleType) -> None:
    module.Finalize(None, watch.end, exitpriority=-1000)
