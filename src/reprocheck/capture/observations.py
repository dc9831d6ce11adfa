"""Turns the agent's journal into what is known about Python: processes, seeds, settings, generators, steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from reprocheck.capture.journal_lines import Event, JournalFile, journal_files, torn_gap
from reprocheck.capture.observed_entropy import entropy_record
from reprocheck.capture.observed_trace import trace_summary
from reprocheck.capture.unwatched import unwatched_gaps
from reprocheck.model.file_use import CodePlace
from reprocheck.model.gap import Gap
from reprocheck.model.observation import (
    DeterminismFlag,
    FlagChange,
    Observations,
    Perturber,
    PythonProcess,
    RandomState,
    SeederCall,
    ThreadPool,
)

_LEGACY = {"numpy.random.seed", "numpy.random.RandomState"}
_WATCHERS = frozenset({"clearml", "mlflow", "wandb", "comet_ml", "neptune", "aim", "sacred", "codecarbon"})
"""Libraries that are there to watch a run."""
_CONSEQUENCES = {
    "agent": "what happened in that process may be missing",
    "python": "seeds, settings and lines of Python are not known for it",
    "seeds": "a seed that was set there is missing",
    "listings": "the order of that directory's entries can't be compared",
    "trace": "steps are missing, so that a divergence there is found in the outputs only",
    "entropy": "an unseeded run can't be replayed bit for bit from it",
    "flags": "a setting may have been changed without being seen",
}


class _Image(msgspec.Struct, frozen=True):
    """The events of one program in one process: a process that executes another program has several."""

    events: tuple[Event, ...]

    @property
    def start(self) -> Event:
        """How it began; empty where that line is lost."""
        return self.events[0] if self.events and self.events[0]["event"] == "start" else {}

    @property
    def pid(self) -> int:
        return number(self.events[0], "pid") if self.events else 0

    @property
    def started(self) -> int:
        return number(self.events[0], "started") if self.events else 0

    def of(self, kind: str) -> Iterator[Event]:
        """Events of one kind."""
        return (event for event in self.events if event["event"] == kind)


def observations(journal: Path, *, started: int | None = None) -> Observations:
    """Everything that the agent wrote into a journal.

    `started` is CLOCK_MONOTONIC at the start of the run, to which times are relative; without it, the first event's.
    """
    files = journal_files(journal)
    images = [image for file in files for image in _images(file)]
    origin = started if started is not None else min((number(image.events[0], "time") for image in images), default=0)
    seeders = tuple(sorted((call for image in images for call in _seeders(image, origin)), key=_time_of_call))
    states = tuple(state for image in images for state in _states(image))
    unwatched = unwatched_gaps(journal, {(image.pid, image.started) for image in images})
    gaps = tuple(sorted(_gaps(images, files) | set(unwatched)))
    return Observations(
        processes=tuple(_process(image) for image in images),
        seeders=seeders,
        random_states=states,
        flags=_flags(images, origin),
        trace=trace_summary(journal),
        entropy=entropy_record(journal, seeders, states, gaps),
        perturbers=_perturbers(images, seeders),
        thread_pools=_thread_pools(images),
        gaps=gaps,
    )


def _time_of_call(call: SeederCall) -> int:
    return call.time


def _images(file: JournalFile) -> Iterator[_Image]:
    collected: list[Event] = []
    for event in file.events:
        if event["event"] == "start" and collected:
            yield _Image(tuple(collected))
            collected = []
        collected.append(event)
    if collected:
        yield _Image(tuple(collected))


def _process(image: _Image) -> PythonProcess:
    start, end = image.start, next(image.of("end"), {})
    seed = text(start, "hash_seed")
    return PythonProcess(
        pid=image.pid,
        started=image.started,
        parent=number(start, "parent"),
        executable=text(start, "executable"),
        version=text(start, "version"),
        prefix=text(start, "prefix"),
        arguments=tuple(_texts(start.get("command"))),
        start_method=text(start, "method"),
        hash_seed=seed or ("random" if start.get("hash_randomization") else ""),
        ended=bool(end),
        modules=tuple(_texts(end.get("modules"))),
    )


def _seeders(image: _Image, origin: int) -> Iterator[SeederCall]:
    """Calls that set a generator; what numpy draws from the system before it is seeded the old way isn't one."""
    events = list(image.of("seed"))
    for event, following in zip(events, [*events[1:], {}], strict=False):
        is_prelude = event.get("from_system") and event.get("name") == "numpy.random.SeedSequence"
        if is_prelude and following.get("name") in _LEGACY and following.get("place") == event.get("place"):
            continue
        yield SeederCall(
            name=text(event, "name"),
            value="None" if event.get("from_system") else text(event, "value"),
            pid=image.pid,
            time=number(event, "time") - origin,
            place=place_of(event),
            by=distribution(event),
        )


