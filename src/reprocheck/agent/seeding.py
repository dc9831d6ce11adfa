"""Says in the journal that a generator was seeded: with what, where, and through which library."""

from __future__ import annotations

from .encode import spell
from .watch import Watch


def seeded(watch: Watch, name: str, value: object, *, generator: str = "", from_system: bool = False) -> None:
    """One call of a seeder; those that it makes in turn say nothing of their own."""
    place, through = watch.places.here()
    text = spell(value)
    times = watch.times("seed", name, tuple(place) if place else None)
    if times:
        fields: dict[str, object] = {"name": name, "value": text, "place": place, "through": through}
        if generator:
            fields["generator"] = generator
        if from_system or value is None:
            fields["from_system"] = True
        if times > 1:
            fields["times"] = times
        watch.journal.emit("seed", fields)
