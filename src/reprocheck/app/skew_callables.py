"""Callables as a user names them, found in the code without running any of it."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import SourceText, decode_python

_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Named:
    """A callable: where it is, and its name in there."""

    written: str
    module: str
    """Dotted name; empty where a file is named."""
    file: Path | None
    """None for a module that isn't one of the project."""
    name: str
    line: int
    end_line: int


def named(written: str, root: Path, start: Path) -> Named:
    """Read `module:function`, `path/file.py:function` or `file.py:Class.method`; raises UsageError with near names."""
    place, colon, name = written.rpartition(":")
    if not colon or not place or not name:
        raise UsageError(f"`{written}` names no callable: write `module:function` or `path/file.py:Class.method`")
    if place.endswith(".py") or "/" in place:
        file = next((found for base in (start, root) if (found := base / place).is_file()), None)
        if file is None:
            raise UsageError(f"{place} is not there{_near_files(place, root)}")
        return _inside(written, "", file, name)
    found_file = _module_file(place, root)
    if found_file is None:
        return Named(written, place, None, name, 0, 0)
    return _inside(written, place, found_file, name)


def _near_files(place: str, root: Path) -> str:
    wanted = Path(place).name
    found = sorted(str(path.relative_to(root)) for path in root.rglob("*.py") if path.name == wanted)[:_SHOWN]
    return f"; there are: {', '.join(found)}" if found else ""


def _module_file(module: str, root: Path) -> Path | None:
    parts = module.split(".")
    for base in (root, root / "src"):
        stem = base.joinpath(*parts)
        for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _inside(written: str, module: str, file: Path, name: str) -> Named:
    text, _ = decode_python(file.read_bytes())
    tree, problem = parse(SourceText(str(file), text))
    if tree is None:
        raise UsageError(f"{file} can't be read as Python: {getattr(problem, 'message', problem)}")
    known = dict(_defined(tree))
    plain = name.replace("()", "")
    line, end_line = known.get(plain, (0, 0))
    first = plain.partition(".")[0]
    if plain not in known and not _is_open(tree, known, first):
        near = difflib.get_close_matches(plain, known, n=_SHOWN, cutoff=0.4) or sorted(known)[:_SHOWN]
        words = f"; the nearest: {', '.join(f'`{item}`' for item in near)}" if near else "; it defines nothing"
        raise UsageError(f"{file} has no `{plain}`{words}")
    return Named(written, module, file, name, line, end_line)


def _is_open(tree: ast.Module, known: dict[str, tuple[int, int]], first: str) -> bool:
    """Whether a name may be there all the same: brought by `import *`, inherited, or an attribute of a value."""
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if first in classes:
        return bool(classes[first].bases)
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return stars or (first in known and first not in functions)


def _defined(tree: ast.Module) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names that a module binds at its top, and members of its classes, with their lines."""
    stack: list[tuple[str, ast.stmt]] = [("", node) for node in tree.body]
    while stack:
        prefix, node = stack.pop(0)
        lines = node.lineno, node.end_lineno or node.lineno
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield prefix + node.name, lines
            case ast.ClassDef():
                yield prefix + node.name, lines
                stack += [(f"{prefix}{node.name}.", inner) for inner in node.body]
            case ast.Assign():
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        yield prefix + target.id, lines
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name, lines
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    yield prefix + (alias.asname or alias.name.partition(".")[0]), lines
            case ast.If() | ast.Try() | ast.With():
                bodies = [node.body, getattr(node, "orelse", [])]
                bodies += [handler.body for handler in getattr(node, "handlers", [])]
                stack += [(prefix, inner) for body in bodies for inner in body]
