"""Notes what training and held-out data are used for: fitted on, watched while training, scored."""

from __future__ import annotations

import ast
import re

from reprocheck.rulekit.flow.following import Following
from reprocheck.rulekit.flow.observed import HeldOutFit, Use, UseKind
from reprocheck.rulekit.flow.tokens import Side, Value, named_side, parts_of, short, side_of

_WATCHED = frozenset({"eval_set", "validation_data", "evals", "valid_sets"})
_STOPPING = re.compile(r"EarlyStopping|early_stopping")
_KEEPING = re.compile(r"save_best_only\s*=\s*True")
_LOADING = frozenset({"load_weights", "load_model"})
"""What takes the kept state up again."""
_PATIENT = frozenset({"early_stopping_rounds", "early_stopping", "use_best_model"})
_LONG = 1_000
"""Characters beyond which an expression is data rather than a choice of callbacks."""
_LEVELS = 3
"""Names that are followed to find the callbacks of a call."""


def note_fit(
    flow: Following,
    node: ast.Call,
    source: ast.expr,
    data: Value,
    *,
    label: str = "",
    estimator: bool = False,
    categories: bool = False,
    receiver: str = "",
) -> None:
    """Something is fitted on data."""
    function = node.func
    if estimator:
        receiver = short(function.value) if isinstance(function, ast.Attribute) else short(function)
        label = label or receiver
        _note_watched(flow, node, label)
    side, named = side_of(data), named_side(data)
    if side is Side.UNKNOWN and not parts_of(data) and named is not None:
        side = named.side
    if side is Side.TRAIN:
        for name in (label, receiver):
            if name:
                flow.seen.train_fits.setdefault(name, flow.where(node))
        if estimator:
            _use(flow, node, UseKind.TRAINS, source, data, label)
    elif side is Side.HELD_OUT and node not in flow.seen.held_out_fits:
        flow.seen.held_out_fits[node] = HeldOutFit(
            where=flow.where(node),
            label=label,
            data=short(source),
            parts=frozenset(parts_of(data)),
            named=named,
            estimator=estimator,
            categories=categories,
            receiver=receiver,
        )


def note_score(flow: Following, node: ast.Call, source: ast.expr, data: Value) -> None:
    """Held-out data is scored."""
    side, named = side_of(data), named_side(data)
    if side is Side.HELD_OUT or (not parts_of(data) and named is not None and named.side is Side.HELD_OUT):
        label = short(node.func)
        _use(flow, node, UseKind.SCORES, source, data, label)


def _note_watched(flow: Following, node: ast.Call, label: str) -> None:
    """Data that is scored while a model is trained, where that decides when it ends or what is kept."""
    for keyword in node.keywords:
        if keyword.arg not in _WATCHED or not _decides(flow, node):
            continue
        value = keyword.value
        pieces = list(value.elts) if isinstance(value, ast.List | ast.Tuple) else [value]
        for piece in pieces if isinstance(value, ast.List) else [value]:
            found = flow.value(piece)
            side, named = side_of(found), named_side(found)
            if side is Side.HELD_OUT or (not parts_of(found) and named is not None and named.side is Side.HELD_OUT):
                _use(flow, node, UseKind.STOPS, piece, found, label)


def _decides(flow: Following, node: ast.Call) -> bool:
    """Whether what is watched decides: early stopping, or the best state is kept."""
    for keyword in node.keywords:
        if keyword.arg in _PATIENT and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value):
            return True
        if keyword.arg == "callbacks":
            written = _written(flow, keyword.value)
            if _STOPPING.search(written):
                return True
            if _KEEPING.search(written) and not flow.module.words.isdisjoint(_LOADING):
                return True
    made = _maker(flow, node)
    if made is None:
        return False
    call = flow.unit.calls.get(made)
    if call is not None and call.name.startswith("catboost."):
        return True
    return any(k.arg in _PATIENT for k in made.keywords) or _STOPPING.search(_callbacks(flow, made)) is not None


def _callbacks(flow: Following, made: ast.Call) -> str:
    return "".join(_written(flow, k.value) for k in made.keywords if k.arg == "callbacks")


def _maker(flow: Following, node: ast.Call) -> ast.Call | None:
    """The constructor's call behind the receiver of a method."""
    function = node.func
    if not isinstance(function, ast.Attribute):
        return None
    if isinstance(function.value, ast.Call):
        return function.value
    bound = _bound_to(flow, function.value)
    return bound if isinstance(bound, ast.Call) else None


def _bound_to(flow: Following, node: ast.expr) -> ast.expr | None:
    if not isinstance(node, ast.Name):
        return None
    bindings = flow.module.file.scope_of(node).lookup(node.id) or []
    earlier = [b for b in bindings if b.value is not None and getattr(b.node, "lineno", 0) <= node.lineno]
    return earlier[-1].value if earlier else None


def _written(flow: Following, node: ast.expr, levels: int = _LEVELS) -> str:
    """Source of an expression with that of the names in it."""
    text = ast.unparse(node)
    if levels and len(text) < _LONG:
        for part in ast.walk(node):
            bound = _bound_to(flow, part) if isinstance(part, ast.Name) else None
            if bound is not None:
                text += " " + _written(flow, bound, levels - 1)
    return text


def _use(flow: Following, node: ast.Call, kind: UseKind, source: ast.expr, data: Value, label: str) -> None:
    flow.seen.uses.append(
        Use(
            where=flow.where(node),
            kind=kind,
            data=short(source),
            parts=frozenset(parts_of(data)),
            named=named_side(data),
            loop=flow.loops[-1] if flow.loops else None,
            label=label,
        )
    )
