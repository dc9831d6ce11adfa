"""What the rule on undeclared dependencies of pipelines finds, and what looks alike."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_TRAIN = """
import json

import pandas as pd

def main():
    table = pd.read_csv("data/train.csv")
    with open("metrics.json", "w") as file:
        json.dump({"rows": len(table)}, file)

if __name__ == "__main__":
    main()
"""
_DATA = {"data/train.csv": "id,label\n1,0\n"}


def _stage(command: str, *, mark: bool, deps: str = "", outs: str = "", more: str = "") -> str:
    marked = "  # expect: DAT006" if mark else ""
    return f"stages:\n  train:{marked}\n    cmd: {command}\n    deps: [{deps}]\n    outs: [{outs}]\n{more}"


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    _undeclared(rule)
    _declared(rule)


def _undeclared(rule: Rule) -> None:
    """What a stage uses and doesn't name."""
    rule.flags(
        {
            **_DATA,
            "train.py": _TRAIN,
            "dvc.yaml": _stage("python train.py", mark=True, deps="data/train.csv", outs="metrics.json"),
        },
        title="The script itself",
        fixed={"dvc.yaml": _stage("python train.py", mark=False, deps="data/train.csv, train.py", outs="metrics.json")},
    )
    rule.flags(
        {
            **_DATA,
            "train.py": _TRAIN,
            "dvc.yaml": _stage("python train.py", mark=True, deps="train.py", outs="metrics.json"),
        },
        title="Data that the script reads",
        fixed={"dvc.yaml": _stage("python train.py", mark=False, deps="train.py, data/train.csv", outs="metrics.json")},
    )
    rule.flags(
        {
            **_DATA,
            "train.py": _TRAIN,
            "dvc.yaml": _stage("python train.py", mark=True, deps="train.py, data/train.csv"),
        },
        title="Metrics that the script writes",
    )
    rule.flags(
        {
            "src/train.py": "from features import scale\n\nscale([1, 2])\n",
            "src/features.py": "def scale(values):\n    return [value / 2 for value in values]\n",
            "dvc.yaml": _stage("python src/train.py", mark=True, deps="src/train.py", outs="model.pkl"),
        },
        title="A module that the script imports",
    )
    rule.flags(
        {
            **_DATA,
            "fit.py": "import sys\n\nprint(sys.argv)\n",
            "dvc.yaml": _stage("python fit.py --data=data/train.csv", mark=True, deps="fit.py", outs="model.pkl"),
        },
        title="A file that the command names",
        fixed={
            "dvc.yaml": _stage(
                "python fit.py --data=data/train.csv", mark=False, deps="fit.py, data/train.csv", outs="model.pkl"
            )
        },
    )
    rule.flags(
        {
            "params.yaml": "lr: 0.1\n",
            "fit.py": 'import yaml\n\nsettings = yaml.safe_load(open("params.yaml"))\n',
            "dvc.yaml": _stage("uv run python fit.py", mark=True, deps="fit.py", outs="model.pkl"),
        },
        title="Parameters that the script reads",
    )
    rule.flags(
        {
            "data/raw.csv.dvc": "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  path: raw.csv\n",
            "pipeline/fit.py": 'import pandas as pd\n\ntable = pd.read_csv("../data/raw.csv")\n',
            "dvc.yaml": _stage(
                "python fit.py", mark=True, deps="fit.py", outs="model.pkl", more="    wdir: pipeline\n"
            ),
        },
        title="Data that DVC has, seen from the working directory",
        fixed={
            "dvc.yaml": _stage(
                "python fit.py",
                mark=False,
                deps="fit.py, ../data/raw.csv",
                outs="model.pkl",
                more="    wdir: pipeline\n",
            )
        },
    )
    rule.flags(
        {
            **_DATA,
            "a b.csv": "id\n",
            "train.py": _TRAIN + "open('a b.csv')\n",
            "dvc.yaml": """
                stages:
                  train:  # expect: DAT006
                    cmd: python train.py
                    deps:  # what it reads
                    - params.yaml:
                    - train.py  # the script
                    outs:
                      - metrics.json:
                          cache: false
                  again:  # expect: DAT006
                    # the same once more
                    cmd: >-
                      python train.py
                    outs:
                      - metrics.json:
                          cache: false
                """,
        },
        title="A list in lines",
        fixed={
            "dvc.yaml": """
                stages:
                  train:
                    cmd: python train.py
                    deps:  # what it reads
                    - params.yaml:
                    - train.py  # the script
                    - "a b.csv"
                    - data/train.csv
                    outs:
                      - metrics.json:
                          cache: false
                  again:
                    # the same once more
                    deps:
                    - train.py
                    - "a b.csv"
                    - data/train.csv
                    cmd: >-
                      python train.py
                    outs:
                      - metrics.json:
                          cache: false
                """
        },
    )


