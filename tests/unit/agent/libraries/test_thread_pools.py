"""Which numerical libraries a run had, and who of a family tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench

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
    ("parent", "worker", "tellers"),
    [
        ("import numpy", "numpy.zeros(3) @ numpy.zeros(3)", 1),
        ("pass", "import numpy", 3),
        ("import numpy", "import colorsys", 4),
    ],
)
def test_a_worker_tells_only_if_it_loaded_something(bench: Bench, parent: str, worker: str, tellers: int) -> None:
    bench.write(_WORKERS.format(parent=parent, worker=worker))
    outcome = bench.watched()
    told = outcome.events("pools")
    assert outcome.code == 0
    assert len(outcome.events("end")) == 4
    assert len(told) == tellers
    assert all(any(pool["api"] == "blas" for pool in event["pools"]) for event in told)
