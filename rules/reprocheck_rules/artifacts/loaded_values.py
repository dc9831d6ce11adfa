"""What a program takes out of a file that it loads with PyTorch."""

from __future__ import annotations

import ast
import re

from reprocheck.rulekit import Call

_OBJECTS = frozenset(
    {
        "args", "opt", "opts", "option", "options", "settings", "config", "cfg", "conf", "hparams", "hyper_parameters",
        "hyperparameters", "params", "namespace", "vocab", "vocabulary", "tokenizer", "word_map", "fields", "scaler",
        "encoder", "label_encoder",
    }
)  # fmt: skip
"""Keys under which programs keep objects of their own classes."""
_OF_MODELS = frozenset(
    {"state_dict", "eval", "parameters", "named_parameters", "modules", "children", "fuse", "yaml", "names"}
)
"""What only objects have that are pickled whole."""
_WEIGHTS = re.compile(r"(.*_)?(state_?dicts?|weights?|sd)(_.*)?", re.IGNORECASE)
"""Names of variables that hold weights."""


def is_weights(call: Call, *, alone: bool = False) -> bool:
    """Whether what is loaded is given to models and optimizers as their state, and no object is taken out of it.

    Whole models, data sets and settings in a file can't be read as weights only. `alone` asks that nothing else can be
    in the file, as in a checkpoint with the best score.
    """
    file = call.module.file
    parent = file.parent(call.node)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
        nodes: list[ast.expr] = [
            node
            for node in ast.walk(call.scope.node)
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        ]
        named = _WEIGHTS.fullmatch(name) is not None
    else:
        nodes, named = [call.node], False
    if any(_takes_object(file.parent(node), node) or _takes_model(call, node) for node in nodes):
        return False
    return named or any(_becomes_state(call, node) for node in nodes if not alone or node is call.node)


def _takes_object(parent: ast.AST | None, node: ast.expr) -> bool:
    match parent:
        case ast.Subscript(value=value, slice=ast.Constant(value=str() as key)) if value is node:
            return key.lower() in _OBJECTS
        case ast.Attribute(value=value, attr=name) if value is node:
            return name not in {"keys", "items", "values", "get", "pop", "update"}
        case ast.Call(func=function):
            return function is node
    return False


def _takes_model(call: Call, node: ast.expr) -> bool:
    """Whether an entry is asked for what only a model has: `loaded["model"].float().state_dict()`."""
    child: ast.AST = node
    inside = False
    for parent in call.module.file.ancestors(node):
        match parent:
            case ast.Subscript(value=value) if value is child:
                inside = True
            case ast.Attribute(value=value, attr=name) if value is child:
                if inside and name in _OF_MODELS:
                    return True
                inside = inside or name == "get"
            case ast.Call(func=function) if function is child:
                pass
            case _:
                return False
        child = parent
    return False


def _becomes_state(call: Call, node: ast.expr) -> bool:
    """Whether an expression stands in what `load_state_dict` is given."""
    child: ast.AST = node
    for parent in call.module.file.ancestors(node):
        if isinstance(parent, ast.stmt):
            return False
        function = parent.func if isinstance(parent, ast.Call) else None
        if isinstance(function, ast.Attribute) and function.attr == "load_state_dict" and child is not function:
            return True
        child = parent
    return False
