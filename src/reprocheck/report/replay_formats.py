"""The formats of a replay's report, by the name given to `-o`."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from reprocheck.model.comparison import Outcome
from reprocheck.report.paint import Paint
from reprocheck.report.replay import as_json, replay_text
from reprocheck.report.replay_html import replay_html
from reprocheck.report.replay_junit import replay_junit
from reprocheck.report.replay_markdown import replay_markdown
from reprocheck.report.replay_sarif import replay_sarif

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reprocheck.model.replay import Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayView:
    """How the reader wants to see a replay."""

    required: Outcome = Outcome.EQUIVALENT
    """The least that passes."""
    paint: Paint = field(default_factory=lambda: Paint(color=False))
    width: int = 80
    """Columns."""
    verbose: bool = False
    """Whether to leave nothing out."""


def _console(replay: Replay, view: ReplayView) -> str:
    return replay_text(replay, view.paint, verbose=view.verbose, width=view.width) + "\n"


REPLAY_FORMATS: Mapping[str, Callable[[Replay, ReplayView], str]] = MappingProxyType(
    {
        "console": _console,
        "json": lambda replay, _: as_json(replay),
        "markdown": lambda replay, _: replay_markdown(replay),
        "html": lambda replay, _: replay_html(replay),
        "junit": lambda replay, view: replay_junit(replay, required=view.required),
        "sarif": lambda replay, _: replay_sarif(replay),
    }
)
"""Writers by name, the default one first."""
