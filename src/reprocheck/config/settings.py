"""The settings in force."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from reprocheck.config.origin import DEFAULT, Origin
from reprocheck.model.finding import Confidence, Severity


class FailOn(StrEnum):
    """The least severity that makes a scan fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


class Where(StrEnum):
    """Where a run is replayed."""

    SAME = "same"
    VENV = "venv"
    DOCKER = "docker"


class Require(StrEnum):
    """The least that counts as reproduced."""

    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"


class Output(msgspec.Struct, frozen=True):
    """One report to write."""

    format: str
    """Name of a report format, such as `sarif`; whether there is one of that name is not known here."""
    file: Path | None = None
    """Where it goes; None for standard output."""

    def __str__(self) -> str:
        """`FORMAT` or `FORMAT:FILE`."""
        return self.format if self.file is None else f"{self.format}:{self.file}"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, each from the strongest place that has it; lists and tables replace, they don't add up."""

    root: Path
    """The project: paths in findings are relative to it."""
    select: tuple[str, ...] = ()
    """Codes, prefixes, families or names of rules to run instead of the pack's; empty for the pack's."""
    extend_select: tuple[str, ...] = ()
    """Rules to run besides."""
    ignore: tuple[str, ...] = ()
    """Rules not to run; stronger than `select`."""
    pack: str = "default"
    """Named selection of rules."""
    min_confidence: Confidence = Confidence.MEDIUM
    """Findings below it are left out."""
    fail_on: FailOn = FailOn.WARNING
    exclude: tuple[str, ...] = ()
    """Patterns of paths to leave out, as in `.gitignore`."""
    include: tuple[str, ...] = ()
    """Patterns of paths to look at though git ignores them."""
    rules: tuple[Path, ...] = ()
    """Files and folders with the user's own `.toml` rules."""
    catalog: tuple[Path, ...] = ()
    """Files and folders with the user's own `.toml` catalog entries."""
    per_file_ignores: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Pattern of paths -> rules not to run there."""
    severity: dict[str, Severity] = msgspec.field(default_factory=dict)
    """Rule -> the severity that its findings get."""
    baseline: Path | None = None
    """File with the findings that are known already."""
    output: tuple[Output, ...] = ()
    """Reports to write; empty for the console."""
    jobs: int | Literal["auto"] = "auto"
    """Processes to use."""
    cache: bool = True
    cache_dir: Path | None = None
    """Folder of the cache; None for the one in the project."""
    rule_set: str | None = None
    """Version of the rules that the project was last judged with."""
    respect_gitignore: bool = True
    replay_in: Where = Where.SAME
    replay_require: Require = Require.EQUIVALENT
    replay_tolerance: tuple[str, ...] = ()
    """What may differ in a replay: `GLOB[:KEY]=LIMIT`, as `--tolerance` takes it."""
    replay_output: tuple[str, ...] = ()
    """Patterns of the results of runs that were recorded without any."""
    replay_times: int = 1
    origins: dict[str, Origin] = msgspec.field(default_factory=dict)
    """Where each setting that isn't a default came from, by key."""
    notices: tuple[str, ...] = ()
    """What looks like a mistake and isn't certain to be one."""

    def origin(self, key: str) -> Origin:
        """Where the setting `key`, such as `fail-on`, came from."""
        return self.origins.get(key, DEFAULT)

    def entries(self) -> Iterator[tuple[str, object, Origin]]:
        """Key, value and origin of every setting, in the order of the fields."""
        for field in self.__struct_fields__:
            if field not in {"root", "origins", "notices"}:
                # The only table with keys of its own.
                key = field.replace("replay_", "replay.").replace("_", "-")
                yield key, getattr(self, field), self.origin(key)
