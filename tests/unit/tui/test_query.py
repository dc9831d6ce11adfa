"""The filter: what is read of it, and what is said of the rest."""

from __future__ import annotations

import pytest

from reprocheck.tui.state.query import Query, Term, completions, parse


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("code:RNG", (Term("code", ("RNG",)),)),
        ("sev:w", (Term("sev", ("warning",)),)),
        ("severity:error,note", (Term("sev", ("error", "note")),)),
        ("-state:open", (Term("state", ("open",), negated=True),)),
        ("!seed", (Term("", ("seed",), negated=True),)),
        ('"two words" path:src/', (Term("", ("two words",)), Term("path", ("src/",)))),
        ('path:"a b"', (Term("path", ("a b",)),)),
        ("Torch.Load", (Term("", ("torch.load",)),)),
        ("state:fixed", (Term("state", ("fixed",)),)),
        ("state:open -conf:low state:decided conf:low", (Term("state", ("decided",)), Term("conf", ("low",)))),
        ("fix:any -fix:unsafe", (Term("fix", ("any",)), Term("fix", ("unsafe",), negated=True))),
        ("path:src path:model", (Term("path", ("src",)), Term("path", ("model",)))),
        ("code:", ()),
        ("-", (Term("", ("-",)),)),
        ("", ()),
    ],
)
def test_words_become_terms(text: str, terms: tuple[Term, ...]) -> None:
    assert parse(text) == Query(terms)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sevv:error", "did you mean sev:?"),
        ("pth:src", "did you mean path:?"),
        ("qqq:1", "there are code, rule, sev"),
        ("sev:wrning", "did you mean warning?"),
        ("fix:zzz", "there are safe, unsafe, any, none"),
    ],
)
def test_what_is_not_understood_filters_nothing_and_is_said(text: str, said: str) -> None:
    query = parse(f"{text} seed")
    assert query.terms == (Term("", ("seed",)),)
    assert said in query.problems[0]


def test_the_beginning_of_a_value_may_stand_for_several() -> None:
    assert parse("state:f").terms == (Term("state", ("false-positive", "fixed")),)


def test_the_last_word_is_completed() -> None:
    assert completions("code:RNG st") == ["state:"]
    assert completions("sev:") == ["sev:error", "sev:warning", "sev:note"]
    assert completions("code:R") == []
