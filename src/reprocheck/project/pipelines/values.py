"""Plain values of configuration files, read the way pipelines read them: YAML 1.2, TOML, JSON, constants in Python."""

from __future__ import annotations

import ast
import math
import re
import warnings

from reprocheck.project.documents.tree import Document, Mapping, Node, Scalar, Sequence
from reprocheck.project.source import SourceText, decode_python, decode_text

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
"""What a file says, without its places."""

VALUES_LIMIT = 200_000
"""Values of one file, every alias written out; a file with more is not compared."""
_INTEGER = re.compile(r"[-+]?(0b[0-1_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)[eE][-+]?[0-9]+"
                    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?")  # fmt: skip
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_ANCHOR = re.compile(r"^&\S+\s*")
_MERGE = "<<"


class TooManyValuesError(Exception):
    """A file whose aliases multiply: it is not expanded."""


def read_values(path: str, data: bytes) -> Value:
    """Values of a parameter file by the end of its name; raises ValueError when it can't be read as such."""
    extension = path.rpartition(".")[2].lower()
    if extension == "py":
        return _python_values(decode_python(data)[0])
    text, _ = decode_text(data)
    source = SourceText(path, text)
    document, is_yaml = _read(source, extension)
    if any(problem.fatal for problem in document.problems):
        raise ValueError(document.problems[0].message)
    return document_values(source, document, is_yaml=is_yaml)


def _read(source: SourceText, extension: str) -> tuple[Document, bool]:
    match extension:
        case "toml":
            from reprocheck.project.documents.toml_file import read_toml

            return read_toml(source), False
        case "json":
            from reprocheck.project.documents.json_file import read_json

            return read_json(source), False
        case _:
            from reprocheck.project.documents.yaml_file import read_yaml

            return read_yaml(source), True


def document_values(source: SourceText, document: Document, *, is_yaml: bool = True) -> Value:
    """Values of a document; an empty one is an empty mapping. Raises ValueError when it is too large."""
    if not document.roots:
        return {}
    try:
        return Plain(source if is_yaml else None).value(document.roots[0]) or {}
    except TooManyValuesError as error:
        raise ValueError("has too many values") from error


class Plain:
    """Turns nodes into values; nodes that aliases share are counted as often as they are written out."""

    def __init__(self, source: SourceText | None) -> None:
        """`source` is a YAML file, whose scalars are read again by the rules of YAML 1.2; None for other kinds."""
        self._source = source
        self._left = VALUES_LIMIT

    def value(self, node: Node) -> Value:
        """The value of a node; recursion is bounded by the readers, size by VALUES_LIMIT."""
        self._left -= 1
        if self._left < 0:
            raise TooManyValuesError
        match node:
            case Scalar():
                return self._scalar(node)
            case Sequence():
                return [self.value(item) for item in node.items]
            case Mapping():
                return self._mapping(node)

    def _mapping(self, node: Mapping) -> dict[str, Value]:
        merged: dict[str, Value] = {}
        own: dict[str, Value] = {}
        for entry in node.entries:
            key = self._scalar(entry.key)
            value = self.value(entry.value)
            if key == _MERGE and self._source is not None:
                for part in value if isinstance(value, list) else [value]:
                    if isinstance(part, dict):
                        merged.update({name: inner for name, inner in part.items() if name not in merged})
            else:
                own[key if isinstance(key, str) else _key_text(key)] = value
        return {**merged, **own}

    def _scalar(self, node: Scalar) -> str | int | float | bool | None:
        if self._source is None:
            return node.value
        written = _ANCHOR.sub("", self._source.slice(node.span), count=1).strip()
        if written[:1] in ("'", '"', "|", ">", "!") or node.span.line != node.span.end_line:
            return node.value
        return _resolved(written)


def _resolved(text: str) -> str | int | float | bool | None:
    """A plain scalar by YAML 1.2; octal numbers need `0o`, `on` and `yes` are text."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    special = _SPECIAL.fullmatch(text)
    if special is not None:
        return math.nan if special[3] else math.copysign(math.inf, -1.0 if special[1] == "-" else 1.0)
    return text


def _integer(text: str) -> int | str:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    try:
        return sign * int(digits, _BASES.get(digits[:2], 10))
    except ValueError:  # more digits than the interpreter converts
        return text


def _key_text(key: float | bool | None) -> str:  # noqa: FBT001 — a key of any kind
    return "true" if key is True else "false" if key is False else "null" if key is None else str(key)


def _python_values(text: str) -> Value:
    """Constants that a module, its classes and their `__init__` assign, as DVC reads a parameter file in Python."""
    try:
        with warnings.catch_warnings():  # an unknown escape is none of the reader's business
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError("is not Python") from error
    return _assigned(tree.body, of_self=False)


def _assigned(body: list[ast.stmt], *, of_self: bool) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for statement in body:
        match statement:
            case ast.ClassDef():
                found[statement.name] = _assigned(statement.body, of_self=False)
            case ast.FunctionDef(name="__init__"):
                found.update(_assigned(statement.body, of_self=True))
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                name = _target(target, of_self=of_self)
                if name:
                    try:
                        found[name] = _literal(ast.literal_eval(value))
                    except (ValueError, TypeError, RecursionError, MemoryError):
                        continue
            case _:
                pass
    return found


def _target(target: ast.expr, *, of_self: bool) -> str:
    match target:
        case ast.Name(id=name) if not of_self:
            return name
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
        case _:
            return ""


def _literal(value: object) -> Value:
    match value:
        case dict():
            return {key if isinstance(key, str) else str(key): _literal(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_literal(inner) for inner in value]
        case str() | int() | float() | None:
            return value
        case _:
            raise ValueError("no value of a parameter file")
