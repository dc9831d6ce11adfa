"""Which numerical libraries a run had, and who of a family tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.agent.conftest import Bench

from reprocheck.agent.compiled import module

_WORKERS = (
    "import multiprocessing, random\n"
    "{parent}\n"
    "def work():\n"
    "    {worker}\n"
    "if __name__ == '__main__':\n"
    "    for _ in range(3):\n"
    "        process = multiprocessing.get_context('fork').Process(target=work)\n"
    "        process.start()\n"
    "        process.join()\n"
)


@pytest.mark.parametrize(
    ("parent", "worker", "tellers", "compiled"),
    [
        ("import numpy", "numpy.zeros(3) @ numpy.zeros(3)", 1, True),
        ("import numpy", "numpy.zeros(3) @ numpy.zeros(3)", 1, False),
        ("pass", "import numpy", 3, True),
        ("import numpy", "import colorsys", 1, True),
        ("import numpy", "import colorsys", 4, False),  # it might have loaded a library
        ("import numpy", "import sqlite3", 4, True),
    ],
)
def test_a_worker_tells_only_if_it_loaded_something(
    tmp_path: Path, parent: str, worker: str, tellers: int, *, compiled: bool
) -> None:
    if compiled and module is None:
        pytest.skip("the compiled part of the agent was not built")
    bench = Bench(tmp_path, compiled=compiled)
    bench.write(_WORKERS.format(parent=parent, worker=worker))
    outcome = bench.watched()
    told = outcome.events("pools")
    assert outcome.code == 0
    assert len(outcome.events("end")) == 4
    assert len(told) == tellers
    assert all(any(pool["api"] == "blas" for pool in event["pools"]) for event in told)
