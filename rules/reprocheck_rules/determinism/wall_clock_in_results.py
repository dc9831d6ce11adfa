"""The time of day at which the program runs becomes part of the data.

## Why
An age computed as `today - born`, or a split at "thirty days before now", gives other features and other parts each
day. The same code and data train another model tomorrow, and the model in production sees ages that it wasn't trained
on.

## Fix
A fixed reference date from the configuration, or the date of the snapshot that the data is; at serving the same
difference to the date of the request.

## Notes
Reported where a clock is computed with a column of a table and the result becomes a column, or selects rows. Columns
that say when a row was made (`created_at`) are silent, and so are clocks in logs, timings and names of runs. Of low
confidence are services, dashboards and monitoring, which look at the last hours on purpose. Seeds from the clock are
RNG004.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Module, Rule, Scope, reaching

rule = Rule("DET009", "wall-clock-in-results", __doc__)

_TABLES = ("pandas", "polars", "pyspark", "dask", "cudf")
_LEARNING = ("sklearn", "keras", "tensorflow", "torch", "xgboost", "lightgbm", "catboost", "statsmodels")
_CLOCKS = frozenset(
    {"time.time", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow", "datetime.date.today"}
    | {"pandas.Timestamp.now", "pandas.Timestamp.today", "pandas.Timestamp.utcnow", "arrow.now", "pendulum.now"}
    | {"pyspark.sql.functions.current_date", "pyspark.sql.functions.current_timestamp"}
)
_RECORDS = re.compile(
    r"(_at|_on|_ts)$|created|updated|inserted|loaded|ingest|process|timestamp|logged|fetched|scraped|exported|request|"
    r"generated|duration|elapsed|latency|taken|scored|predicted|run",
    re.IGNORECASE,
)
_SERVING = ("fastapi", "flask", "streamlit", "dash", "django", "airflow")
_WATCHES = re.compile(
    r"(^|[/_])(dashboards?|monitors?|monitoring|alerts?|alerting|healthchecks?)([/_.]|$)", re.IGNORECASE
)
"""Paths of programs that show or watch what happens now."""
_TABLE = re.compile(
    r"^(df|data|table|frame|train|test|x$|features|rows|dataset)|(_df|_data|_table|_frame)$", re.IGNORECASE
)
_DEPTH = 4


@rule.on_module(imports=_TABLES, mentions=("now", "today", "utcnow", "time", "current_date", "current_timestamp"))
def check(module: Module) -> Iterator[Match]:
    """Columns and selections that a clock is worked into."""
    if module.is_test or not _has_clock(module):
        return
    seen: set[ast.Call] = set()
    """Readings that were reported: columns computed from one and the same are one place to repair."""
    for node in module.file.every(ast.Assign, ast.Subscript):
        match node:
            case ast.Assign(targets=[ast.Subscript(value=table, slice=ast.Constant(value=str() as name))], value=value):
                yield from _column(module, node, (table, name, value), seen)
            case ast.Subscript(value=table, slice=ast.Compare() | ast.BinOp() as condition, ctx=ast.Load()):
                yield from _selection(module, node, (table, condition), seen)


def _has_clock(module: Module) -> bool:
    return any(call.name in _CLOCKS for call in module.calls)


def _column(
    module: Module, node: ast.Assign, parts: tuple[ast.expr, str, ast.expr], seen: set[ast.Call]
) -> Iterator[Match]:
    table, name, value = parts
    if _RECORDS.search(name) or not _reads(value, table) or not _is_table(module, table, value):
        return
    clock = _clock(module, value, module.file.scope_of(node))
    if clock is not None and clock not in seen:
        seen.add(clock)
        yield module.match(
            value,
            f'`"{name}"` depends on the day on which this runs: `{ast.unparse(clock)}` goes into it',
            confidence=_confidence(module),
            trail=[module.note(clock, "the clock is read here")],
        )


def _selection(
    module: Module, node: ast.Subscript, parts: tuple[ast.expr, ast.expr], seen: set[ast.Call]
) -> Iterator[Match]:
    table, condition = parts
    if not _reads(condition, table):
        return
    clock = _clock(module, condition, module.file.scope_of(node))
    if clock is not None and clock not in seen:
        seen.add(clock)
        yield module.match(
            node,
            f"which rows are taken depends on the day on which this runs: `{ast.unparse(clock)}` decides",
            confidence=_confidence(module),
            trail=[module.note(clock, "the clock is read here")],
        )


def _confidence(module: Module) -> Confidence:
    if module.imports(*_SERVING) or _WATCHES.search(module.path):
        return Confidence.LOW
    return Confidence.HIGH if module.imports(*_LEARNING) else Confidence.MEDIUM


def _is_table(module: Module, table: ast.expr, value: ast.expr) -> bool:
    """Whether a receiver is a table rather than a dictionary of numbers."""
    name = module.name(table) or ""
    if name.startswith(_TABLES) or ".dt." in ast.unparse(value):
        return True
    return isinstance(table, ast.Name) and _TABLE.search(table.id) is not None


def _reads(node: ast.expr, table: ast.expr) -> bool:
    """Whether an expression reads a column of the table."""
    wanted = ast.unparse(table)
    return any(
        isinstance(part, ast.Subscript | ast.Attribute) and ast.unparse(part.value) == wanted for part in ast.walk(node)
    )


def _clock(module: Module, node: ast.expr, scope: Scope, depth: int = _DEPTH) -> ast.Call | None:
    """The reading of a clock that an expression has, directly or by a name."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            call = module.call(part)
            if call is not None and (call.name in _CLOCKS or _is_now(call.name, part)):
                return part
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and depth > 0:
            line: int = part.lineno
            bindings = [b for b in scope.lookup(part.id) or [] if getattr(b.node, "lineno", 0) <= line]
            binding = reaching(bindings, scope, 1 << 60) if bindings else None
            value = binding.value if binding is not None and binding.index is None else None
            if binding is not None and isinstance(value, ast.Call | ast.BinOp | ast.Attribute) and _short(value):
                found = _clock(module, value, binding.scope, depth - 1)
                if found is not None:
                    return found
    return None


