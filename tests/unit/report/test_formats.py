"""What holds for every format."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING

import pytest

from reprocheck.report.formats import FORMATS, ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.scan_result import ScanResult

EVERY_FORMAT = pytest.mark.parametrize("name", FORMATS)
EVERY_OPTION = pytest.mark.parametrize(
    "options",
    [
        ReportOptions(),
        ReportOptions(color=True, hyperlinks=True, root_uri="file:///r", statistics=True, verbose=True),
        ReportOptions(show_suppressed=True, unicode=False, statistics=True, width=40),
        ReportOptions(show_suppressed=True, color=True, unicode=False),
    ],
    ids=["plain", "rich", "ascii", "colored-ascii"],
)
OWN_SEQUENCES = re.compile(r"\x1b\[[0-9;]+m|\x1b\]8;;[!-~]*\x1b\\")
"""Colours and hyperlinks, the only escape sequences that we write."""
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def test_formats_by_name() -> None:
    machines = ["json", "jsonl", "sarif", "github", "gitlab", "junit", "rdjson"]
    assert list(FORMATS) == ["full", "concise", *machines, "markdown", "html"]
    assert all(name == reporter.name and reporter.description for name, reporter in FORMATS.items())


@EVERY_FORMAT
@EVERY_OPTION
def test_no_format_emits_what_scanned_code_smuggles(hostile: ScanResult, name: str, options: ReportOptions) -> None:
    text = FORMATS[name].render(hostile, options)
    assert UNSAFE.search(OWN_SEQUENCES.sub("", text)) is None
    assert "title" in text
    text.encode("utf-8")


@EVERY_FORMAT
@EVERY_OPTION
def test_only_the_asked_for_sequences_are_written(hostile: ScanResult, name: str, options: ReportOptions) -> None:
    text = FORMATS[name].render(hostile, options)
    if not options.color:
        assert "\x1b[" not in text
    if not options.hyperlinks:
        assert "\x1b]" not in text
    if name in {"full", "concise"} and not options.unicode:
        assert text.isascii()


@EVERY_FORMAT
@EVERY_OPTION
def test_the_order_of_findings_in_the_result_does_not_matter(build: Build, name: str, options: ReportOptions) -> None:
    found = [
        build.finding(code, build.place(path, line), fingerprint=f"{number:04x}")
        for number, (code, path, line) in enumerate(
            (code, path, line) for code in ("RNG004", "DAT001") for path in ("b.py", "a.py") for line in (9, 10)
        )
    ]
    expected = FORMATS[name].render(build.result(found), options)
    for seed in range(3):
        shuffled = random.Random(seed).sample(found, len(found))  # noqa: S311 -- the order of a test, not a secret
        assert FORMATS[name].render(build.result(shuffled), options) == expected


@EVERY_FORMAT
def test_lines_end_with_line_feeds(build: Build, name: str) -> None:
    text = FORMATS[name].render(build.result([build.finding()]), ReportOptions())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\r" not in text


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_objects_are_indented_by_two(build: Build, name: str) -> None:
    text = FORMATS[name].render(build.result([build.finding()]), ReportOptions())
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
