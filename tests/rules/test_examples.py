"""Every rule treats its own examples as its author says."""

from __future__ import annotations

import pytest

from reprocheck.fix.examples import check_fixes
from reprocheck.rulekit import Rule
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.examples import check_examples

KNOWLEDGE = load_knowledge(KnowledgeSources())


def test_there_are_rules_to_check() -> None:
    assert KNOWLEDGE.rules


@pytest.mark.parametrize("rule", KNOWLEDGE.rules.values(), ids=lambda rule: rule.code)
def test_rule_flags_and_allows_what_its_examples_say(rule: Rule) -> None:
    assert [f"{f.number}: {f.message}" for f in check_examples([rule], KNOWLEDGE.catalog)] == []


WITH_FIX = [rule for rule in KNOWLEDGE.rules.values() if any(example.fixed for example in rule.examples)]


@pytest.mark.parametrize("rule", WITH_FIX, ids=lambda rule: rule.code)
def test_fixes_make_of_the_examples_what_the_rule_says(rule: Rule) -> None:
    assert [f"{f.number}: {f.message}" for f in check_fixes([rule], KNOWLEDGE.catalog)] == []


@pytest.mark.parametrize("rule", KNOWLEDGE.rules.values(), ids=lambda rule: rule.code)
def test_rule_explains_itself(rule: Rule) -> None:
    assert rule.info.why
    assert rule.info.fix


def test_names_are_unique() -> None:
    names = [rule.info.name for rule in KNOWLEDGE.rules.values()]
    assert sorted(names) == sorted(set(names))
