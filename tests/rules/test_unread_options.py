"""Options that nothing reads, where the parser is read in part, as a whole, or not at all."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

PARSER = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--schedule", default="cosine")
args = parser.parse_args()
"""
FLAGS = """
from absl import app, flags
from settings import overridden

FLAGS = flags.FLAGS
flags.DEFINE_float("lr", 0.1, "learning rate")
flags.DEFINE_float("momentum", 0.9, "momentum")

def main(_):
    train({use})

if __name__ == "__main__":
    app.run(main)
"""
SETTINGS = """
def overridden(params, flags):
    for key in params:
        params[key] = getattr(flags, key, None) or params[key]
    return params
"""


GRADIENTS = """
def step(params, rule, gradients, state):
    updates, state = rule.update(gradients, state, params)
    return updates
"""
LAYERS = """
class Layer:
    def extra_repr(self):
        return "{size}".format(**self.__dict__)
"""
STEPS = """
import torch.optim as optim
import layers
import nets

class Optimizer:
    def __init__(self, params):
        self.params = params
        self.optimizer = optim.SGD(self.params, lr=0.1)

def build(name):
    return nets.__dict__[name]()
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"train.py": PARSER + "train(args.lr, args.schedule)\n"}, {"--momentum"}, id="one of three"),
        pytest.param(
            {
                "train.py": PARSER + "import steps\n\ntrain(args.lr, args.schedule)\n",
                "steps.py": STEPS,
                "layers.py": LAYERS,
            },
            {"--momentum"},
            id="weights, a layer that shows itself, a module by name",
        ),
        pytest.param(
            {"train.py": PARSER + "train(args.lr, args.schedule)\nrecord(**args.__dict__)\n"},
            set(),
            id="all of them, by their dictionary",
        ),
        pytest.param(
            {"train.py": PARSER + "run.args = args\ntrain(args.lr, args.schedule)\nrecord(**run.args.__dict__)\n"},
            set(),
            id="all of them, by the dictionary of an attribute",
        ),
        pytest.param(
            {"train.py": "import optax\n" + PARSER + GRADIENTS + "train(args.lr, args.schedule)\n"},
            {"--momentum"},
            id="weights of JAX, which are called params",
        ),
        pytest.param(
            {"train.py": PARSER + GRADIENTS + "train(args.lr, args.schedule)\n"},
            set(),
            id="what is called params elsewhere, handed over",
        ),
        pytest.param({"train.py": PARSER + "print(args)\n"}, set(), id="a demonstration of a parser"),
        pytest.param({"train.py": FLAGS.format(use="FLAGS.lr")}, {"--momentum"}, id="one of two flags"),
        pytest.param(
            {"train.py": FLAGS.format(use="overridden({'momentum': 0.5}, FLAGS)"), "settings.py": SETTINGS},
            set(),
            id="flags that are handed over",
        ),
    ],
)
def test_unread_options_that_are_shown(files: dict[str, str], expected: set[str], tmp_path: Path) -> None:
    for path, text in files.items():
        (tmp_path / path).write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    config = load(tmp_path, overrides={"cache": False, "select": ("DBT001",)}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert {finding.message.split("`")[1] for finding in result.findings} == expected


POINTS = """
def group(points, first=False):
    if first:
        keep(points[:1])
        note(points)
        tell(points)
    return points
"""


@pytest.mark.parametrize(
    ("copy", "expected"),
    [("log/one/points.py", {"models/points.py"}), ("twin/points.py", {"models/points.py", "twin/points.py"})],
)
def test_code_that_a_run_kept_is_no_code_of_the_project(copy: str, expected: set[str], tmp_path: Path) -> None:
    for path in ("models/points.py", copy):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"{POINTS}\n\ndef use(rows):\n    return group(rows)\n", "utf-8")
    config = load(tmp_path, overrides={"cache": False, "select": ("DBT001",)}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert {finding.place.path for finding in result.findings} == expected
