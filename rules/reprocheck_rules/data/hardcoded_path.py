r"""The code reads or writes a path that exists on one machine only.

## Why
`/home/name/data.csv`, `D:\data`, `/content/drive/MyDrive`, `/scratch/...` and a private bucket exist for whoever wrote
the line. Everybody else gets "file not found", or worse, another file of the same name.

## Fix
Take the path from an option, a configuration file or an environment variable, and let it default to a place inside
the project: `Path(__file__).parent / "data"`. Say in the README where the data comes from.

## Notes
Judged by what the path is and by what happens to it: opened or listed weighs more than the default of an option, a
home directory or a mount more than a container's own path. Silent for texts that are no paths (routes, patterns,
MIME types, help texts, docstrings), for system and temporary folders, for paths that are only tested for existence
or compared, for those used only where the code has seen that it runs there, for folders that the program has mounted
into its own containers, and for what trackers record of a run.
Placeholders such as `/path/to/data` and tests have low confidence. Settings of one file, and entries of one table, are
said once for each place that they lie below.
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Module, Note, NotebookView, Rule, Scalar, Span, TreeView, walk
from reprocheck_rules.data.machine_paths import MachinePath, Strength, machine_path
from reprocheck_rules.data.mount_points import lies_in, mount_points
from reprocheck_rules.data.path_guards import is_asked_in_cell, only_where_it_exists
from reprocheck_rules.data.path_sinks import PathSinks, Rank, Sink

rule = Rule("DAT001", "hardcoded-path", __doc__)

_PLACE = 3
"""Parts of a path that say whose it is: `/scratch/alice`, `C:/Users/alice`."""
_CANDIDATE = (
    r"""["'](/[A-Za-z]|~[\\/]|\\\\|[A-Za-z]:[\\/]|(s3[an]?|gs|gcs|hdfs|dbfs|abfss?|wasbs?|adl|az|oss|viewfs|cos):/)"""
)
_CONFIDENCE: dict[Strength, dict[Rank, Confidence]] = {
    Strength.PERSONAL: {
        Rank.USED: Confidence.HIGH,
        Rank.NAMED: Confidence.HIGH,
        Rank.DEFAULT: Confidence.MEDIUM,
        Rank.OTHER: Confidence.MEDIUM,
    },
    Strength.SHARED: {
        Rank.USED: Confidence.MEDIUM,
        Rank.NAMED: Confidence.MEDIUM,
        Rank.DEFAULT: Confidence.LOW,
        Rank.OTHER: Confidence.LOW,
    },
    Strength.ABSOLUTE: {Rank.USED: Confidence.MEDIUM, Rank.NAMED: Confidence.LOW, Rank.DEFAULT: Confidence.LOW},
    Strength.CONTAINER: {Rank.USED: Confidence.LOW, Rank.NAMED: Confidence.LOW, Rank.DEFAULT: Confidence.LOW},
}
_SHALLOW = 2
"""Slashes in an absolute path that may well be something else, such as a route."""
_SHOWN = 60
"""Characters of a path in a message."""
_ORDER = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW)
_CONFIG_KEY = re.compile(
    r"(?<!mount)(?<!Mount)(?:path|Path)(?!s-ignore)|dir|root|file|folder|[dD]ata|ckpt|checkpoint|weights|cache|CACHE|PATH|DIR|output|input|uri|location"
)
_OTHER_CONFIG = re.compile(
    r"(^|/)(\.github|\.circleci|\.devcontainer|k8s|kubernetes|helm|charts|manifests)/|compose[^/]*\.ya?ml$|\.ipynb$|(^|/)package(-lock)?\.json$"
    r"|(^|/)(\.?(vscode|idea)|\.hydra|wandb/(latest-)?run[^/]*)/|environment[^/]*\.ya?ml$|(^|/)meta\.yaml$|mlruns/"
)
_RECORDS = frozenset({"_wandb", "wandb_metadata"})
"""Keys under which trackers note in a saved configuration where a run took place."""
_SHELL_PATH = re.compile(
    r"""(?<![\w./:~-])(/content/drive/[^\s"'\\;|&]+|/kaggle/input/[^\s"'\\;|&]+|/(?:home|Users)/[^\s"'\\;|&]+|/mnt/[^\s"'\\;|&]+)"""
)


class _Found(NamedTuple):
    """A path in a module."""

    match: Match
    confidence: Confidence
    path: MachinePath
    table: ast.AST | None
    """The list or table that is written out around it."""


