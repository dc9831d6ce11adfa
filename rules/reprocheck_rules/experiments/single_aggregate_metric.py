"""An evaluation reports one number: over one split, one seed, and all rows together.

## Why
One accuracy hides which classes or groups of rows the model fails on, and how much of it is luck: with another seed or
another split the number moves, often by more than the improvement that is claimed.

## Fix
Repeat over seeds or folds (`cross_val_score`, a loop over seeds) and report mean and spread; beside the number show
`classification_report`, a confusion matrix, or the score by group.

## Notes
Low confidence: a script may be one part of an evaluation that is complete elsewhere. Silent where a second metric, a
breakdown, folds, or several seeds are in sight, and where predictions are saved for a later analysis.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Match, Module, Rule

rule = Rule("EXP007", "single-aggregate-metric", __doc__, confidence="low")

_BREAKDOWNS = re.compile(
    r"classification_report|confusion_matrix|cross_val|KFold|ShuffleSplit|GridSearch|RandomizedSearch|roc_curve|"
    r"precision_recall|ConfusionMatrix|by_class|per_class|groupby|bootstrap|seeds\b|n_runs|repeats?\b|to_csv|average=None"
)
_SCORES_TEXT = """
    score accuracy_score balanced_accuracy_score f1_score precision_score recall_score roc_auc_score log_loss r2_score
    average_precision_score mean_squared_error root_mean_squared_error mean_absolute_error
"""
_SCORES = tuple(_SCORES_TEXT.split())
_TRAINS = frozenset({"fit", "train", "backward"})


@rule.on_module(imports=("sklearn",), mentions=_SCORES)
def check(module: Module) -> Iterator[Match]:
    """Programs that train, score once, and show nothing else."""
    if module.is_test or module.words.isdisjoint(_TRAINS) or _BREAKDOWNS.search(module.source.text):
        return
    if not any(True for _ in module.calls_with_role("splitter")):
        return
    scores = [call for call in module.calls if _is_score(call.name)]
    if len({call.name for call in scores}) == 1 and len(scores) == 1 and scores[0].site.loop is None:
        name = scores[0].name.rpartition(".")[2]
        yield scores[0].match(f"`{name}` over one split and one seed is all that this evaluation reports")


def _is_score(name: str) -> bool:
    if name.startswith("sklearn.metrics."):
        return name.rpartition(".")[2].endswith(("score", "error", "loss"))
    return name.startswith("sklearn.") and name.endswith(".score")


rule.flags(
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = LogisticRegression().fit(X_train, y_train)
    print(accuracy_score(y_test, model.predict(X_test)))  # expect: EXP007
    """,
    title="One accuracy",
)
rule.flags(
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = RandomForestRegressor()
    model.fit(X_train, y_train)
    print("R2", model.score(X_test, y_test))  # expect: EXP007
    """,
    title="One score",
)
rule.flags(
    """
    from sklearn.metrics import mean_squared_error
    from sklearn.model_selection import train_test_split

    def main():
        train, test = train_test_split(rows)
        model = fit(train)
        model.train(train)
        return mean_squared_error(test.y, model.predict(test))  # expect: EXP007
    """,
    title="One error, returned",
)
rule.flags(
    """
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=1)
    model.fit(X_train, y_train)
    result = f1_score(y_test, model.predict(X_test))  # expect: EXP007
    """,
    title="An F1",
)
rule.flags(
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=1)
    model.fit(X_train, y_train)
    result = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])  # expect: EXP007
    """,
    title="An area under a curve",
)
rule.flags(
    """
    from sklearn.metrics import mean_absolute_error
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=1)
    pipeline.fit(X_train, y_train)
    result = mean_absolute_error(y_test, pipeline.predict(X_test))  # expect: EXP007
    """,
    title="An error in a pipeline",
)
rule.allows(
    """
    from sklearn.metrics import accuracy_score, f1_score, classification_report
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model.fit(X_train, y_train)
    print(accuracy_score(y_test, model.predict(X_test)))
    print(classification_report(y_test, model.predict(X_test)))
    """,
    title="A report by class",
)
rule.allows(
    """
    from sklearn.metrics import mean_absolute_error, r2_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model.fit(X_train, y_train)
    print(mean_absolute_error(y_test, model.predict(X_test)), r2_score(y_test, model.predict(X_test)))
    """,
    title="Two metrics",
)
rule.allows(
    """
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split

    for state in range(10):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=state)
        model.fit(X_train, y_train)
        results.append(accuracy_score(y_test, model.predict(X_test)))
    """,
    title="Several splits",
)
rule.allows(
    """
    from sklearn.metrics import accuracy_score

    def evaluate(model, X, y):
        return accuracy_score(y, model.predict(X))
    """,
    title="A helper without training",
)
rule.allows(
    """
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(rows)
    model.fit(train[columns], train.y)
    test["predicted"] = model.predict(test[columns])
    test.to_csv("predictions.csv")
    print(accuracy_score(test.y, test.predicted))
    """,
    title="Predictions are kept for a later look",
)
rule.allows(
    """
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import cross_val_score, train_test_split

    train, test = train_test_split(rows)
    print(cross_val_score(model, train, y).std())
    model.fit(train, y)
    print(accuracy_score(test.y, model.predict(test)))
    """,
    title="Cross-validated as well",
)
