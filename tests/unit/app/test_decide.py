"""Deciding, taking back and undoing, while others do the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from decided import finding
from reprocheck.app.decide import Change, Ruling, View, decide, forget, look, marked, reopen, undo, update
from reprocheck.config import Config
from reprocheck.model.finding import Finding, Suppression
from reprocheck.model.ledger import Decision, State
from reprocheck.triage.errors import LedgerError

ONE, TWIN, OTHER = finding(line=3), finding(context="0b", line=9), finding("b.py", fingerprint="e")
ALL = (ONE, TWIN, OTHER)
OURS = Ruling(state=State.ACCEPTED, reason="ours", author="Ada")
THEIRS = Ruling(state=State.FALSE_POSITIVE, reason="theirs", author="Bob")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for name in ("a.py", "b.py"):
        (tmp_path / name).touch()
    return Config(root=tmp_path)


def see(config: Config, findings: Sequence[Finding] = ALL, *, whole: bool = True) -> View:
    return look(config, findings, whole=whole)


def ledger(config: Config) -> tuple[Decision, ...]:
    return see(config).ledger.decision


def test_a_decision_marks_its_finding_and_no_twin(config: Config) -> None:
    change = decide(config, see(config), [ONE], OURS)
    assert [(one.path, one.reason, one.author) for one in change.added] == [("a.py", "ours", "Ada")]
    assert marked(see(config)) == (
        msgspec.structs.replace(ONE, suppression=Suppression("ledger", "ours", state="accepted")),
        TWIN,
        OTHER,
    )
    gone = (TWIN, OTHER)
    assert marked(see(config, gone)) == gone


def test_marks_are_taken_off_again_and_comments_stay(config: Config) -> None:
    comment = msgspec.structs.replace(TWIN, suppression=Suppression("inline", "why"))
    decide(config, see(config), [ONE, TWIN], OURS)
    before = marked(see(config, (ONE, comment)))
    assert before[1] == comment
    forget(config, ledger(config))
    assert marked(see(config, before)) == (ONE, comment)


def test_undo_puts_everything_back_and_undoes_itself(config: Config) -> None:
    decide(config, see(config), [ONE], THEIRS)
    first = (config.root / ".reprocheck-ledger.toml").read_bytes()
    change = decide(config, see(config), [ONE, OTHER], OURS)
    second = (config.root / ".reprocheck-ledger.toml").read_bytes()
    back = undo(config, change)
    assert (config.root / ".reprocheck-ledger.toml").read_bytes() == first
    undo(config, back)
    assert (config.root / ".reprocheck-ledger.toml").read_bytes() == second


def test_what_others_decided_meanwhile_about_other_findings_stays(config: Config) -> None:
    view = see(config)
    decide(config, view, [OTHER], THEIRS)
    assert decide(config, view, [ONE], OURS).overtaken == ()
    assert [one.reason for one in ledger(config)] == ["theirs", "ours"]


@pytest.mark.parametrize("how", ["decide", "reopen"])
def test_what_others_decided_meanwhile_about_the_same_finding_stays_and_is_said(config: Config, how: str) -> None:
    view = see(config)
    theirs = decide(config, view, [ONE], THEIRS).added
    chosen = [ONE, OTHER]
    change = decide(config, view, chosen, OURS) if how == "decide" else reopen(config, view, chosen)
    assert change.overtaken == theirs
    assert [one.reason for one in ledger(config)] == (["ours", "theirs"] if how == "decide" else ["theirs"])


def test_undo_leaves_alone_what_others_changed_again(config: Config) -> None:
    change = decide(config, see(config), [ONE, OTHER], OURS)
    theirs = decide(config, see(config), [ONE], THEIRS)
    undone = undo(config, change)
    assert (undone.removed, undone.overtaken) == (change.added[1:], theirs.added)
    assert ledger(config) == theirs.added
    taken_back = reopen(config, see(config), [ONE])
    again = decide(config, see(config), [ONE], OURS)
    assert undo(config, taken_back).overtaken == again.added


def test_a_twin_left_open_stays_open_when_the_decided_one_is_gone(config: Config) -> None:
    decide(config, see(config), [ONE], OURS)
    assert marked(see(config, [TWIN])) == (TWIN,)
    elsewhere = finding("b.py", line=1)
    decide(config, see(config, [ONE, elsewhere]), [ONE], OURS)
    (config.root / "a.py").unlink()
    assert marked(see(config, [elsewhere])) == (elsewhere,)


def test_deciding_about_an_unclear_twin_settles_it(config: Config) -> None:
    decide(config, see(config, [ONE]), [ONE], OURS)
    both = [finding(context="0c", line=3), finding(context="0d", line=4)]
    assert [bool(standing.unclear) for standing in see(config, both).standings] == [True, True]
    decide(config, see(config, both), [both[1]], OURS)
    assert [f.suppression is not None for f in marked(see(config, both))] == [False, True]
    assert len(ledger(config)) == 1


def test_findings_that_nothing_tells_apart_are_decided_together_or_not_at_all(config: Config) -> None:
    both = [finding(line=3), finding(line=4)]
    with pytest.raises(LedgerError, match=r"2 findings of ART003 .* a\.py:3, a\.py:4"):
        decide(config, see(config, both), both[:1], OURS)
    assert not (config.root / ".reprocheck-ledger.toml").exists()
    decide(config, see(config, both), both, OURS)
    assert all(f.suppression is not None for f in marked(see(config, both)))


def test_update_writes_down_where_findings_stand(config: Config) -> None:
    decide(config, see(config, [ONE]), [ONE], OURS)
    (config.root / "a.py").rename(config.root / "c.py")
    renamed = [finding("c.py", line=3)]
    view = see(config, renamed)
    [found] = marked(view)
    assert found.suppression is not None
    assert (found.suppression.moved_from, "a.py, which is gone" in found.suppression.reason) == ("a.py", True)
    assert update(config, view).added[0].path == "c.py"
    assert marked(see(config, renamed))[0].suppression == Suppression("ledger", "ours", state="accepted")


def test_a_refused_decision_changes_nothing(config: Config) -> None:
    strange = finding("caf\udce9.py")
    with pytest.raises(LedgerError, match="not valid Unicode"):
        decide(config, see(config, [ONE, strange]), [ONE, strange], OURS)
    assert ledger(config) == ()
    assert undo(config, Change()) == Change()
