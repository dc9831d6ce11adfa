"""A service normalises its input by statistics of that very input.

## Why
Training centred and scaled by statistics of the training data. A service that divides by the mean, the maximum or the
standard deviation of the request maps every request to the same range: what told them apart is gone, and a batch of one
row becomes zeros. Missing values filled with the request's own mean depend on who else is in the batch.

## Fix
Save the statistics in training (a fitted scaler or imputer, `mean.npy`, constants in a configuration) and use them in
the service.

## Notes
Silent where training normalises each image or sound by its own statistics as well; of a table those in training are
the training data's. Where the training side isn't known, tables
have medium confidence and images and sounds, which are often normalised one by one on purpose, low.
"""

from collections.abc import Iterable, Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.preprocessing import Partners, Side, partners, sides
from reprocheck.rulekit.preprocessing.values import Step

rule = Rule("SKW007", "statistics-from-request", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Steps of served data that take a statistic of that data."""
    yield from project.of_project(_of_sides)


def _of_sides(project: Project) -> Iterator[Match]:
    found = sides(project)
    known = {pair.served.use.place: pair for pair in partners(found)}
    seen: set[object] = set()
    for side in found.served:
        pair = known.get(side.use.place)
        confidence = _confidence(side, pair)
        if confidence is None:
            continue
        for labels, step in _by_line(side.use.data.steps):
            if step.place in seen:
                continue
            seen.add(step.place)
            use = side.use.place
            trail = [
                project.note(step.place.path, step.place.span, f"{labels} of the input itself"),
                project.note(use.path, use.span, "the model answers from it"),
            ]
            if pair is not None:
                trained = pair.trained.use.place
                trail.append(project.note(trained.path, trained.span, "the model is trained here, on other data"))
            yield project.match(
                step.place.path,
                step.place.span,
                f"the input is normalised by its own statistics ({labels}), not by those of the training data",
                confidence=confidence,
                trail=trail,
            )


def _by_line(steps: Iterable[Step]) -> list[tuple[str, Step]]:
    """Steps by statistics of the data itself, those of one line together: a mean and a deviation are one mistake."""
    lines: dict[tuple[str, int], list[Step]] = {}
    for step in steps:
        if step.op == "own-statistics":
            lines.setdefault((step.place.path, step.place.span.line), []).append(step)
    return [(" and ".join(dict.fromkeys(f"`{step.label}`" for step in found)), found[0]) for found in lines.values()]


def _confidence(side: Side, pair: Partners | None) -> Confidence | None:
    if pair is not None:
        trained = pair.trained
        is_table = "pandas." in trained.use.data.kind + side.use.data.kind + trained.use.data.source
        if not is_table and any(step.op == "own-statistics" for step in trained.use.data.steps):
            return None
        return Confidence.HIGH if trained.complete and pair.shown_by != "only" else Confidence.MEDIUM
    return Confidence.LOW if side.form.image or not side.use.data.kind.startswith("pandas.") else Confidence.MEDIUM


_TRAIN = """
    import joblib
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    frame = pd.read_csv("train.csv")
    X = frame[["rooms", "area"]]
    %s
    model = LinearRegression()
    model.fit(X, frame["price"])
    joblib.dump(model, "houses.joblib")
"""
_APP = """
    import cv2
    import joblib
    import pandas as pd
    from flask import Flask, jsonify, request

    app = Flask(__name__)
    model = joblib.load("houses.joblib")
    statistics = joblib.load("statistics.joblib")

    @app.route("/predict", methods=["POST"])
    def predict():
        rows = pd.DataFrame(request.get_json(), columns=["rooms", "area"])
        %s
        return jsonify(model.predict(rows).tolist())
"""
for _line in (
    "rows = (rows - rows.mean())  # expect: SKW007",
    "rows = rows / rows.max()  # expect: SKW007",
    "rows = rows.fillna(rows.mean())  # expect: SKW007",
    "rows = rows - rows.min()  # expect: SKW007",
):
    rule.flags({"train.py": _TRAIN % "", "app.py": _APP % _line})
rule.flags({"app.py": _APP % "rows = rows / rows.std()  # expect: SKW007"})
rule.flags(
    {
        "train.py": _TRAIN % "",
        "features.py": """
            def standardise(rows):
                return rows / rows.std()  # expect: SKW007
        """,
        "app.py": _APP.replace("from flask", "from features import standardise\n    from flask")
        % "rows = standardise(rows)",
    }
)
for _line in (
    "rows = rows.fillna(0)",
    "rows = rows / 100",
    "rows = statistics.transform(rows)",
    "average = rows.mean()",
    "rows = rows - statistics['mean']",
    "rows = rows / rows.rolling(window=5).mean()",
):
    rule.allows({"train.py": _TRAIN % "", "app.py": _APP % _line})
rule.flags(
    {"train.py": _TRAIN % "X = X / X.max()", "app.py": _APP % "rows = rows / rows.max()  # expect: SKW007"},
    title="the maximum of the training data against that of the request",
)
rule.allows(
    {
        "train.py": """
            import cv2
            import numpy as np
            from pathlib import Path
            from tensorflow import keras

            def read(path):
                image = cv2.imread(str(path))
                return (image - image.mean()) / image.std()

            images = np.array([read(path) for path in sorted(Path("data").glob("*.png"))])
            model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
            model.compile(loss="mse")
            model.fit(images, np.load("labels.npy"))
            model.save("grades.keras")
        """,
        "predict.py": """
            import cv2
            from tensorflow import keras

            model = keras.models.load_model("grades.keras")

            def predict(path):
                image = cv2.imread(path)
                return model.predict(((image - image.mean()) / image.std())[None])
        """,
    },
    title="each image by its own, on both sides",
)
