"""A build takes steps, machines or scripts from elsewhere under a name that may mean something else tomorrow.

## Why
An action at `@main`, the runner `ubuntu-latest` and `curl ... | sh` are replaced without notice: checks and builds that
passed fail, or pass for another reason, and whoever takes over such a name runs code with the secrets of the project.

## Fix
Name the commit: `uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2` (Dependabot and Renovate
keep it up to date), a runner by its version (`ubuntu-24.04`), and compare what is downloaded with a checksum first:
`curl -fsSLO URL && echo "HASH  FILE" | sha256sum -c`.

## Notes
Only notes (pack `strict`) are tags of actions, such as `@v4`, runners named `latest`, and installers whose address
names a version. Actions of the same repository are not reported, nor are workflows below the root, which no service
runs; `docker://` images are ENV007. Downloads are looked for in configurations of build services, Dockerfiles and
shell scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import (
    DockerfileView,
    Mapping,
    Match,
    Node,
    Rule,
    Scalar,
    Sequence,
    Severity,
    ShellView,
    TreeView,
    shell_commands,
    walk,
)
from reprocheck_rules.environment.downloads import moving_downloads
from reprocheck_rules.environment.scripts import ci_scripts

rule = Rule("ENV014", "unpinned-ci", __doc__)

_WORKFLOW = re.compile(r"(^|/)\.(github|gitea)/(workflows|actions)/.+\.ya?ml$|(^|/)action\.ya?ml$")
_CIRCLE = re.compile(r"(^|/)\.circleci/[^/]+\.ya?ml$")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCHES = frozenset(
    {
        "main", "master", "develop", "development", "dev", "trunk", "head", "latest", "stable", "nightly", "next",
        "beta", "edge", "staging", "prod", "production", "unstable", "canary",
    }
)  # fmt: skip
_COMPLETE = re.compile(r"\d+\.\d+\.\d+")
_MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")


@rule.on_tree
def check_tree(view: TreeView) -> Iterator[Match]:
    """Actions, runners, orbs and scripts of a build service."""
    if view.kind != "yaml":
        return
    for root in view.document.roots:
        if _WORKFLOW.search(view.path) and not _is_copied(view.path):
            yield from _workflow(root)
        elif _CIRCLE.search(view.path) and isinstance(root, Mapping):
            yield from _orbs(root.get("orbs"))
    for script in ci_scripts(view):
        yield from moving_downloads(script)


def _is_copied(path: str) -> bool:
    """Whether a workflow came along with somebody's project: services run those at the root only."""
    return "/.github/workflows/" in path or "/.gitea/workflows/" in path


@rule.on_dockerfile
def check_dockerfile(view: DockerfileView) -> Iterator[Match]:
    """Every RUN."""
    for instruction in view.dockerfile.instructions:
        if instruction.name == "RUN":
            yield from moving_downloads(shell_commands(instruction))


@rule.on_shell
def check_shell(view: ShellView) -> Iterator[Match]:
    """Every command of a script."""
    yield from moving_downloads(view.commands)


def _workflow(root: Node) -> Iterator[Match]:
    for path, node in walk(root):
        if not isinstance(node, Mapping):
            continue
        is_job = path[:-1] == ("jobs",)
        if is_job or path[-2:-1] == ("steps",):
            yield from _action(node.get("uses"))
        if is_job:
            yield from _runners(node)


def _action(node: Node | None) -> Iterator[Match]:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    written = node.value.strip()
    if written.startswith(("./", "docker://")) or "${{" in written or "/" not in written:
        return
    name, _, version = written.partition("@")
    if _COMMIT.fullmatch(version):
        return
    if not version or version.lower() in _BRANCHES:
        at = f"`{version}` of `{name}` is" if version else f"`{name}` names no version: it is"
        yield Match(span=node.span, message=f"{at} whatever was pushed there last: name a commit")
        return
    message = f"the tag `{version}` of `{name}` can be moved to other code: name its commit"
    yield Match(span=node.span, message=message, severity=Severity.NOTE)


def _runners(job: Mapping) -> Iterator[Match]:
    for text in _runner_texts(job):
        label = str(text.value)
        if label.endswith("-latest"):
            message = f"`{label}` is moved to a newer system every year or two: name its version"
            yield Match(span=text.span, message=message, severity=Severity.NOTE)


def _runner_texts(job: Mapping) -> Iterator[Scalar]:
    runner = job.get("runs-on")
    key = _MATRIX.fullmatch(str(runner.value)) if isinstance(runner, Scalar) else None
    if key is None:
        yield from _texts(runner)
        return
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, Mapping) else None
    if isinstance(matrix, Mapping):
        yield from _texts(matrix.get(key[1]))
        included = matrix.get("include")
        for item in included.items if isinstance(included, Sequence) else ():
            if isinstance(item, Mapping):
                yield from _texts(item.get(key[1]))


def _texts(node: Node | None) -> Iterable[Scalar]:
    items = node.items if isinstance(node, Sequence) else (node,)
    return [item for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]


def _orbs(node: Node | None) -> Iterator[Match]:
    for entry in node.entries if isinstance(node, Mapping) else ():
        value = entry.value
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            continue
        name, _, version = value.value.partition("@")
        if version in {"volatile", ""} or version.startswith("dev:"):
            yield Match(span=value.span, message=f"`{value.value}` is whatever was published last: name a version")
        elif not _COMPLETE.match(version):
            message = f"`{name}` at `{version}` moves with every release: name all three numbers"
            yield Match(span=value.span, message=message, severity=Severity.NOTE)


