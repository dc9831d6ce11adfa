"""Judges repetitions of a replay, one after the other, while their files are there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reprocheck.capture.output import NAME
from reprocheck.compare.curves import differing_curves, parted
from reprocheck.compare.noise import NoiseError, learn, place
from reprocheck.compare.quantities import quantities
from reprocheck.compare.tolerances import Tolerances
from reprocheck.model.comparison import Comparison, Curve, Difference, Outcome, Verdict
from reprocheck.model.plan import Link
from reprocheck.model.record import Package, Record
from reprocheck.model.replay import Repetition
from reprocheck.replay.errors import FULL, ran_out_of_space
from reprocheck.replay.judging import compare_results, cut_short, limited, overall, pair_up, weigh
from reprocheck.replay.outputs import Output, Selection, replayed_outputs
from reprocheck.replay.session import Replayed
from reprocheck.replay.sources import digest_of
from reprocheck.replay.suspects import changed_packages, suspects
from reprocheck.replay.traces import first_difference, losses

_CURVES = 12
"""Of one replay."""
Pairs = list[tuple[str, Output | None, Output | None]]


class Judge:
    """Compares one repetition after the other with what was recorded."""

    def __init__(
        self,
        record: Record,
        other: Record,
        expected: dict[str, Output],
        selection: Selection,
        tolerances: Tolerances,
        *,
        packages: tuple[Package, ...] | None,
        journal: Path,
        links: tuple[Link, ...] = (),
    ) -> None:
        """`other` is the run whose results are `expected`; `packages` are those that the replay has.

        `journal` is that of the recorded run.
        """
        self._journal = journal
        self._links = links
        self._record = record
        self._other = other
        self._expected = expected
        self._selection = selection
        self._tolerances = tolerances
        self._packages = packages
        self._changed = changed_packages(record.environment.packages, packages) if packages is not None else ()
        self._numbers: list[dict[str, float]] = []
        self.verdicts: list[Verdict] = []
        self.repetitions: list[Repetition] = []
        self.remedy = ""
        self._wanted: int | None = None

    def noise(self) -> tuple[str, ...]:
        """Where the recorded run lies among the repetitions, in every number that scatters."""
        recorded = _numbers(self._expected.values())
        everyone = [recorded, *self._numbers]
        scattering = {name for run in everyone for name in run if len({other.get(name) for other in everyone}) > 1}
        runs = [{name: run[name] for name in scattering if name in run} for run in self._numbers]
        try:
            band = learn(runs)
        except NoiseError:
            return ()
        return tuple(placement.sentence for placement in place(band, recorded))

    def add(self, replayed: Replayed) -> None:
        """Judge one repetition while its files are there."""
        result = replayed.result
        assert result.execution is not None  # a session that ran nothing has raised
        left = {path: Path(file) for path, file in replayed.left.items()}
        found = replayed_outputs(result.files, left, self._selection, self._links)
        if self._selection.stdout:
            found[NAME] = Output(path=NAME, digest=digest_of(Path(replayed.stdout)), content=replayed.stdout)
        self._numbers.append(_numbers(found.values()))
        codes = self._other.execution.exit_code, result.execution.exit_code
        pairs, notes = pair_up(self._expected, found)
        places = (self._other.command.root, replayed.root)
        differences = compare_results(pairs, codes, self._tolerances, places)
        seen = weigh(differences, self._selection.patterns)
        excuse = _excuse(replayed)
        verdict, advice = limited(seen, self._other, result.execution, self._selection, self._changed, excuse)
        if not advice and verdict.outcome is Outcome.INCONCLUSIVE:
            advice = "name the results with `--output GLOB`, or `--output stdout` when recording"
        if not advice and verdict.outcome is Outcome.DIVERGENT and self._other.id != self._record.id:
            advice = f"`reprocheck diff {self._other.id} {self._record.id}` says what else differs between the two runs"
        self.remedy = self.remedy or advice
        self.verdicts.append(verdict)
        self.repetitions.append(
            Repetition(
                exit_code=result.execution.exit_code,
                duration=result.execution.duration,
                comparison=Comparison(
                    left=self._other.id, right="replay", differences=differences, verdict=verdict, notes=notes
                ),
                trace=first_difference(self._journal, Path(replayed.journal)),
                curves=self._curves(pairs, differences, Path(replayed.journal)),
                suspects=suspects(self._record, result.files, result.observations, self._packages),
                gaps=(
                    *replayed.gaps,
                    *result.gaps,
                    *result.execution.gaps,
                    *result.files.gaps,
                    *result.observations.gaps,
                ),
            )
        )

    def cancel(self, wanted: int) -> None:
        """Say that not all repetitions took place; what was seen stays."""
        self._wanted = wanted
        self.remedy = self.remedy or "start it again"

    def verdict(self) -> Verdict:
        """What all repetitions amount to."""
        found = overall(self.verdicts)
        return found if self._wanted is None else cut_short(found, self._wanted)

    def _curves(self, pairs: Pairs, differences: tuple[Difference, ...], journal: Path) -> tuple[Curve, ...]:
        """Metrics that differ: those of the trace first, then those of every artifact that isn't the same."""
        differing = {one.name for one in differences if one.outcome is not Outcome.IDENTICAL}
        found = list(parted(losses(self._journal), losses(journal), "trace:"))
        for name, left, right in pairs:
            if name in differing and left is not None and right is not None and left.content and right.content:
                found += differing_curves(Path(left.content), Path(right.content), name)
        return tuple(found[:_CURVES])


def _excuse(replayed: Replayed) -> tuple[str, str] | None:
    """Why results may differ for a reason that lies in the replay itself, and what to do about it."""
    if ran_out_of_space(Path(replayed.stderr).parent, Path(replayed.stderr)):
        return FULL
    if replayed.elsewhere:
        return "the working copy could not lie at the recorded path", "replay with `--in docker`"
    return None


def _numbers(outputs: Iterable[Output]) -> dict[str, float]:
    """Numbers that results end with, by `path:key`."""
    return {
        f"{output.path}:{key}" if key else output.path: value
        for output in outputs
        if output.content
        for key, value in quantities(Path(output.content), output.path).items()
    }
