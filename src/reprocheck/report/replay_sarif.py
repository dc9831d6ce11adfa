"""A replay as SARIF 2.1.0: a result for each artifact that diverges or could not be seen."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from reprocheck.model.comparison import Outcome
from reprocheck.report.json_value import json_text
from reprocheck.report.replay import all_gaps, worst
from reprocheck.report.replay_junit import said_of
from reprocheck.report.sarif import SCHEMA_URI
from reprocheck.report.sarif_result import artifact_location, message

if TYPE_CHECKING:
    from reprocheck.model.comparison import Difference
    from reprocheck.model.replay import Replay

_RULES = {
    Outcome.DIVERGENT: ("replay-divergent", "error", "A replay of a recorded run left another result"),
    Outcome.INCONCLUSIVE: ("replay-inconclusive", "warning", "A replay could not say whether the result is the same"),
}
_SCRIPTS = (".py", ".ipynb", ".sh")


def replay_sarif(replay: Replay) -> str:
    """One run; results stand at the file that differs, and what is about no file at the program."""
    shown = worst(replay.repetitions)
    differing = [one for one in shown.comparison.differences if one.outcome in _RULES] if shown is not None else []
    outcome = replay.verdict.outcome
    program = _program(replay)
    paths = sorted({path for path in (*(_path(one) for one in differing), program) if path})
    results = [_result(one, outcome, _path(one) or program, paths) for one in differing]
    if not results and outcome in _RULES:
        said = ". ".join(filter(None, (replay.verdict.reason, replay.remedy)))
        results = [_value(outcome, f"{outcome}: {said}", program, paths)]
    rules = [{"id": name, "name": name, "shortDescription": {"text": text}} for name, _, text in _RULES.values()]
    reasons = [f"{gap.channel}: {gap.reason}. {gap.consequence}" for gap in all_gaps(replay)]
    run = {
        "tool": {"driver": {"name": "reprocheck", "version": replay.tool_version, "rules": rules}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "note", "message": message(reason)} for reason in reasons],
            }
        ],
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The project of the recorded run"}}},
        "artifacts": [{"location": artifact_location(path)} for path in paths],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"run": replay.run, "executor": replay.executor, "verdict": replay.verdict.label},
    }
    return json_text({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}, indent=True) + "\n"


def _result(difference: Difference, verdict: Outcome, path: str, paths: list[str]) -> dict[str, object]:
    """A divergence under a verdict of `inconclusive` proves nothing, and is no error."""
    outcome = difference.outcome if verdict is Outcome.DIVERGENT else Outcome.INCONCLUSIVE
    return _value(outcome, f"{difference.name}: {said_of(difference)}", path, paths)


def _value(outcome: Outcome, text: str, path: str, paths: list[str]) -> dict[str, object]:
    name, level, _ = _RULES[outcome]
    index = list(_RULES).index(outcome)
    value: dict[str, object] = {"ruleId": name, "ruleIndex": index, "level": level, "message": message(text)}
    if path:
        artifact = artifact_location(path) | {"index": paths.index(path)}
        physical = {"artifactLocation": artifact, "region": {"startLine": 1}}
        value["locations"] = [{"physicalLocation": physical}]
    return value


def _path(difference: Difference) -> str:
    """Where a result stands; empty for the exit code, standard output and what is outside of the project."""
    name = difference.name
    return "" if name.startswith(("/", "<")) or difference.kind == name else name


def _program(replay: Replay) -> str:
    """The program among the words of the command, where it is one of the project; else empty."""
    for word in replay.command:
        path = PurePosixPath(word)
        if path.suffix in _SCRIPTS and not path.is_absolute() and ".." not in path.parts:
            return path.as_posix()
    return ""
