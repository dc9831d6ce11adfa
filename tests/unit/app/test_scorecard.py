"""How items are judged and which steps are named, by the rules that the card itself states."""

from __future__ import annotations

from reprocheck.app.scorecard import Seen, make_scorecard
from reprocheck.app.scorecard_items import HEADS, PRACTICES, CountItem, PracticeItem
from reprocheck.model.audit import AdvisorySource, Audit, Unaudited
from reprocheck.model.finding import Confidence, Finding, Severity
from reprocheck.model.place import Place, Span
from reprocheck.model.practice import Assessment, Evidence, Standing
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.scan_result import FileCounts
from reprocheck.model.scorecard import Item, Scorecard
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.own_rules import OWN_RULES
from reprocheck.scan.places import Places

HERE = Place("train.py", Span(1, 1, 1, 5))


def info(code: str) -> RuleInfo:
    return RuleInfo(
        code=code, name="x", severity=Severity.WARNING, confidence=Confidence.HIGH, summary="x", fix=f"Fix {code}."
    )


def finding(code: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(code=code, rule="x", severity=severity, confidence=Confidence.HIGH, message="wrong", place=HERE)


def assessed(code: str, standing: Standing) -> Assessment:
    gap = standing in {Standing.MISSING, Standing.PARTLY}
    return Assessment(
        code=code,
        standing=standing,
        looked_at="all of it",
        gap="missing" if gap else "",
        place=Evidence("train.py", HERE.span, "missing") if gap else None,
    )


def card(
    standings: dict[str, Standing],
    findings: tuple[Finding, ...] = (),
    rules: tuple[str, ...] = ("DAT001", "RNG001"),
    audit: Audit | None = None,
    files: int = 20,
) -> Scorecard:
    codes = {**dict.fromkeys(PRACTICES, Standing.NOT_APPLICABLE), **standings}
    return make_scorecard(
        Seen(
            findings=findings,
            assessments=tuple(assessed(code, standing) for code, standing in sorted(codes.items())),
            rules={code: info(code) for code in (*rules, *PRACTICES)},
            files=FileCounts(python=files),
            audit=audit,
            places=Places({}),
        )
    )


def item(made: Scorecard, key: str) -> Item:
    return next(item for head in made.heads for item in head.items if item.key == key)


def test_every_item_speaks_of_a_rule_or_family_that_there_is() -> None:
    rules = load_knowledge(KnowledgeSources()).rules
    codes = {*rules, *OWN_RULES}
    for items in HEADS.values():
        for entry in items:
            match entry:
                case PracticeItem():
                    assert rules[entry.code].practice_checks, entry.code
                case CountItem():
                    assert entry.codes
                    assert all(len(code) in {3, 6} for code in entry.codes)
    assert codes >= PRACTICES
    assert {code for code in rules if rules[code].practice_checks} == PRACTICES


def test_keys_are_unique() -> None:
    keys = [item.key for head in card({}).heads for item in head.items]
    assert len(set(keys)) == len(keys)


def test_counts_are_met_without_warnings_and_partly_with_few() -> None:
    notes = tuple(finding("DAT001", Severity.NOTE) for _ in range(9))
    few = tuple(finding("DAT001") for _ in range(2))
    assert item(card({}, notes), "count:DAT").standing is Standing.MET
    assert item(card({}, few), "count:DAT").standing is Standing.PARTLY
    assert item(card({}, (*few, finding("DAT001"))), "count:DAT").standing is Standing.MISSING
    assert item(card({}, (finding("DAT001", Severity.ERROR),)), "count:DAT").standing is Standing.MISSING


def test_a_family_without_rules_is_not_looked_at() -> None:
    made = card({}, rules=("RNG001",))
    assert item(made, "count:DAT").standing is Standing.NOT_LOOKED_AT
    assert item(made, "count:RNG+DET").standing is Standing.MET
    assert [head.possible for head in made.heads] == [0, 0, 1, 0]


def test_vulnerabilities_count_only_after_an_audit_that_saw_everything() -> None:
    source = AdvisorySource(kind="online", name="PyPI")
    open_ = Unaudited(package="a", reason="no exact version", place=HERE)
    assert item(card({}), "count:ENV011").standing is Standing.NOT_LOOKED_AT
    assert item(card({}, audit=Audit(source=source, audited=3)), "count:ENV011").standing is Standing.MET
    nothing = Audit(source=source, audited=0)
    assert item(card({}, audit=nothing), "count:ENV011").standing is Standing.NOT_APPLICABLE
    some = Audit(source=source, audited=3, unaudited=(open_,))
    assert item(card({}, audit=some), "count:ENV011").standing is Standing.PARTLY
    assert item(card({}, (finding("ENV011"),), audit=some), "count:ENV011").standing is Standing.MISSING


def test_skew_counts_only_where_something_is_served() -> None:
    rules = ("SKW001",)
    assert item(card({}, rules=rules), "count:SKW").standing is Standing.NOT_APPLICABLE
    assert item(card({"PRJ020": Standing.MET}, rules=rules), "count:SKW").standing is Standing.MET
    assert item(card({}, (finding("SKW001"),), rules=rules), "count:SKW").standing is Standing.PARTLY


def test_a_rule_that_failed_is_not_looked_at() -> None:
    made = make_scorecard(
        Seen(findings=(), assessments=(), rules={}, files=FileCounts(), audit=None, places=Places({}))
    )
    assert item(made, "PRJ002").standing is Standing.NOT_LOOKED_AT
    assert made.overall is None
    assert made.steps == ()


def test_steps_go_to_the_head_that_is_weakest_at_that_moment() -> None:
    made = card(
        {
            "PRJ006": Standing.MISSING,  # data, hours: the only open item of two
            "PRJ009": Standing.MISSING,  # model, minutes
            "PRJ016": Standing.MISSING,  # model, hours
            "PRJ015": Standing.MET,
            "PRJ008": Standing.MET,
        },
        rules=("DAT001",),
    )
    assert {head.name: head.share for head in made.heads} == {
        "data": 0.5,
        "model": 1 / 3,
        "infrastructure": None,
        "monitoring": 1.0,
    }
    assert [(step.head, step.key) for step in made.steps] == [
        ("model", "PRJ009"),
        ("data", "PRJ006"),
        ("model", "PRJ016"),
    ]
    assert made.steps[0].reason == "model is the weakest head (33%); this earns 1 of 3 points"
    assert made.steps[0].earn == "Fix PRJ009."


def test_among_equally_cheap_items_the_one_that_earns_most_comes_first() -> None:
    made = card({"PRJ004": Standing.PARTLY, "PRJ012": Standing.MISSING, "PRJ001": Standing.MISSING}, rules=())
    assert [step.key for step in made.steps] == ["PRJ012", "PRJ004", "PRJ001"]


def test_nothing_open_leaves_no_steps() -> None:
    assert card({"PRJ002": Standing.MET}, rules=()).steps == ()
