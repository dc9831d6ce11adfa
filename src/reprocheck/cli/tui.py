"""`reprocheck tui`."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import click

from reprocheck.app.errors import UsageError
from reprocheck.cli.settings import load_config, selection_options

INSTALL = "pip install 'reprocheck[tui]'"


@click.command("tui", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@selection_options
@click.option("--filter", "query", default="state:open", show_default=True, help="The filter to begin with.")
@click.option("--watch", is_flag=True, help="Scan again when a file changes.")
@click.option("--read-only", is_flag=True, help="Look around; nothing is decided, repaired or replayed.")
def command(*, paths: tuple[Path, ...], query: str, watch: bool, read_only: bool, **options: object) -> int:
    """Go through findings and runs on the terminal: understand, decide, repair, replay.

    Without a PATH it is about the current folder. `?` shows the keys.
    """
    if not _there("textual"):
        raise UsageError(f"the terminal interface needs textual: {INSTALL}")
    from reprocheck.app.scan_project import ScanRequest

    config = load_config(
        paths[0] if paths else Path(),
        {k: v for k, v in options.items() if k != "isolated"},
        isolated=bool(options["isolated"]),
    )
    targets = [path.absolute() for path in paths] or [Path.cwd()]
    if missing := next((target for target in targets if not target.exists()), None):
        raise UsageError(f"{missing} does not exist")
    # By name: neither of the two ways in knows the other.
    interface: Any = importlib.import_module("reprocheck.tui.start")
    wish = interface.Wish(ScanRequest(config=config, targets=targets), query, watch=watch, read_only=read_only)
    code: int = interface.start(wish)
    return code


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
