"""The agent's compiled parts are there where they can be: tests of them are left out elsewhere, and only there."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import pytest

from reprocheck.agent.compiled import module
from reprocheck.agent.libraries import one_pass


def test_they_are_built_where_there_is_a_compiler() -> None:
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler")
    assert one_pass.load() is not None
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("no headers of Python")
    assert module is not None
