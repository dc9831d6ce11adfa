"""Runs and verdicts on the page about a project."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reprocheck.model.comparison import Comparison, Curve, Difference, Outcome, Verdict
from reprocheck.model.record import RunState, RunSummary
from reprocheck.model.replay import ExplainingFinding, Repetition, Replay
from reprocheck.model.run_report import ReportedRun, ReportedRuns
from reprocheck.report.html import HTML
from reprocheck.report.reporter import ReportOptions

if TYPE_CHECKING:
    from tests.unit.report.conftest import Build

    from reprocheck.model.scan_result import ScanResult

HOSTILE = "<script>alert(1)</script>\"'>"
CURVE = Curve(name=f"loss {HOSTILE}", left=((0, 3.0), (1, 2.0)), right=((0, 3.0), (1, 2.5)), first=1)


def run(name: str, sequence: int, **changes: object) -> RunSummary:
    plain = RunSummary(id=f"run{sequence}", sequence=sequence, state=RunState.FINISHED, name=name, exit_code=0)
    return RunSummary(**{field: getattr(plain, field) for field in plain.__struct_fields__} | changes)


def replay(*fingerprints: str) -> Replay:
    verdict = Verdict(outcome=Outcome.DIVERGENT, reason=HOSTILE)
    inner = Difference(name="deep", outcome=Outcome.DIVERGENT, left="1", right="2")
    outer = Difference(name="layer", outcome=Outcome.DIVERGENT, children=(inner,))
    differences = (Difference(name="model.pt", outcome=Outcome.DIVERGENT, children=(outer,)),)
    comparison = Comparison(left="a", right="b", differences=differences, verdict=verdict)
    explanations = tuple(
        ExplainingFinding(code="RNG004", rule="r", path="train.py", line=1, message="m", fingerprint=one, what=())
        for one in fingerprints
    )
    return Replay(
        id="r", run="run2", executor="same", tool_version="0", started="", command=("python",), verdict=verdict,
        repetitions=(Repetition(exit_code=0, duration=1, comparison=comparison, curves=(CURVE,)),),
        explanations=explanations,
    )  # fmt: skip


def page(result: ScanResult) -> str:
    return HTML.render(result, ReportOptions())


def test_the_last_verdict_is_open_with_both_curves_and_others_are_folded(build: Build) -> None:
    series = Curve(name="alone", left=((0, 1.0), (1, 2.0)), right=())
    ran = ReportedRuns(
        runs=(
            ReportedRun(run=run("new", 3), series=(series,)),
            ReportedRun(run=run("judged", 2, command=("python", HOSTILE)), replay=replay()),
            ReportedRun(run=run("old", 1), replay=replay()),
        ),
        earlier=7,
    )
    text = page(build.result([], ran=ran))
    opened = re.findall(r'<details class="run [a-z]+" open id="run-(run\d)">', text)
    assert opened == ["run2"]
    assert text.count("<svg") == 3
    assert "loss &lt;script&gt;" in text
    assert "reprocheck replay run3" in text
    assert "7 earlier runs" in text
    assert HOSTILE not in text
    # What is inside of a part is there, and folded.
    assert re.search(r"<details><summary><code>layer</code></summary>.*?<code>deep</code>", text, re.DOTALL)


def test_a_verdict_leads_to_the_finding_that_explains_it_and_back(build: Build) -> None:
    finding = build.finding()
    ran = ReportedRuns(runs=(ReportedRun(run=run("judged", 2), replay=replay(finding.fingerprint, "gone")),))
    text = page(build.result([finding, build.finding(place=build.place(line=40))], ran=ran))
    assert text.count(f'href="#finding-{finding.fingerprint}"') == 1
    assert text.count(f'id="finding-{finding.fingerprint}"') == 1, "twins share a fingerprint, a page has each id once"
    assert 'href="#finding-gone"' not in text
    assert 'why these diverged: <a href="#run-run2">judged</a>' in text
    assert 'id="run-run2"' in text


def test_a_project_without_runs_has_no_such_section(build: Build) -> None:
    text = page(build.result([build.finding()]))
    assert "<h2>Runs</h2>" not in text
    assert 'class="run' not in text
