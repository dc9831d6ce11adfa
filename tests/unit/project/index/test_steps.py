"""Functions that tools for pipelines run, each by itself."""

from __future__ import annotations

import pytest
from tests.unit.project.index.test_entries import entries_of

TRAIN = "def train(rows=None):\n    fit(rows)\n\n"
DAG = "from airflow.operators.python import {name}\n" + TRAIN + "{name}(task_id='t', {how})\n"
FLOW = "from metaflow import FlowSpec, step\nclass F(FlowSpec):\n"
CASES = {
    "a task of Airflow": (DAG.format(name="PythonOperator", how="python_callable=train"), ["train"]),
    "a task of Airflow in an environment": (
        DAG.format(name="PythonVirtualenvOperator", how="python_callable=train"),
        ["train"],
    ),
    "what an operator is given otherwise": (DAG.format(name="PythonOperator", how="on_failure_callback=train"), []),
    "a component of Kubeflow": ("from kfp import dsl\n@dsl.component\n" + TRAIN, ["train"]),
    "a component with an image": ("from kfp.v2 import dsl\n@dsl.component(base_image='x')\n" + TRAIN, ["train"]),
    "a component that a call makes": (
        "from kfp import components as c\n" + TRAIN + "op = c.create_component_from_func(train, base_image='x')\n",
        ["train"],
    ),
    "a node of Kedro": (
        "from kedro.pipeline import node\n" + TRAIN + "def p():\n    node(train, 'a', 'b')\n",
        ["train"],
    ),
    "a node of Kedro by name": (
        "from kedro.pipeline.node import node\n" + TRAIN + "x = node(func=train, inputs=None, outputs='b')\n",
        ["train"],
    ),
    "an asset of Dagster": ("import dagster\n@dagster.asset(group_name='g')\n" + TRAIN, ["train"]),
    "a remote function": ("import ray\n@ray.remote(num_gpus=1)\n" + TRAIN, ["train"]),
    "a remote class": ("import ray\n@ray.remote\nclass Worker:\n    def train(self):\n        fit()\n", []),
    "steps of Metaflow": (
        FLOW + "    @step\n    def start(self):\n        fit()\n\n    def helper(self):\n        fit()\n",
        ["F.start"],
    ),
    "a decorator of the project": ("def component(f):\n    return f\n@component\n" + TRAIN, []),
    "another tool's node": ("from graph import node\nimport kfp\n" + TRAIN + "node(train)\n", []),
}


@pytest.mark.parametrize("case", CASES)
def test_a_step_is_what_a_tool_is_told_to_run(case: str) -> None:
    text, names = CASES[case]
    found = [entry for entry in entries_of({"work.py": text}) if entry.kind == "step"]
    lines = text.splitlines()
    starts = [next(n for n, line in enumerate(lines, 1) if f"def {name.rpartition('.')[2]}(" in line) for name in names]
    assert [entry.span.line for entry in found] == starts


def test_a_step_may_stand_in_another_module_and_is_one_though_told_twice() -> None:
    dag = "from airflow.operators.python import PythonOperator\nfrom work import train\n"
    dag += "PythonOperator(task_id='a', python_callable=train)\nPythonOperator(task_id='b', python_callable=train)\n"
    found = entries_of({"dag.py": dag, "work.py": TRAIN})
    assert [(entry.path, entry.kind, entry.function) for entry in found] == [
        ("dag.py", "script", 0),
        ("work.py", "step", 1),
    ]
