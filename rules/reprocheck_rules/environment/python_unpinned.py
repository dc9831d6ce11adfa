"""No file says which Python runs this, or two files say it differently.

## Why
The interpreter decides which versions of packages can be installed at all, and with them the numbers: the newest NumPy
for Python 3.8 is years older than the one for 3.13. Where an image and a manifest disagree, the build fails or one of
them is not what was tested.

## Fix
Say it once where all tools look: `requires-python = ">=3.11,<3.12"` in pyproject.toml, `3.11` in `.python-version`,
`python=3.11` in the conda environment; and build images from that version. `scan --fix` writes down what the lock or
the build service says.

## Notes
Compared are manifests, `.python-version`, `runtime.txt` and base images of the same folder, each kind with the others;
ranges that some version fits agree. That nothing names a version is reported once, for projects that are run and have
a manifest, with medium confidence: low for libraries, where a build service or a page names it, and where the
base image brings a Python of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.dependencies import SourceKind, overlap
from reprocheck_rules.environment.interpreters import Interpreter, images, interpreters, named_by_jobs
from reprocheck_rules.environment.manifests import is_auxiliary, is_library, manifests
from reprocheck_rules.environment.pages import Pages, texts_of
from reprocheck_rules.environment.python_fixes import name_python

rule = Rule("ENV006", "python-unpinned", __doc__)

_STATED = "Programming Language :: Python :: 3."


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Pairs that exclude each other; else at most one finding for a project that names no version."""
    named = list(interpreters(project))
    reported: set[str] = set()
    for left, right in combinations(named, 2):
        # Two images, or two environments, of one folder are variants for different machines or parts.
        together = left.folder == right.folder and left.form != right.form and right.path not in reported
        if together and overlap(left.specifier, right.specifier) is False:
            reported.add(right.path)
            yield _conflict(project, left, right)
    if not named:
        yield from _unnamed(project)


def _conflict(project: Project, left: Interpreter, right: Interpreter) -> Match:
    message = f"{right.written} is not what `{left.path}` asks for, {left.written}: one of them is not what runs"
    note = project.note(left.path, left.span, "named here")
    return project.match(right.path, right.span, message, trail=[note])


def _unnamed(project: Project) -> Iterator[Match]:
    listed = [manifest for manifest in manifests(project) if manifest.dependencies and not is_auxiliary(manifest)]
    if not listed or not project.entries:
        return
    first = min(listed, key=lambda manifest: (manifest.path.count("/"), manifest.path))
    if first.kind is SourceKind.SETUP_PY and any(
        text.startswith(_STATED) for text in project.of_file(texts_of, first.path)
    ):
        return
    brought = bool(images(project))
    weak = named_by_jobs(project) or brought or is_library(project, first) or project.once(Pages).names_python()
    message = "no file says which Python this runs on: the interpreter decides which versions can be installed"
    confidence = Confidence.LOW if weak else Confidence.MEDIUM
    fix = name_python(project, first)
    yield project.match(first.path, first.dependencies[0].span, message, confidence=confidence, fix=fix)


_PROGRAM = "import torch\n\nif __name__ == '__main__':\n    print(torch.ones(3))\n"
rule.flags({"train.py": _PROGRAM, "requirements.txt": "torch==2.4.1  # expect: ENV006\n"})
rule.flags(
    {
        "pyproject.toml": '[project]\nname = "t"\nrequires-python = ">=3.11"\ndependencies = ["torch"]\n',
        "Dockerfile": "# expect: ENV006\nFROM python:3.9-slim\nCOPY . .\n",
    }
)
rule.flags(
    {
        ".python-version": "3.10\n",
        "environment.yml": "dependencies:\n  - python=3.11  # expect: ENV006\n  - numpy\n",
    }
)
rule.flags(
    {
        "setup.py": "from setuptools import setup\n\nsetup(name='t', python_requires='>=3.8,<3.11')\n",
        "docker/Dockerfile": "# expect: ENV006\nFROM pytorch/pytorch:2.4.1-py3.12\n",
    }
)
rule.flags(
    {
        "Pipfile": '[packages]\ntorch = "*"\n\n[requires]\npython_version = "3.9"  # expect: ENV006\n',
        ".python-version": "3.12.4\n",
    }
)
rule.flags(
    {
        "pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.11'\ntorch = '*'\n",
        "docker-compose.yml": "services:\n  train:\n    image: python:3.10.14  # expect: ENV006\n",
    }
)
rule.flags(
    {"serve/app.py": _PROGRAM, "serve/environment.yml": "dependencies:\n  - pytorch=2.4.1  # expect: ENV006\n"},
    title="an environment without Python",
)
_JOB = """
    jobs:
      test:
        strategy:
          matrix:
            python-version: ["3.10", "3.11"]
        steps:
          - uses: actions/setup-python@v5
            with:
              python-version: ${{ matrix.python-version }}
    """
