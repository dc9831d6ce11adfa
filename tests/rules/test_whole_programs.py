"""Programs of several files as people write them, each with its seed and without."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

CODES = ("RNG001", "RNG002", "RNG003", "RNG005", "RNG011", "RNG012", "RNG013", "RNG014", "RNG016")

KERAS = {
    "config.py": """
    SEED = 7
    EPOCHS = 20
    """,
    "src/__init__.py": "",
    "src/data.py": """
    import pandas as pd
    from sklearn.model_selection import train_test_split

    def load(seed):
        rows = pd.read_csv("data/rows.csv")
        return train_test_split(rows.drop(columns="y"), rows["y"], test_size=0.2, random_state=seed)
    """,
    "src/model.py": """
    from tensorflow import keras
    from tensorflow.keras import layers

    def build(width=64):
        model = keras.Sequential([layers.Dense(width, activation="relu"), layers.Dropout(0.2), layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
        return model
    """,
    "train.py": """
    from tensorflow import keras
    import config
    from src.data import load
    from src.model import build

    def main():
        {keras.utils.set_random_seed(config.SEED)}
        x, x_test, y, y_test = load(config.SEED)
        model = build()
        model.fit(x, y, epochs=config.EPOCHS)
        model.save("model.keras")

    if __name__ == "__main__":
        main()
    """,
}
BOOSTING = {
    "params.yaml": """
    train:
      rounds: 200
      seed: 3
    """,
    "pipeline/__init__.py": "",
    "pipeline/features.py": """
    import pandas as pd

    def features(path):
        return pd.get_dummies(pd.read_csv(path))
    """,
    "pipeline/models.py": """
    from sklearn.ensemble import RandomForestClassifier
    from xgboost import XGBClassifier

    def make(params):
        forest = RandomForestClassifier(n_estimators=params["rounds"]{, random_state=params["seed"]})
        boosted = XGBClassifier(n_estimators=params["rounds"], subsample=0.8{, random_state=params["seed"]})
        return {"forest": forest, "boosted": boosted}
    """,
    "train.py": """
    import joblib
    import yaml
    from pipeline.features import features
    from pipeline.models import make

    params = yaml.safe_load(open("params.yaml"))["train"]
    rows = features("data/rows.csv")
    for name, model in make(params).items():
        model.fit(rows.drop(columns="y"), rows["y"])
        joblib.dump(model, f"{name}.joblib")
    """,
}
HYDRA = {
    "configs/train.yaml": """
    defaults:
      - model: small
    seed: 11
    """,
    "configs/model/small.yaml": """
    _target_: app.net.Net
    width: 16
    """,
    "app/__init__.py": "",
    "app/net.py": """
    import lightning as L
    import torch

    class Net(L.LightningModule):
        def __init__(self, width):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Linear(width, 1))

        def training_step(self, batch, index):
            x, y = batch
            return torch.nn.functional.mse_loss(self.layers(x), y)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())
    """,
    "app/rows.py": """
    import lightning as L
    from torch.utils.data import DataLoader, random_split

    class Rows(L.LightningDataModule):
        def setup(self, stage):
            self.train, self.held_out = random_split(read(), [0.8, 0.2])

        def train_dataloader(self):
            return DataLoader(self.train, batch_size=32, shuffle=True)
    """,
    "app/train.py": """
    import hydra
    import lightning as L
    from app.rows import Rows

    @hydra.main(config_path="../configs", config_name="train", version_base=None)
    def main(cfg):
        {L.seed_everything(cfg.seed, workers=True)}
        net = hydra.utils.instantiate(cfg.model)
        trainer = L.Trainer(max_epochs=5)
        trainer.fit(net, datamodule=Rows())

    if __name__ == "__main__":
        main()
    """,
}
JAX = {
    "input_pipeline.py": """
    import tensorflow as tf
    import tensorflow_datasets as tfds

    def batches(name, size{, seed}):
        data = tfds.load(name, split="train")
        return data.shuffle(10_000{, seed=seed}).batch(size).prefetch(tf.data.AUTOTUNE)
    """,
    "train.py": """
    import jax
    import optax
    from absl import app, flags
    from input_pipeline import batches

    FLAGS = flags.FLAGS
    flags.DEFINE_integer("seed", 0, "seed")

    def main(_):
        key = jax.random.key(FLAGS.seed)
        params = init(key)
        optimizer = optax.adam(1e-3)
        state = optimizer.init(params)
        for batch in batches("mnist", 64{, FLAGS.seed}):
            grads = jax.grad(loss)(params, batch)
            updates, state = optimizer.update(grads, state)
            params = optax.apply_updates(params, updates)

    if __name__ == "__main__":
        app.run(main)
    """,
}
AGENT = {
    "options.py": """
    import argparse

    def read():
        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=5)
        parser.add_argument("--steps", type=int, default=10_000)
        return parser.parse_args()
    """,
    "buffer.py": """
    import random

    class Buffer:
        def __init__(self):
            self.rows = []

        def sample(self, size):
            return random.sample(self.rows, size)
    """,
    "agent.py": """
    import torch
    from buffer import Buffer

    class Agent:
        def __init__(self):
            self.net = torch.nn.Linear(4, 2)
            self.optimizer = torch.optim.Adam(self.net.parameters())
            self.buffer = Buffer()

        def learn(self):
            loss = self.net(torch.stack(self.buffer.sample(32))).sum()
            loss.backward()
            self.optimizer.step()
    """,
    "main.py": """
    import random
    import gymnasium as gym
    import torch
    from agent import Agent
    from options import read

    args = read()
    {random.seed(args.seed)}
    {torch.manual_seed(args.seed)}
    env = gym.make("CartPole-v1")
    state, _ = env.reset({seed=args.seed})
    agent = Agent()
    for step in range(args.steps):
        state, reward, done, _, _ = env.step(int(agent.net(torch.tensor(state)).argmax()))
        agent.buffer.rows.append(torch.tensor(state))
        agent.learn()
    """,
}
PROGRAMS: dict[str, tuple[dict[str, str], set[tuple[str, str]]]] = {
    "Keras, seeded by its own helper": (KERAS, {("train.py", "RNG001")}),
    "a forest and boosted trees, by parameters": (
        BOOSTING,
        {("train.py", "RNG001"), ("pipeline/models.py", "RNG011")},
    ),
    "Hydra and Lightning": (
        HYDRA,
        {("app/train.py", "RNG001"), ("app/rows.py", "RNG012"), ("app/rows.py", "RNG014")},
    ),
    "JAX, with data of TensorFlow": (JAX, {("train.py", "RNG001")}),
    "an agent, its buffer and its environment": (AGENT, {("main.py", "RNG001"), ("main.py", "RNG016")}),
}


def found(files: dict[str, str], folder: Path, *, seeded: bool) -> set[tuple[str, str]]:
    """Files and codes of what a scan shows; what stands in braces is the seed, braces of displays have a colon."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        lines = textwrap.dedent(text).lstrip("\n").splitlines()
        (folder / path).write_text("\n".join(_with(line, seeded=seeded) for line in lines) + "\n", "utf-8")
    config = load(folder, overrides={"cache": False, "select": CODES}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    return {(finding.place.path, finding.code) for finding in result.findings}


def _with(line: str, *, seeded: bool) -> str:
    start, end = line.find("{"), line.rfind("}")
    if start < 0 or ": " in line[start:end] or 'f"' in line:
        return line
    seed = line[start + 1 : end]
    stands_alone = not line[:start].strip()
    return line[:start] + (seed if seeded else "pass" if stands_alone else "") + line[end + 1 :]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_seeded_program_is_silent(name: str, tmp_path: Path) -> None:
    assert found(PROGRAMS[name][0], tmp_path, seeded=True) == set()


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_its_seed_it_is_not(name: str, tmp_path: Path) -> None:
    files, expected = PROGRAMS[name]
    assert found(files, tmp_path, seeded=False) == expected
