"""A replay in every format: the verdict first, both curves, and nothing that a name can break."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from reprocheck.model.comparison import Because, Comparison, Curve, Difference, Distance, Outcome, Verdict
from reprocheck.model.gap import Gap
from reprocheck.model.plan import Executor, Link, Need, Origin, Plan, Purpose, Sourced
from reprocheck.model.replay import ExplainingFinding, Repetition, Replay, Suspect, TraceDifference
from reprocheck.report.comparison_words import distance_text
from reprocheck.report.curves import curve_lines, curve_svg
from reprocheck.report.paint import Paint
from reprocheck.report.replay import plan_text
from reprocheck.report.replay_formats import REPLAY_FORMATS, ReplayView

HOSTILE = "<script>&'\"|`\x1b]]>--"
CURVE = Curve(
    name=f"log{HOSTILE}.jsonl:loss", left=((0, 3.0), (1, 2.0), (2, 1.0)), right=((0, 3.0), (1, 2.5), (2, 2.0)), first=1
)
DIFFERENCES = (
    Difference(name="exit code", kind="exit code", outcome=Outcome.IDENTICAL, left="0", right="0"),
    Difference(
        name="out/log.jsonl",
        kind="jsonl",
        outcome=Outcome.DIVERGENT,
        message="first at step 1",
        children=(Difference(name=HOSTILE, outcome=Outcome.DIVERGENT, left="1", right="2"),),
    ),
    Difference(name="model.pt", kind="torch", outcome=Outcome.EQUIVALENT, because=(Because.METADATA,)),
    Difference(name="gone.bin", outcome=Outcome.DIVERGENT, message="the replay did not write it"),
)
SCHEMA = json.loads(Path(__file__).with_name("sarif_subset.schema.json").read_text(encoding="utf-8"))


def replay(outcome: Outcome = Outcome.DIVERGENT, differences: tuple[Difference, ...] = DIFFERENCES) -> Replay:
    verdict = Verdict(outcome=outcome, reason="1 artifact diverges")
    repetition = Repetition(
        exit_code=0,
        duration=1_500_000_000,
        comparison=Comparison(left="run", right="replay", differences=differences, verdict=verdict),
        suspects=(Suspect(what="environment.packages numpy", recorded="1.0", replayed="2.0"),),
        trace=TraceDifference(step=1, what="loss", steps=3),
        curves=(CURVE,),
    )
    return Replay(
        id="replay",
        run="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        executor="same",
        tool_version="1",
        started="",
        command=("python", "train.py", HOSTILE),
        verdict=verdict,
        repetitions=(repetition,),
        gaps=(Gap("files", "one was not seen", "It is missing"),),
        remedy="look at it",
    )


def written(form: str, one: Replay, **view: Any) -> str:  # noqa: ANN401 — any option
    return REPLAY_FORMATS[form](one, ReplayView(**view))


@pytest.mark.parametrize("form", REPLAY_FORMATS)
def test_every_format_says_verdict_result_and_gap_and_stays_printable(form: str) -> None:
    text = written(form, replay())
    assert "divergent" in text
    assert "log.jsonl" in text
    assert "\x1b" not in text
    if form != "junit":
        assert "one was not seen" in text


@pytest.mark.parametrize("form", ["console", "markdown", "html"])
def test_findings_that_may_explain_a_divergence_are_named(form: str) -> None:
    finding = ExplainingFinding(
        code="RNG011",
        rule="estimator-without-random-state",
        path="train.py",
        line=7,
        message="`KMeans` draws at random",
        fingerprint="0123456789abcdef",
        what=("seed of numpy",),
    )
    text = written(form, msgspec.structs.replace(replay(), explanations=(finding,)))
    assert "indings that may explain it" in text
    assert "train.py:7" in text
    assert "RNG011" in text
    assert "indings that may explain it" not in written(form, replay())


def test_a_long_tree_is_cut_unless_all_is_asked_for() -> None:
    parts = tuple(
        Difference(name=f"part{n}", outcome=Outcome.DIVERGENT, message="differs", left="1", right="2") for n in range(8)
    )
    outer = tuple(Difference(name=f"outer{n}", outcome=Outcome.DIVERGENT, children=parts) for n in range(8))
    one = replay(differences=(Difference(name="big.pkl", outcome=Outcome.DIVERGENT, children=outer),))
    short, whole = written("console", one), written("console", one, verbose=True)
    assert "more lines (-v shows all)" in short
    assert len(re.findall(r"part\d", short)) < 24
    assert len(re.findall(r"part\d", whole)) == 64


def test_ulp_are_counted_only_where_they_say_more_than_the_distance() -> None:
    near = Distance(elements=1, differing=1, max_ulp=3, max_absolute=1e-7, max_relative=1e-7)
    far = Distance(elements=1, differing=1, max_ulp=450_359_962_737_049, max_absolute=0.05, max_relative=0.06)
    assert distance_text(near).startswith("3 ULP")
    assert distance_text(far) == "0.05 absolute, 0.06 relative"


def test_a_plot_shows_both_curves_and_where_they_agree() -> None:
    assert curve_lines(CURVE, 31) == [
        "3 |##xx",
        "  |  ..#xxxxx",
        "  |     .... xxxxxxx",
        "  |         ...     xxxxxx",
        "  |            ...        xxxx",
        "  |               ...",
        "  |                  ....",
        "  |                      ...",
        "1 |                         ..",
        "  +---------------------------",
        "   0                         2",
    ]


@pytest.mark.parametrize("curve", [CURVE, Curve(name="flat", left=((1, 5.0), (1, 5.0)), right=((1, 5.0), (1, 5.0)))])
def test_a_drawing_is_well_formed_and_holds_two_lines(curve: Curve) -> None:
    image = ET.fromstring(curve_svg(curve))  # noqa: S314 — our own
    lines = [element.attrib["points"] for element in image.iter("polyline")]
    assert [len(points.split()) for points in lines] == [len(curve.left), len(curve.right)]
    for points in lines:
        for place in points.split():
            across, down = map(float, place.split(","))
            assert 0 <= across <= 640
            assert 0 <= down <= 220


def test_a_curve_of_huge_numbers_is_drawn() -> None:
    huge = Curve(name="x", left=((0, -1.7e308), (1, 1.7e308)), right=((0, 0.0), (1, 1.0)), first=0)
    assert "nan" not in curve_svg(huge) + "".join(curve_lines(huge, 60))


def test_a_page_has_no_script_and_closes_what_it_opens() -> None:
    opened: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)
            if tag not in {"meta", "path", "polyline"}:
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in {"path", "polyline"}:
                assert opened.pop() == tag

    text = written("html", replay())
    Reader().feed(text)
    assert opened == []
    assert "<script" not in text
    assert text.count("<polyline") == 2


@pytest.mark.parametrize(
    ("outcome", "required", "failures", "errors"),
    [
        (Outcome.DIVERGENT, Outcome.EQUIVALENT, 3, 0),
        (Outcome.DIVERGENT, Outcome.IDENTICAL, 4, 0),
        (Outcome.INCONCLUSIVE, Outcome.EQUIVALENT, 0, 3),
    ],
)
def test_test_results_count_what_diverges_and_what_could_not_be_seen(
    outcome: Outcome, required: Outcome, failures: int, errors: int
) -> None:
    root = ET.fromstring(written("junit", replay(outcome), required=required))  # noqa: S314 — our own
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("5", str(failures), str(errors))
    assert len(list(root.iter("failure"))) == failures
    assert len(list(root.iter("error"))) == errors
    assert [suite.attrib["time"] for suite in root] == ["0.000", "1.500"]


def test_a_replay_that_could_not_be_run_is_an_error_of_its_own() -> None:
    nothing = Replay(
        id="r", run="run", executor="docker", tool_version="1", started="", command=("make",), remedy="start it",
        verdict=Verdict(outcome=Outcome.INCONCLUSIVE, reason="no engine"),
    )  # fmt: skip
    root = ET.fromstring(written("junit", nothing))  # noqa: S314 — our own
    assert [error.attrib["message"] for error in root.iter("error")] == ["inconclusive: no engine. start it"]
    (result,) = sarif(nothing)["results"]
    assert (result["level"], "locations" in result) == ("warning", False)


def sarif(one: Replay) -> Any:  # noqa: ANN401 — JSON
    """The one run of the log, checked for form; its properties are other ones than those of a scan."""
    log = json.loads(written("sarif", one))
    schema = copy.deepcopy(SCHEMA)
    schema["definitions"]["run"]["properties"]["properties"] = {}
    for name in ("properties", "locations"):
        schema["definitions"]["result"]["required"].remove(name)
    jsonschema.Draft7Validator(schema).validate(log)
    return log["runs"][0]


def test_code_scanning_gets_a_result_for_each_artifact_that_diverges() -> None:
    run = sarif(replay())
    found = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: result["level"]
        for result in run["results"]
    }
    assert found == {"out/log.jsonl": "error", "gone.bin": "error"}
    assert {result["level"] for result in sarif(replay(Outcome.INCONCLUSIVE))["results"]} == {"warning"}
    code = Difference(name="exit code", kind="exit code", outcome=Outcome.DIVERGENT, message="ended with 1")
    (only,) = sarif(replay(differences=(code,)))["results"]
    assert only["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "train.py"


def test_reproduced_is_no_result() -> None:
    assert sarif(replay(Outcome.IDENTICAL, DIFFERENCES[:1]))["results"] == []


def test_markdown_keeps_plots_apart_from_text() -> None:
    text = written("markdown", replay())
    assert re.search(r"\n\n    3 \|.*\n", text)
    assert "log\\<script\\>" in text


def test_a_plan_says_where_contents_come_from_and_counts_links() -> None:
    def file(path: str, origin: Origin) -> Sourced:
        return Sourced(need=Need(path=path, digest="0", size=1, purpose=Purpose.INPUT), origin=origin, place="/x")

    plan = Plan(
        run="r",
        executor=Executor.SAME,
        command=("python", "train.py"),
        root="/p",
        cwd=".",
        variables={},
        files=(file("a", Origin.DISK), file("b", Origin.STORE)),
        outside=(file("/c", Origin.DISK), file("/d", Origin.STORE), file("/e", Origin.GIT)),
        links=(Link("l", "/p/a", "a"),),
        links_outside=(Link("/m", "/c", "/c"),),
    )
    lines = plan_text(plan, Paint(color=False)).splitlines()
    assert "  2 files laid out (1 from disk, 1 from store)" in lines
    assert "  1 file outside of it read in place" in lines
    assert "  2 files outside of it that it alone will see (1 from git, 1 from store)" in lines
    assert "  2 symbolic links as the run found them" in lines
    bare = plan_text(
        msgspec.structs.replace(plan, files=(), outside=(), links=(), links_outside=()), Paint(color=False)
    )
    assert "  0 files laid out" in bare.splitlines()
    assert "link" not in bare
    assert "outside" not in bare