def _declared(rule: Rule) -> None:
    """What is named, or nothing that could be."""
    rule.allows(
        {
            "data/a.csv": "id\n",
            "report.ipynb": """
                {"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
                  "source": ["NAME = 'a'\\n", "import pandas as pd\\n", "pd.read_csv(f'data/{NAME}.csv')"]}],
                  "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
                """,
            "dvc.yaml": _stage(
                "papermill -p NAME b report.ipynb b.ipynb", mark=False, deps="report.ipynb, data/b.csv", outs="b.ipynb"
            ),
        },
        title="A notebook that is given other parameters",
    )
    rule.allows(
        {
            **_DATA,
            "train.py": _TRAIN,
            "dvc.yaml": _stage("python train.py", mark=False, deps="train.py, data/train.csv", outs="metrics.json"),
        },
        title="Everything is declared",
    )
    rule.allows(
        {
            **_DATA,
            "src/train.py": "from features import scale\n\nscale([1, 2])\n" + _TRAIN,
            "src/features.py": "def scale(values):\n    return values\n",
            "src/__init__.py": "",
            "dvc.yaml": _stage("python src/train.py", mark=False, deps="src, data", outs="metrics.json"),
        },
        title="Folders stand for what is in them",
    )
    rule.allows(
        {
            "params.yaml": "lr: 0.1\nseed: 1\n",
            "fit.py": 'import yaml\n\nsettings = yaml.safe_load(open("params.yaml"))\n',
            "dvc.yaml": _stage("python fit.py", mark=False, deps="fit.py", more="    params: [lr, seed]\n"),
        },
        title="Parameters are declared by their names",
    )
    rule.allows(
        {
            "fit.py": """
            import json

            with open("cache.json", "w") as file:
                json.dump({}, file)
            with open("cache.json") as file:
                print(json.load(file))
            """,
            "dvc.yaml": _stage("python fit.py", mark=False, deps="fit.py", outs="cache.json"),
        },
        title="What the script wrote before",
    )
    rule.allows(
        {
            "fit.py": """
            import sys

            with open(sys.argv[1]) as file, open("/etc/hostname") as host, open("logs/run.log", "w") as log:
                log.write(file.read() + host.read())
            """,
            "dvc.yaml": _stage("python fit.py --epochs 3 --name run", mark=False, deps="fit.py", outs="model.pkl"),
        },
        title="Names that only running tells, other places, logs",
    )
    rule.allows(
        {
            "dvc.yaml": _stage("./tool --fast && echo done", mark=False, deps="data.csv", outs="model.bin"),
            "dvc.lock": "schema: '2.0'\n",
            "train.py": 'open("other.csv")\n',
        },
        title="A program from elsewhere",
    )
    rule.allows(
        {
            "main.py": """
            import sys

            import pandas as pd

            if "--stage=fit" in sys.argv:
                table = pd.read_csv("features.csv")
            else:
                pd.read_csv("raw.csv").to_csv("features.csv")
            """,
            "raw.csv": "a,b\n1,2\n",
            "dvc.yaml": """
            stages:
              features:
                cmd: python main.py --stage=features
                deps: [main.py, raw.csv]
                outs: [features.csv]
              fit:
                cmd: python main.py --stage=fit
                deps: [main.py, features.csv]
                outs: [model.pkl]
            """,
        },
        title="A script that one stage runs for this and another for that",
    )
