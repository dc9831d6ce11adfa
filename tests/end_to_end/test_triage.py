"""The ledger at work: what was decided doesn't count, what is new does, and the file survives people and merges."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reprocheck.cli.main import run as command_line

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COMMAND = Path(sys.executable).with_name("reprocheck")
FILE = ".reprocheck-ledger.toml"
BODY = "import pickle\n\n\ndef read(stream):\n    check(stream)\n    return pickle.load(stream)\n"
CLEAN, FOUND, USAGE, NOTHING = 0, 1, 2, 5


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    identity = ["-c", "user.name=n", "-c", "user.email=n@localhost", "-c", "init.defaultBranch=main"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=check, capture_output=True)


@pytest.fixture
def run(
    project: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `reprocheck ARGUMENTS` in the project, all in this process: a start of Python takes longer than the rest."""
    monkeypatch.chdir(project)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = command_line(list(arguments))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return start


def counting(run: Run, *arguments: str) -> list[tuple[str, int]]:
    found = json.loads(run("scan", "-o", "json", *arguments).stdout)["findings"]
    return [(f["path"], f["span"]["line"]) for f in found if not f["suppression"]]


def ids(run: Run) -> dict[str, str]:
    found: list[dict[str, Any]] = json.loads(run("scan", "-o", "json").stdout)["findings"]
    return {f["path"]: f["fingerprint"] for f in found}


