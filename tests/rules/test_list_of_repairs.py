"""The pages that list repairs name every rule, and those that have one."""

from __future__ import annotations

import re
from pathlib import Path

from reprocheck.fix.examples import kinds_of_fixes
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.own_rules import OWN_RULES

DOCS = Path(__file__).resolve().parents[2] / "docs"
CODE = re.compile(r"\b[A-Z]{3}\d{3}\b")
LOCAL = {"ART002", "ENV007"}
"""Repaired only by what the machine at hand knows."""


def codes(text: str, column: int) -> list[str]:
    """Codes in one column of the tables of a text."""
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [code for row in rows for code in CODE.findall(row[column])]


def test_the_guide_names_the_rules_that_have_a_repair_and_the_page_all_others() -> None:
    knowledge = load_knowledge(KnowledgeSources())
    repaired = {code for code, rule in knowledge.rules.items() if kinds_of_fixes(rule, knowledge.catalog)} | LOCAL
    table = (DOCS / "guides" / "fix.md").read_text("utf-8").partition("## Safe and unsafe")[2]
    assert sorted(codes(table, 1)) == sorted(repaired)
    others = (DOCS / "fixes.md").read_text("utf-8").partition("## Rules without a repair")[2]
    assert sorted(codes(others, 0)) == sorted(set(knowledge.rules) - repaired - set(OWN_RULES))
