"""The `full` format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.place import WHOLE_FILE, Place
from reprocheck.model.rule_info import RuleInfo
from reprocheck.model.scan_result import FileCounts
from reprocheck.report.console import FULL
from reprocheck.report.reporter import ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.finding import Finding
    from reprocheck.model.scan_result import ScanResult

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def full(result: ScanResult, options: ReportOptions | None = None) -> str:
    return FULL.render(result, options or ReportOptions())


def sample(build: Build) -> list[Finding]:
    seed = build.place(
        "src/train.py",
        excerpt=build.excerpt(
            "def main():", "    np.random.seed(int(time()))", "    fit()", mark="int(time())", first_line=11
        ),
    )
    trail = (
        build.step("the clock is read", "src/clock.py", 3, "    return int(time())"),
        build.step("and the value travels through three more calls until it seeds NumPy", "src/train.py", 12),
    )
    return [
        build.finding(place=build.place("src/train.py", 40)),
        build.finding(place=seed, trail=trail, evidence="confirmed by 01J8"),
        build.finding("DAT001", build.place("data.py"), severity=Severity.ERROR, message="fitted before the split"),
        build.finding("NTB002", build.place("n.ipynb", cell=(5, 3)), severity=Severity.NOTE, message="ran late"),
    ]


EXPECTED = """\
── data.py ─────────────────────────────────────────────────────────── 1 finding

data.py:12:5  error DAT001 split-leak
  fitted before the split

  why  The test set shapes the model.
  fix  Split first.

── n.ipynb ─────────────────────────────────────────────────────────── 1 finding

n.ipynb · cell 5:3  note NTB002 out-of-order
  ran late

── src/train.py ───────────────────────────────────────────────────── 2 findings

src/train.py:12:5  warning RNG004 seed-from-clock
  the seed comes from the clock

  11 │ def main():
  12 │     np.random.seed(int(time()))
     │                    ^^^^^^^^^^^
  13 │     fit()

  1. src/clock.py:3:8  the clock is read
     > return int(time())
  2. src/train.py:12:8
     and the value travels through three more calls until it seeds NumPy

  why       Nobody can set a seed again that nobody wrote down.
  fix       Use a constant, or log the value that was drawn.
  evidence  confirmed by 01J8

src/train.py:40:5  warning RNG004 seed-from-clock
  the seed comes from the clock

  why and fix: see the first RNG004 above

                     errors  warnings     notes
  RNG  randomness         ·         2         ·
  DAT  data               1         ·         ·
  NTB  notebooks          ·         ·         1

