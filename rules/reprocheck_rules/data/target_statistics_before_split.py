"""Averages of the target over all rows become features, and the test rows are taken out afterwards.

## Why
A target encoding replaces a category by the mean of the target in it. Computed before the split it holds the labels of
the test rows: in a category with one row it is that row's label. Scores rise, most for categories with few rows, and
fall back in production.

## Fix
Split first; learn the averages from the training part (within its folds, for training rows) and map them onto the
others, with a fallback for categories that don't occur. `sklearn.preprocessing.TargetEncoder` inside a `Pipeline` does
both.

## Notes
Averages by hand count where the grouped column is the one that the program takes as its target. Averages that are only
looked at are silent; so are those of other columns. Encoders that are fitted on the training part, or inside a
pipeline, are silent. Class weights computed from all labels have low confidence: they hold the shares of the classes
alone.
"""

import ast
from collections.abc import Iterator, Mapping

from reprocheck.rulekit import Confidence, Match, Module, Project, Rule
from reprocheck.rulekit.flow import Leak, Learning, Observed, Told, in_module, in_program, in_project, short

rule = Rule("DAT016", "target-statistics-before-split", __doc__)

_MENTIONS_TEXT = """
    groupby TargetEncoder MEstimateEncoder LeaveOneOutEncoder WOEEncoder CatBoostEncoder JamesSteinEncoder GLMMEncoder
    QuantileEncoder SummaryEncoder MeanEncoder WoEEncoder DecisionTreeEncoder
"""


@rule.on_module(mentions=tuple(_MENTIONS_TEXT.split()))
def check(module: Module) -> Iterator[Match]:
    """Every average of the target whose rows are split later."""
    if not any(True for _ in module.calls_with_role("splitter", "cross-validation")):
        return
    yield from in_module(module, _tell)


@rule.on_project
def check_project(project: Project) -> Iterator[Match]:
    """Averages and splits that stand in several files."""
    yield from in_project(project, _of_program)


def _of_program(project: Project, path: str) -> Iterator[Match]:
    yield from in_program(project, path, _tell)


def _tell(seen: Observed, _modules: Mapping[str, Module]) -> Iterator[Told]:
    for leak in seen.leaks.values():
        if leak.fit.kind is Learning.TARGET:
            yield _said(leak)


def _said(leak: Leak) -> Told:
    fit, split = leak.fit, leak.split.node
    splitter = short(split.func if isinstance(split, ast.Call) else split)
    return Told(
        fit.where,
        f"{fit.label} averages the target over all rows of `{fit.data}`, test rows too: "
        f"`{splitter}` takes them out only later",
        leak.confidence,
        ((fit.where, "learns from all labels"), (leak.split, "the rows are split here")),
    )


@rule.on_module(mentions=("compute_class_weight", "compute_sample_weight"))
def check_weights(module: Module) -> Iterator[Match]:
    """Class weights of labels that are split later."""
    for call in module.calls:
        if call.name not in _WEIGHTS:
            continue
        labels = call.argument("y", _WEIGHTS[call.name])
        if not isinstance(labels, ast.Name):
            continue
        for splitter in module.calls_with_role("splitter"):
            later = splitter.scope is call.scope and splitter.site.order > call.site.order
            if later and any(isinstance(a, ast.Name) and a.id == labels.id for a in splitter.node.args):
                yield call.match(
                    f"weights of the classes are computed from all of `{labels.id}`, "
                    f"and `{short(splitter.node.func)}` splits it only later",
                    confidence=Confidence.LOW,
                )
                break


_WEIGHTS = {
    "sklearn.utils.class_weight.compute_class_weight": 2,
    "sklearn.utils.class_weight.compute_sample_weight": 1,
    "sklearn.utils.compute_class_weight": 2,
}


