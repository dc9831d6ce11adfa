"""Transforms: objects and functions that prepare data, each a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.rulekit.catalog import CatalogEntry, StepKnowledge
from reprocheck.rulekit.preprocessing.labels import columns_label, label
from reprocheck.rulekit.preprocessing.models import MODEL_NAME
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    NOWHERE,
    UNKNOWN_STEP,
    UNSURE,
    Const,
    Data,
    Made,
    Many,
    Place,
    Step,
    Table,
    Value,
    plain,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.effects import Effects

_DRAWS = frozenset(
    {
        "rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range", "horizontal_flip",
        "vertical_flip", "brightness_range", "channel_shift_range",
    }
)  # fmt: skip
"""Arguments that make a Keras image generator random."""
_GREY_FLAGS = (0, "cv2.IMREAD_GRAYSCALE", "cv2.CV_LOAD_IMAGE_GRAYSCALE")


class Transforms:
    """What transforms do to data."""

    def __init__(self, effects: Effects) -> None:
        """`effects` explains what else a call may do."""
        self._effects = effects
        self._catalog = effects.catalog

    def flow(
        self,
        owner: Made,
        name: str,
        entry: CatalogEntry,
        arguments: dict[str, Value],
        positional: list[Value],
        place: Place,
    ) -> Value:
        """What a Keras image generator yields: resized, then scaled or handed to its function."""
        assert entry.step is not None
        given = (
            positional[0] if positional and isinstance(positional[0], Data) else Data("images", kind="PIL.Image.Image")
        )
        sized = "target_size" in entry.arguments
        data = given.then(self.step(name, entry, _resizing(entry.step), arguments, place)) if sized else given
        made = self._catalog.entry(owner.name)
        drawn = (
            [key for key, value in owner.arguments.items() if key in _DRAWS and plain(value) not in (0, False, None)]
            if owner.arguments
            else []
        )
        if drawn:
            data = data.then(Step("random", f"ImageDataGenerator({drawn[0]}=...)", owner.place, random=True))
        if made is not None and made.step is not None:
            for own, argument in made.step.takes.items():
                value = owner.arguments.get(argument)
                if own == "function" and value is not None and value != NOTHING:
                    result = self._effects.run.apply(value, [data], {}, owner.place)
                    data = result if isinstance(result, Data) else data
                elif own == "rescale" and isinstance(value, Const) and isinstance(value.value, int | float):
                    step = Step(
                        "arithmetic", f"* {value.value:g}", owner.place, {"sign": "Mult", "amount": value.value}
                    )
                    data = data.then(step)
                elif own == "own" and isinstance(value, Const) and value.value:
                    data = data.then(Step("own-statistics", argument, owner.place))
        return data

    def call_object(
        self, owner: Made, positional: list[Value], keywords: dict[str, Value], place: Place, spelled: str
    ) -> Value:
        """What calling an object from outside the project gives."""
        if owner.name == "functools.partial":
            return self._partial(owner, positional, keywords, place)
        entry = self._catalog.entry(owner.name)
        data = self._effects.models.first_data(positional, keywords)
        if entry is not None and entry.step is not None and entry.step.op == "tokenise" and data is not None:
            arguments = self._effects.arguments(self._catalog.entry(f"{owner.name}.__call__"), positional, keywords)
            return data.then(
                self.step(owner.name, entry, entry.step, {**owner.arguments, **arguments}, place), "tokens"
            )
        if data is not None and entry is not None and entry.step is not None:
            return self.transformed(owner, data)
        if data is not None and owner.learned is not None:
            return data.then(Step("fitted", label(owner.name, {}), place, {"object": owner, "fits": False}))
        if self._effects.models.is_model(owner) or MODEL_NAME.search(spelled):
            return self._effects.models.predict(owner, positional, keywords, place, spelled)
        return self._effects.opaque(owner.name, [*positional, *keywords.values()], place)

    def _partial(self, owner: Made, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value:
        bound = [value for name, value in owner.arguments.items() if name.isdigit()]
        named = {name: value for name, value in owner.arguments.items() if not name.isdigit()}
        return self._effects.run.apply(bound[0], [*bound[1:], *positional], {**named, **keywords}, place)

    def transformed(self, made: Value, data: Data) -> Data:
        """Data after a transform object."""
        if isinstance(made, Many):
            for item in made.items:
                data = self.transformed(item, data)
            return data
        if not isinstance(made, Made):
            if made == NOTHING:
                return data
            result = self._effects.run.apply(made, [data], {}, data.place or Place("", NOWHERE))
            return result if isinstance(result, Data) and (result.steps or not data.steps) else data
        if made.name == "functools.partial":
            result = self._partial(made, [data], {}, made.place)
            return result if isinstance(result, Data) else data
        entry = self._catalog.entry(made.name)
        if entry is not None and "augmentation" in entry.roles:
            flips = made.name.endswith("Flip")
            probability = plain(made.arguments.get("p", made.arguments.get("0") if flips else None))
            if probability == 1 and flips:
                return data.then(Step("flip", label(made.name, {}), made.place))
            return (
                data if probability == 0 else data.then(Step("random", label(made.name, {}), made.place, random=True))
            )
        if entry is None or entry.step is None:
            return data.then(Step(UNKNOWN_STEP, f"{label(made.name, {})}(...)", made.place))
        step = entry.step
        if step.op == "compose":
            parts = [
                made.arguments[name]
                for name in sorted(made.arguments)
                if name == "0" or name in entry.arguments[:1] or name.isdigit()
            ]
            if step.random:
                return data.then(Step("random", label(made.name, {}), made.place, random=True))
            for part in parts:
                data = self.transformed(part, data)
            return data
        if step.op == "function":
            function = next(iter(made.arguments.values()), NOTHING)
            result = self._effects.run.apply(function, [data], {}, made.place)
            return result if isinstance(result, Data) else data
        if step.op == "neutral":
            return data
        return data.then(self.step(made.name, entry, step, made.arguments, made.place))

    def step_call(
        self,
        name: str,
        entry: CatalogEntry,
        step: StepKnowledge,
        arguments: dict[str, Value],
        place: Place,
    ) -> Value:
        """What a function gives that is a step by the catalog."""
        named = step.data or (entry.arguments[0] if entry.arguments else "0")
        given = arguments.get(named, arguments.get("0"))
        if isinstance(given, Many) and step.op not in {"frame", "loader", "pair"}:
            given = self._effects.items.joined(given) or given
        if step.op == "source":
            self._effects.persistence.read(given, place)
            data = native(Data(name, (), entry.returns, place), name, step)
            flag = plain(arguments.get(step.takes.get("flag", ""), NOTHING))
            mode = plain(arguments.get(step.takes.get("mode", ""), NOTHING))
            is_grey = (flag in _GREY_FLAGS and flag is not None) or mode == "L"
            return data.then(Step("colour-mode", "grey", place, {"mode": "L"})) if is_grey else data
        if step.op == "frame":
            # Rows written out: the names of the columns are the features.
            rows = Data("rows", (), "pandas.DataFrame", place)
            fields = list(given.items.values()) if isinstance(given, Table) else [given or rows]
            data = given if isinstance(given, Data) else self._effects.items.joined(Many([rows, *fields])) or rows
            columns = plain(arguments.get("columns"))
            if columns is UNSURE and isinstance(given, Table) and not given.open:
                columns = list(given.items)
            made = Data(data.source, data.steps, "pandas.DataFrame", data.place)
            if isinstance(columns, list):
                made = made.then(Step("columns", columns_label(columns), place, {"columns": columns}))
            return made
        if step.op == "loader":
            items = self._effects.items.elements(given) if given is not None else []
            return items[0] if items else Data(name)
        if step.op == "dataset":
            data = native(Data(name, (), entry.returns, place), name, step)
            if step.takes.get("size"):
                data = data.then(self.step(name, entry, _resizing(step), arguments, place))
            transform = arguments.get(step.takes.get("transform", "transform"))
            return data if transform is None else self.transformed(transform, data)
        data = given if isinstance(given, Data) else Data("?", (), "", place)
        if step.op == "source-resized":
            self._effects.persistence.read(given, place)
            data = Data(name, (), entry.returns, place)
        elif not isinstance(given, Data | Many) and given is not None and not isinstance(given, Const):
            return Data(name, (), entry.returns)
        if step.op == "neutral":
            if isinstance(given, Const | Many) and plain(given) is not UNSURE:
                return given
            return Data(data.source, data.steps, entry.returns or data.kind, data.place)
        if step.op == "pair":
            return Many([given or data, given or data], "tuple")
        if step.op == "statistic":
            return data.then(Step("statistic", f"{name.rpartition('.')[2]}()", place))
        return data.then(self.step(name, entry, step, arguments, place), entry.returns or None)

    def step(
        self, name: str, entry: CatalogEntry, step: StepKnowledge, arguments: dict[str, Value], place: Place
    ) -> Step:
        """A step with its constants, by the operation's own names."""
        given: dict[str, object] = dict(step.fixed)
        for own, argument in step.takes.items():
            if argument in arguments:
                value = arguments[argument]
                parts = value.items if own == "size" and isinstance(value, Many) else None
                given[own] = plain(value) if parts is None else [plain(part) for part in parts]
            elif "**" in arguments:
                given[own] = UNSURE
        shown = {key: plain(value) for key, value in arguments.items()}
        random = step.random
        probability = arguments.get("p", arguments.get("always_apply"))
        if random and isinstance(probability, Const) and probability.value == 0:
            random = False
        del entry
        return Step(step.op, label(name, shown), place, given, random)


def _resizing(step: StepKnowledge) -> StepKnowledge:
    return StepKnowledge(op="source-resized", form="call", takes=step.takes, fixed=step.fixed)


def native(data: Data, name: str, step: StepKnowledge) -> Data:
    """Data of a public data set whose images all have one size and mode."""
    if "native" not in step.fixed or data.place is None:
        return data
    label = f"images of {name.removesuffix('.load_data').rpartition('.')[2]}"
    return data.then(Step("native-size", label, data.place, {**step.fixed}))
