"""Reports: several at once, the same bytes every time, colour only where it is wanted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.app.stores import STORE_FOLDER
from reprocheck.store.store import prepare
from traced_runs import run as traced

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
COMMAND = Path(sys.executable).with_name("reprocheck")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / "messy_training", tmp_path / "messy"))


def test_several_formats_at_once_tell_of_the_same_findings(run: Run, messy: Path) -> None:
    done = run("scan", "-o", "json:out/report.json", "-o", "sarif:report.sarif", "-o", "concise", cwd=messy)
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads((messy / "out/report.json").read_text("utf-8"))
    sarif = json.loads((messy / "report.sarif").read_text("utf-8"))
    concise = [line for line in done.stdout.splitlines() if "[warning]" in line or "[error]" in line]
    codes = [finding["code"] for finding in report["findings"]]
    assert sorted(codes) == sorted(result["ruleId"] for result in sarif["runs"][0]["results"])
    assert len(codes) == len(concise) > 20


def test_the_page_of_a_whole_project_has_its_runs_and_that_of_one_file_has_not(run: Run, project: Path) -> None:
    (project / "a.py").write_text("import pickle\npickle.load(stream)\n", "utf-8")
    traced(prepare(project / STORE_FOLDER), [3.0, 2.0, 1.0])
    run("scan", "-o", "html:whole.html")
    run("scan", "a.py", "-o", "html:file.html")
    whole, part = ((project / name).read_text("utf-8") for name in ("whole.html", "file.html"))
    assert "<h2>Runs</h2>" in whole
    assert "<svg" in whole
    assert "<h2>Runs</h2>" not in part
    (project / STORE_FOLDER / "format").write_text("reprocheck store 999\n")
    assert run("scan", "-o", "html").returncode == 1, "a store of a newer version stops no scan"


def test_reports_do_not_depend_on_cache_processes_or_the_order_of_the_file_system(run: Run, messy: Path) -> None:
    for number in range(12):  # enough to be worth several processes
        (messy / f"part_{number}.py").write_text(
            (messy / "train.py").read_text("utf-8") + "# padding\n" * 4000, "utf-8"
        )
    other = messy.with_name("other")
    for path in sorted(messy.rglob("*"), reverse=True):
        if path.is_file():
            target = other / path.relative_to(messy)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    cold = run("scan", "-o", "json", "--jobs", "1", cwd=messy)
    cached = run("scan", "-o", "json", "--jobs", "1", cwd=messy)
    parallel = run("scan", "-o", "json", "--jobs", "2", "--no-cache", cwd=messy)
    copied = run("scan", "-o", "json", "--jobs", "2", cwd=other)
    assert cold.stdout == cached.stdout == parallel.stdout == copied.stdout
    assert cold.stdout.count('"DET001"') > 12
    assert {done.returncode for done in (cold, cached, parallel, copied)} == {1}


def test_a_cached_result_is_not_used_for_changed_text_or_another_choice_of_rules(run: Run, project: Path) -> None:
    source = project / "a.py"
    source.write_text("import pickle\npickle.load(stream)\n", "utf-8")
    assert "ART003" in run("scan", "-o", "concise").stdout
    assert "ART003" not in run("scan", "-o", "concise", "--select", "DET001").stdout
    source.write_text("import pickle\npickle.dump(stream)\n", "utf-8")
    assert "ART003" not in run("scan", "-o", "concise").stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "colored"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_asked_for(
    run: Run, project: Path, arguments: tuple[str, ...], variables: dict[str, str], colored: bool
) -> None:
    (project / "a.py").write_text("import pickle\npickle.load(stream)\n", "utf-8")
    done = run("scan", "--no-cache", *arguments, variables=variables)
    assert ("\x1b[" in done.stdout) is colored
    assert "ART003" in done.stdout


def test_colour_stays_out_of_files(run: Run, project: Path) -> None:
    (project / "a.py").write_text("import pickle\npickle.load(stream)\n", "utf-8")
    run("scan", "--color", "always", "-o", "concise:report.txt", "-o", "full")
    assert "\x1b" not in (project / "report.txt").read_text("utf-8")


def test_a_reader_that_has_seen_enough_is_no_error(project: Path, environment: dict[str, str]) -> None:
    (project / "a.py").write_text("import pickle\n" + "pickle.load(stream)\n" * 5000, "utf-8")
    with subprocess.Popen(
        [COMMAND, "scan", "-o", "concise"],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        messages = process.stderr.read()
        process.wait(60)
    assert first.startswith("a.py:2:1: ART003")
    assert messages == ""


def test_an_output_that_cannot_be_written_is_a_usage_error(run: Run, project: Path) -> None:
    (project / "a.py").write_text("x = 1\n", "utf-8")
    (project / "taken").write_text("", "utf-8")
    done = run("scan", "-o", "json:taken/report.json")
    assert done.returncode == 2
    assert "taken/report.json" in done.stderr


def test_a_narrow_ascii_terminal_gets_ascii(run: Run, project: Path) -> None:
    (project / "a.py").write_text('import pickle\npickle.load("größe")\n', "utf-8")
    done = run("scan", variables={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert done.stdout.isascii()


def test_nothing_is_written_beside_the_cache(run: Run, project: Path) -> None:
    (project / "a.py").write_text("x = 1\n", "utf-8")
    run("scan")
    assert sorted(path.name for path in project.iterdir()) == [".reprocheck_cache", "a.py", "reprocheck.toml"]
    run("clean")
    run("scan", "--no-cache")
    assert sorted(path.name for path in project.iterdir()) == ["a.py", "reprocheck.toml"]