def _is_now(name: str, node: ast.Call) -> bool:
    """`pandas.to_datetime("today")`."""
    given = node.args[0] if node.args else None
    return name in {"pandas.to_datetime", "pandas.Timestamp", "numpy.datetime64"} and (
        isinstance(given, ast.Constant) and given.value in {"now", "today"}
    )


def _short(node: ast.expr) -> bool:
    """Whether an expression works on clocks alone, rather than on tables."""
    return not any(isinstance(part, ast.Subscript) for part in ast.walk(node))


rule.flags(
    """
    import pandas as pd
    from datetime import datetime, timedelta
    from sklearn.linear_model import LogisticRegression

    df = pd.read_csv("customers.csv", parse_dates=["born", "joined"])
    df["age"] = (datetime.now() - df["born"]).dt.days / 365  # expect: DET009
    today = pd.Timestamp.today()
    df["tenure"] = (today - df["joined"]).dt.days  # expect: DET009
    df["car_age"] = datetime.now().year - df["model_year"]  # expect: DET009
    cutoff = datetime.now() - timedelta(days=30)
    train = df[df["joined"] < cutoff]  # expect: DET009
    test = df[df.joined >= cutoff]
    recent = df[df.joined > pd.Timestamp.now() - pd.Timedelta("7D")]  # expect: DET009
    model = LogisticRegression().fit(train[["age"]], train["y"])
    """,
    title="Ages, and a split at thirty days ago",
)
rule.flags(
    """
    import time
    import pandas as pd
    from datetime import date

    def features(table):
        now = pd.to_datetime("today")
        table["recency"] = (now - table["last_order"]).dt.days  # expect: DET009
        table["seconds"] = time.time() - table["opened"]  # expect: DET009
        table["years"] = date.today().year - table.year_built  # expect: DET009
        return table
    """,
    title="In a function",
)
rule.allows(
    """
    import time
    import pandas as pd
    from datetime import datetime
    from sklearn.linear_model import LogisticRegression

    start = time.time()
    df = pd.read_csv("customers.csv", parse_dates=["born"])
    df["created_at"] = datetime.now()
    reference = pd.Timestamp("2024-01-01")
    df["age"] = (reference - df["born"]).dt.days
    df["tenure"] = (df["joined"].max() - df["joined"]).dt.days
    train = df[df["joined"] < reference]
    results["seconds"] = time.time() - start
    results["duration"] = time.time() - results["start"]
    df.to_csv(f"run_{datetime.now():%Y%m%d}.csv")
    print("took", time.time() - start)
    """,
    title="A fixed reference date, logs, timings, names",
)
