"""What a call does to data: learns from it, transforms it, splits it, scores it, or hands it on."""

from __future__ import annotations

import ast
import re

from reprocheck.model.finding import Confidence
from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.flow.following import Following
from reprocheck.rulekit.flow.tokens import (
    NOTHING,
    Fit,
    Learning,
    Named,
    Side,
    Statistic,
    Value,
    column_names,
    dropped,
    fits_of,
    is_target,
    origins_of,
    parts_of,
    short,
    side_in_name,
    union,
)
from reprocheck.rulekit.flow.uses import note_fit, note_score
from reprocheck.rulekit.module import Call

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
_RESAMPLES = frozenset({"fit_resample", "fit_sample", "resample"})
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


def call_value(flow: Following, node: ast.Call) -> Value:
    """Tokens of a call's result; what it does to transformers is remembered in `flow`."""
    call = flow.unit.calls.get(node)
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
        followed = flow.inline(call.name, call)
        if followed is not None:
            return followed
    if flow.fitted and isinstance(function, ast.Name) and short(function) in flow.fitted:
        return _transform(flow, node, function)
    if method and node.args:
        _noted(flow, node, method)
    return _other(flow, node, method)


def _noted(flow: Following, node: ast.Call, method: str) -> None:
    """`fit` and `score` of models, whose class nobody needs to know."""
    if method in {"fit", "fit_generator"}:
        note_fit(flow, node, node.args[0], flow.value(node.args[0]), estimator=True)
    elif method in {"score", "evaluate", "evaluate_generator"}:
        note_score(flow, node, node.args[0], flow.value(node.args[0]))


def _of_role(flow: Following, call: Call, entry: CatalogEntry) -> Value | None:
    node = call.node
    roles = entry.roles
    name = call.name.rpartition(".")[2]
    if "fits-and-transforms" in roles and node.args:
        data = flow.value(node.args[0])
        note_fit(flow, node, node.args[0], data, label=name)
        return data | {_fit(flow, node, name, node.args[0], data, roles)}
    if "resamples" in roles and node.args:
        return _resampled(flow, call, union([flow.value(argument) for argument in node.args]), roles)
    if "splitter" in roles and not name[:1].isupper():
        return _split(flow, call)
    if "cross-validation" in roles and not name[:1].isupper():
        data = union([flow.value(a) for a in node.args[1:]])
        data |= union([flow.value(k.value) for k in node.keywords if k.arg in {"X", "y"}])
        flow.leak(data, flow.where(node), Confidence.LOW if parts_of(data) else Confidence.MEDIUM)
        return NOTHING
    if "scores" in roles and node.args:
        note_score(flow, node, node.args[0], flow.value(node.args[0]))
        return NOTHING
    if "trains" in roles and name == "train" and len(node.args) > 1:
        note_fit(flow, node, node.args[1], flow.value(node.args[1]), estimator=True)
    if node.args and ("reads" in roles or name.startswith("read_")):
        return _read(flow, call)
    return None


def _read(flow: Following, call: Call) -> Value:
    """Data of a file, whose name may say which part it is."""
    text = call.text(call.node.args[0]) or ""
    side = side_in_name(text.replace("\\", "/").rpartition("/")[2].rpartition(".")[0])
    known = () if side is Side.UNKNOWN else (Named(side, file=True),)
    return frozenset({flow.origin("file"), *known})


def _split(flow: Following, call: Call) -> Value:
    node, where = call.node, flow.where(call.node)
    arrays = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
    values = [flow.value(argument) for argument in arrays]
    for position, value in enumerate(values):
        already = bool(parts_of(value))
        most = Confidence.LOW if already else Confidence.HIGH if position == 0 else Confidence.MEDIUM
        flow.leak(value, where, most)
    sides = (Side.TRAIN, Side.HELD_OUT)
    if call.name.endswith("train_test_split"):
        flow.tuples[node] = [flow.part(value, where, side) for value in values for side in sides]
    elif call.name.endswith("random_split") and values:
        lengths = node.args[1] if len(node.args) > 1 else None
        count = len(lengths.elts) if isinstance(lengths, ast.List | ast.Tuple) else len(sides)
        flow.tuples[node] = [
            flow.part(values[0], where, Side.HELD_OUT if position else Side.TRAIN) for position in range(count)
        ]
    return flow.part(union(values), where)


