"""What examples can't say of the rules on determinism: declared versions, several programs, what is kept of a set."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load
from reprocheck.model.finding import Confidence, Finding

TRAIN = """
import torch
from setup_run import prepare

prepare(1)
model = torch.nn.Conv2d(3, 8, 3).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model(torch.randn(1, 3, 8, 8).cuda()).sum().backward()
optimizer.step()
"""
SEED_ONLY = """
import torch

def prepare(seed):
    torch.manual_seed(seed)
"""
DETERMINISTIC = """
import torch

def prepare(seed):
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
"""


def findings(root: Path, files: dict[str, str], code: str) -> list[Finding]:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
    config = load(root, overrides={"cache": False, "select": (code,), "min_confidence": "low"}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    return [finding for finding in result.findings if finding.code == code]


def test_programs_that_share_a_helper_share_one_finding(tmp_path: Path) -> None:
    files = {"train.py": TRAIN, "again.py": TRAIN, "third.py": TRAIN, "setup_run.py": SEED_ONLY}
    (finding,) = findings(tmp_path, files, "DET002")
    assert finding.place.path == "setup_run.py"
    assert "2 more entry points" in finding.message


@pytest.mark.parametrize(
    ("requirement", "confidence"),
    [("torch==2.3.0", Confidence.HIGH), ("torch", Confidence.MEDIUM), ("numpy", Confidence.MEDIUM)],
)
def test_the_release_of_pytorch_decides_how_sure_the_missing_workspace_is(
    tmp_path: Path, requirement: str, confidence: Confidence
) -> None:
    files = {"train.py": TRAIN, "setup_run.py": DETERMINISTIC, "requirements.txt": requirement + "\n"}
    (finding,) = findings(tmp_path, files, "DET004")
    assert finding.confidence is confidence


@pytest.mark.parametrize("requirement", ["torch==2.13.0", "torch>=2.13"])
def test_a_release_with_workspaces_of_its_own_needs_no_variable(tmp_path: Path, requirement: str) -> None:
    files = {"train.py": TRAIN, "setup_run.py": DETERMINISTIC, "requirements.txt": requirement + "\n"}
    assert findings(tmp_path, files, "DET004") == []
