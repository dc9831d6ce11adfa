"""What a rule sees of files that are not Python modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reprocheck.project.versions import NOTHING_DECLARED, DeclaredVersions

if TYPE_CHECKING:  # the readers are loaded when there is a file to read
    from reprocheck.project.documents.dockerfile import Dockerfile
    from reprocheck.project.documents.requirements_file import Requirements
    from reprocheck.project.documents.shell import ShellCommand
    from reprocheck.project.documents.tree import Document
    from reprocheck.project.notebook import Notebook
    from reprocheck.project.source import SourceText


@dataclass(frozen=True, slots=True)
class DockerfileView:
    """A Dockerfile."""

    source: SourceText
    dockerfile: Dockerfile
    versions: DeclaredVersions = NOTHING_DECLARED
    """What the project declares of libraries."""

    @property
    def path(self) -> str:
        """POSIX path relative to the root."""
        return self.source.path


@dataclass(frozen=True, slots=True)
class TreeView:
    """A YAML, TOML or JSON file, a workflow of Snakemake, or a configuration of Terraform."""

    source: SourceText
    document: Document
    kind: str
    """`yaml`, `toml`, `json`, `snakemake` or `terraform`."""

    @property
    def path(self) -> str:
        """POSIX path relative to the root."""
        return self.source.path


@dataclass(frozen=True, slots=True)
class RequirementsView:
    """A requirements file."""

    source: SourceText
    requirements: Requirements

    @property
    def path(self) -> str:
        """POSIX path relative to the root."""
        return self.source.path


@dataclass(frozen=True, slots=True)
class ShellView:
    """A shell script."""

    source: SourceText
    commands: tuple[ShellCommand, ...]
    versions: DeclaredVersions = NOTHING_DECLARED
    """What the project declares of libraries."""

    @property
    def path(self) -> str:
        """POSIX path relative to the root."""
        return self.source.path


@dataclass(frozen=True, slots=True)
class NotebookView:
    """A notebook: cells, outputs and counts. Spans of matches are those of the `.ipynb` file."""

    notebook: Notebook
    path: str
    versions: DeclaredVersions = NOTHING_DECLARED
    """What the project declares of libraries."""

    @property
    def source(self) -> SourceText:
        """The text of the file."""
        return self.notebook.file
