"""Seeds of every library, with value and line, by whatever way they are set."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench, Outcome

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")


def seeds(outcome: Outcome) -> list[tuple[str, str, int]]:
    """Name, value and line."""
    return [(event["name"], event["value"], event["place"][1]) for event in outcome.events("seed") if event["place"]]


def test_standard_library(bench: Bench) -> None:
    bench.write(
        "import random, tempfile\n"
        "random.seed(3)\n"
        "random.Random('x')\n"
        "random.Random().seed(5)\n"
        "random.seed()\n"
        "random.SystemRandom().random()\n"
        "tempfile.mktemp()\n"
        "class Mine(random.Random):\n    pass\n"
        "Mine(7)\n"
        "from random import seed\n"
        "seed(a=8, version=1)\n"
    )
    outcome = bench.watched()
    assert (outcome.code, outcome.stderr, outcome.reasons()) == (0, "", [])
    assert seeds(outcome) == [
        ("random.seed", "3", 2),
        ("random.Random", "'x'", 3),
        ("random.Random", "None", 4),
        ("random.Random", "5", 4),
        ("random.seed", "None", 5),
        ("random.Random", "7", 10),
        ("random.seed", "8", 12),
    ]


def test_numpy(bench: Bench) -> None:
    bench.write(
        "import numpy as np\n"
        "np.random.seed(3)\n"
        "np.random.RandomState(4)\n"
        "np.random.default_rng(5)\n"
        "np.random.SeedSequence(6)\n"
        "np.random.Generator(np.random.PCG64([7, 8]))\n"
        "np.random.default_rng()\n"
        "np.random.mtrand.seed(9)\n"
    )
    outcome = bench.watched()
    assert (outcome.code, outcome.stderr, outcome.reasons()) == (0, "", [])
    told = [
        (event["name"], event["value"], event["place"][1])
        for event in outcome.events("seed")
        if "from_system" not in event
    ]
    assert told == [
        ("numpy.random.seed", "3", 2),
        ("numpy.random.RandomState", "4", 3),
        ("numpy.random.SeedSequence", "5", 4),
        ("numpy.random.SeedSequence", "6", 5),
        ("numpy.random.SeedSequence", "[7, 8]", 6),
        ("numpy.random.seed", "9", 8),
    ]
    assert [event["place"][1] for event in outcome.events("seed") if event.get("from_system")][-1] == 7


@needs_torch
def test_torch(bench: Bench) -> None:
    bench.write(
        "import torch\n"
        "torch.manual_seed(3)\n"
        "torch.Generator().manual_seed(4)\n"
        "torch.seed()\n"
        "torch.cuda.manual_seed_all(seed=5)\n"
        "torch.random.manual_seed(6)\n"
        "torch.use_deterministic_algorithms(True, warn_only=True)\n"
        "torch.backends.cudnn.benchmark = True\n"
        "with torch.backends.cudnn.flags(deterministic=True): pass\n"
        "torch.set_num_threads(1)\n"
        "torch.set_float32_matmul_precision('high')\n"
        "assert torch.are_deterministic_algorithms_enabled() and torch.backends.cudnn.benchmark\n"
        "assert torch.get_num_threads() == 1 and torch.get_float32_matmul_precision() == 'high'\n"
        "print(torch.manual_seed(3) is torch.default_generator, torch.Generator().manual_seed(4).initial_seed())\n"
        "print(type(torch.default_generator), torch.rand(3).tolist())\n"
    )
    outcome = bench.watched()
    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, bench.plain().stdout, "")
    assert outcome.reasons() == []
    assert seeds(outcome)[:5] == [
        ("torch.manual_seed", "3", 2),
        ("torch.Generator.manual_seed", "4", 3),
        ("torch.seed", "None", 4),
        ("torch.cuda.manual_seed_all", "5", 5),
        ("torch.manual_seed", "6", 6),
    ]
    flags = {(event["name"], event["value"], event["place"][1]) for event in outcome.events("flag") if event["place"]}
    assert flags >= {
        ("torch.use_deterministic_algorithms", "True, warn_only", 7),
        ("torch.backends.cudnn.benchmark", "True", 8),
        ("torch.backends.cudnn.deterministic", "True", 9),
        ("torch.num_threads", "1", 10),
        ("torch.float32_matmul_precision", "'high'", 11),
    }
    first, last = (event["values"] for event in outcome.events("flags"))
    assert (first["torch.use_deterministic_algorithms"], last["torch.use_deterministic_algorithms"]) == (
        "False",
        "True",
    )
    assert last["torch.num_threads"] == "1"
    assert last["torch.cpu_capability"]


def test_states_are_told_at_import_and_end_and_asking_draws_nothing(bench: Bench) -> None:
    bench.write(
        "import random\nimport numpy.random\n"
        "random.seed(1)\nnumpy.random.seed(1)\n"
        "print(random.random(), numpy.random.rand())\n"
    )
    first, second = bench.watched(), bench.watched()
    assert first.stdout == second.stdout == bench.plain().stdout
    ends = [next(event["states"] for event in run.events("rng") if event["moment"] == "end") for run in (first, second)]
    assert ends[0] == ends[1]
    assert set(ends[0]) == {"random", "numpy"}
    begins = [event["states"] for event in first.events("rng") if event["moment"] == "first-use"]
    assert [sorted(states) for states in begins] == [["random"], ["numpy"]]


def test_seeder_in_a_loop_does_not_fill_the_disk(bench: Bench) -> None:
    bench.write("import random\nfor number in range(5000): random.seed(number)\n")
    outcome = bench.watched()
    times = [event.get("times", 1) for event in outcome.events("seed")]
    assert times == [*range(1, 51), 64, 128, 256, 512, 1024, 2048, 4096]


def test_library_that_seeds_is_named(bench: Bench) -> None:
    library = bench.root / "site-packages"
    library.mkdir()
    (library / "clearml.py").write_text("import random\ndef start(): random.seed(1337)\n")
    bench.write("import sys\nsys.path.insert(0, 'site-packages')\nimport clearml\nclearml.start()\n")
    (event,) = bench.watched().events("seed")
    assert (event["place"], event["through"]) == (["program.py", 4, ""], "clearml.start")
