"""Rules and catalog entries of the user's own repository."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CALL_RULE = '''\
code = "ACME001"
name = "unchecked-feature-store"
summary = "Features are read from the store without a snapshot."
why = "The store changes every night."
fix = "Pass `snapshot=`."

[[match]]
call = "acme.store.read"
message = "the store is read without `snapshot`"
[match.arguments]
snapshot = { given = false }

[[flags]]
code = """
from acme import store
frame = store.read("clicks")  # expect: ACME001
"""

[[allows]]
code = """
from acme import store
frame = store.read("clicks", snapshot="2026-01-01")
"""
'''
KEY_RULE = '''\
code = "ACME002"
name = "debug-left-on"
summary = "Debug mode is on."
why = "It skips rows."
fix = "Turn it off."
severity = "error"

[[match]]
key = "trainer.debug"
value = true
files = "*.yaml"

[[flags]]
file = "train.yaml"
code = """
trainer:
  debug: true  # expect: ACME002
"""

[[allows]]
file = "train.yaml"
code = """
trainer:
  debug: false
"""
'''


@pytest.fixture
def acme(project: Path) -> Path:
    """A project with two rules of its own."""
    (project / "reprocheck.toml").unlink()
    rules = project / ".reprocheck" / "rules"
    rules.mkdir(parents=True)
    (rules / "store.toml").write_text(CALL_RULE, "utf-8")
    (rules / "debug.toml").write_text(KEY_RULE, "utf-8")
    return project


def test_rules_of_the_repository_run_beside_the_built_in_ones(run: Run, acme: Path) -> None:
    (acme / "a.py").write_text(
        'import pickle\nfrom acme import store\n\nstore.read("clicks")\nstore.read("clicks", snapshot=day)\n'
        "pickle.load(x)\n",
        "utf-8",
    )
    (acme / "train.yaml").write_text("trainer:\n  debug: true\n", "utf-8")
    done = run("scan", "-o", "json")
    found = {(f["path"], f["span"]["line"], f["code"]) for f in json.loads(done.stdout)["findings"]}
    assert found >= {("a.py", 4, "ACME001"), ("a.py", 6, "ART003"), ("train.yaml", 2, "ACME002")}
    assert not {(path, line) for path, line, code in found if code == "ACME001"} - {("a.py", 4)}
    assert "the store is read without `snapshot`" in done.stdout
    only = run("scan", "-o", "concise", "--select", "ACME")
    assert [line.split()[1] for line in only.stdout.splitlines()[:-1]] == ["ACME001[warning]", "ACME002[error]"]


def test_a_changed_rule_is_not_answered_from_the_cache(run: Run, acme: Path) -> None:
    (acme / "a.py").write_text('from acme import store\n\nstore.read("clicks")\n', "utf-8")
    assert "ACME001" in run("scan", "-o", "concise", "--select", "ACME").stdout
    path = acme / ".reprocheck" / "rules" / "store.toml"
    path.write_text(CALL_RULE.replace("acme.store.read", "acme.store.fetch"), "utf-8")
    assert run("scan", "-o", "concise", "--select", "ACME").returncode == 0


def test_examples_are_checked_and_a_wrong_one_is_named(run: Run, acme: Path) -> None:
    good = run("rules", "--check")
    assert (good.returncode, good.stdout) == (0, "")
    assert "2 of 2 rules" in good.stderr
    path = acme / ".reprocheck" / "rules" / "store.toml"
    path.write_text(CALL_RULE.replace(', snapshot="2026-01-01")', ")"), "utf-8")
    bad = run("rules", "--check")
    assert bad.returncode == 1
    assert "ACME001 example 2: should be allowed, but is flagged at example.py:2" in bad.stdout
    assert "1 of 2 rules" in bad.stderr


def test_a_repository_without_rules_has_none_to_check(run: Run, project: Path) -> None:
    assert project.exists()
    assert run("rules", "--check").returncode == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CALL_RULE.replace("ACME001", "RNG999"), "is reprocheck's own"),
        (CALL_RULE.replace("ACME001", "acme-1"), "is not a rule code"),
        (CALL_RULE.replace("summary", "sumary"), "sumary"),
        (CALL_RULE.replace("[[match]]", "[[match"), "store.toml"),
        (KEY_RULE, "ACME002 is defined twice"),
    ],
)
def test_a_rule_that_is_not_well_formed_is_a_usage_error(run: Run, acme: Path, text: str, message: str) -> None:
    (acme / ".reprocheck" / "rules" / "store.toml").write_text(text, "utf-8")
    done = run("scan")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_python_in_the_rules_folder_is_never_run(run: Run, acme: Path) -> None:
    trap = "import pathlib\npathlib.Path('ran').write_text('')\nraise SystemExit(9)\n"
    for name in ("conftest.py", "sitecustomize.py", ".reprocheck/rules/evil.py", "reprocheck_rules.py", "setup.py"):
        (acme / name).write_text(trap, "utf-8")
    assert run("scan").returncode in {0, 1}
    assert not (acme / "ran").exists()


def test_a_catalog_of_the_project_teaches_the_built_in_rules(run: Run, project: Path) -> None:
    (project / "reprocheck.toml").write_text('select = ["ART003"]\ncatalog = ["catalog.toml"]\n', "utf-8")
    (project / "catalog.toml").write_text('[aliases]\n"acme.io" = "pickle"\n', "utf-8")
    (project / "a.py").write_text("from acme.io import load\n\nload(stream)\n", "utf-8")
    done = run("scan", "-o", "concise")
    assert "a.py:3:1: ART003" in done.stdout
    (project / "catalog.toml").write_text('["acme.io.load"]\nrols = ["reads"]\n', "utf-8")
    wrong = run("scan")
    assert wrong.returncode == 2
    assert "rols" in wrong.stderr
    (project / "catalog.toml").unlink()
    assert "does not exist" in run("scan").stderr
