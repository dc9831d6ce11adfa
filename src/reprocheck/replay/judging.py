"""From two sets of results to a verdict that never says more than was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.tolerances import Tolerances
from reprocheck.model.comparison import Difference, Outcome, Verdict
from reprocheck.model.record import Execution, Record
from reprocheck.model.replay import Suspect
from reprocheck.replay.outputs import Output, Selection

EXIT_CODE = "exit code"


def compare_results(
    pairs: Iterable[tuple[Output | None, Output | None]], exit_codes: tuple[int, int], tolerances: Tolerances
) -> tuple[Difference, ...]:
    """One difference per result, and one for the exit code; at least one side of a pair is there."""
    return (_of_exit_codes(*exit_codes), *(_of_pair(left, right, tolerances) for left, right in pairs))


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


def _of_pair(left: Output | None, right: Output | None, tolerances: Tolerances) -> Difference:
    if left is None or right is None:
        present = left or right
        assert present is not None
        message = "the replay did not write it" if right is None else "the recorded run did not write it"
        return Difference(name=present.path, outcome=Outcome.DIVERGENT, message=message)
    if left.digest is not None and left.digest == right.digest:
        return Difference(name=left.path, outcome=Outcome.IDENTICAL)
    if not left.content or not right.content:
        side = "recorded" if not left.content else "replayed"
        why = "its digest alone is known" if (left if side == "recorded" else right).digest else "it could not be read"
        return Difference(
            name=left.path,
            outcome=Outcome.INCONCLUSIVE,
            message=f"the bytes differ, and the {side} content is gone ({why})",
        )
    found = compare_files(Path(left.content), Path(right.content), name=left.path, tolerances=tolerances)
    return (
        found if left.path == right.path else msgspec.structs.replace(found, notes=(*found.notes, f"as {right.path}"))
    )


def align(
    recorded: Mapping[str, Output], replayed: Mapping[str, Output]
) -> Iterable[tuple[Output | None, Output | None]]:
    """Pairs of results that stand for each other, by logical path; what only one side has is alone."""
    for path in sorted(recorded.keys() | replayed.keys()):
        yield recorded.get(path), replayed.get(path)


def weigh(differences: Iterable[Difference]) -> Verdict:
    """The worst of one replay's differences."""
    worst = max(differences, key=lambda difference: difference.outcome.rank)
    reason = worst.message if worst.outcome is not Outcome.IDENTICAL else "every result has the same bytes"
    return Verdict(outcome=worst.outcome, because=worst.because, reason=reason)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several replays, with what their number bounds.

    N replays without a divergence bound its probability by 3/N (95%; the rule of three, Hanley and Lippman-Hand 1983).
    """
    verdicts = list(verdicts)
    worst = max(verdicts, key=lambda verdict: verdict.outcome.rank)
    agreeing = worst.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}
    bound = min(1.0, 3 / len(verdicts)) if agreeing else None
    reason = worst.reason
    if not agreeing and len(verdicts) > 1:
        count = sum(verdict.outcome is worst.outcome for verdict in verdicts)
        reason = f"{count} of {len(verdicts)} replays: {reason}"
    return msgspec.structs.replace(worst, runs=len(verdicts), bound=bound, reason=reason)


def limited(
    verdict: Verdict, record: Record, replayed: Execution, selection: Selection, changed: tuple[Suspect, ...], why: str
) -> tuple[Verdict, str]:
    """The verdict, lowered where too little was seen for it, and what to do then.

    `changed` are parts of the environment that are not as recorded; `why` says that results may differ for a reason
    that lies in the replay itself (empty: they can't).
    """
    if verdict.outcome in {Outcome.IDENTICAL, Outcome.EQUIVALENT}:
        if not record.files.complete and not selection.declared:
            reason = "not every file of the recorded run was seen, so a result may be missing from the comparison"
            return _inconclusive(verdict, reason), "name the results with `--output GLOB`"
        return verdict, ""
    if verdict.outcome is Outcome.DIVERGENT and changed:
        names = ", ".join(f"{s.what} {s.recorded or 'absent'} -> {s.replayed or 'absent'}" for s in changed[:3])
        reason = f"results differ, but so does the environment: {names}"
        return _inconclusive(verdict, reason), "replay with `--in venv`, which rebuilds the recorded environment"
    if verdict.outcome is Outcome.DIVERGENT and why:
        return _inconclusive(verdict, f"results differ, but {why}"), "replay with `--in docker`"
    if verdict.outcome is Outcome.DIVERGENT and replayed.exit_code != record.execution.exit_code:
        return verdict, "read what the command said: `--keep` keeps its output"
    return verdict, ""


def nothing_to_compare(differences: Iterable[Difference]) -> Verdict | None:
    """The verdict where no file counts on either side: never better than inconclusive."""
    differences = list(differences)
    if any(difference.name != EXIT_CODE for difference in differences):
        return None
    if any(difference.outcome is Outcome.DIVERGENT for difference in differences):
        return None
    return Verdict(outcome=Outcome.INCONCLUSIVE, reason="the run left no file under its root that could be compared")


def _inconclusive(verdict: Verdict, reason: str) -> Verdict:
    return Verdict(outcome=Outcome.INCONCLUSIVE, reason=reason, runs=verdict.runs)
