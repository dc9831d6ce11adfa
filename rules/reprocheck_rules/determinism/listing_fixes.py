"""Puts listings in order."""

import ast

from reprocheck.rulekit import (
    ABSENT,
    Call,
    Edit,
    Fix,
    InsertStatements,
    Module,
    ReplaceExpression,
    Safety,
    Where,
    WrapExpression,
)

TITLE = "sort the listing"
_LISTS = frozenset({"os.listdir", "glob.glob", "glob.glob1"})
_ITERATORS = frozenset({"glob.iglob", "pathlib.Path.iterdir", "pathlib.Path.glob", "pathlib.Path.rglob", "os.scandir"})
_TAKERS = frozenset({"enumerate", "zip", "map", "filter", "list", "tuple", "tqdm"})


def sorting(module: Module, node: ast.Call, name: str) -> Fix | None:
    """`sorted(...)` around a call that lists; None where something else is asked of it.

    `name` is the callee's canonical name. What an iterator is handed to that can't be seen might take its first element
    with `next`, which a list doesn't allow.
    """
    parent = module.file.parent(node)
    if isinstance(parent, ast.withitem | ast.Attribute | ast.Await | ast.YieldFrom):
        return None
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "next":
        return None
    safe = name in _LISTS or (name in _ITERATORS and _gone_through(module, node, parent))
    if name not in _LISTS and not safe and _asked_for_next(module, parent):
        return None
    edit: Edit
    match parent:
        case ast.Call(func=ast.Name(id="list") as function, args=[argument], keywords=[]) if argument is node:
            edit = ReplaceExpression(module.span(function), "sorted")
            if name == "os.scandir":
                return None
        case _:
            arguments = "key=lambda entry: entry.name" if name == "os.scandir" else ""
            edit = WrapExpression(module.span(node), "sorted", arguments=arguments)
    return Fix(TITLE, Safety.SAFE if safe else Safety.UNSAFE, (edit,))


def _gone_through(module: Module, node: ast.Call, parent: ast.AST | None) -> bool:
    """Whether an iterator is taken element by element right where it is made."""
    match parent:
        case ast.For(iter=taken) | ast.comprehension(iter=taken):
            return taken is node
        case ast.Call(func=ast.Name(id=name), args=args):
            return name in _TAKERS and node in args and name not in module.file.module.bindings
        case ast.Starred():
            return True
        case _:
            return False


def _asked_for_next(module: Module, parent: ast.AST | None) -> bool:
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return any(
                isinstance(other.func, ast.Name)
                and other.func.id == "next"
                and any(isinstance(argument, ast.Name) and argument.id == name for argument in other.args)
                for other in module.file.every(ast.Call)
            )
        case _:
            return False


def sorting_walk(call: Call) -> Fix | None:
    """`dirs.sort()` and `files.sort()` first in the body of a loop over `os.walk`."""
    module = call.module
    parent = module.file.parent(call.node)
    if isinstance(parent, ast.Call) and len(parent.args) >= 1 and parent.args[0] is call.node:
        parent = module.file.parent(parent) if isinstance(parent.func, ast.Name) and parent.func.id == "tqdm" else None
    match parent:
        case ast.For(target=ast.Tuple(elts=[_, ast.Name() as folders, ast.Name() as files])):
            pass
        case _:
            return None
    if call.name != "os.walk" or call.value("topdown", 1) not in (True, ABSENT):
        return None
    edits: list[Edit] = []
    name = folders.id
    loads = {n.id for n in ast.walk(parent) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if name in {"_", files.id}:
        bound = {n.id for n in module.file.every(ast.Name)}
        name = next((free for free in ("dirs", "folders", "subfolders") if free not in bound), "")
        if not name or "_" in loads:
            return None
        edits.append(ReplaceExpression(module.span(folders), name))
    lines = [f"{name}.sort()"]
    if files.id in loads:
        lines.append(f"{files.id}.sort()")
    edits.append(InsertStatements(module.span(parent), Where.FIRST_IN_BODY, "\n".join(lines)))
    return Fix("sort folders and files", Safety.SAFE, tuple(edits))
