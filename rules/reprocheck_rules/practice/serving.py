"""Code that answers requests with a model: shared by the rules about serving."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that answers requests with what a model says."""

    path: str
    function: Function
    call: Call
    """The prediction."""


def handlers(project: Project) -> tuple[Handler, ...]:
    """Functions behind a route that predict, in files that import a framework for serving."""
    return project.once(_handlers)


def _handlers(project: Project) -> tuple[Handler, ...]:
    models = {note.path for note in importers(project, FRAMEWORKS)}
    serving = {note.path for note in importers(project, _FRAMEWORKS)}
    found = []
    for path in sorted(serving):
        if not is_source(path):
            continue
        facts = project.index.files[path]
        reached = project.index.reached([path])
        has_model = bool(reached & models) or any(
            "joblib" in t or "pickle" in t or "mlflow" in t for t in facts.imports.values()
        )
        if has_model:
            found += list(_of_file(facts))
    return tuple(found)


def _of_file(facts: FileFacts) -> Iterator[Handler]:
    for function in facts.functions[1:]:
        if not any(_ROUTES.search(name) for name in function.decorators) or _LIFE.search(function.name):
            continue
        call = next((e for e in function.events if isinstance(e, Call) and _PREDICTS.search(e.callee)), None)
        if call is not None:
            yield Handler(facts.path, function, call)
