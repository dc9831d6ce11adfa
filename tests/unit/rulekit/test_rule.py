"""What makes a rule well formed."""

from __future__ import annotations

import pytest

from reprocheck.rulekit import Rule
from reprocheck.rulekit.rule import RuleError

DOC = """A thing
is found.

## Why
Because of `x`.

- one
- two

## Fix
Mend it.

## Notes
See there.
"""


def test_docstring_becomes_the_page() -> None:
    info = Rule("ACME001", "a-thing", DOC, severity="error", confidence="low").info
    assert (info.summary, info.fix, info.notes) == ("A thing is found.", "Mend it.", "See there.")
    assert info.why == "Because of `x`.\n\n- one\n- two"
    assert (info.family, info.severity, info.confidence) == ("ACME", "error", "low")


@pytest.mark.parametrize("code", ["ACME1", "acme001", "A001", "ACMEACMEX001", "ACME0001", "ACME001 ", ""])
def test_code_has_a_form(code: str) -> None:
    with pytest.raises(RuleError, match="is not a rule code"):
        Rule(code, "a-thing", DOC)


@pytest.mark.parametrize("name", ["A-Thing", "a_thing", "a--thing", "-a", "a-", "", "a thing"])
def test_name_has_a_form(name: str) -> None:
    with pytest.raises(RuleError, match="is not a rule name"):
        Rule("ACME001", name, DOC)


@pytest.mark.parametrize("doc", [None, "", "## Why\nBecause."])
def test_summary_is_needed(doc: str | None) -> None:
    with pytest.raises(RuleError, match="no summary"):
        Rule("ACME001", "a-thing", doc)


def test_levels_are_known_words() -> None:
    with pytest.raises(ValueError, match="fatal"):
        Rule("ACME001", "a-thing", DOC, severity="fatal")
