"""A service fits its preprocessor on the request that it answers.

## Why
A scaler that is fitted on one request maps that request to zero, an encoder numbers whatever categories happen to come,
`get_dummies` makes as many columns as the request has values: the model gets other numbers for the same input than in
training.

## Fix
Fit in training, save the fitted object with the model (best as one `Pipeline`), load it in the service and call
`transform` only. Instead of `get_dummies` use a fitted `OneHotEncoder`, or `reindex(columns=...)` with the columns of
training.

## Notes
Only what flows into a model's prediction counts: fitting on the training data when a service starts is silent, so are
programs that train the model themselves, transformers that learn nothing (`Normalizer`, hashing, polynomial features)
and `get_dummies` behind which the columns of training are put back. Silent too where the training data is read again by
the same code; of low confidence in a program that splits the table, which checks the model rather than answers.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.preprocessing import Made, Side, Sides, Step, sides

rule = Rule("SKW002", "preprocessor-refit-at-serving", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Steps of served data that learn from it."""
    yield from project.of_project(_of_sides)


def _of_sides(project: Project) -> Iterator[Match]:
    seen: set[object] = set()
    found = sides(project)
    for side in found.served:
        for step, what in _learning(project, found, side):
            if step.place in seen:
                continue
            seen.add(step.place)
            use = side.use.place
            yield project.match(
                step.place.path,
                step.place.span,
                f"{what} learns from the data that is being predicted, not from the training data",
                confidence=_confidence(found, side),
                trail=[
                    project.note(step.place.path, step.place.span, "learns from the input"),
                    project.note(use.path, use.span, "the model answers from it"),
                ],
            )


def _learning(project: Project, found: Sides, side: Side) -> Iterator[tuple[Step, str]]:
    data = side.use.data
    if _is_training_data(found, side):
        return
    for position, step in enumerate(data.steps):
        if step.op == "fitted" and step.given.get("fits") and _learns(project, step):
            yield step, _refitted(project, step)
        elif step.op == "fitted" and _learns(project, step) and _learned_from(project, found, side, step):
            yield step, f"`{step.label}` (fitted here)"
        elif step.op == "dummies" and not any(later.op == "columns" for later in data.steps[position:]):
            yield step, "`get_dummies`"


def _is_training_data(found: Sides, side: Side) -> bool:
    """Whether the very table that the model was trained on is read again, by the same code from the same file."""
    data = side.use.data
    if data.place is None or len(found.uses.files_read.get(data.place, ())) > 1:
        return False
    known = {(other.use.data.source, other.use.data.place) for other in found.trained}
    return (data.source, data.place) in known


def _learned_from(project: Project, found: Sides, side: Side, step: Step) -> bool:
    """Whether the transformer was fitted, in the same program, on the very data that is asked about."""
    data = side.use.data
    entry = project.catalog.entry(data.source)
    if entry is not None and entry.step is not None and entry.returns.startswith("pandas."):
        return False  # a table that the program reads is its training data rather than a request
    if any(other.use.root == side.use.root for other in found.trained):
        return False  # what a program that trains asks about is held back from the training
    return any(
        fit.transformer is step.given.get("object")
        and fit.root == side.use.root
        and fit.data.place is not None
        and (fit.data.source, fit.data.place) == (data.source, data.place)
        for fit in found.uses.fitted
    )


def _refitted(project: Project, step: Step) -> str:
    made = step.given.get("object")
    if isinstance(made, Made) and _is_loaded(project, made):
        files = sorted(made.artifacts)
        return f"`fit_transform` of what was loaded{f' from `{files[0]}`' if files else ''} forgets its training and"
    return f"`{step.label}.fit_transform`"


def _is_loaded(project: Project, made: Made) -> bool:
    entry = project.catalog.entry(made.name)
    return entry is not None and "loads-object" in entry.roles


def _learns(project: Project, step: Step) -> bool:
    made = step.given.get("object")
    if not isinstance(made, Made):
        return False
    entry = project.catalog.entry(made.name)
    transforms = entry is not None and "transformer" in entry.roles and "stateless" not in entry.roles
    return transforms or _is_loaded(project, made)


def _confidence(found: Sides, side: Side) -> Confidence:
    data = side.use.data
    # What a program splits has the answers with it: a check of the model rather than a request.
    if not side.identity or (side.use.root, data.source, data.place) in found.uses.split:
        return Confidence.LOW
    return Confidence.HIGH if side.artifacts else Confidence.MEDIUM


_APP = """
    import joblib
    import pandas as pd
    from flask import Flask, jsonify, request
    from sklearn.preprocessing import LabelEncoder, Normalizer, OneHotEncoder, StandardScaler

    app = Flask(__name__)
    model = joblib.load("model.joblib")
    scaler = joblib.load("scaler.joblib")
    COLUMNS = joblib.load("columns.joblib")

    @app.route("/predict", methods=["POST"])
    def predict():
        rows = pd.DataFrame([request.get_json()])
        %s
        return jsonify(model.predict(rows).tolist())
"""
for _line in (
    "rows = StandardScaler().fit_transform(rows)  # expect: SKW002",
    "rows = pd.get_dummies(rows)  # expect: SKW002",
    "rows['city'] = LabelEncoder().fit_transform(rows['city'])  # expect: SKW002",
    "rows = scaler.fit_transform(rows)  # expect: SKW002",
    "rows = OneHotEncoder().fit_transform(rows[['city', 'job']])  # expect: SKW002",
):
    rule.flags(_APP % _line, file="app.py")
