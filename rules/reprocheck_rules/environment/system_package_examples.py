"""Examples of ENV008."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_LOCKED = '[[package]]\nname = "wandb"\nversion = "0.17.5"\n\n[[package]]\nname = "torch"\nversion = "2.4.1+cu121"\n'


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    rule.flags(
        {
            "uv.lock": _LOCKED,
            "Dockerfile": """
            FROM scratch
            # expect: ENV008
            RUN python -m pip install -U wandb[media] 'torch>=2' \\
                  numpy==1.26.4
            # expect: ENV008
            RUN ["pip", "install", "wandb"]
            """,
            "setup.sh": "pip install torch wandb==0.17.5  # expect: ENV008\n",
        },
        title="what the lock has",
        fixed={
            "Dockerfile": """
            FROM scratch

            RUN python -m pip install -U wandb[media]==0.17.5 'torch==2.4.1' \\
                  numpy==1.26.4

            RUN ["pip", "install", "wandb==0.17.5"]
            """,
            "setup.sh": "pip install torch==2.4.1 wandb==0.17.5\n",
        },
    )
    rule.flags(
        {
            "uv.lock": _LOCKED,
            "explore.ipynb": """
            {"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
              "source": ["%pip install -q wandb \\"torch>=2\\" numpy==1.26.4\\n", "import torch\\n",
                "!pip install wandb"]}],
             "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
            """,
        },
        title="a notebook, and what the lock has",
        fixed={
            "explore.ipynb": """
            {"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
              "source": ["%pip install -q wandb==0.17.5 \\"torch==2.4.1\\" numpy==1.26.4\\n", "import torch\\n",
                "!pip install wandb==0.17.5"]}],
             "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
            """,
        },
    )
    rule.flags(
        """
    FROM pytorch/pytorch:2.4.1-cuda12.1-cudnn9-runtime
    RUN apt-get update && apt-get install -y \\
        git \\
        # expect: ENV008
        libcudnn8 \\
     && rm -rf /var/lib/apt/lists/*
    # expect: ENV008
    RUN pip install --no-cache-dir transformers datasets==2.20.0
    # expect: ENV008
    RUN python3 -m pip install --upgrade pip wandb && pip install "torch==2.4.1"
    # expect: ENV008
    RUN conda install -y -c conda-forge numpy pandas=2.2.2 && conda clean -a
    # expect: ENV008
    RUN uv pip install --system "scikit-learn>=1.3"
    """,
        file="Dockerfile",
    )
    rule.flags(
        """
    FROM python:3.11.9-slim
    # expect: ENV008
    RUN ["pip", "install", "lightgbm"]
    # expect: ENV008
    RUN --mount=type=cache,target=/root/.cache pip3 install 'jax[cuda12]' -f https://example.com/jax_releases.html
    RUN <<SCRIPT
    set -e
    # expect: ENV008
    pip install accelerate
    SCRIPT
    """,
        file="docker/train.Dockerfile",
    )
    rule.flags(
        """
    #!/bin/sh
    set -e
    conda create -y -n train python=3.11 pytorch  # expect: ENV008
    if [ -n "$GPU" ]; then
      sudo pip install cupy-cuda12x  # expect: ENV008
    fi
    mamba install -n train faiss-gpu  # expect: ENV008
    """,
        file="scripts/setup.sh",
    )
    rule.flags(
        """
    jobs:
      test:
        runs-on: ubuntu-24.04
        steps:
          - run: pip install torch  # expect: ENV008
          - name: test tools
            run: |
              python -m pip install --upgrade pip  # expect: ENV008
              sudo apt-get install -y libsndfile1 ffmpeg  # expect: ENV008
              pytest
    """,
        file=".github/workflows/test.yml",
        title="Notes",
    )
    rule.flags(
        """
    train:
      before_script:
        - apk add --no-cache build-base  # expect: ENV008
        - pip install dvc[s3]  # expect: ENV008
        - npm install -g @team/annotate  # expect: ENV008
        - gem install jekyll  # expect: ENV008
    """,
        file=".gitlab-ci.yml",
    )
    rule.flags(
        """
    {"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
      "source": ["!pip install -q transformers\\n", "import transformers"]}],
     "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    """,
        file="explore.ipynb",
    )
    rule.flags(
        """
    {"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [],
      "source": ["%pip install seaborn \\"numpy<2\\""]}],
     "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    """,
        file="plots.ipynb",
    )
    rule.flags(
        """
    from airflow.operators.python import PythonVirtualenvOperator
    from kfp import dsl

    @dsl.component(base_image="python:3.11.9", packages_to_install=["pandas", "pyarrow==16.1.0"])  # expect: ENV008
    def load(): ...

    @dsl.component(packages_to_install=["pandas==2.2.2", "pytest"])
    def check(): ...

    train = PythonVirtualenvOperator(
        task_id="train", python_callable=load, requirements=["xgboost>=2"]  # expect: ENV008
    )
    """,
        title="packages of steps",
    )
    rule.allows(
        "FROM scratch\nRUN pip install stacchip ==0.1.33\n", file="Dockerfile", title="a version that stands apart"
    )
    rule.allows(
        """
    FROM python:3.11.9-slim
    ARG TORCH_VERSION=2.4.1
    COPY . /app
    RUN pip install --no-cache-dir -r requirements.txt
    RUN pip install -e . --no-deps
    RUN pip install "torch==${TORCH_VERSION}" torchvision==0.19.1+cu121 --index-url https://download.pytorch.org/whl/cu121
    RUN pip install ./dist/train-1.0-py3-none-any.whl /wheels/*.whl
    RUN pip install -c constraints.txt transformers
    RUN pip install git+https://github.com/huggingface/transformers@052e652d6d53c2b26ffde87e039b723949a53493
    RUN pip install $EXTRA_PACKAGES
    RUN pip uninstall -y numpy && pip check && pip list
    """,
        file="Dockerfile",
    )
    rule.allows(
        """
    FROM alpine:3.20
    RUN apk add --no-cache --virtual .build-deps gcc=13.2.1_git20240309-r0
    RUN apt-get update && apt-get install -y libcudnn8=8.9.7.29-1+cuda12.2 ./tool.deb
    RUN yum install -y cuda-toolkit-12-2-12.2.2-1 && yum clean all
    RUN conda install -y -c pytorch pytorch=2.4.1 conda-forge::faiss-gpu==1.8.0
    RUN conda env create -f environment.yml && micromamba install --file conda-lock.yml
    RUN npm ci && npm install
    RUN npm install -g @team/annotate@1.4.0
    RUN gem install jekyll -v 4.3.3
    RUN echo "pip install torch"
    """,
        file="Dockerfile",
    )
    rule.allows(
        """
    #!/bin/bash
    # pip install torch
    echo "run: pip install torch"
    uv sync --frozen
    poetry install --no-root
    pip install -r requirements.txt -r requirements-dev.txt
    pip download torch
    cat <<EOF
    pip install torch
    EOF
    """,
        file="install.sh",
    )
