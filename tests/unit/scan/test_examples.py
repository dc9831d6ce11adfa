"""Examples are tests: what they ask for is what is checked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reprocheck.rulekit import Call, Catalog, Match, Project, Rule
from reprocheck.scan.examples import check_examples, expectations

DOC = "Something.\n\n## Why\nBecause.\n\n## Fix\nDon't."


@pytest.fixture
def rule() -> Rule:
    """A rule that flags `os.remove`."""
    made = Rule("ACME001", "removal", DOC)

    @made.on_call("os.remove")
    def check(call: Call) -> Iterator[Match]:
        yield call.match("removed")

    return made


def messages(rule: Rule) -> list[tuple[int, str]]:
    return [(failure.number, failure.message) for failure in check_examples([rule], Catalog())]


def test_comment_speaks_of_its_line_or_alone_of_the_next() -> None:
    text = "a()  # expect: AB001, CD002\n# expect: EF003\nb()\n# expected: GH004\n"
    assert expectations(text) == {1: {"AB001", "CD002"}, 3: {"EF003"}}


def test_good_examples_pass(rule: Rule) -> None:
    rule.flags("import os\nos.remove(x)\n")
    rule.flags("import os\nos.getcwd()\nos.remove(x)  # expect: ACME001\n")
    rule.flags({"a.py": "import os\nos.remove(x)  # expect: ACME001\n", "b.py": "x = 1\n"})
    rule.allows("import os\nos.getcwd()\n")
    assert messages(rule) == []


def test_rule_without_examples_fails(rule: Rule) -> None:
    assert [number for number, _ in messages(rule)] == [0, 0]


def test_wrong_examples_are_named(rule: Rule) -> None:
    rule.allows("x = 1\n")
    rule.flags("import os\nos.getcwd()\n")
    rule.flags("import os\nos.remove(x)\nos.getcwd()  # expect: ACME001\n")
    rule.allows("import os\n\nos.remove(x)\n")
    rule.allows("def broken(:\n")
    assert messages(rule)[:3] == [
        (2, "should be flagged, but is not"),
        (3, "not flagged: example.py:3; flagged without being expected: example.py:2"),
        (4, "should be allowed, but is flagged at example.py:3"),
    ]
    assert messages(rule)[3][1].startswith("example.py cannot be read")


def test_indentation_of_an_example_is_kept(rule: Rule) -> None:
    rule.flags("if x:\n    import os\n    os.remove(x)\n")
    rule.allows(
        """
        if x:
            pass
        """
    )
    assert [example.files["example.py"] for example in rule.examples] == [
        "if x:\n    import os\n    os.remove(x)\n",
        "if x:\n    pass\n",
    ]
    assert messages(rule) == []


def test_rule_that_cannot_be_run_to_its_end_fails() -> None:
    made = Rule("ACME002", "broken", DOC)

    @made.on_project
    def check(_project: Project) -> Iterator[Match]:
        raise IndexError

    made.flags("x = 1  # expect: ACME002\n")
    made.allows("x = 1\n")
    assert [message.partition(" at ")[0] for _, message in messages(made)] == [
        "ACME002: could not be run to its end: IndexError"
    ] * 2
