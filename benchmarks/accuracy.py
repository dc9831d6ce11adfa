"""Scores a scan against hand-checked places in real repositories: recall and false alarms per category.

    python benchmarks/accuracy.py --labels labels.jsonl --corpus FOLDER

FOLDER holds one checkout per repository, named as in the labels. A label has `repo, path, line, category, verdict`
(TP: the issue is there, ABSENT: it is not), `scope` (line, file or repo), `also_accept` and `accept_paths`. Line labels
match within two lines. Categories whose rules don't exist yet are listed as such, not as missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

CATEGORIES: dict[str, tuple[str, ...]] = {
    "missing-seed": ("RNG001", "RNG005"),
    "incomplete-seed": ("RNG002", "RNG003"),
    "dataloader-unseeded-workers": ("RNG012", "RNG013"),
    "unpinned-dependency": ("ENV001", "ENV008", "ENV009"),
    "missing-manifest": ("ENV002",),
    "data-unversioned": ("DAT003", "DAT004"),
    "unlogged-hyperparameter": ("EXP002", "EXP003"),
    "hardcoded-path": ("DAT001", "DAT002"),
    "dead-flag": ("DBT001", "DBT002", "DBT003"),
    "unpinned-image": ("ENV007",),
    "nondeterministic-flag": ("DET001", "DET005", "DET006"),
    "unordered-listing": ("DET008", "RNG018"),
    "unpinned-model-revision": ("ART002",),
    "unsafe-load": ("ART003", "ART004"),
    "notebook-out-of-order": ("NTB001",),
    "train-serve-divergence": ("SKW",),
    "data-leakage": tuple(f"DAT0{number}" for number in range(10, 19)),
}
"""Rules that speak of a category of labels."""
NEAR = 2
"""Lines that a label and a finding may lie apart."""


def scan(folder: Path) -> list[dict[str, Any]]:
    """Findings of a repository under the default pack."""
    done = subprocess.run(
        [sys.executable, "-m", "reprocheck", "scan", str(folder), "-o", "json", "--no-cache", "--isolated", "-q"],
        capture_output=True,
        check=False,
        text=True,
    )
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return findings


def known_codes() -> set[str]:
    """Codes of all rules that exist."""
    done = subprocess.run(
        [sys.executable, "-m", "reprocheck", "rules", "--all", "--isolated", "-o", "json"],
        capture_output=True,
        check=True,
        text=True,
    )
    return {rule["code"] for rule in json.loads(done.stdout)}


def matches(label: dict[str, Any], finding: dict[str, Any], codes: tuple[str, ...]) -> bool:
    """Whether a finding speaks of a labelled place."""
    if not finding["code"].startswith(codes):
        return False
    if label["scope"] == "repo":
        return True
    if finding["path"] not in {label["path"], *label.get("accept_paths", ())}:
        return False
    if label["scope"] == "file" or finding["path"] != label["path"]:
        return True
    span = finding["span"]
    trail = [step["span"]["line"] for step in finding["trail"] if step.get("path") == label["path"]]
    lines = [*range(span["line"], span["end_line"] + 1), *trail] if label["verdict"] == "TP" else [span["line"]]
    return any(abs(line - label["line"]) <= NEAR for line in lines)


def main() -> int:
    """Print the table and the places that came out wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    arguments = parser.parse_args()
    labels = [json.loads(line) for line in arguments.labels.read_text("utf-8").splitlines() if line.strip()]
    existing = known_codes()
    scores: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    wrong: list[str] = []
    for repository in sorted({label["repo"] for label in labels}):
        findings = scan(arguments.corpus / repository)
        for label in (label for label in labels if label["repo"] == repository):
            names = (
                [label["category"], *label.get("also_accept", ())] if label["verdict"] == "TP" else [label["category"]]
            )
            codes = tuple(code for name in names for code in CATEGORIES.get(name, ()))
            if not any(code.startswith(codes) for code in existing):
                scores[label["category"]][3] += 1
                continue
            hit = any(matches(label, finding, codes) for finding in findings)
            expected = label["verdict"] == "TP"
            scores[label["category"]][0 if expected else 2] += hit
            scores[label["category"]][1] += expected
            if hit is not expected:
                what = "missed" if expected else "false alarm"
                wrong.append(f"{what}: {repository}/{label['path']}:{label['line']} {label['category']} {label['why']}")
    print("| category | found | of | false alarms | no rule yet |\n|---|--:|--:|--:|--:|")
    for category, (found, total, false, later) in sorted(scores.items()):
        print(f"| {category} | {found} | {total} | {false} | {later or ''} |")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
