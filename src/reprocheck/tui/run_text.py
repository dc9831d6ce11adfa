"""A run in words: record, environment, files, curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text

from reprocheck.model.comparison import Curve
from reprocheck.model.record import FileRole, Record
from reprocheck.model.replay import Replay
from reprocheck.report.paint import Paint
from reprocheck.report.replay import causes_text as causes_words
from reprocheck.report.replay import replay_text
from reprocheck.report.run_show import show_lines
from reprocheck.report.run_words import size_text
from reprocheck.report.visible import visible
from reprocheck.tui.state.lines import Part, Role
from reprocheck.tui.state.plot import OTHER, plot

_STYLES: dict[Role, str] = {
    "text": "", "error": "bold red", "warning": "yellow", "note": "blue", "code": "bold", "path": "cyan",
    "label": "cyan", "dim": "dim", "strong": "bold", "good": "green", "heading": "bold",
}  # fmt: skip
_DIGEST = 12


def record_text(record: Record, width: int) -> Text:
    """The record as `reprocheck show` has it."""
    return Text.from_ansi("\n".join(show_lines(record, Paint(color=True), width=width, verbose=False)))


def environment_text(record: Record) -> Text:
    """Interpreter, packages, settings, threads, variables: all of them."""
    environment, seen = record.environment, record.observations
    text = Text()
    if environment.interpreter is not None:
        python = environment.interpreter
        _section(text, "Interpreter", [f"{python.implementation} {python.version}  {python.executable}"])
    _section(text, "Settings", (f"{flag.name} = {flag.value}" for flag in seen.flags))
    pools = (f"{pool.library} {pool.version} {pool.architecture}, {pool.threads} threads" for pool in seen.thread_pools)
    _section(text, "Threads", pools)
    used = [package for package in environment.packages if package.used]
    others = [package for package in environment.packages if not package.used]
    _section(text, "Packages that were used", (f"{package.name} {package.version}" for package in used))
    _section(text, "Other packages", (f"{package.name} {package.version}" for package in others))
    _section(text, "Variables", (f"{name}={value}" for name, value in sorted(environment.variables.items())))
    return text


def files_text(record: Record, roles: frozenset[FileRole], nothing: str) -> Text:
    """Files of some roles with size, digest and the line that opened them."""
    text = Text(no_wrap=True)
    for use in record.files.uses:
        if use.role not in roles:
            continue
        digest = (use.after or use.before or "not hashed")[:_DIGEST]
        size = use.size if use.size is not None else use.size_before
        text.append(f"{visible(use.path)}", "bold")
        text.append(f"  {digest}  {size_text(size) if size is not None else ''}  {use.role.value}")
        if use.place is not None:
            text.append(f"  {visible(use.place.path)}:{use.place.line}", "cyan")
        text.append("\n")
    for tree in record.files.trees:
        if tree.role in roles:
            text.append(f"{visible(tree.path)}/", "bold")
            text.append(f"  {tree.digest[:_DIGEST]}  {tree.files:,} files, {size_text(tree.size)}\n")
    return text if text.plain else Text(nothing, "dim")


def series_text(series: Mapping[str, Sequence[tuple[float, float]]], width: int, height: int) -> Text:
    """A plot for each kind of number."""
    if not series:
        return Text("No training steps were traced; `reprocheck run --trace steps` does that.", "dim")
    rows = max(4, min(12, height // min(len(series), 2) - 4))
    lines: list[list[Part]] = []
    for name, points in series.items():
        lines += [*plot(name, points, (), width=width, height=rows), []]
    return _text(lines)


def curves_text(curves: Sequence[Curve], width: int, height: int, names: tuple[str, str]) -> Text:
    """Curves of two runs over each other."""
    rows = max(4, min(12, height - 5))
    lines: list[list[Part]] = [
        [(f"⠿ {names[0]}   ", "note"), (f"{OTHER} {names[1]}, where it is elsewhere", "warning")]
    ]
    for curve in curves:
        lines += [*plot(curve.name, curve.left, curve.right, width=width, height=rows, parts_at=curve.first), []]
    return _text(lines)


def verdict_text(replay: Replay) -> Text:
    """The verdict as `reprocheck replay` has it."""
    return Text.from_ansi(replay_text(replay, Paint(color=True)))


def causes_text(replay: Replay) -> Text:
    """What else was not the same, which findings may explain it, and what could not be seen."""
    said = causes_words(replay, Paint(color=True))
    return Text.from_ansi(said) if said else Text("Nothing else was seen to differ.", "dim")


def _section(text: Text, title: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if found:
        text.append(f"{title}\n", "bold")
        for line in found:
            text.append(f"  {visible(line)}\n")


def _text(lines: Iterable[list[Part]]) -> Text:
    text = Text(no_wrap=True)
    for line in lines:
        for part, role in line:
            text.append(part, _STYLES[role])
        text.append("\n")
    return text
