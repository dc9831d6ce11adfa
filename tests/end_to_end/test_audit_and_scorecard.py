"""`scan --audit`, `db` and `scan --scorecard` as a user calls them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.end_to_end.conftest import Run

from reprocheck.cli import main

RECORDS = Path(__file__).resolve().parents[1] / "data" / "advisories"


@pytest.fixture
def database(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "advisories.sqlite"
    assert run("db", "update", "--from", RECORDS, "--database", path).returncode == 0
    return path


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command inside this process, which saves the start of an interpreter for each of many scans."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(project.parent))

    def start(*arguments: str | Path, variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            for name, value in (variables or {}).items():
                patch.setenv(name, value)
            code = main.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return subprocess.CompletedProcess([], code, captured.out, captured.err)

    return start


def write(project: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def scan(run: Run, database: Path, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = ("--audit", "--audit-source", "database", "--audit-database", str(database))
    return run("scan", "--select", "ART003", *arguments, *more)


@pytest.mark.parametrize(
    ("requirements", "code"),
    [
        ("acme-net==2.5\n", 0),
        ("acme-net==2.0\n", 1),
        ("acme-net==2.5\nnumpy\n", 4),
        ("acme-net==2.0\nnumpy\n", 1),
        ("numpy  # reprocheck: ignore[RPC004] -- pinned by the cluster\n", 0),
        ("acme-net==2.0  # reprocheck: ignore[ENV011] -- not reachable here (until 2999-01-01)\n", 0),
    ],
)
def test_exit_codes_of_an_audit(run: Run, project: Path, database: Path, requirements: str, code: int) -> None:
    write(project, {"requirements.txt": requirements})
    done = scan(run, database, "-o", "concise")
    assert done.returncode == code, done.stdout + done.stderr


def test_a_scan_without_an_audit_needs_nobody_and_uses_no_suppression_up(run: Run, project: Path) -> None:
    write(project, {"requirements.txt": "acme-net==2.0  # reprocheck: ignore[ENV011] -- not reachable here\n"})
    done = run("scan", "--select", "RPC", "-o", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["not_audited"] is True
    assert json.loads(done.stdout)["findings"] == []


def test_an_audit_without_anybody_to_ask_is_incomplete(run: Run, project: Path, tmp_path: Path) -> None:
    write(project, {"requirements.txt": "acme-net==2.0\n"})
    done = scan(run, tmp_path / "none.sqlite", "-o", "json")
    assert done.returncode == 4
    report = json.loads(done.stdout)
    assert report["not_audited"] is True
    assert "reprocheck db update --from" in report["incomplete"][0]


@pytest.mark.parametrize("form", ["full", "concise", "json", "sarif", "github", "junit", "markdown", "html"])
def test_every_report_names_the_database_and_its_date(run: Run, project: Path, database: Path, form: str) -> None:
    write(project, {"requirements.txt": "acme-net==2.0\n"})
    text = scan(run, database, "-o", form).stdout
    assert "2030-06-02" in text
    assert "CVE-2030-1111" in text


def decide(run: Run, database: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run("triage", "--audit", "--audit-source", "database", "--audit-database", str(database), *more)


def accept(run: Run, database: Path, code: str) -> None:
    words = ("--code", code, "--state", "accepted", "--reason", "own bucket only", "--author", "Ada", "--yes")
    done = decide(run, database, *words, "--until", "2999-01-31")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_an_audit_found_is_decided_and_counts_again_when_more_is_found(
    run: Run, project: Path, database: Path
) -> None:
    write(project, {"requirements.txt": "acme-net==2.0\n"})
    refused = run("triage", "--code", "ENV011", "--state", "accepted", "--reason", "own bucket only")
    assert "--audit" in refused.stderr
    accept(run, database, "ENV011")
    assert scan(run, database).returncode == 0
    write(project, {"requirements.txt": "# a line before it\nacme-net==2.0\nacme-table==0.1\n"})
    [counting] = [f for f in json.loads(scan(run, database, "-o", "json").stdout)["findings"] if not f["suppression"]]
    assert "acme-table" in counting["message"]
    [decision] = json.loads(run("triage", "-o", "json").stdout)["decisions"]
    assert decision["until"] == "2999-01-31"


def test_a_decision_about_a_vulnerability_is_kept_unless_an_audit_sees_that_it_is_gone(
    run: Run, project: Path, database: Path, tmp_path: Path
) -> None:
    write(project, {"requirements.txt": "acme-net==2.0\n"})
    accept(run, database, "ENV011")
    write(project, {"requirements.txt": "acme-net==2.5\n"})
    assert run("triage", "--prune").returncode == 5
    assert decide(run, tmp_path / "none.sqlite", "--prune").returncode == 5
    assert decide(run, database, "--prune").stdout == "1 decision(s) forgotten.\n"


def test_an_accepted_gap_of_an_audit_counts_again_with_the_next_package(
    run: Run, project: Path, database: Path
) -> None:
    write(project, {"requirements.txt": "numpy\n"})
    assert scan(run, database).returncode == 4
    accept(run, database, "RPC004")
    assert scan(run, database).returncode == 0
    write(project, {"requirements.txt": "numpy\nscipy\n"})
    assert scan(run, database).returncode == 4


def test_two_audits_of_one_tree_are_the_same_bytes(run: Run, project: Path, database: Path) -> None:
    write(project, {"requirements.txt": "acme-net==2.0\nnumpy\n", "a/requirements.txt": "acme-table==0.1\n"})
    first, second = (scan(run, database, "-o", "json").stdout for _ in range(2))
    assert first == second


def test_the_commit_of_a_checkout_is_kept(run: Run, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for path in RECORDS.rglob("*.yaml"):
        write(checkout, {f"vulns/{path.name}": path.read_text("utf-8")})
    identity = ["-c", "user.name=n", "-c", "user.email=n@localhost"]
    for arguments in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "records"]):
        subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True)  # noqa: S607 — the git of the machine
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True)  # noqa: S607 — likewise
    run("db", "update", "--from", checkout, "--database", tmp_path / "a.sqlite")
    status = run("db", "status", "--database", tmp_path / "a.sqlite", "-o", "json")
    source = json.loads(status.stdout)["source"]
    assert source["commit"] == head.stdout.strip()
    assert source["records"] == 3


def test_the_database_lies_where_the_variable_says(run: Run, tmp_path: Path) -> None:
    variables = {"REPROCHECK_ADVISORIES": str(tmp_path / "deep" / "a.sqlite")}
    assert run("db", "update", "--from", RECORDS, "-q", variables=variables).stdout == ""
    status = run("db", "status", variables=variables)
    assert status.returncode == 0
    assert "4 about packages of PyPI" in status.stdout


def test_a_status_without_a_database_is_a_refusal(run: Run, tmp_path: Path) -> None:
    done = run("db", "status", "--database", tmp_path / "none.sqlite")
    assert done.returncode == 2
    assert "there is no advisory database" in done.stderr


TRAIN = """
import pandas as pd
import torch

