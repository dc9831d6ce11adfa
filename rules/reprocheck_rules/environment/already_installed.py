"""Packages that an earlier command has installed in recorded versions, and that a later command leaves alone.

Both pip and uv keep what is installed and fits: `pip install torch` changes nothing where `torch` is there
(https://pip.pypa.io/en/stable/cli/pip_install/, `--upgrade`; https://docs.astral.sh/uv/pip/compatibility/).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from reprocheck.rulekit import DockerfileView, NotebookView, ShellCommand, ShellView
from reprocheck_rules.environment.installs import Package, spoken

_FILES: Final = frozenset({"-r", "--requirement", "--requirements"})
_REPLACES: Final = re.compile(
    r"-[a-zA-Z]*[UIPt]|--(?:upgrade(?:-package)?|force-reinstall|reinstall(?:-package)?|ignore-installed|target|system"
    r"|prefix|python)"
)
"""Options by which a command installs anew, or elsewhere."""


class Installed:
    """What the commands of an image, script or notebook have installed so far."""

    def __init__(self, view: DockerfileView | ShellView | NotebookView | None) -> None:
        """`view` is what the commands stand in, which knows the versions of the project; None where nothing does."""
        self._versions = view.versions if view is not None else None
        self._filled: set[str] = set()
        self._left_out: set[str] = set()

    def add(self, command: ShellCommand) -> None:
        """Look at a command, in the order in which they run."""
        words = spoken(command)
        tool = _tool(words)
        if tool and _takes_files(words):
            self._filled.add(tool)
            self._left_out |= {name.lower() for name in _left_out(words)}

    def keeps(self, command: ShellCommand, package: Package) -> bool:
        """Whether a command leaves the version of a package that is there: it asks for no other and nothing more."""
        words = spoken(command)
        return (
            self._versions is not None
            and _tool(words) in self._filled
            and package.word.text.strip() == package.name
            and package.name.lower() not in self._left_out
            and not any(_REPLACES.fullmatch(word.partition("=")[0]) for word in words[1:])
            and self._versions.is_exact(package.name)
        )


def _tool(words: tuple[str, ...]) -> str:
    """The program that installs, each with an environment of its own; empty for any other."""
    match words[:2]:
        case ("uv", "pip" | "sync"):
            return "uv"
        case ("pip", _):
            return "pip"
    return ""


def _takes_files(words: tuple[str, ...]) -> bool:
    """Whether a command installs what a lock or a list of requirements says."""
    if words[:2] == ("uv", "sync") or words[:3] == ("uv", "pip", "sync"):
        return True
    return "install" in words[:3] and not _FILES.isdisjoint(word.partition("=")[0] for word in words)


def _left_out(words: tuple[str, ...]) -> list[str]:
    """Packages that `uv sync` is told not to install."""
    apart = [value for option, value in pairwise(words) if option == "--no-install-package"]
    return apart + [word.partition("=")[2] for word in words if word.startswith("--no-install-package=")]
