"""Programs in the commands of stages."""

from __future__ import annotations

import pytest

from reprocheck.model.place import WHOLE_FILE
from reprocheck.project.pipelines.dvc_model import Stage
from reprocheck.project.pipelines.stage_commands import programs


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("python src/train.py --lr 0.1", [("src/train.py", False, ("--lr", "0.1"))]),
        ("python3.11 -u -m pkg.train a.csv", [("pkg.train", True, ("a.csv",))]),
        ("uv run --frozen python train.py", [("train.py", False, ())]),
        ("poetry run python -W ignore train.py", [("train.py", False, ())]),
        ("mkdir -p out && Rscript plot.R out | tee log", [("plot.R", False, ("out",))]),
        ("./scripts/get.sh data", [("./scripts/get.sh", False, ("data",))]),
        ("papermill in.ipynb out.ipynb", [("in.ipynb", False, ("out.ipynb",))]),
        ("CUDA_VISIBLE_DEVICES=0 torchrun --nproc 2 train.py", [("train.py", False, ())]),
        ("echo python train.py", []),
        ("python -c 'print(1)'", []),
        ("", []),
    ],
)
def test_scripts_and_modules_are_told(command: str, found: list[tuple[str, bool, tuple[str, ...]]]) -> None:
    stage = Stage("s", "dvc.yaml", WHOLE_FILE, command, WHOLE_FILE, "")
    assert [(program.target, program.is_module, program.words) for program in programs(stage)] == found


def test_each_line_of_a_list_counts() -> None:
    stage = Stage("s", "dvc.yaml", WHOLE_FILE, ("python a.py", "python b.py"), WHOLE_FILE, "")
    assert [program.target for program in programs(stage)] == ["a.py", "b.py"]
