"""The keys that can be set, and how a raw value becomes a setting."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from reprocheck.config.origin import ConfigError, Context
from reprocheck.config.settings import FailOn, Output, Require, Where
from reprocheck.model.finding import Confidence, Severity

MAX_JOBS = 1024
"""A project's file must not be able to start processes without end."""
MAX_TIMES = 10_000
"""Repetitions of a replay."""

Reader = Callable[[object, Context], object]
"""Turns a raw value into a setting, or raises `ConfigError`."""

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_Choice = TypeVar("_Choice", bound=StrEnum)


class Key(msgspec.Struct, frozen=True):
    """One key of the configuration."""

    name: str
    """With a point in it, one of a table of its own: `replay.times` stands in `[tool.reprocheck.replay]`."""
    read: Reader
    accepts: str
    """What a value looks like, for people."""
    summary: str

    @property
    def field(self) -> str:
        """Name of the field of `Config`."""
        return self.name.replace("-", "_").replace(".", "_")

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return "REPROCHECK_" + self.field.upper()

    @property
    def flag(self) -> str:
        """Name of the flag."""
        return "--" + self.name.rpartition(".")[2]


def unknown(name: str, allowed: Iterable[str], what: str) -> str:
    """Sentence about a name that isn't one of those allowed, with the nearest one."""
    near = difflib.get_close_matches(name, list(allowed), n=1)
    return f"unknown {what} `{name}`" + (f"; did you mean `{near[0]}`?" if near else "")


def _wrong(value: object, wanted: str, context: Context) -> ConfigError:
    match value:
        case bool():
            found = f"`{str(value).lower()}`"
        case str() | int() | float():
            found = f"`{value}`"
        case list() | tuple():
            found = "a list"
        case dict():
            found = "a table"
        case _:
            found = f"a value of type {type(value).__name__}"
    return ConfigError(f"expected {wanted}, found {found}", context.origin)


def _text(value: object, context: Context) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise _wrong(value, "a text that isn't empty", context)


def _items(value: object, context: Context, *, split: bool) -> list[str]:
    """Texts of a list; on variables and flags also those of one text with commas."""
    match value:
        case str() if context.textual:
            found: list[object] = [*value.split(",")]
        case list() | tuple():
            found = [*value]
        case _:
            raise _wrong(value, "a list of texts", context)
    items: list[str] = []
    for item in found:
        if not isinstance(item, str):
            raise _wrong(item, "a text in the list", context)
        items += item.split(",") if split and context.textual else [item]
    stripped = [item.strip() for item in items]
    if context.textual:
        return [item for item in stripped if item]
    if not all(stripped):
        raise _wrong("", "a text that isn't empty in the list", context)
    return stripped


def _selectors(value: object, context: Context) -> tuple[str, ...]:
    return tuple(_items(value, context, split=True))


def _patterns(value: object, context: Context) -> tuple[str, ...]:
    return tuple(_items(value, context, split=False))


def _resolve(text: str, context: Context) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(f"`{text}` starts in a home folder that isn't known", context.origin) from None
    return path if context.folder is None else context.folder / path


def _path(value: object, context: Context) -> Path:
    return _resolve(_text(value, context), context)


def _paths(value: object, context: Context) -> tuple[Path, ...]:
    return tuple(_resolve(item, context) for item in _items(value, context, split=False))


def _written(value: object, context: Context) -> Path:
    """A path that the tool writes to: a stranger's project must not choose one of the user's other files."""
    path = _path(value, context)
    if context.confined and context.folder is not None and not _inside(path, context.folder):
        message = f"`{value}` is outside `{context.folder}`; use a flag, a variable or the user file for that"
        raise ConfigError(message, context.origin)
    return path


def _inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def _outputs(value: object, context: Context) -> tuple[Output, ...]:
    outputs = []
    for item in _items(value, context, split=False):
        name, colon, file = item.partition(":")
        if not name or (colon and not file):
            raise _wrong(item, "FORMAT or FORMAT:FILE", context)
        outputs.append(Output(name, _written(file, context) if colon else None))
    return tuple(outputs)


def _choice(options: type[_Choice]) -> Reader:
    def read(value: object, context: Context) -> _Choice:
        text = value.lower() if isinstance(value, str) and context.textual else value
        for option in options:
            if option.value == text:
                return option
        raise _wrong(value, _one_of(options), context)

    return read


