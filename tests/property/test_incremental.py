"""After any series of edits, moves, deletions and additions a scan with a cache reports what a fresh scan does."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.cli.exit_codes import CLEAN, INCOMPLETE, NOTHING
from reprocheck.cli.main import run

ROUNDS = 8
STEPS = 8
SEEDING = [
    (
        "import random\nimport numpy as np\nimport torch\n\n\ndef seed_all(seed):\n"
        "    random.seed(seed)\n    np.random.seed(seed)\n    torch.manual_seed(seed)\n"
    ),
    "import torch\n\n\ndef seed_all(seed):\n    torch.manual_seed(seed)\n",
    (
        "import random\nimport torch\n\n\ndef seed_all(seed=None):\n    if seed is not None:\n"
        "        random.seed(seed)\n        torch.manual_seed(seed)\n"
    ),
    "from .deep import seed_all\n",
    "def seed_all(seed:\n",
]
OPTIONS = [
    (
        "import argparse\n\n\ndef read():\n    parser = argparse.ArgumentParser()\n"
        '    parser.add_argument("--seed", type=int, default=0)\n'
        '    parser.add_argument("--unread", action="store_true")\n    return parser.parse_args()\n'
    ),
    (
        "import argparse\n\n\ndef read():\n    parser = argparse.ArgumentParser()\n"
        '    parser.add_argument("--seed", type=int, default=None)\n    return parser.parse_args()\n'
    ),
    "USE_AMP = False\nSEED = 3\n\n\ndef read():\n    return None\n",
]
TRAIN = [
    (
        "import torch\n"
        "from pkg.options import read\nfrom pkg.seeding import seed_all\n\n\ndef main():\n    args = read()\n"
        "    seed_all(args.seed)\n    model = torch.nn.Linear(3, 3)\n"
        "    optimizer = torch.optim.SGD(model.parameters())\n"
        "    loss = model(torch.randn(2, 3)).sum()\n    loss.backward()\n    optimizer.step()\n\n\n"
        'if __name__ == "__main__":\n    main()\n'
    ),
    (
        "import torch\n"
        "from pkg.options import USE_AMP\n\nmodel = torch.nn.Linear(3, 3)\nif USE_AMP:\n    model.half()\n"
        "torch.backends.cudnn.benchmark = True\nmodel(torch.randn(2, 3).cuda()).sum().backward()\n"
    ),
    (
        "import numpy as np\n"
        "import torch\nfrom pkg import seeding\n\nweights = np.random.rand(3)\nseeding.seed_all(1)\n"
        "model = torch.nn.Linear(3, 3)\nmodel(torch.randn(2, 3)).sum().backward()\n"
    ),
    "from pkg.data import *\n\nload()\n",
]
DATA = [
    "import numpy as np\n\n\ndef load():\n    return np.random.permutation(10)\n",
    "import pickle\n\n\ndef load():\n    with open('/home/me/a', 'rb') as file:\n        return pickle.load(file)\n",
    "from pkg.train import *\nfrom .deep import load\n",
]
CONFIGS = ["seed: 1\nuse_amp: false\n", "seed: null\n", "model:\n  _target_: pkg.train.main\n", "a: [1\n"]
SCRIPTS = ["python -m pkg.train --seed 4\n", "export CUBLAS_WORKSPACE_CONFIG=:4096:8\npython pkg/train.py\n", "true\n"]
NOTEBOOKS = [
    (
        '{"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": '
        '["import torch\\n", "torch.rand(3)"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    ),
    "{",
]
PROJECTS = ['[project]\nname = "p"\n[project.scripts]\ntrain = "pkg.train:main"\n', '[project]\nname = "p"\n']
FILES = {
    "pkg/__init__.py": ["", "from pkg.seeding import seed_all\n"],
    "pkg/seeding.py": SEEDING,
    "pkg/deep.py": SEEDING + DATA,
    "pkg/options.py": OPTIONS,
    "pkg/train.py": TRAIN,
    "pkg/data.py": DATA,
    "train.py": TRAIN,
    "configs/base.yaml": CONFIGS,
    "run.sh": SCRIPTS,
    "explore.ipynb": NOTEBOOKS,
    "pyproject.toml": PROJECTS,
}
EVERY_TEXT = [text for texts in FILES.values() for text in texts]
ADDED = (
    "utils.py",
    "pkg/utils.py",
    "pkg/sub/__init__.py",
    "pkg/sub/seeding.py",
    "other/train.py",
    "job.yaml",
    "Makefile",
)


def scan(root: Path, *options: str) -> bytes:
    report = root.parent / f"{root.name}.json"
    arguments = ["scan", str(root), "-q", "--exit-zero", "--isolated", "--jobs", "1", "--pack", "strict"]
    code = run([*arguments, "--min-confidence", "low", "-o", f"json:{report}", *options])
    assert code in {CLEAN, INCOMPLETE, NOTHING}
    return report.read_bytes()


def fresh(root: Path) -> bytes:
    """What a scan of a copy without a cache reports."""
    copy = root.parent / "copies" / root.name
    shutil.rmtree(copy.parent, ignore_errors=True)
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".reprocheck_cache"))
    return scan(copy, "--no-cache")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "project"


def change(root: Path, chance: random.Random) -> str:
    """Edit, move, delete, add or swap a file; returns what was done."""
    present = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    present = [path for path in present if not path.startswith(".reprocheck_cache")]
    path = chance.choice(present or ["train.py"])
    match chance.choice(("edit", "edit", "shift", "reword", "comment", "move", "delete", "add", "swap", "touch")):
        case "move" if path in present:
            target = chance.choice([*FILES, *ADDED])
            (root / target).parent.mkdir(parents=True, exist_ok=True)
            (root / path).replace(root / target)
            return f"move {path} to {target}"
        case "delete" if path in present:
            (root / path).unlink()
            return f"delete {path}"
        case "shift" if path in present:
            write(root / path, "\n\n" + (root / path).read_text("utf-8"))
            return f"shift {path}"
        case "reword" if path in present:
            text = (root / path).read_text("utf-8")
            write(root / path, text.replace("(3", "(4") if "(3" in text else text.replace("(4", "(3"))
            return f"reword {path}"
        case "comment" if path in present:
            text = (root / path).read_text("utf-8")
            write(
                root / path, text.replace("\n", "  # said since\n") if "  #" not in text else text.replace("  #", " #")
            )
            return f"comment {path}"
        case "swap" if len(present) > 1:
            other = chance.choice([name for name in present if name != path])
            one, two = (root / path).read_text("utf-8"), (root / other).read_text("utf-8")
            write(root / path, two)
            write(root / other, one)
            return f"swap {path} and {other}"
        case "touch":
            return "nothing"
        case "add":
            path = chance.choice([*FILES, *ADDED])
    write(root / path, chance.choice(FILES.get(path, EVERY_TEXT)))
    return f"write {path}"


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_scan_with_a_cache_says_what_a_fresh_scan_says(root: Path, number: int) -> None:
    chance = random.Random(number)  # noqa: S311 — a fixed sequence, no secret
    for path, texts in FILES.items():
        write(root / path, chance.choice(texts))
    done: list[str] = []
    for _ in range(STEPS):
        assert scan(root) == fresh(root), done
        done.append(change(root, chance))


def edited(root: Path) -> None:
    write(root / "pkg/seeding.py", SEEDING[1])


def moved(root: Path) -> None:
    (root / "pkg/seeding.py").replace(root / "pkg/elsewhere.py")


def deleted(root: Path) -> None:
    (root / "pkg/seeding.py").unlink()


@pytest.mark.parametrize("happens", [edited, moved, deleted])
def test_a_program_is_judged_again_when_only_its_helper_changes(root: Path, happens: Callable[[Path], None]) -> None:
    write(root / "pkg/__init__.py", "")
    write(root / "pkg/seeding.py", SEEDING[0])
    write(root / "train.py", TRAIN[2])
    before = scan(root)
    happens(root)
    after = scan(root)
    assert after != before
    assert after == fresh(root)


def test_what_stands_at_a_place_is_read_again_when_its_file_changes(root: Path) -> None:
    text = "import torch\n\nweights = torch.randn(2, 3)\ntorch.nn.Linear(3, 3)(weights).sum().backward()\n"
    write(root / "train.py", text)
    before = scan(root)
    write(root / "train.py", text.replace("weights", "numbers"))
    after = scan(root)
    assert after != before
    assert after == fresh(root)


def test_a_statement_is_read_again_though_no_rule_can_tell_the_difference(root: Path) -> None:
    text = "import torch\n\nweights = 1 + torch.randn(2, 3)\ntorch.nn.Linear(3, 3)(weights).sum().backward()\n"
    write(root / "train.py", text)
    before = scan(root)
    write(root / "train.py", text.replace("1 +", "2 +"))
    after = scan(root)
    assert after != before
    assert after == fresh(root)


def test_nothing_of_a_deleted_file_is_left(root: Path) -> None:
    write(root / "train.py", "import helper\nhelper.go()\n")
    write(root / "helper.py", "import torch\n\n\ndef go():\n    torch.nn.Linear(3, 3)(torch.randn(2, 3)).backward()\n")
    assert b"helper.py" in scan(root)
    (root / "helper.py").unlink()
    assert b"helper.py" not in scan(root)


def damaged(root: Path, statement: str) -> None:
    (path,) = (root / ".reprocheck_cache").glob("*.sqlite")
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE results SET facts = x'c1'",
        "UPDATE results SET facts = x'92a6707974686f6ea161'",
        "UPDATE results SET value = x'c1'",
        "UPDATE results SET digest = x'00'",
        "UPDATE joins SET value = x'c1'",
        "DELETE FROM results WHERE path = 'pkg/seeding.py'",
        "DELETE FROM joins",
    ],
)
@pytest.mark.parametrize("edit", [False, True])
def test_a_damaged_cache_changes_nothing(root: Path, statement: str, *, edit: bool) -> None:
    for path, texts in FILES.items():
        write(root / path, texts[0])
    scan(root)
    damaged(root, statement)
    if edit:
        write(root / "train.py", TRAIN[2])
    assert scan(root) == fresh(root)


def test_scans_with_other_rules_in_between_change_nothing(root: Path) -> None:
    for path, texts in FILES.items():
        write(root / path, texts[0])
    scan(root)
    write(root / "pkg/seeding.py", SEEDING[1])
    scan(root, "--select", "ART003")
    write(root / "train.py", TRAIN[2])
    scan(root, "--select", "RNG")
    assert scan(root) == fresh(root)
