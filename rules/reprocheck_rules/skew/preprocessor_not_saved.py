"""A model is saved, the transformer that its training data went through is not.

## Why
The saved model expects scaled, encoded or vectorised inputs, and only the object that was fitted in training knows
means, ranges, categories and words. Without it nobody can prepare an input for the model again: whoever serves it has
to guess, or to fit anew.

## Fix
Save both: `joblib.dump(scaler, ...)` beside the model, or put them into one `Pipeline` and save that.

## Notes
Transformers are followed through functions and files to what is saved: inside a `Pipeline`, a dictionary, a tuple or an
object counts. Notebooks and folders of experiments have low confidence,
unless a program loads the model that they saved and asks it without a transformer. What is handed to code that can't
be followed may be saved there, and is silent. Encoders of the labels,
and transformers that learn nothing, are silent too.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.preprocessing import Instance, Made, Place, Side, Sides, Step, sides

_TRIALS = re.compile(r"\.ipynb$|(^|/)(notebooks?|experiments?|research|trials?|playground)/")

rule = Rule("SKW003", "preprocessor-not-saved", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Fitted steps of saved models' training data that get lost."""
    yield from project.of_project(_of_sides)


def _of_sides(project: Project) -> Iterator[Match]:
    found = sides(project)
    if not found.whole:
        return
    seen: set[int] = set()
    for side in found.trained:
        place = _saved_at(found, side)
        if place is None:
            continue
        for step in side.use.data.steps:
            made = step.given.get("object")
            if (
                step.op != "fitted"
                or not isinstance(made, Made)
                or id(made) in seen
                or not _is_lost(project, found, made)
            ):
                continue
            seen.add(id(made))
            yield _match(project, found, side, step, made, place)


def _match(project: Project, found: Sides, side: Side, step: Step, made: Made, saved: Place) -> Match:
    name = made.name.rpartition(".")[2]
    sure = not found.uses.unread_saves and not step.given.get("column")
    # Codes of a column may stand in the form that people fill in.
    served = not step.given.get("column") and _is_served_without(found, side)
    tried_out = _TRIALS.search(saved.path) is not None and not served
    return project.match(
        step.place.path,
        step.place.span,
        f"the `{name}` that the training data goes through is saved nowhere, "
        f"the model at {saved.path}:{saved.span.line} is",
        confidence=Confidence.LOW if tried_out else Confidence.HIGH if sure else Confidence.MEDIUM,
        trail=[
            project.note(step.place.path, step.place.span, f"`{name}` is fitted"),
            project.note(side.use.place.path, side.use.place.span, "the model is trained on what it gives"),
            project.note(saved.path, saved.span, "the model is saved without it"),
        ],
    )


def _is_served_without(found: Sides, side: Side) -> bool:
    """Whether another program answers with the very model, and has no transformer of the kind."""
    asked = [
        served
        for served in found.served
        if served.artifacts & side.artifacts and served.use.root != side.use.root and served.complete
    ]
    kinds = {
        known.name
        for served in asked
        for step in served.use.data.steps
        if isinstance(known := step.given.get("object"), Made)
    }
    return bool(asked) and not kinds


def _saved_at(found: Sides, side: Side) -> Place | None:
    model = side.use.model
    return next(
        (place for _, value, place in found.uses.saved if value is model and isinstance(value, Made | Instance)), None
    )


def _is_lost(project: Project, found: Sides, made: Made) -> bool:
    entry = project.catalog.entry(made.name)
    if entry is None or "transformer" not in entry.roles or "stateless" in entry.roles:
        return False
    return id(made) not in found.uses.escaped


_TRAIN = """
    import joblib
    import pandas as pd
    from sklearn.decomposition import PCA
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, LabelEncoder, MinMaxScaler, Normalizer, StandardScaler

    frame = pd.read_csv("train.csv")
    X, y = frame[["age", "income"]], frame["churn"]
    model = LogisticRegression()
    %s
    joblib.dump(model, "model.joblib")
"""
for _lines in (
    "X = StandardScaler().fit_transform(X)  # expect: SKW003\n    model.fit(X, y)",
    "scaler = MinMaxScaler()\n    model.fit(scaler.fit_transform(X), y)  # expect: SKW003",
    "words = TfidfVectorizer()\n    X = words.fit_transform(frame['text'])  # expect: SKW003\n    model.fit(X, y)",
    "pca = PCA(2)\n    pca.fit(X)\n    model.fit(pca.transform(X), y)  # expect: SKW003",
):
    rule.flags(_TRAIN % _lines, file="train.py")
rule.flags(
    {
        "features.py": """
            from sklearn.preprocessing import StandardScaler

            def scale(rows):
                scaler = StandardScaler()
                return scaler.fit_transform(rows)  # expect: SKW003
        """,
        "train.py": """
            import pickle
            import pandas as pd
            from sklearn.svm import SVC
            from features import scale

            def main():
                frame = pd.read_csv("train.csv")
                model = SVC()
                model.fit(scale(frame[["age", "income"]]), frame["churn"])
                with open("model.pkl", "wb") as file:
                    pickle.dump(model, file)

            if __name__ == "__main__":
                main()
        """,
    }
)
rule.flags(
    """
    import pandas as pd
    from sklearn.preprocessing import StandardScaler
    from tensorflow import keras

    frame = pd.read_csv("train.csv")
    scaler = StandardScaler()
    X = scaler.fit_transform(frame[["a", "b"]])  # expect: SKW003
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(X, frame["y"])
    model.save("model.keras")
    """,
    file="train.py",
)
for _lines in (
    "scaler = StandardScaler()\n    model.fit(scaler.fit_transform(X), y)\n    joblib.dump(scaler, 'scaler.joblib')",
    "scaler = StandardScaler()\n    model.fit(scaler.fit_transform(X), y)\n    joblib.dump([model, scaler], 'all')",
    "model = make_pipeline(StandardScaler(), LogisticRegression())\n    model.fit(X, y)",
    "y = LabelEncoder().fit_transform(y)\n    model.fit(X, y)",
    "model.fit(Normalizer().fit_transform(X), y)",
    "from st import keep\n    sc = StandardScaler().fit(X)\n    model.fit(sc.transform(X), y)\n    keep(sc)",
):
    rule.allows(_TRAIN % _lines, file="train.py")
rule.allows(
    """
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    frame = pd.read_csv("train.csv")
    model = LogisticRegression().fit(StandardScaler().fit_transform(frame[["a"]]), frame["y"])
    print(model.coef_)
    """,
    file="explore.py",
    title="nothing is saved",
)
