"""Programs whose seeds other tools misjudge, as small projects: eight right ones stay silent, six wrong ones don't."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

CODES = ("RNG001", "RNG002", "RNG003", "RNG004", "RNG005", "RNG011", "RNG012", "RNG013", "RNG014")

MODEL = """
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(8, 1)
        self.dropout = torch.nn.Dropout(0.1)

    def forward(self, x):
        return self.layer(self.dropout(x))
"""
TRAINING = """
import torch


def train(model, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
"""
LOADER = """
import random

import numpy as np
from torch.utils.data import DataLoader, Dataset, random_split


class Rows(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, index):
        return self.rows[index] + np.random.normal() * random.random()


def loaders(rows):
    train, test = random_split(Rows(rows), [80, 20])
    return DataLoader(train, shuffle=True, num_workers=2), DataLoader(test)
"""
PARTS = {"app/__init__.py": "", "app/model.py": MODEL, "app/training.py": TRAINING, "app/data.py": LOADER}

RIGHT: dict[str, dict[str, str]] = {
    "a helper of another file seeds": {
        **PARTS,
        "app/seeds.py": """
        import random

        import numpy as np
        import torch


        def fix(seed):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
        """,
        "train.py": """
        from app.data import loaders
        from app.model import Net
        from app.seeds import fix
        from app.training import train

        if __name__ == "__main__":
            fix(13)
            train(Net(), loaders(range(100))[0])
        """,
    },
    "a method of a base class seeds": {
        **PARTS,
        "app/experiment.py": """
        import random

        import numpy as np
        import torch


        class Experiment:
            def __init__(self, seed):
                self.seed = seed
                self._prepare()

            def _prepare(self):
                random.seed(self.seed)
                np.random.seed(self.seed)
                torch.manual_seed(self.seed)
        """,
        "train.py": """
        from app.data import loaders
        from app.experiment import Experiment
        from app.model import Net
        from app.training import train


        class Run(Experiment):
            def start(self):
                train(Net(), loaders(range(100))[0])


        if __name__ == "__main__":
            Run(5).start()
        """,
    },
    "seeders under other names": {
        **PARTS,
        "app/seeds.py": """
        from random import seed as seed_python

        import numpy.random as npr
        from torch import manual_seed as seed_torch


        def fix(number):
            for seeder in (seed_python, npr.seed):
                seeder(number)
            npr.seed(number)
            seed_python(number)
            seed_torch(number)
        """,
        "train.py": """
        import app.seeds as seeds
        from app.data import loaders
        from app.model import Net as Model
        from app.training import train as fit


        def main():
            seeds.fix(3)
            fit(Model(), loaders(range(100))[0])


        main()
        """,
    },
    "Lightning": {
        "model.py": """
        import pytorch_lightning as pl
        import torch


        class Net(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(8, 1)

            def training_step(self, batch, index):
                return self.layer(batch[0]).mean()

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=0.1)
        """,
        "train.py": """
        import pytorch_lightning as pl
        from torch.utils.data import DataLoader, random_split

        from model import Net


        def main(rows):
            pl.seed_everything(42, workers=True)
            train, _ = random_split(rows, [80, 20])
            pl.Trainer(deterministic=True).fit(Net(), DataLoader(train, shuffle=True, num_workers=4))


        if __name__ == "__main__":
            main(range(100))
        """,
    },
    "transformers": {
        "options.py": """
        from transformers import TrainingArguments


        def options():
            return TrainingArguments("out", learning_rate=1e-4)
        """,
        "train.py": """
        from transformers import AutoModelForSequenceClassification, Trainer, set_seed

        from options import options


        def main():
            arguments = options()
            set_seed(arguments.seed)
            model = AutoModelForSequenceClassification.from_pretrained("name", num_labels=3)
            Trainer(model=model, args=arguments, train_dataset=rows()).train()


        if __name__ == "__main__":
            main()
        """,
    },
    "accelerate": {
        **PARTS,
        "train.py": """
        from accelerate import Accelerator
        from accelerate.utils import set_seed

        import torch

        from app.data import loaders
        from app.model import Net


        def main():
            set_seed(8)
            accelerator = Accelerator()
            model = Net()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            model, optimizer, loader = accelerator.prepare(model, optimizer, loaders(range(100))[0])
            for x, y in loader:
                accelerator.backward(torch.nn.functional.mse_loss(model(x), y))
                optimizer.step()


        if __name__ == "__main__":
            main()
        """,
    },
    "Keras, and a generator that is passed everywhere": {
        "data.py": """
        import numpy as np


        def shuffled(rows, rng: np.random.Generator):
            return rows[rng.permutation(len(rows))]
        """,
        "train.py": """
        import keras
        import numpy as np

        from data import shuffled


        def main(rows):
            keras.utils.set_random_seed(21)
            rng = np.random.default_rng(21)
            model = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.2), keras.layers.Dense(1)])
            model.compile(optimizer="adam", loss="mse")
            model.fit(shuffled(rows, rng), epochs=3)


        if __name__ == "__main__":
            main(np.arange(100))
        """,
    },
    "a split of the project's own seeds NumPy globally": {
        "splitting.py": """
        import numpy as np


        def train_test_split(rows, seed=1):
            np.random.seed(seed)
            order = np.random.permutation(len(rows))
            return rows[order[:80]], rows[order[80:]]
        """,
        "train.py": """
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        from splitting import train_test_split

        train, test = train_test_split(np.arange(100), seed=1)
        LogisticRegression().fit(train, np.random.permutation(80))
        """,
    },
}

WRONG: dict[str, tuple[dict[str, str], set[tuple[str, int, str]]]] = {
    "the helper is never called": (
        {
            "seeds.py": "import torch\n\n\ndef fix(seed):\n    torch.manual_seed(seed)\n",
            "model.py": MODEL,
            "training.py": TRAINING,
            "train.py": """
            from model import Net
            from seeds import fix
            from training import train

            if __name__ == "__main__":
                net = Net()
                train(net, rows())
            """,
        },
        {("train.py", 6, "RNG001")},
    ),
    "the model is built, then the seed set": (
        {
            "seeds.py": "import torch\n\n\ndef fix(seed):\n    torch.manual_seed(seed)\n",
            "model.py": MODEL,
            "training.py": TRAINING,
            "train.py": """
            from model import Net
            from seeds import fix
            from training import train


            def main():
                net = Net()
                fix(1)
                train(net, rows())


            main()
            """,
        },
        {("train.py", 7, "RNG003")},
    ),
    "the seed comes from the clock": (
        {
            "seeds.py": "import time\n\nimport torch\n\n\ndef fix():\n    torch.manual_seed(int(time.time()))\n",
            "model.py": MODEL,
            "training.py": TRAINING,
            "train.py": """
            from model import Net
            from seeds import fix
            from training import train

            fix()
            train(Net(), rows())
            """,
        },
        {("seeds.py", 7, "RNG004")},
    ),
    "only one family is seeded": (
        {
            "augment.py": """
            import random


            def flip(x):
                return x.flip(0) if random.random() < 0.5 else x
            """,
            "model.py": MODEL,
            "train.py": """
            import torch

            from augment import flip
            from model import Net

            torch.manual_seed(4)
            net = Net()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for x, y in rows():
                torch.nn.functional.mse_loss(net(flip(x)), y).backward()
                optimizer.step()
            """,
        },
        {("train.py", 6, "RNG002")},
    ),
    "the seed is an option that is off by default": (
        {
            "options.py": """
            import argparse


            def options():
                parser = argparse.ArgumentParser()
                parser.add_argument("--seed", type=int, default=None)
                return parser.parse_args()
            """,
            "model.py": MODEL,
            "training.py": TRAINING,
            "train.py": """
            import torch

            from model import Net
            from options import options
            from training import train

            if __name__ == "__main__":
                args = options()
                if args.seed is not None:
                    torch.manual_seed(args.seed)
                train(Net(), rows())
            """,
        },
        {("train.py", 10, "RNG005")},
    ),
    "every worker gets a copy of the dataset's generator": (
        {
            **PARTS,
            "noise.py": """
            import numpy as np
            from torch.utils.data import Dataset


            class Noisy(Dataset):
                def __init__(self, rows, seed):
                    self.rows = rows
                    self.rng = np.random.default_rng(seed)

                def __getitem__(self, index):
                    return self.rows[index] + self.rng.normal()
            """,
            "train.py": """
            import torch
            from torch.utils.data import DataLoader

            from app.model import Net
            from app.training import train
            from noise import Noisy

            torch.manual_seed(9)
            loader = DataLoader(Noisy(range(100), 9), shuffle=True, num_workers=4)
            train(Net(), loader)
            """,
        },
        {("train.py", 9, "RNG013")},
    ),
}
SHUFFLED = {
    "requirements.txt": "torch==1.8.1\n",
    "train.py": """
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset


    class Jitter(Dataset):
        def __getitem__(self, index):
            return self.rows[index] + np.random.randn()


    torch.manual_seed(0)
    np.random.seed(0)
    net = torch.nn.Linear(4, 1)
    for x, y in DataLoader(Jitter(), shuffle=True, num_workers=4):
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
}


