"""What calls outside the project do to followed values, by the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reprocheck.rulekit.catalog import CatalogEntry, StepKnowledge
from reprocheck.rulekit.preprocessing.documents import document_table
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    UNKNOWN_STEP,
    UNSURE,
    ClassValue,
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
    from reprocheck.rulekit.preprocessing.interpreter import Interpreter

MODEL, LOADER, SAVER, TRAINER = "model", "loads-object", "saves-object", "fits-model"
_MODEL_BASES = re.compile(r"(^|\.)(Module|Model|Sequential|LightningModule|PreTrainedModel|TorchModel)$")
_MODEL_NAME = re.compile(
    r"(^|_)(model|net|network|classifier|regressor|clf|estimator|pipe|pipeline|session)\d*$", re.IGNORECASE
)
_PREDICTS = frozenset(
    {"predict", "predict_proba", "predict_classes", "predict_on_batch", "predict_generator", "decision_function", "run"}
)
_FITS = frozenset({"fit", "fit_generator", "partial_fit", "train_on_batch"})
FLUENT = frozenset(
    {
        "eval", "train", "to", "cuda", "cpu", "half", "float", "double", "compile", "requires_grad_", "set_params",
        "share_memory",
    }
)  # fmt: skip
"""Methods that return the object itself, or change nothing which matters here."""
_STATISTICS = frozenset({"mean", "std", "max", "min", "var", "median", "sum"})
_SAVES = frozenset({"save", "save_pretrained", "save_model", "save_weights", "export"})
_LABEL = 60
_NESTED = 4
"""Levels of objects in objects that are looked through."""
_FEW = 3
"""Elements of one list that are gone through."""
_DRAWS = frozenset(
    {
        "rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range", "horizontal_flip",
        "vertical_flip", "brightness_range", "channel_shift_range",
    }
)  # fmt: skip
"""Arguments that make a Keras image generator random."""
_MADE = frozenset({MODEL, TRAINER, "transformer", "estimator", "optimizer", "augmentation", "initialises"})
"""Roles of what makes an object."""


class Effects:
    """Explains calls for one interpreter."""

    def __init__(self, interpreter: Interpreter) -> None:
        """`interpreter` follows functions of the project that are handed over."""
        self._run = interpreter
        self._catalog = interpreter.catalog
        self._uses = interpreter.uses

    # Names

    def _type(self, value: Value) -> str:
        match value:
            case Named():
                return self._catalog.canonical(value.name)
            case Made():
                return value.name
            case Data():
                return value.kind
            case Const(value=str()):
                return "builtins.str"
        return ""

    def is_model_class(self, owner: ClassValue) -> bool:
        """Whether objects of a class of the project are models that are called with data."""
        return any(
            (isinstance(base, Named) and _MODEL_BASES.search(base.name))
            or (isinstance(base, ClassValue) and self.is_model_class(base))
            for base in owner.bases
        )

    def _is_model(self, value: Value) -> bool:
        match value:
            case Instance():
                return self.is_model_class(value.of)
            case Made():
                entry = self._catalog.entry(value.name)
                roles = entry.roles if entry is not None else frozenset()
                return bool(roles & {MODEL, "estimator", LOADER}) and "transformer" not in roles
        return False

    # Calls

    def call(
        self, callee: Value, positional: list[Value], keywords: dict[str, Value], place: Place, spelled: str
    ) -> Value:
        """What a call outside the project gives."""
        if isinstance(callee, Method):
            return self._method(callee, positional, keywords, place)
        if isinstance(callee, Made):
            return self._call_object(callee, positional, keywords, place, spelled)
        if isinstance(callee, Data):
            if _MODEL_NAME.search(spelled) and positional:
                return self.predict(callee, positional, keywords, place, spelled)
            return self._opaque(spelled or callee.source, [*positional, *keywords.values()], place)
        assert isinstance(callee, Named)
        return self._function(self._catalog.canonical(callee.name), positional, keywords, place)

    def _arguments(
        self, entry: CatalogEntry | None, positional: list[Value], keywords: dict[str, Value]
    ) -> dict[str, Value]:
        names = entry.arguments if entry is not None else ()
        given = {names[i] if i < len(names) else str(i): value for i, value in enumerate(positional)}
        return {**given, **keywords}

    def _function(self, name: str, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value:
        entry = self._catalog.entry(name)
        arguments = self._arguments(entry, positional, keywords)
        special = self._special(name, positional, keywords, place)
        if special is not None:
            return special
        step = entry.step if entry is not None else None
        if entry is not None and LOADER in entry.roles:
            return self._load(name, entry, arguments, place)
        if entry is not None and SAVER in entry.roles:
            return self._save(positional, keywords, place)
        if entry is not None and step is not None and step.form == "call":
            return self._step_call(name, entry, step, arguments, place)
        makes = entry is not None and (step is not None or not entry.roles.isdisjoint(_MADE))
        if makes or name.rpartition(".")[2][:1].isupper():
            return Made(entry.returns if entry is not None and entry.returns else name, arguments, place)
        return self._opaque(name, [*positional, *keywords.values()], place, entry)

    def _opaque(self, name: str, given: Iterable[Value], place: Place, entry: CatalogEntry | None = None) -> Value:
        """A call that is not understood: data that went through it has an unknown step behind it."""
        given = list(given)
        self.escapes(given)
        kind = entry.returns if entry is not None else ""
        for value in given:
            inner = value.items[0] if isinstance(value, Many) and value.items else value
            if isinstance(inner, Data) and (inner.steps or inner.kind):
                return inner.then(Step(UNKNOWN_STEP, f"{name.rpartition('.')[2]}(...)", place), kind)
        if name.startswith("?") or not name:
            return Data(name or "?", place=place)
        return Data(name, (), kind, place)

    def _special(self, name: str, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value | None:  # noqa: C901, PLR0912 — one case per name
        first = positional[0] if positional else None
        match name:
            case "os.path.join" | "posixpath.join" | "pathlib.Path" | "builtins.str" | "os.path.abspath" | "os.fspath":
                parts = [str(part.value) if isinstance(part, Const) else "?" for part in positional]
                return Const("/".join(parts)) if any(isinstance(part, Const) for part in positional) else None
            case "builtins.open" | "io.open":
                return Made("builtins.open", {"file": first or NOTHING}, place)
            case (
                "yaml.safe_load"
                | "yaml.load"
                | "yaml.full_load"
                | "json.load"
                | "omegaconf.OmegaConf.load"
                | "toml.load"
            ):
                return self._document(first)
            case "box.ConfigBox" | "box.Box" | "easydict.EasyDict" | "omegaconf.OmegaConf.create" | "addict.Dict":
                return first if isinstance(first, Table) else None
            case (
                "builtins.list"
                | "builtins.tuple"
                | "builtins.sorted"
                | "builtins.iter"
                | "builtins.next"
                | "tqdm.tqdm"
                | "tqdm.auto.tqdm"
                | "copy.deepcopy"
                | "copy.copy"
            ):
                return first
            case "builtins.float" | "builtins.int" if isinstance(first, Const) and isinstance(first.value, int | float):
                return Const(float(first.value) if name.endswith("float") else int(first.value))
            case "builtins.float" | "builtins.int" | "builtins.len":
                return first if isinstance(first, Data) else Data(name)
            case "builtins.dict":
                return Table(dict(keywords)) if not positional else first
            case "builtins.print" | "builtins.isinstance" | "builtins.getattr" | "builtins.hasattr":
                return Data(name)
            case "builtins.map" if len(positional) == 2:  # noqa: PLR2004 — function and items
                return self._mapped(positional[0], positional[1], place)
            case "builtins.enumerate" if first is not None:
                return Many([Many([Data("position"), item], "tuple") for item in self.elements(first)[:_FEW]])
            case "builtins.zip":
                rows = zip(*(self.elements(item)[:_FEW] for item in positional), strict=False)
                return Many([Many(list(row), "tuple") for row in rows])
            case "builtins.vars" if isinstance(first, Table):
                return first
            case "functools.partial" if first is not None:
                given = {str(i): value for i, value in enumerate(positional)}
                return Made("functools.partial", {**given, **keywords}, place)
            case "sklearn.model_selection.train_test_split":
                return Many([part for part in positional for _ in range(2)], "tuple")
        if name.startswith("transformers.") and name.endswith(".from_pretrained"):
            arguments = {**{str(i): value for i, value in enumerate(positional)}, **keywords}
            return Made(_pretrained(name), arguments, place)
        return None

    def _document(self, opened: Value | None) -> Value | None:
        path = opened.arguments.get("file") if isinstance(opened, Made) else opened
        if isinstance(path, Const) and isinstance(path.value, str):
            return document_table(self._run.index, path.value)
        return None

    def _mapped(self, function: Value, items: Value, place: Place) -> Value:
        elements = self.elements(items)
        if not elements:
            return Data("?")
        return self._run.apply(function, [elements[0]], {}, place)

    # Saving and loading

    def _load(self, name: str, entry: CatalogEntry, arguments: dict[str, Value], place: Place) -> Value:
        names = entry.path_arguments or entry.arguments[:1]
        given = arguments.get(names[0] if names else "0", arguments.get("0"))
        if isinstance(given, Made):
            given = given.arguments.get("file", NOTHING)
        made = Made(name, arguments, place)
        if isinstance(given, Const) and isinstance(given.value, str):
            self._uses.load(given.value, made, place)
        return made

    def _save(self, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value:
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
        self._saved(path, saved, place)
        return NOTHING

    def _saved(self, path: str | None, saved: Value | None, place: Place) -> None:
        if path is None or saved is None or isinstance(saved, Data):
            self._uses.unread_saves += 1
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

    # Methods

    def same(self, owner: Made | Instance, name: str, positional: list[Value]) -> Value:
        """A method that gives the object itself; `eval()` and `train()` are remembered."""
        if name in {"eval", "train"}:
            off = bool(positional) and isinstance(positional[0], Const) and not positional[0].value
            owner.mode = "eval" if name == "eval" or off else "train"
        return owner

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

    def _method(  # noqa: C901 — one case per kind of owner
        self, method: Method, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value:
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
                self._uses.load(first.value, owner, place)
            return owner
        if name in _SAVES and isinstance(owner, Instance | Made) and isinstance(first, Const):
            self._saved(str(first.value), owner, place)
            return NOTHING
        if isinstance(owner, Many):
            return self._of_list(owner, name, first)
        if isinstance(owner, Table):
            return self._of_table(owner, name, positional)
        if isinstance(owner, Const):
            return Data("text") if isinstance(owner.value, str) else Data("?")
        if name in _FITS and isinstance(owner, Made | Instance | Data):
            fitted = self._fit(owner, name, positional, keywords, place)
            if fitted is not None:
                return fitted
        if isinstance(owner, Made):
            return self._of_object(owner, name, positional, keywords, place)
        if isinstance(owner, Instance):
            if name in _PREDICTS:
                return self.predict(owner, positional, keywords, place, name, method=name)
            return (
                self.same(owner, name, positional)
                if name in FLUENT
                else self._opaque(name, [*positional, *keywords.values()], place)
            )
        if isinstance(owner, Data):
            return self._of_data(owner, name, positional, keywords, place)
        return self._opaque(name, [*positional, *keywords.values()], place)

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

    def _fit(
        self, owner: Value, name: str, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value | None:
        entry = self._catalog.entry(self._type(owner)) if isinstance(owner, Made) else None
        roles = entry.roles if entry is not None else frozenset()
        data = self._first_data(positional, keywords)
        if "transformer" in roles and not ("composition" in roles and self._ends_in_model(owner)):
            if isinstance(owner, Made) and data is not None:
                self._uses.fit(owner, data, place)
            return owner
        if TRAINER in roles:
            # `Trainer.fit(model, loader)`: the model comes first.
            model = positional[0] if positional else keywords.get("model", owner)
            data = self._first_data(positional[1:], keywords)
        else:
            model = owner
        if data is not None:
            self._uses.use(model, data, place, trains=True, method=name, spelled=name)
        self._checkpoints(model, keywords.get("callbacks"), place)
        checked = self._first_data([], {"": keywords["validation_data"]}) if "validation_data" in keywords else None
        if checked is not None:
            self._uses.use(model, checked, place, trains=False, method="validation_data", spelled=name, checks=True)
        return owner if name == "fit" else Data("history")

    def _checkpoints(self, model: Value, callbacks: Value | None, place: Place) -> None:
        """Files that callbacks write the model to."""
        for callback in callbacks.items if isinstance(callbacks, Many) else [callbacks]:
            if isinstance(callback, Made) and callback.name.endswith(".ModelCheckpoint"):
                path = callback.arguments.get("filepath", callback.arguments.get("0"))
                if isinstance(path, Const) and isinstance(path.value, str):
                    self._saved(path.value, model, place)

    def _ends_in_model(self, owner: Value) -> bool:
        if not isinstance(owner, Made):
            return False
        steps = owner.arguments.get("steps", owner.arguments.get("0"))
        last = list(owner.arguments.values())[-1] if steps is None or isinstance(steps, Made) else steps
        if isinstance(last, Many) and last.items:
            last = last.items[-1]
        if isinstance(last, Many) and last.items:
            last = last.items[-1]
        return not isinstance(last, Made) or not self._is_transformer(last)

    def _is_transformer(self, value: Made) -> bool:
        entry = self._catalog.entry(value.name)
        return entry is not None and "transformer" in entry.roles

    def _of_object(
        self, owner: Made, name: str, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value:
        if owner.name == "argparse.ArgumentParser":
            return self._option(owner, name, positional, keywords)
        entry = self._catalog.entry(owner.name)
        data = self._first_data(positional, keywords)
        full = self._catalog.canonical(f"{owner.name}.{name}")
        known = self._catalog.entry(full)
        if known is not None and LOADER in known.roles:
            return self._load(full, known, self._arguments(known, positional, keywords), place)
        if name == "train" and isinstance(owner.arguments.get("train_dataset"), Data):
            trained = owner.arguments["train_dataset"]
            assert isinstance(trained, Data)
            model = owner.arguments.get("model", owner)
            self._uses.use(model, trained, place, trains=True, method=name, spelled=name)
            checked = owner.arguments.get("eval_dataset")
            if isinstance(checked, Data):
                self._uses.use(model, checked, place, trains=False, method="eval_dataset", spelled=name, checks=True)
            return Data("history")
        if name in FLUENT:
            return self.same(owner, name, positional)
        if name in _PREDICTS and (data is not None):
            return self.predict(owner, positional, keywords, place, name, method=name)
        if name in {"transform", "fit_transform"} and positional:
            data = data or Data("rows")
            if name == "fit_transform":
                self._uses.fit(owner, data, place)
            step = Step("fitted", _label(owner.name, {}), place, {"object": owner, "fits": name == "fit_transform"})
            return data.then(step, "numpy.ndarray")
        if known is not None and known.step is not None:
            arguments = self._arguments(known, positional, keywords)
            if known.step.op == "flow":
                return self._flow(owner, full, known, arguments, positional, place)
            if known.step.op == "tokenise" and data is not None:
                return data.then(self._step(full, known, known.step, {**owner.arguments, **arguments}, place), "tokens")
            if data is not None:
                return data.then(self._step(full, known, known.step, arguments, place), known.returns or None)
        return self._opaque(full if entry is not None else name, [*positional, *keywords.values()], place, known)

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

    def _flow(
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
        data = given.then(self._step(name, entry, _resizing(entry.step), arguments, place)) if sized else given
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
                    result = self._run.apply(value, [data], {}, owner.place)
                    data = result if isinstance(result, Data) else data
                elif own == "rescale" and isinstance(value, Const) and isinstance(value.value, int | float):
                    step = Step(
                        "arithmetic", f"* {value.value:g}", owner.place, {"sign": "Mult", "amount": value.value}
                    )
                    data = data.then(step)
                elif own == "own" and isinstance(value, Const) and value.value:
                    data = data.then(Step("own-statistics", argument, owner.place))
        return data

    def _of_data(
        self, owner: Data, name: str, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value:
        if (
            name in _PREDICTS
            and (positional or keywords)
            and not (name == "run" and not isinstance(positional[-1], Table))
        ):
            return self.predict(owner, positional, keywords, place, name, method=name)
        full = self._catalog.canonical(f"{owner.kind}.{name}") if owner.kind else ""
        entry = (self._catalog.entry(full) if full else None) or self._catalog.entry(f"?.{name}")
        if entry is not None and entry.step is not None:
            arguments = self._arguments(entry, positional, keywords)
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
            return owner.then(self._step(full or name, entry, step, arguments, place), entry.returns or None)
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
            return owner.then(Step("map", f"map({_short(function)})", place, {"table": plain(function)}))
        if isinstance(function, FunctionValue | Method | Made | Instance):
            result = self._run.apply(function, [owner], {}, place)
            if isinstance(result, Many) and result.items:
                result = result.items[0]
            if isinstance(result, Table):
                result = next((item for item in result.items.values() if isinstance(item, Data)), owner)
            if isinstance(result, Data) and result.source == owner.source:
                return result
        return owner.then(Step(UNKNOWN_STEP, "a function of each item", place))

    # Objects that are called, models

    def _call_object(
        self, owner: Made, positional: list[Value], keywords: dict[str, Value], place: Place, spelled: str
    ) -> Value:
        if owner.name == "functools.partial":
            return self._partial(owner, positional, keywords, place)
        entry = self._catalog.entry(owner.name)
        data = self._first_data(positional, keywords)
        if entry is not None and entry.step is not None and entry.step.op == "tokenise" and data is not None:
            arguments = self._arguments(self._catalog.entry(f"{owner.name}.__call__"), positional, keywords)
            return data.then(
                self._step(owner.name, entry, entry.step, {**owner.arguments, **arguments}, place), "tokens"
            )
        if data is not None and entry is not None and entry.step is not None:
            return self.transformed(owner, data)
        if self._is_model(owner) or _MODEL_NAME.search(spelled):
            return self.predict(owner, positional, keywords, place, spelled)
        return self._opaque(owner.name, [*positional, *keywords.values()], place)

    def _partial(self, owner: Made, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value:
        bound = [value for name, value in owner.arguments.items() if name.isdigit()]
        named = {name: value for name, value in owner.arguments.items() if not name.isdigit()}
        return self._run.apply(bound[0], [*bound[1:], *positional], {**named, **keywords}, place)

    def transformed(self, made: Value, data: Data) -> Data:
        """Data after a transform object."""
        if isinstance(made, Many):
            for item in made.items:
                data = self.transformed(item, data)
            return data
        if not isinstance(made, Made):
            if made == NOTHING:
                return data
            result = self._run.apply(made, [data], {}, data.place or Place("", _NOWHERE))
            return result if isinstance(result, Data) and (result.steps or not data.steps) else data
        if made.name == "functools.partial":
            result = self._partial(made, [data], {}, made.place)
            return result if isinstance(result, Data) else data
        entry = self._catalog.entry(made.name)
        if entry is not None and "augmentation" in entry.roles:
            flips = made.name.endswith("Flip")
            probability = plain(made.arguments.get("p", made.arguments.get("0") if flips else None))
            if probability == 1 and flips:
                return data.then(Step("flip", _label(made.name, {}), made.place))
            return (
                data if probability == 0 else data.then(Step("random", _label(made.name, {}), made.place, random=True))
            )
        if entry is None or entry.step is None:
            return data.then(Step(UNKNOWN_STEP, f"{_label(made.name, {})}(...)", made.place))
        step = entry.step
        if step.op == "compose":
            parts = [
                made.arguments[name]
                for name in sorted(made.arguments)
                if name == "0" or name in entry.arguments[:1] or name.isdigit()
            ]
            if step.random:
                return data.then(Step("random", _label(made.name, {}), made.place, random=True))
            for part in parts:
                data = self.transformed(part, data)
            return data
        if step.op == "function":
            function = next(iter(made.arguments.values()), NOTHING)
            result = self._run.apply(function, [data], {}, made.place)
            return result if isinstance(result, Data) else data
        if step.op == "neutral":
            return data
        return data.then(self._step(made.name, entry, step, made.arguments, made.place))

    def predict(
        self,
        model: Value,
        positional: list[Value],
        keywords: dict[str, Value],
        place: Place,
        spelled: str,
        method: str = "",
    ) -> Value:
        """A model is given data."""
        data = self._first_data(positional, keywords)
        if data is not None:
            self._uses.use(model, data, place, trains=False, method=method, spelled=spelled)
        return Data("prediction", kind="prediction")

    def _first_data(self, positional: list[Value], keywords: dict[str, Value]) -> Data | None:
        best: Data | None = None
        for value in [*positional[:2], *keywords.values()]:
            inner = value
            for _ in range(3):
                if isinstance(inner, Many) and inner.items:
                    inner = next(
                        (item for item in inner.items if isinstance(item, Data | Many | Table)), inner.items[0]
                    )
                elif isinstance(inner, Table) and inner.items:
                    inner = next(iter(inner.items.values()))
            if isinstance(inner, Data) and best is None:
                best = inner
            elif isinstance(inner, Instance):
                made = self.item(inner, Const(0), Place(inner.of.path, _NOWHERE))
                if isinstance(made, Data) and best is None:
                    best = made
        return best

    # Steps

    def _step_call(
        self,
        name: str,
        entry: CatalogEntry,
        step: StepKnowledge,
        arguments: dict[str, Value],
        place: Place,
    ) -> Value:
        named = step.data or (entry.arguments[0] if entry.arguments else "0")
        given = arguments.get(named, arguments.get("0"))
        if isinstance(given, Many) and given.items and isinstance(given.items[0], Data | Many):
            inner = given.items[0]
            given = inner.items[0] if isinstance(inner, Many) and inner.items else inner
        if step.op == "source":
            return Data(name, (), entry.returns, place)
        if step.op == "frame":
            # Rows written out: the names of the columns are the features.
            data = given if isinstance(given, Data) else Data("rows", (), "pandas.DataFrame", place)
            columns = plain(arguments.get("columns"))
            if columns is UNSURE and isinstance(given, Table) and not given.open:
                columns = list(given.items)
            made = Data(data.source, data.steps, "pandas.DataFrame", data.place)
            if isinstance(columns, list):
                made = made.then(Step("columns", _columns_label(columns), place, {"columns": columns}))
            return made
        if step.op == "loader":
            items = self.elements(given) if given is not None else []
            return items[0] if items else Data(name)
        if step.op == "dataset":
            data = Data(name, (), entry.returns, place)
            if step.takes.get("size"):
                data = data.then(self._step(name, entry, _resizing(step), arguments, place))
            transform = arguments.get(step.takes.get("transform", "transform"))
            return data if transform is None else self.transformed(transform, data)
        data = given if isinstance(given, Data) else Data("?", (), "", place)
        if step.op == "source-resized":
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
        return data.then(self._step(name, entry, step, arguments, place), entry.returns or None)

    def _step(
        self, name: str, entry: CatalogEntry, step: StepKnowledge, arguments: dict[str, Value], place: Place
    ) -> Step:
        given: dict[str, object] = dict(step.fixed)
        for own, argument in step.takes.items():
            if argument in arguments:
                given[own] = plain(arguments[argument])
            elif "**" in arguments:
                given[own] = UNSURE
        shown = {key: plain(value) for key, value in arguments.items()}
        random = step.random
        probability = arguments.get("p", arguments.get("always_apply"))
        if random and isinstance(probability, Const) and probability.value == 0:
            random = False
        del entry
        return Step(step.op, _label(name, shown), place, given, random)

    # Items and elements

    def item(self, owner: Value, key: Value, place: Place) -> Value:
        """`owner[key]`."""
        if isinstance(owner, Instance):
            function = self._run.method(owner.of, "__getitem__")
            if isinstance(function, FunctionValue):
                result = self._run.enter(function, [owner, Data("index")], {})
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
            return owner.then(Step("columns", _columns_label(known), place, {"columns": known}), "pandas.DataFrame")
        if _is_channel_flip(key):
            return owner.then(Step("channels", "[..., ::-1]", place, {"order": "swap"}))
        if _is_region(key):
            return owner.then(Step("region", "[top:bottom, left:right]", place))
        return owner

    def with_item(self, owner: Data, key: Value, value: Value, place: Place) -> Data:
        """Data after `owner[key] = value`: what the value went through beyond its owner happened to that column."""
        column = key.value if isinstance(key, Const) and isinstance(key.value, str) else None
        if column is None:
            return owner
        if isinstance(value, Data) and value.source == owner.source:
            known = {step.key for step in owner.steps}
            for step in value.steps:
                if step.key not in known:
                    owner = owner.then(
                        Step(step.op, f"{column}: {step.label}", step.place, {**step.given, "column": column})
                    )
            return owner
        if not owner.steps and owner.kind != "pandas.DataFrame":
            return owner
        return owner.then(Step("derive", f"[{column!r}] = ...", place, {"column": column}))

    def elements(self, value: Value) -> list[Value]:
        """What going through a value gives, as far as it is worth following."""
        match value:
            case Many():
                return value.items
            case Table():
                return [Const(key) for key in value.items]
            case Instance():
                item = self.item(value, Const(0), Place(value.of.path, _NOWHERE))
                return [item]
            case Data():
                return [value]
            case Made(name="builtins.open"):
                return [Data("file")]
        return [Data("?")]


def _resizing(step: StepKnowledge) -> StepKnowledge:
    return StepKnowledge(op="source-resized", form="call", takes=step.takes, fixed=step.fixed)


def _is_channel_flip(key: Value) -> bool:
    """`[..., ::-1]` and `[:, :, ::-1]`; not `[::-1]`, which turns rows around."""
    if not isinstance(key, Many) or key.kind != "tuple" or not key.items:
        return False
    last = key.items[-1]
    return isinstance(last, Many) and last.kind == "slice" and plain(last) == [None, None, -1]


def _pretrained(name: str) -> str:
    owner = name.split(".")[-2]
    if "Tokenizer" in owner:
        return "transformers.Tokenizer"
    if re.search(r"Processor$|FeatureExtractor$", owner):
        return "transformers.ImageProcessor"
    return "transformers.PreTrainedModel"


def _is_region(key: Value) -> bool:
    """`[top:bottom, left:right]`, of which nothing says how large it is."""
    if not isinstance(key, Many) or key.kind != "tuple" or len(key.items) < 2:  # noqa: PLR2004 — height and width
        return False
    return all(isinstance(item, Many) and item.kind == "slice" and UNSURE in _bounds(item) for item in key.items[:2])


def _bounds(item: Many) -> list[object]:
    return [plain(part) for part in item.items]


def _label(name: str, shown: dict[str, object]) -> str:
    parts = [
        f"{key}={_brief(value)}" if not key.isdigit() else _brief(value)
        for key, value in shown.items()
        if value is not UNSURE
    ]
    names = name.split(".")
    short = ".".join(names[-2:]) if names[-2:-1] and names[-2][:1].islower() and len(names[-1]) < 4 else names[-1]  # noqa: PLR2004
    text = f"{short}({', '.join(parts)})" if parts else short
    return text if len(text) <= _LABEL else text[: _LABEL - 3] + "..."


def _brief(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return f"[{', '.join(_brief(item) for item in value[:8])}{', ...' if len(value) > 8 else ''}]"  # noqa: PLR2004
    return repr(value) if not isinstance(value, str) or "." not in value else value.rpartition(".")[2]


def _columns_label(columns: list[object]) -> str:
    text = ", ".join(str(column) for column in columns)
    return f"[{text}]" if len(text) <= _LABEL else f"[{text[: _LABEL - 3]}...]"


def _short(value: Value) -> str:
    return _brief(plain(value))[:_LABEL]


from reprocheck.model.place import Span  # noqa: E402

_NOWHERE = Span(1, 1, 1, 1)
