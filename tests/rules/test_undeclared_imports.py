"""ENV004 is sure of what a fresh installation can't run, and unsure of what it may do without."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

LISTED = "torch==2.4.1\n"
MAIN = "if __name__ == '__main__':\n    print(1)\n"
NOTEBOOK = """{"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
 "source": ["import seaborn, torch"]}], "metadata": {%s}, "nbformat": 4, "nbformat_minor": 5}
"""
LIBRARY = {
    "net/__init__.py": "from net.model import Net\n",
    "net/model.py": "import torch\n\n\nclass Net(torch.nn.Module):\n    pass\n",
    "setup.py": "from setuptools import setup\n\nsetup(name='net', install_requires=['torch'])\n",
}


def confidences(root: Path, files: dict[str, str]) -> list[str]:
    for name, content in files.items():
        path = root / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    overrides = {"cache_dir": str(root / "cache"), "select": ["ENV004"], "min_confidence": "low"}
    config = load(root / "project", overrides=overrides, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    return [finding.confidence for finding in result.findings]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"plots.py": "import seaborn\n", "train.py": f"import torch\nimport plots\n\n{MAIN}"}, ["high"]),
        ({"plots.py": "import seaborn\n", "train.py": f"import torch\n\n{MAIN}"}, ["low"]),
        (
            {
                "nets/unet.py": "import timm\n\n\nclass UNet:\n    pass\n",
                "config.yaml": "model:\n  _target_: nets.unet.UNet\n",
                "train.py": f"import torch\n\n{MAIN}",
            },
            ["high"],
        ),
        ({"convert.py": f"import onnx\n\n{MAIN}"}, ["high"]),
        ({"convert.py": f'"""Needs `pip install onnx`."""\nimport onnx\n\n{MAIN}'}, ["low"]),
        ({"convert.py": f"import onnx\n\n{MAIN}", "docs/export.md": "Run `pip3 install onnx` first.\n"}, ["low"]),
        ({"convert.py": f"import tensorflow\n\n{MAIN}", "README.md": "Tested with TensorFlow 2.10.\n"}, ["low"]),
        ({"convert.py": f"import onnx\n\n{MAIN}", "README.md": "## Requirements\n- onnx\n"}, ["low"]),
        ({"convert.py": f"import onnx\n\n{MAIN}", "README.md": "## Results\n- onnx\n"}, ["high"]),
        ({"tutorials/convert.py": f"import onnx\n\n{MAIN}"}, ["low"]),
        ({"archive/convert.py": f"import onnx\n\n{MAIN}"}, ["low"]),
        ({"convert.py": f"import onnx\n\n{MAIN}", "cog.yaml": "build:\n  python_packages:\n    - onnx==1.16\n"}, []),
        ({"convert.py": f"import acme_metrics\n\n{MAIN}"}, ["low"]),
        ({"demo.ipynb": NOTEBOOK % ""}, ["high"]),
        ({"demo.ipynb": NOTEBOOK % '"colab": {"name": "demo.ipynb"}'}, ["low"]),
        ({"demo.ipynb": NOTEBOOK % '"kaggle": {"isGpuEnabled": false}'}, ["low"]),
        ({"nb/a.ipynb": NOTEBOOK % '"kaggle": {"isGpuEnabled": false}', "nb/b.ipynb": NOTEBOOK % ""}, ["low"]),
        ({"nb/a.ipynb": NOTEBOOK.replace("torch", "torch; open('../input/a.csv')") % ""}, ["low"]),
        ({"nb/a.ipynb": NOTEBOOK.replace("torch", "torch; open('../input/a.csv')") % "", "input/a.csv": ""}, ["high"]),
        ({"fit.py": f"import seaborn\n\nopen('/kaggle/input/a.csv')\n{MAIN}"}, ["low"]),
        (
            {
                "fit.py": f"import timm\n\n{MAIN}",
                "job.yaml": 'command: ["sh", "-c", "pip install timm && python fit.py"]\n',
            },
            [],
        ),
        (
            {
                "fit.py": "import seaborn\nfrom kfp import dsl\n\n\n"
                f"@dsl.component(packages_to_install=['kfp', 'seaborn==0.13'])\ndef fit():\n    pass\n\n\n{MAIN}"
            },
            [],
        ),
        (
            {
                "fit.py": "import modal\nimport seaborn\n\n"
                f"IMAGE = modal.Image.debian_slim().pip_install(\n    'modal',\n    'seaborn==0.13',\n)\n{MAIN}"
            },
            [],
        ),
        ({"tune.py": f"import optuna\n\n{MAIN}", "requirements.txt": "torch\nhydra-optuna-sweeper==1.2\n"}, ["low"]),
        ({"tune.py": f"import optuna\n\n{MAIN}", "Dockerfile": "FROM gcr.io/kaggle-gpu-images/python:v1\n"}, ["low"]),
        ({"tune.py": f"import optuna\n\n{MAIN}", "Dockerfile": "FROM mageai/mageai:0.9.73\n"}, ["low"]),
        ({"tune.py": f"import optuna\n\n{MAIN}", "serve/Dockerfile": "FROM mageai/mageai:0.9.73\n"}, ["high"]),
        ({"tune.py": f"import optuna\n\n{MAIN}", "Dockerfile": "FROM python:3.11.9\n"}, ["high"]),
        ({"tune.py": f"import optuna\n\n{MAIN}", "DockerfileTune": "FROM python:3.11\nRUN pip install optuna\n"}, []),
        ({"tune.py": f"import torch\n\ntry:\n    from optuna import *\nexcept ImportError:\n    pass\n\n{MAIN}"}, []),
        ({"tune.py": f"import torch\nfrom optuna import *\n\n{MAIN}"}, ["high"]),
        ({"app.py": f"import gradio\n\n{MAIN}", "README.md": "Try it: huggingface.co/spaces/acme/nets\n"}, ["low"]),
        ({"tune.py": f"import optuna\n\n{MAIN}", "devenv.nix": "packages = [ pkgs.optuna ];\n"}, ["low"]),
        ({"show.py": f"from IPython.display import HTML\n\n{MAIN}"}, ["low"]),
        ({"tune.py": f"import optuna\n\n{MAIN}", "tune-reqs.txt": "optuna==4.0\n"}, []),
        ({"tune.py": f"import optuna\n\n{MAIN}", "other-reqs.txt": "optuna==4.0\n"}, []),
        ({"a.py": f"import detectron2\n\n{MAIN}", "b-reqs.txt": "git+https://example.org/a/detectron2@v1\n"}, ["low"]),
        ({"speak.py": f"import nltk\n\n{MAIN}", "requirements.txt": "torch\ng2p_en==2.1.0\n"}, ["low"]),
        ({"speak.py": f"import pandas\n\n{MAIN}", "requirements.txt": "torch\ndask[dataframe]\n"}, ["low"]),
    ],
    ids=[
        "module of a program", "module that no program imports", "module that a configuration names", "program",
        "told in the program", "told on a page", "framework with its version on a page", "listed as a requirement",
        "listed elsewhere", "tutorial", "put aside", "packages of an image", "unknown module", "notebook",
        "notebook for a service that has it",
        "notebook for Kaggle", "notebook beside one for Kaggle", "notebook that reads Kaggle's folder",
        "notebook that reads the project's folder", "script for Kaggle", "installed by a job",
        "installed for a step of a pipeline", "installed into an image that code describes",
        "plugged into what is declared", "image of a hosted service", "image of an application",
        "image of another part", "image with Python alone", "image by an unusual name", "all names under `try`",
        "all names", "hosted demonstration", "Nix", "in a notebook",
        "list for the program", "list by a short name",
        "declared by an address",
        "comes along", "comes along with an extra",
    ],
)  # fmt: skip
def test_programs_fail_and_what_is_told_or_never_run_does_not(
    tmp_path: Path, files: dict[str, str], expected: list[str]
) -> None:
    assert confidences(tmp_path, {"requirements.txt": LISTED, **files}) == expected


@pytest.mark.parametrize(("code", "expected"), [({"deploy/app.py": "import torch\n"}, []), ({}, ["high"])])
def test_a_list_beside_code_speaks_for_that_code(tmp_path: Path, code: dict[str, str], expected: list[str]) -> None:
    files = {"tune.py": f"import optuna\n\n{MAIN}", "deploy/requirements.txt": LISTED, **code}
    assert confidences(tmp_path, files) == expected


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("net/model.py", "import torch\nimport einops\n\n\nclass Net:\n    pass\n", ["high"]),
        ("net/scrape.py", f"import bs4\n\n{MAIN}", ["low"]),
        ("net/extra.py", "import bs4\n\n\ndef parse():\n    return bs4\n", ["low"]),
    ],
)
def test_of_a_library_counts_what_its_users_import(tmp_path: Path, path: str, source: str, expected: list[str]) -> None:
    assert confidences(tmp_path, {**LIBRARY, path: source}) == expected


def test_a_published_package_with_an_image_is_a_library(tmp_path: Path) -> None:
    program = {"net/scrape.py": f"import bs4\n\n{MAIN}", "Dockerfile": "FROM python:3.11\n"}
    assert confidences(tmp_path / "own", {**LIBRARY, **program, "README.md": "pip install -e .\n"}) == ["high"]
    assert confidences(tmp_path / "shop", {**LIBRARY, **program, "README.md": "pip install net\n"}) == ["low"]
