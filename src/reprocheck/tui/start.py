"""Puts the interface together for a project, and runs it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from reprocheck.app.put_back import put_back
from reprocheck.app.scan_project import ScanRequest
from reprocheck.app.show_source import Sources
from reprocheck.config import Config, user_config_file
from reprocheck.model.finding import Confidence, Finding
from reprocheck.tui.jobs.process import Process
from reprocheck.tui.jobs.requests import RepairJob, ReplayJob, ScanJob
from reprocheck.tui.ledger import ProjectLedger
from reprocheck.tui.main import TriageApp
from reprocheck.tui.runs import Runs
from reprocheck.tui.services import Preview, Services
from reprocheck.tui.state.keymap import FILE
from reprocheck.tui.state.query import parse


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for."""

    request: ScanRequest
    query: str
    watch: bool = False
    read_only: bool = False


def start(wish: Wish) -> int:
    """Run until the user leaves; returns the exit code."""
    root = wish.request.config.root.absolute()
    # What a rule alone is not sure of may be just what a replay saw: it is there, behind the filter.
    seeing = replace(wish.request, config=msgspec.structs.replace(wish.request.config, min_confidence=Confidence.LOW))
    services = Services(
        root=root,
        sources=Sources(root),
        scan=lambda: Process(ScanJob(seeing, wish.watch)),
        preview=partial(_preview, wish.request.config),
        repair=lambda spots, unsure: Process(RepairJob(seeing if unsure else wish.request, spots)),
        put_back=partial(put_back, root),
        runs=Runs(root, wish.request.config),
        replay=lambda request: Process(ReplayJob(request)),
        ledger=None if wish.read_only else ProjectLedger(wish.request.config),
        editor=tuple(shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")),
        preferences=_preferences(),
        theme=fitting_theme(os.environ),
        read_only=wish.read_only,
        watching=wish.watch,
        query=first_query(wish.query, wish.request.config.min_confidence),
    )
    app = TriageApp(services)
    app.run()
    return app.return_code or 0


def first_query(query: str, least: Confidence) -> str:
    """The filter to begin with: it says itself what it leaves out for not being sure enough."""
    words = [query.strip()] if query.strip() else []
    if not any(term.key == "conf" for term in parse(query).terms):
        words += [f"-conf:{confidence}" for confidence in Confidence if confidence.rank > least.rank]
    return "".join(f"{word} " for word in words)


def _preview(config: Config, finding: Finding) -> Preview:
    from reprocheck.app.fix_project import preview_fix  # brings libcst, which the first screen does without

    return preview_fix(config, finding)


def _preferences() -> str:
    """The user's file of keys and theme; empty where there is none."""
    settings = user_config_file(os.environ)
    if settings is None:
        return ""
    try:
        return settings.with_name(FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def fitting_theme(environment: Mapping[str, str]) -> str:
    """The terminal's own sixteen colours, where it has no more; else empty."""
    if environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return ""
    return "" if "256color" in environment.get("TERM", "") else "ansi-dark"
