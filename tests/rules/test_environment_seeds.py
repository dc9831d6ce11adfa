"""How an environment is seeded depends on its library and on the version that is declared of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

PROGRAM = """
import {library}
import torch

env = {library}.make("CartPole-v1")
policy = torch.nn.Linear(4, 2)
optimizer = torch.optim.Adam(policy.parameters())
state = env.reset()
policy(torch.tensor(state)).sum().backward()
optimizer.step()
"""


@pytest.mark.parametrize(
    ("library", "declared", "advice"),
    [
        ("gymnasium", "", "`gymnasium.make` makes is reset and never seeded"),
        ("gymnasium", "", "call `env.reset(seed=seed)` the first time, and"),
        ("gym", "gym==0.26.2", "call `env.reset(seed=seed)` the first time, and"),
        ("gym", "gym==0.17.1", "call `env.seed(seed)` once, and"),
        ("gym", "torch==2.5.1", "call `env.reset(seed=seed)` the first time (`env.seed(seed)` before gym 0.22), and"),
    ],
)
def test_the_advice_is_that_of_the_library(tmp_path: Path, library: str, declared: str, advice: str) -> None:
    (tmp_path / "train.py").write_text(PROGRAM.format(library=library), encoding="utf-8")
    (tmp_path / "requirements.txt").write_text(declared + "\n", encoding="utf-8")
    config = load(tmp_path, overrides={"cache": False, "select": ("RNG016",)}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert [advice in finding.message for finding in result.findings] == [True]
