"""A command installs packages without saying which version, so that each build or run gets another environment.

## Why
`pip install torch` in a Dockerfile, a notebook or a job takes the newest release of that day. A rebuild next month has
other numerics, other defaults or no longer works, although no line of the project changed.

## Fix
Name the version (`torch==2.4.1`, `conda install numpy=1.26.4`, `libcudnn8=8.9.7.29-1+cuda12.2`), or install from a
lock file (`pip install -r requirements.txt` with exact versions, `uv sync --frozen`, `conda-lock install`).

## Notes
One finding for each command, and for each list that code gives to a step of Kubeflow or Airflow, with its packages.
Paths, wheels, addresses, `-r`, `-c` and versions in variables are not reported. Only a note (pack `strict`) are
packages of the operating system, because distributions remove old versions from their archives, except those of CUDA;
installers and tools for tests and formatting; and whatever a build service installs; and upgrades of the whole system.
Covers what hadolint reports as DL3008 (apt), DL3013 (pip), DL3016 (npm), DL3018 (apk), DL3028 (gem), DL3033 (yum),
DL3037 (zypper), DL3041 (dnf), DL3062 (go) and, as upgrades, DL3005, DL3017, DL3031, DL3035 and DL3039; DL3006 and
DL3007 (images) are ENV007.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import (
    HOLE,
    Call,
    DockerfileView,
    Fix,
    Match,
    NotebookView,
    ReplaceText,
    Rule,
    Safety,
    Severity,
    ShellCommand,
    ShellView,
    Span,
    TreeView,
    shell_commands,
)
from reprocheck_rules.environment.installs import Install, Package, install, package_of, upgrade_of
from reprocheck_rules.environment.scripts import ci_scripts, notebook_commands

rule = Rule("ENV008", "unpinned-system-package", __doc__)

_LANGUAGE_MANAGERS = frozenset({"pip", "conda", "mamba", "micromamba"})
_ACCELERATOR = re.compile(r"(lib)?(cuda|cudnn|cublas|nccl|nvinfer|tensorrt|cutensor|rocm|hip|miopen|nvidia-cu)[\w.+-]*")
_TOOLS = frozenset(
    {
        "pip", "setuptools", "wheel", "build", "twine", "pytest", "flake8", "black", "ruff", "isort", "mypy", "pylint",
        "pre-commit", "tox", "nox", "coverage", "codecov", "hatch", "poetry", "pdm", "uv", "virtualenv", "pipenv",
        "ninja", "cmake", "pip-tools", "conda", "mamba", "conda-build", "conda-lock", "jupyter", "jupyterlab",
        "notebook",
        "ipykernel", "ipython", "nbconvert", "nbval", "gdown", "awscli", "kaggle", "packaging", "nvitop",
        "gpustat",
        "debugpy", "yapf", "autopep8", "bandit", "sphinx", "mkdocs", "pipx", "nodejs", "git", "make", "gh",
    }
)  # fmt: skip
"""They shape no result."""
_STEPS = (
    "kfp.dsl.component",
    "kfp.v2.dsl.component",
    "kfp.components.create_component_from_func",
    "kfp.components.func_to_container_op",
    "airflow.operators.python.PythonVirtualenvOperator",
    "airflow.decorators.task.virtualenv",
)
_LISTS = ("packages_to_install", "requirements")
_SERVICE_FOLDER = re.compile(r"(^|/)\.?(ci|github|gitlab|circleci|travis|buildkite|jenkins|azure-pipelines)/")
"""Where scripts of build services lie."""
_NAMED = 4


@rule.on_dockerfile
def check_dockerfile(view: DockerfileView) -> Iterator[Match]:
    """Every RUN."""
    for instruction in view.dockerfile.instructions:
        if instruction.name == "RUN":
            yield from _check(shell_commands(instruction), "build", pins=_Pins(view))


@rule.on_notebook
def check_notebook(view: NotebookView) -> Iterator[Match]:
    """Every command of a cell."""
    yield from _check(notebook_commands(view), "run of the notebook", pins=_Pins(view))


@rule.on_shell
def check_shell(view: ShellView) -> Iterator[Match]:
    """Every command of a script."""
    severity = Severity.NOTE if _SERVICE_FOLDER.search(view.path) else None
    yield from _check(view.commands, "run of the script", severity=severity, pins=_Pins(view))


@rule.on_tree
def check_tree(view: TreeView) -> Iterator[Match]:
    """Every script of a build service."""
    for script in ci_scripts(view):
        yield from _check(script, "job", severity=Severity.NOTE)


@rule.on_call(*_STEPS)
def check_step(call: Call) -> Iterator[Match]:
    """Every list of packages that code gives to a step of a pipeline."""
    for name in _LISTS:
        node = call.argument(name)
        if isinstance(node, ast.List | ast.Tuple) and not call.module.is_test:
            texts = [(call.text(item), item) for item in node.elts]
            found = [package_of(text, call.module.span(item)) for text, item in texts if text and HOLE not in text]
            loose = [package for package in found if package is not None and not package.pinned]
            install = Install("pip", name, tuple(loose))
            weighty = [package for package in loose if _matters(install, package)]
            if weighty:
                yield _match(install, weighty, "run of the step", None, None)


class _Pins:
    """Versions that the locks of the project have, written into commands."""

    def __init__(self, view: DockerfileView | ShellView | NotebookView) -> None:
        self._view = view

    def fix(self, found: Install, packages: list[Package]) -> Fix | None:
        """Installs what the locks have; None where they don't have all of it."""
        edits = [self._edit(package) for package in packages]
        if found.manager != "pip" or None in edits:
            return None
        return Fix("install the versions that the lock has", Safety.SAFE, tuple(filter(None, edits)))

    def _edit(self, package: Package) -> ReplaceText | None:
        exact = self._view.versions.locked_one(package.name)
        word = package.word
        stem = word.text.strip().removesuffix(package.version).rstrip()
        if not exact or ";" in stem:
            return None
        written = self._view.source.slice(word.span)
        if written.strip("\"'") == word.text:
            new = written.replace(word.text, f"{stem}=={exact}")
            return ReplaceText(word.span, written, new, in_file=True)
        return self._inside(written, package, f"{stem}=={exact}")

    def _inside(self, written: str, package: Package, new: str) -> ReplaceText | None:
        """The word where it stands once in a text of JSON, in which its quotes are escaped."""
        span, old = package.word.span, package.word.text
        found = list(re.finditer(rf"(?<![\w.\[-]){re.escape(old)}(?![\w.\[=<>~!-])", written))
        if span.line != span.end_line or len(found) != 1 or '"' in old or "\\" in old:
            return None
        column = span.column + found[0].start()
        return ReplaceText(Span(span.line, column, span.line, column + len(old)), old, new, in_file=True)


