"""Rows are split at random though they belong together by person, device or time.

## Why
Several rows of one patient, or neighbouring hours, are alike. Split at random they stand on both sides, and the score
says how well the model knows these patients, not how well it will do with new ones.

## Fix
`GroupKFold`, `GroupShuffleSplit` or `StratifiedGroupKFold` with the column of the group; `TimeSeriesSplit` or a date
for rows in time.

## Notes
Low confidence: only a column's name, and that the program groups by it or orders by it, say that rows belong together.
Files that use a splitter for groups or times anywhere are silent.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import Call, Match, Module, Rule

rule = Rule("DAT013", "group-or-time-ignored", __doc__, confidence="low")

_GROUP = re.compile(
    r"^(patient|subject|user|customer|client|person|participant|session|speaker|device|machine|engine|site|household|"
    r"member|student|author|driver|vehicle|store|account|well|sensor|station|video|scene)(_?(id|no|number|name|key))?$",
    re.IGNORECASE,
)
_TIME = re.compile(r"^(date|datetime|timestamp|time|event_?time|order_?date|created_?at)$", re.IGNORECASE)
_AWARE = re.compile(r"Group\w*(KFold|Split|Out)|TimeSeriesSplit|groups\s*=|shuffle\s*=\s*False")


@rule.on_call(
    "sklearn.model_selection.train_test_split",
    "sklearn.model_selection.KFold",
    "sklearn.model_selection.StratifiedKFold",
    "sklearn.model_selection.ShuffleSplit",
    "sklearn.model_selection.StratifiedShuffleSplit",
)
def check(call: Call) -> Iterator[Match]:
    """Random splits in files that group or order rows by a column."""
    module = call.module
    if module.is_test or _AWARE.search(module.source.text):
        return
    if call.name.endswith("KFold") and call.value("shuffle") is not True:
        return
    found = _belonging(module)
    if found is not None:
        node, name, how = found
        yield call.match(
            f'rows are split at random, though the program {how} `"{name}"`: rows of one kind can stand on both sides',
            trail=[module.note(node, "the column by which rows belong together")],
        )


def _belonging(module: Module) -> tuple[ast.AST, str, str] | None:
    """A column that rows are grouped or ordered by."""
    for node in module.file.every(ast.Call):
        if not isinstance(node.func, ast.Attribute):
            continue
        method = node.func.attr
        if method not in {"groupby", "sort_values", "set_index"} or not (node.args or node.keywords):
            continue
        given = node.args[0] if node.args else node.keywords[0].value
        for part in ast.walk(given):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                if method == "groupby" and _GROUP.search(part.value):
                    return node, part.value, "groups them by"
                if method != "groupby" and _TIME.search(part.value):
                    return node, part.value, "orders them by"
    return None


rule.flags(
    """
    import pandas as pd
    from sklearn.model_selection import train_test_split, KFold, StratifiedKFold

    df = pd.read_csv("visits.csv")
    visits = df.groupby("patient_id")["date"].count()
    train, test = train_test_split(df)  # expect: DAT013
    folds = KFold(5, shuffle=True)  # expect: DAT013
    strata = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)  # expect: DAT013
    """,
    title="Several rows per patient",
)
rule.flags(
    """
    import pandas as pd
    from sklearn.model_selection import ShuffleSplit, train_test_split

    df = pd.read_csv("hourly.csv").sort_values("timestamp")
    X_train, X_test, y_train, y_test = train_test_split(df[["a"]], df["b"])  # expect: DAT013
    folds = ShuffleSplit(5)  # expect: DAT013
    """,
    title="Rows in order of time",
)
rule.flags(
    """
    from sklearn.model_selection import train_test_split

    daily = table.set_index("Date")
    X_train, X_test = train_test_split(daily)  # expect: DAT013
    """,
    title="An index of dates",
)
rule.allows(
    """
    from sklearn.model_selection import GroupKFold, train_test_split

    df.groupby("patient_id").size()
    folds = GroupKFold(5).split(X, y, groups=df["patient_id"])
    train, test = train_test_split(unrelated)
    """,
    title="Split by group",
)
rule.allows(
    """
    from sklearn.model_selection import KFold, train_test_split

    df.groupby("country")["price"].mean()
    df.sort_values("price")
    train, test = train_test_split(df)
    names = df["patient_id"]
    people = df.set_index("name")
    folds = KFold(5)
    """,
    title="Other columns",
)
rule.allows(
    """
    from sklearn.model_selection import train_test_split

    df = df.sort_values("date")
    train, test = train_test_split(df, shuffle=False)
    """,
    title="In order",
)
