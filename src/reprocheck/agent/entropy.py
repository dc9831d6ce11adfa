"""Records what Python gets from the system's entropy and clock, or gives a recording back.

Only for runs that ask for it: it stands in for functions of the standard library, and a recording holds whatever keys
the program made. A call is matched with the recorded one from the same line, so that threads may take turns otherwise.
"""

from __future__ import annotations

import os
import sys
import time

from .journal import Journal
from .lineage import Lineage
from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable

    Key = tuple[str, str, str]

_MOST = 1_000_000
"""Values of one process that are recorded."""


class Entropy:
    """The source of all that is drawn: the system, or a recording of it."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._journal = Journal(watch.options.journal, "entropy")
        self._lineage = Lineage(self._journal, watch.options.journal)
        self._count = 0
        self._replays = watch.options.entropy == "replay"
        self._recorded: dict[Key, list[Any]] = {}
        if self._replays:
            self._load()

    def before_fork(self) -> None:
        """Called in the parent of a fork."""
        self._lineage.before_fork()

    def in_child(self) -> None:
        """Called in the child of a fork."""
        self._journal.forked()
        self._lineage.in_child()
        self._journal.emit("lineage", {"lineage": self._lineage.name})
        self._count = 0
        if self._replays:
            self._load()

    def draw(self, source: str, ask: Callable[[], Any], detail: object = "") -> Any:
        """A value of a source: the system's, kept; or the recorded one."""
        own = self._watch.own
        if getattr(own, "drawing", False):
            return ask()
        own.drawing = True
        values: list[Any] = []
        try:
            self._draw(source, ask, detail, values)
        except Exception as error:  # the program gets its value in any case
            self._watch.journal.failed("the record of " + source, error)
        finally:
            own.drawing = False
        return values[0] if values else ask()

    def _draw(self, source: str, ask: Callable[[], Any], detail: object, values: list[Any]) -> None:
        place, through = self._watch.places.here()
        is_recorded = False
        if self._replays:
            line = f"{place[0]}:{place[1]}" if place else ""
            value, is_recorded = self._next((source, str(detail), line + " " + through))
        if not is_recorded:
            value = ask()
        values.append(value)
        self._keep(source, detail, value, place, through, is_recorded=is_recorded)

    def _keep(
        self, source: str, detail: object, value: object, place: object, through: str, *, is_recorded: bool
    ) -> None:
        self._count += 1
        if self._count > _MOST:
            self._watch.journal.gap("entropy", f"more than {_MOST} values were drawn, only the first are recorded")
            return
        fields: dict[str, object] = {"source": source, "detail": detail, "value": value}
        fields.update({"place": place, "through": through})
        if is_recorded:
            fields["replayed"] = True
        self._journal.emit("entropy", fields)

    def _next(self, key: Key) -> tuple[Any, bool]:
        """The next recorded value of a line, else of any line; False when the recording has none left."""
        values = self._recorded.get(key)
        if not values:
            values = next((rest for other, rest in self._recorded.items() if rest and other[:2] == key[:2]), None)
        if not values:
            self._watch.journal.gap("entropy", f"the recording has no more values of {key[0]}: a fresh one was drawn")
            return None, False
        return values.pop(0), True

    def _load(self) -> None:
        """Read what the same process of the recorded run drew."""
        import json

        self._recorded.clear()
        found = False
        folder = self._watch.options.entropy_from
        for name in sorted(os.listdir(folder)):
            if not (name.startswith("entropy-") and name.endswith(".jsonl")):
                continue
            with open(os.path.join(folder, name), "rb") as file:
                is_ours = False
                for line in file:
                    try:
                        event = json.loads(line)
                    except ValueError:
                        continue  # torn: the process died while it wrote
                    if event["event"] == "lineage":
                        is_ours = event["lineage"] == self._lineage.name
                        found = found or is_ours
                    elif is_ours and event["event"] == "entropy":
                        place = event["place"]
                        where = (f"{place[0]}:{place[1]}" if place else "") + " " + event["through"]
                        key = (event["source"], str(event["detail"]), where)
                        self._recorded.setdefault(key, []).append(event["value"])
        if not found:
            reason = f"the recording has no process {self._lineage.name}: it drew afresh"
            self._watch.journal.gap("entropy", reason)


class _Stand:
    """Stands for a function written in C; it doesn't bind to classes it is put in."""

    def __init__(self, function: Any, call: Callable[..., Any]) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self._call = call

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._call(*arguments, **named)

    def __reduce__(self) -> str:
        return str(self.__qualname__)  # pickled by name, as the function itself is


def install(watch: Watch) -> Entropy:
    """Stand in for the sources that every program has; those of libraries follow when they are imported."""
    entropy = Entropy(watch)
    os.register_at_fork(before=entropy.before_fork)
    watch.in_child(entropy.in_child)
    _install_urandom(entropy)
    _install_clock(entropy)
    return entropy


