"""`reprocheck scan --add-ignore`: write a suppression comment beside every finding that counts."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reprocheck.app.errors import UsageError
from reprocheck.app.ignore_comments import NO_PLACE, WHOLE, with_comments
from reprocheck.app.scan_project import Progress, ScanRequest, scan_project
from reprocheck.fix.changes import RefusedError
from reprocheck.model.finding import Finding
from reprocheck.model.place import WHOLE_FILE
from reprocheck.project.file_kinds import FileKind, kind_by_first_line, kind_of
from reprocheck.project.notebook import read_notebook
from reprocheck.scan.own_rules import EXPIRED_SUPPRESSION, UNREADABLE, UNUSED_SUPPRESSION
from reprocheck.store.files import write_atomically

_BARE = frozenset({FileKind.JSON, FileKind.README, FileKind.OTHER})
"""Kinds of files without comments, or in which none is looked for."""
_ABOUT_THE_FILE = frozenset({UNREADABLE.code, UNUSED_SUPPRESSION.code, EXPIRED_SUPPRESSION.code})


@dataclass(frozen=True, slots=True)
class Added:
    """What was written."""

    findings: int
    """That have a comment now."""
    files: tuple[str, ...]
    left: tuple[tuple[Finding, str], ...]
    """Findings that got none, with the reason."""


def add_ignores(request: ScanRequest, reason: str, progress: Progress) -> Added:
    """Scan, and write the comments; files change one after the other, each whole or not at all."""
    if request.text is not None:
        raise UsageError("--add-ignore needs files, not standard input")
    if not reason.isprintable():
        raise UsageError("the reason must be one line of plain text")
    by_path: dict[str, list[Finding]] = {}
    for finding in scan_project(request, progress).result.active:
        by_path.setdefault(finding.place.path, []).append(finding)
    done, files, left = 0, [], []
    for path, findings in sorted(by_path.items()):
        unplaced = _comment(request.config.root, path, findings, reason)
        left += [(finding, unplaced[index]) for index, finding in enumerate(findings) if index in unplaced]
        done += len(findings) - len(unplaced)
        files += [path] if len(unplaced) < len(findings) else []
    return Added(done, tuple(files), tuple(left))


def _comment(root: Path, path: str, findings: list[Finding], reason: str) -> Mapping[int, str]:
    """Write comments into one file; returns the reason by position of each finding that got none."""
    file = (root / path).resolve()
    try:
        status = file.stat()
        data = file.read_bytes()
    except OSError as error:
        return dict.fromkeys(range(len(findings)), f"the file cannot be read: {error.strerror}")
    kind = kind_of(path)
    if kind is FileKind.OTHER and "." not in file.name:
        kind = kind_by_first_line(str(file), status)
    if kind in _BARE:
        return dict.fromkeys(range(len(findings)), "files of this kind hold no comments")
    if not file.is_relative_to(root.resolve()):
        return dict.fromkeys(range(len(findings)), "the file leads out of the project")
    lines = _lines(path, kind, data, findings)
    wanted: dict[int, frozenset[str]] = {}
    unplaced = {index: reason_ for index, reason_ in enumerate(lines) if isinstance(reason_, str)}
    for finding, line in zip(findings, lines, strict=True):
        if isinstance(line, int):
            wanted[line] = wanted.get(line, frozenset()) | {finding.code}
    try:
        placed = with_comments(path, kind, data, wanted, reason.strip()) if wanted else None
    except RefusedError as error:
        return dict.fromkeys(range(len(findings)), str(error))
    if placed is not None:
        unplaced |= {i: placed.unplaced[line] for i, line in enumerate(lines) if line in placed.unplaced}
        if placed.data != data:
            _write(file, path, data, placed.data, stat.S_IMODE(status.st_mode))
    return unplaced


def _lines(path: str, kind: FileKind, data: bytes, findings: list[Finding]) -> list[int | str]:
    """Line of each finding in the text that is edited, or why it has none."""
    first_lines: dict[int, tuple[int, tuple[int, ...]]] = {}
    if kind is FileKind.NOTEBOOK:
        blocks = read_notebook(path, data).blocks
        first_lines = {block.cell.number: (block.first_line, block.cell.lines) for block in blocks}
    found: list[int | str] = []
    for finding in findings:
        cell, line = finding.place.cell, finding.place.span.line
        if finding.code in _ABOUT_THE_FILE:
            found.append("it is about the file or a comment, not about code")
        elif finding.place.span == WHOLE_FILE:
            found.append(WHOLE)
        elif kind is not FileKind.NOTEBOOK:
            found.append(line)
        elif cell is None or cell.number not in first_lines or line not in first_lines[cell.number][1]:
            found.append(NO_PLACE)
        else:
            found.append(first_lines[cell.number][0] + cell.line - 1)
    return found


def _write(file: Path, path: str, before: bytes, after: bytes, mode: int) -> None:
    try:
        if file.read_bytes() != before:
            raise UsageError(f"{path} has changed meanwhile: it is not written, run the command again")
        write_atomically(file, after, mode=mode)
        os.chmod(file, mode)  # noqa: PTH101 — what the umask took is given back
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
