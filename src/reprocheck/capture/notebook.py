"""The command that a notebook stands for."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

RUNNER = Path(__file__).with_name("notebook_runner.py")
_SUFFIX = ".ipynb"


def is_notebook(command: Sequence[str]) -> bool:
    """Whether a command is a notebook and nothing else."""
    return len(command) == 1 and command[0].endswith(_SUFFIX)


def notebook_command(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Executes the notebook in the interpreter of the user's environment; other commands stay as they are.

    The result lies beside the notebook as `NAME.executed.ipynb`, an output like any other.
    """
    if not is_notebook(command):
        return tuple(command)
    path = environment.get("PATH")
    python = shutil.which("python", path=path) or shutil.which("python3", path=path) or sys.executable
    source = command[0]
    return (python, str(RUNNER), source, f"{source.removesuffix(_SUFFIX)}.executed{_SUFFIX}")
