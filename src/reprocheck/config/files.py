"""Configuration files: which ones there are, what they say, and on which line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from reprocheck.config.origin import ConfigError, Origin, Source

PROJECT_FILE = "reprocheck.toml"
PYPROJECT = "pyproject.toml"
MAX_BYTES = 1 << 20
"""Nobody writes a larger configuration; refusing one bounds the work on a stranger's file."""
_MAX_SEARCH = 2_000_000
"""Characters parsed in search of a line before the search gives up."""
_ERROR_LINE = re.compile(r"\(at line (\d+), column \d+\)")

_CLOSING = re.compile(r"""[]}]|\"{3}|'{3}""")
"""What can end a statement of several lines."""
_MAX_DEPTH = 4
"""Keys are looked for down to `tool.reprocheck.severity.CODE`."""
_TABLE = ("tool", "reprocheck")

KeyPath = tuple[str, ...]


class ConfigFile(msgspec.Struct, frozen=True):
    """The settings that one file holds, raw."""

    path: Path
    source: Source
    table: dict[str, object]
    """What stands at top level, or under `[tool.reprocheck]`."""
    lines: dict[KeyPath, int]
    """Where the keys of `table` stand."""

    def origin(self, *keys: str) -> Origin:
        """The place of a key inside `table`; inner keys fall back on the key around them."""
        outward = (keys[:length] for length in range(len(keys), 0, -1))
        line = next((self.lines[path] for path in outward if path in self.lines), None)
        return Origin(self.source, str(self.path), line)


def find_root(start: Path) -> Path:
    """The nearest of `start` and its parents that holds settings or is the top of a git repository, else `start`."""
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.absolute().parents):
        if is_project(candidate):
            return candidate
    return folder


def is_project(folder: Path) -> bool:
    """Whether a folder holds settings or is the top of a git repository."""
    return (folder / PROJECT_FILE).is_file() or (folder / ".git").exists() or _mentions_us(folder / PYPROJECT)


def user_config_file(environment: Mapping[str, str]) -> Path | None:
    """Where the user's own settings stand, whether or not the file exists; None without a home folder."""
    base = Path(environment.get("XDG_CONFIG_HOME", ""))
    if base.is_absolute():  # by the XDG specification a relative one is to be ignored
        return base / "reprocheck" / PROJECT_FILE
    home = environment.get("HOME") or environment.get("USERPROFILE")
    return Path(home, ".config", "reprocheck", PROJECT_FILE) if home else None


def read_project_file(root: Path) -> ConfigFile | None:
    """`reprocheck.toml` of a project, or None."""
    return _read(root / PROJECT_FILE, Source.PROJECT_FILE)


def read_user_file(path: Path) -> ConfigFile | None:
    """The user's own settings, or None."""
    return _read(path, Source.USER_FILE)


def read_pyproject(root: Path) -> ConfigFile | None:
    """`[tool.reprocheck]` of a project, or None.

    A broken pyproject.toml that never says `reprocheck` holds no settings: the scan reports it and goes on.
    """
    path = root / PYPROJECT
    if not _mentions_us(path):
        return None
    text = _text(path, Source.PYPROJECT)
    table: object = _parse(text, path, Source.PYPROJECT)
    lines = index_lines(text)
    for key in _TABLE:
        if not isinstance(table, dict) or key not in table:
            return None
        table = table[key]
    if not isinstance(table, dict):
        raise ConfigError(
            f"`{'.'.join(_TABLE)}` must be a table", Origin(Source.PYPROJECT, str(path), lines.get(_TABLE))
        )
    inner = {keys[len(_TABLE) :]: line for keys, line in lines.items() if keys[: len(_TABLE)] == _TABLE}
    return ConfigFile(path, Source.PYPROJECT, table, inner)


def _mentions_us(path: Path) -> bool:
    """Whether a pyproject.toml has, or would have if it could be read, a table for this tool."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES)
    except OSError:
        return False
    if b"reprocheck" not in data:
        return False
    try:
        tool = tomllib.loads(data.decode("utf-8")).get("tool")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return True
    return isinstance(tool, dict) and "reprocheck" in tool


def _read(path: Path, source: Source) -> ConfigFile | None:
    if not path.is_file():
        return None
    text = _text(path, source)
    return ConfigFile(path, source, _parse(text, path, source), index_lines(text))


def _text(path: Path, source: Source) -> str:
    origin = Origin(source, str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", origin) from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"larger than {MAX_BYTES} bytes", origin)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("not UTF-8", Origin(source, str(path), line)) from None
    return text.replace("\r\n", "\n")


def _parse(text: str, path: Path, source: Source) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _ERROR_LINE.search(message)
        line = int(place[1]) if place else text.count("\n") + 1
        reason = message[: place.start()].strip() if place else message.removesuffix(" (at end of document)")
        raise ConfigError(f"not valid TOML: {reason}", Origin(source, str(path), line)) from None
    except RecursionError:
        raise ConfigError("nested too deeply", Origin(source, str(path))) from None


def index_lines(text: str) -> dict[KeyPath, int]:
    """First line on which each key, and each table around it, is written.

    A statement ends where it first parses alone: an open bracket or string never does.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    start, pending, budget = 1, "", _MAX_SEARCH
    for number, line in enumerate(text.split("\n"), start=1):
        pending = f"{pending}\n{line}" if pending else line
        if number > start and not _CLOSING.search(line):
            continue
        budget -= len(pending)
        if budget < 0:
            break
        try:
            parsed = tomllib.loads(pending)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        is_header = pending.lstrip().startswith("[")
        for path in _paths_in(parsed, () if is_header else table):
            lines.setdefault(path, start)
            table = path if is_header else table
        start, pending = number + 1, ""
    return lines


def _paths_in(parsed: Mapping[str, object], table: KeyPath) -> Iterator[KeyPath]:
    """Every key of a statement that was parsed alone, outer ones first."""
    stack: list[tuple[KeyPath, object]] = [(table, parsed)]
    while stack:
        path, value = stack.pop()
        if path != table:
            yield path
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict) and len(path) < _MAX_DEPTH:
            stack.extend(((*path, key), inner) for key, inner in value.items())
