"""Builds the compiled parts with the wheel, where there is a C compiler.

One build serves every version of Python, so that the wheel is tagged for the machine alone: two plain shared libraries
and a module that keeps to the stable ABI, for which Python's headers have to be there.
Without a compiler, or with `HATCH_BUILD_NO_HOOKS=true`, the wheel is pure, and Python does those parts.
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

_LIBRARIES = {
    "capture/supervisor/_quick.so": ("quick.c",),
    "agent/libraries/_one_pass.so": ("one_pass.c",),
    "agent/compiled/_module.abi3.so": ("module.c", "posting.c", "memory.c", "hearing.c", "loading.c"),
}
"""What is built from what, beside it. The last one is a module of the interpreter's and keeps to its stable ABI."""
_FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-fPIC", "-shared")


class CustomBuildHook(BuildHookInterface[Any]):
    """What hatchling looks for in this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's signature
        """Compile, and say what the wheel holds more for it."""
        for name, sources in _LIBRARIES.items():
            library = Path(self.root, "src/reprocheck", name)
            if reason := _compile(library, sources):
                library.unlink(missing_ok=True)
                self.app.display_warning(f"{library.name} is left out: {reason}")
                continue
            build_data["artifacts"].append(f"/{library.relative_to(self.root)}")
            build_data["pure_python"] = False
        if build_data["pure_python"]:
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"


def _compile(library: Path, sources: tuple[str, ...]) -> str:
    """Why there is no library; empty when there is one."""
    if sys.platform != "linux":
        return "it is built on Linux only"
    named = os.environ.get("CC", "").split()
    compiler = named or [found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))][:1]
    if not compiler:
        return "no C compiler was found"
    # A process may have the old one loaded.
    fresh = library.with_suffix(f".{os.getpid()}")
    headers = f"-I{sysconfig.get_path('include')}"
    command = [*compiler, *_FLAGS, headers, "-o", str(fresh), *(str(library.with_name(name)) for name in sources)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- the compiler
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode:
        fresh.unlink(missing_ok=True)
        return f"{command[0]} failed\n{done.stderr}"
    fresh.replace(library)
    return ""
