"""The version of this program, from the name of the folder that its installation left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_BEFORE, _BEHIND = "reprocheck-", ".dist-info"


def own_version() -> str:
    """As `importlib.metadata.version` says it, whose import takes longer than all of the rest of a short run."""
    for folder in sys.path:
        try:
            names = os.listdir(folder or Path.cwd())  # noqa: PTH208 — sys.path holds text
        except OSError:
            continue
        for name in names:
            if name.startswith(_BEFORE) and name.endswith(_BEHIND):
                return name[len(_BEFORE) : -len(_BEHIND)]
    from importlib.metadata import version

    return version("reprocheck")
