"""The one way to git: the user's own, with fixed arguments and none of the repository's programs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from reprocheck.app.errors import UsageError

_SECONDS = 60


def git(root: Path, *arguments: str, seconds: float = _SECONDS) -> str:
    """Output of a git command in `root`; raises UsageError when there is no git or it refuses.

    Callers put what comes from outside behind `--end-of-options` or `--`.
    """
    try:
        done = subprocess.run(  # noqa: S603 — fixed arguments
            ["git", "-C", str(root), "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *arguments],  # noqa: S607 — the user's own git
            capture_output=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise UsageError("this needs git, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git did not answer within {seconds:.0f} s") from None
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise UsageError(f"git could not compare: {reason}")
    return done.stdout.decode("utf-8", "surrogateescape")
