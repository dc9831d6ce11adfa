"""What calls do that the catalog has nothing to say of: statistics by hand, columns, functions that are applied."""

from __future__ import annotations

import ast
import re

from reprocheck.model.finding import Confidence
from reprocheck.rulekit.flow.following import Following
from reprocheck.rulekit.flow.tokens import (
    NOTHING,
    Fit,
    Learning,
    Side,
    Statistic,
    Value,
    column_names,
    dropped,
    fits_of,
    origins_of,
    parts_of,
    short,
    side_in_name,
    statistics_of,
    union,
)

_STATISTICS_TEXT = """
    mean std var min max median mode quantile nanmean nanstd nanmedian nanmin nanmax average amin amax
"""
_STATISTICS = frozenset(_STATISTICS_TEXT.split())
_NO_DATA_TEXT = """
    len print predict predict_proba score fit isnull isna sum count nunique value_counts unique info describe hist
    plot corr keys evaluate display show get_feature_names get_feature_names_out accuracy_score range fit_generator
    summary any all notnull display save to_csv to_pickle isinstance type str format imshow scatter figure countplot
    heatmap
"""
_NO_DATA = frozenset(_NO_DATA_TEXT.split())
_AVERAGES = re.compile(r"\b(mean|median|std|var|sum|min|max|skew|quantile|average)\b")
_MAPS = frozenset({"map", "merge", "join", "replace"})


def given_data(node: ast.Call) -> ast.expr | None:
    """The argument that is learned from or transformed."""
    if node.args and not isinstance(node.args[0], ast.Starred):
        return node.args[0]
    return next(
        (k.value for k in node.keywords if k.arg in {"X", "raw_documents", "texts", "data", "y", "dataset"}), None
    )


def plain_value(flow: Following, node: ast.Call, method: str) -> Value:
    """Tokens of a call that no role speaks of."""
    function = node.func
    name = method or (function.id if isinstance(function, ast.Name) else "")
    receiver = flow.value(function.value) if isinstance(function, ast.Attribute) else NOTHING
    if name in _STATISTICS:
        data = receiver if origins_of(receiver) and not _is_library(flow, function) else flow.value(given_data(node))
        if _row_wise(node) or _in_windows(function):
            return NOTHING
        return frozenset({Statistic(flow.where(node), origins_of(data), _of_target(flow, function))})
    arguments = union([flow.value(a) for a in node.args] + [flow.value(k.value) for k in node.keywords])
    if name in _NO_DATA:
        return NOTHING
    if name in {"fillna", "replace"} and method:
        source = function.value if isinstance(function, ast.Attribute) else node
        return receiver | flow.learned(node, receiver, arguments, source)
    if name == "drop" and (taken := _taken_rows(node)) is not None:
        return _rest(flow, node, receiver, taken)
    if name in {"drop", "pop"} and method:
        wanted = next(
            (k.value for k in node.keywords if k.arg in {"columns", "labels"}), node.args[0] if node.args else None
        )
        return dropped(receiver, column_names(wanted))
    if method in _MAPS and (arguments or receiver):
        encoded = _encoded(flow, node, receiver, arguments)
        if encoded:
            return receiver | encoded
    if method in {"transform", "apply"} and _averages(node) and _of_target(flow, function) and origins_of(receiver):
        fit = Fit(flow.where(node), f"`{short(node)}`", short(_table(node)), Confidence.MEDIUM, kind=Learning.TARGET)
        return receiver | {fit}
    if method == "sample" and _draws_again(node):
        rows = Fit(flow.where(node), "`sample`", short(_table(node)), Confidence.MEDIUM, kind=Learning.ROWS)
        return receiver | {rows}
    if method in {"apply", "transform", "pipe", "agg", "map"} and node.args and not _row_wise(node):
        return receiver | _applied(flow, node.args[0], receiver)
    found = arguments if _is_library(flow, function) else receiver | arguments
    return found or frozenset({flow.origin(name)})


def _taken_rows(node: ast.Call) -> ast.Name | None:
    """`train` of `frame.drop(train.index)`."""
    given = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg in {"index", "labels"}), None)
    match given:
        case ast.Attribute(value=ast.Name() as name, attr="index"):
            return name
    return None


