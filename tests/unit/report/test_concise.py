"""The `concise` format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.model.finding import Severity
from reprocheck.model.place import WHOLE_FILE, Place
from reprocheck.report.concise import CONCISE
from reprocheck.report.reporter import ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.scan_result import ScanResult


def concise(result: ScanResult, options: ReportOptions | None = None) -> str:
    return CONCISE.render(result, options or ReportOptions())


def test_one_line_per_finding_and_a_count(build: Build) -> None:
    found = [
        build.finding(place=build.place("b.py", 7, 2)),
        build.finding("NTB002", build.place("a.ipynb", cell=(5, 3)), severity=Severity.NOTE),
        build.finding("DAT001", build.place("b.py", 7, 1), severity=Severity.ERROR, message="leak"),
        build.finding("PRJ001", Place("setup.cfg", WHOLE_FILE)),
    ]
    assert concise(build.result(found)) == (
        "a.ipynb:cell 5:3:5: NTB002[note] the seed comes from the clock\n"
        "b.py:7:1: DAT001[error] leak\n"
        "b.py:7:2: RNG004[warning] the seed comes from the clock\n"
        "setup.cfg:1:1: PRJ001[warning] the seed comes from the clock\n"
        "4 findings (1 error, 2 warnings, 1 note) in 3 files\n"
    )


def test_nothing_found(build: Build) -> None:
    assert concise(build.result()) == "no findings in 3 files\n"


def test_the_count_tells_what_is_missing(build: Build) -> None:
    found = [build.finding(suppression=build.suppressed()), build.finding(known=True)]
    assert concise(build.result(found, incomplete=("x", "y"))) == (
        "no findings in 3 files, 1 suppressed, 1 in the baseline, incomplete for 2 reasons\n"
    )


def test_findings_set_aside_are_shown_on_request(build: Build) -> None:
    found = [build.finding(suppression=build.suppressed("x")), build.finding("DAT001", known=True)]
    lines = concise(build.result(found), ReportOptions(show_suppressed=True)).splitlines()
    assert lines[0].endswith("DAT001[warning] the seed comes from the clock (in the baseline)")
    assert lines[1].endswith("RNG004[warning] the seed comes from the clock (suppressed)")


def test_a_line_stays_a_line(build: Build) -> None:
    text = concise(build.result([build.finding(place=build.place("a\nb.py"), message="x\ny\u2028z")]))
    assert text.splitlines()[0] == "a\\nb.py:12:5: RNG004[warning] x\\ny\\u2028z"


def test_colours(build: Build) -> None:
    line = concise(build.result([build.finding()]), ReportOptions(color=True)).splitlines()[0]
    assert line == (
        "\x1b[1mtrain.py:12:5\x1b[0m: \x1b[1mRNG004\x1b[0m[\x1b[1;33mwarning\x1b[0m] the seed comes from the clock"
    )


def test_statistics_stand_before_the_count(build: Build) -> None:
    lines = concise(build.result([build.finding()]), ReportOptions(statistics=True)).splitlines()
    assert lines[1:] == ["", "Findings by rule", "  1  RNG004 seed-from-clock", "", "1 finding (1 warning) in 3 files"]
