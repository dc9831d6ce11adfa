"""The standard library's `random`."""

from __future__ import annotations

from types import ModuleType

from .. import states
from ..seeding import seeded
from ..watch import Watch
from ..wrapping import listen


def after_random(watch: Watch, module: ModuleType) -> None:
    """Listen to `Random.seed`, which every way of seeding goes through, and digest the state that is found."""
    states.tell(watch, "first-use", "random")
    instance = module._inst  # the global generator has no other name

    def listener(generator: object, a: object = None, version: int = 2) -> None:  # noqa: ARG001 — names of theirs
        if type(generator).__name__ == "SystemRandom":
            return
        name = "random.seed" if generator is instance else "random.Random"
        if a is None and generator is not instance:
            _place, through = watch.places.here()
            if through not in ("", "random.__init__"):
                return  # a library's own generator, such as the one for names of temporary files
        seeded(watch, name, a)

    if listen(module.Random, "seed", listener, watch):
        module.seed = instance.seed  # type: ignore[attr-defined]
