"""From the source of a notebook cell to Python of the same shape: what only IPython understands is taken out.

Grammar: IPython's documentation of its input transformations and built-in magics.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from reprocheck.model.place import Span
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import SourceText

STATEMENT_MAGICS: dict[str, str] = {
    "time": "",
    "timeit": "nrp",
    "prun": "lsTD",
    "memit": "rti",
    "mprun": "fT",
    "lprun": "fmTDu",
    "snakeviz": "f",
    "pyinstrument": "",
    "heat": "o",
    "pdb": "",
    "debug": "b",
}
"""Magics that run the statement behind them, with their one-letter options that take a value."""
PYTHON_CELL_MAGICS = frozenset(
    {*STATEMENT_MAGICS, "capture", "wandb", "scalene", "ipytest", "px", "local", "expect_exception", "with_explainer"}
)
"""Cell magics whose body is Python of the same namespace."""
SHELL_CELL_MAGICS = frozenset({"bash", "sh", "system", "sx", "!"})
SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh"})
SHELL_MAGICS = frozenset({"system", "sx"})
INSTALLER_MAGICS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})

_NAME = r"\*?[A-Za-z_]\w*(?:\.\w+|\[[^\]]*\])*"
_ESCAPE = re.compile(r"(?P<mark>!!?|%%?|\?\??|[,;/](?=[A-Za-z_]))(?P<rest>.*)", re.DOTALL)
_ASSIGNED = re.compile(
    rf"(?P<target>{_NAME}(?:\s*,\s*{_NAME})*(?:\s*:[^=]*)?\s*=\s*)(?P<mark>!|%)(?P<rest>.*)", re.DOTALL
)
_HELP = re.compile(rf"(?:{_NAME}\s*=\s*)?%{{0,2}}(?!\d)[\w*.\[\]]+\?{{1,2}}\s*(?:#.*)?")
_MAGIC = re.compile(r"\s*(?P<name>[^\s]+)[ \t]*(?P<arguments>.*)", re.DOTALL)
_OPTIONS = r"(?:-[{valued}]\s*\S+\s+|-\w\S*\s+)*"
_AUTOMATIC = re.compile(
    r"(?:pip|conda|mamba|micromamba|uv|cd|ls|cp|mv|rm|mkdir|cat|env|run|load_ext|matplotlib)[ \t]+"
    r"(?!(?:in|is|and|or|if|not|for|else|as)\b)[A-Za-z_~\"'.].*",
    re.DOTALL,
)
"""Magics that IPython takes without their mark, in forms that no Python statement has."""
_UNKNOWN_VALUE = "get_ipython()"
"""Stands where the value came from a command: a call that nothing is known about."""


class UseKind(StrEnum):
    """What a piece of IPython syntax is."""

    MAGIC = "magic"
    CELL_MAGIC = "cell magic"
    SHELL = "shell"


class Use(msgspec.Struct, frozen=True):
    """One piece of IPython syntax."""

    kind: UseKind
    name: str
    """Of the magic; empty for shell."""
    text: str
    """Arguments of the magic, or the command line."""
    span: Span
    """Inside the cell."""


class PlainCell(msgspec.Struct, frozen=True):
    """A cell after the translation."""

    lines: tuple[str, ...]
    """As many as the cell has; what is kept stands in its column, less `indent`."""
    indent: str
    """Indentation of the whole cell, which IPython takes away."""
    uses: tuple[Use, ...]


def to_python(lines: list[str]) -> PlainCell:
    """Take IPython's syntax out of a cell."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    translation = _Translation([line.removeprefix(indent) for line in lines], len(indent))
    translation.run()
    return PlainCell(tuple(translation.lines), indent, tuple(translation.uses))


