"""Code that answers requests with a model: shared by the rules about serving."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reprocheck.rulekit import Project
from reprocheck.rulekit.facts import Call, FileFacts, Function
from reprocheck_rules.practice.observed import FRAMEWORKS, importers, is_source

_FRAMEWORKS = (
    "fastapi", "flask", "starlette", "sanic", "tornado", "aiohttp.web", "bottle", "falcon", "django", "quart",
    "litestar", "bentoml", "ray.serve", "mlserver", "seldon_core", "kserve", "ts.torch_handler", "litserve", "robyn",
    "grpc", "connexion",
)  # fmt: skip
_ROUTES = re.compile(r"(^|\.)(route|post|get|put|api_view|api|predict_route|websocket)(\(\))?$")
_LIFE = re.compile(r"health|ready|live|ping|index|home|root|version|metrics|docs|schema|status|favicon", re.IGNORECASE)
_PREDICTS = re.compile(
    r"(^|[._])(predict|predict_proba|infer|inference|forward|generate|classify|score|transform|embed|encode|run_inference"
    r"|make_prediction|predictor|model|net|pipe|pipeline|session\.run)\w*$",
    re.IGNORECASE,
)


class Handler(NamedTuple):
    """A function that answers requests with what a model says."""

    function: Function
    call: Call
    """The prediction."""


def serving_files(project: Project) -> Sequence[str]:
    """The project's own files that import a framework for serving and reach or load a model, in order."""
    return project.once(_serving_files)


def _serving_files(project: Project) -> Sequence[str]:
    models = {note.path for note in importers(project, FRAMEWORKS)}
    serving = [note.path for note in importers(project, _FRAMEWORKS) if is_source(note.path)]
    return [
        path
        for path in serving
        if any(project.of_file(_loads, path)) or not models.isdisjoint(project.index.reached([path]))
    ]


def _loads(project: Project, path: str) -> Iterator[bool]:
    """Whether a file imports what models are loaded with."""
    targets = project.index.files[path].imports.values()
    yield any("joblib" in target or "pickle" in target or "mlflow" in target for target in targets)


def handlers(facts: FileFacts) -> Iterator[Handler]:
    """Functions of a file that stand behind a route and predict."""
    for function in facts.functions[1:]:
        if not any(_ROUTES.search(name) for name in function.decorators) or _LIFE.search(function.name):
            continue
        call = next((e for e in function.events if isinstance(e, Call) and _PREDICTS.search(e.callee)), None)
        if call is not None:
            yield Handler(function, call)