@rule.on_module(contains=_CANDIDATE)
def check(module: Module) -> Iterator[Match]:
    """Every text of the module that names a machine's path."""
    sinks: PathSinks | None = None
    best: dict[int, _Found] = {}
    for node in module.file.every(ast.Constant):
        if not isinstance(node.value, str):
            continue
        path = machine_path(node.value)
        if path is None or lies_in(path.text, module.once(mount_points)):
            continue
        sinks = sinks or PathSinks(module)
        sink = sinks.of(node)
        confidence = None if sink is None else _CONFIDENCE[path.strength].get(sink.rank)
        if sink is None or confidence is None or only_where_it_exists(node, module):
            continue
        if not module.is_test and _is_checked(node, module):
            continue
        if path.placeholder or module.is_test or (path.strength is Strength.ABSOLUTE and not _plain(path.text)):
            confidence = Confidence.LOW
        match = module.match(
            _joined(node, module), _message(path, sink.clause), confidence=confidence, trail=_trail(node, sink, module)
        )
        known = best.get(node.lineno)
        if known is None or _ORDER.index(confidence) < _ORDER.index(known.confidence):
            best[node.lineno] = _Found(match, confidence, path, _table(node, module))
    yield from _once_a_table(best)


def _table(node: ast.AST, module: Module) -> ast.AST | None:
    """The outermost list or table that is written out around a text."""
    found: ast.AST | None = None
    for ancestor in module.file.ancestors(node):
        if isinstance(ancestor, ast.Dict | ast.List | ast.Tuple | ast.Set):
            found = ancestor
        elif not isinstance(ancestor, ast.JoinedStr):
            break
    return found


def _place(path: MachinePath) -> str:
    return "/".join(re.split(r"[/\\\\]+", path.text)[:_PLACE])


def _once_a_table(best: dict[int, _Found]) -> Iterator[Match]:
    """Matches by line, where those of one table below one place are one: the surest, with the others beside it."""
    groups: dict[tuple[object, str], list[_Found]] = {}
    for line, found in best.items():
        groups.setdefault((line if found.table is None else found.table, _place(found.path)), []).append(found)
    for group in groups.values():
        first = min(group, key=lambda found: _ORDER.index(found.confidence))
        others = [found for found in group if found is not first]
        if not others:
            yield first.match
            continue
        notes = [Note(other.match.span, f"`{_short(other.path)}` stands beside it") for other in others]
        yield Match(
            span=first.match.span,
            message=f"{first.match.message} ({len(others)} more such paths stand beside it)",
            confidence=first.confidence,
            trail=(*first.match.trail, *notes),
        )


def _is_checked(node: ast.AST, module: Module) -> bool:
    """Whether a path is input of a test that stands beside what it tests."""
    return any(
        isinstance(ancestor, ast.Assert)
        or (isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef) and ancestor.name.startswith("test_"))
        for ancestor in module.file.ancestors(node)
    )


@rule.on_notebook
def check_notebook(view: NotebookView) -> Iterator[Match]:
    """Commands and `%cd`."""
    lines = [(line.text, line.place) for line in view.notebook.shell_lines]
    lines += [(magic.arguments, magic.place) for magic in view.notebook.magics if magic.name in {"cd", "run", "load"}]
    for text, place in lines:
        found = _SHELL_PATH.search(text)
        path = machine_path(found.group()) if found is not None else None
        if path is None or path.strength is not Strength.PERSONAL or path.placeholder:
            continue
        if place.cell is None or not is_asked_in_cell(view, place.cell.number, place.cell.line):
            yield Match(span=place.span, message=_message(path, "a command uses it"), confidence=Confidence.MEDIUM)


@rule.on_tree
def check_tree(tree: TreeView) -> Iterator[Match]:
    """Configuration that was written for one machine."""
    if tree.kind == "json" or _OTHER_CONFIG.search(tree.path):
        return
    found: dict[str, list[tuple[Span, str, MachinePath]]] = {}
    for root in tree.document.roots:
        for keys, node in walk(root):
            if not isinstance(node, Scalar) or not isinstance(node.value, str) or not keys or keys[0] in _RECORDS:
                continue
            key = next((part for part in reversed(keys) if isinstance(part, str)), "")
            path = machine_path(node.value) if _CONFIG_KEY.search(key) else None
            if path is not None and path.strength is Strength.PERSONAL:
                place = "" if path.placeholder else _place(path)
                found.setdefault(place, []).append((node.span, key, path))
    for place, (first, *others) in found.items():
        span, key, path = first
        clause = f"`{key}` is set to it"
        if others:
            clause += (
                f", as {len(others)} more {'settings are' if len(others) > 1 else 'setting is'} to paths beside it"
            )
        yield Match(
            span=span,
            message=_message(path, clause),
            confidence=Confidence.MEDIUM if place else Confidence.LOW,
            trail=tuple(Note(other, f"`{name}` is set to `{_short(beside)}`") for other, name, beside in others),
        )


