"""How many decisions outlive edits that change nothing, and whether a new twin of a decided finding is ever hidden.

    python benchmarks/decisions.py [--black BLACK] FOLDER...

Every finding of a copy of each folder is accepted; then the copy is edited and scanned again. Whoever reads the table
wants `kept` to be `of`, and `hidden` to be 0.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from reprocheck.app.decide import Ruling, View, decide, look
from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import Config
from reprocheck.model.finding import Confidence, Finding
from reprocheck.model.ledger import State

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

NEW = dict[str, set[int]]


def main() -> None:
    """Print a line for each edit."""
    from mutations import add_twins, insert_lines, ruff_format

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--black", type=Path)
    parser.add_argument("-v", "--verbose", action="store_true", help="name what opened")
    options = parser.parse_args()
    totals: dict[str, Counter[str]] = {}

    def measure(name: str, source: Path, edit: Callable[[Path, View], NEW]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "project"
            shutil.copytree(source, root, symlinks=True, ignore=shutil.ignore_patterns(".git", ".reprocheck*"))
            config = Config(root=root, pack="strict", min_confidence=Confidence.LOW, cache=False)
            before = scanned(config)
            decide(config, before, before.findings, Ruling(state=State.ACCEPTED, reason="seen", author="a"))
            new = edit(root, before)
            if options.verbose:
                print(f"{name}: {source.name}")
            totals.setdefault(name, Counter()).update(compare(before, scanned(config), new, verbose=options.verbose))

    def formatted(root: Path, width: int, quotes: str) -> NEW:
        ruff_format(root, width=width, quotes=quotes)
        return {}

    def twins(root: Path, view: View, where: str) -> NEW:
        new: NEW = {}
        for path, lines in lines_by_path(view.findings).items():
            text = (root / path).read_bytes().decode("utf-8", "surrogateescape")
            changed, new[path] = add_twins(text, lines, where=where)
            (root / path).write_bytes(changed.encode("utf-8", "surrogateescape"))
        return new

    for source in options.folders:
        measure("nothing", source, lambda _root, _view: {})
        measure("lines inserted", source, lambda root, _view: over_files(root, insert_lines))
        measure("files renamed", source, lambda root, _view: renamed(root))
        measure("ruff format, 60 columns, single quotes", source, lambda root, _view: formatted(root, 60, "single"))
        measure("ruff format, 140 columns, double", source, lambda root, _view: formatted(root, 140, "double"))
        if options.black:
            measure("black, 70 columns", source, lambda root, _view: black(options.black, root))
        measure("twins put before", source, lambda root, view: twins(root, view, "before"))
        measure("twins put after", source, lambda root, view: twins(root, view, "after"))
        measure("twins put at the end of the block", source, lambda root, view: twins(root, view, "end"))
    print(f"{'edit':38}{'of':>7}{'kept':>7}{'moved':>7}{'weak':>7}{'unclear':>8}{'opened':>8}{'new':>6}{'hidden':>8}")
    for name, count in totals.items():
        numbers = "".join(
            f"{count[key]:>{width}}"
            for key, width in (
                *(("of", 7), ("kept", 7), ("moved", 7), ("weak", 7)),
                *(("unclear", 8), ("opened", 8), ("new", 6), ("hidden", 8)),
            )
        )
        print(f"{name:38}{numbers}")


def scanned(config: Config) -> View:
    """All findings and how they stand; suppression comments are not what is measured."""
    result = scan_project(ScanRequest(config=config, use_ledger=False), lambda _done, _total: None)
    found = [msgspec.structs.replace(f, suppression=None) for f in result.result.findings if f.code[:3] != "RPC"]
    return look(config, found, whole=True)


def compare(before: View, after: View, new: NEW, *, verbose: bool = False) -> Counter[str]:
    """What became of the decisions.

    `hidden` are findings on new lines that inherited the decision of one that is still there. A rule that reports the
    first of several places reports the twin in front instead: that is the same finding.
    """
    count = Counter(of=len(before.findings))
    old: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for standing in after.standings:
        place, fingerprint = standing.finding.place, standing.finding.fingerprint
        if place.span.line in new.get(place.path, ()):
            count["new"] += 1
            taken[fingerprint] += standing.decision is not None
            continue
        old[fingerprint] += 1
        if standing.decision is not None:
            count["kept"] += 1
            count["moved"] += standing.fit == "moved"
            count["weak"] += standing.fit == "renamed"
        else:
            count["unclear" if standing.unclear else "opened"] += 1
            if verbose:
                print(
                    "    ",
                    "unclear" if standing.unclear else "opened",
                    standing.finding.code,
                    place.path,
                    place.span.line,
                )
    decided = Counter(finding.fingerprint for finding in before.findings)
    for fingerprint, number in taken.items():
        count["hidden"] += max(0, number - max(0, decided[fingerprint] - old[fingerprint]))
    return count


def over_files(root: Path, edit: Callable[[str, str], str]) -> NEW:
    """Edit every text file."""
    for path in sorted(root.rglob("*")):
        kinds = {".py", ".yaml", ".yml", ".toml", ".txt", ".sh"}
        if path.is_file() and not path.is_symlink() and (path.suffix in kinds or path.name == "Dockerfile"):
            data = path.read_bytes()
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                continue
            path.write_text(edit(path.relative_to(root).as_posix(), text), "utf-8", newline="")
    return {}


def renamed(root: Path) -> NEW:
    """Give the folders and Python files at the top other names."""
    for path in sorted(root.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() or path.suffix in {".py", ".ipynb"}:
            path.rename(path.with_name(f"new_{path.name}"))
    return {}


def black(program: Path, root: Path) -> NEW:
    """Format with black, in a width that changes much."""
    subprocess.run([program, "-q", "-l", "70", str(root)], check=False, capture_output=True)
    return {}


def lines_by_path(findings: tuple[Finding, ...]) -> NEW:
    """Lines of findings in Python files."""
    found: NEW = {}
    for finding in findings:
        if finding.place.path.endswith(".py"):
            found.setdefault(finding.place.path, set()).add(finding.place.span.line)
    return found


if __name__ == "__main__":
    main()
