"""What replays have proved of a run so far."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from reprocheck.app.proofs import strongest
from reprocheck.model.comparison import Because, Outcome, Verdict
from reprocheck.model.replay import Replay
from reprocheck.report.badge import badge_endpoint, badge_svg


def replay(executor: str, outcome: Outcome, *, runs: int = 1, against: str = "", processor: str = "") -> Replay:
    because = (Because.METADATA,) if outcome is Outcome.EQUIVALENT else ()
    verdict = Verdict(outcome=outcome, because=because, reason="", runs=runs)
    return Replay(
        id="r",
        run="run",
        executor=executor,
        tool_version="0",
        started="",
        command=(),
        verdict=verdict,
        against=against,
        other_hardware=processor,
    )


SAME, DIFFERENT, UNSEEN = Outcome.IDENTICAL, Outcome.DIVERGENT, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("replays", "sentence"),
    [
        ([], "not replayed"),
        ([replay("same", SAME)], "identical on the same machine"),
        ([replay("same", SAME, runs=3), replay("same", SAME)], "identical on the same machine, 4 times"),
        ([replay("same", SAME), replay("venv", SAME)], "identical in a rebuilt environment"),
        ([replay("docker", Outcome.EQUIVALENT), replay("same", SAME)], "equivalent (metadata) in a container"),
        ([replay("same", SAME), replay("docker", DIFFERENT)], "divergent in a container"),
        ([replay("same", DIFFERENT), replay("same", SAME)], "identical on the same machine, divergent before"),
        ([replay("same", DIFFERENT), replay("venv", SAME)], "identical in a rebuilt environment"),
        ([replay("same", SAME), replay("docker", UNSEEN)], "identical on the same machine"),
        ([replay("same", SAME, processor="X"), replay("docker", SAME)], "identical on other hardware"),
        ([replay("venv", SAME, processor="X")], "identical on other hardware in a rebuilt environment"),
        ([replay("same", UNSEEN)], "inconclusive on the same machine"),
        ([replay("same", SAME), replay("docker", SAME, against="other")], "identical on the same machine"),
    ],
)
def test_the_strongest_level_that_was_decided(replays: list[Replay], sentence: str) -> None:
    assert strongest("run", replays).sentence == sentence


def test_a_badge_is_an_image_and_says_the_same_everywhere() -> None:
    image = ET.fromstring(badge_svg("identical", "identical <in> a container"))  # noqa: S314 — our own
    assert image.attrib["aria-label"] == "reprocheck: identical <in> a container"
    assert badge_endpoint("identical", "x")["message"] == "x"
    assert badge_endpoint("identical", "x")["color"] != badge_endpoint("divergent", "x")["color"]
