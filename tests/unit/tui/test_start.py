"""What the interface begins with."""

from __future__ import annotations

from reprocheck.model.finding import Confidence
from reprocheck.tui.start import first_query


def test_the_first_filter_says_itself_what_it_leaves_out() -> None:
    assert first_query("state:open", Confidence.MEDIUM) == "state:open -conf:low "
    assert first_query("", Confidence.HIGH) == "-conf:medium -conf:low "
    assert first_query("", Confidence.LOW) == ""
    assert first_query("conf:low sev:e", Confidence.MEDIUM) == "conf:low sev:e "
