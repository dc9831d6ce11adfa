"""What a file is read as: decided by its name, for files without extension by their first line."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path

SHEBANG_LIMIT = 64 << 10
"""Bytes up to which a file without extension is looked into although it is not executable."""
_SHEBANG_LENGTH = 160


class FileKind(StrEnum):
    """What a file is read as."""

    PYTHON = "python"
    NOTEBOOK = "notebook"
    YAML = "yaml"
    TOML = "toml"
    JSON = "json"
    DOCKERFILE = "dockerfile"
    REQUIREMENTS = "requirements"
    SHELL = "shell"
    MAKEFILE = "makefile"
    DECLARATION = "declaration"
    """`setup.cfg`, `.python-version` and `runtime.txt`: forms of their own, for what a project needs."""
    SNAKEMAKE = "snakemake"
    TERRAFORM = "terraform"
    README = "readme"
    """Looked at for the names of environment variables only."""
    OTHER = "other"
    """Known by its path only, never opened."""


_KIND_BY_EXTENSION = {
    "py": FileKind.PYTHON,
    "pyw": FileKind.PYTHON,
    "ipynb": FileKind.NOTEBOOK,
    "yml": FileKind.YAML,
    "yaml": FileKind.YAML,
    "dvc": FileKind.YAML,
    "toml": FileKind.TOML,
    "json": FileKind.JSON,
    "jsonc": FileKind.JSON,
    "sh": FileKind.SHELL,
    "bash": FileKind.SHELL,
    "dockerfile": FileKind.DOCKERFILE,
    "mk": FileKind.MAKEFILE,
    "smk": FileKind.SNAKEMAKE,
    "tf": FileKind.TERRAFORM,
}
_KIND_BY_NAME = {
    "dockerfile": FileKind.DOCKERFILE,
    "containerfile": FileKind.DOCKERFILE,
    "makefile": FileKind.MAKEFILE,
    "gnumakefile": FileKind.MAKEFILE,
    "snakefile": FileKind.SNAKEMAKE,
    "pipfile": FileKind.TOML,
    "pipfile.lock": FileKind.JSON,
    "poetry.lock": FileKind.TOML,
    "uv.lock": FileKind.TOML,
    "pdm.lock": FileKind.TOML,
    "dvc.lock": FileKind.YAML,
    "mlproject": FileKind.YAML,
    ".env": FileKind.SHELL,
    "conda-lock.yml": FileKind.YAML,
    "pixi.lock": FileKind.YAML,
    "setup.cfg": FileKind.DECLARATION,
    ".python-version": FileKind.DECLARATION,
    "runtime.txt": FileKind.DECLARATION,
}
_REQUIREMENTS = re.compile(
    r"[^/]*(?:requirements|constraints)[^/]*\.(?:txt|in)|requirement\.txt|requirements?/[^/]+\.(?:txt|in)"
    r"|(?:[^/]*[._-])?reqs(?:[._-][^/]*)?\.(?:txt|in)"
)
_README = re.compile(
    r"(?:readme|install(?:ation)?|usage|get(?:ting)?[_-]?started|quick[_-]?start)(?:[_.-].*)?\.(?:md|rst|txt)"
    r"|(?:pre-?|fine-?)?(?:train|tun)(?:e|ing)?\.(?:md|rst)"
)
"""Names of texts that say how a project is installed and run; `train.txt` is data."""
_DOCKERFILE_STARTS = ("dockerfile.", "dockerfile-", "dockerfile_", "containerfile.", "containerfile-")
_ABOUT_DOCKERFILES = frozenset({"dockerignore", "md", "rst", "txt", "html", "tpl", "j2", "jinja"})
_PYTHON_SHEBANG = re.compile(rb"#![^\n]*\b(?:python|pypy)[\d.]*w?(?:\s|$)")
_SHELL_SHEBANG = re.compile(rb"#![^\n]*\b(?:ba|da|k|z|a)?sh(?:\s|$)")


def kind_of(path: str) -> FileKind:
    """Kind by name alone; files without extension are OTHER unless their whole name says more."""
    parent, _, name = path.lower().rpartition("/")
    if (kind := _KIND_BY_NAME.get(name)) is not None:
        return kind
    stem, _, extension = name.rpartition(".")
    if stem and (kind := _KIND_BY_EXTENSION.get(extension)) is not None:
        return kind
    if extension in ("txt", "in") and _REQUIREMENTS.fullmatch(f"{parent.rpartition('/')[2]}/{name}"):
        return FileKind.REQUIREMENTS
    if extension in ("txt", "in") and _REQUIREMENTS.fullmatch(name):
        return FileKind.REQUIREMENTS
    if _README.fullmatch(name):
        return FileKind.README
    if name.startswith(".env.") or extension == "env":
        return FileKind.SHELL  # variables, set as a shell sets them
    if name.startswith(_DOCKERFILE_STARTS) and extension not in _ABOUT_DOCKERFILES:
        return FileKind.DOCKERFILE
    if name.startswith("dockerfile") and name.isalnum():  # `DockerfileTrain`
        return FileKind.DOCKERFILE
    return FileKind.OTHER


def kind_by_first_line(absolute: str, status: os.stat_result) -> FileKind:
    """Kind of a file without extension: only its first line is read, and only if it is executable or small."""
    if status.st_size < len(b"#!sh") or not (status.st_mode & 0o111 or status.st_size <= SHEBANG_LIMIT):
        return FileKind.OTHER
    try:
        with Path(absolute).open("rb", buffering=0) as file:
            head = file.read(2)
            line = head + file.read(_SHEBANG_LENGTH) if head == b"#!" else b""
    except OSError:
        return FileKind.OTHER
    line = line.split(b"\n", 1)[0]
    if _PYTHON_SHEBANG.match(line):
        return FileKind.PYTHON
    return FileKind.SHELL if _SHELL_SHEBANG.match(line) else FileKind.OTHER
