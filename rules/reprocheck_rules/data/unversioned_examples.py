"""Examples of DAT003."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_FIT = """
import pandas as pd
from sklearn.linear_model import LogisticRegression

table = pd.read_csv("data/train.csv"){mark}
model = LogisticRegression(random_state=0)
model.fit(table[["x"]], table["y"])
"""
_MARK = "  # expect: DAT003"
_KEDRO = {
    "conf/base/catalog.yml": """
        companies:
          type: pandas.CSVDataset
          filepath: data/01_raw/companies.csv  # expect: DAT003
        reviews:
          type: pandas.CSVDataset
          filepath: s3://bucket/01_raw/reviews.csv
        prices:
          type: pandas.CSVDataset
          filepath: data/01_raw/prices.csv
          versioned: true
        shuttles:
          type: pandas.ExcelDataset
          filepath: data/01_raw/shuttles.xlsx
        table:
          type: pandas.ParquetDataset
          filepath: data/03_primary/table.pq
        """,
    "src/rockets/nodes.py": "from sklearn.svm import SVC\n\n\ndef fit(table):\n    return SVC().fit(table, table)\n",
    "src/rockets/pipeline.py": """
        from kedro.pipeline import node

        from rockets.nodes import fit

        NODES = [node(fit, "companies", "table"), node(func=fit, inputs="table", outputs="shuttles")]
        """,
}


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    rule.flags({"train.py": _FIT.format(mark=_MARK)}, title="A table that is nowhere")
    rule.flags(
        {
            "train.py": """
        import numpy as np
        import torch

        def main():
            features = np.load("features/all.npy")  # expect: DAT003
            model = torch.nn.Linear(4, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            loss = model(torch.from_numpy(features)).mean()
            loss.backward()
            optimizer.step()

        if __name__ == "__main__":
            main()
        """
        },
        title="An array",
    )
    rule.flags(
        {
            "run.py": "from loading import load\nfrom sklearn.svm import SVC\n\nx, y = load()\nSVC().fit(x, y)\n",
            "loading.py": """
        import pandas as pd

        TRAIN = "raw/measurements.parquet"

        def load():
            table = pd.read_parquet(TRAIN)  # expect: DAT003
            return table, table.pop("label")
        """,
        },
        title="In a module that the program imports",
    )
    rule.flags(
        {
            "train.py": """
        import json

        from sklearn.svm import SVC

        with open("data/labels.json") as file:  # expect: DAT003
            labels = json.load(file)
        SVC().fit(labels["x"], labels["y"])
        """
        },
        title="A folder of data",
    )
    rule.flags({"train.py": _FIT.format(mark=_MARK), "data/test.csv.dvc": "outs:\n- md5: 0\n  path: test.csv\n"})
    rule.flags(
        {"train.py": _FIT.format(mark=_MARK), "data/.gitkeep": "", "README.md": "Get train.csv from the shared drive"},
        title="A README that tells where it was",
    )
    rule.flags(_KEDRO, title="Raw data in Kedro's catalog")
    rule.allows(
        {
            **_KEDRO,
            "conf/base/catalog.yml": _KEDRO["conf/base/catalog.yml"].replace("  # expect: DAT003", ""),
            "data/01_raw/companies.csv.dvc": "outs:\n- md5: 00f7d50ab4278a7899d7499481c9603a\n  path: companies.csv\n",
        },
        title="Raw data that DVC has",
    )
    rule.flags(
        {
            "flow.py": """
        from metaflow import FlowSpec, IncludeFile, step
        from sklearn.svm import SVC

        class Train(FlowSpec):
            table = IncludeFile("table", default="data/table.csv")  # expect: DAT003

            @step
            def start(self):
                SVC().fit(self.table, self.table)

        if __name__ == "__main__":
            Train()
        """
        },
        title="A file that a flow of Metaflow includes",
    )
    rule.allows({"train.py": _FIT.format(mark=""), "data/train.csv": "x,y\n1,0\n"}, title="In git")
    rule.allows(
        {
            "train.py": _FIT.format(mark=""),
            "data/train.csv.dvc": "outs:\n- md5: 00f7d50ab4278a7899d7499481c9603a\n  path: train.csv\n",
        },
        title="In DVC",
    )
    rule.allows(
        {
            "train.py": _FIT.format(mark=""),
            "dvc.yaml": "stages:\n  export:\n    cmd: python export.py\n    outs: [data]\n",
        },
        title="What a stage makes",
    )
    rule.allows(
        {
            "train.py": _FIT.format(mark=""),
            "make_data.py": 'import pandas as pd\n\npd.DataFrame({"x": [1], "y": [0]}).to_csv("data/train.csv")\n',
        },
        title="What another program makes",
    )
    rule.allows(
        {
            "train.py": _FIT.format(mark=""),
            "get_data.sh": "curl -o data/train.csv https://example.com/v1.0/train.csv\n",
        },
        title="What a script fetches",
    )
    rule.allows(
        {
            "train.py": """
        import hashlib
        from pathlib import Path

        import pandas as pd
        from sklearn.svm import SVC

        if hashlib.sha256(Path("data/train.csv").read_bytes()).hexdigest() != "0b5e":
            raise SystemExit("other data")
        table = pd.read_csv("data/train.csv")
        SVC().fit(table[["x"]], table["y"])
        """
        },
        title="Compared with a hash",
    )
    rule.allows(
        {
            "train.py": _FIT.format(mark=""),
            "Snakefile": 'rule table:\n    output: "data/train.csv"\n    script: "table.R"\n',
        },
        title="What a rule of Snakemake makes",
    )
    rule.allows(
        {
            "train.py": "import os\n\nos.system('gsutil cp gs://bucket/train.csv data/train.csv')\n"
            + _FIT.format(mark=""),
        },
        title="What the program itself fetches",
    )
    rule.allows({"report.py": 'import pandas as pd\n\nprint(pd.read_csv("data/results.csv"))\n'}, title="No training")
    rule.allows(
        {
            "train.py": _FIT.format(mark="")
            + 'form = pd.read_csv("input/sample_submission.csv")\nother = pd.read_csv("data/submission_0.91.csv")\n',
            "data/train.csv": "x,y\n1,0\n",
        },
        title="Forms of a competition's answer",
    )
    rule.allows(
        {"train.py": _FIT.format(mark="").replace("data/train.csv", "PATH/TO/YOUR/DATA.csv")},
        title="A name that stands for another",
    )
