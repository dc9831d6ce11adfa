"""From two sets of results to a verdict that never says more than was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from reprocheck.compare.alignment import Artifact, align
from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.tolerances import Tolerances
from reprocheck.compare.verdicts import judge_all
from reprocheck.model.comparison import Difference, Outcome, Verdict
from reprocheck.model.record import Execution, Record
from reprocheck.model.replay import Suspect
from reprocheck.replay.outputs import Output, Selection

EXIT_CODE = "exit code"
_RULE_OF_THREE = 3


def compare_results(
    pairs: Iterable[tuple[str, Output | None, Output | None]],
    exit_codes: tuple[int, int],
    tolerances: Tolerances,
    places: tuple[str, str] = ("", ""),
) -> tuple[Difference, ...]:
    """One difference per result, and one for the exit code; at least one side of a pair is there.

    `places` are the absolute roots of both sides: in texts they stand for each other.
    """
    roots = places if all(places) and places[0] != places[1] else ()
    results = (_of_pair(name, left, right, tolerances, roots) for name, left, right in pairs)
    return (_of_exit_codes(*exit_codes), *results)


def _of_exit_codes(recorded: int, replayed: int) -> Difference:
    same = recorded == replayed
    return Difference(
        name=EXIT_CODE,
        kind=EXIT_CODE,
        outcome=Outcome.IDENTICAL if same else Outcome.DIVERGENT,
        message="" if same else f"the command ended with {replayed} instead of {recorded}",
        left=str(recorded),
        right=str(replayed),
    )


def _of_pair(
    name: str, left: Output | None, right: Output | None, tolerances: Tolerances, places: tuple[str, ...]
) -> Difference:
    if left is None or right is None:
        message = "the replay did not write it" if right is None else "the recorded run did not write it"
        return Difference(name=name, outcome=Outcome.DIVERGENT, message=message)
    notes = () if left.path == right.path else (f"{left.path}, now {right.path}",)
    if left.digest is not None and left.digest == right.digest:
        return Difference(name=name, outcome=Outcome.IDENTICAL, notes=notes)
    if not left.content or not right.content:
        side, output = ("recorded", left) if not left.content else ("replayed", right)
        why = "its digest alone is known" if output.digest else "it could not be read"
        message = f"the bytes differ, and the {side} content is gone ({why})"
        return Difference(name=name, outcome=Outcome.INCONCLUSIVE, message=message, notes=notes)
    found = compare_files(Path(left.content), Path(right.content), name=name, tolerances=tolerances, places=places)
    return msgspec.structs.replace(found, notes=(*found.notes, *notes))


def pair_up(
    recorded: Mapping[str, Output], replayed: Mapping[str, Output]
) -> tuple[list[tuple[str, Output | None, Output | None]], tuple[str, ...]]:
    """Results that stand for each other, with their logical path, and what could have been paired in another way."""
    aligned = align(_artifacts(recorded), _artifacts(replayed))
    pairs = [
        (
            pair.name,
            recorded[pair.left.path] if pair.left is not None else None,
            replayed[pair.right.path] if pair.right is not None else None,
        )
        for pair in aligned.pairs
    ]
    return pairs, aligned.notes


def _artifacts(outputs: Mapping[str, Output]) -> list[Artifact]:
    return [Artifact(path=path, file=Path(output.content)) for path, output in outputs.items()]


def weigh(differences: Iterable[Difference], patterns: Sequence[str] = ()) -> Verdict:
    """The worst of one replay's differences; the exit code counts, and is no artifact.

    `patterns` are what results had to match.
    """
    differences = list(differences)
    codes = [difference for difference in differences if difference.name == EXIT_CODE]
    results = [difference for difference in differences if difference.name != EXIT_CODE]
    if any(difference.outcome is Outcome.DIVERGENT for difference in codes):
        return Verdict(outcome=Outcome.DIVERGENT, reason=codes[0].message)
    failed = next((f"; the command ended with {code.left} both times" for code in codes if code.left != "0"), "")
    if not results:
        reason = "the run left no file under its root that could be compared"
        if patterns:
            reason = f"the run left no file that `--output {patterns[0]}` names"
        return Verdict(outcome=Outcome.INCONCLUSIVE, reason=reason + failed)
    verdict = judge_all(results)
    return msgspec.structs.replace(verdict, reason=verdict.reason + failed)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several replays, with what their number bounds.

    N replays without a divergence bound its probability by 3/N (95%; the rule of three, Hanley and Lippman-Hand 1983),
    which says something from the fourth.
    """
    verdicts = list(verdicts)
    worst = max(verdicts, key=lambda verdict: verdict.outcome.rank)
    runs = len(verdicts)
    if worst.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        because = tuple(sorted({why for verdict in verdicts for why in verdict.because}))
        bound = 3 / runs if runs > _RULE_OF_THREE else None
        return msgspec.structs.replace(worst, because=because, runs=runs, bound=bound)
    reason = worst.reason
    if runs > 1:
        count = sum(verdict.outcome is worst.outcome for verdict in verdicts)
        reason = f"{count} of {runs} replays: {reason}"
    return msgspec.structs.replace(worst, runs=runs, reason=reason)


def cut_short(verdict: Verdict, wanted: int) -> Verdict:
    """The verdict of repetitions after which a replay was cancelled: what diverged stands, agreement doesn't."""
    done = f"{verdict.runs} of {wanted} repetitions"
    if verdict.outcome is Outcome.DIVERGENT:
        return msgspec.structs.replace(verdict, reason=f"{verdict.reason}; cancelled after {done}")
    agreed = verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}
    seen = f"none of which diverged: {verdict.label}" if agreed else verdict.reason
    reason = f"the replay was cancelled after {done}, {seen}"
    return Verdict(outcome=Outcome.INCONCLUSIVE, reason=reason, runs=verdict.runs)


def limited(
    verdict: Verdict,
    record: Record,
    replayed: Execution,
    selection: Selection,
    changed: tuple[Suspect, ...],
    excuse: tuple[str, str] | None,
) -> tuple[Verdict, str]:
    """The verdict, lowered where too little was seen for it, and what to do then.

    `changed` are parts of the environment that are not as recorded; `excuse` says that results may differ for a reason
    that lies in the replay itself, and what helps (None: they can't).
    """
    if verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        if not record.files.complete and not selection.declared:
            reason = "not every file of the recorded run was seen, so a result may be missing from the comparison"
            return _inconclusive(verdict, reason), "name the results with `--output GLOB`"
        return verdict, ""
    if verdict.outcome is Outcome.DIVERGENT and excuse is not None:
        why, remedy = excuse
        return _inconclusive(verdict, f"results differ, but {why}"), remedy
    if verdict.outcome is Outcome.DIVERGENT and changed:
        names = ", ".join(f"{s.what} {s.recorded or 'absent'} -> {s.replayed or 'absent'}" for s in changed[:3])
        reason = f"results differ, but so does the environment: {names}"
        return _inconclusive(verdict, reason), "replay with `--in venv`, which rebuilds the recorded environment"
    if verdict.outcome is Outcome.DIVERGENT and replayed.exit_code != record.execution.exit_code:
        return verdict, "read what the command said: `--keep` keeps its output"
    return verdict, ""


def _inconclusive(verdict: Verdict, reason: str) -> Verdict:
    return Verdict(outcome=Outcome.INCONCLUSIVE, reason=reason, runs=verdict.runs)
