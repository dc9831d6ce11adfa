"""Which findings an experiment with two callables speaks of, and how callables are found without running them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from reprocheck.app.errors import UsageError
from reprocheck.app.evidence import reader, with_evidence
from reprocheck.app.learn_from_skew import learn
from reprocheck.app.skew import SkewRequest, skew
from reprocheck.app.skew_callables import named
from reprocheck.config import Config
from reprocheck.model.finding import Confidence, Finding, Severity, Step
from reprocheck.model.ledger import Outcome
from reprocheck.model.place import Place, Span
from reprocheck.triage import ledger_file


def at(path: str, line: int) -> Place:
    return Place(path, Span(line, 1, line, 2))


def finding(place: Place, *steps: Place) -> Finding:
    return Finding(
        code="SKW001",
        rule="preprocessing-diverges",
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
        message="differs",
        place=place,
        trail=tuple(Step(step, "here") for step in steps),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text("def clean(text):\n    return text.lower()\n")
    (tmp_path / "serve.py").write_text("def clean(text):\n    return text\ndef same(text):\n    return text.lower()\n")
    (tmp_path / "text.txt").write_text("Some Text")
    return tmp_path


def asked(root: Path, serve: str) -> SkewRequest:
    return SkewRequest(
        train="train.py:clean",
        serve=serve,
        data=[root / "text.txt"],
        root=root,
        start=root,
        python=sys.executable,
    )


def run(root: Path, serve: str, *findings: Finding) -> list[tuple[str, str]]:
    found = skew(asked(root, serve), lambda: findings)
    return [(spoken.finding.place.path, spoken.stance) for spoken in found.findings]


def test_findings_about_both_places_are_confirmed_or_not_observed(root: Path) -> None:
    both = finding(at("serve.py", 2), at("train.py", 2))
    assert run(root, "serve.py:clean", both) == [("serve.py", "confirmed")]
    assert run(root, "serve.py:same", finding(at("serve.py", 4), at("train.py", 2))) == [("serve.py", "not observed")]


def test_what_samples_say_stands_in_the_ledger_for_just_that_code(root: Path) -> None:
    both = structs.replace(finding(at("serve.py", 2), at("train.py", 2)), fingerprint="0" * 16)
    request = asked(root, "serve.py:clean")
    config = Config(root=root)
    learned = learn(config, request, skew(request, lambda: [both]))
    assert [item.outcome for item in learned.evidence] == [Outcome.CONFIRMED]
    known = ledger_file.read(root).evidence

    def said() -> str:
        return with_evidence([both], known, reader(config))[0].evidence

    assert said() == "confirmed by skew"
    (root / "serve.py").write_text("def clean(text):\n    # a comment\n    return  text\n")
    assert said() == "confirmed by skew"
    (root / "serve.py").write_text("def clean(text):\n    return text.lower()\n")
    assert said() == "untested"
    (same,) = learn(config, request, skew(request, lambda: [both])).evidence
    assert same.outcome is Outcome.NOT_OBSERVED
    assert len(ledger_file.read(root).evidence) == 2


def test_of_several_findings_about_both_places_none_is_confirmed(root: Path) -> None:
    one, other = finding(at("serve.py", 2), at("train.py", 2)), finding(at("serve.py", 1), at("train.py", 1))
    assert run(root, "serve.py:clean", one, other) == [("serve.py", "may explain"), ("serve.py", "may explain")]


def test_a_finding_beside_the_callable_is_not_confirmed(root: Path) -> None:
    beside = finding(at("serve.py", 4), at("train.py", 2))
    assert run(root, "serve.py:clean", beside) == [("serve.py", "may explain")]


def test_findings_about_other_places_are_left_alone(root: Path) -> None:
    one_side = finding(at("serve.py", 2))
    elsewhere = finding(at("other.py", 2), at("train.py", 2))
    assert run(root, "serve.py:clean", one_side, elsewhere) == []


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("a.py:f", 2),
        ("a:f", 2),
        ("a.py:C.m", 7),
        ("a.py:TRANSFORM", 4),
        ("a.py:C", 5),
        ("a.py:f()", 2),
        ("a.py:TRANSFORM.x", 0),
    ],
)
def test_callables_are_found_by_a_look_at_the_code(tmp_path: Path, written: str, line: int) -> None:
    code = "raise SystemExit\ndef f(x):\n    return x\nTRANSFORM = f\nclass C:\n    x = 1\n    def m(self): pass\n"
    (tmp_path / "a.py").write_text(code)
    assert named(written, tmp_path, tmp_path).line == line


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a.py:clena", "`clean`"),
        ("a.py:Clean.rnu", "`Clean.run`"),
        ("b.py:clean", "is not there"),
        ("a.py", "names no callable"),
        ("deep.py:f", "src/deep.py"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is_near(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "deep.py").write_text("def f(): pass\n")
    (tmp_path / "a.py").write_text("def clean(): pass\nclass Clean:\n    def run(self): pass\n")
    with pytest.raises(UsageError, match=said):
        named(written, tmp_path, tmp_path)


WRITERS = (
    "open('seen.txt', 'a').write(text)",
    "import os; os.rename('serve.py', 'other.py')",
    "import os; os.close(os.open('seen.txt', os.O_CREAT | os.O_WRONLY))",
)


@pytest.mark.parametrize("line", WRITERS)
def test_a_callable_that_writes_into_the_project_is_refused_and_says_where(root: Path, line: str) -> None:
    (root / "serve.py").write_text(f"def clean(text):\n    {line}\n    return text.lower()\n")
    before = sorted(path.name for path in root.iterdir())
    found = skew(asked(root, "serve.py:clean"), list)
    assert sorted(path.name for path in root.iterdir()) == before
    assert found.serve.trouble is not None
    assert "--allow-writes" in found.serve.trouble.message


def test_other_folders_may_be_written_and_results_may_lie_in_the_project(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "cache.txt"
    line = f"open({str(other)!r}, 'w').write(text)"
    (root / "serve.py").write_text(f"def clean(text):\n    {line}\n    return text.lower()\n")
    found = skew(replace(asked(root, "serve.py:clean"), keep=root / "kept"), list)
    assert found.serve.trouble is None
    assert other.read_text() == "Some Text"
    assert (root / "kept" / "serve" / "result.json").is_file()


def test_with_leave_the_project_may_be_written(root: Path) -> None:
    (root / "serve.py").write_text(f"def clean(text):\n    {WRITERS[0]}\n    return text.lower()\n")
    assert skew(replace(asked(root, "serve.py:clean"), allow_writes=True), list).serve.trouble is None
    assert (root / "seen.txt").is_file()