rule.flags(
    """
    name: tests
    on: [push]
    jobs:
      test:
        runs-on: ubuntu-latest  # expect: ENV014
        steps:
          - uses: actions/checkout@v4  # expect: ENV014
          - uses: pypa/gh-action-pip-audit@main  # expect: ENV014
          - uses: ./.github/actions/prepare
          - uses: actions/setup-python@0b93645e9fea7318ecaed2b359559ac225c90a2b # v5.3.0
          - run: curl -LsSf https://example.com/install.sh | sh  # expect: ENV014
          - run: |
              set -e
              wget -qO- https://example.com/setup | sudo bash -  # expect: ENV014
              bash <(curl -s https://codecov.example.com/bash)  # expect: ENV014
      publish:
        uses: octo-org/shared/.github/workflows/publish.yml@master  # expect: ENV014
    """,
    file=".github/workflows/test.yml",
)
rule.flags(
    """
    jobs:
      build:
        strategy:
          matrix:
            os: [ubuntu-22.04, windows-latest]  # expect: ENV014
            include:
              - os: macos-latest  # expect: ENV014
        runs-on: ${{ matrix.os }}
        steps:
          - uses: dtolnay/rust-toolchain@stable  # expect: ENV014
    """,
    file=".github/workflows/build.yml",
)
rule.flags(
    """
    version: 2.1
    orbs:
      node: circleci/node@volatile  # expect: ENV014
      python: circleci/python@2.1  # expect: ENV014
    """,
    file=".circleci/config.yml",
)
rule.flags(
    """
    FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04
    # expect: ENV014
    RUN wget https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh -O conda.sh && bash conda.sh -b
    # expect: ENV014
    RUN curl -sSL https://install.python-poetry.org | python3 -
    # expect: ENV014
    RUN curl -LO https://github.com/example/tool/releases/latest/download/tool_linux.tar.gz && tar xf tool_linux.tar.gz
    """,
    file="Dockerfile",
)
rule.flags(
    """
    #!/bin/sh
    curl https://raw.githubusercontent.com/example/tool/main/install.sh | bash -s -- --yes  # expect: ENV014
    sh -c "$(curl -fsSL https://example.com/install.sh)"  # expect: ENV014
    """,
    file="setup.sh",
)
rule.flags(
    """
    #!/bin/bash
    curl -fsSL https://get.docker.example.com -o get-docker.sh  # expect: ENV014
    sudo sh get-docker.sh
    wget -q https://example.com/setup.sh && chmod +x setup.sh && ./setup.sh  # expect: ENV014
    curl -sO https://example.com/tools/get-pip.py  # expect: ENV014
    python3 get-pip.py --user
    curl -s https://example.com/env > /tmp/env.sh  # expect: ENV014
    source /tmp/env.sh
    wget --output-document=/opt/conda.sh https://example.com/conda.sh  # expect: ENV014
    bash /opt/conda.sh -b -p /opt/conda
    """,
    file="install.sh",
    title="downloads that are run from a file",
)
rule.allows(
    """
    #!/bin/bash
    wget -q https://example.com/train.csv
    python train.py
    curl -fsSL https://example.com/settings.sh -o settings.sh
    bash other.sh settings.sh
    curl -o model.onnx https://example.com/model.onnx
    python serve.py model.onnx
    wget -O - https://example.com/health
    sh start.sh
    """,
    file="start.sh",
    title="downloads that are data",
)
rule.allows(
    """
    # Copy this to .env and fill it in.
    #MLFLOW_TRACKING_URI=http://127.0.0.1:5000
    """,
    file=".env.example",
    title="No command at all",
)
rule.allows(
    """
    name: tests
    jobs:
      test:
        runs-on: ubuntu-24.04
        steps:
          - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683
          - uses: ./.github/actions/prepare
          - uses: docker://alpine:3.20
          - run: curl -fsS https://example.com/health
          - run: |
              curl -fsSLo tool.tar.gz https://example.com/latest/tool.tar.gz
              echo "$HASH  tool.tar.gz" | sha256sum -c
              tar xf tool.tar.gz
          - run: curl -s https://api.example.com/runs | jq .
        env:
          uses: example/example@main
    """,
    file=".github/workflows/test.yml",
)
rule.allows(
    """
    jobs:
      gpu:
        runs-on: [self-hosted, gpu]
        steps:
          - name: uses the main branch
            run: echo "uses actions/checkout@main"
      matrix:
        strategy:
          matrix:
            runner: [ubuntu-22.04, ubuntu-24.04]
        runs-on: ${{ matrix.runner }}
        steps: []
    """,
    file=".github/workflows/gpu.yml",
)
rule.allows(
    """
    orbs:
      python: circleci/python@2.1.1
    """,
    file=".circleci/config.yml",
)
rule.allows(
    """
    FROM python:3.11.9-slim
    RUN curl -fsSLO https://example.com/latest/tool.sh && echo "0b5e...  tool.sh" | sha256sum --check - && sh tool.sh
    RUN wget https://repo.anaconda.com/miniconda/Miniconda3-py311_24.7.1-0-Linux-x86_64.sh
    RUN curl -O https://example.com/data/latest/train.csv
    """,
    file="Dockerfile",
)
rule.allows(
    """
    steps:
      - uses: example/example@main
        with: {runs-on: ubuntu-latest}
    """,
    file="configs/steps.yaml",
)
rule.allows(
    """
    jobs:
      test:
        runs-on: ubuntu-24.04
        steps:
          - uses: octo-org/setup@main
    """,
    file="vendored/.github/workflows/test.yml",
)