class _Translation:
    """State of one cell's translation; lines are replaced in place."""

    def __init__(self, lines: list[str], indent: int) -> None:
        self.lines = lines
        self.uses: list[Use] = []
        self._indent = indent

    def run(self) -> None:
        index = 0
        while index < len(self.lines) and not self.lines[index].strip():
            index += 1
        while index < len(self.lines) and self.lines[index].startswith("%%"):
            index = self._cell_magic(index)
            while index < len(self.lines) and not self.lines[index].strip():
                index += 1
        tracker = _Tracker()
        while index < len(self.lines):
            end = self._statement(index) if tracker.at_start else None
            if end is None:
                tracker.feed(self.lines[index])
                end = index + 1
            index = end

    def _cell_magic(self, index: int) -> int:
        """Treat `%%name`; the line where Python goes on."""
        line = self.lines[index]
        match = _MAGIC.match(line, 2)
        name, arguments = (match["name"], match["arguments"].strip()) if match else ("", "")
        self._use(UseKind.CELL_MAGIC, name, arguments, index, 0, index + 1)
        if name in PYTHON_CELL_MAGICS:
            # What follows %%timeit on its line is code that runs before.
            kept = None
            if match and name == "timeit":
                kept = self._kept_statement(name, index, match.start("arguments"), index + 1)
            self.lines[index] = kept or ""
            return index + 1
        interpreter = arguments.split(maxsplit=1)[0].rpartition("/")[2] if arguments else ""
        if name in SHELL_CELL_MAGICS or (name == "script" and interpreter in SHELLS):
            self._shell_body(index + 1)
        self.lines[index:] = [""] * (len(self.lines) - index)
        return len(self.lines)

    def _shell_body(self, index: int) -> None:
        while index < len(self.lines):
            end = self._continued(index)
            text = "\n".join(self.lines[index:end])
            if text.strip() and not text.lstrip().startswith("#"):
                self._use(UseKind.SHELL, "", text.strip(), index, len(text) - len(text.lstrip()), end)
            index = end

    def _statement(self, index: int) -> int | None:
        """Replace a statement that only IPython understands; the line behind it, None for Python."""
        line = self.lines[index]
        body = line.lstrip(" \t")
        column = len(line) - len(body)
        if (match := _ESCAPE.match(body)) is not None:
            end = self._continued(index)
            self._escape(match["mark"], index, column, end)
        elif (match := _ASSIGNED.match(body)) is not None:
            end = self._continued(index)
            start = column + match.start("mark")
            self._record(match["mark"], index, start, end)
            self._replace(index, end, line[:start] + _UNKNOWN_VALUE)
        elif _AUTOMATIC.match(body):
            end = self._continued(index)
            self._record("%", index, column, end, written=False)
            self._replace(index, end, line[:column] + "pass")
        elif "?" in body and _HELP.fullmatch(body):
            end = index + 1
            self._replace(index, end, line[:column] + "pass")
        else:
            return None
        return end

    def _escape(self, mark: str, index: int, column: int, end: int) -> None:
        line = self.lines[index]
        self._record(mark, index, column, end)
        match = _MAGIC.match(line, column + len(mark)) if mark == "%" else None
        kept = None
        if match is not None and match["name"] in STATEMENT_MAGICS:
            kept = self._kept_statement(match["name"], index, match.start("arguments"), end)
        if kept is None:
            self._replace(index, end, line[:column] + "pass")
        else:
            self.lines[index] = kept

    def _kept_statement(self, name: str, index: int, start: int, end: int) -> str | None:
        """The line with `pass;` for the magic and its options; None when no simple statement follows."""
        line = self.lines[index]
        options = re.compile(_OPTIONS.format(valued=STATEMENT_MAGICS[name] or "-")).match(line, start)
        start = options.end() if options else start
        column = len(line) - len(line.lstrip(" \t"))
        kept = line[:column] + "pass;".ljust(start - column) + line[start:]
        is_python = line[start:].strip() and _is_python([kept[column:], *self.lines[index + 1 : end]])
        return kept if is_python else None

    def _record(self, mark: str, index: int, column: int, end: int, *, written: bool = True) -> None:
        """Remember a magic or a command; `written` is false where the mark is left out."""
        first = self.lines[index][column + (len(mark) if written else 0) :]
        text = "\n".join([first, *self.lines[index + 1 : end]]).strip()
        if mark.startswith("!"):
            self._use(UseKind.SHELL, "", text, index, column, end)
        elif mark.startswith("%") and (match := _MAGIC.match(text)) is not None:
            name, arguments = match["name"], match["arguments"]
            if name.endswith("?"):
                return
            self._use(UseKind.MAGIC, name, arguments, index, column, end)
            if name in SHELL_MAGICS:
                self._use(UseKind.SHELL, "", arguments, index, column, end)
            elif name in INSTALLER_MAGICS:
                self._use(UseKind.SHELL, "", f"{name} {arguments}", index, column, end)

    def _use(self, kind: UseKind, name: str, text: str, index: int, column: int, end: int) -> None:
        shift = self._indent + 1
        last = self.lines[end - 1]
        span = Span(index + 1, column + shift, end, len(last.rstrip()) + shift)
        self.uses.append(Use(kind, name, text, span))

    def _continued(self, index: int) -> int:
        """Line behind the one at `index` and its continuations by backslash."""
        while self.lines[index].endswith("\\") and index + 1 < len(self.lines):
            index += 1
        return index + 1

    def _replace(self, index: int, end: int, line: str) -> None:
        self.lines[index:end] = [line, *[""] * (end - index - 1)]


def _is_python(lines: list[str]) -> bool:
    return parse(SourceText("", "\n".join(lines)))[0] is not None


_TOKEN = re.compile(
    r"""(?P<triple>\"{3}|'{3})
    | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
    | (?P<quote>["'])
    | (?P<open>[(\[{]) | (?P<close>[)\]}])
    | (?P<comment>\#)
    | (?P<continued>\\$)""",
    re.VERBOSE,
)
_STRING_END = {
    '"""': re.compile(r'(?:\\.|[^\\])*?"""'),
    "'''": re.compile(r"(?:\\.|[^\\])*?'''"),
    '"': re.compile(r'(?:\\.|[^\\"])*"'),
    "'": re.compile(r"(?:\\.|[^\\'])*'"),
}


class _Tracker:
    """Follows strings and brackets from line to line, to know where a statement can start."""

    __slots__ = ("_continued", "_depth", "_string")

    def __init__(self) -> None:
        self._depth = 0
        self._string = ""
        self._continued = False

    @property
    def at_start(self) -> bool:
        """Whether the next line starts a statement."""
        return not (self._depth or self._string or self._continued)

    def feed(self, line: str) -> None:
        """Go through one line of Python."""
        position = 0
        self._continued = False
        while position <= len(line):
            if self._string:
                closing = _STRING_END[self._string].match(line, position)
                if closing is None:
                    # A short string ends with its line unless a backslash carries it on.
                    if len(self._string) == 1 and not line.endswith("\\"):
                        self._string = ""
                    return
                self._string, position = "", closing.end()
            match = _TOKEN.search(line, position)
            if match is None:
                return
            position = match.end()
            match match.lastgroup:
                case "triple" | "quote":
                    self._string = match[0]
                case "open":
                    self._depth += 1
                case "close":
                    self._depth = max(0, self._depth - 1)
                case "comment":
                    return
                case "continued":
                    self._continued = True
                    return
                case _:
                    pass
