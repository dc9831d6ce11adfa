"""Items and elements of followed values, and columns that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.rulekit.preprocessing.labels import columns_label
from reprocheck.rulekit.preprocessing.models import LOADER
from reprocheck.rulekit.preprocessing.values import (
    NOWHERE,
    UNSURE,
    Const,
    Data,
    FunctionValue,
    Instance,
    Made,
    Many,
    Method,
    Named,
    Place,
    Step,
    Table,
    Value,
    plain,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.effects import Effects
_LEARNED = frozenset({"fitted", "own-statistics", "dummies"})
"""Steps of one field that are kept when fields are put into a row."""
_OF_TABLES = frozenset({"columns", "indices", "drop"})
"""Steps that choose columns of a table: what is put into one column doesn't choose those of the whole."""
_FIELDS, _NESTED = 200, 3


class Items:
    """What indexing and going through a value give."""

    def __init__(self, effects: Effects) -> None:
        """`effects` explains what else a call may do."""
        self._effects = effects
        self._catalog = effects.catalog

    def item(self, owner: Value, key: Value, place: Place) -> Value:
        """`owner[key]`."""
        if isinstance(owner, Instance):
            function = self._effects.run.method(owner.of, "__getitem__")
            if isinstance(function, FunctionValue):
                result = self._effects.run.enter(function, [owner, Data("index")], {})
                if isinstance(result, Many) and result.items:
                    return result.items[0]
                if isinstance(result, Table) and result.items:
                    return next(iter(result.items.values()))
                return result
            return Data(f"{owner.of.name}[]")
        if isinstance(owner, Data):
            return self._item_of_data(owner, key, place)
        entry = self._catalog.entry(owner.name) if isinstance(owner, Made) else None
        return owner if entry is not None and LOADER in entry.roles else Data("?")

    def _item_of_data(self, owner: Data, key: Value, place: Place) -> Value:
        known = plain(key)
        if (
            isinstance(key, Many)
            and key.kind == "list"
            and isinstance(known, list)
            and known
            and all(isinstance(k, str) for k in known)
        ):
            return owner.then(Step("columns", columns_label(known), place, {"columns": known}), "pandas.DataFrame")
        if isinstance(key, Method | Named) and key.name.rpartition(".")[2] == "columns":
            return owner.then(Step("columns", "[....columns]", place, {"columns": UNSURE}))
        if _is_channel_flip(key):
            return owner.then(Step("channels", "[..., ::-1]", place, {"order": "swap"}))
        if _is_region(key):
            return owner.then(Step("region", "[top:bottom, left:right]", place))
        return owner

    def with_item(self, owner: Data, key: Value, value: Value, place: Place) -> Data:
        """Data after `owner[key] = value`: what the value went through beyond its owner happened to that column."""
        column = key.value if isinstance(key, Const) and isinstance(key.value, str) else None
        if column is None:
            # A loop over columns: what is learned for them is known, their names aren't.
            return self.joined(Many([owner, value])) or owner
        if isinstance(value, Data) and value.source == owner.source:
            known = {step.key for step in owner.steps}
            for step in value.steps:
                if step.key not in known and step.op not in _OF_TABLES:
                    owner = owner.then(
                        Step(step.op, f"{column}: {step.label}", step.place, {**step.given, "column": column})
                    )
            return owner
        if not owner.steps and owner.kind != "pandas.DataFrame":
            return owner
        return owner.then(Step("derive", f"[{column!r}] = ...", place, {"column": column}))

    def joined(self, parts: Many) -> Data | None:
        """Values that are put beside one another: the first one goes on, with what was learned for the others."""
        leaves = _leaves(parts)
        if not leaves:
            return None
        first = leaves[0]
        known = {step.key for step in first.steps}
        for leaf in leaves[1:]:
            for step in leaf.steps:
                if step.op in _LEARNED and step.key not in known:
                    known.add(step.key)
                    place = {**step.given, "column": step.given.get("column", "?")}
                    first = first.then(Step(step.op, step.label, step.place, place))
        return first

    def elements(self, value: Value) -> list[Value]:
        """What going through a value gives, as far as it is worth following."""
        match value:
            case Many():
                return value.items
            case Table():
                return [Const(key) for key in value.items]
            case Instance():
                item = self.item(value, Const(0), Place(value.of.path, NOWHERE))
                return [item]
            case Data():
                return [value]
            case Made(name="builtins.open"):
                return [Data("file")]
        return [Data("?")]


def _leaves(parts: Many, depth: int = 0) -> list[Data]:
    found: list[Data] = []
    for part in parts.items[:_FIELDS]:
        if isinstance(part, Data):
            found.append(part)
        elif isinstance(part, Many) and depth < _NESTED:
            found += _leaves(part, depth + 1)
    return found


def _is_channel_flip(key: Value) -> bool:
    """`[..., ::-1]` and `[:, :, ::-1]`; not `[::-1]`, which turns rows around."""
    if not isinstance(key, Many) or key.kind != "tuple" or not key.items:
        return False
    last = key.items[-1]
    return isinstance(last, Many) and last.kind == "slice" and plain(last) == [None, None, -1]


def _is_region(key: Value) -> bool:
    """`[top:bottom, left:right]`, of which nothing says how large it is."""
    if not isinstance(key, Many) or key.kind != "tuple" or len(key.items) < 2:  # noqa: PLR2004 — height and width
        return False
    return all(isinstance(item, Many) and item.kind == "slice" and UNSURE in _bounds(item) for item in key.items[:2])


def _bounds(item: Many) -> list[object]:
    return [plain(part) for part in item.items]
