"""What rules about declared packages read: manifests and locks in one form, and how versions compare."""

from reprocheck.project.dependencies.model import (
    LOCKS,
    Dependency,
    DependencyFacts,
    Include,
    IndexOption,
    SourceKind,
)
from reprocheck.project.dependencies.specifiers import is_exact, overlap, satisfied
from reprocheck.project.index.dependencies import Dependencies, distribution, folder_of

__all__ = [
    "LOCKS",
    "Dependencies",
    "Dependency",
    "DependencyFacts",
    "Include",
    "IndexOption",
    "SourceKind",
    "distribution",
    "folder_of",
    "is_exact",
    "overlap",
    "satisfied",
]
