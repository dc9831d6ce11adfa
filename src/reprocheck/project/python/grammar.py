"""From source text to `ast`, also for grammar that is newer than the running interpreter."""

from __future__ import annotations

import ast
import re
import sys
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from reprocheck.model.place import Span
from reprocheck.project.python.nesting import is_modest
from reprocheck.project.python.python2 import find_python2
from reprocheck.project.python.rewriting import Hole, Page
from reprocheck.project.source import Problem, SourceText

if TYPE_CHECKING:
    import libcst
    from libcst.metadata import CodeRange

FALLBACK_LIMIT = 2 << 20
"""Characters beyond which the second parser, some forty times slower, is not tried."""
_DEEP_LIMIT = 10_000
"""Recursion limit for source that is nested deeper than the interpreter's own limit allows."""
_ROOM = 64 << 20
"""Bytes of stack that go with it; only what is used is ever allocated."""
_ROOM_LOCK = threading.Lock()
T = TypeVar("T")
_LONE_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def parse(source: SourceText) -> tuple[ast.Module | None, tuple[Problem, ...]]:
    """Parse a module; without a tree there is one fatal problem that says why.

    Syntax that this interpreter can't read but a later one can is rewritten into its nearest equivalent of the same
    extent, so that every other node keeps its place: type parameters vanish, `type X = T` becomes an assignment,
    `except A, B:` reads `A | B`, an f-string becomes one with other quotes or the tuple of its expressions.
    """
    outcome = _parse_text(source.text)
    if isinstance(outcome, ast.Module):
        return outcome, ()
    if "\0" in source.text:
        return None, (Problem("contains null characters", _span_at(source, source.text.index("\0"), 1)),)
    if not isinstance(outcome, SyntaxError):
        return None, (_problem(source, outcome),)
    text = "\n".join(source.lines)
    if len(text) <= FALLBACK_LIMIT:
        older = _with_room(lambda: _rewrite(source.lines)) if is_modest(text) else None
        if isinstance(older, str) and isinstance(tree := _parse_text(older), ast.Module):
            return tree, ()
        if isinstance(older, Problem):
            return None, (older,)
        if older is None and (sign := find_python2(text)) is not None:
            span = _span_at(source, sign.offset, sign.length)
            return None, (Problem(f"Python 2 source: {sign.name}", span),)
    return None, (_problem(source, outcome),)


Failure = SyntaxError | ValueError | RecursionError | MemoryError


def _parse_text(text: str) -> ast.Module | Failure:
    outcome = _attempt(text)
    return _with_room(lambda: _attempt(text)) if isinstance(outcome, RecursionError) else outcome


