"""A path goes up from the working directory, so that it holds only when the program is started in one place.

## Why
`../data/train.csv` means another file for each folder that the program is started from. From the root of the
repository, an IDE, a scheduler or a container it points outside: "file not found", or an older copy beside the
checkout that is used in silence.

## Fix
Build the path from the file itself (`Path(__file__).resolve().parents[1] / "data"`) or from an option whose default
lies inside the project.

## Notes
Silent where the path is joined to `__file__`, is only compared or shown, or extends the import path. Paths that would
leave the repository even from the file's own folder have high confidence; defaults of options, notebooks, which run
in their own folder, and Kaggle's `../input` low.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Module, Rule
from reprocheck_rules.data.path_sinks import PathSinks, Rank

rule = Rule("DAT002", "escaping-relative-path", __doc__)

_UP = re.compile(r"^(\./)?((\.\.[/\\])+)[\w.{*-]")
_ANCHORED = re.compile(r"__file__|getcwd|cwd\(|dirname|parent\b|script_dir|base_?dir|root|here\b", re.IGNORECASE)
_KAGGLE = re.compile(r"^\.\./(input|working)/")
"""Where Kaggle puts the data beside a notebook, whoever runs it."""
_DOCUMENTATION = re.compile(r"(^|/)docs?/")
"""Builders of documentation run its scripts in their own folder."""
_SHOWN = 60


@rule.on_module(contains=r"""["'](\./)?\.\.[/\\]""")
def check(module: Module) -> Iterator[Match]:
    """Every text that goes up and is opened, once."""
    if module.is_test:
        return
    sinks: PathSinks | None = None
    seen: set[str] = set()
    for node in module.file.every(ast.Constant):
        if not isinstance(node.value, str) or node.value in seen:
            continue
        found = _UP.match(node.value)
        if found is None or _anchored(module, node):
            continue
        sinks = sinks or PathSinks(module)
        sink = sinks.of(node)
        confidence = None if sink is None else _confidence(module, node.value, found.group(2), sink.rank)
        if sink is not None and confidence is not None:
            seen.add(node.value)
            yield _match(module, node, sink.clause, confidence)


def _confidence(module: Module, path: str, up: str, rank: Rank) -> Confidence | None:
    if rank is Rank.OTHER:
        return None
    levels = len(re.findall(r"\.\.", up))
    escapes = levels > module.path.count("/")
    if rank is not Rank.USED or _KAGGLE.match(path) or _DOCUMENTATION.search(module.path):
        return Confidence.LOW
    if escapes:
        return Confidence.HIGH
    return Confidence.LOW if module.notebook else Confidence.MEDIUM


def _anchored(module: Module, node: ast.Constant) -> bool:
    """Whether the text is joined to a known folder, or extends the import path."""
    current: ast.AST = node
    for ancestor in module.file.ancestors(node):
        if isinstance(ancestor, ast.Call):
            text = ast.unparse(ancestor.func)
            if text.startswith("sys.path") or text.endswith(("add_argument", "chdir")):
                return text.startswith("sys.path")
            joined = text.endswith(("join", "joinpath")) and ancestor.args[:1] != [current]
            if joined or any(_ANCHORED.search(ast.unparse(a)) for a in ancestor.args if a is not current):
                return True
        elif isinstance(ancestor, ast.BinOp):
            other = ancestor.left if ancestor.right is current else ancestor.right
            if ancestor.right is current or _ANCHORED.search(ast.unparse(other)):
                return True
        elif isinstance(ancestor, ast.stmt):
            return False
        current = ancestor
    return False


def _match(module: Module, node: ast.Constant, clause: str, confidence: Confidence) -> Match:
    path = str(node.value)
    shown = path if len(path) <= _SHOWN else path[: _SHOWN - 3] + "..."
    return module.match(
        node, f"`{shown}` depends on the folder from which the program is started, and {clause}", confidence=confidence
    )


rule.flags(
    """
    import json
    import os
    import numpy as np
    import pandas as pd
    import torch
    from pathlib import Path

    table = pd.read_csv("../data/train.csv")  # expect: DAT002
    far = pd.read_csv("../../data/train.csv")  # expect: DAT002
    with open("../config.json") as file:  # expect: DAT002
        config = json.load(file)
    DATA = "../data/"  # expect: DAT002
    images = np.load(os.path.join(DATA, "images.npy"))
    labels = np.load(DATA + "labels.npy")
    torch.save(model.state_dict(), f"../models/{name}.pt")  # expect: DAT002
    files = sorted(Path("../data").glob("*.png"))  # expect: DAT002
    """,
    file="src/train.py",
    title="Opened, saved, listed",
)
rule.allows(
    """
    import os
    import sys
    import pandas as pd
    from pathlib import Path

    sys.path.append("../")
    sys.path.insert(0, "../src")
    table = pd.read_csv("data/train.csv")
    near = pd.read_csv(Path(__file__).parent / "../data/train.csv")
    other = pd.read_csv(os.path.join(os.path.dirname(__file__), "../data/test.csv"))
    print("../data")
    if name == "../data":
        pass
    pattern = name.replace("../", "")
    """,
    file="src/train.py",
    title="Joined to the file, import paths, only shown or compared",
)