def _states(image: _Image) -> Iterator[RandomState]:
    for event in image.of("rng"):
        states = event.get("states")
        for generator, digest in sorted(states.items()) if isinstance(states, dict) else ():
            yield RandomState(
                generator=str(generator),
                moment=text(event, "moment"),
                digest=str(digest),
                pid=image.pid,
                place=place_of(event),
            )


def _flags(images: list[_Image], origin: int) -> tuple[DeterminismFlag, ...]:
    """Each setting with the value at the end of the first process that had it, and every change in any process."""
    values: dict[str, str] = {}
    changes: dict[str, list[FlagChange]] = {}
    first_environment: dict[str, str] = {}
    for image in images:
        own: dict[str, str] = {}
        environment = _settings(image.start.get("environment"))
        if not first_environment:
            first_environment = environment
        elif image.start.get("method") == "exec":
            by = text(image.start, "launcher")
            when = number(image.start, "time") - origin
            for name, value in environment.items():
                if first_environment.get(name) != value:
                    changes.setdefault(name, []).append(FlagChange(value=value, pid=image.pid, time=when, by=by))
        own.update(environment)
        for event in image.of("flag"):
            name = text(event, "name")
            own[name] = text(event, "value")
            changes.setdefault(name, []).append(_change(event, image.pid, origin))
        for event in image.of("flags"):
            own.update(_settings(event.get("values")))
        for name, value in own.items():
            values.setdefault(name, value)
    return tuple(
        DeterminismFlag(
            name=name, value=values[name], changes=tuple(sorted(changes.get(name, ()), key=lambda change: change.time))
        )
        for name in sorted(values)
    )


def _change(event: Event, pid: int, origin: int) -> FlagChange:
    return FlagChange(
        value=text(event, "value"),
        pid=pid,
        time=number(event, "time") - origin,
        place=place_of(event),
        by=distribution(event),
    )


def _perturbers(images: list[_Image], seeders: tuple[SeederCall, ...]) -> tuple[Perturber, ...]:
    """Libraries that watch runs and changed this one: by seeding, or as they say themselves."""
    found = [
        Perturber(name=text(event, "name"), effect=text(event, "effect"))
        for image in images
        for event in image.of("perturber")
    ]
    found += [
        Perturber(name=call.by, effect=f"it seeded {call.name} with {call.value}", place=call.place)
        for call in seeders
        if call.by in _WATCHERS
    ]
    return tuple({(each.name, each.effect): each for each in reversed(found)}.values())[::-1]


def _thread_pools(images: list[_Image]) -> tuple[ThreadPool, ...]:
    """Pools of the first process that has each library."""
    pools: dict[str, ThreadPool] = {}
    for image in images:
        for event in image.of("pools"):
            listed = event.get("pools")
            for pool in listed if isinstance(listed, list) else ():
                if isinstance(pool, dict):
                    pools.setdefault(text(pool, "path"), _pool(pool))
    return tuple(pools.values())


def _pool(pool: Event) -> ThreadPool:
    return ThreadPool(
        api=text(pool, "api"),
        library=text(pool, "library"),
        version=text(pool, "version"),
        architecture=text(pool, "architecture"),
        threads=number(pool, "threads"),
        path=text(pool, "path"),
    )


def _gaps(images: Iterable[_Image], files: tuple[JournalFile, ...]) -> set[Gap]:
    gaps = set()
    for image in images:
        for event in image.of("gap"):
            channel = text(event, "channel")
            consequence = _CONSEQUENCES.get(channel, "it is missing from the record")
            gaps.add(Gap(f"observations.{channel}", text(event, "reason"), consequence))
        lost = sum(number(event, "events") for event in image.of("lost"))
        if lost:
            gaps.add(Gap("observations", f"{lost} events could not be written", "what they said is not known"))
    if (torn := torn_gap(files)) is not None:
        gaps.add(torn)
    return gaps


def place_of(event: Event) -> CodePlace | None:
    """The user's line that an event names; None where it names none."""
    match event.get("place"):
        case [str(path), int(line), str(function)]:
            return CodePlace(path, line, function)
        case _:
            return None


def distribution(event: Event) -> str:
    """The library between the user's line and the event, where it is another than the one that the event is about."""
    through = text(event, "through").partition(".")[0]
    about = text(event, "name").partition(".")[0]
    return "" if through in {about, "", "os", "subprocess"} else through


def text(event: Event, key: str) -> str:
    """A text of an event; empty where there is none."""
    value = event.get(key)
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else ""


def number(event: Event, key: str) -> int:
    """A whole number of an event; 0 where there is none."""
    value = event.get(key)
    return value if isinstance(value, int) else 0


def _texts(value: object) -> list[str]:
    return [str(item).encode("utf-8", "backslashreplace").decode() for item in value] if isinstance(value, list) else []


def _settings(value: object) -> dict[str, str]:
    return {str(key): str(setting) for key, setting in value.items()} if isinstance(value, dict) else {}
