"""The list: filter, order, groups, cursor and marks."""

from __future__ import annotations

import pytest

from reprocheck.model.finding import Severity
from reprocheck.tui.state.listing import Grouping, Listing, Order
from reprocheck.tui.state.query import parse
from reprocheck.tui.state.table import FindingTable
from tui_screens import SAMPLE, encoded, finding


def table_of(*findings: object) -> FindingTable:
    table = FindingTable()
    table.extend(encoded(findings or SAMPLE))  # type: ignore[arg-type] # findings
    return table


def filtered(text: str) -> list[int]:
    listing = Listing(table_of())
    listing.query = parse(text)
    listing.rebuild()
    return list(listing.lines)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("code:RNG", [2, 3, 4]),
        ("code:rng004,DET", [0, 2, 3]),
        ("sev:error,note", [0, 1]),
        ("path:src/ -code:RNG", [1]),
        ("path:*.py code:DAT", [1]),
        ("path:load.py", [0]),
        ("path:data/*", [0]),
        ("fix:unsafe", [4]),
        ("fix:any", [4]),
        ("fix:safe", []),
        ("rule:seed symbol:train", [2, 3, 4]),
        ("time.time", [2]),
        ("TIME.time model", []),
        ("evidence:untested id:0000", [0, 1, 2, 3, 4]),
        ("evidence:confirmed", []),
        ("state:decided", []),
    ],
)
def test_the_filter_leaves(text: str, left: list[int]) -> None:
    assert filtered(text) == left


def test_states_are_asked_for() -> None:
    listing = Listing(table_of())
    listing.table.states[1], listing.table.states[3] = "accepted", "fixed"
    listing.query = parse("state:decided")
    listing.rebuild()
    assert list(listing.lines) == [1, 3]


def test_findings_are_whole_again_when_they_are_looked_at() -> None:
    table = table_of()
    assert [table.finding(index) for index in range(len(table))] == list(SAMPLE)


def test_orders() -> None:
    listing = Listing(table_of())
    listing.order = Order.SEVERITY
    listing.rebuild()
    assert [listing.table.severities[i] for i in listing.lines] == sorted(
        (one.severity for one in SAMPLE), key=lambda severity: severity.rank
    )
    listing.order = Order.CODE
    listing.rebuild()
    assert list(listing.lines) == [1, 0, 2, 3, 4]


def test_groups_of_rules_put_the_worst_first_and_files_keep_their_order() -> None:
    listing = Listing(table_of())
    listing.grouping = Grouping.RULE
    listing.rebuild()
    assert [group.title for group in listing.groups] == [
        "DET008 unsorted-directory-listing",
        "RNG004 seed-from-clock",
        "RNG011 unseeded-generator",
        "DAT004 unverified-download",
    ]
    assert list(listing.lines) == [-1, 0, -2, 2, 3, -3, 4, -4, 1]
    listing.grouping = Grouping.FILE
    listing.rebuild()
    assert [group.key for group in listing.groups] == ["data/load.py", "src/model.py", "src/train.py"]
    listing.grouping = Grouping.FAMILY
    listing.rebuild()
    assert [group.title for group in listing.groups] == ["DET determinism", "RNG randomness", "DAT data"]


def test_closing_a_group_hides_its_members_and_opening_shows_them() -> None:
    listing = Listing(table_of())
    listing.grouping = Grouping.RULE
    listing.rebuild()
    listing.go_to(3)
    listing.collapse(collapsed=True)
    assert listing.heading is not None
    assert listing.heading.key == "RNG004"
    assert list(listing.lines) == [-1, 0, -2, -3, 4, -4, 1]
    assert listing.matched == 5
    assert listing.targets() == [2, 3]
    listing.collapse(collapsed=False)
    assert 3 in listing.lines


def test_closing_all_groups_keeps_the_cursor_in_its_group() -> None:
    listing = Listing(table_of())
    listing.grouping = Grouping.RULE
    listing.rebuild()
    listing.go_to(4)
    listing.collapse_all()
    assert listing.heading is not None
    assert (listing.heading.key, len(listing.lines)) == ("RNG011", 4)
    listing.collapse_all()
    assert len(listing.lines) == 9


def test_the_cursor_stays_on_its_finding_while_the_filter_narrows() -> None:
    listing = Listing(table_of())
    listing.go_to(4)
    listing.query = parse("code:RNG")
    listing.rebuild()
    assert listing.current == 4
    listing.query = parse("code:DAT")
    listing.rebuild()
    assert listing.current == 1


def test_ranges_marks_and_what_is_under_the_cursor_are_what_a_decision_is_about() -> None:
    listing = Listing(table_of())
    assert listing.targets() == [0]
    listing.anchor = 1
    listing.move(3)
    assert listing.targets() == [1, 2, 3]
    listing.toggle_mark()
    assert listing.marks == {1, 2, 3}
    assert not listing.in_range(2)
    listing.toggle_mark()
    assert listing.targets() == [1, 2]
    listing.mark_all()
    assert listing.targets() == [0, 1, 2, 3, 4]
    listing.mark_all()
    assert listing.marks == set()


def test_another_scan_keeps_cursor_and_marks_on_the_same_findings() -> None:
    listing = Listing(table_of())
    listing.go_to(3)
    listing.marks = {1, 3}
    moved = finding(2, line=9, message="[bold]no markup[/] and no \x1b[31mescape")
    listing.replace_table(table_of(finding(99, path="a.py"), SAMPLE[1], SAMPLE[2], moved))
    assert listing.current == 3
    assert listing.marks == {1}


def test_another_scan_without_the_finding_leaves_the_cursor_near() -> None:
    listing = Listing(table_of())
    listing.move(4)
    listing.replace_table(table_of(*SAMPLE[:2]))
    assert listing.cursor == 1
    listing.replace_table(FindingTable())
    assert listing.current is None
    assert listing.targets() == []


def test_twins_are_told_apart_by_the_nearest_line() -> None:
    twins = [finding(line, line=line, fingerprint="a" * 16) for line in (10, 20, 30)]
    listing = Listing(table_of(*twins))
    listing.move(2)
    shifted = [finding(line, line=line, fingerprint="a" * 16) for line in (11, 21, 31)]
    listing.replace_table(table_of(*shifted))
    assert listing.current == 2


def test_a_narrowed_list_keeps_the_order_that_it_was_given() -> None:
    listing = Listing(table_of())
    listing.only = (4, 0, 2)
    listing.rebuild()
    assert list(listing.lines) == [4, 0, 2]


def test_severity_is_a_letter_beside_the_colour() -> None:
    from reprocheck.tui.state.finding_lines import SEVERITY_MARKS, STATE_MARKS

    assert len(set(SEVERITY_MARKS.values())) == len(Severity)
    assert len(set(STATE_MARKS.values())) == len(STATE_MARKS)
