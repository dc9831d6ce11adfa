"""The two sides of a project: where models are trained, and where they answer; which of them belong together."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from reprocheck.rulekit.outlined import Outlined, outlined
from reprocheck.rulekit.preprocessing.interfaces import PICTURE
from reprocheck.rulekit.preprocessing.interpreter import Interpreter, OutOfBudget
from reprocheck.rulekit.preprocessing.normal_form import NormalForm, normal_form
from reprocheck.rulekit.preprocessing.pieces import read_of, tells
from reprocheck.rulekit.preprocessing.uses import Use, Uses
from reprocheck.rulekit.preprocessing.values import (
    UNSURE,
    FunctionValue,
    Instance,
    Made,
    Method,
    Named,
    Value,
)
from reprocheck.rulekit.project import Project

_SERVERS = frozenset(
    {
        "bentoml", "chalice", "django", "fastapi", "flask", "gradio", "kserve", "litserve", "quart", "rest_framework",
        "sanic", "seldon_core", "starlette", "streamlit", "triton_python_backend_utils", "ts", "bottle", "dash",
        "telegram",
        "telebot", "aiogram", "tornado",
    }
)  # fmt: skip
_SERVES = re.compile(
    r"(^|_)(predict(ion|or|ions)?|infer(ence)?|serve|serving|handler|handle|lambda_handler|model_fn|input_fn|predict_fn|transform_fn"
    r"|classify|preprocess_request|deploy|app|demo|webcam|detect)(_|$)"
)
_SERVING_FILE = re.compile(
    r"(^|[/_.-])(predict(or)?|(?<![_.-])prediction|infer(ence)?|serve|serving|app|api|webapp|deploy(ment)?|demo|server|handler|score|scoring|live|webcam|detect|main_api|flask_?\w*|streamlit\w*|lambda\w*)(_\w+)?\.(py|ipynb)$"
)
_CHECKS = re.compile(
    r"(^|_)(val|valid|validate|validation|eval|evaluate|evaluation|test|metrics?|accuracy|score|report|confusion\w*)(_|$)"
)
_TESTS = re.compile(
    r"(^|/)(tests?|testing|unittests?|docs?|examples?)/|(^|/)(test_[^/]*|[^/]*_test|conftest|setup)\.py$"
)
_SINGLE = re.compile(r"PIL\.Image\.open|cv2\.(imread|imdecode|VideoCapture)|keras[\w.]*\.load_img|flask\.|streamlit\.")
"""Origins of single items."""
_PREPARED = re.compile(
    r"(^|[/_.-])((pre)?processed|prepared|cleaned|scaled|normali[sz]ed|standardi[sz]ed|encoded|transformed|features)[/_.-]"
)
"""Names of files and folders whose data went through steps before."""
_OF_VALUES = frozenset({"normalise", "to-unit", "arithmetic", "scale", "preset"})
LOADERS = re.compile(r"(^|\.)(load|load_model|load_learner|InferenceSession|get)$")
"""Callees that read a model from a file."""
_LEAST, _MOST, _EACH_LINE = 25_000, 100_000, 2
"""Expressions that a project is followed for: a twentieth of what reading it costs."""
_MOST_FILES = 3_000


@dataclass(slots=True, eq=False)
class Side:
    """One use of a model on one side."""

    use: Use
    form: NormalForm
    files: frozenset[str]
    """Files that the model was saved to or loaded from."""
    identity: tuple[str, ...]
    """What the model is, as far as it is known: the class of the project, or the callee that made it."""
    known_source: bool
    """Whether the data's origin is known to be raw."""

    @property
    def artifacts(self) -> frozenset[str]:
        """Base names of the files."""
        return frozenset(name for path in self.files if (name := base_name(path)) not in {"", "?", "."})

    @property
    def is_loaded(self) -> bool:
        """Whether what made the model read it from a file."""
        return bool(self.identity and LOADERS.search(self.identity[-1]))

    @property
    def complete(self) -> bool:
        """Whether every step from the origin to the model is known."""
        return self.known_source and not self.form.unknown and self.form.scaled


