"""Which rules run."""

from __future__ import annotations

import pytest

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.rule_info import RuleInfo
from reprocheck.rulekit.loading import PackFile
from reprocheck.scan.selection import SelectionError, choose, matching


def info(code: str, name: str, severity: Severity = Severity.WARNING) -> RuleInfo:
    return RuleInfo(code=code, name=name, severity=severity, confidence=Confidence.HIGH, summary=name)


RULES = {
    rule.code: rule
    for rule in (
        info("RNG004", "seed-from-clock"),
        info("RNG010", "numpy-global-random", Severity.NOTE),
        info("RNG011", "estimator-without-random-state"),
        info("FRM001", "chained-indexing"),
    )
}
PACKS = {
    "default": PackFile(summary="usual", select=["ALL"], ignore=["FRM"]),
    "strict": PackFile(summary="all", select=["ALL"], notes=True, severity={"RNG004": "error"}),
    "named": PackFile(summary="one note", select=["RNG010", "chained-indexing"]),
}


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({}, ["RNG004", "RNG011"]),
        ({"pack": "strict"}, ["FRM001", "RNG004", "RNG010", "RNG011"]),
        ({"pack": "named"}, ["FRM001", "RNG010"]),
        ({"select": ["RNG"]}, ["RNG004", "RNG010", "RNG011"]),
        ({"select": ["RNG01"]}, ["RNG010", "RNG011"]),
        ({"select": ["seed-from-clock"]}, ["RNG004"]),
        ({"select": ["ALL"], "ignore": ["RNG"]}, ["FRM001"]),
        ({"extend": ["FRM001"]}, ["FRM001", "RNG004", "RNG011"]),
        ({"extend": ["FRM"], "ignore": ["FRM001"]}, ["RNG004", "RNG011"]),
    ],
)
def test_choice(options: dict[str, object], codes: list[str]) -> None:
    assert list(choose(RULES, PACKS, **options)) == codes  # type: ignore[arg-type]


def test_pack_sets_severities() -> None:
    assert choose(RULES, PACKS, pack="strict")["RNG004"].severity is Severity.ERROR
    assert choose(RULES, PACKS)["RNG004"].severity is Severity.WARNING


@pytest.mark.parametrize("word", ["RNG999", "rng", "", "seed", "RNG0041", "*"])
def test_word_that_means_no_rule_is_refused(word: str) -> None:
    with pytest.raises(SelectionError):
        matching(word, RULES)


def test_refusal_suggests_what_may_have_been_meant() -> None:
    with pytest.raises(SelectionError, match=r"did you mean 'seed-from-clock'\?"):
        choose(RULES, PACKS, select=["seed-from-clok"])
    with pytest.raises(SelectionError, match=r"did you mean 'strict'\?"):
        choose(RULES, PACKS, pack="stict")
