"""A program without a seed gives the same bits again from a recording of what it drew."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from reprocheck.capture.observations import observations

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench

UNSEEDED = """
import datetime, os, random, secrets, subprocess, sys, tempfile, threading, time, uuid, warnings
print(random.random(), random.Random().random(), random.SystemRandom().random())
print(os.urandom(4).hex(), secrets.token_hex(4))
print(time.time(), time.time_ns(), time.ctime(), time.localtime(), time.strftime('%S'), datetime.date.today())
print(datetime.datetime.now(), datetime.datetime.now(datetime.timezone.utc), uuid.uuid4(), uuid.uuid1())
print(list({'a', 'b', 'c', 'd'}), os.path.basename(tempfile.mktemp()))
random.seed(int(time.time()))
print(random.random())
drawn = []
threads = [threading.Thread(target=lambda: drawn.append(os.urandom(3).hex())) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(drawn))
sys.stdout.flush()
# Python 3.12 warns of a fork while the system still clears a joined thread away.
warnings.simplefilter('ignore', DeprecationWarning)
if os.fork() == 0:
    print('child', random.Random().random())
    sys.stdout.flush()
    os._exit(0)
os.wait()
for _ in range(2):
    subprocess.run([sys.executable, '-c', 'import random; print(random.random())'], check=True)
subprocess.run('%s -c "import random; print(random.random())"' % sys.executable, shell=True, check=True)
"""
LIBRARIES = """
import numpy as np
print(np.random.rand(), np.random.default_rng().random(), np.random.RandomState().rand())
print(np.random.SeedSequence().entropy)
np.random.seed()
print(np.random.rand())
try:
    import torch
except ImportError:
    torch = None
if torch is not None:
    print(torch.rand(1).item(), torch.initial_seed(), torch.Generator().seed())
    net = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(3):
        net(torch.randn(4, 3)).square().mean().backward()
        optimizer.step()
    print(net.weight.tolist(), torch.seed(), torch.rand(1).item())
"""


def test_unseeded_program_is_given_back_twice(bench: Bench) -> None:
    bench.write(UNSEEDED)
    recorded = bench.watched(record_entropy=True)
    assert (recorded.code, recorded.stderr) == (0, "")
    again = [bench.watched(entropy_from=recorded.journal) for _ in range(2)]
    assert [outcome.stdout for outcome in again] == [recorded.stdout] * 2
    assert [outcome.reasons() for outcome in again] == [[], []]
    assert bench.watched(record_entropy=True).stdout != recorded.stdout


def test_what_libraries_draw_is_given_back(bench: Bench) -> None:
    bench.write(LIBRARIES)
    recorded = bench.watched(record_entropy=True, trace="steps")
    assert recorded.code == 0, recorded.stderr
    again = bench.watched(entropy_from=recorded.journal, trace="steps")
    assert (again.stdout, again.reasons()) == (recorded.stdout, [])
    steps = [[step["parameters"] for step in run.events("step", "trace")] for run in (recorded, again)]
    assert steps[0] == steps[1]
    assert len(steps[0]) == (3 if find_spec("torch") else 0)


def test_what_was_drawn_and_which_seeds_were_missing_is_told(bench: Bench) -> None:
    bench.write("import random, time\nprint(random.random())\nrandom.Random()\nrandom.seed(int(time.time()))\n")
    seen = observations(bench.watched(record_entropy=True).journal).entropy
    assert seen is not None
    assert seen.complete
    assert seen.calls == {"random.seed": 2, "time.time": 1}
    assert seen.seeds == (
        "random.Random(0) at program.py:3",
        "random.seed(0) at program.py:4, where the seed is the time",
    )
    bench.write("import random\nprint(random.random())\n")
    seen = observations(bench.watched(record_entropy=True).journal).entropy
    assert seen is not None
    assert seen.seeds == ("random.seed(0) at the start of the program",)
    bench.write("import random\nrandom.seed(4)\nprint(random.random())\n")
    seen = observations(bench.watched(record_entropy=True).journal).entropy
    assert seen is not None
    assert seen.seeds == ()


def test_nothing_is_recorded_unless_asked_for(bench: Bench) -> None:
    bench.write("import os\nos.urandom(3)\nprint(type(os.urandom).__name__)\n")
    outcome = bench.watched()
    assert outcome.stdout == "builtin_function_or_method\n"
    assert observations(outcome.journal).entropy is None


def test_program_that_draws_more_than_was_recorded_goes_on_with_a_gap(bench: Bench) -> None:
    bench.write("import os, sys\nprint(*[os.urandom(2).hex() for _ in range(int(sys.argv[1]))])\n")
    recorded = bench.watched([sys.executable, "program.py", "2"], record_entropy=True)
    again = bench.watched([sys.executable, "program.py", "3"], entropy_from=recorded.journal)
    assert again.stdout.split()[:2] == recorded.stdout.split()
    assert len(again.stdout.split()) == 3
    assert again.reasons() == ["the recording has no more values of os.urandom: a fresh one was drawn"]
    stranger = bench.watched([sys.executable, "-c", "import os; os.urandom(2)"], entropy_from=recorded.journal)
    assert any("has no process" in reason for reason in stranger.reasons())


def test_stand_ins_look_like_what_they_stand_for(bench: Bench) -> None:
    bench.write(
        "import copy, datetime, os, pickle, time\n"
        "class Clock:\n    now = time.time\n    def __init__(self): self.urandom = os.urandom\n"
        "assert isinstance(Clock().now(), float) and len(Clock().urandom(3)) == 3\n"
        "for function in (time.time, os.urandom, time.time_ns, time.localtime):\n"
        "    assert pickle.loads(pickle.dumps(function)) is function\n"
        "    print(function.__name__, function.__module__, function.__doc__[:20])\n"
        "class Day(datetime.datetime): pass\n"
        "now = datetime.datetime.now()\n"
        "print(type(Day.now()).__name__, type(now.date()).__name__, now.tzinfo)\n"
        "try:\n    os.urandom(-1)\nexcept ValueError as error:\n    print(error)\n"
    )
    outcome = bench.watched(record_entropy=True)
    assert (outcome.stdout, outcome.stderr, outcome.code) == (bench.plain().stdout, "", 0)
