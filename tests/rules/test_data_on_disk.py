"""Rules that look at data on disk: a kept result is made anew when the data changed and no source did."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load
from reprocheck.model.scan_result import ScanResult
from reprocheck.project import work_tree

FIT = "import pandas as pd\nfrom sklearn.svm import SVC\n\n{read}\ntable = {table}\nSVC().fit(table, table)\n"
OWN = "pd.DataFrame()"
CUT = 'import pandas as pd\n\n\ndef cut(table, key):\n    table.to_csv(f"part_x_{key}.csv")\n'


def scanned(root: Path, code: str, **options: str) -> ScanResult:
    overrides = {"cache_dir": str(root.parent / "cache"), "select": [code], **options}
    config = load(root, overrides=overrides, isolated=True)
    return scan_project(ScanRequest(config=config), lambda _done, _total: None).result


def tracked(root: Path, content: bytes) -> Path:
    """A file that DVC tracks and git ignores."""
    data = root / "data" / "train.csv"
    data.parent.mkdir(parents=True)
    data.write_bytes(content)
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    (root / "data" / ".gitignore").write_text("/train.csv\n")
    pointer = f"outs:\n- md5: {digest}\n  size: {len(content)}\n  hash: md5\n  path: train.csv\n"
    (root / "data" / "train.csv.dvc").write_text(pointer)
    return data


def test_a_changed_data_file_is_seen_although_every_source_is_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "project"
    data = tracked(root, b"1,2\n")
    assert scanned(root, "DAT005").findings == ()
    data.write_bytes(b"1,3\n")
    (finding,) = scanned(root, "DAT005").findings
    assert finding.message == "`data/train.csv` is no longer what `data/train.csv.dvc` records"
    assert (finding.place.path, finding.place.span.line) == ("data/train.csv.dvc", 5)
    data.write_bytes(b"1,2\n")
    assert scanned(root, "DAT005").findings == ()


def test_a_file_that_is_too_large_to_hash_is_named_unless_its_size_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_tree, "HASH_LIMIT", 3)
    root = tmp_path / "project"
    data = tracked(root, b"1,2\n")
    (same,) = scanned(root, "DAT005").findings
    assert (same.severity, "was not compared" in same.message) == ("note", True)
    data.write_bytes(b"1,2,3\n")
    (longer,) = scanned(root, "DAT005").findings
    assert (longer.severity, "no longer" in longer.message) == ("warning", True)


def test_a_large_file_counts_when_git_tracks_it(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "model.pt").write_bytes(bytes(2 << 20))
    (finding,) = scanned(root, "ART005").findings
    assert finding.message == "`model.pt` has 2.0 MiB and is kept by git itself, version by version"
    (root / ".git").mkdir()
    (root / ".git" / "index").write_bytes(b"DIRC\0\0\0\2\0\0\0\0" + bytes(20))
    assert scanned(root, "ART005").findings == ()


def test_what_git_tracks_is_versioned_although_a_pattern_ignores_it(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    (root / "train.py").write_text(
        "import pandas as pd\nfrom sklearn.svm import SVC\n\nx = pd.read_csv('data/a.csv')\nSVC().fit(x, x)\n"
    )
    (root / "data" / "a.csv").write_text("x\n")
    (root / ".gitignore").write_text("data\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)  # noqa: S607 — the git of the machine
    (finding,) = scanned(root, "DAT003").findings
    assert "`data/a.csv`" in finding.message
    subprocess.run(["git", "add", "-f", "data/a.csv"], cwd=root, check=True)  # noqa: S607 — likewise
    assert scanned(root, "DAT003").findings == ()


def test_what_a_pointer_of_dvc_gives_is_versioned_although_a_pattern_ignores_the_pointer(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    (root / "train.py").write_text(FIT.format(read="", table='pd.read_csv("data/raw/a.csv")'))
    (root / "data" / "raw.dvc").write_text("outs:\n- md5: 3ec0684aa19ca4efe6b048102e006629.dir\n  path: raw\n")
    (root / ".gitignore").write_text("data\n")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)  # noqa: S607 — the git of the machine
    (finding,) = scanned(root, "DAT003").findings
    assert "`data/raw/a.csv`" in finding.message
    subprocess.run(["git", "add", "-f", "data/raw.dvc"], cwd=root, check=True)  # noqa: S607 — likewise
    assert scanned(root, "DAT003").findings == ()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"train.py": FIT.format(read="", table='pd.read_csv("data/all.csv")')}, ["medium"]),
        ({"train.py": FIT.format(read='late = pd.read_csv("data/test.csv")', table=OWN)}, ["low"]),
        ({"train.py": FIT.format(read='late = pd.read_csv("data/test_train.csv")', table=OWN)}, ["medium"]),
        ({"train.py": FIT.format(read='old = pd.read_csv("out/oof_lgbm.csv")', table=OWN)}, ["low"]),
        (
            {"train.py": FIT.format(read='def plot_all():\n    return pd.read_csv("data/all.csv")\n', table=OWN)},
            ["low"],
        ),
        (
            {"train.py": FIT.format(read='def fit_and_plot():\n    return pd.read_csv("data/all.csv")\n', table=OWN)},
            ["medium"],
        ),
        (
            {
                "train.py": FIT.format(read="import evaluation", table=OWN),
                "evaluation.py": 'import pandas as pd\n\nGOLD = pd.read_csv("data/gold.csv")\n',
            },
            ["low"],
        ),
        (
            {
                "train.py": FIT.format(read="", table='pd.read_csv("data/all.csv")'),
                "get.sh": "kaggle competitions download -c titanic\n",
            },
            ["low"],
        ),
        ({"train.py": FIT.format(read="", table='pd.read_csv("E:/shared/all.csv")')}, []),
        ({"train.py": FIT.format(read="", table='pd.read_csv("part_x_1a2b.csv")'), "cut.py": CUT}, []),
        ({"train.py": FIT.format(read="", table='pd.read_csv("part_y_1a2b.csv")'), "cut.py": CUT}, ["medium"]),
        ({"train.py": FIT.format(read='late = pd.read_csv("data/fraudTest.csv")', table=OWN)}, ["low"]),
        (
            {
                "train.py": FIT.format(read="", table='pd.read_csv("data/processed/all.csv")'),
                "cut.py": "from config import FOLDER\n" + CUT.replace('f"part_x_', 'FOLDER / f"'),
            },
            ["low"],
        ),
        (
            {
                "train.py": FIT.format(read="", table='pd.read_csv("data/raw/all.csv")'),
                "cut.py": CUT.replace("part_x_", ""),
            },
            ["medium"],
        ),
        (
            {
                "train.py": FIT.format(read="", table='pd.read_csv("data/all.csv")'),
                "md5sums.txt": "0123456789abcdef0123456789abcdef  all.csv\n",
            },
            [],
        ),
        (
            {
                "eval_best.py": "import pandas as pd\nfrom sklearn.decomposition import PCA\n\n"
                'table = pd.read_csv("data/all.csv")\nPCA().fit_transform(table)\n'
            },
            ["low"],
        ),
        (
            {
                "blend.py": 'import pandas as pd\nimport nets\n\nprint(pd.read_csv("data/best.csv").mean())\n',
                "nets.py": "from sklearn.svm import SVC\n\n\ndef fit(x, y):\n    return SVC().fit(x, y)\n",
            },
            ["low"],
        ),
    ],
    ids=[
        "fitted", "tested", "not tested by its name", "left by a run", "drawn", "fitted and drawn", "evaluated",
        "maybe fetched from Kaggle", "on another drive", "made under a name put together", "not that name",
        "tested by a hump in its name", "maybe made", "raw",
        "in a list of hashes", "transformed to be looked at",
        "read by what could train and doesn't",
    ],
)  # fmt: skip
def test_data_that_nothing_is_fitted_on_is_of_low_confidence(
    tmp_path: Path, files: dict[str, str], expected: list[str]
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for name, content in files.items():
        (root / name).write_text(content)
    findings = scanned(root, "DAT003", min_confidence="low").findings
    assert [finding.confidence for finding in findings] == expected


def test_hostile_files_of_pipelines_are_bounded(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (root / "params.yaml").write_text("\n".join(bomb))
    wide = ", ".join(f"{axis}: [{', '.join(map(str, range(40)))}]" for axis in "abcdefgh")
    (root / "dvc.yaml").write_text(
        f"stages:\n  wide:\n    matrix: {{{wide}}}\n    cmd: run ${{key}}\n  loop: &l\n    cmd: *l\n"
        "  out:\n    cmd: x\n    wdir: ../../..\n    deps: [/etc/passwd, ../../etc/passwd]\n"
    )
    (root / "dvc.lock").write_text("schema: '2.0'\nstages: {wide: 3, out: {deps: [{path: /etc/passwd, md5: x}]}}\n")
    (root / "a.dvc").write_text("outs: [{path: ../../../etc/passwd, md5: 00}, {path: a.dvc, md5: 00}]\n")
    result = scanned(root, "DAT005")
    assert not any("/etc/passwd" in finding.message for finding in result.findings)


def test_pointers_that_one_pull_resolves_are_one_finding(tmp_path: Path) -> None:
    root = tmp_path / "project"
    for name in ("a/train.csv", "b/train.csv", "c/model.pt", "d/model.pt"):
        (root / name).parent.mkdir(parents=True)
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345678\n"
        (root / name).write_text(pointer)
    (root / ".gitattributes").write_text("*.csv filter=lfs diff=lfs merge=lfs -text\n")
    found = [
        (finding.place.path, finding.confidence, len(finding.trail)) for finding in scanned(root, "DAT007").findings
    ]
    assert found == [("a/train.csv", "medium", 1), ("c/model.pt", "high", 0), ("d/model.pt", "high", 0)]


def test_a_name_that_is_put_together_of_many_pieces_is_compared_in_no_time(tmp_path: Path) -> None:
    """With a plain `.*` for each piece the next line of the rule would not come to an end."""
    root = tmp_path / "project"
    root.mkdir()
    pieces = "".join(f"{{names[{number}]}}_" for number in range(30))
    (root / "cut.py").write_text(f'import pandas\n\n\ndef cut(table, names):\n    table.to_csv(f"{pieces}rows.csv")\n')
    (root / "fit.py").write_text(FIT.format(read="", table=f'pd.read_csv("{"_" * 80}x.csv")'))
    (finding,) = scanned(root, "DAT003").findings
    assert finding.place.path == "fit.py"
