"""The agent runs in the user's interpreter: what it may be written in and stand on."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import reprocheck.agent

if TYPE_CHECKING:
    from tests.unit.agent.conftest import Bench

AGENT = Path(reprocheck.agent.__file__).parent
FILES = sorted(AGENT.rglob("*.py"))
OWN_NAME = "_reprocheck_agent"


def imported(tree: ast.AST) -> Iterator[str]:
    """First parts of all names that are imported from outside of the folder."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]


def foreign(source: str) -> list[str]:
    """What is imported from neither the standard library nor the agent."""
    allowed = {*sys.stdlib_module_names, OWN_NAME}
    return sorted({name for name in imported(ast.parse(source)) if name not in allowed})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(AGENT).as_posix())
def test_file_is_written_in_the_grammar_of_the_oldest_python_and_imports_the_standard_library_only(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    assert foreign(source) == []


def test_newer_grammar_and_foreign_imports_would_be_seen() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass", feature_version=(3, 8))
    assert foreign("def f():\n    import numpy.random\nfrom reprocheck.model import gap\nimport os") == [
        "numpy",
        "reprocheck",
    ]


def test_first_file_is_written_in_what_python_2_reads_too() -> None:
    source = (AGENT / "site" / "sitecustomize.py").read_text(encoding="utf-8")
    without_comments = re.sub(r"#.*", "", source)
    assert not re.search(r"\bf[\"']|->|^\s*\w+: \w+ =|:=|nonlocal|\*, ", without_comments, re.MULTILINE)


def other_pythons() -> list[str]:
    """Interpreters beside this one that start, oldest first; a shim may exist and refuse to."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for minor in (8, 9, 10, 11, 12, 13, 14):
        candidates = [shutil.which(f"python3.{minor}"), *map(str, versions.glob(f"3.{minor}.*/bin/python"))]
        for candidate in filter(None, candidates):
            if _answers(candidate, minor):
                found.append(candidate)
                break
    return found


def _answers(candidate: str, minor: int) -> bool:
    command = [candidate, "-c", f"import sys; assert sys.version_info[:2] == (3, {minor})"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


PYTHONS = other_pythons()


@pytest.mark.skipif(not PYTHONS, reason="no other Python 3 on this machine")
@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: "".join(re.findall(r"3\.\d+", path)[:1]))
def test_agent_runs_in_every_interpreter_at_hand(bench: Bench, python: str) -> None:
    bench.write(
        "import os, random, multiprocessing\n"
        "def work(number):\n    random.seed(number)\n    return random.random()\n"
        "if __name__ == '__main__':\n"
        "    random.seed(3)\n"
        "    os.listdir('.')\n"
        "    print(random.random(), multiprocessing.get_context('fork').Pool(1).map(work, [1]))\n"
    )
    command = [python, "program.py"]
    outcome = bench.watched(command)
    assert outcome.stdout == bench.plain(command).stdout != ""
    assert outcome.stderr == ""
    assert outcome.reasons() == []
    seeds = [(event["name"], event["value"], event["place"]) for event in outcome.events("seed")]
    assert ("random.seed", "3", ["program.py", 6, ""]) in seeds
    assert ("random.seed", "1", ["program.py", 3, "work"]) in seeds
    assert [event["place"][1] for event in outcome.events("listing") if event["place"]] == [7]
