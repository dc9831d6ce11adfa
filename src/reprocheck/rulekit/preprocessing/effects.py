"""What calls outside the project do to followed values, by the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.preprocessing.documents import document_table
from reprocheck.rulekit.preprocessing.interfaces import Interfaces
from reprocheck.rulekit.preprocessing.items import Items
from reprocheck.rulekit.preprocessing.methods import Methods
from reprocheck.rulekit.preprocessing.models import LOADER, MODEL, MODEL_NAME, TRAINER, Models
from reprocheck.rulekit.preprocessing.persistence import Persistence
from reprocheck.rulekit.preprocessing.transforms import Transforms
from reprocheck.rulekit.preprocessing.values import (
    NOTHING,
    UNKNOWN_STEP,
    Const,
    Data,
    Made,
    Many,
    Method,
    Named,
    Place,
    Step,
    Table,
    Value,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.interpreter import Interpreter

SAVER = "saves-object"
_FEW = 3
"""Elements of one list that are gone through."""
_MADE = frozenset({MODEL, TRAINER, "transformer", "estimator", "optimizer", "augmentation", "initialises"})
"""Roles of what makes an object."""


class Effects:
    """Explains calls for one interpreter."""

    def __init__(self, interpreter: Interpreter) -> None:
        """`interpreter` follows functions of the project that are handed over."""
        self.run = interpreter
        self.catalog = interpreter.catalog
        self.uses = interpreter.uses
        self.models = Models(self)
        self.persistence = Persistence(self)
        self.methods = Methods(self)
        self.transforms = Transforms(self)
        self.items = Items(self)
        self.interfaces = Interfaces(self)

    def type_of(self, value: Value) -> str:
        """Name of a value's type, as the catalog spells it; empty where it can't be told."""
        match value:
            case Named():
                return self.catalog.canonical(value.name)
            case Made():
                return value.name
            case Data():
                return value.kind
            case Const(value=str()):
                return "builtins.str"
        return ""

    def call(
        self, callee: Value, positional: list[Value], keywords: dict[str, Value], place: Place, spelled: str
    ) -> Value:
        """What a call outside the project gives."""
        if isinstance(callee, Method):
            return self.methods.call(callee, positional, keywords, place)
        if isinstance(callee, Made):
            return self.transforms.call_object(callee, positional, keywords, place, spelled)
        if isinstance(callee, Data):
            if MODEL_NAME.search(spelled) and positional:
                return self.models.predict(callee, positional, keywords, place, spelled)
            return self.opaque(spelled or callee.source, [*positional, *keywords.values()], place)
        assert isinstance(callee, Named)
        return self._function(self.catalog.canonical(callee.name), positional, keywords, place)

    def arguments(
        self, entry: CatalogEntry | None, positional: list[Value], keywords: dict[str, Value]
    ) -> dict[str, Value]:
        """Arguments of a call by the names that the catalog knows, else by position."""
        names = entry.arguments if entry is not None else ()
        given = {names[i] if i < len(names) else str(i): value for i, value in enumerate(positional)}
        return {**given, **keywords}

    def _function(self, name: str, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value:
        entry = self.catalog.entry(name)
        arguments = self.arguments(entry, positional, keywords)
        special = self._special(name, positional, keywords, place)
        if special is None and name.startswith("gradio."):
            special = self.interfaces.of_function(name, positional, keywords, place)
        if special is not None:
            return special
        step = entry.step if entry is not None else None
        if entry is not None and LOADER in entry.roles:
            return self.persistence.load(name, entry, arguments, place)
        if entry is not None and SAVER in entry.roles:
            return self.persistence.save(positional, keywords, place)
        if entry is not None and step is not None and step.form == "call":
            return self.transforms.step_call(name, entry, step, arguments, place)
        makes = entry is not None and (step is not None or not entry.roles.isdisjoint(_MADE))
        if makes or name.rpartition(".")[2][:1].isupper():
            return Made(entry.returns if entry is not None and entry.returns else name, arguments, place)
        return self.opaque(name, [*positional, *keywords.values()], place, entry)

    def opaque(self, name: str, given: Iterable[Value], place: Place, entry: CatalogEntry | None = None) -> Value:
        """A call that is not understood: data that went through it has an unknown step behind it."""
        given = list(given)
        self.persistence.escapes(given)
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
            case "torch.set_grad_enabled":
                return Made(name, {"mode": first or keywords.get("mode", Data("?"))}, place)
            case "numpy.load":
                return self.persistence.array(positional, place)
            case "numpy.save":
                return self.persistence.save([*positional, *keywords.values()], {}, place)
            case "cv2.imwrite" | "matplotlib.pyplot.imsave" | "matplotlib.image.imsave" | "imageio.imwrite":
                self.persistence.written(first, positional[1] if len(positional) > 1 else None)
                return Data(name)
            case "torchvision.utils.save_image":
                self.persistence.written(positional[1] if len(positional) > 1 else keywords.get("fp"), first)
                return Data(name)
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
                | "tqdm.autonotebook.tqdm"
                | "tqdm.notebook.tqdm"
                | "tqdm.notebook.tqdm_notebook"
                | "tqdm.tqdm_notebook"
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
                return Many([Many([Data("position"), item], "tuple") for item in self.items.elements(first)[:_FEW]])
            case "builtins.zip":
                rows = zip(*(self.items.elements(item)[:_FEW] for item in positional), strict=False)
                return Many([Many(list(row), "tuple") for row in rows])
            case "builtins.vars" if isinstance(first, Table):
                return first
            case "functools.partial" if first is not None:
                given = {str(i): value for i, value in enumerate(positional)}
                return Made("functools.partial", {**given, **keywords}, place)
            case "sklearn.model_selection.train_test_split":
                tables = [part for part in positional if isinstance(part, Data)]
                self.uses.split.update((self.uses.root, table.source, table.place) for table in tables)
                return Many([part for part in positional for _ in range(2)], "tuple")
        if name.startswith("transformers.") and name.endswith(".from_pretrained"):
            arguments = {**{str(i): value for i, value in enumerate(positional)}, **keywords}
            return Made(_pretrained(name), arguments, place)
        return None

    def _document(self, opened: Value | None) -> Value | None:
        path = opened.arguments.get("file") if isinstance(opened, Made) else opened
        if isinstance(path, Const) and isinstance(path.value, str):
            return document_table(self.run.index, path.value)
        return None

    def _mapped(self, function: Value, items: Value, place: Place) -> Value:
        elements = self.items.elements(items)
        if not elements:
            return Data("?")
        return self.run.apply(function, [elements[0]], {}, place)


def _pretrained(name: str) -> str:
    owner = name.split(".")[-2]
    if "Tokenizer" in owner:
        return "transformers.Tokenizer"
    if re.search(r"Processor$|FeatureExtractor$", owner):
        return "transformers.ImageProcessor"
    return "transformers.PreTrainedModel"
