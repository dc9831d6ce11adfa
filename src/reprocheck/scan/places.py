"""Where findings stand: places with excerpts, and what surrounds them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from reprocheck.model import fingerprint as identity
from reprocheck.model.finding import Finding
from reprocheck.model.place import WHOLE_FILE, Cell, Place, Span
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.ipython import to_python
from reprocheck.project.notebook import Notebook, read_notebook
from reprocheck.project.notebook_cells import CellKind, NotebookCell
from reprocheck.project.python.grammar import parse
from reprocheck.project.python.statements import normalized
from reprocheck.project.python.surroundings import StatementPlace, statement_at
from reprocheck.project.source import SourceText, decode_python, decode_text

_REACH = 20
"""Empty lines and comments that are passed over in search of a neighbour."""
Locate = Callable[[Span], Place]


def in_text(source: SourceText) -> Locate:
    """Places in a text."""
    return lambda span: Place(source.path, span, None, source.excerpt(span))


def cell_at(notebook: Notebook, span: Span) -> NotebookCell | None:
    """Cell that a span of the `.ipynb` file begins in."""
    return next((cell for cell in notebook.cells if cell.span.line <= span.line <= cell.span.end_line), None)


def in_file(notebook: Notebook, span: Span) -> Place:
    """Place of a span of the `.ipynb` file, shown by its line of the cell, or the first where it stands on none."""
    cell = cell_at(notebook, span)
    if cell is None:
        return Place(notebook.path, span)
    source = SourceText(notebook.path, cell.source)
    line = cell.lines.index(span.line) + 1 if span.line in cell.lines else 1
    marked = Span(line, 1, line, len(source.line(line)) + 1)
    return Place(notebook.path, span, Cell(cell.number, line), source.excerpt(marked))


def surroundings(tree: ast.Module, source: SourceText, span: Span) -> tuple[str, str, str]:
    """Enclosing symbol, normalized statement and digest of the neighbours of a match."""
    if span == WHOLE_FILE:
        return "", *whole_file(source.path)
    found = statement_at(tree, span.line)
    statement, siblings, position = found.statement, found.siblings, found.position
    if statement is None:
        return "", *line_and_neighbours(source, span)
    previous = normalized(siblings[position - 1]) if position else _branch(found)
    following = normalized(siblings[position + 1]) if position + 1 < len(siblings) else ""
    return ".".join(found.names), normalized(statement), identity.context(previous, following)


def _branch(found: StatementPlace) -> str:
    """What stands in front of the first statement of a body: two branches of one `if` are told apart by it."""
    match found.holder:
        case None | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return ""  # the symbol says it
        case ast.ExceptHandler(type=caught):
            return "except " + ("" if caught is None else normalized(ast.Expr(caught)))
        case ast.match_case(pattern=pattern):
            return "case " + normalized(ast.Expr(pattern))  # type: ignore[arg-type]  # only its structure is read
        case ast.stmt() as holder:
            return f"{found.field} of {normalized(holder)}"
        case _:
            return found.field


def whole_file(path: str) -> tuple[str, str]:
    """What stands for statement and neighbours of a finding about a file: the name, whatever its first line says."""
    name = path.rpartition("/")[2]
    return name, identity.context(name, "")


def line_and_neighbours(source: SourceText, span: Span) -> tuple[str, str]:
    """A line without its layout, and a digest of the nearest lines around it that are neither empty nor comments."""
    if span == WHOLE_FILE:
        return whole_file(source.path)
    lines, line = source.lines, span.line
    before, after = reversed(lines[max(0, line - 1 - _REACH) : line - 1]), lines[line : line + _REACH]
    previous, following = (next((text for text in part if _says_something(text)), "") for part in (before, after))
    near = (" ".join(text.split()) for text in (previous, following))
    return " ".join(source.line(line).split()), identity.context(*near)


def _says_something(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith("#")


def cell_and_neighbours(notebook: Notebook, span: Span) -> tuple[str, str]:
    """Source of the cell that a span of the `.ipynb` file begins in, and a digest of the cells around it."""
    cell = cell_at(notebook, span)
    if cell is None:
        return "", ""
    position = notebook.cells.index(cell)
    around = (notebook.cells[i] if 0 <= i < len(notebook.cells) else None for i in (position - 1, position + 1))
    near = ("" if other is None else _cell_text(other) for other in around)
    return _cell_text(cell), identity.context(*near)


def _cell_text(cell: NotebookCell) -> str:
    """A cell without its layout."""
    if cell.kind is CellKind.CODE:
        plain = to_python(cell.source.split("\n"))
        tree, problems = parse(SourceText("", "\n".join(plain.lines)))
        if tree is not None and not problems:
            code = normalized(ast.Expr(tree))  # type: ignore[arg-type]  # below a statement, bodies are read too
            return "\n".join((code, *(f"{use.kind} {use.name} {use.text}" for use in plain.uses)))
    return " ".join(cell.source.split())


class Places:
    """Places in files of the project, read again when a finding about the project needs them."""

    def __init__(
        self,
        files: dict[str, ProjectFile],
        earlier: Iterable[tuple[Finding, Sequence[Span]]] = (),
        unchanged: Container[str] = (),
        given: Mapping[str, bytes] | None = None,
    ) -> None:
        """`files` by path; what `earlier` findings, made of these spans, say of `unchanged` files still holds.

        `given` is content by path that counts instead of what is on disk.
        """
        self._files = files
        self._given = given or {}
        self._read: dict[str, tuple[Locate, SourceText | None, bool]] = {}
        self._trees: dict[str, ast.Module | None] = {}
        self._findings: dict[tuple[str, str, Span], Finding] = {}
        self._places: dict[tuple[str, Span], Place] = {}
        for finding, spans in earlier:
            if finding.place.path in unchanged:
                self._findings[finding.code, finding.place.path, spans[0]] = finding
            for place, span in zip((finding.place, *(step.place for step in finding.trail)), spans, strict=True):
                if place.path in unchanged:
                    self._places[place.path, span] = place

    def place(self, path: str, span: Span) -> Place:
        """A place with its excerpt; without one when the file can't be read any more."""
        known = self._places.get((path, span))
        return known if known is not None else self._open(path)[0](span)

    def identity(self, code: str, path: str, span: Span) -> tuple[str, str, str]:
        """Enclosing symbol, fingerprint, and digest of the neighbours of a rule's match."""
        known = self._findings.get((code, path, span))
        if known is not None:
            return known.symbol, known.fingerprint, known.context
        _, source, has_statements = self._open(path)
        tree = self._tree(path, source) if source is not None and has_statements else None
        symbol = ""
        if tree is not None and source is not None:
            symbol, statement, context = surroundings(tree, source, span)
        elif source is not None:
            statement, context = line_and_neighbours(source, span)
        else:
            statement, context = whole_file(path)
        return symbol, identity.fingerprint(code, symbol, statement), context

    def _tree(self, path: str, source: SourceText) -> ast.Module | None:
        """The tree of a file, which places alone don't need."""
        if path not in self._trees:
            self._trees[path] = parse(source)[0]
        return self._trees[path]

    def _open(self, path: str) -> tuple[Locate, SourceText | None, bool]:
        """How to place spans, the text, and whether it has Python's statements."""
        known = self._read.get(path)
        if known is None:
            known = self._read[path] = self._load(path)
        return known

    def _load(self, path: str) -> tuple[Locate, SourceText | None, bool]:
        file = self._files.get(path)
        try:
            is_read = file is not None and bool(file.location) and file.kind is not FileKind.OTHER
            data = self._given.get(path)
            if data is None:
                data = file.absolute.read_bytes() if file is not None and is_read else b""
        except OSError:
            data = b""
        if file is None or not data:
            return (lambda span: Place(path, span)), None, False
        if file.kind is FileKind.NOTEBOOK:
            notebook = read_notebook(path, data)
            return notebook.place, notebook.python, True
        text, _ = decode_python(data) if file.kind is FileKind.PYTHON else decode_text(data)
        source = SourceText(path, text)
        return in_text(source), source, file.kind is FileKind.PYTHON