def _rest(flow: Following, node: ast.Call, whole: Value, taken: ast.Name) -> Value:
    """`train = frame.sample(frac=0.8)` and `frame.drop(train.index)` are a split by hand."""
    drawn = flow.value(taken)
    if not origins_of(drawn) & origins_of(whole):
        return whole
    where = flow.where(node)
    flow.leak(whole, where, Confidence.MEDIUM)
    side = side_in_name(taken.id)
    other = {Side.TRAIN: Side.HELD_OUT, Side.HELD_OUT: Side.TRAIN}.get(side, Side.UNKNOWN)
    flow.bind(taken, flow.part(drawn, where, side))
    return flow.part(whole, where, other)


def _encoded(flow: Following, node: ast.Call, receiver: Value, arguments: Value) -> Value:
    """`frame["city"].map(means)`, where the means are those of the target."""
    for token in statistics_of(arguments):
        if token.target:
            fit = Fit(
                flow.where(node),
                f"`{short(token.where.node)}`",
                short(_table(node)),
                Confidence.MEDIUM,
                kind=Learning.TARGET,
            )
            for part in parts_of(receiver):
                if part.origins & token.origins:
                    flow.leak(frozenset({fit}), part.split)
                    return NOTHING
            if token.origins & origins_of(receiver):
                return frozenset({fit})
    return NOTHING


def _averages(node: ast.Call) -> bool:
    """Whether what is applied to groups is a statistic of their values, rather than a count or a list."""
    return bool(node.args) and _AVERAGES.search(ast.unparse(node.args[0])) is not None


def _of_target(flow: Following, function: ast.expr) -> bool:
    """Whether a method is called on groups of the target: `frame.groupby("city")["price"].mean`."""
    if not isinstance(function, ast.Attribute):
        return False
    match function.value:
        case ast.Subscript(value=ast.Call(func=ast.Attribute(attr="groupby")), slice=ast.Constant(value=str() as name)):
            return name in flow.unit.targets
        case ast.Call(func=ast.Attribute(attr="groupby", value=ast.Subscript(slice=ast.Constant(value=str() as name)))):
            return name in flow.unit.targets
        case ast.Attribute(value=ast.Call(func=ast.Attribute(attr="groupby")), attr=name):
            return name in flow.unit.targets
    return False


def _table(node: ast.expr) -> ast.expr:
    """The name that a chain of methods and columns begins with."""
    while True:
        match node:
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case _:
                return node


def _draws_again(node: ast.Call) -> bool:
    return any(
        k.arg == "replace" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords
    )


def _is_library(flow: Following, function: ast.expr) -> bool:
    """Whether the receiver is a module or class rather than data."""
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    bindings = flow.module.file.module.bindings.get(function.value.id)
    return bool(bindings) and bindings is not None and bindings[0].kind.value in {"import", "class"}


def _in_windows(function: ast.expr) -> bool:
    """Whether a statistic is one of windows: `frame["close"].rolling(20).std()`."""
    return isinstance(function, ast.Attribute) and any(
        isinstance(part, ast.Attribute) and part.attr in {"rolling", "expanding", "ewm", "resample"}
        for part in ast.walk(function.value)
    )


def _row_wise(node: ast.Call) -> bool:
    """Whether each row has a statistic of its own: any axis but the first, `axis=(1, 2)` too."""
    return any(k.arg == "axis" and short(k.value) not in {"0", "None", "'index'"} for k in node.keywords)


def _applied(flow: Following, function: ast.expr, receiver: Value) -> Value:
    """`x.apply(lambda column: column - column.mean())`, `x.apply(scale)`."""
    if isinstance(function, ast.Name):
        name = flow.module.file.resolve(function, flow.module.file.module)
        return frozenset(fits_of(flow.inline(name or "", None, receiver) or NOTHING))
    if not isinstance(function, ast.Lambda) or not function.args.args:
        return NOTHING
    name = function.args.args[0].arg
    before = flow.env.get(name)
    flow.env[name] = receiver
    found = flow.value(function.body)
    if before is None:
        flow.env.pop(name, None)
    else:
        flow.env[name] = before
    return frozenset(fits_of(found))
