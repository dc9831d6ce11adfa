"""What the fixes do to whole repositories: parsed afterwards, done once, a patch that git takes.

    python benchmarks/fixes.py [--patches FOLDER] [--keep FOLDER] REPOSITORY...

Each repository is copied; safe fixes are made, then, on top of these, unsafe ones. Whoever reads the table wants `yes`
everywhere; the patches are to be read by eye.
"""

from __future__ import annotations

import argparse
import ast
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

_COMMAND = [
    sys.executable,
    "-m",
    "reprocheck",
    "scan",
    "--isolated",
    "--no-cache",
    "-q",
    "--exit-zero",
    "-o",
    "concise",
]
_KINDS: tuple[tuple[str, list[str]], ...] = (("safe", []), ("unsafe", ["--unsafe-fixes"]))


def main() -> None:
    """Print a line for each repository and kind of fix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--patches", type=Path, help="folder for the patches")
    parser.add_argument("--keep", type=Path, help="folder for the repaired copies")
    options = parser.parse_args()
    print("| repository | fixes | files | all files parse | --diff changes nothing | git takes it | again nothing |")
    print("|---|---|---|---|---|---|---|")
    for repository in options.repositories:
        with tempfile.TemporaryDirectory() as folder:
            root = (options.keep or Path(folder)) / repository.name
            shutil.copytree(repository, root, symlinks=True, ignore=shutil.ignore_patterns(".git", ".reprocheck*"))
            git(root, "init", "-q")
            commit(root)
            unreadable = broken(root)
            for kind, more in _KINDS:
                row, patch = repaired(root, more, unreadable)
                print(f"| {repository.name} | {kind} | {' | '.join(row)} |", flush=True)
                if options.patches is not None:
                    options.patches.mkdir(parents=True, exist_ok=True)
                    (options.patches / f"{repository.name}.{kind}.patch").write_bytes(patch)
                commit(root)


def repaired(root: Path, more: list[str], unreadable: set[str]) -> tuple[list[str], bytes]:
    """Cells of a row, and the patch, of one kind of fixes; they stay made."""
    patch = subprocess.run([*_COMMAND, "--diff", *more], cwd=root, capture_output=True, check=True).stdout
    untouched = not git(root, "status", "--porcelain")
    check = ["git", "apply", "--check", "-"]
    taken = not patch or subprocess.run(check, cwd=root, input=patch, check=False).returncode == 0
    subprocess.run([*_COMMAND, "--fix", *more], cwd=root, capture_output=True, check=True)
    git(root, "add", "-A")
    once = git(root, "write-tree")
    files = len(git(root, "diff", "--cached", "--name-only").splitlines())
    new = broken(root) - unreadable
    subprocess.run([*_COMMAND, "--fix", *more], cwd=root, capture_output=True, check=True)
    git(root, "add", "-A")
    again = git(root, "write-tree") == once
    said = ["yes" if not new else f"no: {', '.join(sorted(new))}", yes(untouched), yes(taken), yes(again)]
    return [str(files), *said], patch


def broken(root: Path) -> set[str]:
    """Python files and notebooks that can't be read."""
    found: set[str] = set()
    for path in [*root.rglob("*.py"), *root.rglob("*.ipynb")]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _read(path)
        except (OSError, SyntaxError, ValueError):
            found.add(path.relative_to(root).as_posix())
    return found


def _read(path: Path) -> None:
    if path.suffix == ".py":
        ast.parse(path.read_bytes())
    else:
        json.loads(path.read_text("utf-8"))


def commit(root: Path) -> None:
    """Keep what there is, so that the next patch says what is new."""
    git(root, "add", "-A")
    git(root, "-c", "user.name=n", "-c", "user.email=n@example.org", "commit", "-q", "--allow-empty", "-m", "state")


def git(root: Path, *arguments: str) -> str:
    """What git says."""
    command = ["git", "-c", "core.autocrlf=false", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def yes(holds: bool) -> str:  # noqa: FBT001 — a cell of a table
    """A cell of the table."""
    return "yes" if holds else "**no**"


if __name__ == "__main__":
    main()
