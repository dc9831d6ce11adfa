"""The two sides of a project: where models are trained, and where they answer; which of them belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from reprocheck.project.facts.model import Call, Function
from reprocheck.rulekit.preprocessing.alignment import differences
from reprocheck.rulekit.preprocessing.interpreter import Interpreter, OutOfBudget
from reprocheck.rulekit.preprocessing.normal_form import NormalForm, normal_form
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

_MODELS = frozenset(
    {
        "catboost", "fastai", "joblib", "keras", "lightgbm", "lightning", "mlflow", "onnxruntime", "pickle",
        "pytorch_lightning", "sklearn", "tensorflow", "tf_keras", "torch", "torchvision", "transformers", "xgboost",
    }
)  # fmt: skip
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
    r"(^|[/_.-])(predict(ion|or)?|infer(ence)?|serve|serving|app|api|webapp|deploy(ment)?|demo|server|handler|score|scoring|live|webcam|detect|main_api|flask_?\w*|streamlit\w*|lambda\w*)(_\w+)?\.(py|ipynb)$"
)
_CHECKS = re.compile(
    r"(^|_)(val|valid|validate|validation|eval|evaluate|evaluation|test|metrics?|accuracy|score|report|confusion\w*)(_|$)"
)
_TESTS = re.compile(
    r"(^|/)(tests?|testing|unittests?|docs?|examples?)/|(^|/)(test_[^/]*|[^/]*_test|conftest|setup)\.py$"
)
_SINGLE = re.compile(r"PIL\.Image\.open|cv2\.(imread|imdecode|VideoCapture)|keras[\w.]*\.load_img|flask\.|streamlit\.")
"""Origins of single items."""
_SINKS = re.compile(
    r"(\(\)|(^|[.@])(fit|fit_generator|fit_transform|train_on_batch|partial_fit|backward|predict\w*|decision_function|run|invoke"
    r"|train|\w*(model|net|network|classifier|regressor|clf|estimator|pipe|pipeline|session)\d*))$",
    re.IGNORECASE,
)
"""Calls that train or ask a model, by their last name, and calls of what a call made."""
_LEAST, _MOST, _EACH_LINE = 25_000, 100_000, 2
"""Expressions that a project is followed for: a twentieth of what reading it costs."""
_FAR = 100
_MOST_FILES = 3_000


@dataclass(slots=True, eq=False)
class Side:
    """One use of a model on one side."""

    use: Use
    form: NormalForm
    artifacts: frozenset[str]
    """Base names of files that the model was saved to or loaded from."""
    identity: tuple[str, ...]
    """What the model is, as far as it is known: the class of the project, or the callee that made it."""
    known_source: bool
    """Whether the data's origin is known to be raw."""

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
    paths = [path for path, facts in sorted(project.index.files.items()) if facts.outline and not _TESTS.search(path)]
    if not _has_models(project, paths) or len(paths) > _MOST_FILES:
        return found
    lines = sum(project.index.files[path].functions[0].span.end_line for path in paths)
    interpreter = Interpreter(project.index, project.catalog, max(_LEAST, min(_MOST, _EACH_LINE * lines)))
    found.uses = interpreter.uses
    serving = [path for path in paths if _SERVING_FILE.search(path.lower())]
    telling = [path for path in paths if path not in serving and _tells(project.index.files[path].functions)]
    try:
        for group in (serving, telling):
            for path in group:
                interpreter.begin(path)
                interpreter.module(path)
            _roots(project, interpreter, frozenset(serving) if group is serving else None)
    except OutOfBudget:
        found.whole = False
    except RecursionError:
        found.whole = False
    _sort(project, interpreter, found)
    return found


def _has_models(project: Project, paths: list[str]) -> bool:
    """Whether any module imports what trains or loads models; most projects of other kinds do neither."""
    return any(
        target.partition(".")[0] in _MODELS for path in paths for target in project.index.files[path].imports.values()
    )


