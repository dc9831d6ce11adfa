"""Training data comes from a query that gives other rows, or the same ones in another order, the next time.

## Why
A database promises no order without `ORDER BY`, so that `LIMIT` takes any rows and a seeded split divides others. A
window that ends `NOW()` moves, `RAND()` and `TABLESAMPLE` draw anew, and a table grows: the commit and the seed stay
the same and the model doesn't.

## Fix
Order by a unique key (`ORDER BY id`), put the ends of windows into the configuration, draw by a hash of the key
(`MOD(FARM_FINGERPRINT(id), 10) = 0`), and read a snapshot (`FOR SYSTEM_TIME AS OF`, `VERSION AS OF`, `TIMESTAMP AS OF`)
or export the rows to a file that is versioned.

## Notes
Looked at are queries whose text stands in the code and whose rows become a table (`read_sql`, `spark.sql`, BigQuery),
in modules that import a library for learning or go by the name of data; elsewhere, in modules that predict, and for
a few rows (`LIMIT 10` or less, or in a notebook), confidence is low. Counting and
grouping queries, look-ups of one key and tables that are sorted in the same expression need no order. Reading all of
a table without order or snapshot, by a query or by its name, is reported where the same module divides rows, or is a
script that fits on them, else with low confidence. A database that is a file (SQLite) gives its rows in one order as
long as it is the same, so that only draws and the clock are certain there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import HOLE, Call, Confidence, Match, Module, Rule

rule = Rule("DAT008", "mutable-table-source", __doc__)

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_SELECT = re.compile(r"^\s*(?:with\b.*?\)\s*)?select\b", re.IGNORECASE | re.DOTALL)
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)
_LIMIT = re.compile(
    r"\blimit\s+(?!0\b)[\w:%$({]|\bselect\s+(?:distinct\s+)?top\s*\(?\d|\bfetch\s+first\b", re.IGNORECASE
)
_RANDOM = re.compile(
    r"\b(tablesample|order\s+by\s+(rand|random|newid|uuid|dbms_random\.value)\b|(?<!\.)\brand(om)?\s*\(\s*\))",
    re.IGNORECASE,
)
_REPEATABLE = re.compile(r"\brepeatable\s*\(|\bseed\s*\(|\brand\s*\(\s*\d", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(now|getdate|sysdate|current_date|current_timestamp|current_datetime|curdate|today|sysdatetime|utc_timestamp)\b"
    r"\s*(\(|(?=[\s;)+-]|$))",
    re.IGNORECASE,
)
_WHERE = re.compile(r"\b(where|between|and|on)\b", re.IGNORECASE)
_SNAPSHOT = re.compile(
    r"\b(for\s+system_time|version\s+as\s+of|timestamp\s+as\s+of|at\s*\(\s*(timestamp|offset|statement))|@v?\d",
    re.IGNORECASE,
)
_AGGREGATE = re.compile(r"\b(count|sum|avg|min|max|approx_\w+|stddev\w*|array_agg)\s*\(", re.IGNORECASE)
_GROUP = re.compile(r"\bgroup\s+by\b", re.IGNORECASE)
_KEYED = re.compile(r"\bwhere\s+[\w.\"`]*(id|key|name|uuid|hash)\w*[\"`]?\s*(=|in\b)", re.IGNORECASE)
_FILE = re.compile(
    r"\bfrom\s+('|read_|parquet_scan|\w+_scan|`?s3://|`?delta\.`)|\binformation_schema\b|\bpg_", re.IGNORECASE
)
_LEARNS = (
    "sklearn", "torch", "tensorflow", "keras", "xgboost", "lightgbm", "catboost", "statsmodels", "transformers", "jax",
    "datasets", "imblearn", "prophet", "fastai", "pytorch_lightning", "lightning", "h2o", "pycaret", "autogluon",
)  # fmt: skip
_SERVES = (
    "streamlit", "flask", "fastapi", "dash", "django", "gradio", "starlette", "tornado", "aiohttp", "telegram",
    "tkinter", "PyQt5", "discord", "sanic", "bottle", "nicegui", "shiny",
)  # fmt: skip
_SPLITS = frozenset(
    {"train_test_split", "KFold", "StratifiedKFold", "ShuffleSplit", "GroupKFold", "random_split", "cross_val_score"}
)
"""What divides rows by their order."""
_ANSWERS = re.compile(
    r"(^|[/_])(predict\w*|scor(e|ing)|serv(e|ing)|inference|api|app|dashboard|report\w*)([/_.]|\.py$)"
)
"""Modules that ask for rows to answer with, not to learn from."""
_FITS = frozenset({"fit", "fit_transform", "fit_generator", "train_on_batch", "partial_fit", "backward"})
"""What learns from rows."""
_NAMED = re.compile(r"`[^`]*`|\[[^\]]*\]|\"[^\"]*\"|\{\}\.\{\}(?:\.\{\})?|\w+\.\{\}|\{\}\.\w+")
"""Names of tables that are put together."""
_WRAPS = frozenset({"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "textwrap.dedent"})
"""What takes the text of a query and hands it on."""
_QUERIES = ("sql", "query", "query_or_table", "sqlQuery")
"""Arguments that hold the text."""
_TRAINING = re.compile(r"(?:re[_-]?)?train", re.IGNORECASE)
"""Names of modules that train, wherever they lie."""
_PEEK = re.compile(r"\blimit\s+(\d{1,4})\s*;?\s*$", re.IGNORECASE)
_PEEKED = 1000
"""Rows that are fetched to look at them."""
_FEW = 10
"""Rows that nothing learns from."""
_DATA_MODULE = re.compile(
    r"(^|[/_])(train\w*|data|datasets?|features?|extract\w*|etl|prepare\w*|export\w*|ingest\w*|loaders?)([/_.]|\.py$)"
)
_SORTS = frozenset({"sort_values", "sort_index", "sort", "orderBy", "order", "sample"})


@rule.on_call(role="queries")
def check(call: Call) -> Iterator[Match]:
    """Every query whose text is known."""
    for text in next((texts for name in _QUERIES if (texts := _sql(call, name))), []):
        plain = _QUOTED.sub("''", _COMMENT.sub(" ", text))
        judged = _judge(plain, call, of_file=_FILE.search(text) is not None) if _SELECT.match(plain) else None
        if judged is not None:
            message, confidence = judged
            is_likely = call.module.once(_feeds_training)
            yield call.match(message, confidence=confidence if is_likely else Confidence.LOW)
            return


@rule.on_call(role="reads-table")
def check_table(call: Call) -> Iterator[Match]:
    """Every table that is read whole by its name."""
    if not _sorted_after(call):
        name = next((text for part in ("table_name", "tableName") if (text := _sql(call, part))), [""])[0]
        table = f"table `{name}`" if name and HOLE not in name else "table"
        message = f"the {table} is read whole, without an order or a snapshot: its rows are those of the day"
        sure = call.module.once(_feeds_training) and call.module.once(_matters)
        yield call.match(message, confidence=Confidence.MEDIUM if sure else Confidence.LOW)


def _feeds_training(module: Module) -> bool:
    """Whether a module's rows are likely to be learned from: not those of a test, page or service."""
    if module.is_test or module.imports(*_SERVES):
        return False
    if _TRAINING.match(module.path.rpartition("/")[2]):
        return True
    if _ANSWERS.search(module.path):
        return False
    return module.imports(*_LEARNS) or _DATA_MODULE.search(module.path) is not None


