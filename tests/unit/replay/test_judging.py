"""Verdicts that never say more than was seen."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from records import package, record
from reprocheck.compare.tolerances import Tolerances
from reprocheck.model.comparison import Because, Outcome, Verdict
from reprocheck.model.record import (
    CodePlace,
    EntropyRecord,
    Execution,
    FileRole,
    FileUse,
    FileUses,
    Observations,
    PythonProcess,
    RandomState,
    SeederCall,
    Status,
)
from reprocheck.model.replay import Cause, Suspect
from reprocheck.replay.judging import compare_results, cut_short, limited, overall, pair_up, weigh
from reprocheck.replay.outputs import Output, Selection, is_cache
from reprocheck.replay.suspects import changed_packages, suspects

ENDED = Execution(status=Status.EXITED, code=0)


def output(folder: Path, path: str, text: str | None, digest: str | None = None) -> Output:
    if text is None:
        return Output(path=path, digest=digest)
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return Output(path=path, digest=digest or text, content=str(file))


def verdict_of(left: list[Output], right: list[Output], codes: tuple[int, int] = (0, 0)) -> Verdict:
    pairs, _ = pair_up({o.path: o for o in left}, {o.path: o for o in right})
    return weigh(compare_results(pairs, codes, Tolerances()))


def test_equal_digests_need_no_content() -> None:
    one = Output(path="a", digest="d")
    assert verdict_of([one], [one]).outcome is Outcome.IDENTICAL


def test_a_result_on_one_side_only_diverges(tmp_path: Path) -> None:
    a, b = output(tmp_path, "a", "1"), output(tmp_path, "b.bin", "1")
    assert verdict_of([a, b], [a]).outcome is Outcome.DIVERGENT
    assert verdict_of([a], [a, b]).outcome is Outcome.DIVERGENT


def test_content_that_is_gone_is_inconclusive_and_not_divergent(tmp_path: Path) -> None:
    found = verdict_of([output(tmp_path, "a", None, "d")], [output(tmp_path, "a", "1")])
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "recorded content is gone" in found.reason


def test_another_exit_code_diverges_whatever_the_results_say() -> None:
    one = Output(path="a", digest="d")
    assert verdict_of([one], [one], (0, 1)).outcome is Outcome.DIVERGENT


def test_a_command_that_failed_both_times_is_called_so() -> None:
    one = Output(path="a", digest="d")
    found = verdict_of([one], [one], (2, 2))
    assert found.outcome is Outcome.IDENTICAL
    assert found.reason.endswith("; the command ended with 2 both times")
    assert verdict_of([], [], (2, 2)).reason.endswith("; the command ended with 2 both times")
    assert "both times" not in verdict_of([one], [one]).reason


def test_no_results_prove_nothing() -> None:
    assert verdict_of([], []).outcome is Outcome.INCONCLUSIVE
    codes = compare_results([], (0, 0), Tolerances())
    assert "`--output out/**`" in weigh(codes, ("out/**",)).reason


def test_results_are_paired_by_their_logical_names(tmp_path: Path) -> None:
    left = output(tmp_path / "l", "runs/2026-11-20_10-11-12/a.txt", "x")
    right = output(tmp_path / "r", "runs/2026-11-21_09-08-07/a.txt", "x")
    assert verdict_of([left], [right]).outcome is Outcome.IDENTICAL


IDENTICAL = Verdict(outcome=Outcome.IDENTICAL, reason="same")
DIVERGENT = Verdict(outcome=Outcome.DIVERGENT, reason="differs")
CHANGED = (Suspect(what="package torch", recorded="2.1", replayed="2.2"),)


def test_an_incomplete_record_is_no_pass_unless_results_were_declared() -> None:
    run = record(files=FileUses(complete=False))
    found, remedy = limited(IDENTICAL, run, ENDED, Selection(), (), None)
    assert (found.outcome, "--output" in remedy) == (Outcome.INCONCLUSIVE, True)
    assert limited(IDENTICAL, run, ENDED, Selection(["*.pt"]), (), None)[0] == IDENTICAL


def test_a_difference_under_another_environment_proves_nothing_and_agreement_does() -> None:
    found, remedy = limited(DIVERGENT, record(), ENDED, Selection(), CHANGED, None)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "package torch 2.1 -> 2.2" in found.reason
    assert "venv" in remedy
    assert limited(IDENTICAL, record(), ENDED, Selection(), CHANGED, None)[0] == IDENTICAL


def test_a_difference_that_the_replay_may_have_made_proves_nothing() -> None:
    found, remedy = limited(DIVERGENT, record(), ENDED, Selection(), (), ("it ran elsewhere", "do that"))
    assert (found.outcome, remedy) == (Outcome.INCONCLUSIVE, "do that")


def test_a_plain_difference_stands() -> None:
    assert limited(DIVERGENT, record(), ENDED, Selection(), (), None) == (DIVERGENT, "")


@pytest.mark.parametrize(("runs", "bound"), [(1, None), (3, None), (4, 0.75), (60, 0.05)])
def test_agreeing_replays_bound_from_the_fourth_on(runs: int, bound: float | None) -> None:
    assert overall([IDENTICAL] * runs).bound == (None if bound is None else pytest.approx(bound))


def test_one_divergence_among_many_is_the_verdict_and_is_counted() -> None:
    found = overall([IDENTICAL, DIVERGENT, IDENTICAL])
    assert (found.outcome, found.bound) == (Outcome.DIVERGENT, None)
    assert found.reason.startswith("1 of 3 replays")


def test_a_cancelled_replay_says_what_its_repetitions_said_and_proves_no_agreement() -> None:
    found = cut_short(overall([IDENTICAL, IDENTICAL]), 9)
    assert (found.outcome, found.runs, found.bound) == (Outcome.INCONCLUSIVE, 2, None)
    assert found.reason == "the replay was cancelled after 2 of 9 repetitions, none of which diverged: identical"
    found = cut_short(overall([IDENTICAL, DIVERGENT]), 9)
    assert found.outcome is Outcome.DIVERGENT
    assert found.reason.startswith("1 of 2 replays: ")
    assert found.reason.endswith("; cancelled after 2 of 9 repetitions")


def test_reasons_of_equivalence_add_up() -> None:
    equivalent = Verdict(outcome=Outcome.EQUIVALENT, because=(Because.METADATA,), reason="")
    assert overall([IDENTICAL, equivalent]).because == (Because.METADATA,)


@pytest.mark.parametrize(
    ("patterns", "path", "counts"),
    [
        ((), "out/model.pt", True),
        ((), "train.log", False),
        ((), "pkg/__pycache__/a.pyc", False),
        ((), "/elsewhere/model.pt", False),
        (("*.pt",), "out/model.pt", True),
        (("*.pt",), "out/model.json", False),
        (("out/",), "out/deep/model.json", True),
        (("out/*.json",), "out/model.json", True),
        (("out/*.json",), "other/out/model.json", False),
        (("out/**",), "out/two\nlines.txt", True),
        (("stdout",), "out/model.pt", False),
        (("stdout",), "<stdout>", True),
        (("stdout", "*.pt"), "model.pt", True),
        ((), "<stdout>", False),
    ],
)
def test_what_counts(patterns: tuple[str, ...], path: str, *, counts: bool) -> None:
    assert Selection(patterns).counts(path) is counts


@pytest.mark.parametrize("role", [FileRole.TEMPORARY, FileRole.LOG])
def test_logs_and_temporary_files_count_only_when_they_are_named(role: FileRole) -> None:
    assert not Selection().counts("a.csv", role)
    assert Selection(["a.csv"]).counts("a.csv", role)


def test_logs_count_where_nothing_else_was_left() -> None:
    assert Selection(logs=True).counts("train.log", FileRole.LOG)
    assert not Selection(logs=True).counts("a.csv", FileRole.TEMPORARY)


@pytest.mark.parametrize("path", [".git/index", "a/.ipynb_checkpoints/x.ipynb", "node_modules/", ".dvc/cache/ab"])
def test_caches(path: str) -> None:
    assert is_cache(path)
    assert not is_cache(f"kept{path.replace('/', '-').replace('.', '-')}")


def test_packages_that_the_run_did_not_open_can_not_have_changed_it() -> None:
    recorded = [package("numpy", "1.0"), package("ruff", "1.0", used=False), package("pandas", "1.0", used=None)]
    present = [package("numpy", "2.0"), package("ruff", "2.0"), package("new", "1.0")]
    found = [(s.what, s.recorded, s.replayed) for s in changed_packages(recorded, present)]
    assert found == [("package numpy", "1.0", "2.0"), ("package pandas", "1.0", "")]


def test_inputs_seeds_and_states_that_differ_are_named() -> None:
    def seen(digest: str, seed: str, state: str) -> tuple[FileUses, Observations]:
        files = FileUses(uses=(FileUse(path="in.csv", role=FileRole.INPUT, before=digest),), complete=True)
        random = RandomState(generator="numpy", moment="first-use", digest=state, pid=1)
        process = PythonProcess(pid=1, started=1)
        call = SeederCall(name="random.seed", value=seed, pid=1, time=1)
        return files, Observations(processes=(process,), seeders=(call,), random_states=(random,))

    files, observations = seen("a", "1", "x")
    run = record(files=files, observations=observations)
    assert suspects(run, *seen("a", "1", "x"), None) == ()
    found = suspects(run, *seen("b", "2", "y"), None)
    assert [one.what for one in found] == ["files in.csv", "seed of random.seed", "state of numpy at its first use"]
    kinds = [(one.kind, one.name) for one in found]
    assert kinds == [(Cause.FILE, "in.csv"), (Cause.SEED, "random.seed"), (Cause.STATE, "numpy")]


def test_a_generator_that_ends_alike_was_seeded_in_between_and_is_no_suspect() -> None:
    def seen(first: str, end: str) -> Observations:
        states = (
            RandomState(generator="numpy", moment="first-use", digest=first, pid=1),
            RandomState(generator="numpy", moment="end", digest=end, pid=1),
        )
        return Observations(processes=(PythonProcess(pid=1, started=1),), random_states=states)

    files = FileUses(uses=(), complete=True)
    run = record(files=files, observations=seen("a", "e"))
    assert suspects(run, files, seen("b", "e"), None) == ()
    assert [one.what for one in suspects(run, files, seen("b", "f"), None)] == ["state of numpy at its first use"]


@pytest.mark.parametrize(("seed", "found"), [("random", ["hash seed of texts"]), ("0", []), ("", [])])
def test_a_hash_seed_that_nothing_sets_is_a_suspect(seed: str, found: list[str]) -> None:
    seen = Observations(processes=(PythonProcess(pid=1, started=1, hash_seed=seed),))
    files = FileUses(uses=(), complete=True)
    assert [one.what for one in suspects(record(files=files, observations=seen), files, seen, None)] == found


def test_a_generator_made_without_a_seed_is_a_suspect_with_its_line() -> None:
    process = PythonProcess(pid=1, started=1, parent=0, executable="python", version="3.12")
    calls = [
        SeederCall(name="numpy.random.SeedSequence", value=value, pid=1, time=1, by=by, place=CodePlace("a.py", line))
        for value, by, line in (("None", "optuna", 3), ("None", "optuna", 3), ("7", "", 5))
    ]
    seen = Observations(processes=(process,), seeders=tuple(calls))
    files = FileUses(uses=(), complete=True)
    (found,) = suspects(record(files=files, observations=seen), files, seen, None)
    assert (found.kind, found.what) == (Cause.SEED, "seed of numpy.random.SeedSequence by optuna at a.py:3")
    again = msgspec.structs.replace(seen, entropy=EntropyRecord(file="e", complete=True, calls={}))
    assert suspects(record(files=files, observations=again), files, again, None) == ()


def test_seeders_that_are_called_often_are_one_suspect() -> None:
    def seen(*seeds: str) -> Observations:
        process = PythonProcess(pid=1, started=1)
        calls = tuple(SeederCall(name="numpy.random.seed", value=seed, pid=1, time=n) for n, seed in enumerate(seeds))
        return Observations(processes=(process,), seeders=calls)

    files = FileUses(uses=(), complete=True)
    found = suspects(record(files=files, observations=seen("1", "2", "3")), files, seen("1", "5", "6"), None)
    assert [(one.recorded, one.replayed) for one in found] == [("2", "5 (and 1 more calls)")]
