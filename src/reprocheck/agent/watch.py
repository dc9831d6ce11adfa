"""What every part of the agent is handed: journal, places, options, and a memory of what was said before."""

from __future__ import annotations

import _thread
import sys

from .journal import Journal
from .options import Options
from .places import Places
from .told import memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Callable


_ALWAYS = 50
"""Events of one kind from one line that are written in full."""
_KINDS = 50000


class Watch:
    """The agent of one process."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.journal = Journal(options.journal)
        self.places = Places(options.root)
        self.own = _thread._local()  # `threading` costs a millisecond
        self.entrances: list[CodeType] = []
        """Code by which a program comes into the agent."""
        self.last_inherited: str | None = None
        """The module that was imported last when this process was forked; None in one that executed its program."""
        self._seen: dict[tuple[object, ...], int] = {}
        self._told = memory() if options.files == "outside" else None
        self._trace: Journal | None = None
        self._last_words: list[Callable[[], None]] = []
        self._births: list[Callable[[], None]] = []

    def is_first(self, *key: object) -> bool:
        """Whether this was not seen before."""
        if key in self._seen:
            return False
        if len(self._seen) >= _KINDS:
            self._seen.clear()
        self._seen[key] = 1
        return True

    def is_told(self, *key: object) -> bool:
        """Whether this process or one of its family has told it, and a supervisor knows who else does the same."""
        return self._told is not None and self._told.has(key)

    def tell(self, *key: object) -> None:
        """Remember that this is told, where a supervisor is at work."""
        if self._told is not None:
            self._told.add(key)

    def times(self, *key: object) -> int:
        """How often this was seen, now included, when that should be written; else 0.

        All of the first fifty, then every power of two: a seeder in a loop must not fill the disk.
        """
        count = self._seen.get(key, 0) + 1
        if count == 1 and len(self._seen) >= _KINDS:
            self._seen.clear()
        self._seen[key] = count
        return count if count <= _ALWAYS or count & (count - 1) == 0 else 0

    def trace_journal(self) -> Journal:
        """The file for fingerprints of training, made when the first one is written."""
        if self._trace is None:
            self._trace = Journal(self.options.journal, "trace")
        return self._trace

    def at_end(self, function: Callable[[], None]) -> None:
        """Have a function called when the process ends in an orderly way."""
        self._last_words.append(function)

    def in_child(self, function: Callable[[], None]) -> None:
        """Have a function called in the child of every fork."""
        self._births.append(function)

    def end(self) -> None:
        """Call them, the first one last; what one raises becomes a gap."""
        self.own.busy = True
        for function in reversed(self._last_words):
            self.attempt("the end of the process", function)

    def attempt(self, what: str, function: Callable[[], None]) -> None:
        """Call a function of ours where an exception must not reach the user."""
        try:
            function()
        except Exception as error:
            self.journal.failed(what, error)

    def before_fork(self) -> None:
        """From now on there is a family; what children need at their end is loaded once, for all of them."""
        if "random" in sys.modules:
            from . import states  # noqa: F401
            from .libraries import frameworks  # noqa: F401
        if self._told is not None:
            self._told.share()

    def forked(self) -> None:
        """Begin anew in the child of a fork."""
        self.journal.forked()
        if self._trace is not None:
            self._trace.forked()
        self._seen.clear()
        # One name, not a set of all: to look at every name is to copy a page of memory for each few of them.
        self.last_inherited = next(reversed(sys.modules), None)
        self.own = _thread._local()
        for function in self._births:
            self.attempt("following a fork", function)
