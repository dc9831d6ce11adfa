"""numpy's generators, old and new."""

from __future__ import annotations

import sys
from types import ModuleType

from .. import states
from ..seeding import seeded
from ..watch import Watch
from ..wrapping import listen_in_type


def after_mt19937(watch: Watch, module: ModuleType) -> None:
    """Listen to what `numpy.random.seed` and `RandomState(...)` both call."""

    def listener(generator: object, value: object = None) -> None:
        legacy = _global()
        if legacy is None:
            return  # numpy's own first seeding, while it is imported
        is_global = getattr(legacy, "_bit_generator", None) is generator
        seeded(watch, "numpy.random.seed" if is_global else "numpy.random.RandomState", value)

    if not listen_in_type(module.MT19937, "_legacy_seeding", listener, watch):
        watch.journal.gap("seeds", "seeds of numpy's old generators can't be seen in this version of numpy")


def _global() -> object:
    """The global generator of numpy; None while it is imported."""
    return getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)


def after_bit_generator(watch: Watch, module: ModuleType) -> None:
    """Stand before what `default_rng`, `SeedSequence` and the bit generators call with their seed."""
    coerce = getattr(module, "_coerce_to_uint32_array", None)
    if coerce is None:
        watch.journal.gap("seeds", "seeds of numpy's new generators can't be seen in this version of numpy")
        return
    draw = module.randbits

    def randbits(bits: int) -> int:
        number = int(draw(bits))
        watch.own.numpy_entropy = number
        return number

    def _coerce_to_uint32_array(value: object) -> object:
        own = watch.own
        if getattr(own, "coercing", False):  # a number of a sequence
            return coerce(value)
        own.coercing = True
        try:
            watch.attempt("listening to a seed of numpy", lambda: _tell(watch, value))
            return coerce(value)
        finally:
            own.coercing = False

    module.randbits = randbits  # type: ignore[attr-defined]
    module._coerce_to_uint32_array = _coerce_to_uint32_array  # type: ignore[attr-defined]


def _tell(watch: Watch, value: object) -> None:
    """The seed of a sequence; a second call follows with the spawn key, which is a tuple."""
    if isinstance(value, tuple) or _global() is None:
        return  # the state that numpy begins with is no call of the user's
    _place, through = watch.places.here()
    if through.endswith(".<module>"):
        return  # a generator that a library makes for itself while it is imported
    from_system = getattr(watch.own, "numpy_entropy", None) == value
    seeded(watch, "numpy.random.SeedSequence", value, from_system=from_system)


def after_mtrand(watch: Watch, _module: ModuleType) -> None:
    """Digest the state that the old global generator begins with."""
    states.tell(watch, "first-use", "numpy")
