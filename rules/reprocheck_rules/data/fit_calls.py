"""What a call does to data: learns from it, transforms it, splits it, or hands it on."""

from __future__ import annotations

import ast

from reprocheck.rulekit import Call, CatalogEntry, Confidence
from reprocheck_rules.data.fit_flow import FitFlow
from reprocheck_rules.data.fitted_data import (
    NOTHING,
    Fit,
    Statistic,
    Value,
    column_names,
    dropped,
    fits_of,
    is_target,
    origins_of,
    parts_of,
    short,
    union,
)

_FITS = frozenset({"fit", "partial_fit", "fit_on_texts", "adapt"})
_TRANSFORMS = frozenset(
    [
        "transform",
        "texts_to_sequences",
        "texts_to_matrix",
        "sequences_to_matrix",
        "texts_to_sequences_generator",
        "__call__",
    ]
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


def call_value(flow: FitFlow, node: ast.Call) -> Value:
    """Tokens of a call's result; what it does to transformers is remembered in `flow`."""
    call = flow.by_node.get(node)
    function = node.func
    method = function.attr if isinstance(function, ast.Attribute) else ""
    if call is not None:
        entry = call.entry
        if entry is not None:
            found = _of_role(flow, call, entry)
            if found is not None:
                return found
        # Every `fit` returns the object itself.
        owner = flow.module.catalog.entry(call.name.rpartition(".")[0].replace(".fit()", ""))
        if owner is not None and method:
            found = _of_owner(flow, call, owner, method)
            if found is not None:
                return found
        if call.name.startswith("."):
            followed = flow.inline(call.name, _bound(flow, call))
            if followed is not None:
                return followed
    if flow.fitted and isinstance(function, ast.Name) and short(function) in flow.fitted:
        return _transform(flow, node, function)
    return _other(flow, node, method)


def _arguments(flow: FitFlow, node: ast.Call) -> Value:
    return union([flow.value(a) for a in node.args] + [flow.value(k.value) for k in node.keywords])


def _of_role(flow: FitFlow, call: Call, entry: CatalogEntry) -> Value | None:
    node = call.node
    roles = entry.roles
    if "fits-and-transforms" in roles and node.args:
        data = flow.value(node.args[0])
        return data | {_fit(node, call.name.rpartition(".")[2], node.args[0], data, roles)}
    if "splitter" in roles and not call.name.rpartition(".")[2][:1].isupper():
        return _split(flow, node, node.args)
    if "cross-validation" in roles and not call.name.rpartition(".")[2][:1].isupper():
        data = union(flow.value(a) for a in node.args[1:])
        data |= union(flow.value(k.value) for k in node.keywords if k.arg in {"X", "y"})
        flow.leak(data, node, Confidence.LOW if parts_of(data) else Confidence.MEDIUM)
        return NOTHING
    return None


def _split(flow: FitFlow, node: ast.Call, arguments: list[ast.expr]) -> Value:
    values = [flow.value(argument) for argument in arguments]
    for position, value in enumerate(values):
        already = bool(parts_of(value))
        most = Confidence.LOW if already else Confidence.HIGH if position == 0 else Confidence.MEDIUM
        flow.leak(value, node, most)
    return flow.part(union(values), node)


def _of_owner(flow: FitFlow, call: Call, owner: CatalogEntry, method: str) -> Value | None:
    """Methods of transformers, folds and searches."""
    node, roles = call.node, owner.roles
    receiver = call.receiver
    assert receiver is not None
    if "splitter" in roles and method in {"split", "randomSplit"}:
        return _split(flow, node, node.args)
    if "cross-validation" in roles and method == "fit":
        data = union(flow.value(argument) for argument in node.args[:2])
        flow.leak(data, node, Confidence.LOW if parts_of(data) else Confidence.MEDIUM)
        return NOTHING
    if "transformer" not in roles:
        return None
    data = flow.value(_data(node))
    if "stateless" in roles:
        return data
    if method == "fit_transform":
        return _fit_transform(flow, call, data, roles)
    if method in _FITS:
        _fit_transform(flow, call, data, roles)
        return NOTHING
    if method in _TRANSFORMS:
        return _transform(flow, node, receiver)
    return None


def _data(node: ast.Call) -> ast.expr | None:
    if node.args and not isinstance(node.args[0], ast.Starred):
        return node.args[0]
    return next(
        (k.value for k in node.keywords if k.arg in {"X", "raw_documents", "texts", "data", "y", "dataset"}), None
    )


def _fit_transform(flow: FitFlow, call: Call, data: Value, roles: frozenset[str]) -> Value:
    source = _data(call.node)
    receiver = call.receiver
    assert receiver is not None
    key = short(receiver)
    flow.fitted.pop(key, None)
    if source is None or ("categories" in roles and is_target(source)):
        return data
    name = call.name.rpartition(".")[0].rpartition(".")[2]
    fit = _fit(call.node, name, source, data, roles)
    flow.fitted[key] = fit, origins_of(data)
    return data | {fit}


def _fit(node: ast.Call, name: str, source: ast.expr, data: Value, roles: frozenset[str]) -> Fit:
    if parts_of(data) or "categories" in roles:
        confidence = Confidence.LOW
    elif not roles.isdisjoint(("vocabulary", "statistics")) or "train" in short(source).lower():
        confidence = Confidence.MEDIUM
    else:
        confidence = Confidence.HIGH
    return Fit(node, f"`{name}`", short(source), confidence)


def _transform(flow: FitFlow, node: ast.Call, receiver: ast.expr) -> Value:
    """Data takes over what the transformer has learned; a part of the data that it learned from is a leak."""
    if isinstance(receiver, ast.Call):  # scaler.fit(X).transform(X)
        flow.value(receiver)
        receiver = receiver.func.value if isinstance(receiver.func, ast.Attribute) else receiver
    data = flow.value(_data(node))
    known = flow.fitted.get(short(receiver))
    if known is None:
        return data
    fit, origins = known
    for part in parts_of(data):
        if part.origins & origins:
            flow.leak(frozenset({fit}), part.split)
            return data
    return data | {fit} if origins_of(data) & origins else data


def _bound(flow: FitFlow, call: Call) -> dict[str, Value]:
    """Parameters of a function of this file with the values that they get."""
    scope = flow.functions.get(call.name)
    if scope is None or not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {}
    names = [a.arg for a in (*scope.node.args.posonlyargs, *scope.node.args.args) if a.arg not in {"self", "cls"}]
    values = [flow.value(a) for a in call.node.args if not isinstance(a, ast.Starred)]
    bound = dict(zip(names, values, strict=False))
    for keyword in call.node.keywords:
        if keyword.arg is not None:
            bound[keyword.arg] = flow.value(keyword.value)
    return bound


def _other(flow: FitFlow, node: ast.Call, method: str) -> Value:
    function = node.func
    name = method or (function.id if isinstance(function, ast.Name) else "")
    receiver = flow.value(function.value) if isinstance(function, ast.Attribute) else NOTHING
    if name in _STATISTICS:
        data = receiver if origins_of(receiver) and not _is_library(flow, function) else flow.value(_data(node))
        return NOTHING if _row_wise(node) else frozenset({Statistic(node, origins_of(data))})
    arguments = _arguments(flow, node)
    if name in _NO_DATA:
        return NOTHING
    if name in {"fillna", "replace"} and method:
        return receiver | flow.learned(
            node, receiver, arguments, function.value if isinstance(function, ast.Attribute) else node
        )
    if name in {"drop", "pop"} and method:
        wanted = next(
            (k.value for k in node.keywords if k.arg in {"columns", "labels"}), node.args[0] if node.args else None
        )
        return dropped(receiver, column_names(wanted))
    if method in {"apply", "transform", "pipe", "agg", "map"} and node.args and not _row_wise(node):
        return receiver | _applied(flow, node.args[0], receiver)
    found = arguments if _is_library(flow, function) else receiver | arguments
    return found or frozenset({flow.origin(name)})


def _is_library(flow: FitFlow, function: ast.expr) -> bool:
    """Whether the receiver is a module or class rather than data."""
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
        return False
    bindings = flow.module.file.module.bindings.get(function.value.id)
    return bool(bindings) and bindings is not None and bindings[0].kind.value in {"import", "class"}


def _row_wise(node: ast.Call) -> bool:
    return any(
        k.arg == "axis"
        and isinstance(k.value, ast.Constant | ast.UnaryOp)
        and short(k.value) in {"1", "-1", "'columns'"}
        for k in node.keywords
    )


def _applied(flow: FitFlow, function: ast.expr, receiver: Value) -> Value:
    """`x.apply(lambda column: column - column.mean())`, `x.apply(scale)`."""
    if isinstance(function, ast.Name):
        scope = flow.functions.get("." + function.id)
        if scope is None or not isinstance(scope.node, ast.FunctionDef) or not scope.node.args.args:
            return NOTHING
        return frozenset(fits_of(flow.inline("." + function.id, {scope.node.args.args[0].arg: receiver}) or NOTHING))
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
