"""Methods of lists, tables, data and objects from outside the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.rulekit.preprocessing.arithmetic import formatted
from reprocheck.rulekit.preprocessing.labels import label, short
from reprocheck.rulekit.preprocessing.models import FITS, FLUENT, LOADER, PREDICTS
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    UNKNOWN_STEP,
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

_STATISTICS = frozenset({"mean", "std", "max", "min", "var", "median", "sum"})
_WINDOWS = frozenset({"rolling", "expanding", "ewm"})
"""Methods whose statistics are those of some rows each: features rather than statistics of the whole input."""
_WRITES = frozenset({"to_csv", "to_parquet", "to_pickle", "to_feather", "to_excel"})
_EVENTS = frozenset({"click", "submit", "change", "upload", "input"})
"""Of components of an interface."""
_SAVES = frozenset({"save", "save_pretrained", "save_model", "save_weights", "export"})


class Methods:
    """What a method does to its owner, and what it gives."""

    def __init__(self, effects: Effects) -> None:
        """`effects` explains what else a call may do."""
        self._effects = effects
        self._catalog = effects.catalog
        self._uses = effects.uses

    def call(  # noqa: C901 — one case per kind of owner
        self, method: Method, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value:
        """What calling a method gives."""
        owner, name = method.owner, method.name
        first = positional[0] if positional else next(iter(keywords.values()), None)
        if name == "backward":
            self._uses.backward()
            return NOTHING
        if name == "state_dict" and isinstance(owner, Instance | Made):
            return Made("state", {}, place, attributes={"state of": owner})
        if name in {"load_state_dict", "load_weights"} and isinstance(owner, Instance | Made):
            if isinstance(first, Made):
                owner.artifacts |= first.artifacts
            elif isinstance(first, Const) and isinstance(first.value, str):
                self._uses.load(self._effects.run.located(first.value), owner, place)
            return owner
        if name in _SAVES and isinstance(owner, Instance | Made) and isinstance(first, Const):
            self._effects.persistence.saved(str(first.value), owner, place)
            return NOTHING
        if isinstance(owner, Many):
            return self._of_list(owner, name, first)
        if isinstance(owner, Table):
            return self._of_table(owner, name, positional)
        if isinstance(owner, Const):
            return self._of_text(owner, name, positional, keywords)
        if name in FITS and isinstance(owner, Made | Instance | Data):
            fitted = self._effects.models.fit(owner, name, positional, keywords, place)
            if fitted is not None:
                return fitted
        if isinstance(owner, Made):
            return self._of_object(owner, name, positional, keywords, place)
        if isinstance(owner, Instance):
            if name in PREDICTS:
                return self._effects.models.predict(owner, positional, keywords, place, name, method=name)
            return (
                self._effects.models.same(owner, name, positional)
                if name in FLUENT
                else self._effects.opaque(name, [*positional, *keywords.values()], place)
            )
        if isinstance(owner, Data):
            return self._of_data(owner, name, positional, keywords, place)
        return self._effects.opaque(name, [*positional, *keywords.values()], place)

    def _of_text(self, owner: Const, name: str, positional: list[Value], keywords: dict[str, Value]) -> Value:
        if not isinstance(owner.value, str):
            return Data("?")
        return formatted(owner.value, positional, keywords) if name == "format" else Data("text")

    def _of_list(self, owner: Many, name: str, first: Value | None) -> Value:
        if name in {"append", "insert"} and first is not None:
            owner.items.append(first)
        elif name == "extend" and isinstance(first, Many):
            owner.items.extend(first.items)
        return owner

    def _of_table(self, owner: Table, name: str, positional: list[Value]) -> Value:
        if name in {"get", "pop"} and positional and isinstance(positional[0], Const):
            found = owner.items.get(positional[0].value)
            return found if found is not None else positional[1] if len(positional) > 1 else Data("?")
        if name == "items":
            return Many([Many([Const(key), value], "tuple") for key, value in owner.items.items()])
        if name in {"values", "keys"}:
            return Many(list(owner.items.values()) if name == "values" else [Const(key) for key in owner.items])
        return owner if name == "copy" else Data("?")

    def _of_object(
        self, owner: Made, name: str, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value:
        if owner.name == "argparse.ArgumentParser":
            return self._option(owner, name, positional, keywords)
        entry = self._catalog.entry(owner.name)
        data = self._effects.models.first_data(positional, keywords)
        full = self._catalog.canonical(f"{owner.name}.{name}")
        known = self._catalog.entry(full)
        if known is not None and LOADER in known.roles:
            return self._effects.persistence.load(
                full, known, self._effects.arguments(known, positional, keywords), place
            )
        if name == "train" and isinstance(owner.arguments.get("train_dataset"), Data):
            trained = owner.arguments["train_dataset"]
            assert isinstance(trained, Data)
            model = owner.arguments.get("model", owner)
            self._uses.use(model, trained, place, trains=True, method=name, spelled=name)
            checked = owner.arguments.get("eval_dataset")
            if isinstance(checked, Data):
                self._uses.use(model, checked, place, trains=False, method="eval_dataset", spelled=name, checks=True)
            return Data("history")
        if name in _EVENTS and owner.name.startswith("gradio."):
            given = {**dict(zip(("fn", "inputs"), positional, strict=False)), **keywords}
            self._effects.interfaces.asked(given.get("fn"), given.get("inputs"), place)
            return NOTHING
        if name in FLUENT:
            return self._effects.models.same(owner, name, positional)
        if name in PREDICTS and (data is not None):
            return self._effects.models.predict(owner, positional, keywords, place, name, method=name)
        if name == "adapt" and data is not None:
            self._uses.fit(owner, data, place)
            return NOTHING
        if name in {"transform", "fit_transform"} and positional:
            data = data or Data("rows")
            if name == "fit_transform":
                self._uses.fit(owner, data, place)
            step = Step("fitted", label(owner.name, {}), place, {"object": owner, "fits": name == "fit_transform"})
            return data.then(step, "numpy.ndarray")
        if known is not None and known.step is not None:
            arguments = self._effects.arguments(known, positional, keywords)
            if known.step.op == "flow":
                return self._effects.transforms.flow(owner, full, known, arguments, positional, place)
            if known.step.op == "tokenise" and data is not None:
                return data.then(
                    self._effects.transforms.step(full, known, known.step, {**owner.arguments, **arguments}, place),
                    "tokens",
                )
            if data is not None:
                return data.then(
                    self._effects.transforms.step(full, known, known.step, arguments, place), known.returns or None
                )
        return self._effects.opaque(
            full if entry is not None else name, [*positional, *keywords.values()], place, known
        )

    def _option(self, parser: Made, name: str, positional: list[Value], keywords: dict[str, Value]) -> Value:
        """Options of a command line, with their defaults."""
        options = parser.attributes.setdefault("options", Table({}, open=True))
        assert isinstance(options, Table)
        if name.startswith("parse_"):
            return Many([options, Data("?")], "tuple") if name == "parse_known_args" else options
        if name == "add_argument":
            texts = [str(item.value) for item in positional if isinstance(item, Const)]
            longest = max(texts, key=len, default="")
            destination = str(plain(keywords.get("dest", Const(longest.lstrip("-").replace("-", "_")))))
            default = keywords.get("default")
            if default is None and "action" in keywords:
                default = Const(plain(keywords["action"]) == "store_false")
            if default is not None:
                options.items[destination] = default
            return NOTHING
        return parser

    def _of_data(
        self, owner: Data, name: str, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value:
        given = [*positional, *keywords.values()]
        # `session.run(outputs, inputs)` asks a model; other sessions run flows and queries.
        if name in PREDICTS and given and (name != "run" or isinstance(given[-1], Table)):
            return self._effects.models.predict(owner, positional, keywords, place, name, method=name)
        if name in _WRITES or (name == "save" and owner.kind == "PIL.Image.Image"):
            self._effects.persistence.written(next(iter([*positional, *keywords.values()]), None), owner)
            return NOTHING
        full = self._catalog.canonical(f"{owner.kind}.{name}") if owner.kind else ""
        entry = (self._catalog.entry(full) if full else None) or self._catalog.entry(f"?.{name}")
        if entry is not None and entry.step is not None:
            arguments = self._effects.arguments(entry, positional, keywords)
            step = entry.step
            if step.op == "map":
                function = positional[0] if positional else next(iter(keywords.values()), NOTHING)
                extra = keywords.get("fn_kwargs")
                if isinstance(extra, Table):
                    function = Made("functools.partial", {"0": function, **extra.items}, place)
                return self._mapped_data(owner, function, place)
            if step.op == "neutral":
                return Data(owner.source, owner.steps, entry.returns or owner.kind, owner.place)
            filler = positional[0] if positional else keywords.get("value")
            if (
                step.op == "fill"
                and isinstance(filler, Data)
                and filler.steps
                and filler.steps[-1].op == "statistic"
                and filler.source == owner.source
            ):
                return owner.then(Step("own-statistics", f"fillna({filler.steps[-1].label})", place))
            return owner.then(
                self._effects.transforms.step(full or name, entry, step, arguments, place), entry.returns or None
            )
        if name in _WINDOWS:
            return Data("windows of the rows")
        if name in _STATISTICS:
            axis = keywords.get("axis", positional[0] if positional else NOTHING)
            if isinstance(axis, Const) and axis.value in {1, -1, "columns"}:
                return Data("a statistic of each row")
            return owner.then(Step("statistic", f"{name}()", place))
        if not owner.steps:
            return Data(owner.source, (), entry.returns if entry is not None else owner.kind, owner.place)
        return owner.then(Step(UNKNOWN_STEP, f".{name}(...)", place))

    def _mapped_data(self, owner: Data, function: Value, place: Place) -> Value:
        if isinstance(function, Table | Named) or (isinstance(function, Data) and not function.steps):
            return owner.then(Step("map", f"map({short(function)})", place, {"table": plain(function)}))
        if isinstance(function, FunctionValue | Method | Made | Instance):
            result = self._effects.run.apply(function, [owner], {}, place)
            if isinstance(result, Many) and result.items:
                result = result.items[0]
            if isinstance(result, Table):
                result = next((item for item in result.items.values() if isinstance(item, Data)), owner)
            if isinstance(result, Data) and result.source == owner.source:
                return result
        return owner.then(Step(UNKNOWN_STEP, "a function of each item", place))
