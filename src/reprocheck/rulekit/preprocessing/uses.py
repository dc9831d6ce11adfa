"""Where models meet data: training, predicting, saving and loading, with what surrounds each."""

from __future__ import annotations

from dataclasses import dataclass, field

from reprocheck.rulekit.preprocessing.values import (
    Const,
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
_SWITCH = "torch.set_grad_enabled"


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
    gradients: bool = True
    """Whether gradients are recorded there."""
    mode: str = ""
    """`eval` or `train` where the model was put into that mode; empty where nothing says so."""
    checks: bool = False
    """Whether the call itself says that this is validation."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A transformer learns from data."""

    transformer: Made
    data: Data
    place: Place
    functions: tuple[FunctionValue, ...]
    root: str
    """Module that is being run."""


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
        self.stored: dict[str, Data] = {}
        """Data that was written to files, by path."""
        self.files_written: set[str] = set()
        """Files that pictures and tables were written to after they went through steps."""
        self.files_read: dict[Place, set[str]] = {}
        """Files of pictures and tables by the place that reads them, where their names are known."""
        self.split: set[tuple[str, str, Place | None]] = set()
        """Programs, origins and places of tables that are split into training and test data."""
        self.prepared: set[str] = set()
        """Operations behind pictures that were written to files of which the names aren't known."""
        self.fitted: list[Fit] = []
        """Transformers that learned from data."""
        self.escaped: set[int] = set()
        """Identities of objects that were handed to what isn't followed, or returned out of what is."""
        self.unread_saves = 0
        """Times that something unknown was written to a file."""
        self.unread: set[str] = set()
        """Files that something unknown was written to, where their names are known."""
        self._frames = [_Frame(None)]
        self._decorators: dict[int, list[Value]] = {}
        self._quiet = 0

    def begin(self, root: str) -> None:
        """Another program: what one asked a model is no training of the next."""
        self.root = root
        self._frames[0].pending.clear()

    def defined(self, function: FunctionValue, decorators: list[Value]) -> None:
        """A function definition was passed."""
        self.functions.append((function, decorators))
        self._decorators[id(function.form)] = decorators

    def enter(self, function: FunctionValue) -> None:
        """A function of the project begins."""
        self._frames.append(_Frame(function))
        self._quiet += self._is_quiet(function)

    def _is_quiet(self, function: FunctionValue) -> bool:
        """Whether a decorator switches gradients off."""
        return any(
            (isinstance(item, Made) and item.name in NO_GRADIENT)
            or (isinstance(item, Named) and item.name in NO_GRADIENT)
            for item in self._decorators.get(id(function.form), ())
        )

    def leave(self) -> None:
        """The innermost function ends; the caller's `backward()` may mean its calls too."""
        frame = self._frames.pop()
        assert frame.function is not None
        self._quiet -= self._is_quiet(frame.function)
        self._frames[-1].pending += frame.pending[-_PENDING:]

    def entered(self, context: Value) -> bool:
        """A `with` block begins; whether it switches gradients off."""
        name = context.name if isinstance(context, Made) else context.source if isinstance(context, Data) else ""
        is_quiet = name in NO_GRADIENT
        if name == _SWITCH and isinstance(context, Made):
            # Where a phase decides, gradients are taken in the one that trains.
            wanted = context.arguments["mode"]
            is_quiet = isinstance(wanted, Const) and not wanted.value
        self._quiet += is_quiet
        return is_quiet

    def left(self, *, quiet: bool) -> None:
        """The block ends."""
        self._quiet -= quiet

    def fit(self, transformer: Made, data: Data, place: Place) -> None:
        """A transformer learns."""
        transformer.learned = data
        self.fitted.append(Fit(transformer, data, place, self._around(), self.root))

    def _around(self) -> tuple[FunctionValue, ...]:
        return tuple(frame.function for frame in self._frames if frame.function is not None)

    def backward(self) -> None:
        """A gradient is taken: what the model was given before is training data."""
        frame = self._frames[-1]
        for use in frame.pending:
            use.trains = True
        frame.pending.clear()

    def use(
        self, model: Value, data: Data, place: Place, *, trains: bool, method: str, spelled: str, checks: bool = False
    ) -> None:
        """A model is given data."""
        mode = model.mode if isinstance(model, Made | Instance) else ""
        found = Use(
            model, data, place, self.root, self._around(), trains, method, spelled,
            gradients=self._quiet <= 0, mode=mode, checks=checks,
        )  # fmt: skip
        self.found.append(found)
        if not method and self._quiet <= 0:
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
"""Plain calls that are remembered when a function ends."""

__all__ = ["Method", "Named", "Use", "Uses"]
