"""Models and transformers that are written to files and read from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    Const,
    Data,
    Instance,
    Made,
    Many,
    Place,
    Table,
    Value,
    plain,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.effects import Effects

_NESTED = 4
"""Levels of objects in objects that are looked through."""


class Persistence:
    """What saving and loading do to followed values."""

    def __init__(self, effects: Effects) -> None:
        """`effects` explains what else a call may do."""
        self._effects = effects
        self._uses = effects.uses

    def load(self, name: str, entry: CatalogEntry, arguments: dict[str, Value], place: Place) -> Value:
        """What a loader gives: an object that remembers its file."""
        names = entry.path_arguments or entry.arguments[:1]
        given = arguments.get(names[0] if names else "0", arguments.get("0"))
        if isinstance(given, Made):
            given = given.arguments.get("file", NOTHING)
        made = Made(name, arguments, place)
        if isinstance(given, Const) and isinstance(given.value, str):
            path = self._effects.run.located(given.value)
            if path in self._uses.stored:
                return self._uses.stored[path]
            self._uses.load(path, made, place)
        return made

    def array(self, arguments: list[Value], place: Place) -> Value:
        """`numpy.load(file)`."""
        given = arguments[0] if arguments else NOTHING
        known = isinstance(given, Const) and isinstance(given.value, str)
        found = self._uses.stored.get(self._effects.run.located(str(plain(given)))) if known else None
        return found or Data("numpy.load", (), "numpy.ndarray", place)

    def save(self, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value:
        """`dump(object, file)`: the path is the argument that is a text or an open file, wherever it stands."""
        path, saved = None, None
        for value in [*positional, *keywords.values()]:
            inner = (
                value.arguments.get("file", NOTHING)
                if isinstance(value, Made) and value.name == "builtins.open"
                else value
            )
            if isinstance(inner, Const) and isinstance(inner.value, str) and path is None:
                path = inner.value
            elif saved is None and not isinstance(inner, Const):
                saved = value
        self.saved(path, saved, place)
        return NOTHING

    def saved(self, path: str | None, saved: Value | None, place: Place) -> None:
        """An object, or each of several, was written to a file."""
        path = None if path is None else self._effects.run.located(path)
        data = self._effects.items.joined(saved) if isinstance(saved, Many) else saved
        if isinstance(data, Data) and (data.kind or data.steps):
            # Tables, arrays and lists of them: another program may go on with them.
            if path is not None:
                self._uses.stored[path] = data
            return
        if path is None or saved is None or isinstance(saved, Data):
            self._uses.unread_saves += 1
            self._uses.unread.add(path or "")
            self.escapes([] if saved is None else [saved])
            return
        parts = (
            list(saved.items.values())
            if isinstance(saved, Table)
            else saved.items
            if isinstance(saved, Many)
            else [saved]
        )
        for part in parts:
            inner = part.attributes.get("state of") if isinstance(part, Made) and part.name == "state" else part
            if isinstance(inner, Made | Instance):
                self._uses.save(path, inner, place)
                self.escapes([inner])

    def read(self, path: Value | None, place: Place) -> None:
        """A picture or a table is read from a file."""
        if isinstance(path, Const) and isinstance(path.value, str):
            self._uses.files_read.setdefault(place, set()).add(self._effects.run.located(path.value))

    def written(self, path: Value | None, data: Value | None) -> None:
        """A picture or a table is written to a file: where it is read, the steps before aren't seen."""
        if not isinstance(data, Data) or not data.steps:
            return
        if isinstance(path, Const) and isinstance(path.value, str):
            self._uses.files_written.add(self._effects.run.located(path.value))
        else:
            self._uses.prepared.update(step.op for step in data.steps)

    def escapes(self, values: Iterable[Value], depth: int = 0) -> None:
        """Objects that get out of sight may be saved there."""
        for value in values:
            match value:
                case Made():
                    self._uses.escaped.add(id(value))
                    if depth < _NESTED:
                        self.escapes([*value.arguments.values(), *value.attributes.values()], depth + 1)
                case Instance() if depth < _NESTED:
                    self.escapes(value.attributes.values(), depth + 1)
                case Many() if depth < _NESTED:
                    self.escapes(value.items, depth + 1)
                case Table() if depth < _NESTED:
                    self.escapes(value.items.values(), depth + 1)

    def checkpoints(self, model: Value, callbacks: Value | None, place: Place) -> None:
        """Files that callbacks write the model to."""
        for callback in callbacks.items if isinstance(callbacks, Many) else [callbacks]:
            if isinstance(callback, Made) and callback.name.endswith(".ModelCheckpoint"):
                path = callback.arguments.get("filepath", callback.arguments.get("0"))
                if isinstance(path, Const) and isinstance(path.value, str):
                    self.saved(path.value, model, place)
