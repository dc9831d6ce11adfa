"""What an image has from a lock or a list of exact versions, a later `pip install NAME` leaves as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

LOCK = 'version = 1\n[[package]]\nname = "torch"\nversion = "2.4.1"\nsource = { registry = "packages" }\n'
LIST = "torch==2.4.1\nplotly>=5\nscikit_learn==1.5.2\n"
UV = "uv sync --frozen"
PIP = "pip install --no-cache-dir -r requirements.txt"
CASES = {
    "as it is": ([UV, "uv pip install --index-url https://download.pytorch.org/whl/cpu torch"], ""),
    "of a list": ([PIP, "python3 -m pip install torch scikit-learn"], ""),
    "in the same command": ([PIP + " torch"], ""),
    "beside another": ([PIP, "pip install torch lightning"], "`lightning`"),
    "of no exact version in the list": ([PIP, "pip install plotly"], "`plotly`"),
    "with an extra": ([UV, "uv pip install torch[opt]"], "`torch`"),
    "by another version": ([UV, "uv pip install 'torch>=2.6'"], "`torch>=2.6`"),
    "upgraded": ([PIP, "pip install -qU torch"], "`torch`"),
    "upgraded in a word": ([UV, "uv pip install --upgrade torch"], "`torch`"),
    "into another environment": ([UV, "pip install torch"], "`torch`"),
    "into the system": ([UV, "uv pip install --system torch"], "`torch`"),
    "left out before": ([UV + " --no-install-package torch", "uv pip install torch"], "`torch`"),
    "of nothing before": (["pip install torch", PIP], "`torch`"),
    "in another stage": ([UV, "!FROM python:3.11.9-slim", "uv pip install torch"], "`torch`"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_package_that_is_there_stays(tmp_path: Path, case: str) -> None:
    commands, named = CASES[case]
    lines = ["FROM python:3.11.9-slim", *(c[1:] if c.startswith("!") else f"RUN {c}" for c in commands)]
    (tmp_path / "Dockerfile").write_text("\n".join(lines) + "\n")
    (tmp_path / "uv.lock").write_text(LOCK)
    (tmp_path / "requirements.txt").write_text(LIST)
    config = load(tmp_path, overrides={"cache": False, "select": ("ENV008",)}, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    messages = [finding.message.partition(" of ")[2].partition(":")[0] for finding in result.findings]
    assert messages == ([named] if named else [])
