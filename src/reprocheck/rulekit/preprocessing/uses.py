"""Where models meet data: training, predicting, saving and loading, with what surrounds each."""

from __future__ import annotations

from dataclasses import dataclass, field

from reprocheck.rulekit.preprocessing.values import (
    Data,
    FunctionValue,
    Instance,
    Made,
    Method,
    Named,
    Place,
    Value,
)

NO_GRADIENT = frozenset(
    {"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad", "torch.set_grad_enabled", "paddle.no_grad"}
)


@dataclass(slots=True, eq=False)
class Use:
    """One place where a model is given data."""

    model: Value
    data: Data
    place: Place
    root: str
    """Module that is being run."""
    functions: tuple[FunctionValue, ...]
    """Functions around the place, outermost first."""
    trains: bool
    method: str
    """Method of the model; empty for a plain call."""
    spelled: str = ""
    """How the source calls the model."""


@dataclass(slots=True)
class _Frame:
    function: FunctionValue | None
    pending: list[Use] = field(default_factory=list)
    """Plain calls of models that a `backward()` may still turn into training."""


class Uses:
    """Collects while a program is followed."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.root = ""
        self.found: list[Use] = []
        self.functions: list[tuple[FunctionValue, list[Value]]] = []
        """Every function that was defined, with its decorators."""
        self.saved: list[tuple[str, Value, Place]] = []
        """Path and what was written there."""
        self.loaded: list[tuple[str, Value, Place]] = []
        self.fitted: list[tuple[Made, Data, Place]] = []
        """Transformers that learned from data."""
        self._frames = [_Frame(None)]

    def defined(self, function: FunctionValue, decorators: list[Value]) -> None:
        """A function definition was passed."""
        self.functions.append((function, decorators))

    def enter(self, function: FunctionValue) -> None:
        """A function of the project begins."""
        self._frames.append(_Frame(function))

    def leave(self) -> None:
        """The innermost function ends; the caller's `backward()` may mean its calls too."""
        frame = self._frames.pop()
        self._frames[-1].pending += frame.pending[-_PENDING:]

    def entered(self, context: Value) -> None:
        """A `with` block begins."""
        if isinstance(context, Made) and context.name in NO_GRADIENT:
            self._frames[-1].pending.clear()

    def backward(self) -> None:
        """A gradient is taken: what the model was given before is training data."""
        frame = self._frames[-1]
        for use in frame.pending:
            use.trains = True
        frame.pending.clear()

    def use(self, model: Value, data: Data, place: Place, *, trains: bool, method: str, spelled: str) -> None:
        """A model is given data."""
        functions = tuple(frame.function for frame in self._frames if frame.function is not None)
        found = Use(model, data, place, self.root, functions, trains, method, spelled)
        self.found.append(found)
        if not method:
            self._frames[-1].pending.append(found)

    def save(self, path: str, value: Value, place: Place) -> None:
        """Something is written to a file."""
        self.saved.append((path, value, place))
        if isinstance(value, Made | Instance):
            value.artifacts.add(path)

    def load(self, path: str, value: Value, place: Place) -> None:
        """Something is read from a file."""
        self.loaded.append((path, value, place))
        if isinstance(value, Made | Instance):
            value.artifacts.add(path)


_PENDING = 20

__all__ = ["Method", "Named", "Use", "Uses"]
