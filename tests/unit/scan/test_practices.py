"""Rules about practices: what they say is kept beside what they lack, and only the gap is a finding."""

from __future__ import annotations

import msgspec

from reprocheck.model.place import Span
from reprocheck.model.practice import Evidence, Standing
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.rulekit import Catalog, Note, Practice, Project, Rule, not_applicable
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.join import Joined, join

PLACE = Span(1, 1, 1, 2)


def joined(practice: Practice) -> Joined:
    rule = Rule("PRJ900", "some-practice", "Something is kept.", severity="note")
    asked = []

    @rule.on_practice
    def check(project: Project) -> Practice:
        asked.append(project)
        return practice

    file = ProjectFile(path="a.py", location="", kind=kind_of("a.py"), size=4)
    result = Analyzer([rule], Catalog([])).analyze(file, b"a = 1\n")
    found = join({"a.py": result.facts}, [file], [rule], Catalog([]))
    assert len(asked) == 1
    return found


def gap(project_path: str = "a.py") -> Practice:
    from reprocheck.rulekit import Match

    return Practice(looked_at="1 file", gap=Match(span=PLACE, message="it is missing", path=project_path))


def test_a_gap_is_a_finding_and_an_assessment() -> None:
    found = joined(gap())
    assert [(f.code, f.message, f.place.path) for f in found.findings] == [("PRJ900", "it is missing", "a.py")]
    (assessment,) = found.assessments
    assert (assessment.standing, assessment.gap) == (Standing.MISSING, "it is missing")
    assert assessment.place == Evidence("a.py", PLACE, "it is missing")


def test_what_is_kept_is_no_finding() -> None:
    found = joined(Practice(looked_at="1 file", found=(Note(PLACE, "kept", "a.py"),)))
    assert found.findings == ()
    assert found.assessments[0].standing is Standing.MET
    assert found.assessments[0].found == (Evidence("a.py", PLACE, "kept"),)


def test_a_gap_beside_what_is_kept_is_partly() -> None:
    found = joined(msgspec.structs.replace(gap(), found=(Note(PLACE, "kept", "a.py"),)))
    assert found.assessments[0].standing is Standing.PARTLY


def test_a_gap_that_is_not_certain_costs_a_part_only() -> None:
    from reprocheck.rulekit import Confidence, Match

    unsure = Match(span=PLACE, message="it may be missing", path="a.py", confidence=Confidence.LOW)
    assert joined(Practice(looked_at="1 file", gap=unsure)).assessments[0].standing is Standing.PARTLY


def test_what_does_not_apply_says_why() -> None:
    found = joined(not_applicable("nothing is trained"))
    assert found.findings == ()
    assert (found.assessments[0].standing, found.assessments[0].looked_at) == (
        Standing.NOT_APPLICABLE,
        "nothing is trained",
    )


def test_assessments_survive_the_cache() -> None:
    found = joined(gap())
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Joined) == found
