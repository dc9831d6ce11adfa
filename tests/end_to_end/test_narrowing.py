"""Which findings are asked for, and what the exit code says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
CLEAN, FOUND, USAGE, INCOMPLETE, NOTHING = 0, 1, 2, 4, 5


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=n@localhost", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607 — the git of the machine


def places(done: subprocess.CompletedProcess[str]) -> list[tuple[str, int, str]]:
    return [(f["path"], f["span"]["line"], f["code"]) for f in json.loads(done.stdout)["findings"]]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A project without settings that has a warning and a finding of low confidence."""
    root = tmp_path / "bare"
    root.mkdir()
    (root / "a.py").write_text(
        "import pickle\nimport torch\n\npickle.load(stream)\n\n\ndef setup(args):\n"
        "    torch.backends.cudnn.benchmark = args.fast\n",
        "utf-8",
    )
    return root


def test_exit_codes_of_a_scan(run: Run, project: Path) -> None:
    assert run("scan").returncode == CLEAN  # the configuration itself is a file that was looked at
    (project / "empty").mkdir()
    assert run("scan", "empty").returncode == NOTHING
    (project / "bad.py").write_text("def broken(:\n", "utf-8")
    assert run("scan").returncode == INCOMPLETE
    (project / "a.py").write_text("import pickle\npickle.load(stream)\n", "utf-8")
    done = run("scan", "-o", "concise")
    assert done.returncode == FOUND
    assert "bad.py:1:" in done.stdout
    assert "incomplete" in done.stdout
    assert run("scan", "--exit-zero").returncode == CLEAN
    assert run("scan", "missing.py").returncode == USAGE


@pytest.mark.parametrize(("level", "code"), [("never", CLEAN), ("error", CLEAN), ("warning", FOUND), ("note", FOUND)])
def test_fail_on_decides_what_fails(run: Run, project: Path, level: str, code: int) -> None:
    (project / "a.py").write_text("import pickle\npickle.load(stream)\n", "utf-8")
    done = run("scan", "-o", "concise", "--fail-on", level)
    assert (done.returncode, "ART003[warning]" in done.stdout) == (code, True)


def test_severity_of_the_configuration_decides_over_failure(run: Run, project: Path) -> None:
    (project / "a.py").write_text("import pickle\npickle.load(stream)\n", "utf-8")
    with (project / "reprocheck.toml").open("a", encoding="utf-8") as stream:
        stream.write('[severity]\nART003 = "error"\n')
    done = run("scan", "-o", "concise", "--fail-on", "error")
    assert (done.returncode, "ART003[error]" in done.stdout) == (FOUND, True)