@dataclass(slots=True)
class Sides:
    """What is known of a project's preprocessing."""

    trained: list[Side] = field(default_factory=list)
    checked: list[Side] = field(default_factory=list)
    """Predictions made while training: validation and test."""
    served: list[Side] = field(default_factory=list)
    asked: list[Side] = field(default_factory=list)
    """Of `checked`: single pictures and frames that the trained model is shown by the same program."""
    uses: Uses = field(default_factory=Uses)
    whole: bool = True
    """Whether the project could be followed to its end."""


def sides(project: Project) -> Sides:
    """Both sides of a project, followed once."""
    return project.once(_sides)


def _sides(project: Project) -> Sides:
    found = Sides()
    answers = project.index.answers
    serving, telling = project.value_of(modules_followed)
    interpreter = Interpreter(project.index, project.catalog, answers.apart(lambda: budget_of(project)))
    found.uses = interpreter.uses
    try:
        for group in (serving, telling):
            for path in group:
                interpreter.begin(path)
                interpreter.module(path)
            _roots(project, interpreter, frozenset(serving) if group is serving else None)
    except OutOfBudget:
        found.whole = False
        project.value_of(budget_of)  # another budget would end elsewhere
    except RecursionError:
        found.whole = False
    if interpreter.spent <= interpreter.budget:
        project.value_of(suffices, str(interpreter.spent))  # any budget of that size comes to the same
    for path, entered in interpreter.entered.items() if answers.keeping else ():
        project.value_of(read_of, path, " ".join(map(str, sorted(entered))))
    _sort(project, interpreter, found)
    return found


