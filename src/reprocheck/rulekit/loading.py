"""Finds rules and catalog files: those of installed distributions, and `.toml` files of the user's repository.

Python rules come only from installed distributions, so that scanning a stranger's repository never runs its code.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from reprocheck.model.rule_info import FAMILIES
from reprocheck.rulekit.catalog import Catalog, CatalogError, CatalogFile, read_catalog_file
from reprocheck.rulekit.declarative import read_rule
from reprocheck.rulekit.rule import Rule, RuleError


class PackFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A selection of rules with severities."""

    summary: str
    select: list[str]
    """Codes, families or names; `ALL` for every rule."""
    ignore: list[str] = []
    notes: bool = False
    """Whether rules of severity `note` belong to it when they are selected by family only."""
    severity: dict[str, str] = {}
    """Severity by code."""


class KnowledgeSources(msgspec.Struct, frozen=True):
    """Which files of the user's repository add to the installed rules; enough to load the same in another process."""

    rule_paths: tuple[str, ...] = ()
    """`.toml` rule files and folders of them, absolute."""
    catalog_paths: tuple[str, ...] = ()
    """`.toml` catalog files, absolute."""


@dataclass(frozen=True)
class Knowledge:
    """Rules by code, the packs, the catalog, and a digest of all they were read from."""

    rules: dict[str, Rule]
    packs: dict[str, PackFile]
    digest: str
    read_catalog: Callable[[], Catalog]

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, parsed at the first question: a scan that finds all in its cache asks none."""
        return self.read_catalog()


def load_knowledge(sources: KnowledgeSources) -> Knowledge:
    """Load everything; raises RuleError and CatalogError for a file that is not well formed."""
    digest = blake2b(digest_size=16)
    rules: dict[str, Rule] = {}
    packs: dict[str, PackFile] = {}
    for point in sorted(entry_points(group="reprocheck.rules"), key=lambda p: p.name):
        for rule in _installed_rules(point.value, digest):
            _add(rules, rule)
        packs.update(_packs(files(point.value).joinpath("packs"), digest))
    for path in _toml_files(sources.rule_paths):
        text = _read(path)
        digest.update(text.encode())
        rule = read_rule(text, str(path), origin=path.name)
        if rule.info.family in FAMILIES:
            raise RuleError(
                f"{path}: the family {rule.info.family} is reprocheck's own; take another one for {rule.code}"
            )
        _add(rules, rule)
    installed, own = _catalog_texts(sources)
    for _, text in (*installed, *own):
        digest.update(text.encode())
    return Knowledge(rules, packs, digest.hexdigest(), partial(_catalog, installed, _parsed(own)))


def load_catalog(sources: KnowledgeSources) -> Catalog:
    """Load the catalog alone, for those who need no rules."""
    installed, own = _catalog_texts(sources)
    return _catalog(installed, _parsed(own))


Texts = list[tuple[str, str]]
"""Name and content of files."""


def _catalog_texts(sources: KnowledgeSources) -> tuple[Texts, Texts]:
    """Catalog files of installed distributions, and those of the user's repository."""
    installed: Texts = []
    for point in sorted(entry_points(group="reprocheck.catalog"), key=lambda p: p.name):
        items = sorted(files(point.value).iterdir(), key=lambda i: i.name)
        installed += [(item.name, item.read_text("utf-8")) for item in items if item.name.endswith(".toml")]
    return installed, [(str(path), _read(path)) for path in _toml_files(sources.catalog_paths)]


def _parsed(texts: Texts) -> list[CatalogFile]:
    return [read_catalog_file(text, name) for name, text in texts]


def _catalog(installed: Texts, own: list[CatalogFile]) -> Catalog:
    return Catalog([*_parsed(installed), *own])


def _installed_rules(package_name: str, digest: blake2b) -> Iterator[Rule]:
    package = importlib.import_module(package_name)
    for info in sorted(pkgutil.walk_packages(package.__path__, package_name + "."), key=lambda i: i.name):
        if info.ispkg:
            yield from _declared_rules(files(info.name), package_name, digest)
            continue
        module = importlib.import_module(info.name)
        # Also of modules that only help others: what they say decides what is found.
        digest.update(Path(str(module.__file__)).read_bytes())
        rule = getattr(module, "rule", None)
        if isinstance(rule, Rule):
            yield rule


def _declared_rules(folder: Traversable, origin: str, digest: blake2b) -> Iterator[Rule]:
    if folder.name in {"catalog", "packs"}:
        return
    for item in sorted(folder.iterdir(), key=lambda i: i.name):
        if item.name.endswith(".toml"):
            text = item.read_text("utf-8")
            digest.update(text.encode())
            yield read_rule(text, f"{folder.name}/{item.name}", origin=origin)


def _packs(folder: Traversable, digest: blake2b) -> Iterator[tuple[str, PackFile]]:
    if not folder.is_dir():
        return
    for item in sorted(folder.iterdir(), key=lambda i: i.name):
        if item.name.endswith(".toml"):
            text = item.read_text("utf-8")
            digest.update(text.encode())
            try:
                yield item.name.removesuffix(".toml"), msgspec.toml.decode(text, type=PackFile)
            except msgspec.DecodeError as error:
                raise RuleError(f"packs/{item.name}: {error}") from error


def _add(rules: dict[str, Rule], rule: Rule) -> None:
    other = rules.get(rule.code)
    if other is not None:
        raise RuleError(f"{rule.code} is defined twice: by {other.info.origin} and by {rule.info.origin}")
    rules[rule.code] = rule


def _toml_files(paths: Iterable[str]) -> Iterator[Path]:
    for name in paths:
        path = Path(name)
        if path.is_dir():
            yield from sorted(path.glob("*.toml"))
        else:
            yield path


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: cannot be read: {error}") from error


__all__ = ["CatalogError", "Knowledge", "KnowledgeSources", "PackFile", "RuleError", "load_catalog", "load_knowledge"]
