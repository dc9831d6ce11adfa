"""`run`, `ls`, `show`, `verify`, `diff`, `gc` and `doctor` on small programs."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from blake3 import blake3

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_PROGRAM = """
import random, sys
random.seed(int(sys.argv[1]))
text = open("data.txt").read()
with open("result.txt", "w") as file:
    file.write(f"{text.strip()} {random.random()}\\n")
print("done")
"""


@pytest.fixture
def program(project: Path) -> Path:
    """A program that reads a file, draws a number and writes a file."""
    (project / "data.txt").write_text("input\n", "utf-8")
    (project / "train.py").write_text(_PROGRAM, "utf-8")
    return project


def _record(run: Run, name: str = "@") -> dict[str, Any]:
    shown = run("show", name, "-o", "json")
    assert shown.returncode == 0, shown.stderr
    record: dict[str, Any] = json.loads(shown.stdout)
    return record


def test_a_run_is_recorded_from_code_to_outputs(run: Run, program: Path) -> None:
    done = run("run", "--name", "base", "--tag", "b", "--tag", "a", "--", sys.executable, "train.py", "7")
    assert done.returncode == 0
    assert done.stdout == "done\n"
    record = _record(run, "base")
    assert f"{record['id']}  exit 0" in done.stderr
    assert record["tags"] == ["a", "b"]
    assert record["command"]["arguments"] == [sys.executable, "train.py", "7"]
    assert record["command"]["root"] == str(program)
    assert [file["path"] for file in record["code"]["files"] if file["stored"]] == ["train.py"]
    interpreter = record["environment"]["interpreter"]
    assert interpreter["prefix"] == sys.prefix
    assert interpreter["digest"] == blake3(Path(sys.executable).read_bytes()).hexdigest()
    assert {"reprocheck", "msgspec"} <= {package["name"] for package in record["environment"]["packages"]}
    (seed,) = record["observations"]["seeders"]
    assert (seed["name"], seed["value"], seed["place"]["path"], seed["place"]["line"]) == (
        "random.seed",
        "7",
        "train.py",
        3,
    )


def test_a_real_record_keeps_to_the_documented_schema(run: Run, program: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "internals" / "record.schema.json").read_text("utf-8"))
    run("run", "-q", "--trace", "steps", "--", sys.executable, "train.py", "7")
    (written,) = program.glob(".reprocheck/store/runs/*/record.json")
    jsonschema.Draft202012Validator(schema).validate(json.loads(written.read_text("utf-8")))


def test_files_are_told_apart_by_what_happened_to_them(run: Run, program: Path) -> None:
    run("run", "--", sys.executable, "train.py", "7")
    uses = {use["path"]: use for use in _record(run)["files"]["uses"]}
    assert uses["data.txt"]["role"] == "input"
    assert uses["result.txt"]["role"] == "output"
    assert uses["result.txt"]["size"] == (program / "result.txt").stat().st_size
    assert not any(path.startswith(".reprocheck") or "agent" in path for path in uses)


def test_show_and_ls_say_what_a_person_asks(run: Run, program: Path) -> None:  # noqa: ARG001 — makes the files
    run("run", "--name", "base", "--", sys.executable, "train.py", "7")
    shown = run("show", "base")
    for text in ("exit 0", "train.py 7", "random.seed(7)", "train.py:3", "data.txt", "result.txt", "CPython"):
        assert text in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "\x1b[" in run("show", "--color", "always").stdout
    listed = run("ls").stdout.splitlines()
    assert len(listed) == 2
    assert "exit 0" in listed[1]
    assert "base" in listed[1]
    assert json.loads(run("ls", "-o", "json").stdout)[0]["name"] == "base"


def test_runs_are_found_by_id_beginning_name_and_place(run: Run, program: Path) -> None:  # noqa: ARG001 — makes the files
    for seed in ("1", "2"):
        run("run", "-q", "--name", "same", "--", sys.executable, "train.py", seed)
    first, second = (row["id"] for row in json.loads(run("ls", "-o", "json").stdout))
    assert _record(run, "same")["id"] == second
    assert _record(run, first)["id"] == first
    assert _record(run, first[:-1].lower())["id"] == first
    assert run("show", first[:5]).returncode == 2
    assert "2 runs" in run("show", first[:5]).stderr
    missing = run("show", "nothing")
    assert missing.returncode == 2
    assert "reprocheck ls" in missing.stderr


def test_the_store_is_invisible_to_git(run: Run, program: Path) -> None:
    _git(program, "init", "-q")
    run("run", "-q", "--", sys.executable, "-c", "pass")
    assert (program / ".reprocheck" / "store" / "format").is_file()
    assert ".reprocheck" not in _git(program, "status", "--porcelain", "--untracked-files=all")


def test_code_of_a_repository_is_commit_difference_and_untracked_files(run: Run, program: Path) -> None:
    (program / "helper.py").write_text("x = 1\n", "utf-8")
    _git(program, "init", "-q", "-b", "trunk")
    _git(program, "remote", "add", "origin", "https://me:p4ssw0rd-x@example.org/a.git")
    _git(program, "add", "train.py", "data.txt")
    _git(program, "commit", "-q", "-m", "first")
    (program / "train.py").write_text(f"import helper\n{_PROGRAM}", "utf-8")
    run("run", "-q", "--", sys.executable, "train.py", "7")
    code = _record(run)["code"]
    repository = code["repository"]
    assert repository["commit"] == _git(program, "rev-parse", "HEAD").strip()
    assert (repository["branch"], repository["dirty"], repository["changed"]) == ("trunk", True, ["train.py"])
    assert repository["remotes"] == {"origin": "https://<redacted>@example.org/a.git"}
    digest = repository["diff"]
    kept = (program / ".reprocheck" / "store" / "objects" / digest[:2] / digest[2:]).read_text("utf-8")
    assert "+import helper" in kept
    files = {file["path"]: (file["tracked"], file["stored"]) for file in code["files"]}
    assert files["train.py"] == (True, False)
    assert files["helper.py"] == (False, True)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ([sys.executable, "-c", "raise SystemExit(3)"], 3),
        (["no-such-program"], 127),
        (["./data.txt"], 126),
        (["sh", "-c", "kill -9 $$"], 128 + signal.SIGKILL),
        (["sh", "-c", "kill -15 $$"], 128 + signal.SIGTERM),
        ([sys.executable, "-c", "import os; os._exit(5)"], 5),
    ],
)
def test_exit_codes_are_the_commands_own(run: Run, program: Path, command: list[str], code: int) -> None:  # noqa: ARG001 — makes the files
    assert run("run", "--", *command).returncode == code
    assert json.loads(run("ls", "-o", "json").stdout)[0]["exit_code"] == code


def test_why_nothing_ran_is_said(run: Run) -> None:
    done = run("run", "-q", "--", "no-such-program")
    assert "`no-such-program` could not be started: No such file or directory" in done.stderr


def test_input_and_output_pass_through(run: Run) -> None:
    code = "import sys; data = sys.stdin.read(); print(data.upper(), end=''); print('aside', file=sys.stderr)"
    done = run("run", "-q", "--", sys.executable, "-c", code, stdin="hello\n")
    assert done.stdout == "HELLO\n"
    assert done.stderr == "aside\n"


def test_standard_output_is_a_result_when_asked_for(run: Run, program: Path) -> None:
    done = run("run", "-q", "--output", "stdout", "--", sys.executable, "train.py", "7")
    assert done.stdout == "done\n"
    record = _record(run)
    (use,) = (use for use in record["files"]["uses"] if use["path"] == "<stdout>")
    assert (use["role"], use["size"], use["stored"]) == ("output", 5, [use["after"]])
    kept = program / ".reprocheck" / "store" / "objects" / use["after"][:2] / use["after"][2:]
    assert kept.read_text("utf-8") == "done\n"
    assert run("verify", "@", "--files").returncode == 0


def test_standard_output_keeps_its_way_unless_asked_for(run: Run, project: Path) -> None:
    code = "import os; print(os.fstat(1).st_ino)"
    with (project / "out.txt").open("w", encoding="utf-8") as file:
        inode = (project / "out.txt").stat().st_ino
        command = [str(Path(sys.executable).with_name("reprocheck")), "run", "-q", "--", sys.executable, "-c", code]
        subprocess.run(command, cwd=project, stdout=file, check=True)
    assert (project / "out.txt").read_text("utf-8") == f"{inode}\n"
    assert run("ls").returncode == 0


def test_small_inputs_that_git_does_not_have_are_kept(run: Run, program: Path) -> None:
    _git(program, "init", "-q")
    _git(program, "add", "train.py")
    run("run", "-q", "--", sys.executable, "train.py", "7")
    (use,) = (use for use in _record(run)["files"]["uses"] if use["path"] == "data.txt")
    assert use["stored"] == [use["before"]]
    _git(program, "add", "data.txt")
    run("run", "-q", "--", sys.executable, "train.py", "7")
    (use,) = (use for use in _record(run)["files"]["uses"] if use["path"] == "data.txt")
    assert use["stored"] == []
    run("run", "-q", "--store-inputs", "--", sys.executable, "train.py", "7")
    (use,) = (use for use in _record(run)["files"]["uses"] if use["path"] == "data.txt")
    assert use["stored"] == [use["before"]]


def test_the_configuration_that_hydra_resolved_is_kept(run: Run) -> None:
    code = "import os; os.makedirs('outputs/1/.hydra'); open('outputs/1/.hydra/config.yaml', 'w').write('lr: 0.1\\n')"
    run("run", "-q", "--", sys.executable, "-c", code)
    (file,) = _record(run)["configuration"]
    assert (file["path"], file["stored"]) == ("outputs/1/.hydra/config.yaml", True)


def test_no_command_is_a_usage_error(run: Run) -> None:
    assert run("run").returncode == 2


@pytest.mark.parametrize(
    ("command", "code", "advice"),
    [
        (("./train.py", "7"), 126, "; `python ./train.py 7` runs it"),
        (("train.py",), 127, "; `python train.py` runs it"),
        (("data.txt",), 127, "No such file or directory\n"),
        (("job.sh",), 127, "; `chmod +x job.sh` makes it a program"),
        (("tool",), 127, "; `./tool` is the one in this folder"),
        (("./tool",), 127, "; it is there: what its first line names may not be"),
        (("no-such-program",), 127, "No such file or directory\n"),
    ],
)
def test_a_command_that_cannot_start_says_what_may_be_meant(
    run: Run, program: Path, command: tuple[str, ...], code: int, advice: str
) -> None:
    (program / "tool").write_text("#!/no/such/interpreter\n", "utf-8")
    (program / "tool").chmod(0o755)
    (program / "job.sh").write_text("#!/bin/sh\n", "utf-8")
    done = run("run", "--", *command)
    assert done.returncode == code
    assert advice in done.stderr


def test_runs_that_are_asked_for_in_vain_are_told_from_none(run: Run, program: Path) -> None:  # noqa: ARG001
    assert "makes one" in run("ls").stderr
    run("run", "-q", "--name", "base", "--", sys.executable, "train.py", "7")
    asked = run("ls", "--name", "other", "--tag", "x").stderr
    assert asked == "No run has the name `other` and the tag `x`; without that `reprocheck ls` lists 1.\n"
    assert "`train.py` is a file or folder and no run" in run("diff", "train.py").stderr
    assert "no run is called `bse`" in run("diff", "train.py", "bse").stderr + run("diff", "bse", "train.py").stderr


def test_differences_are_named_causes_first(run: Run, program: Path) -> None:
    run("run", "-q", "--", sys.executable, "train.py", "7")
    (program / "data.txt").write_text("other\n", "utf-8")
    run("run", "-q", "--", sys.executable, "train.py", "8", variables={"OMP_NUM_THREADS": "3"})
    first = json.loads(run("ls", "-o", "json").stdout)[0]["id"]
    done = run("diff", first, "-o", "json")
    assert done.returncode == 1
    found = [(d["section"], d["what"]) for d in json.loads(done.stdout)["differences"]]
    wanted = [
        ("command", "argument 2"),
        ("environment", "variable OMP_NUM_THREADS"),
        ("data", "data.txt"),
        ("seeds", "random.seed (call 1)"),
        ("outputs", "result.txt"),
    ]
    assert [entry for entry in found if entry in wanted] == wanted
    assert "data.txt" in run("diff", first, "@").stdout
    assert run("diff").stdout == run("diff", "@~1", "@").stdout == run("diff", first).stdout


def test_equal_runs_have_no_differences(run: Run, program: Path) -> None:  # noqa: ARG001 — makes the files
    for _ in range(2):
        run("run", "-q", "--", sys.executable, "train.py", "7")
    first = json.loads(run("ls", "-o", "json").stdout)[0]["id"]
    done = run("diff", first)
    assert done.returncode == 0, done.stdout
    assert "No differences" in done.stdout


def test_verify_finds_what_was_damaged(run: Run, program: Path) -> None:
    run("run", "-q", "--", sys.executable, "train.py", "7")
    assert run("verify", "--all").returncode == 0
    assert run("verify", "@", "--files").returncode == 0
    (program / "result.txt").write_text("forged\n", "utf-8")
    assert run("verify", "@").returncode == 0
    changed = run("verify", "@", "--files")
    assert changed.returncode == 1
    assert "result.txt: changed since" in changed.stdout
    digest = next(f["digest"] for f in _record(run)["code"]["files"] if f["stored"])
    kept = program / ".reprocheck" / "store" / "objects" / digest[:2] / digest[2:]
    kept.chmod(0o644)
    kept.write_text("forged", "utf-8")
    damaged = run("verify", "@")
    assert damaged.returncode == 1
    assert "train.py): damaged" in damaged.stdout
    kept.unlink()
    assert "train.py): missing" in run("verify", "@").stdout


def test_verify_finds_a_forged_record(run: Run, project: Path) -> None:
    run("run", "-q", "--", sys.executable, "-c", "pass")
    (record,) = project.glob(".reprocheck/store/runs/*/record.json")
    record.chmod(0o644)
    record.write_text(record.read_text("utf-8").replace('"code":0', '"code":1'), "utf-8")
    done = run("verify", "@")
    assert done.returncode == 1
    assert "not what was written" in done.stdout


def test_verify_wants_to_know_what(run: Run) -> None:
    assert run("verify").returncode == 2
    assert run("verify", "--all", "@").returncode == 2


def test_gc_removes_what_is_asked_for_and_what_nobody_needs(run: Run, program: Path) -> None:
    run("run", "-q", "--name", "kept", "--", sys.executable, "train.py", "1")
    for seed in ("2", "3"):
        (program / "train.py").write_text(f"{_PROGRAM}# {seed}\n", "utf-8")
        run("run", "-q", "--", sys.executable, "train.py", seed)
    store = program / ".reprocheck" / "store"
    (store / "objects" / "tmp" / "left").write_text("x", "utf-8")
    before = sorted(store.rglob("*"))
    dry = run("gc", "--keep-last", "1", "--dry-run")
    assert "Would remove 1 run" in dry.stdout
    assert sorted(store.rglob("*")) == before
    done = json.loads(run("gc", "--keep-last", "1", "-o", "json").stdout)
    assert (len(done["runs"]), done["leftovers"]) == (1, 1)
    assert done["objects"] >= 1
    left = json.loads(run("ls", "-o", "json").stdout)
    assert [row["command"][-1] for row in left] == ["1", "3"]
    assert run("verify", "--all").returncode == 0
    assert run("gc").returncode == 5


def test_ls_without_runs_is_nothing_to_do(run: Run, tmp_path: Path) -> None:
    assert run("ls").returncode == 5
    assert run("ls", "-o", "json").stdout == "[]\n"
    assert run("ls", "--store", str(tmp_path / "none")).returncode == 2


def test_the_index_is_made_again(run: Run, program: Path) -> None:
    run("run", "-q", "--", sys.executable, "train.py", "1")
    index = program / ".reprocheck" / "store" / "index.sqlite"
    listed = run("ls", "-o", "json").stdout
    index.unlink()
    assert run("ls", "-o", "json").stdout == listed
    index.write_bytes(b"no database" * 100)
    assert run("ls", "-o", "json").stdout == listed
    run("run", "-q", "--", sys.executable, "train.py", "1")
    assert len(json.loads(run("ls", "-o", "json").stdout)) == 2


def test_doctor_tries_capture_out(run: Run) -> None:
    checks = {check["name"]: check for check in json.loads(run("doctor", "-o", "json").stdout)}
    assert checks["agent"]["state"] == "good"
    assert {"files", "git", "store", "GPU"} <= checks.keys()
    assert "agent" in run("doctor").stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_machine_without_git_still_keeps_the_code(run: Run, program: Path, tmp_path: Path) -> None:
    _git(program, "init", "-q")
    (tmp_path / "empty").mkdir()
    run("run", "-q", "--", sys.executable, "train.py", "1", variables={"PATH": str(tmp_path / "empty")})
    record = _record(run)
    assert record["code"]["repository"] is None
    assert [gap["reason"] for gap in record["gaps"] if gap["channel"] == "code.repository"] == ["git is not installed"]
    assert [file["path"] for file in record["code"]["files"] if file["stored"]] == ["train.py"]


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(
        ["git", *identity, *arguments],  # noqa: S607 — the developer's own git
        cwd=folder,
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
