"""Measures how the cost of a scan grows from a thousand to a million lines: file rules, facts, index and join.

Files of the named trees are taken in the order given until a size is reached, and again in further folders where they
don't suffice. Each size is measured in a process of its own, in CPU seconds, beside `ast.parse` of the same files.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from reprocheck.project.discovery import ProjectFile, discover
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.rulekit import Catalog, Rule
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.collection import paused_collection
from reprocheck.scan.join import join

SIZES = (1_000, 10_000, 100_000, 1_000_000)
_CHILD = "--of-one-size"
_LARGEST_FILE = 8 << 20


def main() -> None:
    """Measure and print Markdown, or one size as JSON."""
    arguments = _arguments()
    if arguments.of_one_size is not None:
        print(json.dumps(_phases(arguments.of_one_size)))
        return
    print("| thousand lines | files | `ast.parse`, s | file rules | facts | index and join | join ÷ file rules |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(prefix="reprocheck-index-") as name:
            files, lines = _collect(arguments.trees, Path(name), size)
            rounds = [_measured(Path(name)) for _ in range(arguments.rounds)]
            best = {phase: min(costs[phase] for costs in rounds) for phase in rounds[0]}
            print(_row(files, lines, best), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path, help="source trees that the sizes are made from")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="lines of Python")
    parser.add_argument("--rounds", type=int, default=1, help="of which the cheapest is taken, by phase")
    parser.add_argument(_CHILD, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.trees and arguments.of_one_size is None:
        parser.error("name a tree")
    return arguments


def _row(files: int, lines: int, cost: dict[str, float]) -> str:
    parse = cost["parse"]
    ratios = " | ".join(f"{cost[phase] / parse:.2f}" for phase in ("file rules", "facts", "join"))
    relation = cost["join"] / cost["file rules"]
    return f"| {lines / 1000:.0f} | {files} | {parse:.2f} | {ratios} | {relation:.2f} |"


# Material


def _collect(trees: Iterable[Path], folder: Path, size: int) -> tuple[int, int]:
    """Link files into a folder until there are `size` lines of Python."""
    files = lines = 0
    for number, source, place in _copies(list(trees)):
        target = folder / f"copy{number}" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        if source.suffix == ".py":
            files += 1
            lines += source.read_bytes().count(b"\n")
        if lines >= size:
            break
    return files, lines


def _copies(trees: list[Path]) -> Iterator[tuple[int, Path, Path]]:
    found = [
        (path, Path(tree.resolve().name, path.relative_to(tree))) for tree in trees for path in sorted(_readable(tree))
    ]
    if not any(path.suffix == ".py" for path, _ in found):
        sys.exit("no Python files in the named trees")
    number = 0
    while True:
        yield from ((number, path, place) for path, place in found)
        number += 1


def _readable(tree: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in {"__pycache__", ".git"})
        for name in names:
            path = Path(parent, name)
            if kind_of(name) is not FileKind.OTHER and not path.is_symlink() and path.stat().st_size <= _LARGEST_FILE:
                yield path


# Measuring


def _measured(folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, _CHILD, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


def _phases(folder: Path) -> dict[str, float]:
    """CPU seconds by phase; facts are what is added to the file rules by keeping them."""
    files = list(discover(folder, []).files)
    knowledge = load_knowledge(KnowledgeSources())
    rules = list(knowledge.rules.values())
    alone = [rule for rule in rules if not rule.project_checks]
    joined = [rule for rule in rules if rule.project_checks]
    _analyzed(files[:20], rules, knowledge.catalog)  # what is imported late is imported now
    cost = {"parse": _cpu(lambda: _parse(files))}
    cost["file rules"] = _cpu(lambda: _analyzed(files, alone, knowledge.catalog))
    facts: dict[str, bytes] = {}
    whole = _cpu(lambda: facts.update(_analyzed(files, rules, knowledge.catalog)))
    cost["facts"] = max(0.0, whole - cost["file rules"])
    facts = {path: encoded for path, encoded in facts.items() if encoded}
    with paused_collection():  # as in a scan
        cost["join"] = _cpu(lambda: join(facts, files, joined, knowledge.catalog))
    return cost


def _cpu(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def _parse(files: Iterable[ProjectFile]) -> None:
    warnings.simplefilter("ignore")
    for file in files:
        if file.kind is FileKind.PYTHON:
            try:
                ast.parse(Path(file.location).read_bytes())
            except (SyntaxError, ValueError, RecursionError):
                continue


def _analyzed(files: Iterable[ProjectFile], rules: list[Rule], catalog: Catalog) -> dict[str, bytes]:
    analyzer = Analyzer(rules, catalog)
    return {file.path: analyzer.analyze(file).facts for file in files}


if __name__ == "__main__":
    if platform.python_implementation() != "CPython":
        sys.exit("figures are for CPython")
    main()
