"""A feature or a split looks into the future of time-ordered data.

## Why
`shift(-1)` brings tomorrow's value into today's row, a centred window averages over what is still to come, and a
shuffled split puts the day after into the training part. The model does well on the past, where the future is known,
and fails the first day it runs.

## Fix
Features from the past only: `shift(1)`, `rolling(7)` (not centred), with the row itself left out where its value is
the target. Split by time: `train_test_split(..., shuffle=False)`, `TimeSeriesSplit`, or a date.

## Notes
`shift(-n)` that makes the target is what forecasting does, and silent; it counts where the column is followed into the
features of a fit, or picked in a list and not named like a target. Splits count where the table has lags or windows of
its rows and is ordered by dates. Centred windows that are only drawn are silent; those whose column isn't seen to be
picked have low confidence.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import ABSENT, UNKNOWN, Call, Confidence, Match, Module, Rule
from reprocheck.rulekit.flow import is_target, short
from reprocheck_rules.data.table_columns import columns_of

rule = Rule("DAT017", "look-ahead", __doc__)

_LEARNING = ("sklearn", "keras", "tensorflow", "torch", "xgboost", "lightgbm", "catboost", "statsmodels", "prophet")
_TABLES = ("pandas", "polars", "dask", "pyspark", "cudf", "yfinance")
_TARGET = re.compile(
    r"target|label|future|next|tomorrow|forward|fwd|ahead|return|signal|^y|_y$|t\+|output|result|direction|trend|movement",
    re.IGNORECASE,
)
_DATES = re.compile(
    r"to_datetime|parse_dates|DatetimeIndex|date_range|yfinance|get_data_yahoo|set_index\(['\"](date|time|timestamp)",
    re.IGNORECASE,
)
_LEVELS = 3
"""Assignments behind a name that are looked at."""
_PAIR = 2
_LAGS = frozenset({"shift", "rolling", "ewm", "pct_change", "diff"})


@rule.on_module(imports=_TABLES, mentions=("shift", "rolling"))
def check(module: Module) -> Iterator[Match]:
    """Columns from the future."""
    if module.is_test or not module.imports(*_LEARNING):
        return
    picked = _picked_columns(module)
    learned = _learned_columns(module)
    for site in module.file.calls:
        node = site.node
        if not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "shift" and _is_negative(node):
            yield from _shifted(module, node, picked, learned)
        elif node.func.attr == "rolling" and _is_centred(node):
            yield from _centred(module, node, picked)


def _is_negative(node: ast.Call) -> bool:
    given = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "periods"), None)
    match given:
        case ast.UnaryOp(op=ast.USub()):
            return True
    return False


def _is_centred(node: ast.Call) -> bool:
    return any(k.arg == "center" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords)


def _column_written(module: Module, node: ast.AST) -> tuple[ast.Assign, str] | None:
    """The column that a statement gives the value to."""
    statement = module.file.statement(node)
    match statement:
        case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str() as name))]):
            return statement, name
        case ast.Assign(targets=[ast.Subscript(slice=ast.JoinedStr() as name)]):
            return statement, ast.unparse(name)
    return None


def _picked_columns(module: Module) -> frozenset[str]:
    """Columns that stand in a list of texts, as features do."""
    found: set[str] = set()
    for node in module.file.every(ast.List):
        if len(node.elts) > 1 and not _is_left_out(module, node):
            found |= {e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)}
    return frozenset(found)


def _learned_columns(module: Module) -> frozenset[str]:
    """Columns that are followed into the features of a fit or a split, and are not its target."""
    found: frozenset[str] = frozenset()
    for site in module.file.calls:
        node = site.node
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in {"fit", "train_test_split"} or len(node.args) < _PAIR:
            continue
        features = columns_of(module, node.args[0], site.scope, site.order)
        target = columns_of(module, node.args[1], site.scope, site.order)
        if features is not None and features.kept is not None and target is not None and target.kept is not None:
            found |= features.kept - target.kept
    return found


def _is_left_out(module: Module, node: ast.List) -> bool:
    """Whether a list is given to `drop` and the like, or names what is plotted or predicted."""
    parent = module.file.parent(node)
    if isinstance(parent, ast.keyword):
        parent = module.file.parent(parent)
    if isinstance(parent, ast.Call):
        return True
    match parent:
        case ast.Assign(targets=[ast.Name() as name]):
            return is_target(name) or re.search(r"drop|exclude|plot|target|label|ignore", name.id) is not None
        case ast.Subscript():
            outer = module.file.parent(parent)
            if isinstance(outer, ast.Attribute):
                return outer.attr in {"plot", "head", "tail", "describe", "hist", "dropna", "to_csv", "corr"}
            match outer:
                case ast.Assign(targets=[ast.Name() as name]):
                    return is_target(name)
            return isinstance(outer, ast.Expr | ast.Call)
    return False


def _shifted(module: Module, node: ast.Call, picked: frozenset[str], learned: frozenset[str]) -> Iterator[Match]:
    written = _column_written(module, node)
    if written is None:
        return
    name = written[1]
    if name in learned:
        # Whatever its name says: the model learns from it, and predicts something else.
        yield module.match(
            node,
            f'`{short(node)}` brings a later row into `"{name}"`, which the model learns from',
            confidence=Confidence.HIGH,
        )
        return
    if name not in picked or _TARGET.search(name) or is_target(ast.Name(id=name)):
        return
    yield module.match(
        node,
        f'`{short(node)}` brings a later row into `"{name}"`, which is picked as a feature',
        confidence=Confidence.MEDIUM,
    )


def _centred(module: Module, node: ast.Call, picked: frozenset[str]) -> Iterator[Match]:
    written = _column_written(module, node)
    if written is None or _TARGET.search(written[1]) or re.search(r"trend|smooth|plot|season", written[1]):
        return
    yield module.match(
        node,
        f'`{short(node)}` averages over later rows too, and `"{written[1]}"` becomes a column of the table',
        confidence=Confidence.MEDIUM if written[1] in picked else Confidence.LOW,
    )


@rule.on_call(
    "sklearn.model_selection.train_test_split", "sklearn.model_selection.KFold", "sklearn.model_selection.ShuffleSplit"
)
def check_split(call: Call) -> Iterator[Match]:
    """Shuffled splits of tables with lags."""
    module = call.module
    if module.is_test or module.words.isdisjoint(_LAGS) or _DATES.search(module.source.text) is None:
        return
    shuffled = call.value("shuffle")
    folds = call.name.endswith(".KFold")
    if shuffled is UNKNOWN or shuffled is False or (folds and shuffled is ABSENT):
        return
    lag = _lag(module, call)
    if lag is None:
        return
    yield call.match(
        f"rows are shuffled into the parts, though `{short(lag)}` works neighbouring rows into each other: "
        "what comes after a test row is in the training part",
        confidence=Confidence.MEDIUM,
        trail=[module.note(lag, "a value of another time in each row")],
    )


def _lag(module: Module, call: Call) -> ast.Call | None:
    """A column of the past of the same column, written before the split: the rows are a series, not groups."""
    for site in module.file.calls:
        node = site.node
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _LAGS or site.order > call.site.order:
            continue
        if _is_negative(node) or "groupby" in ast.unparse(node.func.value):
            continue
        written = _column_written(module, node)
        if written is not None and _of_one_table(module, written[0], call):
            return node
    return None


def _of_one_table(module: Module, written: ast.Assign, call: Call) -> bool:
    """Whether the table that is split is the one that the column was written to, as far as names tell."""
    parent = module.file.parent(call.node)
    outer = module.file.parent(parent) if isinstance(parent, ast.Attribute) else None
    split = outer if isinstance(outer, ast.Call) else call.node
    target = written.targets[0]
    if not split.args or not isinstance(target, ast.Subscript):
        return call.name.endswith(("KFold", "ShuffleSplit"))
    table = ast.unparse(target.value)
    return table in _tables_behind(module, split.args[0], _LEVELS)


def _tables_behind(module: Module, node: ast.expr, levels: int) -> set[str]:
    """The name that an expression begins with, and those that what it was given begins with."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return set()
    found = {node.id}
    bindings = module.file.scope_of(node).lookup(node.id) or []
    for binding in bindings if levels else ():
        if binding.value is not None and binding.index is None:
            found |= _tables_behind(module, binding.value, levels - 1)
    return found


