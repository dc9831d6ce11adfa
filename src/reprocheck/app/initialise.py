"""`reprocheck init`: a first configuration."""

from __future__ import annotations

from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.config import find_root

FILE = "reprocheck.toml"
_TEMPLATE = """\
# Settings of reprocheck; `reprocheck config` shows what is in force.

# Rules: `default` leaves out notes and matters of style, `strict` has everything.
pack = "default"
# select = ["RNG", "DET", "unsafe-deserialisation"]
# ignore = []

# Findings below this confidence are left out: high, medium, low.
min-confidence = "medium"

# What makes `reprocheck scan` exit with 1: error, warning, note, never.
fail-on = "warning"

# Paths to leave out, as in .gitignore; what git ignores is left out anyway.
# exclude = ["third_party/"]

# [per-file-ignores]
# "tests/**" = ["RNG"]
"""


def initialise(folder: Path, *, force: bool) -> Path:
    """Write the file into the project of `folder`; raises UsageError when there is one."""
    path = find_root(folder) / FILE
    if path.exists() and not force:
        raise UsageError(f"{path} exists; `--force` replaces it")
    try:
        path.write_text(_TEMPLATE, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return path
