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
Left out are packages whose version the project records and which an earlier command of the same image, script or
notebook has installed from its lock or list: pip and uv keep them as they are, unless they are told to upgrade.
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
from reprocheck_rules.environment.already_installed import Installed
from reprocheck_rules.environment.installs import Install, Package, install, package_of, upgrade_of
from reprocheck_rules.environment.scripts import ci_scripts, notebook_commands
from reprocheck_rules.environment.system_package_examples import show

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
    """Every RUN, stage by stage."""
    stages: list[list[ShellCommand]] = [[]]
    for instruction in view.dockerfile.instructions:
        if instruction.name == "FROM":
            stages.append([])
        elif instruction.name == "RUN":
            stages[-1] += shell_commands(instruction)
    for commands in stages:
        yield from _check(commands, "build", pins=_Pins(view))


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
        self.view = view

    def fix(self, found: Install, packages: list[Package]) -> Fix | None:
        """Installs what the locks have; None where they don't have all of it."""
        edits = [self._edit(package) for package in packages]
        if found.manager != "pip" or None in edits:
            return None
        return Fix("install the versions that the lock has", Safety.SAFE, tuple(filter(None, edits)))

    def _edit(self, package: Package) -> ReplaceText | None:
        exact = self.view.versions.locked_one(package.name)
        word = package.word
        stem = word.text.strip().removesuffix(package.version).rstrip()
        if not exact or ";" in stem:
            return None
        written = self.view.source.slice(word.span)
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
    before = Installed(pins.view if pins is not None else None)
    for command in commands:
        before.add(command)
        upgrade = upgrade_of(command)
        if upgrade is not None:
            message = (
                f"`{upgrade[0]}` replaces every package of the system by that day's: start from a newer image instead"
            )
            yield Match(span=upgrade[1].span, message=message, severity=Severity.NOTE)
        found = install(command)
        if found is None:
            continue
        loose = [package for package in found.packages if not package.pinned and not before.keeps(command, package)]
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


show(rule)
