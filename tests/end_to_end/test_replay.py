"""Programs whose truth is known by construction, recorded and replayed through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPRODUCED, DIVERGED, USAGE, INCONCLUSIVE = 0, 1, 2, 4
GIT, PS = (shutil.which(name) or name for name in ("git", "ps"))


class Project:
    """A project with one program, and the interpreter of a bare environment to run it."""

    def __init__(self, root: Path, python: Path, executor: tuple[str, ...] = ()) -> None:
        """`executor` are options that say where to replay."""
        self.root = root
        self.python = str(python)
        self.executor = executor
        root.mkdir()
        self.write("pyproject.toml", '[project]\nname = "p"\n')
        self.variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("REPROCHECK", "PYTEST", "COV"))
        }
        self.variables["HOME"] = str(root.parent)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def call(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "reprocheck", *arguments],
            cwd=self.root,
            env=self.variables | variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def record(self, program: str, *options: str, code: int = 0, **variables: str) -> None:
        self.write("train.py", program)
        done = self.call("run", *options, "--", self.python, "train.py", **variables)
        assert done.returncode == code, done.stderr

    def replay(self, *options: str, **variables: str) -> tuple[int, dict[str, Any]]:
        done = self.call("replay", "@", "-o", "json", *self.executor, *options, **variables)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def git(self, *arguments: str) -> None:
        names = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run([GIT, *names, *arguments], cwd=self.root, check=True, capture_output=True)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Interpreter of an environment without packages."""
    folder = tmp_path_factory.mktemp("environment") / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


@pytest.fixture
def project(tmp_path: Path, python: Path, request: pytest.FixtureRequest) -> Project:
    """Replayed in the same environment, where a test doesn't ask for more."""
    match getattr(request, "param", "same"):
        case "venv":
            return Project(tmp_path / "project", python, ("--in", "venv", "--offline"))
        case "docker":
            engine = request.getfixturevalue("docker_engine")
            found = Project(
                tmp_path / "project", python, ("--in", "docker", "--image", engine.base_image(), "--offline")
            )
            found.variables["DOCKER_HOST"] = engine.address
            return found
    return Project(tmp_path / "project", python)


ASKS_GIT = """\
import json, os, subprocess
names = sorted(os.listdir("."))
os.makedirs("made/by/run")
open("made/by/run/log.txt", "w").write("x")
said = subprocess.run(["git", "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True).stdout
open("said.json", "w").write(json.dumps([said, names]))
"""
"""Asks git whether something was changed, and lists the project."""

everywhere = pytest.mark.parametrize(
    "project", ["same", "venv", pytest.param("docker", marks=pytest.mark.docker)], indirect=True
)
"""The twelve programs have the same verdict wherever they are replayed."""


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    (repetition,) = report["repetitions"]
    return {difference["name"]: difference["outcome"] for difference in repetition["comparison"]["differences"]}


IDENTICAL = "import random\nrandom.seed(1)\nopen('out.txt', 'w').write(str(random.random()))\n"
NOISE = (
    "import json, os\n"
    "noise = int.from_bytes(os.urandom(7), 'big') / 2**56\n"
    "json.dump({'loss': 1 + 1e-6 * noise}, open('metrics.json', 'w'))\n"
)


@everywhere
def test_a_seeded_program_is_identical(project: Project) -> None:
    project.record(IDENTICAL)
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (REPRODUCED, "identical")
    assert outcomes(report) == {"exit code": "identical", "out.txt": "identical"}


def test_a_record_shows_what_replays_have_proved_of_it(project: Project) -> None:
    project.record(IDENTICAL)
    assert "not replayed" in project.call("show", "@").stdout
    project.replay("--times", "2")
    assert "Replays      identical on the same machine, 2 times" in project.call("show", "@").stdout
    assert json.loads(project.call("show", "@", "-o", "json").stdout)["proof"]["outcome"] == "identical"


