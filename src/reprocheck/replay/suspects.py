"""What else was not the same: likely causes, in the order in which a person would look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from reprocheck.model.record import FileRole, FileUses, Observations, Package, Record
from reprocheck.model.replay import Cause, Suspect

_READ = frozenset({FileRole.INPUT, FileRole.READ_THEN_WRITTEN, FileRole.CODE})
_NONE = "None"
"""How a seed reads that came from the operating system."""
_OURS = ".reprocheck/"
_LISTED = 50
"""Suspects of one kind that are listed."""


def suspects(
    record: Record, files: FileUses, observations: Observations, packages: Iterable[Package] | None
) -> tuple[Suspect, ...]:
    """Inputs, packages, folders, seeds, random states and settings that differ from the record.

    `packages` are those of the replay's environment; None where they are not known.
    """
    found: list[Suspect] = []
    kinds = [_inputs(record.files, files), _listings(record.files, files)]
    if packages is not None:
        kinds.append(_packages(record.environment.packages, packages))
    kinds += [_seeds(record.observations, observations), _states(record.observations, observations)]
    kinds += [_from_system(record.observations, observations)]
    kinds += [_flags(record.observations, observations), _hash_seed(record.observations, observations)]
    for kind in kinds:
        for number, suspect in enumerate(kind):
            if number >= _LISTED:
                break
            found.append(suspect)
    return tuple(found)


def changed_packages(recorded: Iterable[Package], present: Iterable[Package]) -> tuple[Suspect, ...]:
    """Packages that are there in another version, that are gone, or that are new."""
    return tuple(_packages(recorded, present))


def _inputs(recorded: FileUses, replayed: FileUses) -> Iterator[Suspect]:
    before = {use.path: use.before for use in recorded.uses if use.role in _READ and use.before is not None}
    now = {use.path: use.before for use in replayed.uses if use.role in _READ and use.before is not None}
    for path in sorted(before.keys() & now.keys()):
        if before[path] != now[path]:
            yield Suspect(
                what=f"files {path}", kind=Cause.FILE, name=path, recorded=str(before[path]), replayed=str(now[path])
            )
    if recorded.complete and replayed.complete:
        for path in sorted(path for path in now.keys() - before.keys() if not path.startswith(_OURS)):
            yield Suspect(what=f"files {path}", kind=Cause.FILE, name=path, recorded="not read", replayed="read")
        for path in sorted(before.keys() - now.keys()):
            yield Suspect(what=f"files {path}", kind=Cause.FILE, name=path, recorded="read", replayed="not read")


def _listings(recorded: FileUses, replayed: FileUses) -> Iterator[Suspect]:
    before = {listing.path: listing for listing in recorded.listings if listing.order}
    for listing in replayed.listings:
        known = before.get(listing.path)
        if known is not None and listing.order and known.order != listing.order:
            same = known.entries == listing.entries
            yield Suspect(
                what=f"order of names in {listing.path}" if same else f"names in {listing.path}",
                kind=Cause.ORDER if same else Cause.NAMES,
                name=listing.path,
                recorded=f"{known.entries} names",
                replayed=f"{listing.entries} names{', in another order' if same else ''}",
            )


def _packages(recorded: Iterable[Package], present: Iterable[Package]) -> Iterator[Suspect]:
    before = {package.name: package for package in recorded}
    now = {package.name: package for package in present}
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old is not None and old.used is False and (new is None or new.version != old.version):
            continue  # what the run didn't open can't have changed it
        if old is None and new is not None:
            continue  # what the run had not could not be imported by it
        if old is not None and (new is None or new.version != old.version):
            version = new.version if new else ""
            yield Suspect(what=f"package {name}", kind=Cause.PACKAGE, name=name, recorded=old.version, replayed=version)


def _seeds(recorded: Observations, replayed: Observations) -> Iterator[Suspect]:
    if not recorded.processes or not replayed.processes:
        return
    before = [(call.name, call.value) for call in recorded.seeders]
    now = [(call.name, call.value) for call in replayed.seeders]
    first: dict[str, tuple[str, str]] = {}
    others: Counter[str] = Counter()
    for (name, value), (other, found) in zip(before, now, strict=False):
        if name == other and value != found:
            others[name] += name in first
            first.setdefault(name, (value, found))
    for name, (value, found) in first.items():
        more = f" (and {others[name]} more calls)" if others[name] else ""
        yield Suspect(what=f"seed of {name}", kind=Cause.SEED, name=name, recorded=value, replayed=found + more)
    if len(before) != len(now):
        yield Suspect(what="seeder calls", kind=Cause.SEEDING, recorded=str(len(before)), replayed=str(len(now)))


def _from_system(recorded: Observations, replayed: Observations) -> Iterator[Suspect]:
    """Generators that were made without a seed both times: each line once."""
    if recorded.entropy is not None:
        return  # the replay got the same
    before, now = ({(c.name, c.place): c for c in seen.seeders if c.value == _NONE} for seen in (recorded, replayed))
    new = "from the system, new each time"
    for key, call in before.items():
        if key in now:
            where = f" at {call.place.path}:{call.place.line}" if call.place is not None else ""
            by = f" by {call.by}" if call.by else ""
            what = f"seed of {call.name}{by}{where}"
            yield Suspect(what=what, kind=Cause.SEED, name=call.name, recorded=new, replayed=new)


def _states(recorded: Observations, replayed: Observations) -> Iterator[Suspect]:
    """Generators whose first state differs: nothing determined it. One line for each.

    One that ended in the same state was seeded after that and drawn from alike: what it was before decided nothing.
    """
    before, now = _states_at(recorded, "first-use"), _states_at(replayed, "first-use")
    ends, ends_now = _states_at(recorded, "end"), _states_at(replayed, "end")
    for generator in sorted(before.keys() & now.keys()):
        if generator in ends and ends[generator] == ends_now.get(generator):
            continue
        if before[generator] != now[generator]:
            yield Suspect(
                what=f"state of {generator} at its first use",
                kind=Cause.STATE,
                name=generator,
                recorded=", ".join(sorted(before[generator]))[:80],
                replayed=", ".join(sorted(now[generator]))[:80],
            )


def _hash_seed(recorded: Observations, replayed: Observations) -> Iterator[Suspect]:
    """Python orders sets of texts by a number that is new in each process, unless `PYTHONHASHSEED` says which."""
    seeds = [{process.hash_seed for process in seen.processes} for seen in (recorded, replayed)]
    if all("random" in found for found in seeds):
        new = "new in each process"
        yield Suspect(what="hash seed of texts", kind=Cause.HASH_SEED, recorded=new, replayed=new)


def _states_at(observations: Observations, moment: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for state in observations.random_states:
        if state.moment == moment:
            found.setdefault(state.generator, set()).add(state.digest)
    return {generator: frozenset(digests) for generator, digests in found.items()}


def _flags(recorded: Observations, replayed: Observations) -> Iterator[Suspect]:
    before = {flag.name: flag.value for flag in recorded.flags}
    for flag in replayed.flags:
        if flag.name in before and before[flag.name] != flag.value:
            yield Suspect(
                what=flag.name,
                kind=Cause.SETTING,
                name=flag.name,
                recorded=before[flag.name],
                replayed=flag.value,
            )
