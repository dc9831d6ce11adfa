"""Where a setting came from, and what is raised when it can't be understood."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path


class Source(StrEnum):
    """Kinds of places that hold settings, weakest first."""

    DEFAULT = "default"
    USER_FILE = "user file"
    PYPROJECT = "pyproject.toml"
    PROJECT_FILE = "reprocheck.toml"
    VARIABLE = "variable"
    FLAG = "flag"


class Origin(msgspec.Struct, frozen=True):
    """The place that a setting was read from."""

    source: Source
    name: str = ""
    """Path of the file, name of the variable, or the flag with its dashes; empty for a default."""
    line: int | None = None
    """Line of the key in a file, from 1; None where it is not known."""

    def __str__(self) -> str:
        """`reprocheck.toml:3`, `REPROCHECK_PACK`, `--pack`, or `default`."""
        if not self.name:
            return self.source.value
        return self.name if self.line is None else f"{self.name}:{self.line}"


DEFAULT = Origin(Source.DEFAULT)
"""Origin of a setting that nobody made."""


class ConfigError(Exception):
    """A setting that can't be understood; the text names its place and what is allowed."""

    def __init__(self, message: str, origin: Origin) -> None:
        """`message` is one sentence without a full stop."""
        super().__init__(f"{origin}: {message}")
        self.message = message
        self.origin = origin


class Context(msgspec.Struct, frozen=True):
    """What the reading of one value needs to know about its place."""

    origin: Origin
    folder: Path | None = None
    """Relative paths start here; None for variables and flags, whose paths are relative to the current folder."""
    confined: bool = False
    """True for files of the scanned project: they may not have files written outside `folder`."""

    @property
    def textual(self) -> bool:
        """True where every value arrives as text: variables and flags."""
        return self.origin.source in {Source.VARIABLE, Source.FLAG}
