"""`reprocheck db`: the local database of advisories, made from a checkout, an export or an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from reprocheck.advisories import database, reading
from reprocheck.advisories.database import Built
from reprocheck.app.errors import UsageError
from reprocheck.app.git import git
from reprocheck.model.audit import AdvisorySource

VARIABLE = "REPROCHECK_ADVISORIES"
"""Environment variable that says where the database lies."""
_COMMIT = re.compile(r"([0-9a-f]{40,64}) (\d{4}-\d\d-\d\d)")
_SECRET = re.compile(r"(?<=//)[^/@]*@|[?#].*")


def location(environment: Mapping[str, str], chosen: Path | None = None) -> Path:
    """Where the database lies: as chosen, as the variable says, else in the user's data folder."""
    if chosen is not None:
        return chosen
    if stated := environment.get(VARIABLE, "").strip():
        return Path(stated).expanduser()
    return _user_folder(environment, "XDG_DATA_HOME", ".local/share") / "advisories.sqlite"


def cache_folder(environment: Mapping[str, str], service: str) -> Path:
    """Where the answers of a service are kept."""
    return _user_folder(environment, "XDG_CACHE_HOME", ".cache") / f"audit-{service}"


def update(path: Path, source: str) -> Built:
    """Make the database anew; the old one stays until the new one is complete. Raises AdvisoryError."""
    with reading.opened(source) as batch:
        commit, date = batch.commit, ""
        if not commit and Path(source).expanduser().is_dir():
            commit, date = _checked_out(Path(source).expanduser())
        about = AdvisorySource(kind="database", name=_SECRET.sub("", batch.name), commit=commit, date=date)
        return database.build(path, batch.files, about)


def status(path: Path) -> Built:
    """What the database was made of; raises AdvisoryError where there is none."""
    with database.opened(path) as opened:
        return opened.built


def _checked_out(folder: Path) -> tuple[str, str]:
    """Commit and its date of a git checkout that the folder is, or is the first level of; empty where it is none."""
    with suppress(UsageError):
        top = Path(git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
        here = folder.resolve()
        found = _COMMIT.match(git(folder, "log", "-1", "--format=%H %cs"))
        if top.resolve() in {here, here.parent} and found is not None:
            changed = git(folder, "status", "--porcelain", "--", ".").strip()
            return f"{found[1]}{'-dirty' if changed else ''}", found[2]
    return "", ""


def _user_folder(environment: Mapping[str, str], variable: str, default: str) -> Path:
    base = environment.get(variable, "")
    # The specification says to ignore relative paths.
    return (Path(base) if base.startswith("/") else Path.home() / default) / "reprocheck"