def _check(
    commands: Iterable[ShellCommand], when: str, *, severity: Severity | None = None, pins: _Pins | None = None
) -> Iterator[Match]:
    for command in commands:
        upgrade = upgrade_of(command)
        if upgrade is not None:
            message = (
                f"`{upgrade[0]}` replaces every package of the system by that day's: start from a newer image instead"
            )
            yield Match(span=upgrade[1].span, message=message, severity=Severity.NOTE)
        found = install(command)
        if found is None:
            continue
        loose = [package for package in found.packages if not package.pinned]
        weighty = [package for package in loose if _matters(found, package)]
        if weighty:
            yield _match(found, weighty, when, severity, pins)
        elif loose:
            yield _match(found, loose, when, Severity.NOTE, pins)


def _matters(found: Install, package: Package) -> bool:
    name = package.name.lower()
    if found.manager in _LANGUAGE_MANAGERS:
        return name not in _TOOLS and not name.startswith(
            ("pytest-", "flake8-", "jupyter", "sphinx-", "mkdocs-", "types-")
        )
    return _ACCELERATOR.fullmatch(name) is not None


def _match(found: Install, packages: list[Package], when: str, severity: Severity | None, pins: _Pins | None) -> Match:
    names = list(dict.fromkeys(package.name + package.version for package in packages))
    listed = ", ".join(f"`{name}`" for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    message = f"`{found.action}` names no exact version of {listed}{more}: each {when} takes the newest one"
    fix = None if pins is None else pins.fix(found, packages)
    return Match(span=packages[0].word.span, message=message, severity=severity, fix=fix)


_LOCKED = '[[package]]\nname = "wandb"\nversion = "0.17.5"\n\n[[package]]\nname = "torch"\nversion = "2.4.1+cu121"\n'
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
rule.allows("FROM scratch\nRUN pip install stacchip ==0.1.33\n", file="Dockerfile", title="a version that stands apart")
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