rule.flags(
    """
    import pandas as pd
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("prices.csv", parse_dates=["date"])
    df["later_volume"] = df["volume"].shift(-1)  # expect: DAT017
    df["level"] = df["close"].rolling(5, center=True).mean()  # expect: DAT017
    df["past"] = df["close"].shift(1)
    features = ["later_volume", "level", "past"]
    X_train, X_test, y_train, y_test = train_test_split(df[features], df["close"])  # expect: DAT017
    model = RandomForestRegressor().fit(X_train, y_train)
    """,
    title="Tomorrow's volume, a centred window, a shuffled split",
)
rule.flags(
    """
    import pandas as pd
    import xgboost as xgb
    from sklearn.model_selection import KFold, ShuffleSplit

    table["time"] = pd.to_datetime(table["time"])
    table["load_lag"] = table["load"].shift(24)
    table["pressure_after"] = table["pressure"].shift(periods=-3)  # expect: DAT017
    table["flow"] = table["raw"].rolling(window=9, center=True).median()  # expect: DAT017
    X = table[["load_lag", "pressure_after", "flow"]]
    for a, b in KFold(5, shuffle=True).split(X):  # expect: DAT017
        fit(X.iloc[a])
    for a, b in ShuffleSplit(3).split(X):  # expect: DAT017
        fit(X.iloc[a])
    """,
    title="Folds of a series",
)
rule.allows(
    """
    import pandas as pd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import TimeSeriesSplit, train_test_split

    df = pd.read_csv("prices.csv", parse_dates=["date"])
    df["target"] = df["close"].shift(-1)
    df["tomorrow"] = df["close"].shift(-1)
    df["lag"] = df["close"].shift(1)
    df["mean"] = df["close"].rolling(7).mean()
    X = df[["lag", "mean"]]
    X_train, X_test, y_train, y_test = train_test_split(X, df["target"], shuffle=False)
    for a, b in TimeSeriesSplit(5).split(X):
        Ridge().fit(X.iloc[a], df["target"].iloc[a])
    """,
    title="The target of a forecast, features of the past, splits by time",
)
rule.flags(
    """
    import pandas as pd
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("prices.csv")
    df["next_open"] = df["open"].shift(-1)  # expect: DAT017
    df["future_return"] = df["close"].shift(-1) / df["close"] - 1
    df["up"] = (df["future_return"] > 0).astype(int)
    X = df[["close", "volume", "next_open"]]
    y = df["up"]
    model = RandomForestClassifier().fit(X, y)
    """,
    title="A column that sounds like a target and is learned from",
)
rule.flags(
    """
    import pandas as pd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("load.csv", parse_dates=["time"])
    for lag in (1, 2, 24):
        df[f"lag_{lag}"] = df["load"].shift(lag)
    X_train, X_test, y_train, y_test = train_test_split(df.drop(columns="load"), df["load"])  # expect: DAT017
    """,
    title="Lags that a loop makes",
)
rule.allows(
    """
    import pandas as pd
    import matplotlib.pyplot as plt
    from sklearn.model_selection import KFold, train_test_split

    people = pd.read_csv("people.csv", parse_dates=["born"])
    X_train, X_test = train_test_split(people)
    plt.plot(series.rolling(30, center=True).mean())
    gap = times.shift(-1) - times
    frame["smooth"] = frame["x"].rolling(9, center=True).mean()
    folds = KFold(5)
    """,
    title="Rows that aren't a series; only drawn; a difference",
)
