"""Versions of all tools compare as PEP 440 specifiers."""

import pytest

from reprocheck.project.dependencies.specifiers import from_conda, from_poetry, is_exact, overlap, satisfied


@pytest.mark.parametrize(
    ("specifier", "exact"),
    [("==1.2", True), ("===odd", True), (">=1,==1.2", True), ("==1.*", False), ("~=1.2", False), ("", False)],
)
def test_exact(specifier: str, exact: bool) -> None:
    assert is_exact(specifier) is exact


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0", ">=0.0,<0.1"),
        ("~1", ">=1,<2"),
        ("~=1.4", "~=1.4"),
        (">=1, <2", ">=1,<2"),
        ("1.2.*", "==1.2.*"),
        ("*", ""),
        ("1 || 2", "1 || 2"),
    ],
)
def test_poetry(text: str, specifier: str) -> None:
    assert from_poetry(text) == specifier


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("=1.2", "==1.2.*"),
        ("=2.*", "==2.*"),
        ("=1.2.3", "==1.2.3"),
        ("==1.2", "==1.2"),
        ("1.2 py_0", "==1.2"),
        ("==1.2=py_0", "==1.2"),
        ("1.2.3=py311h0_1", "==1.2.3"),
        (">=1", ">=1"),
    ],
)
def test_conda(text: str, specifier: str) -> None:
    assert from_conda(text) == specifier


@pytest.mark.parametrize(
    ("specifier", "version", "answer"),
    [
        (">=2", "==2.1+cu121", True),
        (">=2", "==2.0rc1", False),
        ("", "==1", True),
        ("<1", "==2", False),
        ("1 || 2", "==1", None),
        (">=1", ">=1", None),
    ],
)
def test_satisfied(specifier: str, version: str, answer: bool | None) -> None:
    assert satisfied(specifier, version) is answer


@pytest.mark.parametrize(
    ("left", "right", "answer"),
    [
        (">=1", ">=2", True),
        ("<1", ">=1", False),
        ("<=1", ">=1", True),
        (">1,<3", ">=2.5", True),
        ("==1.2.*", "==1.2.9", True),
        ("==1.2", "==1.3", False),
        ("", ">=2", True),
        ("<2", ">1.9", True),
        (">1", "<1.0.1", True),
        ("odd", ">=2", None),
        ("<2", "<2", True),
        ("<2", "", True),
        ("<0.5", "<=0.4", True),
        ("<2.0", ">=1.9,!=1.9", True),
        ("<2", ">=2", False),
    ],
)
def test_overlap(left: str, right: str, answer: bool | None) -> None:
    assert overlap(left, right) is answer
    assert overlap(right, left) is answer
