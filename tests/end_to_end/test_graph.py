"""`scan --graph`: the three forms, findings marked, refusals."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_one_scan_draws_all_forms_and_marks_findings(run: Run, project: Path) -> None:
    (project / "make.py").write_text("import pickle\nwith open('model.pkl', 'wb') as f:\n    pickle.dump({}, f)\n")
    (project / "use.py").write_text("import pickle\nmodel = pickle.load(open('model.pkl', 'rb'))\n")
    done = run("scan", "--exit-zero", "--graph", "g.html", "--graph", "out/g.dot", "--graph", "g.json")
    assert done.returncode == 0, done.stderr
    assert 'class="node model' in (project / "g.html").read_text("utf-8")
    assert '"make.py" -> "model.pkl"' in (project / "out" / "g.dot").read_text("utf-8")
    graph = json.loads((project / "g.json").read_text("utf-8"))
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert nodes["model.pkl"]["findings"] == ["ART003"]
    (read,) = [edge for edge in graph["edges"] if edge["program"] == "use.py"]
    assert read["uses"][0]["line"] == "model = pickle.load(open('model.pkl', 'rb'))"
    again = run("scan", "--exit-zero", "--graph", "g2.json")
    assert again.returncode == 0
    assert (project / "g2.json").read_text() == (project / "g.json").read_text()


def test_a_form_that_there_is_not_is_refused(run: Run) -> None:
    done = run("scan", "--graph", "g.png")
    assert (done.returncode, ".html, .dot, .json" in done.stderr) == (2, True)
