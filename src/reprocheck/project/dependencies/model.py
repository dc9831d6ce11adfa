"""One form for what manifests declare and locks record, whatever their format."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reprocheck.model.place import WHOLE_FILE, Span


class SourceKind(StrEnum):
    """Format that dependencies are read from."""

    REQUIREMENTS = "requirements"
    CONSTRAINTS = "constraints"
    PYPROJECT = "pyproject"
    SETUP_CFG = "setup.cfg"
    SETUP_PY = "setup.py"
    PIPFILE = "pipfile"
    CONDA = "conda"
    PIXI = "pixi"
    PYTHON_VERSION = "python-version"
    UV_LOCK = "uv.lock"
    PYLOCK = "pylock"
    POETRY_LOCK = "poetry.lock"
    PDM_LOCK = "pdm.lock"
    PIPFILE_LOCK = "pipfile.lock"
    COMPILED = "compiled"
    """A requirements file that a tool resolved, or a freeze: everything in it is exact."""
    CONDA_LOCK = "conda-lock"
    PIXI_LOCK = "pixi.lock"


LOCKS = frozenset(
    {
        SourceKind.UV_LOCK,
        SourceKind.PYLOCK,
        SourceKind.POETRY_LOCK,
        SourceKind.PDM_LOCK,
        SourceKind.PIPFILE_LOCK,
        SourceKind.COMPILED,
        SourceKind.CONDA_LOCK,
        SourceKind.PIXI_LOCK,
    }
)
"""Kinds that record what was resolved."""


class Dependency(msgspec.Struct, frozen=True, array_like=True):
    """One package that a file asks for, or has recorded."""

    name: str
    """Normalised (`scikit-learn`); empty for a URL or path that doesn't tell."""
    specifier: str
    """As in PEP 440, such as `>=2,<3`, also where the file has a form of its own; empty when any version will do."""
    span: Span
    """The requirement as written; in a lock the name of the package."""
    extras: tuple[str, ...] = ()
    marker: str = ""
    """Condition under which it is installed; `optional` where the file says no more."""
    group: str = ""
    """Extra, group, feature or environment; empty for what is always installed."""
    url: str = ""
    """URL, or path in the project."""
    vcs: str = ""
    """`git`, `hg`, `svn` or `bzr`."""
    revision: str = ""
    """Commit, tag or branch of a version-control URL."""
    hashed: bool = False
    """Whether a digest of what is installed is given."""
    conda: bool = False
    """Whether it names a conda package."""


class IndexOption(msgspec.Struct, frozen=True, array_like=True):
    """A package index that a file names."""

    url: str
    span: Span
    extra: bool
    """Whether it is asked beside another one."""


class Include(msgspec.Struct, frozen=True, array_like=True):
    """Another requirements file that a file reads."""

    path: str
    """As written, relative to the file."""
    constraint: bool
    """Whether it only limits versions (`-c`)."""
    span: Span


class DependencyFacts(msgspec.Struct, frozen=True, array_like=True):
    """What one file declares or locks."""

    path: str
    kind: SourceKind
    dependencies: tuple[Dependency, ...] = ()
    python: str = ""
    """Specifier of the interpreter; empty where the file has none."""
    python_span: Span = WHOLE_FILE
    includes: tuple[Include, ...] = ()
    indexes: tuple[IndexOption, ...] = ()
    package: bool = False
    """Whether the file makes the project something that others install."""
    declares: bool = True
    """Whether the file has a place for dependencies at all, be it empty."""
    complete: bool = True
    """False where dependencies are computed and could not be told."""
    made_from: str = ""
    """What a lock says that it was made from: words of the command, or the name of the project."""
