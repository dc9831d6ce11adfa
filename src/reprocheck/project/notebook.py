"""Jupyter notebooks: cells with their places in the file, and their code as one Python module."""

from __future__ import annotations

import re
from bisect import bisect_right

import msgspec

from reprocheck.model.place import WHOLE_FILE, Cell, Place, Span
from reprocheck.project.documents.json_file import read_json
from reprocheck.project.documents.tree import Mapping
from reprocheck.project.ipython import Use, UseKind, to_python
from reprocheck.project.notebook_cells import (
    CellKind,
    CellReader,
    NotebookCell,
    integer_of,
    member,
    place_in_cell,
    span_in_file,
    text_of,
)
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import Problem, SourceText, decode_text

_OTHER_KERNELS = re.compile(
    r"(?:ir|julia|scala|bash|sh|zsh|java|go|rust|ruby|deno|cling|octave|matlab|sas|stata|sql)\b", re.IGNORECASE
)


class Magic(msgspec.Struct, frozen=True):
    """A magic command."""

    name: str
    arguments: str
    whole_cell: bool
    """True for `%%name`."""
    place: Place


class ShellLine(msgspec.Struct, frozen=True):
    """A command handed to a shell: `!command`, a line of `%%bash`, or an installer's magic such as `%pip`."""

    text: str
    place: Place


class CellOfModule(msgspec.Struct, frozen=True):
    """A code cell inside the joined module."""

    first_line: int
    cell: NotebookCell
    indent: str
    """What was taken from the left of each line."""


class Notebook(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook as far as it could be read."""

    path: str
    cells: tuple[NotebookCell, ...] = ()
    python: SourceText
    """All code cells in order, as one module; empty for other languages than Python."""
    magics: tuple[Magic, ...] = ()
    shell_lines: tuple[ShellLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Places are those of the file."""
    language: str = ""
    """In lower case, as the metadata has it; empty when it has none."""
    kernel: str = ""
    """Name of the kernel in the metadata."""
    version: tuple[int, int] = (0, 0)
    """Of the notebook format."""
    file: SourceText
    """The file itself."""
    blocks: tuple[CellOfModule, ...] = ()

    def locate(self, span: Span) -> tuple[Span, Cell]:
        """Span in the file, and the cell, of a span in `python`; one that leaves its cell is cut at the cell's end."""
        if not self.blocks:
            return WHOLE_FILE, Cell(1, 1)
        block, inside = self._in_cell(span)
        return span_in_file(self.file, block.cell, inside), Cell(block.cell.number, inside.line)

    def place(self, span: Span) -> Place:
        """Place, with the lines of the cell around it, of a span in `python`."""
        if not self.blocks:
            return Place(self.path, WHOLE_FILE)
        block, inside = self._in_cell(span)
        return place_in_cell(self.file, block.cell, inside)

    def _in_cell(self, span: Span) -> tuple[CellOfModule, Span]:
        index = max(0, bisect_right(self.blocks, span.line, key=lambda block: block.first_line) - 1)
        block = self.blocks[index]
        lines = SourceText(self.path, block.cell.source).lines
        line = min(span.line - block.first_line + 1, len(lines))
        end_line = span.end_line - block.first_line + 1
        column = span.column + _shift(lines[line - 1], block.indent)
        if end_line > len(lines):
            return block, Span(line, column, len(lines), len(lines[-1]) + 1)
        return block, Span(line, column, end_line, span.end_column + _shift(lines[end_line - 1], block.indent))


def _shift(line: str, indent: str) -> int:
    return len(indent) if line.startswith(indent) else 0


def read_notebook(path: str, data: bytes) -> Notebook:
    """Read a notebook of format 3 or 4; whatever is wrong with it becomes a problem. An empty file has no cells."""
    text, undecodable = decode_text(data)
    file = SourceText(path, text)
    if not text.strip():
        return Notebook(path=path, python=SourceText(path, ""), file=file)
    document = read_json(file)
    problems = [*([undecodable] if undecodable else []), *document.problems]
    root = document.roots[0] if document.roots else None
    if not isinstance(root, Mapping):
        if root is not None:
            problems.append(Problem("is not a notebook: an object is expected", root.span))
        return Notebook(path=path, python=SourceText(path, ""), problems=tuple(problems), file=file)
    cells = CellReader(file, problems).cells(root)
    language, kernel = _language(root)
    version = (integer_of(root.get("nbformat")) or 0, integer_of(root.get("nbformat_minor")) or 0)
    code = [cell for cell in cells if cell.kind is CellKind.CODE] if _is_python(language, kernel) else []
    module = _join(file, code, problems)
    return Notebook(
        path=path,
        cells=tuple(cells),
        python=module.python,
        magics=module.magics,
        shell_lines=module.shell_lines,
        problems=tuple(problems),
        language=language,
        kernel=kernel,
        version=version,
        file=file,
        blocks=module.blocks,
    )


def _language(root: Mapping) -> tuple[str, str]:
    metadata = root.get("metadata")
    kernelspec = member(metadata, "kernelspec")
    language = text_of(member(member(metadata, "language_info"), "name")) or text_of(member(kernelspec, "language"))
    return language.lower(), text_of(member(kernelspec, "name"))


def _is_python(language: str, kernel: str) -> bool:
    if language:
        return language.startswith(("python", "ipython"))
    return not _OTHER_KERNELS.match(kernel)


class _Module(msgspec.Struct, frozen=True):
    python: SourceText
    magics: tuple[Magic, ...]
    shell_lines: tuple[ShellLine, ...]
    blocks: tuple[CellOfModule, ...]


def _join(file: SourceText, cells: list[NotebookCell], problems: list[Problem]) -> _Module:
    """Put the code cells together, each as Python; what no one can parse is blanked and becomes a problem."""
    lines: list[str] = []
    magics: list[Magic] = []
    shell_lines: list[ShellLine] = []
    blocks: list[CellOfModule] = []
    for cell in cells:
        source = SourceText(file.path, cell.source)
        first_line = len(lines) + 1
        if cell.language and not cell.language.startswith(("python", "ipython")):
            blocks.append(CellOfModule(first_line, cell, ""))
            lines.extend([""] * len(source.lines))
            continue
        plain = to_python(list(source.lines))
        blocks.append(CellOfModule(first_line, cell, plain.indent))
        for use in plain.uses:
            _sort_use(use, place_in_cell(file, cell, use.span), magics, shell_lines)
        code = SourceText(file.path, "\n".join(plain.lines))
        tree, found = parse(code)
        for problem in found:
            span = span_in_file(file, cell, _unshifted(problem.span, source, plain.indent))
            problems.append(Problem(f"cell {cell.number} {problem.message}", span, fatal=False))
        lines.extend(plain.lines if tree is not None else [""] * len(plain.lines))
    return _Module(SourceText(file.path, "\n".join(lines)), tuple(magics), tuple(shell_lines), tuple(blocks))


def _unshifted(span: Span, source: SourceText, indent: str) -> Span:
    first, last = source.line(span.line), source.line(span.end_line)
    return Span(span.line, span.column + _shift(first, indent), span.end_line, span.end_column + _shift(last, indent))


def _sort_use(use: Use, place: Place, magics: list[Magic], shell_lines: list[ShellLine]) -> None:
    if use.kind is UseKind.SHELL:
        shell_lines.append(ShellLine(use.text, place))
    else:
        magics.append(Magic(use.name, use.text, use.kind is UseKind.CELL_MAGIC, place))
