"""What is made of the agent's journal, also of one that is torn, foreign or empty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reprocheck.capture.observations import observations
from reprocheck.model.file_use import CodePlace


def write(journal: Path, pid: int, *events: dict[str, Any], tail: str = "", prefix: str = "agent") -> None:
    """A file of one process; times count up from its number."""
    lines = [
        json.dumps({"event": "?", "time": pid * 1000 + number, "pid": pid, "started": 5, **event})
        for number, event in enumerate(events)
    ]
    (journal / f"{prefix}-{pid}-5.jsonl").write_text("".join(f"{line}\n" for line in lines) + tail)


def start(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 — the columns of a test
    return {"event": "start", "method": "exec", "environment": {}, "launcher": "", **fields}


def test_journal_without_python_is_empty(tmp_path: Path) -> None:
    assert observations(tmp_path).processes == ()
    assert observations(tmp_path).gaps == ()


def test_processes_come_in_the_order_of_their_start_and_say_how_they_began_and_ended(tmp_path: Path) -> None:
    write(tmp_path, 9, start(method="fork", parent=3), {"event": "end", "modules": ["b"]})
    write(tmp_path, 3, start(executable="/p", version="3.8", command=["/p", "x.py"], hash_seed="0"))
    first, second = observations(tmp_path).processes
    assert (first.pid, first.executable, first.arguments, first.hash_seed, first.ended) == (
        3,
        "/p",
        ("/p", "x.py"),
        "0",
        False,
    )
    assert (second.pid, second.parent, second.start_method, second.ended, second.modules) == (
        9,
        3,
        "fork",
        True,
        ("b",),
    )


def test_process_that_became_another_program_counts_twice(tmp_path: Path) -> None:
    write(tmp_path, 1, start(), {"event": "end"}, start(hash_randomization=1))
    assert [(each.pid, each.ended, each.hash_seed) for each in observations(tmp_path).processes] == [
        (1, True, ""),
        (1, False, "random"),
    ]


def test_seeds_have_value_place_time_and_the_library_that_set_them(tmp_path: Path) -> None:
    seed = {"event": "seed", "name": "torch.manual_seed", "value": "3", "place": ["a.py", 4, "f"]}
    write(
        tmp_path,
        1,
        start(),
        {**seed, "through": "lightning.fabric.seed_everything"},
        {**seed, "through": "torch.random.manual_seed", "value": "987", "from_system": True},
    )
    first, second = observations(tmp_path, started=900).seeders
    assert (first.name, first.value, first.place, first.by) == (
        "torch.manual_seed",
        "3",
        CodePlace("a.py", 4, "f"),
        "lightning",
    )
    assert (first.time, second.value, second.by) == (101, "None", "")


def test_entropy_that_numpy_draws_before_an_old_seed_is_no_seed(tmp_path: Path) -> None:
    place = ["a.py", 4, ""]
    drawn = {"event": "seed", "name": "numpy.random.SeedSequence", "value": "99", "from_system": True, "place": place}
    old = {"event": "seed", "name": "numpy.random.RandomState", "value": "1", "place": place}
    write(tmp_path, 1, start(), drawn, old, drawn)
    assert [call.name for call in observations(tmp_path).seeders] == [
        "numpy.random.RandomState",
        "numpy.random.SeedSequence",
    ]


def test_settings_have_their_last_value_and_every_change(tmp_path: Path) -> None:
    write(
        tmp_path,
        1,
        start(environment={"OMP_NUM_THREADS": "4"}),
        {"event": "flags", "values": {"cudnn": "False"}},
        {"event": "flag", "name": "cudnn", "value": "True", "place": ["a.py", 2, ""], "through": ""},
        {"event": "flags", "values": {"cudnn": "True"}},
    )
    write(tmp_path, 2, start(environment={"OMP_NUM_THREADS": "1"}, launcher="torchrun"))
    cudnn, threads = sorted(observations(tmp_path).flags, key=lambda flag: flag.name, reverse=True)
    assert (cudnn.name, cudnn.value, [change.place for change in cudnn.changes]) == (
        "cudnn",
        "True",
        [CodePlace("a.py", 2)],
    )
    assert (threads.value, [(each.value, each.by, each.pid) for each in threads.changes]) == (
        "4",
        [("1", "torchrun", 2)],
    )


def test_gaps_of_the_agent_and_of_the_journal_itself_are_told(tmp_path: Path) -> None:
    write(tmp_path, 1, start(), {"event": "gap", "channel": "seeds", "reason": "why"}, {"event": "lost", "events": 3})
    write(tmp_path, 2, start(), tail='{"event":"seed","na')
    reasons = {gap.reason for gap in observations(tmp_path).gaps}
    assert reasons == {"why", "3 events could not be written", "1 line of the agent's journal could not be read"}
    assert all(gap.consequence for gap in observations(tmp_path).gaps)


FOREIGN = {
    "zeros": "\0\0\0\n",
    "list": "[1]\n",
    "nothing": "{}\n",
    "number": '{"event": 3}\n',
    "bare seed": '{"event":"seed"}\n',
    "list of states": '{"event":"rng","states":[]}\n',
    "deep": "[" * 50000 + "\n",
    "list of values": '{"event":"flags","values":[1]}\n{"event":"seed","place":[1,2]}\n',
    "odd pools": '{"event":"pools","pools":[1,{}]}\n',
    "not UTF-8": "\udce4\n",
}


@pytest.mark.parametrize("tail", FOREIGN.values(), ids=FOREIGN)
def test_foreign_lines_are_no_exception(tmp_path: Path, tail: str) -> None:
    write(tmp_path, 1, start())
    with (tmp_path / "agent-1-5.jsonl").open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(tail)
    assert len(observations(tmp_path).processes) == 1


def test_libraries_that_watch_and_seed_are_perturbers(tmp_path: Path) -> None:
    seed = {
        "event": "seed",
        "name": "random.seed",
        "value": "1337",
        "place": ["a.py", 2, ""],
        "through": "clearml.task.init",
    }
    write(tmp_path, 1, start(), seed, seed, {"event": "perturber", "name": "mlflow", "effect": "it logs"})
    perturbers = {(each.name, each.effect) for each in observations(tmp_path).perturbers}
    assert perturbers == {("clearml", "it seeded random.seed with 1337"), ("mlflow", "it logs")}


def test_step_files_of_several_ranks_are_listed_with_digests(tmp_path: Path) -> None:
    step = {"event": "step", "loss": 0.5}
    write(tmp_path, 1, step, prefix="trace")
    write(tmp_path, 2, step, {**step, "loss": 0.25}, prefix="trace")
    trace = observations(tmp_path).trace
    assert (trace.steps, trace.last_loss, trace.file) == (3, 0.25, f"{tmp_path.name}/trace-2-5.jsonl")
    assert list(trace.others) == [f"{tmp_path.name}/trace-1-5.jsonl"]
    assert len({trace.digest, *trace.others.values()}) == 2


def test_thread_pools_are_those_of_the_first_process(tmp_path: Path) -> None:
    pool = {"api": "blas", "library": "openblas", "path": "/l.so", "threads": 2, "architecture": "Zen"}
    write(tmp_path, 1, start(), {"event": "pools", "pools": [pool]})
    write(tmp_path, 2, start(), {"event": "pools", "pools": [{**pool, "threads": 1}]})
    (found,) = observations(tmp_path).thread_pools
    assert (found.library, found.threads, found.architecture) == ("openblas", 2, "Zen")


def test_interpreters_that_the_supervisor_saw_and_the_agent_did_not_are_gaps(tmp_path: Path) -> None:
    write(tmp_path, 1, start())
    run = {"event": "execute", "path": "/bin/python3", "started": 5, "python": ["-c"]}
    lines = [
        {**run, "pid": 1},
        {**run, "pid": 2, "python": ["-X", "-I"]},
        {**run, "pid": 3},
        {**run, "pid": 4},
        {"event": "execute", "path": "/bin/sh", "pid": 5, "started": 5},
        {**run, "pid": 6, "without": "PYTHONPATH"},
        {**run, "pid": 7, "without": "environment"},
        {**run, "pid": 1, "without": "environment"},
    ]
    (tmp_path / "files.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    gaps = observations(tmp_path).gaps
    assert [gap.reason for gap in gaps] == [
        "python3 ran without the agent",
        "python3 was started in an environment without the agent",
        "python3 was started with -I",
        "python3 was started with a PYTHONPATH that leaves the agent out",
    ]
    assert "PYTHONPATH=FOLDER:$PYTHONPATH" in gaps[-1].consequence


def test_programs_of_other_languages_are_one_gap(tmp_path: Path) -> None:
    write(tmp_path, 1, start())
    names = ["glove", "shuffle", "Rscript", "cooccur", "glove"]
    lines = [{"event": "execute", "path": f"/p/{name}", "pid": 9, "started": 5, "other": True} for name in names]
    (tmp_path / "files.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (gap,) = observations(tmp_path).gaps
    assert (gap.channel, gap.reason) == (
        "observations.programs",
        "glove, shuffle, Rscript and 1 more are no Python programs",
    )
