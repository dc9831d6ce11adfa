"""A program that gives the same bits each time gives these bits under the agent as well, at every level."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench, Outcome

STANDARD = """
import json, os, pickle, random, time, uuid
random.seed(0)
print([random.random() for _ in range(3)], random.getrandbits(64), random.Random(5).sample(range(100), 5))
print(pickle.dumps(random.seed)[-20:].hex() == '', pickle.dumps((os.listdir, time.time, os.urandom, uuid.UUID)).hex())
print(hashlib := __import__('hashlib').sha256(repr(random.getstate()).encode()).hexdigest())
print(random.seed.__self__ is random._inst, random.seed.__name__, random.Random.seed.__doc__)
import inspect; print(inspect.signature(random.Random.seed), inspect.signature(random.seed))
print(sorted(os.listdir('.')), os.path.exists('x'))
"""
NUMPY = """
import copy, io, pickle, numpy as np
np.random.seed(0)
print(np.random.rand(3).tobytes().hex(), np.random.RandomState(1).rand(2).tobytes().hex())
rng = np.random.default_rng([1, 2])
print(rng.random(2).tobytes().hex(), [child.random() for child in rng.spawn(2)])
kind = np.random.RandomState
print(type(kind(1)) is kind, isinstance(np.random.mtrand._rand, kind))
print(pickle.dumps(np.random.RandomState(3)).hex()[-200:], pickle.dumps(np.random.default_rng(3)).hex()[-200:])
print(copy.deepcopy(np.random.RandomState(3)).rand(), np.random.SeedSequence(7).generate_state(2))
file = io.BytesIO(); np.savez(file, a=np.arange(3)); print(len(file.getvalue()))
"""
WORKERS = """
import multiprocessing as mp, random, subprocess, sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def work(number):
    random.seed(number)
    return number, random.random()
if __name__ == '__main__':
    for method in ('fork', 'spawn', 'forkserver'):
        with mp.get_context(method).Pool(2) as pool: print(pool.map(work, range(6)))
    with ProcessPoolExecutor(2, mp_context=mp.get_context('spawn')) as pool: print(list(pool.map(work, range(4))))
    with ThreadPoolExecutor(4) as pool: print(sorted(pool.map(len, ['a'] * 50)))
    print(subprocess.run([sys.executable, '-c', 'import random; random.seed(2); print(random.random())'],
                         capture_output=True, check=True).stdout)
    print(subprocess.run('echo $0; exit 3', shell=True, capture_output=True).returncode)
"""
TORCH = """
import sys, torch
from torch.utils.data import DataLoader, Dataset
class Data(Dataset):
    def __len__(self): return 24
    def __getitem__(self, index): return torch.randn(3, 8, 8), index % 4
def train(workers):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Dropout(0.2),
                              torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 4))
    optimizer = torch.optim.AdamW(net.parameters(), 1e-2)
    for images, classes in DataLoader(Data(), 6, shuffle=True, num_workers=workers):
        loss = torch.nn.functional.cross_entropy(net(images), classes)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    return net
if __name__ == '__main__':
    torch.set_num_threads(1)
    for workers in (0, 2):
        net = train(workers)
        print(b''.join(value.numpy().tobytes() for value in net.state_dict().values()).hex())
    torch.save(net.state_dict(), 'model.pt')
    print(torch.load('model.pt')['0.weight'].sum().item().hex(), torch.get_rng_state().sum().item())
    scripted = torch.jit.script(net)
    print(scripted(torch.zeros(1, 3, 8, 8)).tolist(), torch.initial_seed(), torch.Generator().initial_seed())
"""
SKLEARN = """
import joblib, numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
data = np.random.RandomState(0).rand(80, 4); classes = (data.sum(1) > 2).astype(int)
model = make_pipeline(StandardScaler(), LogisticRegression(random_state=0)).fit(data, classes)
forest = RandomForestClassifier(8, random_state=0).fit(data, classes)
print(model.predict_proba(data).tobytes().hex(), forest.predict_proba(data).tobytes().hex(), clone(forest))
print(cross_val_score(model, data, classes, cv=3, n_jobs=2).tolist())
joblib.dump((model, forest), 'model.joblib')
"""
PROGRAMS = {"standard": STANDARD, "numpy": NUMPY, "workers": WORKERS, "torch": TORCH, "sklearn": SKLEARN}
NEEDS = {"torch": "torch", "sklearn": "sklearn"}


def _outputs(bench: Bench) -> dict[str, str]:
    """Digests of the files that a program left, which it finds gone the next time."""
    found = {}
    for path in sorted(bench.root.iterdir()):
        if path.suffix in {".pt", ".joblib"}:
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
            path.unlink()
    return found


SLOW = {"torch", "sklearn"}
CASES = [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in PROGRAMS]


@pytest.mark.parametrize("name", CASES)
def test_program_gives_the_same_bits_under_the_agent(bench: Bench, name: str) -> None:
    if name in NEEDS and find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    bench.write(PROGRAMS[name])
    results = []
    runs: list[Callable[[], Outcome]] = [bench.plain, bench.watched, partial(bench.watched, trace="steps")]
    for run in runs:
        outcome = run()
        assert outcome.code == 0, outcome.stderr
        results.append((outcome.stdout, outcome.stderr, _outputs(bench)))
    assert results[1] == results[0]
    assert results[2] == results[0]
    assert outcome.reasons() == []
