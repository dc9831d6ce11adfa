"""The code that a finding depends on, as a digest: what an experiment said of other code says nothing."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator

from reprocheck.model.finding import Finding
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.project.notebook import read_notebook
from reprocheck.project.python.grammar import parse
from reprocheck.project.python.statements import normalized
from reprocheck.project.source import SourceText, decode_python

Read = Callable[[str], bytes | None]
"""Content of a file by its path."""
_APART = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def slice_of(finding: Finding, read: Read) -> str:
    """16 hex digits over the functions and classes that a finding and its trail stand in.

    Of a place outside of them, it is all such code of its module; of a notebook, all of its code; of any other file,
    its text. Layout and comments of Python don't count, nor do the names of files.
    """
    places = dict.fromkeys(
        (place.path, place.span.line) for place in (finding.place, *(s.place for s in finding.trail))
    )
    digest = hashlib.blake2b(digest_size=8)
    for part in dict.fromkeys(_part(path, line, read(path) or b"") for path, line in places):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _part(path: str, line: int, data: bytes) -> bytes:
    kind = kind_of(path)
    if kind is FileKind.PYTHON:
        source = SourceText(path, decode_python(data)[0])
    elif kind is FileKind.NOTEBOOK:
        source, line = read_notebook(path, data).python, 0
    else:
        return data
    tree, _ = parse(source)
    if tree is None:
        return data
    return "\n".join(_statements(tree, line)).encode("utf-8", "surrogatepass")


def _statements(tree: ast.Module, line: int) -> Iterator[str]:
    """Statements that belong to a line, 0 for all."""
    around: list[ast.stmt] = [
        node for node in tree.body if isinstance(node, _APART[:3]) and _first(node) <= line <= _last(node)
    ]
    chosen = around or [node for node in tree.body if not line or not isinstance(node, _APART)]
    for node in chosen:
        yield from (normalized(part) for part in ast.walk(node) if isinstance(part, ast.stmt))


def _first(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _last(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
