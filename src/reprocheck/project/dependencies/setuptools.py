"""setup.py, read from its syntax tree and never run, and setup.cfg."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.dependencies.model import Dependency, DependencyFacts, SourceKind
from reprocheck.project.dependencies.trees import requirement
from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.scopes import CallSite, Kind, Scope
from reprocheck.project.source import Problem, SourceText

_SETUP = frozenset({"setuptools.setup", "distutils.core.setup", "setuptools.core.setup"})
_DEPTH = 8
_SECTION = re.compile(r"\[([^\]]+)\]\s*(?:[#;].*)?")
_OPTION = re.compile(r"([A-Za-z0-9_.\-]+)\s*[=:]\s*(.*)")


def of_setup_py(file: PythonFile) -> DependencyFacts | None:
    """What the call of `setup` declares in literals and names bound once to these; None without such a call."""
    site = next((site for site in file.calls if file.callee(site) in _SETUP), None)
    if site is None:
        return None
    reader = _SetupReader(file)
    python, span = "", WHOLE_FILE
    for keyword in site.node.keywords:
        match keyword.arg:
            case "install_requires":
                reader.listed(keyword.value, site, "")
            case "extras_require":
                reader.extras(keyword.value, site)
            case "tests_require":
                reader.listed(keyword.value, site, "test")
            case "python_requires":
                value = reader.constant(keyword.value, site.scope)
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    python, span = value.value, file.source.span(value)
            case None:
                reader.complete = False
            case _:
                pass
    return DependencyFacts(
        file.source.path,
        SourceKind.SETUP_PY,
        tuple(reader.found),
        python=python,
        python_span=span,
        package=True,
        complete=reader.complete,
    )


class _SetupReader:
    """Collects requirements from expressions."""

    def __init__(self, file: PythonFile) -> None:
        self._file = file
        self.found: list[Dependency] = []
        self.complete = True

    def listed(self, node: ast.expr, site: CallSite, group: str) -> None:
        """Add the requirements of a list expression."""
        for item in self._elements(node, site.scope, _DEPTH):
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                self._add(item, group)
            else:
                self.complete = False

    def extras(self, node: ast.expr, site: CallSite) -> None:
        """Add what a dictionary of extras names."""
        value = self.constant(node, site.scope)
        if not isinstance(value, ast.Dict):
            self.complete = False
            return
        for key, extra in zip(value.keys, value.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "?"
            self.listed(extra, site, name)
        if isinstance(node, ast.Name):
            self._added(node.id, site)

    def _added(self, extras: str, site: CallSite) -> None:
        """Extras that are put into the dictionary afterwards; one made of the others adds nothing."""
        for added in self._file.sets:
            target = added.target
            if not isinstance(target, ast.Subscript) or added.value is None:
                continue
            is_extra = isinstance(target.value, ast.Name) and target.value.id == extras
            if is_extra and not any(isinstance(n, ast.Name) and n.id == extras for n in ast.walk(added.value)):
                name = target.slice.value if isinstance(target.slice, ast.Constant) else "?"
                self.listed(added.value, site, str(name))

    def constant(self, node: ast.expr, scope: Scope, depth: int = _DEPTH) -> ast.expr:
        """The expression behind a name that is bound once."""
        while isinstance(node, ast.Name) and depth > 0:
            depth -= 1
            bindings = scope.lookup(node.id)
            if bindings is None or len(bindings) != 1:
                break
            (binding,) = bindings
            if binding.kind is not Kind.ASSIGN or binding.value is None or binding.index is not None:
                break
            node, scope = binding.value, binding.scope
        return node

    def _elements(self, node: ast.expr, scope: Scope, depth: int) -> Iterator[ast.expr]:
        """Elements of a list, of lists added together, and of names bound once to these."""
        node = self.constant(node, scope)
        match node:
            case ast.List() | ast.Tuple() | ast.Set() if depth > 0:
                for item in node.elts:
                    inner = item.value if isinstance(item, ast.Starred) else self.constant(item, scope)
                    if isinstance(item, ast.Starred):
                        yield from self._elements(inner, scope, depth - 1)
                    else:
                        yield inner
            case ast.BinOp(op=ast.Add()) if depth > 0:
                yield from self._elements(node.left, scope, depth - 1)
                yield from self._elements(node.right, scope, depth - 1)
            case _:
                yield node

    def _add(self, node: ast.Constant, group: str) -> None:
        problems: list[Problem] = []
        for line in str(node.value).splitlines():
            if line.strip() and not line.strip().startswith("#"):
                found = requirement(line, self._file.source.span(node), group, problems)
                if found is not None:
                    self.found.append(found)
        self.complete = self.complete and not problems


def of_setup_cfg(source: SourceText, problems: list[Problem]) -> DependencyFacts:
    """The `[options]` of a setup.cfg; whether the file is valid is for the standard library to say."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(source.text)
    except configparser.Error as error:
        line = getattr(error, "lineno", 1) or 1
        problems.append(Problem(f"is not a configuration file: {type(error).__name__}", Span(line, 1, line, 1)))
    dependencies: list[Dependency] = []
    python, python_span, is_package, declares = "", WHOLE_FILE, False, False
    for section, option, value, span in _cfg_lines(source):
        is_package = is_package or (section == "metadata" and option == "name")
        group = {"install_requires": "", "tests_require": "test"}.get(option) if section == "options" else None
        declares = declares or group == ""
        if section == "options" and option == "python_requires" and value:
            python, python_span = value, span
        elif section == "options.extras_require":
            group = option
        if group is not None and value and not value.startswith(("file:", "attr:")):
            found = requirement(value, span, group, problems)
            if found is not None:
                dependencies.append(found)
    return DependencyFacts(
        source.path,
        SourceKind.SETUP_CFG,
        tuple(dependencies),
        python=python,
        python_span=python_span,
        package=is_package,
        declares=declares,
    )


def _cfg_lines(source: SourceText) -> Iterator[tuple[str, str, str, Span]]:
    """Section, option, value and place of every line of every value."""
    section = option = ""
    for number, line in enumerate(source.lines, start=1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        start = len(line) - len(line.lstrip())
        if not start and (header := _SECTION.fullmatch(stripped)) is not None:
            section, option = header[1].strip(), ""
            continue
        if start and option:
            value, column = stripped, start
        elif (named := _OPTION.fullmatch(stripped)) is not None:
            option = named[1].lower().replace("-", "_") if section == "options" else named[1]
            value, column = named[2], start + named.start(2)
        else:
            continue
        value = value.split(" #")[0].rstrip()
        yield section, option, value, Span(number, column + 1, number, column + 1 + len(value))