def _plain(text: str) -> bool:
    """Whether an absolute path names a file, or something at least three levels deep."""
    return (
        re.search(r"\.\w{1,6}$", text) is not None
        or text.count("/") > _SHALLOW
        or text.startswith(("/data", "/dataset"))
    )


def _joined(node: ast.Constant, module: Module) -> ast.AST:
    parent = module.file.parent(node)
    return parent if isinstance(parent, ast.JoinedStr) else node


def _message(path: MachinePath, clause: str) -> str:
    return f"`{_short(path)}` is {path.kind}, and {clause}"


def _short(path: MachinePath) -> str:
    return path.text if len(path.text) <= _SHOWN else path.text[: _SHOWN - 3] + "..."


def _trail(node: ast.Constant, sink: Sink, module: Module) -> list[Note]:
    line = getattr(sink.node, "lineno", None)
    if line is None or line == node.lineno:
        return []
    return [module.note(sink.node, "used here")]


rule.flags(
    """
    import os
    import sys
    import numpy as np
    import pandas as pd
    import torch
    from pathlib import Path

    frame = pd.read_csv("/home/alice/projects/churn/data.csv")  # expect: DAT001
    ROOT = "/Users/alice/data"  # expect: DAT001
    labels = np.load(os.path.join(ROOT, "labels.npy"))
    windows = pd.read_excel("C:\\\\Users\\\\alice\\\\sales.xlsx")  # expect: DAT001
    model = torch.load(f"/scratch/alice/{run}/model.pt")  # expect: DAT001
    images = list(Path("/mnt/storage/images").glob("*.png"))  # expect: DAT001
    sys.path.insert(0, "/home/alice/lib")  # expect: DAT001
    os.chdir(r"D:\\work\\project")  # expect: DAT001
    """,
    title="opened, listed, imported from",
)
rule.flags(
    """
    import os
    import pandas as pd

    train = pd.read_csv("/content/drive/MyDrive/train.csv")  # expect: DAT001
    test = pd.read_csv("/kaggle/input/titanic/test.csv")  # expect: DAT001
    events = pd.read_parquet("s3://acme-events/2024.parquet")  # expect: DAT001
    share = open("\\\\\\\\fileserver\\\\team\\\\data.csv")  # expect: DAT001
    other = pd.read_csv("/data/churn/train.csv")  # expect: DAT001
    os.environ["HF_HOME"] = "/mnt/cache/hf"  # expect: DAT001
    """,
    title="notebook services, buckets, shares",
)
rule.flags(
    """
    from dataclasses import dataclass

    @dataclass
    class Config:
        data_dir: str = "/home/alice/data"  # expect: DAT001

    class Settings:
        CHECKPOINTS = "/gpfs/users/alice/ckpt"  # expect: DAT001

    def main(parser):
        parser.add_argument("--data", default="/home/alice/imagenet", help="where it is")  # expect: DAT001

    config = {"train_path": "/media/disk1/train"}  # expect: DAT001
    loader = make_loader(root="/mnt/ssd/coco")  # expect: DAT001
    """,
    title="defaults and settings",
)
rule.flags(
    """
    data:
      root: /home/alice/imagenet  # expect: DAT001
      size: 224
    """,
    file="config/train.yaml",
)
rule.flags(
    """
    import json

    SAVED = {
        "length": "/home/alice/saves/length",  # expect: DAT001
        "topic": "/home/alice/saves/topic",
        "both": ["/home/alice/saves/both", "/home/bob/saves/both"],
        "older": "/home/bob/saves/older",  # expect: DAT001
    }
    rows = json.load(open("/home/alice/rows.json"))  # expect: DAT001
    more = json.load(open("/home/alice/more.json"))  # expect: DAT001
    """,
    title="paths of one table are said once for each place",
)
rule.flags(
    """
    checkpoints:
      length:
        checkpoint_dir: /scratch/alice/sft/length  # expect: DAT001
      topic:
        checkpoint_dir: /scratch/alice/sft/topic
    data_dir: /home/alice/rows  # expect: DAT001
    output_dir: /scratch/alice/out
    """,
    file="config/adapters.yaml",
    title="settings below one place are said once",
)
rule.allows(
    """
    from pathlib import Path

    def is_absolute(text):
        return text.startswith("/") or text[1:3] == ":\\\\"

    def links(path):
        return path.read_text().splitlines()

    def test_absolute():
        assert is_absolute("C:\\\\Users\\\\name\\\\file.csv")
        result = links(Path("/mnt/somewhere/file.md"))
        assert result == []

    assert is_absolute("/home/anna/data.csv")
    """,
    title="What a check beside the code is given",
)
rule.allows(
    '''
    """Reads /home/alice/data.csv when asked to."""
    import os
    import re
    import tempfile
    from flask import Flask

    app = Flask(__name__)

    @app.route("/predict/image")
    def predict():
        return "ok"

    parser.add_argument("--data", default="data", help="for example /home/alice/data")
    response = client.get("/api/v1/items")
    pattern = re.compile("/home/[a-z]+/")
    with open("/dev/null") as sink, open("/proc/meminfo") as info, open("/tmp/log.txt") as log:
        pass
    text = "/".join(parts)
    mime = "text/csv"
    if path.startswith("/content/drive") or path == "/home/alice":
        print("on Colab: /content/drive/MyDrive")
    if os.path.exists("/kaggle/input"):
        print("on Kaggle")
    url = "https://example.org/home/alice"
    if "google.colab" in str(get_ipython()):
        os.chdir("/content")
    root = "/kaggle/input/titanic" if os.path.exists("/kaggle/input") else "data"
    frame = open(os.path.join(root, "train.csv"))
    ''',
    title="texts that are no paths, or only compared",
)
_HERE_OR_THERE = """
import os
import keras

KAGGLE = f"/kaggle_simulations/agent/{{NAME}}"{mark}
if os.path.exists(KAGGLE):
    path = KAGGLE
else:
    path = {other}
model = keras.models.load_model(path)
"""
_MOUNTED = """
from pathlib import Path
import modal

app = modal.App("train")
DATA = Path("/mnt/images"){mark}

@app.function(volumes={{{folder}: modal.Volume.from_name("images")}})
def train():
    return [open(path).read() for path in DATA.glob("*.txt")]
"""
rule.allows(_MOUNTED.format(mark="", folder="DATA"), title="Mounted by the program itself")
rule.flags(_MOUNTED.format(mark="  # expect: DAT001", folder='"/mnt/models"'), title="Another folder is mounted")
rule.allows(_HERE_OR_THERE.format(mark="", other="NAME"), title="Taken only where it exists")
rule.flags(
    _HERE_OR_THERE.format(mark="  # expect: DAT001", other='KAGGLE + "/latest"'),
    title="Taken where it doesn't exist too",
)
_DRIVE = """
{{
 "cells": [
  {{
   "cell_type": "code",
   "execution_count": null,
   "metadata": {{}},
   "outputs": [],
   "source": [
    "try:\\n",
    "    {first}\\n",
    "    %cd /content/drive/MyDrive/project\\n",
    "except ImportError:\\n",
    "    pass"
   ]
  }}
 ],
 "metadata": {{}},
 "nbformat": 4,
 "nbformat_minor": 4
}}
"""
rule.allows({"look.ipynb": _DRIVE.format(first="from google.colab import drive")}, title="Only in the service")
rule.flags({"look.ipynb": _DRIVE.format(first="print(1)")}, title="In the service alone, and not asked for")
rule.allows(
    """
    import os
    import pandas as pd
    from pathlib import Path

    ROOT = Path(__file__).parent
    frame = pd.read_csv(ROOT / "data" / "train.csv")
    other = pd.read_csv("data/train.csv")
    third = pd.read_csv(os.path.join(os.environ["DATA"], "x.csv"))
    weights = open("/opt/ml/model/weights.bin")
    cached = open(os.path.expanduser("~/.cache/tool/settings"))
    passing = open(os.path.expanduser("~/tmp/half"))
    node = tree.xpath("/html/body/div")
    bucket = f"s3://{name}/data.parquet"
    home = f"/home/{user}/data.csv"
    scheme = "s3://"
    key = s3.get_object(Bucket="b", Key="/x/y")
    """,
    title="inside the project, from the environment, system folders",
)
rule.allows(
    """
    runs-on: ubuntu-latest
    data_dir: data/raw
    volumes:
      - /home/alice:/data
    route: /api/v1
    """,
    file="config.yaml",
)
rule.allows(
    """
    model:
      hidden: 128
    _wandb:
      e:
        l1jx46u4b9vd:
          executable: /home/alice/churn/.venv/bin/python3
          root: /home/alice/churn
      python_version: 3.12.3
    """,
    file="configs/model/best.yaml",
    title="what a tracker has noted of the run that a configuration was taken from",
)
