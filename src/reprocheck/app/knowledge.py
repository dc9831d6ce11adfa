"""The rules and catalog that a configuration asks for."""

from __future__ import annotations

from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.config import Config
from reprocheck.rulekit.loading import CatalogError, Knowledge, KnowledgeSources, RuleError, load_knowledge

USER_RULES = Path(".reprocheck") / "rules"
"""Folder of a project whose `.toml` rules are taken without being configured."""


def sources_of(config: Config) -> KnowledgeSources:
    """Rule and catalog files of the project."""
    rules = list(config.rules)
    own = config.root / USER_RULES
    if own.is_dir() and own not in rules:
        rules.append(own)
    missing = [path for path in (*rules, *config.catalog) if not path.exists()]
    if missing:
        raise UsageError(f"{missing[0]} does not exist; it is named in the configuration as rules or catalog")
    return KnowledgeSources(
        tuple(str(path.absolute()) for path in rules), tuple(str(path.absolute()) for path in config.catalog)
    )


def load(sources: KnowledgeSources) -> Knowledge:
    """Load rules, catalog and packs; raises UsageError for a file that is not well formed."""
    try:
        return load_knowledge(sources)
    except (RuleError, CatalogError) as error:
        raise UsageError(str(error)) from error