@everywhere
def test_times_in_an_archive_are_metadata(project: Project) -> None:
    project.record(
        "import time, zipfile\n"
        "with zipfile.ZipFile('out.zip', 'w') as archive:\n"
        "    info = zipfile.ZipInfo('a.txt', time.gmtime(10**9 + time.time_ns() // 1000 % 10**8)[:6])\n"
        "    archive.writestr(info, 'the same')\n"
    )
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (REPRODUCED, "equivalent")
    assert report["verdict"]["because"] == ["metadata"]
    assert project.replay("--require", "identical")[0] == DIVERGED


@everywhere
def test_numbers_within_one_ulp_need_a_tolerance_that_says_so(project: Project) -> None:
    project.record(
        "import json, math, os\n"
        "bits = int.from_bytes(os.urandom(32), 'big')\n"
        "values = [math.nextafter(1.0, 2.0) if bits >> place & 1 else 1.0 for place in range(256)]\n"
        "json.dump(values, open('out.json', 'w'))\n"
    )
    assert project.replay()[0] == DIVERGED
    code, report = project.replay("--tolerance", "*.json=ulp:1")
    assert (code, report["verdict"]["outcome"]) == (REPRODUCED, "equivalent")
    assert report["verdict"]["because"] == ["tolerance"]


@everywhere
def test_noise_of_known_size_is_within_a_tolerance_above_it_and_not_below(project: Project) -> None:
    project.record(NOISE)
    assert project.replay("--tolerance", "metrics.json:loss=abs:2e-6")[0] == REPRODUCED
    code, report = project.replay("--tolerance", "metrics.json:loss=abs:1e-15")
    assert (code, report["verdict"]["outcome"]) == (DIVERGED, "divergent")


def test_what_a_project_tolerates_stands_in_its_configuration(project: Project) -> None:
    project.record(NOISE)
    project.write("reprocheck.toml", '[replay]\ntolerance = ["metrics.json:loss=abs:2e-6"]\n')
    code, report = project.replay()
    assert (code, report["verdict"]["because"]) == (REPRODUCED, ["tolerance"])
    assert project.replay("--tolerance", "*.pt=ulp:1")[0] == DIVERGED
    project.write("reprocheck.toml", '[replay]\nrequire = "identical"\ntolerance = ["metrics.json:loss=abs:2e-6"]\n')
    assert project.replay()[0] == DIVERGED
    project.write("reprocheck.toml", '[replay]\ntolerance = ["what"]\n')
    done = project.call("replay", "@")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "reprocheck.toml:2: " in done.stderr


@everywhere
def test_a_log_that_diverges_at_a_step_says_at_which(project: Project) -> None:
    project.record(
        "import json, os\n"
        "with open('log.jsonl', 'w') as log:\n"
        "    for step in range(10):\n"
        "        loss = 1 / (step + 1) + (int.from_bytes(os.urandom(4), 'big') if step >= 5 else 0)\n"
        "        log.write(json.dumps({'step': step, 'loss': loss}) + '\\n')\n"
    )
    code, report = project.replay()
    assert code == DIVERGED
    (curve,) = report["repetitions"][0]["curves"]
    assert (curve["name"], curve["first"], len(curve["left"])) == ("log.jsonl:loss", 5, 10)
    (difference,) = [d for d in report["repetitions"][0]["comparison"]["differences"] if d["name"] == "log.jsonl"]
    assert "5" in json.dumps(difference)
    assert '"4"' not in json.dumps(difference)


def change(path: Path) -> None:
    path.write_text("other\n", "utf-8")


@everywhere
@pytest.mark.parametrize(("happens", "state"), [(Path.unlink, "missing"), (change, "changed")])
def test_an_input_whose_recorded_content_is_gone_is_no_reason_to_guess(
    project: Project, happens: Callable[[Path], None], state: str
) -> None:
    data = project.root.parent / "data.txt"
    data.write_text("1 2 3\n", "utf-8")
    # No copy of it: small results are kept, and with one the content of the input.
    project.record(f"open('out.txt', 'w').write('got ' + open({str(data)!r}).read())\n")
    happens(data)
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (INCONCLUSIVE, "inconclusive")
    assert state in report["verdict"]["reason"]
    assert report["remedy"]
    assert report["repetitions"] == []