def modules_followed(project: Project) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Modules where following begins: those that serve by their names, and others that train or ask models.

    None where nothing imports what trains or loads models, as in most projects of other kinds.
    """
    known = _modules(project)
    if not any(module.models for module in known.values()) or len(known) > _MOST_FILES:
        return (), ()
    serving = dict.fromkeys(path for path in known if _SERVING_FILE.search(path.lower()))
    telling = [path for path, module in known.items() if module.tells and path not in serving]
    # One that only writes data comes before those that may train, so that what it wrote is known.
    telling.sort(key=lambda path: known[path].trains)
    return tuple(serving), tuple(telling)


def budget_of(project: Project) -> int:
    """Expressions that the project is followed for."""
    lines = sum(module.lines for module in _modules(project).values())
    return max(_LEAST, min(_MOST, _EACH_LINE * lines))


def suffices(project: Project, spent: str) -> bool:
    """Whether so many expressions are within the budget."""
    return int(spent) <= budget_of(project)


def _modules(project: Project) -> dict[str, Outlined]:
    return {path: module for path, module in outlined(project).items() if not _TESTS.search(path)}


def _roots(project: Project, interpreter: Interpreter, only: frozenset[str] | None) -> None:
    """Follow what nothing calls: handlers, methods of frameworks, functions for the command line.

    `only` are the files whose functions are taken, None for all.
    """
    ordered = sorted(interpreter.uses.functions, key=lambda pair: (not pair[1], pair[0].owner is not None))
    for function, decorators in ordered:
        if only is not None and function.path not in only:
            continue
        if not decorators and project.index.answers.apart(partial(_is_silent, project, function)):
            continue
        if id(function.form) not in interpreter.called and not function.name.startswith("test_"):
            interpreter.begin(function.path)
            interpreter.call_root(function)


def _is_silent(project: Project, function: FunctionValue) -> bool:
    """Whether a function neither trains nor asks a model itself; `read_of` its module says the same."""
    name = function.name if function.owner is None else f"{function.owner.name}.{function.name}"
    known = project.index.symbols.table(function.path).functions.get(name)
    return known is not None and not tells(known.function)


def _sort(project: Project, interpreter: Interpreter, found: Sides) -> None:
    decorators = {id(function.form): values for function, values in interpreter.uses.functions}
    fitted: dict[str, set[int]] = {}
    for use in interpreter.uses.found:
        if use.trains:
            fitted.setdefault(use.root, set()).add(id(use.model))
    saved: dict[str, set[str]] = {}
    for path, value, _ in interpreter.uses.saved:
        if isinstance(value, Made):
            saved.setdefault(base_name(path), set()).add(value.name)

    def named(value: Value) -> object:
        """Class of a fitted object; of one that was loaded, that of what was saved under the name."""
        if not isinstance(value, Made):
            return UNSURE
        names = {value.name}
        if LOADERS.search(value.name):
            names = {name for path in value.artifacts for name in saved.get(base_name(path), ())}
        return names.pop().rpartition(".")[2] if len(names) == 1 else UNSURE

    for use in interpreter.uses.found:
        side = _side(project, interpreter.uses, use, named)
        if use.trains:
            found.trained.append(side)
        elif id(use.model) in fitted.get(use.root, ()) or _checks(use):
            found.checked.append(side)
            if _SINGLE.match(use.data.source) and not use.checks and not _checks(use):
                found.asked.append(side)
        elif _serves(project, use, decorators) or (_is_loaded(side) and _SINGLE.match(use.data.source)):
            found.served.append(side)


def _is_loaded(side: Side) -> bool:
    return bool(side.artifacts) or side.is_loaded


def _checks(use: Use) -> bool:
    return any(_CHECKS.search(function.name.lower()) for function in use.functions)


def _serves(project: Project, use: Use, decorators: dict[int, list[Value]]) -> bool:
    for function in use.functions:
        if _SERVES.search(function.name.lower()):
            return True
        for decorator in decorators.get(id(function.form), ()):
            name = decorator.name if isinstance(decorator, Named | Method) else ""
            if re.search(r"(^|\.)(route|post|get|put|api|task|service|deployment|on_message|websocket)$", name):
                return True
    if _SERVING_FILE.search(use.place.path.lower()) or _SERVING_FILE.search(use.root.lower()):
        return True
    for path in {use.root, use.place.path}:
        facts = project.index.files.get(path)
        if facts is not None and not _SERVERS.isdisjoint(target.partition(".")[0] for target in facts.imports.values()):
            return True
    return False


def base_name(path: str) -> str:
    """The last part of a path."""
    return path.rstrip("/").rpartition("/")[2]


def _side(project: Project, uses: Uses, use: Use, named: Callable[[Value], object]) -> Side:
    form = normal_form(use.data, named)
    entry = project.catalog.entry(use.data.source)
    step = entry.step if entry is not None else None
    known = (
        step is not None and step.op in {"source", "dataset", "source-resized", "frame", "flow"}
    ) or use.data.source in {"images", PICTURE}
    return Side(use, form, _artifacts(use.model), _identity(use.model), known and not _is_prepared(uses, use, form))


def _is_prepared(uses: Uses, use: Use, form: NormalForm) -> bool:
    """Whether data comes from a file to which the project writes it after some steps, or whose name says so."""
    paths = set() if use.data.place is None else uses.files_read.get(use.data.place, set())
    if not paths:
        untouched = not form.steps and form.scale.is_identity
        return use.trains and untouched and not uses.prepared.isdisjoint(_OF_VALUES)
    return not paths.isdisjoint(uses.files_written) or any(_PREPARED.search(path.lower()) for path in paths)


def _artifacts(model: Value) -> frozenset[str]:
    return frozenset(model.artifacts) if isinstance(model, Made | Instance) else frozenset()


def _identity(model: Value) -> tuple[str, ...]:
    match model:
        case Instance():
            return (model.of.path, model.of.name)
        case Made():
            # Two programs that build the same kind of model each build their own.
            return (model.place.path, str(model.place.span.line), model.name)
    return ()


__all__ = ["FunctionValue", "Side", "Sides", "sides"]
