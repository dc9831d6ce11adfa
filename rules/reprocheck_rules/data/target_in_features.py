"""The column that the model is to predict is among the features it learns from.

## Why
The model copies the answer: the score is perfect or nearly so, and in production, where the column isn't known yet,
nothing works.

## Fix
Take the column out of the features: `X = table.drop(columns=["price"])`, `y = table["price"]`, or
`y = table.pop("price")`.

## Notes
Reported where features and target are followed back to one table through assignments, picks, `drop` and
`train_test_split`, with all columns written out on the way. A column that is dropped, popped or left out anywhere in
the file keeps the rule silent. Where a pipeline, a `ColumnTransformer` or a model that is made elsewhere may pick the
columns, confidence is low.
"""

import ast
from collections.abc import Iterator

from reprocheck.rulekit import Call, Confidence, Match, Module, Rule
from reprocheck_rules.data.table_columns import Columns, columns_of, is_unknown, taken_away

rule = Rule("DAT014", "target-in-features", __doc__)

_MAKERS = {"xgboost.DMatrix": "label", "lightgbm.Dataset": "label", "catboost.Pool": "label"}
_PICKERS = frozenset({"ColumnTransformer", "make_column_transformer", "DataFrameMapper", "ColumnSelector"})


@rule.on_module(imports=("pandas", "polars", "sklearn"), mentions=("fit", "DMatrix", "Dataset", "Pool"))
def check(module: Module) -> Iterator[Match]:
    """Every fit of features to a target."""
    if module.is_test:
        return
    for site in module.file.calls:
        call = module.call(site.node)
        pair = _features_and_target(site.node, call)
        if pair is None:
            continue
        features = columns_of(module, pair[0], site.scope, site.order)
        target = columns_of(module, pair[1], site.scope, site.order)
        column = _column(features, target)
        if column is not None and features is not None and not taken_away(module, column):
            yield _match(module, site.node, features, column, picks=_picks(module, site.node, call))


def _features_and_target(node: ast.Call, call: Call | None) -> tuple[ast.expr, ast.expr] | None:
    if call is not None and call.name in _MAKERS:
        label = call.argument(_MAKERS[call.name], 1)
        return (node.args[0], label) if node.args and label is not None else None
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "fit" or not node.args:
        return None
    if call is not None:
        owner = call.module.catalog.entry(call.name.rpartition(".")[0])
        if owner is not None and "transformer" in owner.roles and "composition" not in owner.roles:
            return None
    target = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "y"), None)
    return (node.args[0], target) if target is not None else None


def _column(features: Columns | None, target: Columns | None) -> str | None:
    """The one column of the target, when the features have it too."""
    if features is None or target is None or features.table is not target.table:
        return None
    if target.kept is None or len(target.kept) != 1:
        return None
    (column,) = target.kept
    return column if features.has(column) and features.kept != target.kept else None


def _picks(module: Module, node: ast.Call, call: Call | None) -> bool:
    """Whether what learns may take columns out of what it is given: steps of a pipeline, or a model made elsewhere."""
    if not module.words.isdisjoint(_PICKERS):
        return True
    if call is not None and call.name in _MAKERS:
        return False
    owner = module.catalog.entry(call.name.rpartition(".")[0]) if call is not None else None
    return is_unknown(module, node) or (owner is not None and "composition" in owner.roles)


def _match(module: Module, node: ast.Call, features: Columns, column: str, *, picks: bool) -> Match:
    return module.match(
        node,
        f'the features still hold `{features.name}["{column}"]`, which is the target',
        confidence=Confidence.LOW if picks else Confidence.HIGH,
        trail=[module.note(features.table.node, "the table that both come from")],
    )


