"""The options that say whether and whom to ask about known vulnerabilities."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from reprocheck.app import advisory_database
from reprocheck.app.audit import AUTO, SOURCES, AuditRequest

_Command = TypeVar("_Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--audit", is_flag=True, help="Look the declared packages up in advisories; may use the network."),
    click.option(
        "--audit-source",
        type=click.Choice(SOURCES),
        default=AUTO,
        show_default=True,
        help="Whom to ask: a service, the local database (`reprocheck db`), or the first of these that can be had.",
    ),
    click.option(
        "--audit-service",
        type=click.Choice(["pypi", "osv"]),
        default="pypi",
        show_default=True,
        help="Whose advisories to ask for where a service is asked.",
    ),
    click.option(
        "--audit-database",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Local database, if not your own one.",
    ),
)


def audit_options(command: _Command) -> _Command:
    """Give a command the options of an audit."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def audit_request(options: dict[str, Any]) -> AuditRequest | None:
    """What these options ask for; None where no audit is wanted."""
    if not options["audit"]:
        return None
    return AuditRequest(
        source=options["audit_source"],
        service=options["audit_service"],
        database=advisory_database.location(os.environ, options["audit_database"]),
        cache=advisory_database.cache_folder(os.environ, options["audit_service"]),
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
    )