rule.flags(
    """
    import pandas as pd
    from category_encoders import TargetEncoder
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("houses.csv")
    y = df["price"]
    means = df.groupby("city")["price"].mean()
    df["city_mean"] = df["city"].map(means)  # expect: DAT016
    df["street_mean"] = df.groupby("street")["price"].transform("mean")  # expect: DAT016
    X = df.drop(columns=["price"])
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    """,
    title="Means by hand",
)
rule.flags(
    """
    from category_encoders import TargetEncoder, LeaveOneOutEncoder, WOEEncoder
    from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split

    X = TargetEncoder(cols=["city"]).fit_transform(X, y)  # expect: DAT016
    X_train, X_test, y_train, y_test = train_test_split(X, y)

    encoder = LeaveOneOutEncoder()
    encoder.fit(table, labels)  # expect: DAT016
    coded = encoder.transform(table)
    for train, test in StratifiedKFold(5).split(coded, labels):
        model.fit(coded[train], labels[train])

    woe = WOEEncoder().fit_transform(rows, target)  # expect: DAT016
    scores = cross_val_score(model, woe, target)
    """,
    title="Encoders of libraries, folds, cross-validation",
)
rule.flags(
    """
    from sklearn.model_selection import train_test_split

    def prepare(df):
        y = df.pop("clicked")
        return df, y

    target = data["clicked"]
    rates = data.groupby("site")["clicked"].mean()
    data = data.merge(rates, on="site")  # expect: DAT016
    train, test = train_test_split(data)
    """,
    title="Merged back",
)
rule.flags(
    """
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import train_test_split

    def visitors():
        table = pd.read_csv("visits.csv")
        spend = table["spend"]
        table["shop_mean"] = table.groupby("shop")["spend"].transform("mean")  # expect: DAT016
        features = table.drop(columns=["spend"])
        return train_test_split(features, spend, random_state=0)

    def houses():
        df = pd.read_csv("houses.csv")
        df["city_mean"] = df["city"].map(df.groupby("city")["price"].mean())  # expect: DAT016
        return train_test_split(df.drop(columns=["price"]), np.log1p(df["price"]), random_state=0)

    def loans():
        rows = pd.read_csv("loans.csv")
        rows["bank_rate"] = rows.groupby("bank")["paid"].transform("mean")  # expect: DAT016
        train, test = train_test_split(rows, random_state=0)
        return Ridge().fit(train[["bank_rate", "sum"]], train["paid"])
    """,
    title="A target is what stands second in a split or a fit, whatever its name",
)
rule.allows(
    """
    import pandas as pd
    from category_encoders import MEstimateEncoder
    from sklearn.model_selection import cross_val_score

    frame = pd.read_csv("houses.csv")
    X_encode = frame.sample(frac=0.2, random_state=0)
    y_encode = X_encode.pop("price")
    X = frame.drop(X_encode.index)
    y = X.pop("price")
    encoder = MEstimateEncoder(cols=["city"], m=1.0)
    encoder.fit(X_encode, y_encode)
    scores = cross_val_score(model, encoder.transform(X), y)
    """,
    title="Learned from rows that are set apart",
)
rule.allows(
    """
    import pandas as pd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("houses.csv")
    price = df["price"]
    df["city_rooms"] = df.groupby("city")["rooms"].transform("mean")
    df["street_size"] = df["street"].map(df.groupby("street")["size"].mean())
    left, right, price_left, price_right = train_test_split(df.drop(columns=["price"]), price, random_state=0)
    means = price_left.groupby(left["city"]).mean()
    left["city_price"] = left["city"].map(means)
    right["city_price"] = right["city"].map(means)
    Ridge().fit(left, price_left)
    """,
    title="Means of features; means of the target over the training part",
)
rule.allows(
    """
    import pandas as pd
    from category_encoders import TargetEncoder
    from sklearn.pipeline import make_pipeline
    from sklearn.model_selection import cross_val_score, train_test_split

    df = pd.read_csv("houses.csv")
    y = df["price"]
    print(df.groupby("city")["price"].mean())
    df.groupby("city")["price"].mean().plot.bar()
    df["rooms_mean"] = df.groupby("city")["rooms"].transform("mean")
    X_train, X_test, y_train, y_test = train_test_split(df.drop(columns=["price"]), y)
    encoder = TargetEncoder()
    X_train = encoder.fit_transform(X_train, y_train)
    X_test = encoder.transform(X_test)
    """,
    title="Only shown; of another column; on the training part",
)
rule.allows(
    """
    from category_encoders import TargetEncoder
    from sklearn.pipeline import make_pipeline
    from sklearn.model_selection import cross_val_score, train_test_split

    scores = cross_val_score(make_pipeline(TargetEncoder(), model), X, y)
    train, test = train_test_split(df)
    y = train["price"]
    means = train.groupby("city")["price"].mean()
    test["city_mean"] = test["city"].map(means)
    by_year = df.groupby("year")["sold"].sum()
    other["sold"] = other["year"].map(by_year)
    """,
    title="In a pipeline; means of the training part; sums of something else",
)
