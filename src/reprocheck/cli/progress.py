"""Progress on stderr: one line that is rewritten, only where a person watches."""

from __future__ import annotations

import sys
import time

_EVERY = 0.1
_QUIET_UNTIL = 0.5
"""Seconds before the first line: short work needs no progress."""


class ProgressLine:
    """Counts files; silent when stderr is not a terminal."""

    def __init__(self, *, enabled: bool) -> None:
        """`enabled` is False for `-q`."""
        self._enabled = enabled and sys.stderr.isatty()
        self._started = self._last = time.monotonic()
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if not self._enabled or now - self._started < _QUIET_UNTIL or (now - self._last < _EVERY and done < total):
            return
        self._last = now
        self._shown = True
        sys.stderr.write(f"\r\x1b[2Kscanning {done:,} of {total:,} files")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
