"""Puts the interface together for a project, and runs it."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from functools import partial

from reprocheck.app.scan_project import ScanRequest
from reprocheck.app.show_source import Sources
from reprocheck.config import Config
from reprocheck.model.finding import Finding
from reprocheck.tui.jobs.process import Process
from reprocheck.tui.jobs.requests import RepairJob, ReplayJob, ScanJob
from reprocheck.tui.ledger import ProjectLedger
from reprocheck.tui.main import TriageApp
from reprocheck.tui.runs import Runs
from reprocheck.tui.services import Preview, Services


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for."""

    request: ScanRequest
    query: str
    watch: bool = False
    read_only: bool = False


def start(wish: Wish) -> int:
    """Run until the user leaves; returns the exit code."""
    root = wish.request.config.root
    services = Services(
        root=root,
        sources=Sources(root),
        scan=lambda: Process(ScanJob(wish.request, wish.watch)),
        preview=partial(_preview, wish.request.config),
        repair=lambda spots: Process(RepairJob(wish.request, spots)),
        runs=Runs(root),
        replay=lambda request: Process(ReplayJob(request)),
        ledger=None if wish.read_only else ProjectLedger(wish.request.config),
        editor=tuple(shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")),
        read_only=wish.read_only,
        watching=wish.watch,
        query=wish.query + " " if wish.query and not wish.query.endswith(" ") else wish.query,
    )
    app = TriageApp(services)
    app.run()
    return app.return_code or 0


def _preview(config: Config, finding: Finding) -> Preview:
    from reprocheck.app.fix_project import preview_fix  # brings libcst, which the first screen does without

    return preview_fix(config, finding)
