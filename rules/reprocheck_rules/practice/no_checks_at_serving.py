"""A handler gives what it is sent to a model unchecked, and lets every error through.

## Why
A model takes almost anything: a list of the wrong length is broadcast, a missing field becomes a zero, text in place
of a number raises deep inside a library and reaches the caller as a page of HTML. A wrong answer is worse than none.

## Fix
Say what a request must look like (a pydantic model as the handler's parameter, a schema), check shape and range
before the prediction, and answer what can't be used with 400 and a sentence.

## Notes
Counts typed bodies, validators, conditions that end the handler, and `try` around the prediction, in the handler
itself and in what it calls in the project. Breck et al., *The ML Test Score* (2017), Monitor 2.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Note, Practice, Project, Rule, Span, not_applicable
from reprocheck.rulekit.facts import Call, Exit, Function, FunctionRef, GuardKind
from reprocheck_rules.practice.observed import listed
from reprocheck_rules.practice.serving import handlers, serving_files

rule = Rule("PRJ020", "no-exception-or-shape-checks-at-serving", __doc__, severity="note")

_PLAIN = re.compile(
    r"(^|\.)(str|int|float|bool|bytes|list|dict|tuple|set|Any|List|Dict|Request|object|Tuple|Set)(\(\))?$"
)
_VALIDATES = re.compile(
    r"(^|[._])(validate\w*|is_valid|check\w*|verify\w*|model_validate|parse_obj|loads|schema|abort|HTTPException|BadRequest|isinstance"
    r"|jsonify_error|UploadFile|Form|Body|Query|reqparse)$"
)


@rule.on_practice
def check(project: Project) -> Practice:
    """Handlers that predict, and what stands between the request and the model."""
    found = [handler for path in serving_files(project) for handler in project.of_file(_handlers, path)]
    if not found:
        return not_applicable("nothing answers requests with a model")
    guards = [handler.guard for handler in found if handler.guard is not None]
    looked_at = f"handlers that answer requests with a model: {len(found)}, {len(guards)} of which check something"
    notes = listed(guards)
    open_ = [handler for handler in found if handler.guard is None]
    if not open_:
        return Practice(looked_at=looked_at, found=notes)
    first, *others = open_
    message = f"`{first.name}` gives what it is sent to the model unchecked, and no error is caught"
    trail = listed(Note(handler.span, "unchecked too", handler.path) for handler in others)
    return Practice(looked_at=looked_at, found=notes, gap=project.match(first.path, first.span, message, trail=trail))


class _Handler(NamedTuple):
    """A function that answers requests with what a model says."""

    path: str
    name: str
    span: Span
    """The prediction."""
    guard: Note | None
    """What checks a request."""


def _handlers(project: Project, path: str) -> Iterator[_Handler]:
    for handler in handlers(project.index.files[path]):
        guard = _guard(project, path, handler.function)
        yield _Handler(path, handler.function.name, handler.call.span, guard)


def _guard(project: Project, path: str, function: Function) -> Note | None:
    """What checks a request: its type, a condition, a validator, or a `try`."""
    typed = next((p for p in function.parameters if p.annotation and not _PLAIN.search(p.annotation)), None)
    if typed is not None:
        return Note(typed.span, f"the type of `{typed.name}` says what a request must be", path)
    span = _checks(function)
    if span is not None:
        return Note(span, f"`{function.name}` checks or catches", path)
    for event in function.events:
        if isinstance(event, Call):
            called = project.index.symbols.resolve(path, event.callee)
            if isinstance(called, FunctionRef) and _checks(called.function) is not None:
                return Note(event.span, f"`{event.callee.rpartition('.')[2]}` checks or catches", path)
    return None


def _checks(function: Function) -> Span | None:
    for event in function.events:
        if isinstance(event, Exit) and event.guard >= 0 and function.guards[event.guard].kind is not GuardKind.LOOP:
            return function.guards[event.guard].span
        if isinstance(event, Call) and _VALIDATES.search(event.callee):
            return event.span
    return next((guard.span for guard in function.guards if guard.kind is GuardKind.TRY), None)


_FLASK = """
import joblib
from flask import Flask, jsonify, request

app = Flask(__name__)
model = joblib.load("model.joblib")


@app.route("/predict", methods=["POST"])
def answer():
    row = request.get_json()
    return jsonify(float(model.predict([row["x"]])[0]))
"""
_FAST = """
import joblib
from fastapi import FastAPI

app = FastAPI()
model = joblib.load("model.joblib")


@app.post("/predict")
def predict(row: dict):
    return {"answer": model.predict([list(row.values())])[0]}
"""

rule.flags({"api.py": _FLASK})
rule.flags({"api.py": _FAST})
rule.flags({"api.py": _FAST.replace("row: dict", "row")})
rule.flags({"service/app.py": _FLASK.replace("joblib.load", "joblib.load_model")})
rule.flags({"api.py": _FAST.replace("    return", "    print(row)\n    return")})
rule.flags(
    {
        "api.py": """
        import torch
        from sanic import Sanic, json

        app = Sanic("net")
        model = torch.jit.load("net.pt")


        @app.post("/predict")
        async def predict(request):
            return json(model.forward(torch.tensor(request.json)).tolist())
        """
    }
)
rule.allows(
    {
        "api.py": _FAST.replace("row: dict", "row: Row").replace(
            "app =", "from pydantic import BaseModel\n\n\nclass Row(BaseModel):\n    x: float\n\n\napp ="
        )
    }
)
rule.allows(
    {
        "api.py": _FLASK.replace(
            "    return", "    if len(row['x']) != 3:\n        return 'three numbers', 400\n    return"
        )
    }
)
rule.allows(
    {
        "api.py": """
        import joblib
        from flask import Flask, jsonify, request

        app = Flask(__name__)
        model = joblib.load("model.joblib")


        @app.route("/predict", methods=["POST"])
        def answer():
            try:
                return jsonify(float(model.predict([request.json["x"]])[0]))
            except (KeyError, ValueError):
                return "x is missing or no number", 400
        """
    }
)
rule.allows(
    {"api.py": "from jsonschema import validate\n" + _FLASK.replace("    return", "    validate(row, {})\n    return")}
)
rule.allows(
    {
        "api.py": """
        import joblib
        from flask import Flask, jsonify, request

        app = Flask(__name__)
        model = joblib.load("model.joblib")


        def read():
            row = request.get_json()
            if "x" not in row:
                raise KeyError("x")
            return row


        @app.route("/predict", methods=["POST"])
        def answer():
            return jsonify(float(model.predict([read()["x"]])[0]))
        """
    },
    title="In a function of the project",
)
rule.allows(
    {"api.py": "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route('/')\ndef home():\n    return 'hi'\n"}
)