def _one_of(options: type[StrEnum]) -> str:
    return "one of " + ", ".join(f"`{option.value}`" for option in options)


def _switch(value: object, context: Context) -> bool:
    match value:
        case bool():
            return value
        case str() if context.textual and value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        case _:
            raise _wrong(value, "`true` or `false`", context)


def _number(value: object, context: Context) -> object:
    """A number that was given as text."""
    if isinstance(value, str) and context.textual and value.isascii() and value.isdigit():
        return int(value[:9])
    return value


def _times(value: object, context: Context) -> int:
    match number := _number(value, context):
        case int() if not isinstance(number, bool) and 1 <= number <= MAX_TIMES:
            return number
    raise _wrong(value, f"a whole number from 1 to {MAX_TIMES:,}", context)


def _jobs(value: object, context: Context) -> int | str:
    number = _number(value, context)
    match number:
        case "auto":
            return "auto"
        case int() if not isinstance(number, bool) and 1 <= number <= MAX_JOBS:
            return number
        case _:
            raise _wrong(value, f"`auto` or a whole number from 1 to {MAX_JOBS}", context)


def _table(value: object, context: Context, wanted: str) -> dict[str, object]:
    """A table; on variables and flags the text of a TOML inline table."""
    table = value
    if isinstance(value, str) and context.textual:
        try:
            table = tomllib.loads(f"value = {value}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            raise _wrong(value, wanted, context) from None
    if not isinstance(table, dict):
        raise _wrong(value, wanted, context)
    return table


def _per_file_ignores(value: object, context: Context) -> dict[str, tuple[str, ...]]:
    table = _table(value, context, 'a table such as `{"tests/*" = ["RNG"]}`')
    return {pattern: _selectors(codes, context) for pattern, codes in table.items()}


def _severities(value: object, context: Context) -> dict[str, Severity]:
    table = _table(value, context, 'a table such as `{RNG010 = "error"}`')
    read = _choice(Severity)
    return {rule: Severity(str(read(severity, context))) for rule, severity in table.items()}


_RULES = "list of codes, prefixes, families or names"
_PATTERNS = "list of patterns as in .gitignore"
_PATHS = "list of paths"

KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key("select", _selectors, _RULES, "rules to run instead of the pack's"),
        Key("extend-select", _selectors, _RULES, "rules to run besides"),
        Key("ignore", _selectors, _RULES, "rules not to run"),
        Key("pack", _text, "name", "named selection of rules"),
        Key("min-confidence", _choice(Confidence), _one_of(Confidence), "findings below it are left out"),
        Key("fail-on", _choice(FailOn), _one_of(FailOn), "least severity that makes a scan fail"),
        Key("exclude", _patterns, _PATTERNS, "paths to leave out"),
        Key("include", _patterns, _PATTERNS, "paths to look at though git ignores them"),
        Key("rules", _paths, _PATHS, "your own rules (.toml files and folders)"),
        Key("catalog", _paths, _PATHS, "your own catalog entries (.toml files and folders)"),
        Key("per-file-ignores", _per_file_ignores, "table: pattern -> list of rules", "rules not to run on some paths"),
        Key("severity", _severities, "table: rule -> severity", "severities that replace the rules' own"),
        Key("baseline", _path, "path", "file with the findings that are known already"),
        Key("output", _outputs, "list of FORMAT[:FILE]", "reports to write"),
        Key("jobs", _jobs, f"`auto` or 1 to {MAX_JOBS}", "processes to use"),
        Key("cache", _switch, "`true` or `false`", "whether results are kept between scans"),
        Key("cache-dir", _written, "path", "folder of the cache"),
        Key("rule-set", _text, "version", "version of the rules that the project was last judged with"),
        Key("respect-gitignore", _switch, "`true` or `false`", "whether paths that git ignores are left out"),
        Key("replay.in", _choice(Where), _one_of(Where), "where runs are replayed"),
        Key("replay.require", _choice(Require), _one_of(Require), "what counts as reproduced"),
        Key("replay.tolerance", _patterns, "list of GLOB[:KEY]=LIMIT", "what may differ, and by how much"),
        Key("replay.output", _patterns, _PATTERNS, "results of runs that were recorded without `--output`"),
        Key("replay.times", _times, f"1 to {MAX_TIMES:,}", "repetitions of a replay"),
    )
}
"""Every key, in the order in which it is shown."""
TABLES = {name.partition(".")[0] for name in KEYS if "." in name}
"""Tables that hold keys of their own."""