def _tells(functions: Iterable[Function]) -> bool:
    """Whether one of some functions trains or asks a model itself, as far as names say."""
    return any(
        isinstance(event, Call) and _SINKS.search(event.callee) is not None
        for function in functions
        for event in function.events
    )


def _roots(project: Project, interpreter: Interpreter, only: frozenset[str] | None) -> None:
    """Follow what nothing calls: handlers, methods of frameworks, functions for the command line.

    `only` are the files whose functions are taken, None for all.
    """
    ordered = sorted(interpreter.uses.functions, key=lambda pair: (not pair[1], pair[0].owner is not None))
    for function, decorators in ordered:
        if only is not None and function.path not in only:
            continue
        table = project.index.symbols.table(function.path).functions
        name = function.name if function.owner is None else f"{function.owner.name}.{function.name}"
        known = table.get(name)
        if not decorators and known is not None and not _tells([known.function]):
            continue
        if id(function.form) not in interpreter.called and not function.name.startswith("test_"):
            interpreter.begin(function.path)
            interpreter.call_root(function)


def _sort(project: Project, interpreter: Interpreter, found: Sides) -> None:
    decorators = {id(function.form): values for function, values in interpreter.uses.functions}
    fitted: dict[str, set[int]] = {}
    for use in interpreter.uses.found:
        if use.trains:
            fitted.setdefault(use.root, set()).add(id(use.model))
    saved: dict[str, set[str]] = {}
    for path, value, _ in interpreter.uses.saved:
        if isinstance(value, Made):
            saved.setdefault(_base(path), set()).add(value.name)

    def named(value: Value) -> object:
        """Class of a fitted object; of one that was loaded, that of what was saved under the name."""
        if not isinstance(value, Made):
            return UNSURE
        names = {value.name}
        if _LOADERS.search(value.name):
            names = {name for path in value.artifacts for name in saved.get(_base(path), ())}
        return names.pop().rpartition(".")[2] if len(names) == 1 else UNSURE

    for use in interpreter.uses.found:
        side = _side(project, use, named)
        if use.trains:
            found.trained.append(side)
        elif id(use.model) in fitted.get(use.root, ()) or _checks(use):
            found.checked.append(side)
            if _SINGLE.match(use.data.source) and not use.checks and not _checks(use):
                found.asked.append(side)
        elif _serves(project, use, decorators) or (_is_loaded(side) and _SINGLE.match(use.data.source)):
            found.served.append(side)


def _is_loaded(side: Side) -> bool:
    return bool(side.artifacts) or bool(side.identity and _LOADERS.search(side.identity[-1]))


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