rule.flags(
    {
        "train.py": _PROGRAM,
        "pyproject.toml": """
            [project]
            name = "t"
            version = "1.0"  # of ours
            dependencies = [
              "torch==2.4.1",  # expect: ENV006
            ]
            """,
        ".github/workflows/test.yml": _JOB,
    },
    title="jobs name it, the manifest doesn't",
    fixed={
        "pyproject.toml": """
            [project]
            name = "t"
            version = "1.0"  # of ours
            requires-python = ">=3.10"
            dependencies = [
              "torch==2.4.1",
            ]
            """
    },
)
rule.flags(
    {
        "train.py": _PROGRAM,
        "requirements.txt": "torch==2.4.1  # expect: ENV006\n",
        ".github/workflows/test.yml": _JOB.replace('"3.10", ', ""),
    },
    title="jobs name one, and there is no place in the manifest",
    fixed={".python-version": "3.11\n"},
)
rule.flags(
    {
        "train.py": _PROGRAM,
        "pyproject.toml": '[project]\nname = "t"\ndependencies = ["torch"]  # expect: ENV006\n',
        "requirements.txt": "# This file is autogenerated by pip-compile with Python 3.12\n"
        "#    pip-compile pyproject.toml\ntorch==2.4.1\n    # via t (pyproject.toml)\n",
    },
    title="the lock was made with one",
    fixed={"pyproject.toml": '[project]\nname = "t"\nrequires-python = ">=3.12"\ndependencies = ["torch"]\n'},
)
rule.allows({"train.py": _PROGRAM, "requirements.txt": "torch==2.4.1\n", ".python-version": "3.11\n"})
rule.allows(
    {
        "train.py": _PROGRAM,
        "pyproject.toml": '[project]\nname = "t"\nrequires-python = ">=3.10"\ndependencies = ["torch"]\n',
        "Dockerfile": "FROM python:3.11.9-slim\n",
        ".python-version": "3.11\n",
    }
)
rule.allows({"train.py": _PROGRAM, "environment.yml": "dependencies:\n  - python=3.11\n  - pytorch\n"})
rule.allows(
    {
        "train/requirements.txt": "torch\n",
        "train/Dockerfile": "FROM python:3.11\n",
        "serve/Pipfile": '[packages]\n\n[requires]\npython_version = "3.9"\n',
    },
    title="two parts, two versions",
)
rule.allows(
    {
        "train.py": _PROGRAM,
        "requirements.txt": "torch==2.4.1\n",
        ".devcontainer.json": '{"image": "mcr.microsoft.com/devcontainers/python:3.11"}',
    },
    title="named by a development container",
)
rule.allows(
    {
        "train.py": _PROGRAM,
        "cpu.yml": "channels: [conda-forge]\ndependencies:\n  - python=3.11\n",
        "gpu.yml": "channels: [conda-forge]\ndependencies:\n  - python=3.12\n",
    },
    title="environments for different machines",
)
rule.allows({"train.py": _PROGRAM}, title="no manifest, which ENV002 reports")
rule.allows(
    {"net.py": "import torch\n\n\ndef net():\n    return 1\n", "requirements.txt": "torch\n"}, title="no program"
)
rule.allows(
    {
        "pyproject.toml": '[project]\nname = "t"\nrequires-python = ">=3.11"\ndependencies = ["torch"]\n',
        "Dockerfile": "FROM python:3.11 AS build\nFROM debian:12\nCOPY --from=python:3.9 /x /x\n",
    },
    title="an image that only files are copied from",
)
