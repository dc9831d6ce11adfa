"""Fingerprints of training: what is written per step, and what can't be seen."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from reprocheck.agent.libraries.tensors import Fingerprints, combine
from reprocheck.capture.observations import observations

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
needs_sklearn = pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")

TRAINING = """
import sys, torch
torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.125)
def train(steps):
    for step in range(steps):
        loss = net(torch.randn(5, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(loss.item())
train(3)
torch.save([parameter.detach() for parameter in net.parameters()], 'parameters.pt')
torch.save([parameter.grad for parameter in net.parameters()], 'gradients.pt')
"""


@needs_torch
def test_every_step_is_written_with_names_loss_digests_and_sizes(bench: Bench) -> None:
    import torch

    bench.write(TRAINING)
    outcome = bench.watched(trace="steps")
    assert (outcome.code, outcome.stderr, outcome.reasons()) == (0, "", [])
    (optimizer,) = outcome.events("optimizer", "trace")
    assert optimizer["names"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert optimizer["shapes"] == [[8, 4], [8], [1, 8], [1]]
    assert optimizer["place"] == ["program.py", 11, "train"]
    steps = outcome.events("step", "trace")
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert [str(step["loss"]) for step in steps] == outcome.stdout.split()
    assert {step["rates"][0] for step in steps} == {0.125}
    assert len({step["rng"]["torch"] for step in steps}) == 3
    fingerprints = Fingerprints(torch)
    for position, name in enumerate(("parameters", "gradients")):
        tensors = torch.load(bench.root / f"{name}.pt")
        digests = [fingerprints.digest(tensor) for tensor in tensors]
        assert steps[-1][name] == f"{combine(digests):016x}"
        for tensor, digest, written in zip(tensors, digests, steps[-1]["tensors"], strict=True):
            assert written[position][0] == f"{digest:016x}"
            assert written[position][1:] == pytest.approx(
                [float(size) for size in fingerprints.sizes(tensor)], rel=1e-6
            )
    summary = observations(outcome.journal).trace
    assert (summary.level, summary.steps, summary.frameworks) == ("steps", 3, ("torch",))
    assert summary.last_loss == steps[-1]["loss"]
    assert (outcome.journal.parent / summary.file).is_file()


@needs_torch
def test_equal_trainings_have_equal_steps_and_others_differ_from_the_first_on(bench: Bench) -> None:
    bench.write(
        "import torch\n"
        "torch.set_num_threads(1)\n"
        "for seed in (0, 0, 1):\n"
        "    torch.manual_seed(seed)\n"
        "    net = torch.nn.Linear(4, 3)\n"
        "    optimizer = torch.optim.SGD(net.parameters(), 0.1)\n"
        "    for _ in range(2):\n"
        "        net(torch.randn(5, 4)).square().sum().backward()\n"
        "        optimizer.step()\n"
    )
    steps = bench.watched(trace="steps").events("step", "trace")
    digests = [[(each["parameters"], each["gradients"]) for each in steps if each["optimizer"] == n] for n in range(3)]
    assert [len(each) for each in digests] == [2, 2, 2]
    assert digests[0] == digests[1]
    assert all(mine != theirs for mine, theirs in zip(digests[0], digests[2], strict=True))


@pytest.mark.slow
@needs_torch
def test_compiled_code_stays_as_it_is_and_unseen_steps_are_a_gap(bench: Bench) -> None:
    bench.write(
        "import torch, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from torch._dynamo.utils import counters\n"
        "torch.manual_seed(0)\n"
        "net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))\n"
        "optimizer = torch.optim.SGD(net.parameters(), lr=0.125)\n"
        "compiled = torch.compile(net, backend='eager')\n"
        "@torch.compile(backend='eager')\n"
        "def compiled_step(): optimizer.step()\n"
        "for step in range(4):\n"
        "    compiled(torch.randn(5, 4)).square().mean().backward()\n"
        "    optimizer.step() if step % 2 else compiled_step()\n"
        "print([parameter.sum().item() for parameter in net.parameters()])\n"
        "print(dict(counters['stats']), sorted(counters['graph_break'].values()))\n"
    )
    outcome = bench.watched(trace="steps")
    assert (outcome.code, outcome.stdout) == (0, bench.plain().stdout)
    assert len(outcome.events("step", "trace")) == 2
    (reason,) = outcome.reasons()
    assert reason.startswith("functions were compiled by torch")


@needs_torch
def test_odd_parameters_do_not_stop_the_trace(bench: Bench) -> None:
    bench.write(
        "import torch\n"
        "table = torch.nn.Embedding(6, 2, sparse=True)\n"
        "complex_ = torch.nn.Parameter(torch.zeros(2, dtype=torch.complex64))\n"
        "half = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))\n"
        "unused = torch.nn.Parameter(torch.zeros(0))\n"
        "optimizer = torch.optim.SGD([table.weight, complex_, half, unused], lr=0.1)\n"
        "def step():\n"
        "    shown = locals()\n"
        "    loss = table(torch.tensor([1, 1, 2])).sum() + complex_.abs().sum() + half.float().sum()\n"
        "    loss.backward()\n"
        "    optimizer.step()\n"
        "    return shown\n"
        "print(step())\n"
        "torch.optim.LBFGS([half], lr=0.1).step(lambda: half.float().sum())\n"
        "print(half.tolist())\n"
    )
    outcome = bench.watched(trace="steps")
    assert (outcome.code, outcome.reasons()) == (0, [])
    assert outcome.stdout.startswith("{}\n[")  # what `locals` showed has not changed
    first, second = outcome.events("step", "trace")
    assert [gradient is None for _, gradient in first["tensors"]] == [False, False, False, True]
    assert "loss" not in first  # a function that looks at its variables must not see them change
    assert (second["optimizer"], second["step"], second["index"]) == (1, 1, 2)


@needs_sklearn
def test_fitted_models_are_digested_with_their_line(bench: Bench) -> None:
    bench.write(
        "import sys, numpy as np\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "data = np.random.RandomState(0).rand(60, 3); classes = (data[:, 0] > 0.5).astype(int)\n"
        "model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, classes)\n"
        "forest = RandomForestClassifier(5, random_state=int(sys.argv[1])).fit(data, classes)\n"
        "print(model.predict_proba(data)[0].tolist(), forest.predict_proba(data)[0].tolist())\n"
    )
    runs = [bench.watched([sys.executable, "program.py", seed], trace="steps") for seed in ("0", "0", "1")]
    assert [run.code for run in runs] == [0, 0, 0]
    fits = [[(event["place"][1], event["attributes"]) for event in run.events("fit", "trace")] for run in runs]
    assert [line for line, _ in fits[0]] == [7, 8]
    assert fits[0] == fits[1]
    assert fits[0][0] == fits[2][0]
    assert fits[0][1][1]["estimators_"] != fits[2][1][1]["estimators_"]
    assert observations(runs[0].journal).trace.frameworks == ("sklearn",)


@pytest.mark.slow
@needs_torch
def test_both_ranks_of_torchrun_are_seen(bench: Bench) -> None:
    bench.write(
        "import torch, torch.distributed as dist\n"
        "dist.init_process_group('gloo')\n"
        "torch.manual_seed(dist.get_rank())\n"
        "net = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))\n"
        "optimizer = torch.optim.SGD(net.parameters(), 0.1)\n"
        "for _ in range(2):\n"
        "    net(torch.ones(1, 2) * (1 + dist.get_rank())).sum().backward()\n"
        "    optimizer.step()\n"
        "dist.destroy_process_group()\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "program.py"]
    outcome = bench.watched(launch, trace="steps", OMP_NUM_THREADS="")
    assert outcome.code == 0, outcome.stderr
    steps = outcome.events("step", "trace")
    ranks = {step["pid"] for step in steps}
    assert len(steps) == 4
    assert len(ranks) == 2
    by_rank = [[step["parameters"] for step in steps if step["pid"] == rank] for rank in ranks]
    assert by_rank[0] == by_rank[1]  # gradients were averaged, and both began with the first rank's parameters
    seen = observations(outcome.journal)
    assert {call.value for call in seen.seeders if call.name == "torch.manual_seed"} >= {"0", "1"}
    assert len(seen.trace.others) == 1
    (threads,) = [flag for flag in seen.flags if flag.name == "OMP_NUM_THREADS"]
    assert {change.by for change in threads.changes} == {"torch", "torchrun"}  # who set it, and whose children had it
    assert {change.value for change in threads.changes} == {"1"}


@pytest.mark.skipif(find_spec("joblib") is None, reason="joblib is not installed")
def test_what_joblib_sets_in_its_workers_is_told(bench: Bench) -> None:
    bench.write(
        "import joblib, os\n"
        "def threads(): return os.environ['OMP_NUM_THREADS']\n"
        "print(*joblib.Parallel(n_jobs=2)(joblib.delayed(threads)() for _ in range(2)))\n"
    )
    outcome = bench.watched(OMP_NUM_THREADS="")
    assert outcome.stdout
    (flag,) = [flag for flag in observations(outcome.journal).flags if flag.name == "OMP_NUM_THREADS"]
    assert {(change.value, change.by) for change in flag.changes} == {(outcome.stdout.split()[0], "joblib")}
