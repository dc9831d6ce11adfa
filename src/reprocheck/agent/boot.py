"""Starts the agent in one process and ends it."""

from __future__ import annotations

import atexit
import os
import sys

from . import audit, posting, process
from .actions import ACTIONS, NATIVE, SOURCES
from .imports import AfterImport
from .options import Options
from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Callable

    from .entropy import Entropy
    from .imports import Action


def start(text: str) -> None:
    """Begin to watch this process, told how by the variable's text."""
    options = Options(text)
    watch = Watch(options)
    process.started(watch, "exec")
    actions = _actions(watch)
    if options.entropy != "off":
        watch.attempt("the record of entropy", lambda: _record_entropy(watch, actions))
    imports = AfterImport(actions, watch.journal)
    imports.install()
    audit.install(watch)
    if options.board:
        watch.attempt("posting what is opened", lambda: posting.start(options.board))

    def forked() -> None:
        try:
            watch.forked()
            process.started(watch, "fork")
        except Exception as error:  # the child goes on
            watch.journal.failed("following a fork", error)

    def last_words() -> None:
        if "random" in sys.modules:
            from . import states

            states.tell(watch, "end")
            from .libraries import frameworks

            frameworks.at_end(watch)
        watch.journal.emit("end", {"modules": process.modules(watch)})

    os.register_at_fork(before=lambda: watch.attempt("a fork", watch.before_fork), after_in_child=forked)
    watch.at_end(last_words)
    atexit.register(_end, watch, imports)


def _actions(watch: Watch) -> dict[str, list[Action]]:
    actions: dict[str, list[Action]] = {}
    for name, part, function in ACTIONS:
        actions.setdefault(name, []).append(_Later(watch, part, function))
    for name in NATIVE:
        actions.setdefault(name, []).append(_Later(watch, "native_files", "after_module"))
    return actions


def _record_entropy(watch: Watch, actions: dict[str, list[Action]]) -> None:
    """Stand in for the sources of entropy, before anything else listens to the same functions."""
    from . import entropy

    source = entropy.install(watch)
    for name in SOURCES:
        function = getattr(entropy, f"after_{name}")
        actions.setdefault(name, []).insert(0, _Bound(function, source))


class _Bound:
    """A function of a source of entropy and a module."""

    def __init__(self, function: Callable[[Entropy, ModuleType], None], entropy: Entropy) -> None:
        self._function = function
        self._entropy = entropy

    def __call__(self, module: ModuleType) -> None:
        self._function(self._entropy, module)


class _Later:
    """A function of a part that is loaded only when it is needed."""

    def __init__(self, watch: Watch, part: str, function: str) -> None:
        self._watch = watch
        self._part = part
        self._function = function

    def __call__(self, module: ModuleType) -> None:
        from importlib import import_module

        part = import_module(f"{__package__}.libraries.{self._part}")
        getattr(part, self._function)(self._watch, module)


def _end(watch: Watch, imports: AfterImport) -> None:
    for name in imports.missed():
        watch.journal.gap("python", f"{name} was imported in a way that can't be watched")
    watch.end()