def _matters(module: Module) -> bool:
    """Whether rows of a module's queries are divided, or fitted on in a script, and don't come from a file."""
    if module.once(_reads_file):
        return False
    return not _SPLITS.isdisjoint(module.words) or (not module.notebook and not _FITS.isdisjoint(module.words))


def _reads_file(module: Module) -> bool:
    """Whether the database is a file of SQLite, which gives its rows in one order as long as it is the same."""
    return "sqlite" in module.source.text


def _sql(call: Call, name: str) -> list[str]:
    """Texts that an argument may have; several where branches give it different ones."""
    node = call.argument(name)
    if node is None:
        return []
    values = [node]
    if isinstance(node, ast.Name):
        before = [binding for binding in call.scope.lookup(node.id) or () if binding.order < call.site.order]
        if before and isinstance(before[-1].branch, ast.If):
            sides = [binding for binding in before if binding.branch is before[-1].branch and binding.index is None]
            values = [binding.value for binding in sides if binding.value is not None]
    return [text for value in values if (text := _plain_text(call, value))]


def _plain_text(call: Call, node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        bindings = call.scope.lookup(node.id) or ()
        before = [binding.value for binding in bindings if binding.order < call.site.order]
        node = before[-1] if before and isinstance(before[-1], ast.Call) else node
    if isinstance(node, ast.Call) and node.args and call.module.name(node.func, call.scope) in _WRAPS:
        node = node.args[0]
    return call.text(node)


def _judge(sql: str, call: Call, *, of_file: bool) -> tuple[str, Confidence | None] | None:
    random = _RANDOM.search(sql)
    if random is not None and not _REPEATABLE.search(sql):
        return f"`{_shown(random[0])}` in the query draws other rows at each run", None
    clock = _CLOCK.search(sql)
    if clock is not None and _WHERE.search(sql[: clock.start()]):
        return f"the query's window depends on `{_shown(clock[0])}`: each run reads other rows", None
    single = bool(_AGGREGATE.search(sql)) or bool(_GROUP.search(sql)) or bool(_KEYED.search(sql))
    if _ORDER.search(sql) or single or of_file or _sorted_after(call):
        return None
    behind = re.split(r"\bfrom\b", sql, flags=re.IGNORECASE)[-1]
    open_end = HOLE in _NAMED.sub("t", behind)
    if _LIMIT.search(sql):
        peek = _PEEK.search(sql)
        looks = peek is not None and int(peek[1]) <= (_PEEKED if call.module.notebook else _FEW)
        confidence = Confidence.LOW if looks or call.module.once(_reads_file) else None
        return "`LIMIT` without `ORDER BY` takes any rows: which ones, the database decides each time", confidence
    if _SNAPSHOT.search(sql):
        return None
    message = "the query has neither `ORDER BY` nor a snapshot: its rows and their order are those of the day"
    matters = not open_end and call.module.once(_matters)
    return message, Confidence.MEDIUM if matters else Confidence.LOW


def _shown(text: str) -> str:
    return " ".join(text.split()).strip("( ")


def _sorted_after(call: Call) -> bool:
    """Whether the same expression sorts the rows."""
    node: ast.AST | None = call.node
    while node is not None and not isinstance(node, ast.stmt):
        if isinstance(node, ast.Attribute) and node.attr in _SORTS:
            return True
        node = call.module.file.parent(node)
    return False


rule.flags(
    '''
    import pandas as pd
    from sklearn.model_selection import train_test_split

    sample = pd.read_sql("SELECT * FROM events LIMIT 100000", engine)  # expect: DAT008
    recent = pd.read_sql_query(  # expect: DAT008
        """
        SELECT user_id, label
        FROM clicks
        WHERE created_at > NOW() - INTERVAL '30 days'
        ORDER BY user_id
        """,
        engine,
    )
    drawn = pd.read_sql("SELECT id, text FROM reviews ORDER BY RANDOM() LIMIT 5000", con=engine)  # expect: DAT008
    users = pd.read_sql("select * from users", engine)  # expect: DAT008
    training, testing = train_test_split(users, random_state=0)
    '''
)
rule.flags(
    """
    from google.cloud import bigquery

    QUERY = "SELECT id, label FROM `project.set.train` TABLESAMPLE SYSTEM (10 PERCENT)"
    client = bigquery.Client()
    rows = client.query(QUERY).to_dataframe()  # expect: DAT008
    """,
    file="src/prepare_data.py",
)
rule.flags(
    """
    import polars as pl
    import torch

    top = pl.read_database("SELECT TOP 1000 id, label FROM train", connection)  # expect: DAT008
    today = pl.read_database_uri(  # expect: DAT008
        "SELECT id FROM train WHERE day < CURRENT_DATE ORDER BY id", uri
    )
    """
)
rule.flags(
    """
    import pandas as pd
    import psycopg2
    from sklearn.linear_model import LogisticRegression
    from sqlalchemy import text

    if SAMPLE:
        query = f"SELECT * FROM reviews WHERE day < '2024-01-01' ORDER BY RANDOM() LIMIT {SAMPLE}"
    else:
        query = "SELECT * FROM reviews ORDER BY id"
    drawn = pd.read_sql(query, connection)  # expect: DAT008
    late = text("SELECT * FROM clicks WHERE at > NOW() - INTERVAL '7 days' ORDER BY id")
    window = pd.read_sql(late, engine)  # expect: DAT008
    named = pd.read_sql(f"SELECT text, label FROM {schema}.reviews", connection)  # expect: DAT008
    whole = pd.read_sql_table("reviews", engine)  # expect: DAT008
    LogisticRegression().fit(named[["text"]], named["label"])
    """,
    file="train.py",
)
rule.allows(
    """
    import pandas as pd
    from sklearn.svm import SVC
    from sqlalchemy import text

    table = pd.read_sql_table("reviews", engine).sort_values("id")
    if SAMPLE:
        query = "SELECT * FROM reviews ORDER BY id LIMIT 1000"
    else:
        query = "SELECT * FROM reviews ORDER BY id"
    rows = pd.read_sql(query, engine)
    dated = pd.read_sql(text("SELECT * FROM reviews WHERE day < :end ORDER BY id"), engine, params={"end": END})
    SVC().fit(table, rows)
    """,
    file="train.py",
)
rule.allows(
    """
    import pandas as pd

    train = pd.read_sql("SELECT * FROM events WHERE day < '2024-01-01' ORDER BY id", engine)
    first = pd.read_sql("SELECT id, label FROM events ORDER BY id LIMIT 100", engine)
    size = pd.read_sql("SELECT COUNT(*) FROM events", engine)
    groups = pd.read_sql("SELECT label, AVG(value) FROM events GROUP BY label", engine)
    one = pd.read_sql("SELECT * FROM runs WHERE run_id = 7", engine)
    table = pd.read_sql("SELECT * FROM users", engine).sort_values("id")
    named = pd.read_sql(query_text, engine)
    """
)
rule.allows(
    """
    from google.cloud import bigquery

    client = bigquery.Client()
    frozen = client.query("SELECT * FROM `p.d.t` FOR SYSTEM_TIME AS OF TIMESTAMP '2024-03-01 00:00:00+00'")
    hashed = client.query("SELECT id FROM t WHERE MOD(FARM_FINGERPRINT(id), 10) = 0 ORDER BY id")
    made = client.query("CREATE TABLE t AS SELECT * FROM s LIMIT 10")
    """
)
rule.allows(
    """
    import duckdb
    import pandas as pd

    local = duckdb.sql("SELECT * FROM 'data/train.parquet' LIMIT 10")
    csv = duckdb.query("SELECT * FROM read_csv('data/train.csv')")
    sampled = pd.read_sql("SELECT id FROM t TABLESAMPLE BERNOULLI (10) REPEATABLE (42) ORDER BY id", engine)
    logged = pd.read_sql("SELECT id, updated_now FROM t ORDER BY id -- LIMIT NOW()", engine)
    text = pd.read_sql("SELECT id FROM t WHERE note = 'limit now()' ORDER BY id", engine)
    cursor.execute("SELECT * FROM sessions LIMIT 1")
    """
)
