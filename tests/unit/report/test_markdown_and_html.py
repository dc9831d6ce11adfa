"""Reports for readers of Markdown and of a browser: nothing in them comes from outside or runs."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec
import pytest

from reprocheck.model.audit import Advisory, AdvisorySource, Audit, Rating, Unaudited, Vulnerable
from reprocheck.model.finding import Finding
from reprocheck.model.fix import Fix, Safety
from reprocheck.model.practice import Standing
from reprocheck.model.scorecard import Head, Item, NextStep, Scorecard, Sign
from reprocheck.report.formats import FORMATS
from reprocheck.report.html import HTML
from reprocheck.report.html_page import POLICY
from reprocheck.report.markdown import MARKDOWN
from reprocheck.report.markdown_text import code, plain
from reprocheck.report.reporter import ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.scan_result import ScanResult

VOID = {"meta", "br", "input"}
ATTACK = "<script>alert(1)</script> `</code><img src=x onerror=y>` \"'> [x](javascript:y) | a | @everyone https://e.org"


class Page(HTMLParser):
    """Reads a page and checks that its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.text = ""
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        else:
            self.text += data


def attacked(build: Build) -> ScanResult:
    """A result in which every text tries to be markup."""
    place = build.place(f"{ATTACK}.py", excerpt=build.excerpt(ATTACK, mark="alert"))
    finding: Finding = build.finding(place=place, rule=ATTACK, message=ATTACK, trail=(build.step(ATTACK, ATTACK),))
    advisory = Advisory(id=ATTACK, aliases=(ATTACK,), summary=ATTACK, rating=Rating.HIGH, fixed=(ATTACK,))
    audit = Audit(
        source=AdvisorySource(kind="database", name=ATTACK, commit=ATTACK, date=ATTACK),
        audited=1,
        vulnerable=(Vulnerable(package=ATTACK, version=ATTACK, place=place, advisories=(advisory,)),),
        unaudited=(Unaudited(package=ATTACK, reason=ATTACK, place=place),),
    )
    return build.result([finding], incomplete=(ATTACK,), audit=audit, scorecard=card(build, ATTACK))


def card(build: Build, text: str) -> Scorecard:
    sign = Sign(build.place(f"{text}.py"), text)
    items = (
        Item(key="PRJ002", title=text, standing=Standing.MET, looked_at=text, found=(sign,) * 6, tests="Infra 2"),
        Item(key="PRJ004", title=text, standing=Standing.MISSING, looked_at=text, against=(sign,), earn=text),
        Item(key="count:DAT", title=text, standing=Standing.PARTLY, looked_at=text, against=(sign,), earn=text),
        Item(key="PRJ008", title=text, standing=Standing.NOT_APPLICABLE, looked_at=text),
    )
    step = NextStep(head="data", key="PRJ004", title=text, earn=text, reason=text)
    return Scorecard(heads=(Head(name="data", items=items), Head(name="monitoring", items=items[3:])), steps=(step,))


def test_a_page_holds_no_markup_of_scanned_code(build: Build) -> None:
    page = Page(HTML.render(attacked(build), ReportOptions(show_suppressed=True)))
    assert page.open == []
    assert page.scripts == [files("reprocheck.report").joinpath("html_behaviour.js").read_text("utf-8")]
    assert not page.tags & {"img", "iframe", "a", "link", "object", "form", "base"}
    assert not {name for name, _ in page.attributes} & {"src", "href", "onerror", "onclick", "action"}
    assert page.text.count("<script>alert(1)</script>") > 10


def test_a_page_may_load_nothing(build: Build) -> None:
    text = HTML.render(build.result([build.finding()]), ReportOptions())
    page = Page(text)
    [script] = page.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert ("content", f"{POLICY}; script-src 'sha256-{digest}'") in page.attributes
    assert POLICY.startswith("default-src 'none'")
    assert "url(" not in text
    assert "@import" not in text


def test_a_page_counts_findings_by_folder_and_family(build: Build) -> None:
    places = ["a.py", "src/net/deep/a.py", "src/net/b.py", "src/net/b.py"]
    found = [build.finding(place=build.place(path)) for path in places]
    text = HTML.render(build.result([*found, build.finding(place=build.place("a.py"), code="DAT001")]), ReportOptions())
    cells = re.findall(r'data-filter="([^"]+)">([0-9,]+)<', text)
    family = found[0].code.rstrip("0123456789")
    assert ("path:src/net/ code:" + family, "3") in cells
    assert ("code:DAT", "1") in cells
    assert ("path:src/net/", "3") in cells