4 findings (1 error, 2 warnings, 1 note) in 3 files
"""


def test_the_whole_report(build: Build) -> None:
    assert full(build.result(sample(build))) == EXPECTED


def test_colours_change_nothing_but_colours(build: Build) -> None:
    colored = full(build.result(sample(build)), ReportOptions(color=True))
    assert STYLE.sub("", colored) == EXPECTED
    assert "\x1b[1;31merror\x1b[0m" in colored
    assert "\x1b[1;33mwarning\x1b[0m" in colored


def test_colours_ignore_the_environment(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    result = build.result(sample(build))
    before = full(result, ReportOptions(color=True))
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "20"), ("FORCE_COLOR", "1")):
        monkeypatch.setenv(name, value)
    assert full(result, ReportOptions(color=True)) == before
    assert full(result) == EXPECTED


def test_ascii_output_says_the_same(build: Build) -> None:
    text = full(build.result(sample(build)), ReportOptions(unicode=False))
    assert text.isascii()
    assert "-- n.ipynb -" in text
    assert "n.ipynb: cell 5:3  note" in text
    assert "  12 |     np.random.seed" in text


def test_no_line_is_wider_than_the_terminal(build: Build) -> None:
    long = build.finding(message="word " * 60, evidence="word " * 40)
    for width in (60, 80, 100):
        lines = full(build.result([*sample(build), long]), ReportOptions(width=width)).splitlines()
        assert max(map(len, lines)) <= width


def test_a_headline_that_is_too_long_is_broken(build: Build) -> None:
    place = build.place("a/" * 30 + "b.py", 3, 1)
    assert f"{place.path}:3:1\n  warning RNG004 seed-from-clock\n" in full(build.result([build.finding(place=place)]))


def test_a_finding_about_a_file_has_no_line(build: Build) -> None:
    text = full(build.result([build.finding("PRJ001", Place("a.py", WHOLE_FILE))]))
    assert "\na.py  warning PRJ001 some-rule\n" in text


def test_low_confidence_is_said(build: Build) -> None:
    low = build.finding(confidence=Confidence.LOW)
    medium = build.finding(confidence=Confidence.MEDIUM)
    assert "seed-from-clock (low confidence)\n" in full(build.result([low]))
    assert "confidence" not in full(build.result([medium]))
    assert "seed-from-clock (medium confidence) id c0ffee\n" in full(
        build.result([medium]), ReportOptions(verbose=True)
    )


def test_verbose_explains_every_finding(build: Build) -> None:
    text = full(build.result(sample(build)), ReportOptions(verbose=True))
    assert text.count("Nobody can set a seed again") == 2
    assert "see the first" not in text


def test_a_rule_without_explanation_gives_no_hint(build: Build) -> None:
    text = full(build.result([build.finding("NTB002"), build.finding("NTB002", build.place(line=90))]))
    assert "why" not in text


def test_markup_in_messages_is_text(build: Build) -> None:
    text = full(build.result([build.finding(message="x[bold]y[/bold] [link=a]")]), ReportOptions(color=True))
    assert "x[bold]y[/bold] [link=a]" in text


class TestSetAside:
    def test_suppressed_and_known_findings_are_only_counted(self, build: Build) -> None:
        found = [
            build.finding(suppression=build.suppressed("a benchmark")),
            build.finding(known=True),
            build.finding(known=True, suppression=build.suppressed(kind="baseline")),
        ]
        assert full(build.result(found)) == "✓ No findings in 3 files\n1 suppressed · 2 in the baseline\n"

    def test_they_are_listed_on_request_without_explanation(self, build: Build) -> None:
        found = [
            build.finding(suppression=build.suppressed("a benchmark")),
            build.finding("DAT001", build.place(line=20), known=True),
        ]
        text = full(build.result(found), ReportOptions(show_suppressed=True))
        assert "  the seed comes from the clock\n  (suppressed: a benchmark)\n" in text
        assert "  (in the baseline)\n" in text
        assert "why" not in text
        assert "No findings in 3 files\n" in text

    def test_they_do_not_use_up_the_explanation(self, build: Build) -> None:
        found = [build.finding(suppression=build.suppressed()), build.finding(place=build.place(line=90))]
        text = full(build.result(found), ReportOptions(show_suppressed=True))
        assert text.index("Nobody can set") > text.index("train.py:90:5")


class TestEnding:
    def test_no_findings(self, build: Build) -> None:
        assert full(build.result()) == "✓ No findings in 3 files\n"
        assert full(build.result(), ReportOptions(unicode=False)) == "No findings in 3 files\n"

    def test_no_files(self, build: Build) -> None:
        assert full(build.result(files=FileCounts())) == "No files to look at\n"

    def test_what_was_not_seen_is_said(self, build: Build) -> None:
        text = full(build.result(incomplete=("bad.py: invalid syntax",), not_audited=True))
        assert text == (
            "No findings in 3 files, as far as could be seen\n"
            "dependencies not audited (--audit)\n"
            "Incomplete:\n"
            "  - bad.py: invalid syntax\n"
        )

    def test_a_long_list_of_reasons_is_cut_unless_verbose(self, build: Build) -> None:
        result = build.result(incomplete=tuple(f"f{number}.py: broken" for number in range(8)))
        assert full(result).endswith("  - f4.py: broken\n    and 3 more (-v lists all)\n")
        assert full(result, ReportOptions(verbose=True)).endswith("  - f7.py: broken\n")

    def test_kinds_of_files(self, build: Build) -> None:
        files = FileCounts(python=1200, notebooks=1, documents=2)
        text = full(build.result([build.finding()], files=files, not_audited=True))
        assert text.endswith(
            "1 finding (1 warning) in 1,203 files\n"
            "1,200 Python · 1 notebook · 2 others · dependencies not audited (--audit)\n"
        )

    def test_only_severities_that_occur_have_a_column(self, build: Build) -> None:
        assert "                   warnings\n  RNG  randomness         1\n" in full(build.result([build.finding()]))

    def test_families_of_users_rules_are_named_after_their_origin(self, build: Build) -> None:
        rule = RuleInfo(
            code="ACME001",
            name="x",
            severity=Severity.NOTE,
            confidence=Confidence.HIGH,
            summary="X.",
            origin="rules/own.toml",
        )
        text = full(build.result([build.finding("ACME001"), build.finding()], rules={"ACME001": rule}))
        assert "  RNG   randomness " in text
        assert "  ACME  rules/own.toml " in text

    def test_a_long_list_ends_with_how_to_narrow_it_down(self, build: Build) -> None:
        found = [build.finding(place=build.place(line=line)) for line in range(1, 202)]
        last = full(build.result(found)).splitlines()[-1]
        assert last == "Narrow down: --select RNG for one family, -o concise for one line per finding"
        assert "Narrow down" not in full(build.result(found[:200]))

    def test_statistics(self, build: Build) -> None:
        text = full(build.result(sample(build)), ReportOptions(statistics=True))
        assert (
            "Findings by rule\n  2  RNG004 seed-from-clock\n  1  DAT001 split-leak\n  1  NTB002 out-of-order\n\n"
        ) in text
        assert "Findings by rule" not in full(build.result(), ReportOptions(statistics=True))


def test_hyperlinks_point_below_the_root(build: Build) -> None:
    result = build.result([build.finding(place=build.place("a b.py"))])
    link = "\x1b]8;;file:///r/a%20b.py\x1b\\a b.py:12:5\x1b]8;;\x1b\\  warning"
    assert link in full(result, ReportOptions(hyperlinks=True, root_uri="file:///r"))
    assert "\x1b" not in full(result, ReportOptions(hyperlinks=True))
    assert "\x1b" not in full(result, ReportOptions(root_uri="file:///r"))
