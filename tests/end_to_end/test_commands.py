"""The smaller commands."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_init_writes_a_configuration_that_scan_accepts(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    assert run("init", cwd=folder).returncode == 0
    first = (folder / "reprocheck.toml").read_text("utf-8")
    assert run("scan", cwd=folder).returncode == 0
    refused = run("init", cwd=folder)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    (folder / "reprocheck.toml").write_text("broken", "utf-8")
    assert run("init", "--force", cwd=folder).returncode == 0
    assert (folder / "reprocheck.toml").read_text("utf-8") == first


def test_clean_removes_our_cache_and_nobody_elses(run: Run, project: Path) -> None:
    (project / "a.py").write_text("x = 1\n", "utf-8")
    run("scan")
    assert (project / ".reprocheck_cache" / ".gitignore").read_text("utf-8").endswith("*\n")
    assert "Removed" in run("clean").stdout
    assert not (project / ".reprocheck_cache").exists()
    assert run("clean").stdout == "Nothing to remove.\n"
    (project / ".reprocheck_cache").mkdir()
    (project / ".reprocheck_cache" / "thesis.tex").write_text("years of work", "utf-8")
    assert run("clean").returncode == 2
    assert (project / ".reprocheck_cache" / "thesis.tex").exists()


def test_config_shows_every_setting_and_where_it_comes_from(run: Run, project: Path) -> None:
    values = json.loads(run("config", "-o", "json", variables={"REPROCHECK_FAIL_ON": "error"}).stdout)
    assert values["select"]["value"] == ["ART003", "DET001", "ENV007"]
    assert "reprocheck.toml" in values["select"]["origin"]
    assert values["fail-on"]["value"] == "error"
    assert "REPROCHECK_FAIL_ON" in values["fail-on"]["origin"]
    table = run("config").stdout
    assert f"root = {project}" in table
    assert 'pack = "default"' in table


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_its_shell_can_read(run: Run, tmp_path: Path, shell: str) -> None:
    script = run("completion", shell)
    assert script.returncode == 0
    assert "_REPROCHECK_COMPLETE" in script.stdout
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "completion"
    path.write_text(script.stdout, "utf-8")
    done = subprocess.run([program, "-n", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_completion_completes(run: Run) -> None:
    variables = {"_REPROCHECK_COMPLETE": "bash_complete", "COMP_WORDS": "reprocheck expl", "COMP_CWORD": "1"}
    assert run(variables=variables).stdout.split() == ["plain,explain"]
    variables |= {"COMP_WORDS": "reprocheck scan --fail-on w", "COMP_CWORD": "3"}
    assert run(variables=variables).stdout.split() == ["plain,warning"]


def test_completion_can_be_sourced(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(run("completion", "bash").stdout, "utf-8")
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    asked = f'source "{script}" && complete -p reprocheck'
    done = subprocess.run([bash, "--norc", "-c", asked], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "_reprocheck_completion" in done.stdout


def test_explain_finds_a_rule_by_code_and_by_name(run: Run) -> None:
    by_code, by_name = run("explain", "art003"), run("explain", "unsafe-deserialisation")
    assert by_code.returncode == 0
    assert by_code.stdout == by_name.stdout
    for word in ("ART003", "unsafe-deserialisation", "Why", "How to repair it", "Flagged", "Allowed", "pickle.load"):
        assert word in by_code.stdout
    assert "\x1b[" not in by_code.stdout
    assert run("explain", "RPC001").returncode == 0
    assert run("explain", "ART3").returncode == 2


def test_rules_lists_what_runs(run: Run, project: Path) -> None:
    assert project.exists()
    chosen = [line.split()[0] for line in run("rules").stdout.splitlines()]
    assert chosen == ["ART003", "DET001", "ENV007"]
    everything = json.loads(run("rules", "--all", "-o", "json").stdout)
    assert {rule["code"] for rule in everything if rule["selected"]} == set(chosen)
    assert len(everything) > 15
    assert all(rule["why"] and rule["fix"] for rule in everything)


def test_rules_are_looked_up_by_beginning_or_name(run: Run, project: Path) -> None:
    assert project.exists()
    listed = run("rules", "art", "listing").stdout.splitlines()
    marks = {line[2:].split()[0]: line[0] for line in listed}
    assert {"ART001", "ART003", "DET008"} <= marks.keys()
    assert {code[:3] for code in marks if code != "DET008"} == {"ART"}
    assert (marks["ART001"], marks["ART003"]) == ("-", " ")
    nothing = run("rules", "no-such")
    assert (nothing.returncode, nothing.stdout) == (5, "")
    assert "`no-such`" in nothing.stderr


def test_help_and_version(run: Run, project: Path) -> None:
    assert project.exists()
    overview = run("--help").stdout
    for name in ("scan", "explain", "rules", "baseline", "config", "init", "clean", "completion"):
        done = run(name, "--help")
        assert done.returncode == 0
        assert name in overview
        assert done.stdout.startswith(f"Usage: reprocheck {name}")
    assert run("--version").stdout.startswith("reprocheck ")
