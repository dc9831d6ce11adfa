"""How a comparison reads: a calm tree, JSON that any parser takes, Markdown that stays text."""

from __future__ import annotations

import json
import math

import pytest

from reprocheck.model.comparison import Because, Comparison, Difference, Distance, Outcome, Verdict
from reprocheck.report.comparison_console import comparison_lines, difference_lines
from reprocheck.report.comparison_json import comparison_json
from reprocheck.report.comparison_markdown import comparison_markdown
from reprocheck.report.paint import Paint

DISTANCE = Distance(
    elements=12, differing=2, max_ulp=3, max_absolute=math.inf, max_relative=0.25, first=(1, 2), nan_one_side=1
)
MEASURED = (
    "2 of 12 differ, at most 3 ULP, infinitely far absolute, 0.25 relative, first at [1, 2], 1 NaN on one side only"
)
TENSOR = Difference(name="weight", outcome=Outcome.DIVERGENT, kind="tensor", message="float32[3, 4]", distance=DISTANCE)
NUMBER = Difference(name="loss", outcome=Outcome.DIVERGENT, kind="number", left="0.5", right="0.25")


@pytest.fixture
def comparison() -> Comparison:
    inner = Difference(name="model", outcome=Outcome.DIVERGENT, children=(TENSOR,))
    model = Difference(name="m.pt", outcome=Outcome.DIVERGENT, kind="torch", children=(inner, NUMBER), omitted=3)
    log = Difference(
        name="log\x1b.txt", outcome=Outcome.EQUIVALENT, because=(Because.METADATA,), kind="text", message="speeds"
    )
    same = Difference(name="same.txt", outcome=Outcome.IDENTICAL)
    verdict = Verdict(outcome=Outcome.DIVERGENT, reason="1 of 3 artifacts diverges, the first is m.pt")
    return Comparison(left="a", right="b", differences=(log, model, same), verdict=verdict, notes=("two could be",))


def test_the_tree_tells_what_differs_by_how_much_and_where_first(comparison: Comparison) -> None:
    assert list(comparison_lines(comparison, Paint(color=False))) == [
        "divergent  1 of 3 artifacts diverges, the first is m.pt",
        "a | b",
        "",
        "m.pt [torch]  divergent",
        f"  model > weight  float32[3, 4], {MEASURED}",
        "  loss  0.5 | 0.25",
        "  and 3 more",
        "log\\x1b.txt [text]  equivalent (metadata)  speeds",
        "note: two could be",
        "",
        "3 artifacts: 1 divergent, 1 equivalent, 1 identical",
    ]


def test_identical_artifacts_are_listed_on_request(comparison: Comparison) -> None:
    assert "same.txt  identical" in list(comparison_lines(comparison, Paint(color=False), verbose=True))


def test_parts_of_metadata_are_listed_on_request_only() -> None:
    part = Difference(name="line 3", outcome=Outcome.EQUIVALENT, because=(Because.METADATA,), left="1", right="2")
    log = Difference(
        name="log", outcome=Outcome.EQUIVALENT, because=(Because.METADATA,), message="speeds", children=(part,)
    )
    verdict = Verdict(outcome=Outcome.EQUIVALENT, because=(Because.METADATA,), reason="r")
    comparison = Comparison(left="a", right="b", differences=(log,), verdict=verdict)
    assert not any("line 3" in line for line in comparison_lines(comparison, Paint(color=False)))
    assert any("line 3" in line for line in comparison_lines(comparison, Paint(color=False), verbose=True))


def test_only_the_first_and_worst_parts_are_listed() -> None:
    parts = [Difference(name=f"p{n}", outcome=Outcome.EQUIVALENT, because=(Because.METADATA,)) for n in range(20)]
    parts.append(NUMBER)
    model = Difference(name="m", outcome=Outcome.DIVERGENT, children=tuple(parts))
    verdict = Verdict(outcome=Outcome.DIVERGENT, reason="r")
    lines = list(
        comparison_lines(Comparison(left="a", right="b", differences=(model,), verdict=verdict), Paint(color=False))
    )
    assert "  loss  0.5 | 0.25" in lines
    assert "  and 13 more (-v lists more)" in lines
    assert not any("p19" in line for line in lines)


def test_what_says_that_one_line_is_left_out_makes_room_for_it() -> None:
    lines = tuple(
        Difference(name=f"line {number}", outcome=Outcome.DIVERGENT, message="other", left="1", right="2")
        for number in range(30)
    )
    text = Difference(name="a.txt", outcome=Outcome.DIVERGENT, kind="text", children=lines)
    shown = "\n".join(difference_lines(text, Paint(color=False), verbose=False))
    assert "1 more line" not in shown
    assert "and 22 more (-v lists more)" in shown


def test_json_is_strict(comparison: Comparison) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    value = json.loads(comparison_json(comparison), parse_constant=refuse)
    assert value["schema"] == 1
    assert value["verdict"]["label"] == "divergent"
    tensor = value["differences"][1]["children"][0]["children"][0]
    assert tensor["distance"]["max_absolute"] == "infinity"
    assert tensor["outcome"] == "divergent"


def test_markdown_stays_text(comparison: Comparison) -> None:
    text = comparison_markdown(comparison)
    assert text.startswith("**divergent**: 1 of 3 artifacts diverges, the first is m.pt\n")
    assert "- `m.pt` divergent\n  - `model`\n    - `weight`: float32\\[3, 4\\], 2 of 12 differ" in text
    assert "same.txt" not in text
    assert "\x1b" not in text