def _of_owner(flow: Following, call: Call, owner: CatalogEntry, method: str) -> Value | None:
    """Methods of transformers, samplers, folds and searches."""
    node, roles = call.node, owner.roles
    receiver = call.receiver
    assert receiver is not None
    if "splitter" in roles and method in {"split", "randomSplit"}:
        return _split(flow, call)
    if "resampler" in roles and method in _RESAMPLES:
        return _resampled(flow, call, union([flow.value(argument) for argument in node.args]), roles)
    if "cross-validation" in roles and method == "fit":
        data = union([flow.value(argument) for argument in node.args[:2]])
        flow.leak(data, flow.where(node), Confidence.LOW if parts_of(data) else Confidence.MEDIUM)
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


def _resampled(flow: Following, call: Call, data: Value, roles: frozenset[str]) -> Value:
    """Rows are drawn again or made up: those that are split later have twins on both sides."""
    node = call.node
    if "resamples" in roles and call.value("replace", 0) is False:
        return data
    fewer = "under-sampling" in roles
    owner = call.name.rpartition(".")[0].rpartition(".")[2] if "resampler" in roles else ""
    label = f"`{owner or call.name.rpartition('.')[2]}`"
    confidence = Confidence.LOW if fewer or parts_of(data) else Confidence.HIGH
    fit = Fit(flow.where(node), label, short(node.args[0]) if node.args else "", confidence, kind=Learning.ROWS)
    found = data | {fit}
    flow.tuples[node] = [found] * max(len(node.args), 1)
    return found


def _fit_transform(flow: Following, call: Call, data: Value, roles: frozenset[str]) -> Value:
    source = _data(call.node)
    receiver = call.receiver
    assert receiver is not None
    key = short(receiver)
    flow.fitted.pop(key, None)
    name = call.name.rpartition(".")[0].rpartition(".")[2]
    if source is not None and "embedding" not in roles:
        categories = "categories" in roles
        note_fit(flow, call.node, source, data, label=name, categories=categories, receiver=short(receiver))
    if source is None or ("categories" in roles and is_target(source)):
        return data
    fit = _fit(flow, call.node, name, source, data, roles)
    flow.fitted[key] = fit, origins_of(data)
    return data | {fit}


def _fit(flow: Following, node: ast.Call, name: str, source: ast.expr, data: Value, roles: frozenset[str]) -> Fit:
    if parts_of(data) or "categories" in roles:
        confidence = Confidence.LOW
    elif not roles.isdisjoint(("vocabulary", "statistics")) or "train" in short(source).lower():
        confidence = Confidence.MEDIUM
    else:
        confidence = Confidence.HIGH
    kind = Learning.TARGET if "target-encoder" in roles else Learning.STATISTICS
    return Fit(flow.where(node), f"`{name}`", short(source), confidence, kind=kind)


def _transform(flow: Following, node: ast.Call, receiver: ast.expr) -> Value:
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


def _other(flow: Following, node: ast.Call, method: str) -> Value:
    function = node.func
    name = method or (function.id if isinstance(function, ast.Name) else "")
    receiver = flow.value(function.value) if isinstance(function, ast.Attribute) else NOTHING
    if name in _STATISTICS:
        data = receiver if origins_of(receiver) and not _is_library(flow, function) else flow.value(_data(node))
        if _row_wise(node) or _in_windows(function):
            return NOTHING
        return frozenset({Statistic(flow.where(node), origins_of(data), _of_target(flow, function))})
    arguments = union([flow.value(a) for a in node.args] + [flow.value(k.value) for k in node.keywords])
    if name in _NO_DATA:
        return NOTHING
    if name in {"fillna", "replace"} and method:
        source = function.value if isinstance(function, ast.Attribute) else node
        return receiver | flow.learned(node, receiver, arguments, source)
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


def _encoded(flow: Following, node: ast.Call, receiver: Value, arguments: Value) -> Value:
    """`frame["city"].map(means)`, where the means are those of the target."""
    for token in arguments:
        if isinstance(token, Statistic) and token.target:
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
