"""How the agent comes into a process, and that nothing else is there afterwards."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench

REPORT = (
    "import sys, os\n"
    "print([entry for entry in sys.path], 'sitecustomize' in sys.modules, sys.flags, sys.argv)\n"
    "print(sorted(os.listdir('/proc/self/fd'), key=int))\n"
)


def test_path_modules_and_low_descriptors_are_those_of_a_plain_run(bench: Bench) -> None:
    bench.write(REPORT)
    watched = bench.watched()
    plain = bench.plain()
    assert watched.stdout.splitlines()[0] == plain.stdout.splitlines()[0]
    assert watched.stderr == plain.stderr == ""
    numbers = [int(number) for number in eval(watched.stdout.splitlines()[1])]  # noqa: S307 — our own program's output
    assert len([number for number in numbers if number < 500]) == len(eval(plain.stdout.splitlines()[1]))  # noqa: S307


def test_own_sitecustomize_is_run_as_without_the_agent(bench: Bench) -> None:
    bench.write(
        "import sys\nprint('theirs', __name__, __file__ in sys.modules['sitecustomize'].__file__)", "sitecustomize.py"
    )
    bench.write("import sitecustomize\nprint(sitecustomize.__file__)")
    watched = bench.watched(PYTHONPATH=str(bench.root))
    plain = bench.plain(PYTHONPATH=str(bench.root))
    assert watched.stdout == plain.stdout
    assert watched.stdout.startswith("theirs sitecustomize True")
    assert watched.events("start")


@pytest.mark.parametrize("fault", ["1/0", "import nowhere", "raise ImportError('x', name='sitecustomize')"])
def test_own_sitecustomize_that_fails_says_what_it_says_without_the_agent(bench: Bench, fault: str) -> None:
    bench.write(fault, "sitecustomize.py")
    bench.write("print('ran')")
    watched, plain = (run(PYTHONPATH=str(bench.root)) for run in (bench.watched, bench.plain))
    assert (watched.stdout, watched.stderr, watched.code) == (plain.stdout, plain.stderr, plain.code)
    assert watched.stdout == "ran\n"


def test_program_runs_on_where_the_journal_can_not_be_written(bench: Bench) -> None:
    bench.write("import random\nrandom.seed(1)\nopen('out.txt', 'w').write('x')\nprint(random.random())")
    outcome = bench.watched(
        command=["sh", "-c", f"rm -r {{}}; {sys.executable} program.py".replace("{}", "../journal-1")]
    )
    assert outcome.code == 0
    assert outcome.stdout == bench.plain().stdout
    assert outcome.stderr == ""


def test_exit_codes_pass(bench: Bench) -> None:
    bench.write("import sys\nsys.exit(7)")
    assert bench.watched().code == 7
    bench.write("raise ValueError('mine')")
    watched, plain = bench.watched(), bench.plain()
    assert (watched.code, watched.stderr) == (plain.code, plain.stderr)


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_interpreter_that_ignores_the_agent_is_told_by_the_process_that_starts_it(bench: Bench, option: str) -> None:
    bench.write(f"import subprocess, sys\nsubprocess.run([sys.executable, {option!r}, '-c', 'pass'])")
    outcome = bench.watched()
    assert any(reason.endswith(f"was started with {option}") for reason in outcome.reasons())
    assert len(outcome.events("start")) == 1


def test_environment_without_the_agent_is_told(bench: Bench) -> None:
    bench.write("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'], env={'PATH': '/bin'})")
    outcome = bench.watched()
    assert any("an environment without the agent" in reason for reason in outcome.reasons())


def test_arguments_and_watched_variables_hold_no_credentials(bench: Bench) -> None:
    bench.write("import os\nos.environ['TORCH_API_TOKEN'] = 'sesame'\nos.environ['OMP_NUM_THREADS'] = '3'")
    outcome = bench.watched([sys.executable, "program.py", "--password", "sesame"], TZ="UTC", PYTHON_SECRET="sesame")  # noqa: S106 — it is looked for below
    text = "".join(path.read_text() for path in outcome.journal.iterdir())
    assert "sesame" not in text
    (start,) = outcome.events("start")
    assert start["command"] == [sys.executable, "program.py"]
    assert start["environment"]["TZ"] == "UTC"
    assert [(event["value"], event["place"]) for event in outcome.events("flag")] == [("3", ["program.py", 3, ""])]