rule.flags(
    """
    import pandas as pd
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("houses.csv").dropna()
    y = df["price"]
    X = df.drop(columns=["id"])
    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model = LinearRegression().fit(X_train, y_train)  # expect: DAT014
    other = LinearRegression()
    other.fit(df, df["price"])  # expect: DAT014
    """,
    title="The whole table",
)
rule.flags(
    """
    import pandas as pd
    import xgboost as xgb
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    table = pd.read_parquet("rows.parquet")
    features = table[["age", "income", "churned"]]
    labels = table["churned"]
    RandomForestClassifier().fit(features, labels)  # expect: DAT014
    RandomForestClassifier().fit(features.values, table.churned)  # expect: DAT014
    scaled = StandardScaler().fit_transform(table)
    RandomForestClassifier().fit(scaled, labels.values)  # expect: DAT014
    data = xgb.DMatrix(table.copy(), label=labels)  # expect: DAT014
    """,
    title="A list with the target, a scaled copy",
)
rule.flags(
    """
    import pandas as pd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import train_test_split

    def prepare(table):
        return table.dropna()

    def main():
        columns = ["rooms", "price"]
        table = prepare(pd.read_csv("houses.csv"))
        train, test = train_test_split(table, random_state=0)
        model = Ridge()
        model.fit(train[columns], train["price"])  # expect: DAT014
    """,
    title="A table out of a function of the file",
)
rule.allows(
    """
    import pandas as pd
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    label = "Survived"
    unused = [name for name in names if name.startswith("id")]
    train = pd.read_csv("titanic.csv")
    target = train["Survived"]
    train.drop(columns=label, inplace=True)
    QuadraticDiscriminantAnalysis().fit(train, target)

    other = pd.read_csv("other.csv")
    other.drop(columns=unused + ["ticket"], inplace=True)
    QuadraticDiscriminantAnalysis().fit(other, other["fare"])
    """,
    title="Dropped by a name that stands for it, or may",
)
rule.allows(
    """
    import pandas as pd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import train_test_split

    def prepare(table):
        return table.dropna()

    def features(table):
        return table[["rooms", "size"]]

    table = prepare(pd.read_csv("houses.csv"))
    train, test = train_test_split(table, random_state=0)
    Ridge().fit(train[["rooms", "size"]], train["price"])
    Ridge().fit(features(train), train["price"])
    chosen = features(table)
    Ridge().fit(chosen, table["price"])

    class Houses:
        price = 3

    houses = Houses()
    Ridge().fit(houses, houses.price)
    """,
    title="Picked without the target, in the file or in one of its functions; an object that is no table",
)
rule.allows(
    """
    import pandas as pd
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("houses.csv")
    X = df.drop("price", axis=1)
    y = df["price"]
    LinearRegression().fit(X, y)
    LinearRegression().fit(df[["rooms", "size"]], df["price"])
    LinearRegression().fit(df.drop(columns=["price", "id"]), df.price)
    """,
    title="Dropped, or not picked",
)
rule.allows(
    """
    import pandas as pd
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import StandardScaler

    df = pd.read_csv("houses.csv")
    y = df.pop("price")
    LinearRegression().fit(df, y)
    other = pd.read_csv("other.csv")
    LinearRegression().fit(other, other["load"].shift(-1))
    features = [c for c in other.columns if c != "load"]
    LinearRegression().fit(other[features], other["load"])
    labels = pd.read_csv("labels.csv")["label"]
    LinearRegression().fit(other, labels)
    third = pd.read_csv("third.csv")
    target = third["t"]
    del third["t"]
    LinearRegression().fit(third, target)
    """,
    title="Popped, shifted, left out, of another table, deleted",
)
rule.allows(
    """
    import pandas as pd
    from features import build_preprocessor
    from sklearn.ensemble import RandomForestClassifier

    patients = pd.read_csv("patients.csv")
    target = patients["readmitted"]
    scaled = build_preprocessor().fit_transform(patients)
    RandomForestClassifier().fit(scaled, target)
    """,
    title="A preprocessor of another file, which may pick columns",
)