rows = pd.read_csv("/data/rows.csv")
model = torch.nn.Linear(3, 1)
model(torch.tensor(rows.values)).sum().backward()
torch.save(model.state_dict(), "model.pt")
"""


def card(run: Run, *more: str) -> dict[str, object]:
    done = run("scan", "--scorecard", "-o", "json", *more)
    assert done.returncode == 0, done.stderr
    value: dict[str, object] = json.loads(done.stdout)["scorecard"]
    return value


def items(value: dict[str, object]) -> dict[str, dict[str, object]]:
    heads = value["heads"]
    assert isinstance(heads, list)
    return {item["key"]: item for head in heads for item in head["items"]}


def test_a_scorecard_shows_what_was_looked_at_and_where(run: Run, project: Path) -> None:
    write(project, {"train.py": TRAIN, "LICENSE": "MIT\n"})
    found = items(card(run))
    assert found["PRJ013"]["standing"] == "met"
    assert found["PRJ013"]["found"] == [{"path": "LICENSE", "line": 1, "cell": None, "message": "states a licence"}]
    assert found["PRJ010"]["standing"] == "missing"
    against = found["PRJ010"]["against"][0]  # type: ignore[index]
    assert (against["path"], against["line"]) == ("train.py", 5)
    assert found["PRJ010"]["earn"]
    assert found["PRJ008"]["standing"] == "not applicable"
    assert found["count:ENV011"]["standing"] == "not looked at"


def test_evidence_in_a_notebook_stands_at_its_cell_and_line(run: Run, project: Path) -> None:
    code = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": []}
    sources = (["x = 1\n", "y = 2"], TRAIN.strip().splitlines(keepends=True))
    notebook = {"cells": [{**code, "source": source} for source in sources], "metadata": {}, "nbformat": 4}
    write(project, {"train.ipynb": json.dumps({**notebook, "nbformat_minor": 5}, indent=1)})
    against = items(card(run))["PRJ010"]["against"][0]  # type: ignore[index]
    lines = (project / "train.ipynb").read_text("utf-8").splitlines()
    assert against["cell"] == {"number": 2, "line": 4}
    assert "pd.read_csv" in lines[against["line"] - 1]


def test_practices_are_asked_for_and_not_reported_as_findings(run: Run, project: Path) -> None:
    write(project, {"train.py": TRAIN})
    done = run("scan", "--scorecard", "--fail-on", "note", "-o", "json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert report["findings"] == []
    assert items(report["scorecard"])["PRJ013"]["standing"] == "missing"


def test_an_ignored_practice_is_not_looked_at(run: Run, project: Path) -> None:
    write(project, {"train.py": TRAIN})
    assert items(card(run, "--ignore", "PRJ002"))["PRJ002"]["standing"] == "not looked at"


def test_taking_the_steps_raises_the_score(run: Run, project: Path) -> None:
    write(project, {"train.py": TRAIN, "LICENSE": "MIT\n"})
    before = card(run)
    assert before["overall"] == 0
    assert before["weakest_head"] == "data"
    steps = [(step["head"], step["key"]) for step in before["steps"]]  # type: ignore[attr-defined]
    assert len(steps) == 3
    assert steps[0] == ("data", "PRJ006")
    assert len(set(steps)) == 3
    checks = "import pandera\n\n\ndef check_labels(data):\n    return data\n"
    write(project, {"checks.py": checks, "rows.csv.dvc": "outs: []\n"})
    after = card(run)
    assert {key: items(after)[key]["standing"] for key in ("PRJ006", "PRJ010")} == {"PRJ006": "met", "PRJ010": "met"}
    heads = {head["name"]: head["share"] for head in after["heads"]}  # type: ignore[attr-defined]
    assert heads["data"] == 1.0


@pytest.mark.parametrize("form", ["full", "markdown", "html"])
def test_a_scorecard_is_the_same_twice_and_through_the_cache(run: Run, project: Path, form: str) -> None:
    write(project, {"train.py": TRAIN, "n.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'})
    texts = {run("scan", "--scorecard", "-o", form).stdout for _ in range(2)}
    texts.add(run("scan", "--scorecard", "-o", form, "--no-cache").stdout)
    assert len(texts) == 1
    assert "train.py:5" in texts.pop()


def test_no_color_is_honoured(run: Run, project: Path) -> None:
    write(project, {"train.py": TRAIN})
    plain = run("scan", "--scorecard", variables={"NO_COLOR": "1", "FORCE_COLOR": "1"}).stdout
    painted = run("scan", "--scorecard", "--color", "always").stdout
    assert "\x1b[" not in plain
    assert "\x1b[" in painted
