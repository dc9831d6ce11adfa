"""Precedence: flags, variables, reprocheck.toml, pyproject.toml, user file, defaults."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from reprocheck.config.files import ConfigFile, read_project_file, read_pyproject, read_user_file
from reprocheck.config.keys import KEYS, TABLES, Key, unknown
from reprocheck.config.origin import ConfigError, Context, Origin, Source
from reprocheck.config.settings import Config

_PREFIX = "REPROCHECK_"


class _Setting(msgspec.Struct, frozen=True):
    value: object
    origin: Origin


def load(
    root: Path,
    *,
    overrides: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    user_file: Path | None = None,
    isolated: bool = False,
) -> Config:
    """The settings in force for the project at `root`; raises `ConfigError`.

    `overrides` are the flags by key (`fail-on` or `fail_on`; None stands for a flag that wasn't given), `environment`
    the process's variables. With `isolated`, files and variables are not looked at.
    """
    settings: dict[str, _Setting] = {}
    notices: tuple[str, ...] = ()
    if not isolated:
        variables = environment or {}
        for file in _files(root, user_file):
            settings |= _from_file(file)
        settings |= _from_variables(variables)
        notices = tuple(_doubtful(variables))
    settings |= _from_flags(overrides or {})
    return _build(root, settings, notices)


def _files(root: Path, user_file: Path | None) -> list[ConfigFile]:
    """The files that exist, weakest first."""
    found = [read_user_file(user_file) if user_file else None, read_pyproject(root), read_project_file(root)]
    return [file for file in found if file is not None]


def _from_file(file: ConfigFile) -> dict[str, _Setting]:
    confined = file.source is not Source.USER_FILE
    settings = {}
    for name, value, origin in _flat(file):
        settings[name] = _read(KEYS[name], value, Context(origin, file.path.parent, confined), file)
    return settings


def _flat(file: ConfigFile) -> Iterator[tuple[str, object, Origin]]:
    """Key, raw value and place of every setting of a file."""
    top = {*(name for name in KEYS if "." not in name), *TABLES}
    for name, value in file.table.items():
        if name in TABLES:
            if not isinstance(value, dict):
                raise ConfigError(f"`{name}` must be a table", file.origin(name))
            for inner, setting in value.items():
                origin = file.origin(name, inner)
                if f"{name}.{inner}" not in KEYS:
                    allowed = [key.removeprefix(f"{name}.") for key in KEYS if key.startswith(f"{name}.")]
                    raise ConfigError(unknown(inner, allowed, f"key of `{name}`"), origin)
                yield f"{name}.{inner}", setting, origin
        elif name in top:
            yield name, value, file.origin(name)
        else:
            raise ConfigError(unknown(name, top, "key"), file.origin(name))


def _read(key: Key, value: object, context: Context, file: ConfigFile) -> _Setting:
    """A setting of a file; entries of a table are tried one by one so that an error names the line of its entry."""
    if isinstance(value, dict):
        for inner in value:
            origin = file.origin(*key.name.split("."), inner)
            try:
                key.read({inner: value[inner]}, Context(origin, context.folder, context.confined))
            except ConfigError as error:
                raise _about(error, f"{key.name}.{inner}") from None
    try:
        return _Setting(key.read(value, context), context.origin)
    except ConfigError as error:
        raise _about(error, key.name) from None


def _about(error: ConfigError, name: str) -> ConfigError:
    return ConfigError(f"`{name}`: {error.message}", error.origin)


def _from_variables(environment: Mapping[str, str]) -> dict[str, _Setting]:
    """Settings of variables; an empty variable counts as absent."""
    settings = {}
    for key in KEYS.values():
        if text := environment.get(key.variable, "").strip():
            origin = Origin(Source.VARIABLE, key.variable)
            settings[key.name] = _Setting(key.read(text, Context(origin)), origin)
    return settings


def _doubtful(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like misspelt settings: other parts of the tool have variables too, so it is no error."""
    known = {key.variable for key in KEYS.values()}
    notices = []
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
            notices += [f"`{name}` is not a setting; did you mean `{near[0]}`?"] if near else []
    return notices


def _from_flags(overrides: Mapping[str, object]) -> dict[str, _Setting]:
    settings = {}
    for given, value in overrides.items():
        if value is None:
            continue
        name = given.replace("_", "-")
        if name not in KEYS:
            raise ConfigError(unknown(name, KEYS, "key"), Origin(Source.FLAG, f"--{name}"))
        origin = Origin(Source.FLAG, KEYS[name].flag)
        settings[name] = _Setting(KEYS[name].read(value, Context(origin)), origin)
    return settings


def _build(root: Path, settings: Mapping[str, _Setting], notices: tuple[str, ...]) -> Config:
    origins = {name: setting.origin for name, setting in settings.items()}
    values = {KEYS[name].field: setting.value for name, setting in settings.items()}
    return msgspec.convert({"root": root, "origins": origins, "notices": notices, **values}, Config)
