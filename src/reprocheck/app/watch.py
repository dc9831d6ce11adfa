"""Notices that files of a scan changed."""

from __future__ import annotations

from reprocheck.app.scan_project import ScanRequest
from reprocheck.project.discovery import discover


def snapshot(request: ScanRequest) -> dict[str, tuple[int, int]]:
    """Size and time of change by path; two equal ones mean that nothing changed."""
    config = request.config
    discovery = discover(
        config.root,
        request.targets,
        exclude=config.exclude,
        include=config.include,
        respect_gitignore=config.respect_gitignore,
    )
    state: dict[str, tuple[int, int]] = {}
    for file in discovery.files:
        try:
            status = file.absolute.stat()
        except OSError:
            continue
        state[file.path] = (status.st_size, status.st_mtime_ns)
    return state
