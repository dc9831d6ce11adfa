"""XGBoost and LightGBM: what a booster learned, when its training is done."""

from __future__ import annotations

from .. import states
from ..watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable


def after_xgboost(watch: Watch, module: ModuleType) -> None:
    """Digest what `train` returns: it is what the interface like scikit-learn's calls as well."""
    _stand_behind(watch, module, "xgboost.Booster", lambda booster: bytes(booster.save_raw("ubj")))


def after_lightgbm(watch: Watch, module: ModuleType) -> None:
    """Likewise."""
    _stand_behind(watch, module, "lightgbm.Booster", lambda booster: booster.model_to_string(num_iteration=-1).encode())


def _stand_behind(watch: Watch, module: ModuleType, kind: str, spell: Callable[[Any], bytes]) -> None:
    if watch.options.trace != "steps":
        return
    from functools import wraps

    original = module.train

    @wraps(original)
    def train(*arguments: Any, **named: Any) -> Any:
        booster = original(*arguments, **named)
        watch.attempt("the trace of a booster", lambda: _tell(watch, kind, booster, spell))
        return booster

    module.train = train  # type: ignore[attr-defined]


def _tell(watch: Watch, kind: str, booster: Any, spell: Callable[[Any], bytes]) -> None:
    place, _ = watch.places.here()
    fields: dict[str, object] = {"class": kind, "method": "train", "place": place}
    fields["attributes"] = {"model": states.digest(spell(booster))}
    fields.update({"opaque": [], "rng": states.states()})
    watch.trace_journal().emit("fit", fields)
