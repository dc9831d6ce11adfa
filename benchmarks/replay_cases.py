"""Records and replays real programs of public repositories, and prints verdict, cause and time as a table.

    python benchmarks/replay_cases.py --cases cases.json --corpus FOLDER --python ENVIRONMENT/bin/python [--only ID ...]

`cases.json` lists programs: `id`, `repo` (a folder of the corpus), `copy` (the part of it to copy), `cwd`, `command`
(beginning with `python`), `env` (`{run}` stands for the copy) and `outputs` (with `stdout` in it standard output
counts). Nothing of the repositories is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_SECONDS = 900


def main() -> int:
    """Run the cases that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--replay", nargs="*", default=[], help="further options of `replay`, without their dashes")
    asked = parser.parse_args()
    print("| case | verdict | decided by | also different | plain | recorded | replayed |")
    print("|---|---|---|---|---|---|---|")
    for case in json.loads(asked.cases.read_text("utf-8")):
        if not asked.only or case["id"] in asked.only:
            print(_row(case, asked), flush=True)
    return 0


def _row(case: dict[str, Any], asked: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory(prefix="reprocheck-cases-") as folder:
        root = Path(folder) / "project"
        shutil.copytree(asked.corpus / case["repo"] / case["copy"], root, symlinks=True)
        (root / "reprocheck.toml").touch()
        cwd = root / case["cwd"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REPROCHECK")}
        environment |= {name: value.format(run=root) for name, value in case["env"].items()}
        environment["PATH"] = f"{asked.python.parent}{os.pathsep}{environment['PATH']}"
        shell = case["command"]
        command = ["sh", "-c", shell] if "&&" in shell else shell.split()
        with tempfile.TemporaryDirectory() as spare:
            shutil.copytree(root, Path(spare) / "project", symlinks=True)
            plain = _timed(command, Path(spare) / "project" / case["cwd"], environment)[0]
        counted = ["--output", "stdout"] if "stdout" in case["outputs"] else []
        run = [sys.executable, "-m", "reprocheck", "run", "-q", *counted, "--", *command]
        recorded, done = _timed(run, cwd, environment)
        if done.returncode:
            return f"| {case['id']} | not recorded (exit {done.returncode}) | {_tail(done)} | | {plain:.1f} s | | |"
        replay = [sys.executable, "-m", "reprocheck", "replay", "@", "-o", "json", *(f"--{o}" for o in asked.replay)]
        replayed, done = _timed(replay, cwd, environment)
        try:
            report = json.loads(done.stdout)
        except ValueError:
            return f"| {case['id']} | no report | {_tail(done)} | | {plain:.1f} s | {recorded:.1f} s | |"
        verdict = report["verdict"]
        causes = [s["what"] for r in report["repetitions"][:1] for s in r["suspects"]][:3]
        return (
            f"| {case['id']} | {verdict['outcome']} {' '.join(verdict['because'])} | {_cell(verdict['reason'])} "
            f"| {_cell(', '.join(causes))} | {plain:.1f} s | {recorded:.1f} s | {replayed:.1f} s |"
        )


def _timed(
    command: list[str], cwd: Path, environment: dict[str, str]
) -> tuple[float, subprocess.CompletedProcess[str]]:
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    return time.monotonic() - started, done


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return _cell((done.stderr or done.stdout).strip()[-160:])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())[:200]


if __name__ == "__main__":
    sys.exit(main())
