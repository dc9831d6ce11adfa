"""What a call does to data: learns from it, transforms it, splits it, scores it, or hands it on."""

from __future__ import annotations

import ast

from reprocheck.model.finding import Confidence
from reprocheck.rulekit.catalog import CatalogEntry
from reprocheck.rulekit.flow.following import Following
from reprocheck.rulekit.flow.plain_calls import given_data, plain_value
from reprocheck.rulekit.flow.tokens import (
    NOTHING,
    Fit,
    Learning,
    Named,
    Side,
    Value,
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
    return plain_value(flow, node, method)


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
    data = flow.value(given_data(node))
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
    source = given_data(call.node)
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
    data = flow.value(given_data(node))
    known = flow.fitted.get(short(receiver))
    if known is None:
        return data
    fit, origins = known
    for part in parts_of(data):
        if part.origins & origins:
            flow.leak(frozenset({fit}), part.split)
            return data
    return data | {fit} if origins_of(data) & origins else data
