"""Which Python files are tests, by the folders that they lie in and by their names."""

from __future__ import annotations

import re

_SURELY = re.compile(
    r"(^|/)(tests?|testing|unittests?|smoke_?tests?)/|(^|/)(conftest|([^/]*_)?smoke_?tests?(_[^/]*)?)\.py$"
)
_NAMED = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")


def is_surely_test(path: str) -> bool:
    """Whether a file lies among tests, or has a name that nothing else has."""
    return _SURELY.search(path) is not None


def is_named_as_test(path: str) -> bool:
    """Whether it is called `test_X.py` or `X_test.py`, which beside models is an evaluation at times."""
    return _NAMED.search(path) is not None


def is_test_path(path: str) -> bool:
    """Whether either tells so."""
    return is_surely_test(path) or is_named_as_test(path)
