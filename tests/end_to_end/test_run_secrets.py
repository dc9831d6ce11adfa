"""Credentials are nowhere in a store after a run that was full of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]

_PLANTED = {
    "variable": "vq7Ym2PfW0sT9uKe",
    "allowed variable": "n3Xd8RbH1cLz6GoA",
    "option": "k5JtB4yQ9wEa2MhU",
    "word behind an option": "plainwordsecret",
    "address": "r8SgC1vNf3Zx7DpI",
    "query": "e6UoL0mKi4Wq2TbY",
    "remote": "h9AzX5jVd7Rn1QcF",
    "env file": "b2GwE8tJs6Py4OkM",
    "difference": "u1HfN7lCr3Bv9XaS",
    "untracked file": "d4ZqT6iMw8Ke0YgJ",
    "journal": "x7LpD2oUb5Ah3VsR",
    "token": "ghp_q9WmZ2eRt6YuI1oPaS4dFgH8jKlX3cVbN5",
}
_PROGRAM = """
import helper, os, subprocess, sys
open(".env").read()
open("untracked.py").read()
open("overwritten.cfg").read()
open("overwritten.cfg", "w").write("clean")
subprocess.run([sys.executable, "-c", "pass", "--password", "{journal}"], env=dict(os.environ, DB_PASSWORD="{journal}"))
try:
    open("https://u:{address}@example.org/x")
except OSError:
    pass
"""


def test_planted_credentials_are_not_found_by_grep(run: Run, project: Path) -> None:
    (project / "train.py").write_text("pass\n", "utf-8")
    _git(project, "init", "-q")
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", "first")
    _git(project, "remote", "add", "origin", f"https://oauth2:{_PLANTED['remote']}@example.org/a.git")
    (project / "train.py").write_text(_PROGRAM.format(**_PLANTED), "utf-8")
    (project / "helper.py").write_text(f"API_KEY = '{_PLANTED['difference']}'\n", "utf-8")
    _git(project, "add", "-N", "helper.py")
    (project / "untracked.py").write_text(f"password = '{_PLANTED['untracked file']}'\n", "utf-8")
    (project / "overwritten.cfg").write_text(f"token = '{_PLANTED['token']}'\n", "utf-8")
    (project / ".env").write_text(f"SERVICE_SECRET={_PLANTED['env file']}\n", "utf-8")
    done = run(
        "run", "--store-inputs", "--", sys.executable, "train.py",
        f"--api-key={_PLANTED['option']}", "--password", _PLANTED["word behind an option"],
        f"https://u:{_PLANTED['address']}@example.org/d?sig={_PLANTED['query']}",
        variables={"WANDB_API_KEY": _PLANTED["variable"], "TORCH_TOKEN": _PLANTED["allowed variable"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    store = project / ".reprocheck" / "store"
    found = {
        (name, path.relative_to(store).as_posix())
        for path in store.rglob("*")
        if path.is_file()
        for name, value in _PLANTED.items()
        if value.encode() in path.read_bytes()
    }
    assert found == set()
    record = json.loads(run("show", "@", "-o", "json").stdout)
    assert record["command"]["redacted"]
    assert not record["code"]["repository"]["diff_exact"]
    assert {"WANDB_API_KEY", "TORCH_TOKEN"} <= set(record["environment"]["variable_names"])
    reasons = " ".join(gap["reason"] for gap in record["gaps"])
    for name in ("untracked.py", "overwritten.cfg", ".env"):
        assert name in reasons


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    variables = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", *identity, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=variables)