def _attempt(text: str) -> ast.Module | Failure:
    """Parse without a word about doubtful escapes and comparisons: they are the business of rules."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return error


def _with_room(work: Callable[[], T]) -> T:
    """Run with room for a sum of thousands of terms (Python 3.12 has a fixed limit besides)."""
    outcome: list[T] = []
    # Both settings hold for the whole interpreter, hence the lock and the way back.
    with _ROOM_LOCK:
        limit = sys.getrecursionlimit()
        size = threading.stack_size(_ROOM)
        try:
            sys.setrecursionlimit(max(limit, _DEEP_LIMIT))
            thread = threading.Thread(target=lambda: outcome.append(work()))
            thread.start()
            thread.join()
        finally:
            threading.stack_size(size)
            sys.setrecursionlimit(limit)
    return outcome[0]


def _problem(source: SourceText, error: Exception) -> Problem:
    match error:
        case SyntaxError(lineno=int() as line) if line > 0:
            count = len(source.lines)
            line = min(line, count)
            column = max(1, error.offset or 1)
            end_line, end_column = error.end_lineno or line, error.end_offset or column
            if not (line, column) < (end_line, end_column) or end_line > count:
                end_line, end_column = line, column
            return Problem(f"is not valid Python: {error.msg}", Span(line, column, end_line, end_column))
        case SyntaxError():
            return Problem(f"is not valid Python: {error.msg}", Span(1, 1, 1, 1))
        case RecursionError() | MemoryError():
            return Problem("is nested too deeply for this interpreter", Span(1, 1, 1, 1))
        case _:
            return Problem(f"is not valid Python: {error}", Span(1, 1, 1, 1))


def _span_at(source: SourceText, offset: int, length: int) -> Span:
    before = SourceText(source.path, source.text[:offset]).lines if "\r" in source.text[:offset] else None
    lines = before if before is not None else source.text[:offset].split("\n")
    line, column = len(lines), len(lines[-1]) + 1
    return Span(line, column, line, column + length)


def _rewrite(lines: list[str]) -> str | Problem | None:
    """Source in an older grammar; a problem when it is Python 2 after all, None when no grammar fits."""
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider

    try:
        module = cst.parse_module("\n".join(lines))
        ranges = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    except (cst.ParserSyntaxError, cst.CSTValidationError, cst.CSTLogicError, RecursionError, ValueError):
        return None
    page = Page(lines)
    rewriter = _Rewriter(page, ranges)
    for node in ranges:
        match node:
            case cst.TypeAlias():
                # A statement in front keeps the column of the name: leading spaces would be an indent.
                page.put(rewriter.extent(node)[0], "0;  ")
            case cst.TypeParameters():
                page.blank(*rewriter.extent(node))
            case (
                cst.ExceptHandler(type=cst.Tuple(lpar=()) as types)
                | cst.ExceptStarHandler(type=cst.Tuple(lpar=()) as types)
            ):
                if _is_python2_clause(types):
                    return Problem("Python 2 source: except clause with a comma", rewriter.span(types))
                for element in types.elements:
                    last = element is types.elements[-1]
                    page.comma_behind(rewriter.extent(element.value)[1], " " if last else "|")
            case _:
                pass
    rewriter.rewrite_strings()
    return page.text


def _is_python2_clause(types: libcst.Tuple) -> bool:
    """`except ValueError, error:` binds a name in Python 2; classes are rarely named in lower case."""
    import libcst as cst

    second = types.elements[-1].value
    return len(types.elements) == 2 and isinstance(second, cst.Name) and bool(_LONE_NAME.fullmatch(second.value))  # noqa: PLR2004


class _Rewriter:
    """Finds nodes on the page and brings the strings among them into an older grammar."""

    def __init__(self, page: Page, ranges: Any) -> None:  # noqa: ANN401  # libcst types its mapping loosely
        self._page = page
        self._ranges = ranges

    def extent(self, node: libcst.CSTNode) -> tuple[int, int]:
        """Offsets of a node."""
        place: CodeRange = self._ranges[node]
        start = self._page.offset((place.start.line, place.start.column))
        return start, self._page.offset((place.end.line, place.end.column))

    def span(self, node: libcst.CSTNode) -> Span:
        """Span of a node."""
        place: CodeRange = self._ranges[node]
        return Span(place.start.line, place.start.column + 1, place.end.line, place.end.column + 1)

    def rewrite_strings(self) -> None:
        """Treat inner strings before the outer ones, and a concatenation as one string."""
        import libcst as cst

        whole = [node for node in self._ranges if isinstance(node, cst.ConcatenatedString)]
        covered = {part for node in whole for part in (node.left, node.right)}
        loose = [node for node in self._ranges if isinstance(node, cst.FormattedString | cst.TemplatedString)]
        found = [(self.extent(node), node) for node in (*whole, *loose) if node not in covered]
        for (start, end), node in sorted(found, key=lambda item: item[0][1] - item[0][0]):
            parts = _string_parts(node)
            for part in parts:
                if isinstance(part, cst.TemplatedString):
                    prefix = part.start.rstrip("\"'")
                    self._page.put(self.extent(part)[0], prefix.replace("t", "f").replace("T", "F"))
            if any(not isinstance(part, cst.SimpleString) for part in parts) and not self._parses(start, end):
                self._rewrite_string(parts, start, end)

    def _parses(self, start: int, end: int) -> bool:
        return isinstance(_attempt(f"({self._page.slice(start, end)}\n)"), ast.Module)

    def _rewrite_string(self, parts: list[libcst.CSTNode], start: int, end: int) -> None:
        """Swap quotes, which keeps an f-string, else keep its expressions only."""
        import libcst as cst

        before = self._page.slice(start, end)
        swapped = [self._swap_inner(part) for part in parts if not isinstance(part, cst.SimpleString)]
        if any(swapped) and self._parses(start, end):
            return
        self._page.put(start, before)
        self._page.as_tuple(start, end, [hole for part in parts for hole in self._holes(part)])

    def _swap_inner(self, node: libcst.CSTNode) -> bool:
        """Give the strings inside an f-string the quotes that the outer one doesn't use."""
        import libcst as cst

        quote = node.start[-1]  # type: ignore[attr-defined]
        changed = False
        for inner in _strings_inside(node):
            opening = inner.prefix + inner.quote if isinstance(inner, cst.SimpleString) else inner.start  # type: ignore[attr-defined]
            if opening.rstrip("\"'") + quote == opening:
                start, end = self.extent(inner)
                changed |= self._page.swap_quotes(start, end, start + len(opening) - 1)
        return changed

    def _holes(self, node: libcst.CSTNode) -> list[Hole]:
        """Expressions of an f-string and of its format specifications, in order."""
        import libcst as cst

        holes: list[Hole] = []
        stack = list(reversed(getattr(node, "parts", ())))
        while stack:
            part = stack.pop()
            if isinstance(part, cst.FormattedStringExpression | cst.TemplatedStringExpression):
                holes.append(Hole(self.extent(part)[0], self.extent(part.expression)[1]))
                stack.extend(reversed(part.format_spec or ()))
        return holes


def _string_parts(node: libcst.CSTNode) -> list[libcst.CSTNode]:
    """Strings of a concatenation, or the one string itself."""
    import libcst as cst

    parts: list[libcst.CSTNode] = []
    while isinstance(node, cst.ConcatenatedString):
        parts.append(node.left)
        node = node.right
    return [*parts, node]


def _strings_inside(node: libcst.CSTNode) -> list[libcst.CSTNode]:
    """Outermost strings in the expressions of an f-string."""
    import libcst as cst

    found: list[libcst.CSTNode] = []
    stack: list[libcst.CSTNode] = [
        part.expression
        for part in getattr(node, "parts", ())
        if isinstance(part, cst.FormattedStringExpression | cst.TemplatedStringExpression)
    ]
    while stack:
        current = stack.pop()
        if isinstance(current, cst.SimpleString | cst.FormattedString | cst.TemplatedString):
            found.append(current)
        else:
            stack.extend(current.children)
    return found