def _install_urandom(entropy: Entropy) -> None:
    original = os.urandom

    def urandom(size: int) -> bytes:
        drawn = entropy.draw("os.urandom", lambda: original(size).hex(), size)
        return bytes.fromhex(str(drawn))

    stand = _Stand(original, urandom)
    os.urandom = stand
    for name in ("posix", "random"):
        module = sys.modules.get(name)
        if module is not None:
            setattr(module, "urandom" if name == "posix" else "_urandom", stand)
    if hasattr(os, "getrandom"):
        get = os.getrandom

        def getrandom(size: int, flags: int = 0) -> bytes:
            return bytes.fromhex(str(entropy.draw("os.getrandom", lambda: get(size, flags).hex(), size)))

        os.getrandom = _Stand(get, getrandom)


def _install_clock(entropy: Entropy) -> None:
    now, nanoseconds = time.time, time.time_ns

    def read_time() -> float:
        return float(entropy.draw("time.time", now, ""))

    def read_time_ns() -> int:
        return int(entropy.draw("time.time_ns", nanoseconds, ""))

    time.time = _Stand(now, read_time)
    time.time_ns = _Stand(nanoseconds, read_time_ns)
    for name in ("localtime", "gmtime", "ctime"):
        _install_broken_down(entropy, name, now)
    strftime = time.strftime

    def spell_time(form: str, when: Any = None) -> str:
        return strftime(form, time.localtime() if when is None else when)

    time.strftime = _Stand(strftime, spell_time)


def _install_broken_down(entropy: Entropy, name: str, now: Callable[[], float]) -> None:
    """For functions of the clock that take the present time when none is given."""
    original = getattr(time, name)

    def call(seconds: float | None = None) -> Any:
        return original(entropy.draw("time." + name, now, "") if seconds is None else seconds)

    setattr(time, name, _Stand(original, call))


def after_datetime(entropy: Entropy, module: ModuleType) -> None:
    """Stand in for the constructors of the present."""
    from .wrapping import replace_in_type

    utc = module.timezone.utc
    read = time.time_ns.__wrapped__  # type: ignore[attr-defined]

    def present(kind: Any, zone: Any, name: str) -> Any:
        microseconds = entropy.draw(name, lambda: read() // 1000, "")
        moment = kind.fromtimestamp(microseconds // 1_000_000, zone)
        return moment.replace(microsecond=microseconds % 1_000_000)

    def now(kind: Any, tz: Any = None) -> Any:
        return present(kind, tz, "datetime.now")

    def utcnow(kind: Any) -> Any:
        return present(kind, utc, "datetime.utcnow").replace(tzinfo=None)

    def today(kind: Any) -> Any:
        return kind.fromtimestamp(entropy.draw("date.today", lambda: read() / 1e9, ""))

    replaced = replace_in_type(module.datetime, "now", classmethod(now))
    replaced = replace_in_type(module.datetime, "utcnow", classmethod(utcnow)) and replaced
    if not (replace_in_type(module.date, "today", classmethod(today)) and replaced):
        entropy._watch.journal.gap("entropy", "the present time of datetime can't be recorded in this interpreter")


def after_uuid(entropy: Entropy, module: ModuleType) -> None:
    """Stand in for the identifier made of clock and network card; the random one is made of `os.urandom`."""
    original = module.uuid1

    def uuid1(node: int | None = None, clock_seq: int | None = None) -> Any:
        drawn = entropy.draw("uuid.uuid1", lambda: f"{original(node, clock_seq).int:x}", "")
        return module.UUID(int=int(drawn, 16))

    module.uuid1 = uuid1  # type: ignore[attr-defined]


def after_random(entropy: Entropy, module: ModuleType) -> None:
    """Keep the state that generators without a seed begin with: they get it from the system behind Python's back."""
    original = module.Random.seed
    fresh = os.urandom.__wrapped__  # type: ignore[attr-defined]

    def seed(self: Any, a: Any = None, version: int = 2) -> None:
        if a is None and type(self).__name__ != "SystemRandom":
            a = int(entropy.draw("random.seed", lambda: fresh(2496).hex(), ""), 16)
        original(self, a, version)

    seed.__wrapped__ = original  # type: ignore[attr-defined]
    module.Random.seed = seed
    module.seed = module._inst.seed  # type: ignore[attr-defined]
    module._inst.seed()


def after_torch(entropy: Entropy, module: ModuleType) -> None:
    """Keep the seeds that torch draws for itself."""
    from .wrapping import replace_in_type

    kind = module._C.Generator
    original = kind.seed

    def seed(generator: Any) -> int:
        drawn = int(entropy.draw("torch.Generator.seed", lambda: original(generator), ""))
        generator.manual_seed(drawn)
        return drawn

    replace_in_type(kind, "seed", seed)
    default = module.default_generator
    default.manual_seed(int(entropy.draw("torch.initial_seed", default.initial_seed)))
    if module.cuda.is_available():
        entropy._watch.journal.gap("entropy", "what CUDA generators without a seed begin with is not recorded")
