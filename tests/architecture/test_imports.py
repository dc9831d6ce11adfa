"""What the linter of import directions can't say: rules stand on the rule kit and the standard library alone."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "rules" / "reprocheck_rules").rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """Full names of the modules that a file imports, at any depth."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=0) if module:
                yield module


def foreign(source: str) -> list[str]:
    """Imports that a rule may not have."""
    ours = ("reprocheck.rulekit", "reprocheck_rules")
    return [
        name
        for name in imported(source)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ours)
    ]


def test_there_are_rules_to_look_at() -> None:
    assert RULES


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_rule_imports_rule_kit_and_standard_library_only(path: Path) -> None:
    assert foreign(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("import ast, re", []),
        ("from reprocheck.rulekit import Rule", []),
        ("from reprocheck.rulekit.match import Match", []),
        ("from . import shared", []),
        ("def f():\n    import numpy as np", ["numpy"]),
        ("import reprocheck", ["reprocheck"]),
        ("from reprocheck.model.finding import Severity", ["reprocheck.model.finding"]),
        ("from reprocheck.rulekits import x", ["reprocheck.rulekits"]),
    ],
)
def test_forbidden_imports_are_seen(line: str, seen: list[str]) -> None:
    assert foreign(line) == seen
