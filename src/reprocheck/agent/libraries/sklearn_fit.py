"""scikit-learn: what an estimator learned, each time one was fitted."""

from __future__ import annotations

from .. import states
from ..watch import Watch
from .fitted import fitted_attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable


def after_base(watch: Watch, module: ModuleType) -> None:
    """Stand behind `_fit_context`, which decorates the `fit` of every estimator that is defined from now on."""
    if watch.options.trace != "steps":
        return
    original = getattr(module, "_fit_context", None)
    if original is None:
        watch.journal.gap("trace", "this version of scikit-learn has no place to see that an estimator was fitted")
        return

    def _fit_context(*arguments: Any, **named: Any) -> Callable[[Any], Any]:
        decorate = original(*arguments, **named)

        def decorated(method: Any) -> Any:
            return _seen(decorate(method), watch)

        return decorated

    module._fit_context = _fit_context  # type: ignore[attr-defined]


def _seen(method: Any, watch: Watch) -> Any:
    from functools import wraps

    @wraps(method)
    def fit(estimator: Any, *arguments: Any, **named: Any) -> Any:
        own = watch.own
        if getattr(own, "fitting", False):
            return method(estimator, *arguments, **named)
        own.fitting = True
        try:
            result = method(estimator, *arguments, **named)
        finally:
            own.fitting = False
        watch.attempt("the trace of a fitted model", lambda: _tell(watch, estimator, method.__name__))
        return result

    return fit


def _tell(watch: Watch, estimator: Any, method: str) -> None:
    kind = type(estimator)
    place, _ = watch.places.here()
    attributes, opaque = fitted_attributes(estimator)
    fields: dict[str, object] = {"class": f"{kind.__module__}.{kind.__qualname__}", "method": method, "place": place}
    fields.update({"attributes": attributes, "opaque": opaque, "rng": states.states()})
    watch.trace_journal().emit("fit", fields)
