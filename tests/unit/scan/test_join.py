"""Rules about the project."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.rulekit import WHOLE_FILE, Catalog, Match, Project, Rule
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.join import Joined, join

SOURCES = {"a.py": "import b\nb.run()\n", "b.py": "def run():\n    pass\n", "c.py": "print(1)\n"}


def joined(rules: list[Rule], entries: tuple[str, ...] = ()) -> Joined:
    analyzer = Analyzer(rules, Catalog())
    files = [ProjectFile(path, "", kind_of(path), len(text)) for path, text in SOURCES.items()]
    facts = {file.path: analyzer.analyze(file, SOURCES[file.path].encode()).facts for file in files}
    return join(facts, files, rules, Catalog(), entries=entries)


def rule(code: str) -> Rule:
    return Rule(code, "some-rule", "Finds something.")


def test_a_rule_that_fails_is_named_and_hides_no_other() -> None:
    broken, whole = rule("ACM001"), rule("ACM002")

    @broken.on_project
    def fail(project: Project) -> Iterator[Match]:
        yield project.match("a.py", WHOLE_FILE, "found before it failed")
        raise KeyError("missing")

    @whole.on_project
    def find(project: Project) -> Iterator[Match]:
        yield project.match("b.py", WHOLE_FILE, "found")

    result = joined([broken, whole])
    assert [(f.code, f.place.path) for f in result.findings] == [("ACM001", "a.py"), ("ACM002", "b.py")]
    assert len(result.failed) == 1
    assert result.failed[0].startswith("ACM001: could not be run to its end: KeyError at test_join.py:")


def test_one_place_is_said_once() -> None:
    twice = rule("ACM001")

    @twice.on_project
    def find(project: Project) -> Iterator[Match]:
        yield project.match("a.py", WHOLE_FILE, "the same")
        yield project.match("a.py", WHOLE_FILE, "the same")
        yield project.match("a.py", WHOLE_FILE, "another")

    assert [f.message for f in joined([twice]).findings] == ["the same", "another"]


def test_an_entry_reaches_what_it_imports_and_nothing_else() -> None:
    idle = rule("ACM001")
    idle.on_project(lambda _: ())
    assert joined([idle], ("a.py",)).reached == frozenset({"a.py", "b.py"})
    assert joined([idle]).reached is None
