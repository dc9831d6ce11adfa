"""Builds the compiled part of the supervisor with the wheel, where there is a C compiler.

A plain shared library: one build serves every version of Python, so that the wheel is tagged for the machine alone.
Without a compiler, or with `HATCH_BUILD_NO_HOOKS=true`, the wheel is pure, and an interpreter does that part.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER = "src/reprocheck/capture/supervisor"
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared")


class CustomBuildHook(BuildHookInterface[Any]):
    """What hatchling looks for in this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's signature
        """Compile, and say what the wheel holds more for it."""
        folder = Path(self.root, _FOLDER)
        library = folder / "_quick.so"
        if reason := _compile(folder / "quick.c", library):
            library.unlink(missing_ok=True)
            self.app.display_warning(f"the supervisor's compiled part is left out: {reason}")
            return
        build_data["artifacts"].append(f"/{_FOLDER}/{library.name}")
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"


def _compile(source: Path, library: Path) -> str:
    """Why there is no library; empty when there is one."""
    if sys.platform != "linux":
        return "only Linux has seccomp"
    named = os.environ.get("CC", "").split()
    compiler = named or [found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))][:1]
    if not compiler:
        return "no C compiler was found"
    # A process may have the old one loaded.
    fresh = library.with_suffix(f".{os.getpid()}")
    command = [*compiler, *_FLAGS, "-o", str(fresh), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- the compiler
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode:
        fresh.unlink(missing_ok=True)
        return f"{command[0]} failed\n{done.stderr}"
    fresh.replace(library)
    return ""