@everywhere
def test_an_input_that_the_store_has_may_change(project: Project) -> None:
    project.write("data.txt", "1 2 3\n")
    project.record("open('out.txt', 'w').write(open('data.txt').read())\n", "--store-inputs")
    project.write("data.txt", "4 5 6\n")
    assert project.replay()[0] == REPRODUCED
    assert (project.root / "data.txt").read_text("utf-8") == "4 5 6\n"


@pytest.mark.parametrize("happens", [Path.unlink, change])
def test_an_input_outside_of_the_project_is_shown_as_the_store_has_it(
    project: Project, happens: Callable[[Path], None]
) -> None:
    data = project.root.parent / "data" / "data.txt"
    data.parent.mkdir()
    data.write_text("1 2 3\n", "utf-8")
    project.record(f"open('out.txt', 'w').write(open({str(data)!r}).read())\n", "--store-inputs")
    happens(data)
    assert project.replay()[0] == REPRODUCED
    assert not data.exists() or data.read_text("utf-8") == "other\n"


def test_results_that_a_later_run_replaced_are_still_compared_by_content(project: Project) -> None:
    project.record(
        "import os\nopen('out.json', 'w').write('{\"loss\": %d}' % (os.urandom(6)[0] + 300))\n", "--name", "first"
    )
    project.write("out.json", "replaced")
    done = project.call("replay", "first", "-o", "json", "--tolerance", "out.json:loss=abs:1000")
    assert done.returncode == REPRODUCED, done.stdout
    # What is large is known by its digest alone.
    project.record("import os\nopen('out.bin', 'wb').write(os.urandom(4) * 300_000)\n", "--name", "large")
    (project.root / "out.bin").unlink()
    report = json.loads(project.call("replay", "large", "-o", "json").stdout)
    assert report["verdict"]["outcome"] == "inconclusive"
    assert "its digest alone is known" in report["verdict"]["reason"] + json.dumps(report["repetitions"])


def test_a_project_that_is_gone_is_replayed_where_it_was(project: Project) -> None:
    project.write("data.txt", "1 2 3\n")
    project.record("import os\nopen('out.txt', 'w').write(os.getcwd() + open('data.txt').read())\n", "--store-inputs")
    moved = project.root.rename(project.root.with_name("moved"))
    project.root = moved
    (moved / "data.txt").unlink()
    assert project.replay("--output", "*.txt")[1]["verdict"]["outcome"] == "identical"


def test_a_result_that_differs_under_another_package_proves_nothing(project: Project) -> None:
    site = project.root.parent / "lib" / "python3" / "site-packages"
    for version in ("1.0", "2.0"):
        (site / f"thing-{version}.dist-info").mkdir(parents=True)
        (site / f"thing-{version}.dist-info" / "METADATA").write_text(f"Name: thing\nVersion: {version}\n", "utf-8")
    (site / "thing.py").write_text("VALUE = 1\n", "utf-8")
    shutil.move(site / "thing-2.0.dist-info", site.parent / "thing-2.0.dist-info")
    project.variables["PYTHONPATH"] = str(site)
    project.record("import importlib.metadata\nopen('out.txt', 'w').write(importlib.metadata.version('thing'))\n")
    assert project.replay()[0] == REPRODUCED
    shutil.rmtree(site / "thing-1.0.dist-info")
    shutil.move(site.parent / "thing-2.0.dist-info", site / "thing-2.0.dist-info")
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (INCONCLUSIVE, "inconclusive")
    assert "package thing 1.0 -> 2.0" in report["verdict"]["reason"]
    assert "venv" in report["remedy"]


