"""Examples of RNG001: functions that tools for pipelines run, each by itself."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_FIT = """
    net = torch.nn.Linear(4, 1){marked}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for x, y in data():
        torch.nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
"""
_UNSEEDED = _FIT.format(marked="  # expect: RNG001")
_SEEDED = "\n    torch.manual_seed(0)" + _FIT.format(marked="")
_AIRFLOW = """
import torch
from airflow import DAG
from airflow.operators.python import PythonOperator

def train():{body}
with DAG("weekly") as dag:
    PythonOperator(task_id="train", python_callable=train)
"""
_KUBEFLOW = """
from kfp import compiler, dsl

@dsl.component(base_image="python:3.11")
def train(rows: str):
    import torch
    {body}
@dsl.pipeline(name="weekly")
def pipeline():
    train(rows="rows.csv")

if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, "weekly.yaml")
"""
_METAFLOW = """
import torch
from metaflow import FlowSpec, step

class Weekly(FlowSpec):
    @step
    def start(self):
        torch.manual_seed(0)  # another process than that of `train`
        self.next(self.train)

    @step
    def train(self):{body}
        self.next(self.end)

    @step
    def end(self):
        print("done")

if __name__ == "__main__":
    Weekly()
"""


def _indented(body: str) -> str:
    return body.replace("\n", "\n    ").rstrip(" ")


def show(rule: Rule) -> None:
    """Add them to the rule."""
    rule.flags({"dags/weekly.py": _AIRFLOW.format(body=_UNSEEDED)}, title="A task of Airflow")
    rule.allows({"dags/weekly.py": _AIRFLOW.format(body=_SEEDED)}, title="A task of Airflow that seeds")
    rule.flags({"weekly.py": _KUBEFLOW.format(body=_UNSEEDED)}, title="A component of Kubeflow")
    rule.allows({"weekly.py": _KUBEFLOW.format(body=_SEEDED)}, title="A component of Kubeflow that seeds")
    rule.flags({"flow.py": _METAFLOW.format(body=_indented(_UNSEEDED))}, title="A step of Metaflow; another one seeds")
    rule.allows({"flow.py": _METAFLOW.format(body=_indented(_SEEDED))}, title="A step of Metaflow that seeds")
    rule.flags(
        {
            "pipelines/nodes.py": f"import torch\n\ndef train(rows):{_UNSEEDED}",
            "pipelines/pipeline.py": """
            from kedro.pipeline import Pipeline, node
            from .nodes import train

            def create_pipeline(**options):
                return Pipeline([node(func=train, inputs="rows", outputs="model")])
            """,
        },
        title="A node of Kedro",
    )
    rule.allows(
        {
            "library.py": f"import torch\n\ndef train(rows):{_FIT.format(marked='')}",
            "api.py": """
            from airflow.models import Variable
            from ray import serve
            from .library import train

            def handlers():
                return {"train": register(handler=train), "name": Variable.get("name")}
            """,
        },
        title="A function that is handed to something else",
    )