rule.flags(
    {
        "features.py": """
            from sklearn.preprocessing import MinMaxScaler

            def prepare(rows):
                scaler = MinMaxScaler()
                return scaler.fit_transform(rows)  # expect: SKW002
        """,
        "service.py": """
            import pickle
            import pandas as pd
            from fastapi import FastAPI
            from features import prepare

            app = FastAPI()
            model = pickle.load(open("model.pkl", "rb"))

            @app.post("/predict")
            def predict(body: dict):
                return model.predict(prepare(pd.DataFrame([body]))).tolist()
        """,
    },
    title="in a helper of another file",
)
rule.flags(
    """
    import pickle
    import numpy as np
    import streamlit as st
    from sklearn.preprocessing import LabelEncoder

    model, encoder = pickle.load(open("loan.pkl", "rb")), LabelEncoder()
    age, gender = st.number_input("age"), st.selectbox("gender", ["male", "female"])
    code = encoder.fit_transform([gender])[0]  # expect: SKW002
    st.write(model.predict(np.array([[age, code]])))
    """,
    file="app.py",
    title="one field of a row",
)
rule.flags(
    """
    import cv2
    import numpy as np
    from tensorflow.keras import layers
    from tensorflow.keras.models import load_model

    model = load_model("drowsiness.h5")
    camera = cv2.VideoCapture(0)
    while True:
        _, frame = camera.read()
        image = np.expand_dims(cv2.resize(frame, (224, 224)), axis=0)
        layer = layers.Normalization()
        layer.adapt(image)
        image = layer(image)  # expect: SKW002
        print(model.predict(image))
    """,
    file="live.py",
    title="a layer that is adapted to each picture",
)
rule.flags(
    """
    import pickle
    import numpy as np
    import streamlit as st
    from sklearn.preprocessing import StandardScaler

    model = pickle.load(open("regressor.pkl", "rb"))
    weight = np.array([[st.number_input("weight")]])
    scaler = StandardScaler()
    scaler.fit(weight)
    st.write(model.predict(scaler.transform(weight)))  # expect: SKW002
    """,
    file="app.py",
    title="fitted and applied in two steps",
)
for _line in (
    "rows = scaler.transform(rows)",
    "rows = pd.get_dummies(rows).reindex(columns=COLUMNS, fill_value=0)",
    "rows = Normalizer().fit_transform(rows)",
    "rows = rows[['age', 'income']]",
):
    rule.allows(_APP % _line, file="app.py")
rule.allows(
    """
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    def predict():
        train, test = pd.read_csv("train.csv"), pd.read_csv("test.csv")
        scaler = StandardScaler()
        model = LogisticRegression().fit(scaler.fit_transform(train[["a", "b"]]), train["y"])
        return model.predict(scaler.transform(test[["a", "b"]]))
    """,
    file="predict.py",
    title="a program that trains the model itself",
)
rule.allows(
    """
    import joblib
    import pandas as pd
    from sklearn.cluster import DBSCAN
    from sklearn.preprocessing import StandardScaler

    data = pd.read_csv("train.csv")
    data["group"] = DBSCAN().fit_predict(StandardScaler().fit_transform(data[["age", "weight"]]))
    model = joblib.load("model.joblib")
    scaler = StandardScaler()
    scaler.fit(data[["age", "weight"]])
    print(model.predict(scaler.transform(data[["age", "weight"]])))
    """,
    file="heart_disease_prediction.py",
    title="clusters of the training data, and a scaler that learns from it",
)
rule.allows(
    """
    import joblib
    import pandas as pd
    import streamlit as st
    from sklearn.preprocessing import StandardScaler

    model = joblib.load("model.joblib")
    scaler = StandardScaler()
    scaler.fit(pd.read_csv("train.csv")[["age", "income"]])
    age, income = st.number_input("age"), st.number_input("income")
    rows = pd.DataFrame({"age": [age], "income": [income]})
    st.write(model.predict(scaler.transform(rows)))
    """,
    file="app.py",
    title="fitted on the training data at the start",
)
rule.allows(
    {
        "table.py": """
            import pandas as pd
            from sklearn.preprocessing import StandardScaler

            def load():
                rows = pd.read_csv("customers.csv")
                return StandardScaler().fit_transform(rows[["age", "income"]]), rows["churn"]
        """,
        "train.py": """
            import joblib
            from sklearn.linear_model import LogisticRegression
            from table import load

            joblib.dump(LogisticRegression().fit(*load()), "churn.joblib")
        """,
        "predict.py": """
            import joblib
            from table import load

            print(joblib.load("churn.joblib").predict(load()[0]))
        """,
    },
    title="the training data is read again",
)
