"""DAT008 is sure where rows are learned from, and unsure where they are looked at or lie in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

QUERY = (
    'import pandas as pd\nfrom sklearn.svm import SVC\n\ntable = pd.read_sql("SELECT * FROM reviews{tail}", {source})\n'
)
FIT = "SVC().fit(table, table)\n"


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("train.py", QUERY.format(tail="", source="engine") + FIT, "medium"),
        ("train.py", QUERY.format(tail="", source="engine"), "low"),
        ("train.py", QUERY.format(tail="", source='"sqlite:///reviews.db"') + FIT, "low"),
        ("train.py", QUERY.format(tail=" LIMIT 50000", source="engine"), "high"),
        ("train.py", QUERY.format(tail=" LIMIT 1", source="engine"), "low"),
        ("train.py", QUERY.format(tail=" LIMIT 50000", source='"sqlite:///reviews.db"'), "low"),
        ("train.py", QUERY.format(tail=" ORDER BY RANDOM()", source='"sqlite:///reviews.db"'), "high"),
        ("predict.py", QUERY.format(tail="", source="engine") + FIT, "low"),
        ("api/retrain_model.py", QUERY.format(tail="", source="engine") + FIT, "medium"),
        ("api/model.py", QUERY.format(tail="", source="engine") + FIT, "low"),
        ("train.py", QUERY.replace("reviews", "'reviews'").format(tail=" ORDER BY RANDOM()", source="db"), "high"),
        ("train.py", "import pandas as pd\nimport sklearn\n\npd.read_sql_table('t', e)\nmodel.fit()\n", "medium"),
        ("train.py", "import pandas as pd\nimport sklearn\n\npd.read_sql_table('t', e)\n", "low"),
    ],
    ids=[
        "fitted", "not fitted", "from a file", "any rows", "one row", "any rows of a file", "drawn from a file",
        "predicted from",
        "trained by its name", "of a service", "drawn from a table in quotes",
        "table by name, fitted", "table by name",
    ],
)  # fmt: skip
def test_confidence_by_what_is_done_with_the_rows(tmp_path: Path, path: str, source: str, expected: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text(source)
    overrides = {"cache_dir": str(tmp_path / "cache"), "select": ["DAT008"], "min_confidence": "low"}
    result = scan_project(
        ScanRequest(config=load(root, overrides=overrides, isolated=True)), lambda _done, _total: None
    ).result
    assert [finding.confidence for finding in result.findings] == [expected]
