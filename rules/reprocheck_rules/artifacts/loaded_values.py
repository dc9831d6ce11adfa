"""What a program takes out of a file that it loads with PyTorch."""

from __future__ import annotations

import ast

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
    {"eval", "train", "forward", "parameters", "named_parameters", "state_dict", "module", "modules"}
)


def holds_objects(call: Call) -> bool:
    """Whether what is loaded is used as a model, or for objects that aren't tensors."""
    file = call.module.file
    parent = file.parent(call.node)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
        nodes = [node for node in ast.walk(call.scope.node) if isinstance(node, ast.Name) and node.id == name]
        return any(_asks_for_objects(file.parent(node), node) for node in nodes)
    return _asks_for_objects(parent, call.node)


def _asks_for_objects(parent: ast.AST | None, node: ast.AST) -> bool:
    match parent:
        case ast.Subscript(value=value, slice=ast.Constant(value=str() as key)) if value is node:
            return key.lower() in _OBJECTS
        case ast.Attribute(attr=name):
            return name in _OF_MODELS
        case ast.Call(func=function):
            return function is node
    return False
