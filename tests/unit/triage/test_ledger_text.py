"""The text of the ledger: what is kept, and what is refused with its line."""

from __future__ import annotations

import tomllib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decided import DAY, decision, finding
from reprocheck.model.ledger import Decision, Evidence, State
from reprocheck.triage.errors import LedgerError
from reprocheck.triage.ledger_text import LedgerText, parse, resolved

ONE, TWO, THREE = (decision(finding(fingerprint=digit)) for digit in "123")
BLOCK = ONE.fingerprint.join(
    ('[[decision]]\nfingerprint = "', '"\npath = "a.py"\ncode = "A"\nstate = "open"\ndate = 2026-01-01\n')
)


def text(*decisions: Decision) -> bytes:
    return LedgerText().edited(removed=(), added=decisions).render().encode()


TEXTS = st.text(max_size=12)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=2), st.sampled_from(State), st.none() | st.dates())
def test_what_is_written_is_read(reason: str, path: str, elsewhere: list[str], state: State, until: object) -> None:
    one = decision(finding(path or "x"), state, reason=reason, elsewhere=tuple(elsewhere), until=until)
    data = LedgerText().edited(removed=(), added=[one, TWO]).render()
    assert data.isprintable() or all(line.isprintable() for line in data.split("\n"))
    assert set(parse(data.encode(), "L").ledger.decision) == {one, TWO}


def test_blocks_are_sorted_and_one_line_holds_one_field() -> None:
    assert text(THREE, ONE, TWO) == text(TWO, THREE, ONE)
    lines = text(ONE).decode().splitlines()
    assert lines[3:6] == ["[[decision]]", 'fingerprint = "1111111111111111"', 'path = "a.py"']
    assert tomllib.loads(text(ONE).decode())["schema"] == 1


def test_other_blocks_keep_every_byte_comments_too() -> None:
    head, one = text(ONE).decode().split("\n\n")
    written = f"{head}\n\n# ask Ada\n{one.replace(' = ', '=')}# and Bob\n"
    changed = parse(written.encode(), "L").edited(removed=(), added=[TWO]).render()
    assert changed.startswith(written)
    assert parse(changed.encode(), "L").edited(removed=[TWO], added=()).render() == written


def test_line_ends_of_the_file_are_kept() -> None:
    data = text(ONE).replace(b"\n", b"\r\n")
    changed = parse(data, "L").edited(removed=(), added=[TWO]).render().encode()
    assert changed.startswith(data)
    assert changed.count(b"\n") == changed.count(b"\r\n")


def test_a_header_inside_a_long_string_is_text() -> None:
    one = text(ONE).decode().replace('reason = "r"', 'reason = """\n[[decision]]\n"""')
    assert parse(one.encode(), "L").ledger.decision[0].reason == "[[decision]]\n"


def test_of_equal_decisions_as_many_go_as_are_given() -> None:
    twice = LedgerText().edited(removed=(), added=[ONE, ONE])
    assert twice.edited(removed=[ONE], added=()).ledger.decision == (ONE,)


def test_evidence_is_read_and_kept() -> None:
    proof = (
        '[[evidence]]\nfingerprint = "1111111111111111"\npath = "a.py"\ncode = "RNG001"\nslice = "00"\n'
        'command = "python a.py"\nfactor = "hash-seed"\nlevels = ["0", "1"]\nruns = 30\noutcome = "refuted"\n'
        "date = 2026-11-21\n"
    )
    read = parse(text(ONE) + b"\n" + proof.encode(), "L")
    assert isinstance(read.ledger.evidence[0], Evidence)
    assert read.edited(removed=[ONE], added=[TWO]).render().endswith(proof)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "L:1: there is no `schema`"),
        (b"schema = true\n", "L:1: `schema` is True"),
        (b"schema = 2\n", "newer reprocheck"),
        (b"\n\nschema = [\n", "L:4: not valid TOML"),
        (b"schema = 1\n\xff\n", "L:2: not UTF-8"),
        (b"schema = 1" + b"0" * 5000, "L:1: not valid TOML"),
        (b"a = " + b"[" * 90_000, "nested too deeply"),
        (b"schema = 1\n[[decisions]]\n", "L:2: there is no key `decisions`; did you mean `decision`?"),
        (b"schema = 1\ndecision = [{}]\n", "L:2: `decision` must be written as one"),
        (b"schema = 1\n\n" + BLOCK.replace('"a.py"', "3").encode(), "L:5: `path`: text is expected, not a number"),
        (b"schema = 1\n\n" + BLOCK.replace("open", "opn").encode(), "L:7: `state`: 'opn' is none of open, accepted"),
        (b"schema = 1\n\n" + BLOCK.replace("date", "dat").encode(), "L:8: there is no key `dat`; did you mean `date`?"),
        (b"schema = 1\n\n" + BLOCK.replace("state", "#").encode(), "L:3: this block: `state` is missing"),
        (b"schema = 1\n\n" + BLOCK.replace("1111", "x").encode(), "L:4: `fingerprint`: hexadecimal digits"),
        (b"schema = 1\n\n" + BLOCK.encode() + b"until = 2026-02-30\n", "L:9: not valid TOML"),
    ],
)
def test_nonsense_is_refused_with_its_line(data: bytes, message: str) -> None:
    with pytest.raises(LedgerError) as caught:
        parse(data, "L")
    assert message in str(caught.value)


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 60))
def test_damage_is_refused_or_read_and_never_a_crash(junk: bytes, start: int, length: int) -> None:
    whole = text(ONE, TWO)
    with suppress(LedgerError):  # any other exception fails
        parse(whole[:start] + junk + whole[start + length :], "L")


def test_a_name_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(LedgerError, match="path"):
        text(decision(finding("caf\udce9.py")))


def conflicted(ours: bytes, theirs: bytes, base: str = "") -> bytes:
    parts = (b"<<<<<<< HEAD\n", ours, base.encode(), b"=======\n", theirs, b">>>>>>> topic\n")
    return text(THREE) + b"\n" + b"".join(parts)


def block(one: Decision) -> bytes:
    return text(one).split(b"\n\n", 1)[1]


@pytest.mark.parametrize("base", ["", "||||||| 1234\nwhatever\n"])
def test_a_conflict_is_named_first_and_both_sides_can_be_put_together(base: str) -> None:
    data = conflicted(block(ONE), block(TWO), base)
    with pytest.raises(LedgerError, match=r"L:14: a merge left .*--resolve"):
        parse(data, "L")
    merged, count = resolved(data, "L")
    assert (set(merged.ledger.decision), count) == ({ONE, TWO, THREE}, 1)
    assert parse(merged.render().encode(), "L").ledger == merged.ledger


def test_the_same_decision_on_both_sides_is_one() -> None:
    assert resolved(conflicted(block(ONE), block(ONE)), "L")[0].ledger.decision == (ONE, THREE)


def test_two_minds_about_one_finding_are_for_a_person() -> None:
    other = decision(finding(fingerprint="1"), State.OPEN, date=DAY)
    with pytest.raises(LedgerError, match=r"1111111111111111 ART003 in a\.py"):
        resolved(conflicted(block(ONE), block(other)), "L")


@pytest.mark.parametrize("data", [b"schema = 1\n<<<<<<< a\n", b"schema = 1\n>>>>>>> a\n"])
def test_half_a_conflict_is_for_a_person(data: bytes) -> None:
    with pytest.raises(LedgerError, match=r"L:2: a conflict .* nowhere"):
        resolved(data, "L")
