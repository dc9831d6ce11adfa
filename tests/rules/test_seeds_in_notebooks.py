"""What a notebook draws before its first seed: what is trained counts, what is only looked at does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

START = """import random
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, x):
        return self.layer(x)
"""
TRAINS = """for x, y in rows:
    torch.nn.functional.mse_loss(net(x), y).backward()
"""
STEPS = """def steps(net):
    for x, y in rows:
        torch.nn.functional.mse_loss(net(x), y).backward()
"""


def shown(folder: Path, *cells: str, codes: tuple[str, ...] = ("RNG003",)) -> set[str]:
    """Messages that a scan of a notebook shows by default."""
    notebook = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": cell}
            for cell in cells
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (folder / "train.ipynb").write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    config = load(folder, overrides={"cache": False, "select": codes}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    return {finding.message for finding in result.findings}


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param((START, "net = Net()", "torch.manual_seed(1)", TRAINS), id="model"),
        pytest.param((START, "net = Net()", TRAINS, "torch.manual_seed(1)\nnet = Net()", TRAINS), id="trained before"),
        pytest.param((START, "random.shuffle(rows)", "random.seed(1)", "net = Net()", TRAINS), id="shuffled data"),
    ],
)
def test_what_the_training_depends_on_is_reported(cells: tuple[str, ...], tmp_path: Path) -> None:
    assert shown(tmp_path, *cells)


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param((START, "layer = torch.nn.Linear(4, 4)", "torch.manual_seed(1)\nnet = Net()", TRAINS), id="layer"),
        pytest.param((START, "net = Net()", "torch.manual_seed(1)\nnet = Net()", TRAINS), id="built again"),
        pytest.param(
            (START, STEPS, "net = Net()", "torch.manual_seed(1)\nnet = Net()\nsteps(net)"), id="built and handed on"
        ),
        pytest.param((START, "image = random.choice(rows)", "random.seed(1)", "net = Net()", TRAINS), id="sample"),
        pytest.param((START, "net = torch.nn.Linear(4, 1)\ntorch.rand(3)", "net = Net()", TRAINS), id="never seeded"),
    ],
)
def test_what_is_only_looked_at_is_not(cells: tuple[str, ...], tmp_path: Path) -> None:
    assert not shown(tmp_path, *cells)


@pytest.mark.parametrize(
    ("draw", "matters"),
    [
        ("index = random.randint(0, 9)\nplot(rows[index])", False),
        ("for _ in range(4):\n    plot(random.choice(rows))", False),
        ("def show_some(rows):\n    plot(random.sample(rows, 100))\n\nshow_some(rows)", False),
        ("random.shuffle(rows)", True),
        ("chosen = random.sample(rows, 1000)", True),
        (f"net = Net()\nfor _ in rows:\n    x, y = random.choice(rows)\n    {TRAINS.splitlines()[1].strip()}", True),
    ],
)
def test_which_example_is_shown_matters_to_nobody(draw: str, matters: bool, tmp_path: Path) -> None:
    cells = (START, draw, "torch.manual_seed(1)\nnet = Net()", TRAINS)
    assert bool(shown(tmp_path, *cells, codes=("RNG001", "RNG002"))) is matters


def test_a_script_made_of_a_notebook_shows_layers_as_the_notebook_does(tmp_path: Path) -> None:
    cells = (START, "layer = torch.nn.Linear(2, 2)", "torch.manual_seed(1)\nnet = Net()", TRAINS)
    assert not shown(tmp_path, *cells)
    (tmp_path / "train.py").write_text("\n".join(cells), encoding="utf-8")
    assert not shown(tmp_path, *cells)
    (tmp_path / "other.py").write_text("\n".join(cells), encoding="utf-8")
    assert shown(tmp_path, *cells)