@everywhere
def test_code_comes_from_the_recorded_commit_and_without_it_nothing_runs(project: Project) -> None:
    project.write("helper.py", "VALUE = 1\n")
    project.git("init", "-q")
    project.git("add", ".")
    project.git("commit", "-qm", "one")
    project.write("train.py", "")
    project.record("import helper\nopen('out.txt', 'w').write(str(helper.VALUE))\n")
    project.write("helper.py", "VALUE = 2\n")
    assert project.replay()[0] == REPRODUCED
    shutil.rmtree(project.root / ".git")
    code, report = project.replay()
    assert code == INCONCLUSIVE
    assert "helper.py" in report["verdict"]["reason"]


@everywhere
def test_a_crash_that_happens_again_is_the_same_result(project: Project) -> None:
    program = "open('out.txt', 'w').write('begun')\nraise SystemExit(3)\n"
    project.record(program, code=3)
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (REPRODUCED, "identical")
    assert report["repetitions"][0]["exit_code"] == 3


def test_a_crash_that_does_not_happen_again_is_a_divergence(project: Project) -> None:
    marker = project.root.parent / "marker"
    program = (
        "import os\nopen('out.txt', 'w').write('begun')\n"
        f"raise SystemExit(0 if os.path.exists({str(marker)!r}) else 3)\n"
    )
    project.record(program, code=3)
    marker.touch()
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (DIVERGED, "divergent")
    assert outcomes(report) == {"exit code": "divergent", "out.txt": "identical"}


@everywhere
def test_the_recorded_variables_count_and_not_those_of_today(project: Project) -> None:
    program = "import os\nopen('out.txt', 'w').write(os.environ['OMP_NUM_THREADS'])\n"
    project.record(program, OMP_NUM_THREADS="2")
    assert project.replay(OMP_NUM_THREADS="1")[0] == REPRODUCED


@everywhere
def test_an_order_that_hashing_decides_diverges(project: Project) -> None:
    project.record("open('out.txt', 'w').write(' '.join({f'name{i}' for i in range(50)}))\n")
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (DIVERGED, "divergent")


def test_nothing_of_the_original_is_touched(project: Project) -> None:
    outside = project.root.parent / "results"
    outside.mkdir()
    project.write("out.txt", "of before\n")
    project.record(
        "import os, time\n"
        f"open({str(outside / 'log.csv')!r}, 'a').write(f'{{time.time_ns()}}\\n')\n"
        "open('out.txt', 'w').write('new')\n"
        f"open({str(project.root / 'abs.txt')!r}, 'w').write(os.getcwd())\n"
    )
    before = {path: path.read_bytes() for path in [*project.root.glob("*.txt"), outside / "log.csv"]}
    code, report = project.replay()
    assert {path: path.read_bytes() for path in before} == before
    assert (code, outcomes(report)["abs.txt"]) == (REPRODUCED, "identical")


def test_data_and_results_behind_links_are_replayed_where_the_program_looks_for_them(project: Project) -> None:
    disk = project.root.parent / "disk"
    for folder in ("sets", "results"):
        (disk / folder).mkdir(parents=True)
    (disk / "sets" / "x.txt").write_text("4")
    (project.root / "data").symlink_to(disk / "sets")
    (project.root / "out").symlink_to(disk / "results")
    program = (
        "import os, time\n"
        "folder = f'out/run-{time.time_ns()}'\n"
        "os.mkdir(folder)\n"
        "open(f'{folder}/m.txt', 'w').write(open('data/x.txt').read())\n"
        "os.symlink(folder.split('/')[1], 'out/latest')\n"
    )
    project.record(program, "--output", "out/**")
    assert project.replay()[0] == REPRODUCED
    assert len([*(disk / "results").iterdir()]) == 2


