"""Models: what is one, and what training and asking it mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reprocheck.rulekit.preprocessing.values import (
    NOWHERE,
    ClassValue,
    Const,
    Data,
    Instance,
    Made,
    Many,
    Named,
    Place,
    Table,
    Value,
)

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.effects import Effects

MODEL, LOADER, TRAINER = "model", "loads-object", "fits-model"
_MODEL_BASES = re.compile(r"(^|\.)(Module|Model|Sequential|LightningModule|PreTrainedModel|TorchModel)$")
MODEL_NAME = re.compile(
    r"(^|_)(model|net|network|classifier|regressor|clf|estimator|pipe|pipeline|session)\d*$", re.IGNORECASE
)
"""Names that models are given."""
PREDICTS = frozenset(
    {"predict", "predict_proba", "predict_classes", "predict_on_batch", "predict_generator", "decision_function", "run"}
)
FITS = frozenset({"fit", "fit_predict", "fit_generator", "partial_fit", "train_on_batch"})
FLUENT = frozenset(
    {
        "eval", "train", "to", "cuda", "cpu", "half", "float", "double", "compile", "requires_grad_", "set_params",
        "share_memory",
    }
)  # fmt: skip
"""Methods that return the object itself, or change nothing which matters here."""


class Models:
    """What a model is given, in training and after it."""

    def __init__(self, effects: Effects) -> None:
        """`effects` explains what else a call may do."""
        self._effects = effects
        self._catalog = effects.catalog
        self._uses = effects.uses

    def is_model_class(self, owner: ClassValue) -> bool:
        """Whether objects of a class of the project are models that are called with data."""
        return any(
            (isinstance(base, Named) and _MODEL_BASES.search(base.name))
            or (isinstance(base, ClassValue) and self.is_model_class(base))
            for base in owner.bases
        )

    def is_model(self, value: Value) -> bool:
        """Whether a value is a model that is asked with data."""
        match value:
            case Instance():
                return self.is_model_class(value.of)
            case Made():
                entry = self._catalog.entry(value.name)
                roles = entry.roles if entry is not None else frozenset()
                return bool(roles & {MODEL, "estimator", LOADER}) and "transformer" not in roles
        return False

    def same(self, owner: Made | Instance, name: str, positional: list[Value]) -> Value:
        """A method that gives the object itself; `eval()` and `train()` are remembered."""
        if name in {"eval", "train"}:
            off = bool(positional) and isinstance(positional[0], Const) and not positional[0].value
            owner.mode = "eval" if name == "eval" or off else "train"
        return owner

    def fit(
        self, owner: Value, name: str, positional: list[Value], keywords: dict[str, Value], place: Place
    ) -> Value | None:
        """`fit` and its like: a transformer learns, a model is trained; None where neither is known."""
        entry = self._catalog.entry(self._effects.type_of(owner)) if isinstance(owner, Made) else None
        roles = entry.roles if entry is not None else frozenset()
        # The second argument is the target.
        data = self.first_data(positional[:1], {} if positional else keywords)
        if "transformer" in roles and not ("composition" in roles and self._ends_in_model(owner)):
            if isinstance(owner, Made) and data is not None:
                self._uses.fit(owner, data, place)
            return owner
        if TRAINER in roles:
            # `Trainer.fit(model, loader)`: the model comes first.
            model = positional[0] if positional else keywords.get("model", owner)
            data = self.first_data(positional[1:], keywords)
        else:
            model = owner
        if data is not None:
            self._uses.use(model, data, place, trains=True, method=name, spelled=name)
        self._effects.persistence.checkpoints(model, keywords.get("callbacks"), place)
        checked = self.first_data([], {"": keywords["validation_data"]}) if "validation_data" in keywords else None
        if checked is not None:
            self._uses.use(model, checked, place, trains=False, method="validation_data", spelled=name, checks=True)
        return owner if name == "fit" else Data("history")

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
        data = self.first_data(positional, keywords)
        if data is not None:
            self._uses.use(model, data, place, trains=False, method=method, spelled=spelled)
        return Data("prediction", kind="prediction")

    def first_data(self, positional: list[Value], keywords: dict[str, Value]) -> Data | None:
        """The data among the arguments of a call."""
        best: Data | None = None
        for value in [*positional[:2], *keywords.values()]:
            inner = value
            for _ in range(3):
                if isinstance(inner, Many) and inner.items:
                    row = self._effects.items.joined(inner)
                    inner = row or next(
                        (item for item in inner.items if isinstance(item, Data | Many | Table)), inner.items[0]
                    )
                elif isinstance(inner, Table) and inner.items:
                    inner = next(iter(inner.items.values()))
            if isinstance(inner, Data) and best is None:
                best = inner
            elif isinstance(inner, Instance):
                made = self._effects.items.item(inner, Const(0), Place(inner.of.path, NOWHERE))
                if isinstance(made, Data) and best is None:
                    best = made
        return best