def test_rules_are_chosen_by_code_family_and_name(run: Run, bare: Path) -> None:
    def codes(*arguments: str) -> set[str]:
        return {code for _, _, code in places(run("scan", "-o", "json", *arguments, cwd=bare))}

    assert codes("--select", "ART003") == {"ART003"}
    assert codes("--select", "ART") == {"ART003"}
    assert codes("--select", "unsafe-deserialisation") == {"ART003"}
    assert codes("--select", "DET001") == set()
    assert codes("--select", "DET001,ART003", "--min-confidence", "low") == {"ART003", "DET001"}
    assert codes("--select", "DET001", "--extend-select", "ART003") == {"ART003"}
    assert codes("--select", "DET001,ART003", "--ignore", "unsafe-deserialisation") == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scan", "--select", "ART03"), "did you mean 'ART003'?"),
        (("scan", "--ignore", "unsafe-deserialization"), "did you mean 'unsafe-deserialisation'?"),
        (("scan", "--pack", "strct"), "did you mean 'strict'?"),
        (("scan", "-o", "sarf"), "did you mean 'sarif'?"),
        (("scan", "--fail-on", "warnings"), "'warning'"),
        (("scan", "--selct", "ART"), "--select"),
        (("scna",), "Did you mean `scan`?"),
        (("scan", "-o", "json", "-o", "sarif"), "only one report can go to standard output"),
        (("scan", "-"), "--stdin-filename"),
        (("scan", "--stdin-filename", "a.py"), "goes with `-`"),
        (("scan", "--jobs", "many"), "--jobs"),
        (("scan", "--since", "no-such-revision"), "git could not compare"),
        (("scan", "--since=--output=x"), "is not a git revision"),
        (("explain", "unsafe-deserialization"), "did you mean unsafe-deserialisation?"),
        (("explain", "art3"), "did you mean ART003?"),
        (("explain", "art"), "codes, ART001 to ART0"),
    ],
)
def test_a_word_that_means_nothing_is_refused_with_a_suggestion(
    run: Run, bare: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(*arguments, cwd=bare)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_refused_with_its_line(run: Run, project: Path) -> None:
    (project / "reprocheck.toml").write_text('\nselct = ["ART003"]\n', "utf-8")
    done = run("scan")
    assert done.returncode == USAGE
    assert "reprocheck.toml" in done.stderr
    assert "line 2" in done.stderr or ":2" in done.stderr
    assert "did you mean `select`?" in done.stderr
    assert run("scan", "--isolated").returncode == CLEAN


def test_standard_input_is_scanned_as_the_file_it_is_named_for(run: Run, project: Path) -> None:
    done = run("scan", "-", "--stdin-filename", "sub/a.py", "-o", "json", stdin="import pickle\npickle.load(x)\n")
    assert (done.returncode, places(done)) == (FOUND, [("sub/a.py", 2, "ART003")])
    docker = run("scan", "-", "--stdin-filename", "Dockerfile", "-o", "json", stdin="FROM python:latest\n")
    assert places(docker) == [("Dockerfile", 1, "ENV007")]
    (project / "sub").mkdir(exist_ok=True)
    (project / "sub/a.py").write_text("x = 1\n", "utf-8")
    assert places(run("scan", "sub/a.py", "-o", "json")) == []  # the text given before is not taken for the file's


def test_only_lines_changed_since_a_revision_count(run: Run, project: Path) -> None:
    (project / "a.py").write_text("import pickle\npickle.load(old)\n", "utf-8")
    (project / "größe.py").write_text("import pickle\n", "utf-8")
    git(project, "init")
    git(project, "add", "-A")
    git(project, "commit", "-m", "first")
    assert places(run("scan", "-o", "json", "--since", "HEAD")) == []
    (project / "a.py").write_text("import pickle\npickle.load(old)\n\npickle.load(new)\n", "utf-8")
    (project / "größe.py").write_text("import pickle\npickle.load(x)\n", "utf-8")
    (project / "untracked.py").write_text("import pickle\npickle.load(y)\n", "utf-8")
    done = run("scan", "-o", "json", "--since", "HEAD")
    assert places(done) == [("a.py", 4, "ART003"), ("größe.py", 2, "ART003"), ("untracked.py", 2, "ART003")]
    assert done.returncode == FOUND


def test_what_git_ignores_is_left_out_unless_it_is_named(run: Run, project: Path) -> None:
    (project / "build").mkdir()
    (project / "build" / "a.py").write_text("import pickle\npickle.load(x)\n", "utf-8")
    (project / ".gitignore").write_text("build/\n", "utf-8")
    assert places(run("scan", "-o", "json")) == []
    assert places(run("scan", "-o", "json", "build")) == [("build/a.py", 2, "ART003")]
    assert places(run("scan", "-o", "json", "build/a.py")) == [("build/a.py", 2, "ART003")]


def test_paths_are_relative_to_the_project_wherever_the_command_runs(run: Run, project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "a.py").write_text("import pickle\npickle.load(x)\n", "utf-8")
    (project / "b.py").write_text("import pickle\npickle.load(x)\n", "utf-8")
    assert places(run("scan", "-o", "json", cwd=project / "sub")) == [("sub/a.py", 2, "ART003")]
    assert places(run("scan", "-o", "json", "..", cwd=project / "sub")) == [
        ("b.py", 2, "ART003"),
        ("sub/a.py", 2, "ART003"),
    ]
    outside = run("scan", "-o", "json", project, cwd=project.parent)
    assert places(outside) == [("b.py", 2, "ART003"), ("sub/a.py", 2, "ART003")]


def test_variables_are_settings_too(run: Run, bare: Path) -> None:
    done = run("scan", "-o", "json", cwd=bare, variables={"REPROCHECK_SELECT": "DET001"})
    assert places(done) == []
    isolated = run("scan", "-o", "json", "--isolated", cwd=bare, variables={"REPROCHECK_SELECT": "DET001"})
    assert ("a.py", 4, "ART003") in places(isolated)
