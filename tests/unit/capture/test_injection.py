"""The environment that carries the agent, and the processes that it can't reach."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprocheck.capture.injection import SITE, VARIABLE, AgentOptions, agent_environment, bypass, environment_gap


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    return agent_environment(variables, journal=tmp_path, options=AgentOptions(root=tmp_path))


def test_path_of_the_user_is_kept_behind_the_agents(tmp_path: Path) -> None:
    assert environment(tmp_path, PYTHONPATH="/a:/b")["PYTHONPATH"] == f"{SITE}:/a:/b"
    assert environment(tmp_path, PYTHONPATH="/a:")["PYTHONPATH"] == f"{SITE}:/a:"


@pytest.mark.parametrize("given", [{}, {"PYTHONPATH": ""}, {"PYTHONPATH": str(SITE)}])
def test_no_empty_entry_is_added_for_it_would_mean_the_working_folder(tmp_path: Path, given: dict[str, str]) -> None:
    assert environment(tmp_path, **given)["PYTHONPATH"] == str(SITE)


def test_environment_that_is_given_stays_as_it_is(tmp_path: Path) -> None:
    given = {"A": "1"}
    changed = agent_environment(given, journal=tmp_path, options=AgentOptions(root=tmp_path))
    assert given == {"A": "1"}
    assert changed["A"] == "1"
    assert set(changed) == {"A", "PYTHONPATH", VARIABLE}


def test_hash_seed_is_fixed_only_for_recorded_entropy_and_never_the_users(tmp_path: Path) -> None:
    recording = AgentOptions(root=tmp_path, record_entropy=True)
    drawn = [agent_environment({}, journal=tmp_path, options=recording)["PYTHONHASHSEED"] for _ in range(4)]
    assert all(0 < int(seed) < 2**32 for seed in drawn)
    assert len(set(drawn)) > 1
    own = agent_environment({"PYTHONHASHSEED": "7"}, journal=tmp_path, options=recording)
    assert own["PYTHONHASHSEED"] == "7"
    assert "PYTHONHASHSEED" not in environment(tmp_path)


def test_recorded_hash_seed_is_given_back(tmp_path: Path) -> None:
    line = '{"event":"start","time":1,"pid":1,"started":1,"hash_seed":"1234"}\n'
    (tmp_path / "agent-1-1.jsonl").write_text(line)
    options = AgentOptions(root=tmp_path, entropy_from=tmp_path)
    assert agent_environment({}, journal=tmp_path, options=options)["PYTHONHASHSEED"] == "1234"


def test_folder_that_can_not_stand_in_the_path_leaves_the_agent_out_and_says_so(tmp_path: Path) -> None:
    odd = tmp_path / "line\nbreak"
    odd.mkdir()
    changed = agent_environment({"A": "1"}, journal=odd, options=AgentOptions(root=tmp_path))
    assert changed == {"A": "1"}
    assert environment_gap(changed) is not None
    assert environment_gap(environment(tmp_path)) is None


@pytest.mark.parametrize(
    ("program", "arguments", "reason"),
    [
        ("/usr/bin/python3", ["python3", "-I", "x.py"], "python3 was started with -I, which ignores the agent"),
        ("/usr/bin/python3.8", ["python3.8", "-c", "-I"], ""),
        ("/usr/bin/python3", ["python3", "x.py"], ""),
        ("/usr/bin/python3-config", ["python3-config", "-I"], ""),
        ("/bin/sh", ["sh", "-E"], ""),
    ],
)
def test_programs_that_bypass_the_agent_are_named(program: str, arguments: list[str], reason: str) -> None:
    gap = bypass(program, arguments)
    assert (gap.reason if gap else "") == reason


def test_environment_of_a_program_is_looked_at_where_it_is_known(tmp_path: Path) -> None:
    assert bypass("/usr/bin/python3", ["python3"], environment(tmp_path)) is None
    gap = bypass("/usr/bin/python3", ["python3"], {"PATH": os.defpath})
    assert gap is not None
    assert "without the agent" in gap.reason
