"""What every test shares."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, database=None, max_examples=100)
settings.load_profile("ci")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts in the background so, and every program that a test interrupts would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _without_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable such as REPROCHECK_PACK or NO_COLOR on the developer's machine must not change a test."""
    for name in [*os.environ]:
        if name.startswith("REPROCHECK_") or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "XDG_CONFIG_HOME"}:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _recursion_limit_of_the_interpreter() -> Iterator[None]:
    """An analysis raises the limit of its process for good; no other test may depend on whether one ran before."""
    before = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(before)