def test_a_page_names_the_repair_of_a_finding(build: Build) -> None:
    fix = Fix("sort the `listing`", Safety.SAFE, ())
    text = HTML.render(build.result([build.finding(fix=fix)]), ReportOptions())
    assert "sort the <code>listing</code> (<code>reprocheck scan --fix</code>)" in text


def test_a_page_marks_the_place_in_the_code(build: Build) -> None:
    excerpt = build.excerpt("def f():", "\tseed(now())", mark="now()", first_line=9)
    text = HTML.render(build.result([build.finding(place=build.place(excerpt=excerpt))]), ReportOptions())
    assert '<span class="dim">10</span>      seed(<mark>now()</mark>)' in text


def test_a_page_explains_a_rule_once(build: Build) -> None:
    text = HTML.render(build.result([build.finding(), build.finding(place=build.place(line=40))]), ReportOptions())
    assert text.count("Nobody can set a seed again") == 1


@pytest.mark.parametrize("name", ["full", "markdown", "html"])
def test_a_repair_that_announces_code_shows_it(build: Build, name: str) -> None:
    rule = msgspec.structs.replace(build.rules()["RNG004"], fix=f"Say which:\n\n    seed = 7  # {ATTACK}\n\nOnce.")
    result = build.result([build.finding()], rules={"RNG004": rule})
    text = FORMATS[name].render(result, ReportOptions())
    assert "Say which:" in text
    assert "seed = 7  # " in text
    assert "Once." not in text
    if name == "html":
        assert "script>alert" not in text


def test_markdown_keeps_text_as_text(build: Build) -> None:
    text = MARKDOWN.render(attacked(build), ReportOptions())
    outside = re.sub(r"<code>.*?</code>|(`+).+?\1", "", text)
    assert "<script>" not in outside.replace("\\<script\\>", "")
    assert "@everyone" not in outside
    assert "https://" not in outside
    assert "[x](" not in outside
    rows = [line for line in text.splitlines() if line.startswith("| ") and "PRJ004" in line]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b*c", r"a\_b\*c"),
        ("`x_y` and z_", r"`x_y` and z\_"),
        ("# no heading", r"\# no heading"),
        ("two\nlines", "two lines"),
        ("`a|b`", "<code>a&#124;b</code>"),
        ("see https://e.org @you", "see https&#58;//e.org &#64;you"),
    ],
)
def test_plain_text(text: str, written: str) -> None:
    assert plain(text) == written


@pytest.mark.parametrize(("text", "written"), [("a`b", "``a`b``"), ("`", "`` ` ``"), ("", ""), ("a b", "`a b`")])
def test_code(text: str, written: str) -> None:
    assert code(text) == written


def test_markdown_lists_so_many_findings_and_says_how_many_more(build: Build) -> None:
    many = [build.finding(place=build.place(line=line)) for line in range(1, 251)]
    text = MARKDOWN.render(build.result(many), ReportOptions())
    assert text.count("\n- **RNG004** ") == 200
    assert "50 more are left out here" in text


@pytest.mark.parametrize("name", ["full", "markdown", "html"])
def test_a_scorecard_shows_evidence_beside_every_score(build: Build, name: str) -> None:
    text = FORMATS[name].render(build.result(scorecard=card(build, "train")), ReportOptions())
    for part in ("train.py:12", "PRJ004", "Infra 2", "Breck et al."):
        assert part in text
    assert "1.5 of 3" in text


def test_the_overall_score_is_that_of_the_weakest_head(build: Build) -> None:
    whole = card(build, "x")
    met = Head(name="model", items=whole.heads[0].items[:1])
    both = Scorecard(heads=(whole.heads[0], met, whole.heads[1]), steps=())
    assert [head.share for head in both.heads] == [0.5, 1.0, None]
    assert both.overall == 0.5
    assert both.weakest is whole.heads[0]
    assert Scorecard(heads=(whole.heads[1],), steps=()).overall is None


def test_a_terminal_without_unicode_gets_ascii(build: Build) -> None:
    text = FORMATS["full"].render(build.result(scorecard=card(build, "ä")), ReportOptions(unicode=False))
    assert text.isascii()
    assert "##########.........." in text
