"""Measures `reprocheck scan`: CPU time beside `ast.parse`, two processes beside one, memory, start-up, and its peers.

Trees are copied to a temporary folder first: only files that a scan reads, so nothing is written beside the originals.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from processes import Series, environment, interleaved, run, say

from reprocheck.project.file_kinds import FileKind, kind_of

DEFAULT_PACKAGES = ("torch", "sympy")
"""Installed packages whose source is measured when no tree is named."""
PEERS = ("vulture", "torchfix", "fixit", "pylint")
LONG_SCAN = 20.0
"""Seconds that a scan by one process must take before a second one is judged."""
_LARGEST_FILE = 8 << 20
_MEBIBYTE = 1 << 20
_SCANS_TITLE = "CPU time of whole processes, children included, as multiples of `ast.parse`; peak memory of one.\n"
_SCAN = (sys.executable, "-c", "from reprocheck.cli.main import main; main()")
_PARSE = """
import ast, sys, warnings
warnings.simplefilter("ignore")
for name in open(sys.argv[1], encoding="utf-8", errors="surrogateescape").read().split("\\0"):
    with open(name, "rb") as file:
        try:
            ast.parse(file.read())
        except (SyntaxError, ValueError, RecursionError):
            pass
"""


class Tree(NamedTuple):
    """A copied source tree."""

    name: str
    path: Path
    files: int
    """Python files."""
    lines: int
    """Of Python files."""
    listing: Path
    """File that names the Python files."""


def main() -> None:
    """Measure and print Markdown."""
    arguments = _arguments()
    trees = arguments.trees or list(_installed(DEFAULT_PACKAGES))
    if not trees:
        sys.exit("name a tree: neither " + " nor ".join(DEFAULT_PACKAGES) + " is installed")
    with tempfile.TemporaryDirectory(prefix="reprocheck-benchmark-") as name:
        folder = Path(name)
        env = environment(folder / "bytecode")
        print(_setting(arguments))
        _warm_up(folder, env)
        if "start" in arguments.parts:
            print(_start_up(folder, env, arguments.rounds))
        if "scan" in arguments.parts:
            print(_scans([_copied(folder, [tree]) for tree in trees], env, arguments.rounds))
        if "jobs" in arguments.parts:
            print(_two_jobs(_copied(folder, trees[:1]), folder, env, arguments.rounds))
        if "peers" in arguments.parts and arguments.peers_python is not None:
            print(_beside_peers(_copied(folder, arguments.peer_tree or trees[:1]), arguments, env))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path, help=f"source trees; the installed {DEFAULT_PACKAGES} if none")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, of which medians are taken")
    parser.add_argument("--parts", nargs="+", choices=("start", "scan", "jobs", "peers"), help="what to measure")
    parser.add_argument("--peers-python", type=Path, help=f"interpreter of an environment with {', '.join(PEERS)}")
    parser.add_argument(
        "--peer-tree", type=Path, action="append", help="tree for the peers; repeatable, measured as one"
    )
    parser.add_argument("--peer-rounds", type=int, default=1, help="rounds for the peers, which are slow")
    parser.add_argument("--machine", default=f"{os.cpu_count()} {platform.machine()} cores", help="for the report")
    parser.set_defaults(parts=("start", "scan", "jobs", "peers"))
    return parser.parse_args()


def _setting(arguments: argparse.Namespace) -> str:
    today = dt.datetime.now(tz=dt.UTC).date()
    python = platform.python_version()
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return (
        f"{today}, reprocheck {version('reprocheck')}, Python {python}, {arguments.machine}{load}, "
        f"medians of {arguments.rounds} interleaved rounds.\n"
    )


def _installed(names: Sequence[str]) -> Iterator[Path]:
    for name in names:
        spec = importlib.util.find_spec(name)
        yield from (Path(place) for place in (spec.submodule_search_locations or ())[:1]) if spec is not None else ()


# Material


def _copied(folder: Path, trees: Sequence[Path], copies: int = 1) -> Tree:
    """Copy what a scan reads of some trees into one folder, several times if asked."""
    name = " + ".join(tree.resolve().name for tree in trees)
    target = folder / f"{len(list(folder.iterdir()))}-{trees[0].resolve().name}"
    python: list[Path] = []
    lines = 0
    for copy in range(copies):
        for tree in trees:
            for source in _readable(tree.resolve()):
                place = target / f"copy{copy}" / tree.resolve().name / source.relative_to(tree.resolve())
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, place)
                if place.suffix == ".py":
                    python.append(place)
                    lines += place.read_bytes().count(b"\n")
    listing = folder / f"{target.name}.list"
    listing.write_text("\0".join(map(str, python)), "utf-8", "surrogateescape")
    say(f"{name}: {len(python)} Python files, {lines} lines")
    return Tree(name if copies == 1 else f"{name}, {copies} copies", target, len(python), lines, listing)


def _readable(tree: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in {"__pycache__", ".git"})
        for name in sorted(names):
            path = Path(parent, name)
            if kind_of(name) is not FileKind.OTHER and not path.is_symlink() and path.stat().st_size <= _LARGEST_FILE:
                yield path


def _scan(tree: Path, *options: str) -> list[str]:
    return [*_SCAN, "scan", str(tree), "--exit-zero", "--isolated", "-o", f"concise:{os.devnull}", *options]


def _parse(tree: Tree) -> list[str]:
    return [sys.executable, "-c", _PARSE, str(tree.listing)]


def _warm_up(folder: Path, env: dict[str, str]) -> None:
    """Let the interpreter compile what it imports, and see that a scan works at all."""
    tiny = folder / "tiny"
    tiny.mkdir()
    (tiny / "train.py").write_text("import torch\n\ntorch.manual_seed(0)\n", "utf-8")
    run([*_SCAN, "--help"], env)
    for _ in range(2):
        cost = run(_scan(tiny), env)
    if cost.code:
        sys.exit(f"a scan of one small file ends with {cost.code}: is reprocheck installed for {sys.executable}?")


# Parts of the report


def _start_up(folder: Path, env: dict[str, str], rounds: int) -> str:
    tiny = folder / "tiny"
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "help": [*_SCAN, "--help"],
        "warm": _scan(tiny),
        "cold": _scan(tiny, "--no-cache"),
    }
    series = interleaved(commands, env, max(rounds, 9))
    milliseconds = {name: series[name].wall * 1000 for name in commands}
    return "\n".join(
        [
            "| start-up, wall ms | measured | bar |",
            "|---|---|---|",
            f"| the interpreter alone | {milliseconds['bare']:.0f} | |",
            f"| `--help` beyond that | {milliseconds['help'] - milliseconds['bare']:.0f} | 100 |",
            f"| scan of one small file, unchanged | {milliseconds['warm']:.0f} | 200 |",
            f"| the same without a cache | {milliseconds['cold']:.0f} | |",
            "",
        ]
    )


def _scans(trees: Sequence[Tree], env: dict[str, str], rounds: int) -> str:
    rows = [
        "| tree | kLoC | `ast.parse`, s | cold (bar: 3.00) | cold, cached | warm | warm ÷ cold (bar: 0.050) | MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for tree in trees:
        cache = tree.path / ".reprocheck_cache"
        commands = {
            "ast.parse": _parse(tree),
            "cold": _scan(tree.path, "--jobs", "1", "--no-cache"),
            "cold, cache written": _scan(tree.path, "--jobs", "1"),
            "warm": _scan(tree.path, "--jobs", "1"),
        }
        series = interleaved(commands, env, rounds, {"cold, cache written": cache})
        parse = series["ast.parse"].cpu
        ratios = {name: series[name].cpu / parse for name in commands}
        rows.append(
            f"| {tree.name} | {tree.lines / 1000:.0f} | {parse:.2f} | {ratios['cold']:.2f} "
            f"| {ratios['cold, cache written']:.2f} | {ratios['warm']:.3f} "
            f"| {ratios['warm'] / ratios['cold']:.3f} | {series['cold'].largest / _MEBIBYTE:.0f} |"
        )
    return "\n".join([_SCANS_TITLE, *rows, ""])


def _two_jobs(tree: Tree, folder: Path, env: dict[str, str], rounds: int) -> str:
    first = run(_scan(tree.path, "--jobs", "1", "--no-cache"), env)
    copies = int(LONG_SCAN * 1.2 // first.wall) + 1
    if copies > 1:
        tree = _copied(folder, [next((tree.path / "copy0").iterdir())], copies)
    series: dict[str, Series] = {"1": Series(), "2": Series()}
    for number in range(rounds):
        for jobs, costs in series.items():
            cost = run(_scan(tree.path, "--jobs", jobs, "--no-cache"), env, sample=True)
            costs.costs.append(cost)
            say(f"round {number + 1}: {jobs} job(s): {cost.cpu:.2f} s CPU, {cost.wall:.2f} s")
    ratios = [one.wall / two.wall for one, two in zip(series["1"].costs, series["2"].costs, strict=True)]
    rows = [
        "| jobs | wall s | CPU s | largest process, MiB | all processes, MiB | per million lines, MiB (bar: 1024) |",
        "|---|---|---|---|---|---|",
    ]
    for jobs, costs in series.items():
        together = max(costs.together, costs.largest) / _MEBIBYTE
        rows.append(
            f"| {jobs} | {costs.wall:.1f} | {costs.cpu:.1f} | {costs.largest / _MEBIBYTE:.0f} | {together:.0f} "
            f"| {together / max(tree.lines / 1e6, 1e-6):.0f} |"
        )
    gain = series["1"].wall / series["2"].wall
    share = series["2"].cpu / series["2"].wall
    more = series["2"].cpu / series["1"].cpu
    title = f"Two processes beside one, without cache: {tree.name}, {tree.lines / 1000:.0f} thousand lines.\n"
    result = f"Two are {gain:.2f} times as fast as one (bar: 1.70), {max(ratios):.2f} times in the best round."
    reason = f"They got {share:.2f} processors and used {more:.2f} times the CPU time of one.\n"
    return "\n".join([title, *rows, "", result, reason])


def _beside_peers(tree: Tree, arguments: argparse.Namespace, env: dict[str, str]) -> str:
    python: Path = arguments.peers_python
    programs = python.absolute().parent
    commands = {
        "ast.parse": _parse(tree),
        "reprocheck": _scan(tree.path, "--jobs", "1", "--no-cache"),
        "vulture": [str(programs / "vulture"), str(tree.path)],
        "torchfix": [str(programs / "torchfix"), "--jobs", "1", "--select", "ALL", str(tree.path)],
        "fixit": [str(programs / "fixit"), "lint", str(tree.path)],
        "pylint": [str(programs / "pylint"), "--rcfile", os.devnull, "--jobs", "1", "--recursive", "y", str(tree.path)],
    }
    for name in PEERS:
        run([str(programs / name), "--help"], env)
    series = interleaved(commands, env, arguments.peer_rounds)
    parse = series["ast.parse"].cpu
    size = f"{tree.files} Python files, {tree.lines / 1000:.0f} thousand lines"
    rows = [
        f"Beside other tools, each with the rules that it runs by itself: {tree.name}, {size}.\n",
        "| tool | version | CPU s | times `ast.parse` | peak memory of the largest process, MiB |",
        "|---|---|---|---|---|",
    ]
    for name, costs in sorted(series.items(), key=lambda item: item[1].cpu):
        rows.append(
            f"| {name} | {_version(name, python)} | {costs.cpu:.2f} | {costs.cpu / parse:.1f} "
            f"| {costs.largest / _MEBIBYTE:.0f} |"
        )
    return "\n".join([*rows, ""])


def _version(name: str, python: Path) -> str:
    if name == "ast.parse":
        return platform.python_version()
    if name == "reprocheck":
        return version("reprocheck")
    code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    asked = subprocess.run([str(python), "-c", code, name], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
