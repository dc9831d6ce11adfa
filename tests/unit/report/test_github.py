"""The `github` format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.model.place import WHOLE_FILE, Place
from reprocheck.report.github import GITHUB
from reprocheck.report.reporter import ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.scan_result import ScanResult


def github(result: ScanResult) -> str:
    return GITHUB.render(result, ReportOptions())


def test_severities_become_commands(build: Build) -> None:
    found = [
        build.finding(place=build.place(line=line), severity=severity)
        for line, severity in ((1, Severity.ERROR), (2, Severity.WARNING), (3, Severity.NOTE))
    ]
    tail = "endColumn=15,title=RNG004 seed-from-clock::the seed comes from the clock\n"
    assert github(build.result(found)) == (
        f"::error file=train.py,line=1,col=5,endLine=1,{tail}"
        f"::warning file=train.py,line=2,col=5,endLine=2,{tail}"
        f"::notice file=train.py,line=3,col=5,endLine=3,{tail}"
    )


def test_nothing_found_says_nothing(build: Build) -> None:
    assert github(build.result()) == ""


def test_escapes_data_and_properties(build: Build) -> None:
    finding = build.finding(place=build.place("a,b:c%.py"), rule="x:y,z", message="50%, a:b\r\n::error::forged")
    assert github(build.result([finding])) == (
        "::warning file=a%2Cb%3Ac%25.py,line=12,col=5,endLine=12,endColumn=15,title=RNG004 x%3Ay%2Cz"
        "::50%25, a:b%0D%0A::error::forged\n"
    )


def test_no_columns_over_several_lines(build: Build) -> None:
    text = github(build.result([build.finding(place=build.place(line=3, end_line=5, end_column=2))]))
    assert text.startswith("::warning file=train.py,line=3,endLine=5,title=")


def test_a_whole_file_is_annotated_at_its_first_line(build: Build) -> None:
    text = github(build.result([build.finding(place=Place("a.py", WHOLE_FILE))]))
    assert text.startswith("::warning file=a.py,line=1,title=")


def test_a_notebook_is_annotated_at_its_own_line_and_names_the_cell(build: Build) -> None:
    text = github(build.result([build.finding(place=build.place("n.ipynb", 80, cell=(5, 3)))]))
    assert text.startswith("::warning file=n.ipynb,line=80,")
    assert text.endswith("::cell 5, line 3: the seed comes from the clock\n")


def test_findings_set_aside_are_left_out(build: Build) -> None:
    assert github(build.result([build.finding(suppression=build.suppressed()), build.finding(known=True)])) == ""


def test_an_incomplete_scan_warns(build: Build) -> None:
    text = github(build.result(incomplete=("a.py: 100% broken\nreally",)))
    assert text == "::warning title=reprocheck scan incomplete::a.py: 100%25 broken%0Areally\n"