def found(root: Path, files: dict[str, str]) -> set[tuple[str, int, str]]:
    """Path, line and code of what a scan of a project shows by default of the rules about seeds."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    config = load(root, overrides={"cache": False, "select": CODES}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    return {(f.place.path, f.place.span.line, f.code) for f in result.findings}


@pytest.mark.parametrize("name", RIGHT)
def test_a_seeded_program_is_not_reported(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, RIGHT[name]) == set()


@pytest.mark.parametrize("name", RIGHT)
def test_the_same_program_without_its_seed_is_reported(name: str, tmp_path: Path) -> None:
    seeders = ("seed", "fix(", "manual_seed")
    unseeded = {
        path: "\n".join(
            f"{line[: len(line) - len(line.lstrip())]}pass" if _seeds(line, seeders) else line
            for line in text.splitlines()
        )
        for path, text in RIGHT[name].items()
    }
    if name != "transformers":  # its trainer seeds by itself
        assert found(tmp_path, unseeded) != set()


def _seeds(line: str, seeders: tuple[str, ...]) -> bool:
    """Whether a line is a call that seeds."""
    stripped = line.strip()
    return stripped.endswith(")") and any(word in stripped.partition("(")[0] + "(" for word in seeders)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrongly_seeded_program_is_reported_at_the_right_place(name: str, tmp_path: Path) -> None:
    files, expected = WRONG[name]
    assert found(tmp_path, files) == expected


def test_numpy_in_workers_repeats_itself_before_pytorch_1_9(tmp_path: Path) -> None:
    assert {code for _, _, code in found(tmp_path, SHUFFLED)} == {"RNG013"}


def test_numpy_in_workers_is_seeded_since_pytorch_1_9(tmp_path: Path) -> None:
    assert found(tmp_path, SHUFFLED | {"requirements.txt": "torch==2.4.0\n"}) == set()