def test_a_folder_shows_the_names_that_the_run_saw_in_their_order(project: Project) -> None:
    for number in (3, 1, 2, 9, 8):
        project.write(f"data/file{number}.txt", f"{number}\n")
    project.record(
        "import os\nnames = [*os.listdir('data'), *os.listdir('.')]\nopen('out.txt', 'w').write(str(names))\n"
    )
    assert project.replay()[0] == REPRODUCED


def test_standard_input_comes_from_the_file_again_and_a_pipe_is_a_gap(project: Project) -> None:
    project.write("train.py", "import sys\nopen('out.txt', 'w').write(sys.stdin.read().upper())\n")
    project.write("in.txt", "abc")
    run = [sys.executable, "-m", "reprocheck", "run", "--", project.python, "train.py"]
    with (project.root / "in.txt").open("rb") as given:
        subprocess.run(run, cwd=project.root, env=project.variables, stdin=given, timeout=300, check=True)
    code, seen = project.replay()
    assert (code, outcomes(seen)["out.txt"]) == (REPRODUCED, "identical")
    subprocess.run(run, cwd=project.root, env=project.variables, input=b"abc", timeout=300, check=True)
    code, seen = project.replay()
    assert code == DIVERGED
    assert "command.stdin" in {gap["channel"] for gap in seen["gaps"]}


def test_git_says_of_the_working_copy_what_it_said_of_the_project(project: Project) -> None:
    project.write("README.md", "nobody but git looks at it")
    project.git("init")
    project.write("train.py", ASKS_GIT)
    project.git("add", "-A")
    project.git("commit", "-m", "first")
    os.utime(project.root / "README.md", (1e9, 1e9))
    project.git("status")  # what it remembers of the file is no longer fresh
    project.record(ASKS_GIT)
    said, names = json.loads((project.root / "said.json").read_text("utf-8"))
    assert (said, "README.md" in names) == ("", True)
    code, seen = project.replay()
    assert (code, seen["verdict"]["outcome"]) == (REPRODUCED, "identical")
    assert not [suspect for suspect in seen["repetitions"][0]["suspects"] if suspect["kind"] == "names"]


@everywhere
def test_a_run_without_results_is_never_a_pass(project: Project) -> None:
    project.record("print('accuracy 0.9')\n")
    code, report = project.replay()
    assert (code, report["verdict"]["outcome"]) == (INCONCLUSIVE, "inconclusive")
    assert "--output" in report["remedy"]


def test_standard_output_counts_when_it_was_declared(project: Project) -> None:
    project.record("import os\nprint('accuracy', 0.9)\n", "--output", "stdout")
    assert outcomes(project.replay()[1]) == {"exit code": "identical", "<stdout>": "identical"}
    project.record("import os\nprint('accuracy', os.urandom(2).hex())\n", "--output", "stdout")
    assert project.replay()[0] == DIVERGED


def test_standard_output_that_was_not_kept_can_not_be_compared(project: Project) -> None:
    project.record("print('accuracy', 0.9)\n")
    code, report = project.replay("--output", "stdout")
    assert (code, report["verdict"]["outcome"]) == (INCONCLUSIVE, "inconclusive")


def test_reports_of_every_form_are_written_in_one_go(project: Project) -> None:
    project.record(
        "import os\nopen('log.csv', 'w').write('step,loss\\n1,2\\n2,' + str(os.urandom(6)[0] + 3) + '\\n')\n"
    )
    folder = project.root.parent / "reports"
    names = ("json", "markdown", "html", "junit", "sarif")
    done = project.call("replay", "@", "-o", "console", *(f"-o{name}:{folder / name}" for name in names))
    assert done.stdout.splitlines()[0].split()[0] in {"divergent", "identical"}
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    for wrong in (("-o", "jnuit"), ("-o", "json", "-o", "html"), ("-o", "json:"), ("-o", f"html:{folder}")):
        assert project.call("replay", "@", *wrong).returncode == USAGE


