"""Questions that code asks before it uses a path: is this the service, does the path exist."""

from __future__ import annotations

import ast
import re

from reprocheck.rulekit import Module, NotebookView

_ASKS = re.compile(r"colab|kaggle|(path\.exists|isdir|isfile)\(['\"f]", re.IGNORECASE)
_EXISTS = re.compile(r"(?:exists|isdir|isfile|is_dir|is_file)\(")
_HEADER = re.compile(r"(?:el)?if\b")
_SERVICE = re.compile(r"^\s*(?:import|from)\s+(?:google\.colab|kaggle)", re.MULTILINE)


def only_where_it_exists(node: ast.AST, module: Module) -> bool:
    """Whether the code asks first for the service, or the path, that it is about to use."""
    for ancestor in module.file.ancestors(node):
        if isinstance(ancestor, ast.If | ast.IfExp) and _ASKS.search(ast.unparse(ancestor.test)):
            return True
        if isinstance(ancestor, ast.Assign):
            match ancestor.targets:
                case [ast.Name(id=name)]:
                    return _is_asked_for(name, module)
            return False
    return False


def _is_asked_for(name: str, module: Module) -> bool:
    """Whether a name is used only behind the question whether the path that it stands for exists, and in it."""
    uses = [n for n in module.file.every(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    return bool(uses) and all(_stands_behind(use, name, module) for use in uses)


def _stands_behind(use: ast.AST, name: str, module: Module) -> bool:
    inner: ast.AST = use
    for ancestor in module.file.ancestors(use):
        if isinstance(ancestor, ast.If | ast.IfExp) and inner is not ancestor.orelse:
            otherwise = ancestor.orelse if isinstance(ancestor.orelse, list) else [ancestor.orelse]
            test = ast.unparse(ancestor.test)
            if (
                not any(inner is part for part in otherwise)
                and _EXISTS.search(test)
                and re.search(rf"\b{name}\b", test)
            ):
                return True
        inner = ancestor
    return False


def is_asked_in_cell(view: NotebookView, number: int, row: int) -> bool:
    """Whether a line of a cell, from 1, stands behind `try: import google.colab`, or an `if` about the service."""
    lines = next((cell.source for cell in view.notebook.cells if cell.number == number), "").splitlines()
    if row > len(lines):
        return False
    indent = _indent(lines[row - 1])
    for position in range(row - 2, -1, -1):
        line = lines[position]
        if not line.strip() or _indent(line) >= indent:
            continue
        indent = _indent(line)
        header = line.strip()
        if header.startswith("try:") and _SERVICE.search("\n".join(lines[position:row])):
            return True
        if _HEADER.match(header) and _ASKS.search(header):
            return True
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
