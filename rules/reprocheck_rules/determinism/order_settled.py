"""What takes the same of a sequence, in whatever order it comes."""

import ast

from reprocheck_rules.determinism.order_effects import last_name

SORTING_ENCODERS = frozenset(
    f"sklearn.preprocessing.{name}().fit" for name in ("LabelEncoder", "LabelBinarizer", "MultiLabelBinarizer")
)
"""Encoders learn the sorted classes, in whatever order they come."""


def is_extreme(index: ast.Call) -> bool:
    """Whether an index is that of the largest or smallest: `files[steps.index(max(steps))]`, `files[argmin(ages)]`."""
    match index:
        case ast.Call(func=ast.Attribute(attr="index"), args=[ast.Call(func=ast.Name(id="max" | "min"))]):
            return True
        case ast.Call(func=ast.Name(id="int"), args=[ast.Call() as inner]):
            return is_extreme(inner)
    return last_name(index.func) in {"argmax", "argmin"}


def starts_at_top(value: ast.expr) -> bool:
    """`[folder for folder, _, _ in os.walk(top)]`: the first is the top itself, on every file system."""
    match value:
        case ast.ListComp(generators=[ast.comprehension(iter=ast.Call(func=function), ifs=[])]):
            return last_name(function) == "walk"
        case ast.Call(func=ast.Name(id="list"), args=[ast.Call(func=function)]):
            return last_name(function) == "walk"
    return False