def _base(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _side(project: Project, use: Use, named: Callable[[Value], object]) -> Side:
    form = normal_form(use.data, named)
    entry = project.catalog.entry(use.data.source)
    step = entry.step if entry is not None else None
    known = (
        step is not None and step.op in {"source", "dataset", "source-resized", "frame", "flow"}
    ) or use.data.source == "images"
    return Side(use, form, _artifacts(use.model), _identity(use.model), known)


def _artifacts(model: Value) -> frozenset[str]:
    if not isinstance(model, Made | Instance):
        return frozenset()
    return frozenset(name for path in model.artifacts if (name := _base(path)) not in {"", "?", "."})


def _identity(model: Value) -> tuple[str, ...]:
    match model:
        case Instance():
            return (model.of.path, model.of.name)
        case Made():
            # Two programs that build the same kind of model each build their own.
            return (model.place.path, str(model.place.span.line), model.name)
    return ()


_LOADERS = re.compile(r"(^|\.)(load|load_model|load_learner|InferenceSession|get)$")


@dataclass(frozen=True, slots=True)
class Partners:
    """Training and serving of what is shown to be the same model."""

    trained: Side
    served: Side
    shown_by: str
    """`object` (one program trains and asks), `artifact` (saved here, loaded there), `class` (built by the same code)
    or `only` (the project's one model)."""
    checked: Side | None
    """The same model's validation, for what training does at random."""

    @property
    def complete(self) -> bool:
        """Whether every step is known on both sides."""
        return self.trained.complete and self.served.complete


def partners(found: Sides) -> Iterator[Partners]:
    """Each serving side with the training side that it belongs to, once for each place."""
    by_place: dict[object, Partners] = {}
    several = len({side.artifacts for side in found.served if side.artifacts}) > 1
    for served in [*found.served, *found.asked]:
        known = by_place.get(served.use.place)
        if known is not None and _told(known.served) >= _told(served):
            continue
        near = _nearest(found.trained, served)
        for rank in ("object", "artifact", "class", "only"):
            if rank == "only" and several:
                continue
            matches = [side for side in near if _belongs(side, served, rank, near)]
            if matches:
                trained = _likeliest(matches, served)
                by_place[served.use.place] = Partners(trained, served, rank, _validation(found, trained))
                break
    yield from by_place.values()


def _share(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of file names have one in common; `model.{epoch:02d}.h5` stands for any epoch's file."""
    if one & other:
        return True
    return any("{" in name and _template(name).fullmatch(file) is not None for name in one for file in other)


def _template(name: str) -> re.Pattern[str]:
    return re.compile("[^/]*".join(re.escape(part) for part in re.split(r"\{[^{}]*\}", name)))


def _likeliest(matches: list[Side], served: Side) -> Side:
    """Of several training sides one that is known best, stands near, and differs least."""
    complete = [side for side in matches if side.complete] or matches
    nearest = min(_distance(side, served) for side in complete)
    near = [side for side in complete if _distance(side, served) == nearest]
    return min(near, key=lambda side: (sum(1 for _ in differences(side.form, served.form)), *(-n for n in _told(side))))


def _distance(trained: Side, served: Side) -> int:
    """Folders between two files; a notebook is further away than any module."""
    one, other = trained.use.place.path.split("/")[:-1], served.use.place.path.split("/")[:-1]
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return len(one) + len(other) - 2 * shared + (_FAR if trained.use.place.path.endswith(".ipynb") else 0)


def _told(side: Side) -> tuple[int, ...]:
    return (
        bool(side.artifacts),
        side.complete,
        len(side.form.steps) + (not side.form.scale.is_identity),
        -len(side.form.unknown),
    )


def _nearest(trained: list[Side], served: Side) -> list[Side]:
    """Training sides of the same part of the repository: those with the most folders in common.

    A repository of several projects has a model in each, often under the same file name.
    """
    if not trained:
        return []
    tops = {side.use.place.path.partition("/")[0] for side in trained}
    own = served.use.place.path.partition("/")[0]
    if own in tops and len(tops) > 1:
        same = [side for side in trained if side.use.place.path.partition("/")[0] == own]
        if not any(_share(side.artifacts, served.artifacts) for side in trained if side not in same):
            return same
    return trained


def _validation(found: Sides, trained: Side) -> Side | None:
    same = [
        side
        for side in found.checked
        if side.form.image
        and not side.form.random
        and (side.use.model is trained.use.model or side.identity == trained.identity)
    ]
    return max(same, key=_told, default=None)


def _belongs(trained: Side, served: Side, rank: str, among: list[Side]) -> bool:
    if trained.use.place == served.use.place:
        return False
    if rank == "object":
        return trained.use.model is served.use.model
    if rank == "artifact":
        return _share(trained.artifacts, served.artifacts)
    if trained.artifacts and served.artifacts and not _share(trained.artifacts, served.artifacts):
        return False
    if rank == "class":
        is_class = trained.identity and trained.identity == served.identity and not _LOADERS.search(served.identity[-1])
        return bool(is_class)
    if served.identity and not _LOADERS.search(served.identity[-1]):
        return False
    return len({side.use.place for side in among}) == 1 and len({side.identity for side in among}) == 1


__all__ = ["FunctionValue", "Partners", "Side", "Sides", "partners", "sides"]
