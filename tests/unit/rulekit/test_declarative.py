"""Rules as data: each kind of pattern, each condition."""

from __future__ import annotations

import pytest

from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.rulekit import Catalog
from reprocheck.rulekit.catalog import read_catalog_file
from reprocheck.rulekit.declarative import read_rule
from reprocheck.rulekit.rule import RuleError
from reprocheck.scan.analysis import Analyzer

HEAD = 'code = "ACME001"\nname = "a-thing"\nsummary = "A thing is found."\n'
CATALOG = Catalog([read_catalog_file('["lib.draw"]\nroles = ["draw"]\narguments = ["n", "seed"]\n', "c.toml")])


def lines(match: str, text: str, path: str = "a.py") -> list[int]:
    """Lines that a rule with one pattern reports."""
    rule = read_rule(f"{HEAD}[[match]]\n{match}\n", "rule.toml", origin="rule.toml")
    result = Analyzer([rule], CATALOG).analyze(ProjectFile(path, "", kind_of(path), len(text)), text.encode())
    assert result.unread == ""
    return [finding.place.span.line for finding in result.findings]


CALLS = """\
import lib, os
lib.draw(3)
lib.draw(3, 1)
lib.draw(3, seed=None)
lib.draw(3, seed=x)
lib.draw(3, **options)
lib.other("runs/" + name)
os.remove("a")
"""


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ('call = "lib.draw"', [2, 3, 4, 5, 6]),
        ('call = "lib.*"', [2, 3, 4, 5, 6, 7]),
        ('call = ["os.remove", "lib.other"]', [7, 8]),
        ('role = "draw"', [2, 3, 4, 5, 6]),
        ('role = "draw"\ncall = "os.remove"', [2, 3, 4, 5, 6, 8]),
        ('call = "lib.draw"\narguments.seed.given = false', [2]),
        ('call = "lib.draw"\narguments.seed.given = true', [3, 4, 5]),
        ('call = "lib.draw"\narguments.seed.equals = 1', [3]),
        ('call = "lib.draw"\narguments.seed.equals = true', []),
        ('call = "lib.draw"\narguments.seed.equals = [7, 1]', [3]),
        ('call = "lib.draw"\narguments.seed.differs = 2', [3, 4]),
        ('call = "lib.*"\narguments."#0".matches = "^runs/.*\\\\{\\\\}$"', [7]),
        ('call = "lib.draw"\narguments."#1".given = true', [3]),
        ('call = "lib.draw"\narguments.n.equals = 3\narguments.seed.given = false', [2]),
    ],
)
def test_calls(match: str, found: list[int]) -> None:
    assert lines(match, CALLS) == found


ASSIGNMENTS = """\
import torch
torch.backends.flag = True
torch.backends.flag = False
torch.backends.flag: bool = True
torch.backends.flag = x
other.flag = True
"""


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ('assign = "torch.backends.flag"', [2, 3, 4, 5]),
        ('assign = "torch.backends.flag"\nvalue = true', [2, 4]),
        ('assign = "torch.*"\nvalue = [false]', [3]),
    ],
)
def test_assignments(match: str, found: list[int]) -> None:
    assert lines(match, ASSIGNMENTS) == found


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ('import = "pickle"', [1, 4]),
        ('import = "os.path"', [2, 3]),
        ('import = "os.*"', [2, 3]),
        ('import = "os"', [3]),
    ],
)
def test_imports(match: str, found: list[int]) -> None:
    code = "import pickle\nimport os.path\nfrom os import path\nfrom pickle import load\nfrom . import pickle\n"
    assert lines(match, code) == found


YAML = """\
debug: true
trainer:
  debug: true
  level: 2
stages:
  - debug: false
  - run:
      debug: true
"""


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ('key = "debug"', [1]),
        ('key = "trainer.debug"\nvalue = true', [3]),
        ('key = "*.debug"\nvalue = true', [3]),
        ('key = "**.debug"\nvalue = true', [1, 3, 8]),
        ('key = "stages.*.debug"', [6]),
        ('key = "trainer.level"\nvalue = 2', [4]),
        ('key = "trainer.level"\nvalue = "2"', []),
        ('key = "debug"\nfiles = "*.toml"', []),
        ('key = "debug"\nfiles = ["*.toml", "conf/*.yaml"]', [1]),
        ('key = "debug"\nfiles = "train.yaml"', [1]),
    ],
)
def test_keys(match: str, found: list[int]) -> None:
    assert lines(match, YAML, "conf/train.yaml") == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "match"),
        (HEAD + "[[match]]\n", "state one of"),
        (HEAD + '[[match]]\ncall = "a"\nkey = "b"\n', "match 1: state one of"),
        (HEAD + '[[match]]\ncal = "a"\n', "cal"),
        (HEAD + '[[match]]\ncall = "a"\narguments.x.matches = "("\n', "rule.toml"),
        (HEAD + '[[match]]\ncall = "a"\narguments.x.equal = 1\n', "equal"),
        (HEAD + 'severity = "fatal"\n[[match]]\ncall = "a"\n', "fatal"),
        (HEAD.replace("ACME001", "x") + '[[match]]\ncall = "a"\n', "is not a rule code"),
        ("code = ", "rule.toml"),
    ],
)
def test_rule_that_is_not_well_formed_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        read_rule(text, "rule.toml", origin="rule.toml")
    assert "rule.toml" in str(caught.value)


def test_message_is_the_patterns_or_the_summary() -> None:
    def message(match: str) -> str:
        rule = read_rule(f'{HEAD}[[match]]\ncall = "os.remove"\n{match}\n', "rule.toml", origin="rule.toml")
        text = b"import os\nos.remove(x)\n"
        result = Analyzer([rule], CATALOG).analyze(ProjectFile("a.py", "", kind_of("a.py"), len(text)), text)
        return result.findings[0].message

    assert message("") == "A thing is found"
    assert message('message = "removed"') == "removed"
