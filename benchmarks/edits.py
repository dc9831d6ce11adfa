"""Measures what a scan costs after one file was edited, beside a first scan, and compares what both report.

A copy of the tree is scanned with an empty cache; then files drawn at random are edited one after the other, in ways
that rules about the project can see, and scanned again. CPU seconds are those of the child process.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

EDITS: dict[str, Callable[[str, int], str]] = {
    "a function at the end": lambda text, number: f"{text}\n\ndef _added_{number}(x):\n    return x + 1\n",
    "a blank line at the top": lambda text, _: f"\n{text}",
    "calls that draw": lambda text, _: f"{text}\n\nimport random\nprint(random.random())\n",
    "a flag that is off": lambda text, number: (
        f'{text}\n\nFLAG_{number} = False\nif FLAG_{number}:\n    import os\n    os.environ["A"] = "1"\n'
    ),
}
BAR = 0.1
"""Of a first scan."""
_SCAN = ("-m", "reprocheck", "scan", ".", "--isolated", "-o", "json", "--jobs", "1", "--min-confidence", "low")


class Scan(NamedTuple):
    """One scan of the copy."""

    seconds: float
    report: bytes


def main() -> None:
    """Measure and print Markdown."""
    arguments = _arguments()
    chance = random.Random(arguments.seed)  # noqa: S311
    with tempfile.TemporaryDirectory(prefix="reprocheck-edits-") as name:
        root = Path(name) / "tree"
        for number, tree in enumerate(arguments.trees):
            shutil.copytree(tree, root / f"{number}-{tree.name}" if len(arguments.trees) > 1 else root, symlinks=True)
        (root / "pyproject.toml").touch()
        files = sorted(root.rglob("*.py"))
        cold, warm = _scan(root), _scan(root)
        print(f"{len(files)} Python files\n\n| edit | file | CPU s | of cold |\n|---|---|--:|--:|")
        print(f"| cold, cache written | | {cold.seconds:.1f} | 1 |")
        print(f"| nothing changed | | {warm.seconds:.2f} | {warm.seconds / cold.seconds:.3f} |", flush=True)
        relations = []
        for number, path in enumerate(chance.sample(files, min(arguments.edits, len(files)))):
            kind = list(EDITS)[number % len(EDITS)]
            text = path.read_text("utf-8", "surrogateescape")
            path.write_text(EDITS[kind](text, number), "utf-8", "surrogateescape")
            edited = _scan(root)
            relations.append(edited.seconds / cold.seconds)
            place = path.relative_to(root).as_posix()
            print(f"| {kind} | {place} | {edited.seconds:.2f} | {relations[-1]:.3f} |", flush=True)
            if number < arguments.compare and _scan(root, "--no-cache").report != edited.report:
                sys.exit(f"a fresh scan reports something else after {kind} in {place}")
    print(f"\nmedian {statistics.median(relations):.3f}, mean {statistics.mean(relations):.3f}, ", end="")
    print(f"above a tenth {sum(each > BAR for each in relations)} of {len(relations)}, most {max(relations):.3f}")
    print(f"{min(arguments.compare, len(relations))} compared with a fresh scan: equal")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="+", type=Path, help="source trees, scanned as one project")
    parser.add_argument("--edits", type=int, default=20, help="files that are edited, one after the other")
    parser.add_argument("--compare", type=int, default=2, help="of which so many are compared with a fresh scan")
    parser.add_argument("--seed", type=int, default=0, help="which files are drawn")
    return parser.parse_args()


def _scan(root: Path, *options: str) -> Scan:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *_SCAN, *options]
    done = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not done.stdout:
        sys.exit(f"the scan failed with {done.returncode}")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Scan(seconds, done.stdout)


if __name__ == "__main__":
    main()