def accept(run: Run, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("triage", *arguments, "--state", "accepted", "--reason", "made by ourselves", "--author", "Ada")


@pytest.fixture
def decided(run: Run, project: Path) -> Path:
    """A project with one finding, which was accepted."""
    (project / "a.py").write_text(BODY, "utf-8")
    done = accept(run, ids(run)["a.py"][:6])
    assert (done.returncode, done.stdout) == (CLEAN, "1 finding(s) decided: accepted.\n")
    return project


def test_a_decided_finding_is_not_seen_again_and_a_new_one_is(run: Run, decided: Path) -> None:
    done = run("scan")
    assert done.returncode == CLEAN
    assert "1 decided in the ledger" in done.stdout
    assert run("scan", "--no-ledger").returncode == FOUND
    edited = "# A comment.\n\n" + BODY.replace("check(stream)", "log(stream)").replace("(stream)\n", "(\n    stream)\n")
    (decided / "a.py").write_text(edited, "utf-8")
    assert counting(run) == []
    twin = BODY.replace("    check", "    if old:\n        return pickle.load(stream)\n    check")
    (decided / "a.py").write_text(twin, "utf-8")
    assert counting(run) == [("a.py", 6)]
    (decided / "a.py").write_text(BODY.replace("(stream)\n", "(download(stream))\n"), "utf-8")
    assert run("scan").returncode == FOUND


def test_reports_say_who_set_a_finding_aside(run: Run, decided: Path) -> None:
    run("scan", "-o", "json:r.json", "-o", "sarif:r.sarif")
    [finding] = json.loads((decided / "r.json").read_text("utf-8"))["findings"]
    assert finding["suppression"]["kind"] == "ledger"
    assert (finding["suppression"]["state"], finding["suppression"]["reason"]) == ("accepted", "made by ourselves")
    [result] = json.loads((decided / "r.sarif").read_text("utf-8"))["runs"][0]["results"]
    assert result["suppressions"][0]["kind"] == "external"
    shown = run("scan", "-o", "concise", "--show-suppressed").stdout
    assert "(accepted in the ledger)" in shown


def test_a_renamed_file_is_followed_weakly_until_its_new_name_is_written_down(run: Run, decided: Path) -> None:
    (decided / "a.py").rename(decided / "b.py")
    done = run("scan")
    assert (done.returncode, "a.py -> ART003 at b.py:6" in done.stderr) == (CLEAN, True)
    narrowed = run("scan", "b.py")
    assert (narrowed.returncode, "renamed files" in narrowed.stderr) == (FOUND, True)
    assert run("triage", "--update").stdout == "1 decision(s) brought up to date.\n"
    assert run("scan", "b.py").returncode == CLEAN
    (decided / "a.py").write_text(BODY, "utf-8")
    assert counting(run) == [("a.py", 6)]


@pytest.mark.parametrize("file", ["ledger", "baseline"])
def test_a_narrowed_scan_lends_a_new_twin_nothing_of_another_file(run: Run, project: Path, file: str) -> None:
    (project / "b.py").write_text(BODY, "utf-8")
    if file == "ledger":
        accept(run, ids(run)["b.py"])
        options: tuple[str, ...] = ()
    else:
        run("baseline", "create", "--baseline", "known.json")
        options = ("--baseline", "known.json")
    (project / "a.py").write_text(BODY, "utf-8")
    done = run("scan", "a.py", "-o", "concise", *options)
    assert (done.returncode, "a.py:6" in done.stdout) == (FOUND, True)
    assert "gone" not in done.stderr
    whole = run("scan", "-o", "concise", *options)
    assert next(line for line in whole.stdout.splitlines() if "ART003" in line).startswith("a.py:6")


def test_expired_open_and_fixed_findings_count_and_that_is_said(run: Run, decided: Path) -> None:
    ledger = (decided / FILE).read_text("utf-8")
    (decided / FILE).write_text(ledger + "until = 2026-01-31\n", "utf-8")
    done = run("scan")
    assert (done.returncode, "expired" in done.stderr, "until 2026-01-31" in done.stderr) == (FOUND, True, True)
    (decided / FILE).write_text(ledger.replace('"accepted"', '"fixed"'), "utf-8")
    done = run("scan")
    assert (done.returncode, "calls fixed are there again" in done.stderr) == (FOUND, True)
    (decided / FILE).write_text(ledger.replace('"accepted"', '"open"'), "utf-8")
    assert run("scan").returncode == FOUND


def test_what_is_decided_is_listed_taken_back_and_forgotten(run: Run, decided: Path) -> None:
    shown = run("triage").stdout
    assert shown.startswith("accepted")
    assert "made by ourselves, Ada, 20" in shown
    [one] = json.loads(run("triage", "-o", "json").stdout)["decisions"]
    assert (one["path"], one["symbol"], one["expired"]) == ("a.py", "read", False)
    assert run("triage", "--prune").returncode == NOTHING
    assert run("triage", "--reopen", one["fingerprint"][:5]).stdout == "1 decision(s) taken back.\n"
    assert run("scan").returncode == FOUND
    accept(run, one["fingerprint"])
    (decided / "a.py").write_text("def broken(:\n", "utf-8")
    done = run("triage", "--prune")
    assert (done.returncode, "1 decision(s) kept" in done.stderr) == (NOTHING, True)
    (decided / "a.py").write_text("x = 1\n", "utf-8")
    assert "a.py" in run("triage", "--prune", "--dry-run").stdout
    assert run("triage", "--prune").stdout == "1 decision(s) forgotten.\n"
    assert run("triage").returncode == NOTHING


def test_several_are_listed_before_they_are_decided(run: Run, project: Path) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (project / name).write_text(BODY, "utf-8")
    listed = accept(run, "--code", "ART", "--path", "[ab].py")
    assert (listed.returncode, listed.stdout.count("ART003")) == (NOTHING, 2)
    assert not (project / FILE).exists()
    assert "2 of them" in accept(run, ids(run)["a.py"], "--path", "[bc].py").stderr
    assert accept(run, ids(run)["a.py"], "--path", "b.py").returncode == CLEAN
    assert accept(run, "--path", "*.py", "--yes").stdout.startswith("2 finding(s)")
    assert run("scan").returncode == CLEAN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("0123456789", "--state", "accepted", "--reason", "r"), "no finding of the project has the fingerprint"),
        (("xyz", "--state", "open"), "is no fingerprint"),
        (("--state", "open"), "say which findings"),
        (("0123", "--state", "accepted"), "--reason"),
        (("0123", "--state", "open", "--until", "2026-13-01"), "a date is expected"),
        (("0123", "--state", "open", "--until", "2020-01-01"), "has passed"),
        (("--prune", "--update"), "can't be done at once"),
        (("--reason", "r"), "go with --state"),
    ],
)
def test_a_request_that_means_nothing_is_refused(
    run: Run, project: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run("triage", *arguments)
    assert (done.returncode, message in done.stderr) == (USAGE, True)
    assert not (project / FILE).exists()


def test_nonsense_in_the_ledger_stops_everything_and_is_left_as_it_is(run: Run, decided: Path) -> None:
    fingerprint = ids(run)["a.py"]
    with (decided / FILE).open("a", encoding="utf-8") as stream:
        stream.write('stat = "opne"\n')
    before = (decided / FILE).read_bytes()
    for arguments in (("scan",), ("triage",), ("triage", fingerprint, "--state", "open"), ("triage", "--prune")):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (USAGE, "")
        assert f"{FILE}:15: there is no key `stat`; did you mean `state`?" in done.stderr
    assert (decided / FILE).read_bytes() == before
    assert run("scan", "--no-ledger").returncode == FOUND


def test_branches_that_decide_about_different_findings_merge(run: Run, project: Path) -> None:
    names = [f"m{number}.py" for number in range(9)]
    for name in names:
        (project / name).write_text(BODY.replace("read", f"read_{name[:-3]}"), "utf-8")
    order = sorted(ids(run).items(), key=lambda item: item[1])
    for _, fingerprint in order[1::2]:
        accept(run, fingerprint)
    git(project, "init")
    git(project, "add", "-A")
    git(project, "commit", "-m", "first")
    git(project, "checkout", "-b", "topic")
    accept(run, order[0][1])
    git(project, "commit", "-am", "theirs")
    git(project, "checkout", "main")
    accept(run, order[8][1])
    git(project, "commit", "-am", "ours")
    git(project, "merge", "topic")
    assert {path for path, _ in counting(run)} == {order[n][0] for n in (2, 4, 6)}


def test_a_conflicted_merge_is_named_and_put_together(run: Run, project: Path) -> None:
    for name in ("a.py", "b.py"):
        (project / name).write_text(BODY.replace("read", f"read_{name[0]}"), "utf-8")
    git(project, "init")
    git(project, "add", "-A")
    git(project, "commit", "-m", "first")
    found = ids(run)
    for branch, path in (("one", "a.py"), ("two", "b.py")):
        git(project, "checkout", "-b", branch, "main")
        accept(run, found[path])
        git(project, "add", FILE)
        git(project, "commit", "-m", branch)
    assert git(project, "merge", "one", check=False).returncode == 1
    before = (project / FILE).read_bytes()
    done = run("scan")
    assert (done.returncode, "`reprocheck triage --resolve`" in done.stderr) == (USAGE, True)
    assert accept(run, found["a.py"]).returncode == USAGE
    assert (project / FILE).read_bytes() == before
    assert run("triage", "--resolve").stdout.startswith("1 conflict(s) resolved")
    assert run("scan").returncode == CLEAN
    assert run("triage", "--resolve").returncode == NOTHING


def test_commands_that_decide_at_once_lose_nothing(run: Run, project: Path, environment: dict[str, str]) -> None:
    names = [f"m{number}.py" for number in range(4)]
    for name in names:
        (project / name).write_text(BODY.replace("read", f"read_{name[:-3]}"), "utf-8")
    found = ids(run)
    rest = ("--state", "accepted", "--reason", "r")
    commands = [
        subprocess.Popen(
            [COMMAND, "triage", found[name], *rest], cwd=project, env=environment, stdout=subprocess.DEVNULL
        )
        for name in names
    ]
    assert [command.wait(60) for command in commands] == [CLEAN] * len(names)
    assert counting(run) == []
