"""Examples of ENV004."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_APP = "requirements.txt"


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    rule.flags(
        {
            "train.py": """
                import numpy as np
                import torch
                import wandb  # expect: ENV004

                if __name__ == "__main__":
                    wandb.init(project="cats")
                """,
            _APP: "torch==2.4.1\nnumpy==1.26.4\n",
        }
    )
    rule.flags(
        {"data.py": "import cv2  # expect: ENV004\nfrom PIL import Image  # expect: ENV004\n", _APP: "pandas==2.2.2\n"},
        title="modules with other names than what installs them",
    )
    rule.flags(
        {
            "trainer/__init__.py": "from trainer import fit\n",
            "trainer/fit.py": "import sklearn.svm  # expect: ENV004\n",
            "setup.py": "from setuptools import setup\n\nsetup(name='trainer', install_requires=['torch>=2'])\n",
        },
        title="a library",
    )
    rule.flags(
        {
            "serve/app.py": "from fastapi import FastAPI  # expect: ENV004\nimport torch\n",
            "serve/Pipfile": '[packages]\ntorch = "==2.4.1"\n',
            "train/train.py": "import lightgbm  # expect: ENV004\n",
            "train/environment.yml": "dependencies:\n  - python=3.11\n  - pytorch=2.4.1\n",
        },
        title="each part has its manifest",
    )
    rule.flags(
        {
            "explore.ipynb": """
                {"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
                  "source": ["import seaborn as sns"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
                """,
            _APP: "pandas==2.2.2\n",
        },
        title="a notebook",
    )
    rule.flags(
        {
            "main.py": "from google.cloud import storage  # expect: ENV004\nimport google.protobuf\n",
            "pyproject.toml": '[project]\nname = "main"\ndependencies = ["protobuf>=4", "google-auth"]\n',
        },
        title="a package that several distributions fill",
    )
    rule.flags(
        {"main.py": "import acme_metrics  # expect: ENV004\n", _APP: "torch==2.4.1\nnumpy\n"},
        title="a package that isn't known",
    )
    rule.flags(
        {"load.py": "import yaml  # expect: ENV004\nimport torch\n", "requirements/base.txt": "torch\n"},
        title="a folder for requirements",
    )
    rule.allows(
        {
            "{{ cookiecutter.name }}/train.py": "import wandb\n",
            "{{ cookiecutter.name }}/requirements.txt": "torch==2.4.1\n",
            "app.py": "import streamlit\n",
            "client.py": "import bentoml\n",
            "app_requirements.txt": "streamlit==1.36.0\n",
        },
        title="a template, and a list for one program",
    )
    rule.allows(
        {
            "nodes.py": "import pyspark.sql\nimport plotly.express\n",
            _APP: "kedro-datasets[spark-sparkdataset, plotly]\n",
        },
        title="brought by an extra",
    )
    rule.allows(
        {
            "net/__init__.py": "import torch\n",
            "setup.py": "from setuptools import setup\n\nsetup(name='net', packages=['net'], install_requires=[])\n",
        },
        title="a manifest that names no package",
    )
    rule.allows(
        {
            "train.py": "import cv2, sklearn, yaml\nfrom PIL import Image\nimport skimage.io\nimport bs4\n",
            _APP: "opencv-python-headless\nscikit-learn\nPyYAML\nPillow-SIMD\nscikit_image\nbeautifulsoup4\n",
        },
        title="declared under other names",
    )
    rule.allows(
        {
            "train.py": """
                import json
                from typing import TYPE_CHECKING

                import torch

                import layers
                from models.net import Net

                try:
                    import wandb
                except ImportError:
                    wandb = None

                if TYPE_CHECKING:
                    import pandas as pd
                """,
            "layers.py": "import torch\n",
            "models/net.py": "import torch\n",
            _APP: "torch==2.4.1\n",
        },
        title="standard library, own modules, optional imports, types",
    )
    rule.allows(
        {
            "src/train.py": "import timm\nimport torch\nimport pandas\nimport apex\n",
            _APP: "-r base.txt\n",
            "base.txt.in": "",
            "requirements/base.txt": "torch\n",
            "Dockerfile": "FROM python:3.11\nRUN pip install timm==0.9 && pip install git+https://example.org/NVIDIA/apex\n",
            "environment.yml": "dependencies:\n  - pandas\n",
        },
        title="installed by an image, or by another manifest beside",
    )
    rule.allows(
        {
            "data/__init__.py": "try:\n    from data.graphs import Graphs\nexcept ImportError:\n    Graphs = None\n",
            "data/graphs.py": "import dgl\n\n\nclass Graphs(dgl.DGLGraph):\n    pass\n",
            _APP: "torch\n",
        },
        title="a module of the project that may be missing",
    )
    rule.allows(
        {
            "main.py": "import vllm\n",
            "Makefile": "serve:\n\tpip install vllm==0.5 && python main.py\n",
            _APP: "torch\n",
        },
        title="installed by a Makefile",
    )
    rule.allows(
        {"tests/test_net.py": "import hypothesis\n", "net.py": "import torch\n", _APP: "torch\n"}, title="tests"
    )
    rule.allows({"train.py": "import torch\n", "tools/run.py": "import torch\n"}, title="no manifest at all")
    rule.allows(
        {
            "net.py": "import torch\nimport fused_ops\n",
            "setup.py": "from setuptools import Extension, setup\n\n"
            "setup(name='net', install_requires=['torch'], ext_modules=[Extension('fused_ops', ['ops.cpp'])])\n",
        },
        title="an extension of its own",
    )
    rule.allows(
        {"main.py": "import pl_bolts\nimport acme.models\n", _APP: "lightning-bolts\nacme-models-internal==1.2\n"},
        title="a distribution whose name resembles the module",
    )
    rule.allows(
        {
            "explore.ipynb": """
                {"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
                  "source": ["!pip install umap-learn==0.5\\n", "import umap, IPython\\n", "import google.colab"]}],
                  "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
                """,
            _APP: "pandas==2.2.2\n",
        },
        title="a notebook that installs what it needs",
    )
