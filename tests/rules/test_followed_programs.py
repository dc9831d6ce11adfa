"""What a run is followed through, seen by what the rules about seeds find behind it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

CODES = ("RNG001", "RNG002", "RNG003", "RNG005")
NET = """
import torch


class Net(torch.nn.Module):
    def __init__(self):
        self.layer = torch.nn.Linear(2, 2)
"""

TABLE = """
import argparse
import numpy as np
import torch
from parts import Plain

class Drawn:
    def __init__(self, size):
        self.table = np.random.rand(size)

PARTS = {{"drawn": Drawn, "plain": Plain}}

parser = argparse.ArgumentParser()
parser.add_argument("--part", default="{default}")
args = parser.parse_args()
torch.manual_seed(1)
part = PARTS[args.part](4)
torch.nn.Linear(4, 1)(load(part)).sum().backward()
"""
PLAIN = """
class Plain:
    def __init__(self, size):
        self.size = size
"""
EITHER = """
import numpy as np
import torch

def build(kind):
    tables = {"rows": np.random.rand, "noise": np.random.randn}
    make = tables[kind]
    return make(4)

torch.manual_seed(1)
torch.nn.Linear(4, 1)(load(build(asked()))).sum().backward()
"""
PROGRAMS: dict[str, tuple[dict[str, str], set[tuple[str, int, str]]]] = {
    "an object that is handed on and called": (
        {
            "scaler.py": "class Scaler:\n    def __call__(self, loss):\n        loss.backward()\n",
            "engine.py": "def epoch(scaler, loss):\n    step(scaler, loss)\n\n\ndef step(run, loss):\n    run(loss)\n",
            "net.py": NET,
            "train.py": """
            from engine import epoch
            from net import Net
            from scaler import Scaler

            net = Net()
            epoch(Scaler(), net(load()))
            """,
        },
        {("train.py", 5, "RNG001")},
    ),
    "a class that is handed over to be made": (
        {
            "net.py": NET,
            "train.py": """
            from net import Net

            def build(kind):
                return kind()

            build(Net)(load()).backward()
            """,
        },
        {("train.py", 4, "RNG001")},
    ),
    "a class method that makes its class": (
        {
            "base.py": """
            class Base:
                @classmethod
                def example(cls, size):
                    Other.made(size)
                    return cls.made(size)

                @classmethod
                def made(cls, size):
                    return cls(size)

            class Other:
                @classmethod
                def made(cls, size):
                    return cls(size)
            """,
            "net.py": NET.replace("torch.nn.Module", "Base, torch.nn.Module").replace(
                "import torch", "import torch\nfrom base import Base"
            ),
            "train.py": """
            from net import Net

            Net.example(2)(load()).backward()
            """,
        },
        {("train.py", 3, "RNG001")},
    ),
    "a closure that the optimizer calls": (
        {
            "train.py": """
            import torch

            net = torch.nn.Linear(2, 2)
            optimizer = torch.optim.LBFGS(net.parameters())

            def closure():
                loss = net(load()).sum()
                loss.backward()
                return loss

            optimizer.step(closure)
            """,
        },
        {("train.py", 3, "RNG001")},
    ),
    "a main function that TensorFlow runs": (
        {
            "train.py": """
            import numpy as np
            import tensorflow as tf

            def main(arguments=None):
                model.fit(np.random.permutation(10))

            if __name__ == "__main__":
                tf.app.run()
            """,
        },
        {("train.py", 5, "RNG001")},
    ),
    "an option without which the program ends": (
        {
            "train.py": """
            import argparse
            import torch

            def main():
                parser = argparse.ArgumentParser()
                parser.add_argument("--output", default=None)
                parser.add_argument("--seed", type=int, default=None)
                args = parser.parse_args()
                if args.seed is not None:
                    torch.manual_seed(args.seed)
                if not args.output:
                    raise ValueError("where to?")
                torch.nn.Linear(2, 2)(load()).sum().backward()

            main()
            """,
        },
        {("train.py", 10, "RNG005")},
    ),
    "either way a network is drawn, and a seed waits for its option": (
        {
            "train.py": """
            import argparse
            import torch
            from policies import policy_for

            parser = argparse.ArgumentParser()
            parser.add_argument("--seed", type=int, default=None)
            args = parser.parse_args()
            if args.seed is not None:
                torch.manual_seed(args.seed)
            policy = policy_for(environment())
            policy(load()).sum().backward()
            """,
            "policies.py": """
            import torch

            def policy_for(space):
                if space.continuous:
                    return torch.nn.Linear(space.size, 2)
                else:
                    return torch.nn.Linear(2, space.size)
            """,
        },
        {("train.py", 9, "RNG005")},
    ),
    "an entry of a table that the default asks for": (
        {"train.py": TABLE.format(default="drawn"), "parts.py": PLAIN},
        {("train.py", 15, "RNG002")},
    ),
    "an entry of a table that no default asks for": (
        {"train.py": TABLE.format(default="plain"), "parts.py": PLAIN},
        set(),
    ),
    "a table all of whose entries draw": ({"train.py": EITHER}, {("train.py", 9, "RNG002")}),
    "a draw that comes now and then": (
        {
            "train.py": """
            import numpy as np
            import torch

            torch.manual_seed(1)
            net = torch.nn.Linear(4, 1)
            for step, batch in enumerate(load()):
                if step % 100 == 0:
                    order = np.random.permutation(4)
                net(batch[order]).sum().backward()
            """,
        },
        {("train.py", 4, "RNG002")},
    ),
    "a draw that may never come": (
        {
            "train.py": """
            import numpy as np
            import torch

            torch.manual_seed(1)
            net = torch.nn.Linear(4, 1)
            for batch in load():
                if batch.shape[0] % 100 == 0:
                    batch = batch[np.random.permutation(4)]
                net(batch).sum().backward()
            """,
        },
        set(),
    ),
    "a draw in the test of a model that is trained": (
        {
            "train.py": """
            import random
            import torch

            def test(net, rows):
                print(net(random.sample(rows, 10)))

            torch.manual_seed(1)
            net = torch.nn.Linear(4, 1)
            net(load()).sum().backward()
            test(net, load())
            """,
        },
        {("train.py", 7, "RNG002")},
    ),
    "a seed without which the program ends": (
        {
            "train.py": """
            import argparse
            import torch

            def main():
                parser = argparse.ArgumentParser()
                parser.add_argument("--seed", type=int, default=None)
                args = parser.parse_args()
                if args.seed is None:
                    raise ValueError("which seed?")
                torch.manual_seed(args.seed)
                torch.nn.Linear(2, 2)(load()).sum().backward()

            main()
            """,
        },
        set(),
    ),
    "a handler that ends the program": (
        {
            "train.py": """
            import torch

            def main():
                try:
                    prepare()
                except OSError:
                    raise
                torch.nn.Linear(2, 2)(load()).sum().backward()

            main()
            """,
        },
        {("train.py", 8, "RNG001")},
    ),
    "several modules that are imported whole": (
        {
            "net.py": NET,
            "seeds.py": "import torch\n\n\ndef fix():\n    torch.manual_seed(1)\n",
            "train.py": """
            from net import *
            from seeds import *

            net = Net()
            fix()
            net(load()).sum().backward()
            """,
        },
        {("train.py", 4, "RNG003")},
    ),
    "workers of a loader, seeded by PyTorch": (
        {
            "train.py": """
            import random
            import torch
            from torch.utils.data import DataLoader, Dataset

            class Rows(Dataset):
                def __getitem__(self, index):
                    return random.random()

            torch.manual_seed(0)
            net = torch.nn.Linear(2, 2)
            for x in DataLoader(Rows(), num_workers=2):
                net(x).sum().backward()
            """,
        },
        set(),
    ),
    "a loader without workers, in the program's own process": (
        {
            "train.py": """
            import random
            import torch
            from torch.utils.data import DataLoader, Dataset

            class Rows(Dataset):
                def __getitem__(self, index):
                    return random.random()

            torch.manual_seed(0)
            net = torch.nn.Linear(2, 2)
            for x in DataLoader(Rows()):
                net(x).sum().backward()
            """,
        },
        {("train.py", 9, "RNG002")},
    ),
    "a library that modules imported whole bring along": (
        {
            "net.py": NET,
            "common.py": "import os\nimport random\nimport torch\n",
            "train.py": """
            from net import *
            from common import *

            def main(seed):
                torch.manual_seed(seed)
                random.seed(seed)
                net = Net()
                net(random.sample(load(), 8)).sum().backward()

            main(0)
            """,
        },
        set(),
    ),
    "a method of a model that only an optimizer is given": (
        {
            "net.py": """
            import tensorflow as tf
            from flax import nnx

            class Net(nnx.Module):
                def __init__(self, rngs):
                    self.layer = nnx.Linear(2, 2, rngs=rngs)

                def batches(self, rows):
                    return tf.data.Dataset.from_tensor_slices(rows).shuffle(100)
            """,
            "train.py": """
            import optax
            from flax import nnx
            from net import Net

            net = Net(nnx.Rngs(0))
            optimizer = nnx.Optimizer(net, optax.adam(0.1))
            for x, y in load():
                optimizer.update(nnx.grad(loss)(x, y))
            """,
        },
        set(),
    ),
    "every branch of a choice that can't be told": (
        {
            "data.py": """
            import random

            class Rows:
                def __init__(self, rows):
                    self.rows = rows
                    random.shuffle(self.rows)

            class Words(Rows):
                pass
            """,
            "train.py": """
            import sys
            from data import Rows, Words

            def create(kind):
                if kind == "rows":
                    rows = Rows(load(kind))
                elif kind == "words":
                    rows = Words(load(kind))
                else:
                    raise ValueError(kind)
                return rows

            def main(arguments):
                rows = create(read(arguments))
                model.fit(rows)

            main(sys.argv)
            """,
        },
        {("train.py", 6, "RNG001")},
    ),
    "one branch of a choice that can't be told": (
        {
            "train.py": """
            import random
            import sys

            def main(kind):
                rows = load(kind)
                if kind == "words":
                    random.shuffle(rows)
                elif kind == "pairs":
                    random.shuffle(rows)
                model.fit(rows)

            main(read(sys.argv))
            """,
        },
        set(),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_run_is_followed_through(name: str, tmp_path: Path) -> None:
    files, expected = PROGRAMS[name]
    for path, text in files.items():
        (tmp_path / path).write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    config = load(tmp_path, overrides={"cache": False, "select": CODES}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert {(f.place.path, f.place.span.line, f.code) for f in result.findings} == expected


def test_the_option_that_lets_a_program_seed_is_named_not_the_one_that_has_the_seed(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        textwrap.dedent(
            """
            import argparse
            import torch

            parser = argparse.ArgumentParser()
            parser.add_argument("--rank", type=int, default=0)
            parser.add_argument("--deterministic", action="store_true")
            args = parser.parse_args()
            if args.deterministic:
                torch.manual_seed(args.rank)
            net = torch.nn.Linear(2, 2)
            net(load()).sum().backward()
            """
        )
    )
    config = load(tmp_path, overrides={"cache": False, "select": ("RNG005",)}, isolated=True)
    (finding,) = scan_project(ScanRequest(config=config), lambda _done, _total: None).result.findings
    assert "only when the option `deterministic` is given" in finding.message
