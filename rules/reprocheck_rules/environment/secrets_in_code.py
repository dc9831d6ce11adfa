"""A key or token of a tracker, hub or service stands in a file of the project.

## Why
Whoever can read the repository, its history or an image built of it can use the account: read private models and data,
overwrite runs, spend money. And the code runs for one person only: others meet that account's limits, or write into
its projects.

## Fix
Revoke the key first, since it stays in the history. Then read it from the environment (`os.environ["WANDB_API_KEY"]`),
from the service's own login (`wandb login`, `hf auth login`, `~/.kaggle/kaggle.json`), or in containers and builds from
a secret (`RUN --mount=type=secret`, the build service's secrets).

## Notes
Known are the forms of Hugging Face, OpenAI, Anthropic, Weights & Biases, Kaggle, Neptune, Replicate, AWS, Azure
storage, Google, GitHub, GitLab, PyPI, npm and Slack, private keys, passwords in addresses, and random texts under names
such as `api_key` (medium confidence, which is how Comet's keys are found). Placeholders and examples are not reported;
in tests the confidence is low. The key itself is masked in all that is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import (
    Confidence,
    DockerfileView,
    Match,
    Module,
    NotebookView,
    RequirementsView,
    Rule,
    ShellView,
    Span,
    TreeView,
    find_secrets,
)

rule = Rule("ENV016", "secrets-in-code", __doc__, severity="error")

_TESTS = re.compile(r"(^|/)(tests?|testing|fixtures)/|(^|/)(test_[^/]*|[^/]*_test\.py|conftest\.py)$")
_LOCK = re.compile(r"(^|/)([\w.-]*\.lock|package-lock\.json|conda-lock\.ya?ml)$")


@rule.on_module()
def check_module(module: Module) -> Iterator[Match]:
    """The text of a module; a notebook's is looked at with its outputs."""
    if not module.notebook:
        yield from _check(module.source.path, module.source.text)


@rule.on_notebook
def check_notebook(view: NotebookView) -> Iterator[Match]:
    """The file with its text cells and outputs."""
    yield from _check(view.path, view.notebook.file.text)


@rule.on_dockerfile
def check_dockerfile(view: DockerfileView) -> Iterator[Match]:
    """The text of a Dockerfile."""
    yield from _check(view.path, view.source.text)


@rule.on_shell
def check_shell(view: ShellView) -> Iterator[Match]:
    """The text of a script, or of a file of variables such as `.env`."""
    yield from _check(view.path, view.source.text)


@rule.on_tree
def check_tree(view: TreeView) -> Iterator[Match]:
    """The text of a configuration."""
    yield from _check(view.path, view.source.text)


@rule.on_requirements
def check_requirements(view: RequirementsView) -> Iterator[Match]:
    """The text of a requirements file: addresses of private indices."""
    yield from _check(view.path, view.source.text)


def _check(path: str, text: str) -> Iterator[Match]:
    if _LOCK.search(path):
        return
    for secret in find_secrets(text):
        confidence = Confidence.HIGH if secret.certain else Confidence.MEDIUM
        message = f"{secret.kind} stands here for everyone to read and use: revoke it, and read it from the environment"
        yield Match(
            span=_span(text, secret.start, secret.end),
            message=message if secret.certain else f"what looks like {message}",
            confidence=Confidence.LOW if _TESTS.search(path) else confidence,
        )


def _span(text: str, start: int, end: int) -> Span:
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    last = min(end, position) if (position := text.find("\n", start)) >= 0 else end
    return Span(line, column, line, column + last - start)


# Pieces, so that these lines themselves hold nothing that looks like a key.
_HEX = "9f3a7c" + "1e5b28d04c6f" + "7a913be2" + "05d84c61fa2793"
_LETTERS = "QwErTzUiOpAs" + "DfGhJkLyXcVb" + "NmQaWsEdRf"
_MIXED = "aB3dE5gH7jK9" + "mN1pQ2rS4tU6vW8xYz"

rule.flags(
    f"""
    import wandb
    from huggingface_hub import login

    wandb.login(key="{_HEX}")  # expect: ENV016
    login(token="hf_{_LETTERS}")  # expect: ENV016
    # old: hf_{_LETTERS}  # expect: ENV016
    experiment = Experiment(api_key="{_MIXED}", project="cats")  # expect: ENV016
    s3 = boto3.client("s3", aws_access_key_id="AKIA{"Q3M7PZ2XK5" + "RWB6TC"}")  # expect: ENV016
    """
)
rule.flags(
    f"""
    import os

    os.environ["WANDB_API_KEY"] = "{_HEX}"  # expect: ENV016
    os.environ["KAGGLE_KEY"] = "{_HEX[:32]}"  # expect: ENV016
    run = neptune.init_run(api_token="{"eyJhcGlfYWRk" + "cmVzcyI6" + _MIXED * 3}=")  # expect: ENV016
    """
)
rule.flags(
    f"""
    FROM python:3.11.9-slim
    # expect: ENV016
    ENV WANDB_API_KEY={_HEX}
    # expect: ENV016
    RUN git clone https://bot:{"ghp" + "_" + _LETTERS + "a1"}@github.com/team/private.git
    """,
    file="Dockerfile",
)
rule.flags(
    f"""
    tracker:
      name: comet
      api_key: {_MIXED}  # expect: ENV016
    hub: {{token: "hf_{_LETTERS}"}}  # expect: ENV016
    """,
    file="configs/tracker.yaml",
)
rule.flags(
    f"""
    MLFLOW_TRACKING_URI=https://mlflow.example.org
    COMET_API_KEY={_MIXED}
    """,
    file=".env",
)
rule.flags(
    f"""
    --extra-index-url https://reader:{_MIXED}@packages.team.org/simple
    torch==2.4.1
    """,
    file="requirements.txt",
)
rule.flags(
    f"""
    {{"cells": [{{"cell_type": "code", "execution_count": 1, "metadata": {{}}, "outputs": [],
      "source": ["!wandb login {_HEX}"]}}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}
    """,
    file="explore.ipynb",
)
rule.allows(
    f"""
    import os

    import wandb

    wandb.login(key=os.environ["WANDB_API_KEY"])
    wandb.login(key="{"0" * 40}")
    login(token="hf_{"x" * 34}")
    login(token="hf_YOUR_TOKEN_HERE_abcdefghijklmnopqrst")
    client = OpenAI(api_key="sk-...")
    api_key = "<your-api-key>"
    access_token = config["access_token"]
    REVISION = "{_HEX}"
    checksum = dict(sha1="{_HEX}")
    """
)
rule.allows(
    """
    AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
    api_key = "put_your_key_in_the_environment"
    secret_key_name = "projects/team/secrets/wandb-key"
    auth_token_field = "authorization_header_field_name"
    tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased", pad_token="[PAD]", revision=REVISION)
    url = "https://user:password@localhost:5000/model"
    address = f"https://{user}:{token}@github.com/team/repository.git"
    """
)
rule.allows(
    """
    FROM python:3.11.9-slim
    ARG WANDB_API_KEY
    ENV WANDB_API_KEY=${WANDB_API_KEY}
    RUN --mount=type=secret,id=hf HF_TOKEN=$(cat /run/secrets/hf) python fetch.py
    """,
    file="Dockerfile",
)
rule.allows(
    """
    WANDB_API_KEY=
    HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    COMET_API_KEY=changeme
    """,
    file=".env.example",
)
rule.allows(
    """
    env:
      WANDB_API_KEY: ${{ secrets.WANDB_API_KEY }}
      api_key: ${oc.env:COMET_API_KEY}
    """,
    file="configs/tracker.yaml",
)
