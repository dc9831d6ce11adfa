"""Where findings stand: places with excerpts, and what surrounds them."""

from __future__ import annotations

from collections.abc import Callable

from reprocheck.model import fingerprint as identity
from reprocheck.model.place import Cell, Place, Span
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.notebook import Notebook, read_notebook
from reprocheck.project.notebook_cells import NotebookCell
from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.grammar import parse
from reprocheck.project.python.statements import normalized
from reprocheck.project.source import SourceText, decode_python, decode_text

Locate = Callable[[Span], Place]


def in_text(source: SourceText) -> Locate:
    """Places in a text."""
    return lambda span: Place(source.path, span, None, source.excerpt(span))


def cell_at(notebook: Notebook, span: Span) -> NotebookCell | None:
    """Cell that a span of the `.ipynb` file begins in."""
    return next((cell for cell in notebook.cells if cell.span.line <= span.line <= cell.span.end_line), None)


def in_file(notebook: Notebook, span: Span) -> Place:
    """Place of a span of the `.ipynb` file, shown by the first line of its cell."""
    cell = cell_at(notebook, span)
    if cell is None:
        return Place(notebook.path, span)
    source = SourceText(notebook.path, cell.source)
    first = Span(1, 1, 1, len(source.line(1)) + 1)
    return Place(notebook.path, span, Cell(cell.number, 1), source.excerpt(first))


def surroundings(file: PythonFile, span: Span) -> tuple[str, str, str]:
    """Enclosing symbol, normalized statement and digest of the neighbours of a match."""
    statement, names, siblings = file.statement_at(span.line)
    if statement is None:
        return "", " ".join(file.source.line(span.line).split()), ""
    position = siblings.index(statement)
    previous = normalized(siblings[position - 1]) if position else ""
    following = normalized(siblings[position + 1]) if position + 1 < len(siblings) else ""
    return ".".join(names), normalized(statement), identity.context(previous, following)


class Places:
    """Places in files of the project, read again when a finding about the project needs them."""

    def __init__(self, files: dict[str, ProjectFile]) -> None:
        """`files` by path."""
        self._files = files
        self._read: dict[str, tuple[Locate, PythonFile | None, SourceText | None]] = {}

    def place(self, path: str, span: Span) -> Place:
        """A place with its excerpt; without one when the file can't be read any more."""
        return self._open(path)[0](span)

    def surroundings(self, path: str, span: Span) -> tuple[str, str, str]:
        """Enclosing symbol, normalized statement and digest of the neighbours."""
        _, file, source = self._open(path)
        if file is not None:
            return surroundings(file, span)
        return "", " ".join(source.line(span.line).split()) if source is not None else "", ""

    def _open(self, path: str) -> tuple[Locate, PythonFile | None, SourceText | None]:
        known = self._read.get(path)
        if known is None:
            known = self._read[path] = self._load(path)
        return known

    def _load(self, path: str) -> tuple[Locate, PythonFile | None, SourceText | None]:
        file = self._files.get(path)
        try:
            data = file.absolute.read_bytes() if file is not None and file.location else b""
        except OSError:
            data = b""
        if file is None or not data:
            return (lambda span: Place(path, span)), None, None
        if file.kind is FileKind.NOTEBOOK:
            notebook = read_notebook(path, data)
            tree, _ = parse(notebook.python)
            module = PythonFile(notebook.python, tree) if tree is not None else None
            return notebook.place, module, notebook.python
        text, _ = decode_python(data) if file.kind is FileKind.PYTHON else decode_text(data)
        source = SourceText(path, text)
        tree = parse(source)[0] if file.kind is FileKind.PYTHON else None
        return in_text(source), PythonFile(source, tree) if tree is not None else None, source