def test_a_notebook_is_replayed_and_its_times_are_metadata(project: Project) -> None:
    source = "import random\nrandom.seed(1)\nprint(random.random())\nopen('out.txt', 'w').write(str(random.random()))"
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "a",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
    }
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    project.write("work.ipynb", json.dumps(notebook))
    # The kernel is that of the environment which has ipykernel.
    project.variables["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), project.variables["PATH"]))
    assert project.call("run", "work.ipynb").returncode == REPRODUCED
    found = outcomes(project.replay()[1])
    assert found["out.txt"] == "identical"
    assert found["work.executed.ipynb"] in {"identical", "equivalent"}


def test_several_agreeing_replays_bound_the_probability_of_a_divergence(project: Project) -> None:
    project.record(IDENTICAL)
    code, report = project.replay("--times", "4")
    assert code == REPRODUCED
    assert report["verdict"]["runs"] == 4
    assert report["verdict"]["bound"] == pytest.approx(0.75)


@pytest.mark.parametrize("options", [("--tolerance", "x"), ("--times", "0"), ("--against", "nobody")])
def test_what_can_not_be_meant_is_said_before_anything_runs(project: Project, options: tuple[str, ...]) -> None:
    project.record(IDENTICAL)
    done = project.call("replay", "@", *options)
    assert done.returncode == USAGE
    assert done.stderr.startswith("error: ")
    assert done.stdout == ""


def test_a_plan_says_what_would_be_done_and_does_nothing(project: Project) -> None:
    project.record(IDENTICAL)
    (project.root / "out.txt").unlink()
    done = project.call("replay", "@", "--plan")
    assert done.returncode == REPRODUCED
    assert "train.py" in done.stdout
    assert not (project.root / "out.txt").exists()
    assert not list((project.root / ".reprocheck/store/work").iterdir())


def test_the_plan_of_a_container_shows_its_dockerfile_without_an_engine(project: Project) -> None:
    project.record(IDENTICAL)
    nobody = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    plans = [project.call("replay", "@", "--in", "docker", "--image", "base:1", "--plan", **nobody) for _ in range(2)]
    assert plans[0].returncode == REPRODUCED, plans[0].stderr
    assert "    FROM base:1\n" in plans[0].stdout
    assert plans[0].stdout == plans[1].stdout


def test_a_replay_that_takes_too_long_is_stopped_with_all_that_it_started(project: Project) -> None:
    marker = project.root.parent / "marker"
    project.record(
        "import os, subprocess, sys, time\n"
        f"if os.path.exists({str(marker)!r}):\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(61.5)'])\n"
        "    time.sleep(61.5)\n"
        "open('out.txt', 'w').write('1')\n"
    )
    marker.touch()
    code, report = project.replay("--timeout", "2")
    assert code == INCONCLUSIVE
    assert "2 s" in report["verdict"]["reason"]
    assert (
        "time.sleep(61.5)" not in subprocess.run([PS, "-eo", "args"], capture_output=True, text=True, check=True).stdout
    )
    assert not list((project.root / ".reprocheck/store/work").iterdir())


def test_an_unseeded_run_replays_when_its_entropy_was_recorded(project: Project) -> None:
    project.record(
        "import os, random, time, uuid\n"
        "open('out.txt', 'w').write(f'{random.random()} {os.urandom(4).hex()} {time.time()} {uuid.uuid4()}')\n",
        "--record-entropy",
    )
    assert project.replay()[0] == REPRODUCED


def test_an_unseeded_run_diverges(project: Project) -> None:
    project.record("import random\nopen('out.txt', 'w').write(str(random.random()))\n")
    assert project.replay()[0] == DIVERGED
    assert "divergent" in project.call("replay", "@").stdout


def test_a_divergence_points_at_the_finding_that_explains_it(project: Project) -> None:
    project.record("import random\n\nwith open('out.txt', 'w') as out:\n    out.write(str(random.random()))\n")
    code, replay = project.replay()
    assert code == DIVERGED
    assert [(f["code"], f["path"], f["line"]) for f in replay["explanations"]] == [("RNG001", "train.py", 4)]
