"""What the agent costs: at the start of an interpreter, per event, and per step of a training that is traced.

    python benchmarks/agent.py [--rounds N] [--parts start events steps] [--threads 1 2]

CPU time, not wall time; variants take turns, so that a busy minute falls on all of them; medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from processes import environment

from reprocheck.capture.injection import AgentOptions, agent_environment

Level = Literal["plain", "off", "steps"]
LEVELS: tuple[Level, ...] = ("plain", "off", "steps")

EVENTS = """
import json, os, random, sys, time
open('x.txt', 'w').close()
def clock(function, count):
    function()
    begin = time.process_time()
    for _ in range(count): function()
    return (time.process_time() - begin) / count * 1e6
def many():
    with open('y%d' % next(numbers), 'w'): pass
numbers = iter(range(10**9))
print(json.dumps({
    'open the same file again': clock(lambda: open('x.txt').close(), 5000),
    'open a new file': clock(many, 3000),
    'id()': clock(lambda: id(1), 200000),
    'random.Random(0)': clock(lambda: random.Random(0), 5000),
    'list a directory': clock(lambda: os.listdir('.'), 200),
}))
"""
STEPS = """
import json, sys, time, torch
from torch import nn
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(0)
if sys.argv[1] == 'cnn':
    count = 6
    net = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                        nn.Linear(128, 10))
    data, classes = torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,))
else:
    count = 2
    layer = nn.TransformerEncoderLayer(256, 4, 1024, batch_first=True, dropout=0.1)
    net = nn.Sequential(nn.Embedding(1000, 256), nn.TransformerEncoder(layer, 4), nn.Flatten(), nn.Linear(256 * 64, 10))
    data, classes = torch.randint(0, 1000, (8, 64)), torch.randint(0, 10, (8,))
optimizer, criterion = torch.optim.AdamW(net.parameters(), 1e-3), nn.CrossEntropyLoss()
def train(steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(net(data), classes)
        loss.backward()
        optimizer.step()
    return loss.item()
hooks = sys.modules['torch.optim.optimizer']._global_optimizer_post_hooks
ours = dict(hooks)
taken = {'without': [], 'with': []}
train(3)
for _ in range(int(sys.argv[3])):
    for name, times in taken.items():
        hooks.clear()
        if name == 'with': hooks.update(ours)
        begin = time.process_time()
        train(count)
        times.append((time.process_time() - begin) / count * 1e3)
print(json.dumps({'hooks': len(ours), **taken}))
"""


class Runs:
    """Runs programs in a folder of their own, plainly or with the agent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def run(self, command: Sequence[str], level: Level) -> tuple[float, str]:
        """CPU seconds of the whole process and what it printed."""
        self._count += 1
        project, journal = (self._folder / f"{name}-{self._count}" for name in ("project", "journal"))
        project.mkdir()
        journal.mkdir()
        variables: Mapping[str, str] = environment(self._folder / "bytecode")
        if level != "plain":
            options = AgentOptions(root=project, trace=level)
            variables = agent_environment(variables, journal=journal, options=options)
        process = subprocess.Popen(command, cwd=project, env=dict(variables), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, printed
        return usage.ru_utime + usage.ru_stime, printed


def start(runs: Runs, rounds: int) -> None:
    """What an interpreter that does nothing takes."""
    times: dict[Level, list[float]] = {level: [] for level in LEVELS}
    for number in range(rounds * 10 + 1):
        for level in LEVELS:
            cpu, _ = runs.run([sys.executable, "-c", "pass"], level)
            if number:  # the first one writes the bytecode
                times[level].append(cpu * 1e3)
    base = statistics.median(times["plain"])
    for level, values in times.items():
        middle = statistics.median(values)
        print(f"start, {level}: {middle:.1f} ms CPU, {middle - base:+.1f} ms ({len(values)} runs)")


def events(runs: Runs, program: Path, rounds: int) -> None:
    """What single calls take that the agent listens to."""
    program.write_text(EVENTS, encoding="utf-8")
    taken: dict[Level, dict[str, list[float]]] = {level: {} for level in LEVELS[:2]}
    for _ in range(rounds):
        for level in LEVELS[:2]:
            _, printed = runs.run([sys.executable, str(program)], level)
            for name, value in json.loads(printed).items():
                taken[level].setdefault(name, []).append(value)
    for name, values in taken["plain"].items():
        plain, watched = statistics.median(values), statistics.median(taken["off"][name])
        print(f"{name}: {plain:.2f} µs, with the agent {watched:.2f} µs")


def steps(runs: Runs, program: Path, rounds: int, thread_counts: Sequence[str]) -> None:
    """What a step of training takes with and without the trace, in turns within one process."""
    program.write_text(STEPS, encoding="utf-8")
    for model in ("cnn", "transformer"):
        for threads in thread_counts:
            _, printed = runs.run([sys.executable, str(program), model, threads, str(rounds * 6)], "steps")
            result = json.loads(printed)
            assert result["hooks"] == 1
            plain, traced = result["without"], result["with"]
            ratios = [with_ / without for with_, without in zip(traced, plain, strict=True)]
            print(
                f"{model}, {threads} threads: {statistics.median(plain):.2f} ms a step, traced"
                f" {statistics.median(traced):.2f} ms; ratio of medians"
                f" {statistics.median(traced) / statistics.median(plain):.3f}, median of ratios"
                f" {statistics.median(ratios):.3f}, ratio of minima {min(traced) / min(plain):.3f}"
                f" ({len(ratios)} turns)"
            )


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--parts", nargs="+", choices=["start", "events", "steps"], default=["start", "events", "steps"]
    )
    parser.add_argument("--threads", nargs="+", default=["1", "2"], help="of torch, for the steps")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder))
        program = Path(folder) / "program.py"
        if "start" in arguments.parts:
            start(runs, arguments.rounds)
        if "events" in arguments.parts:
            events(runs, program, arguments.rounds)
        if "steps" in arguments.parts:
            steps(runs, program, arguments.rounds, arguments.threads)


if __name__ == "__main__":
    main()
