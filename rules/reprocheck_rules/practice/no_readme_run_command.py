"""The project has programs, and its read-me file shows no command that starts one.

## Why
Which of the programs makes the result, with which options, in which order? Who has to guess reproduces something else.

## Fix
One block in the read-me file, from a fresh clone to the number in the paper: install, get the data, train, evaluate.

## Notes
Any command in a code block counts that starts Python, a script, a pipeline, make, a container or one of the project's
own commands. Notebooks are started by opening them, so that projects of notebooks alone are left out.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import WHOLE_FILE, Match, Note, Practice, Project, Rule, not_applicable
from reprocheck.rulekit.facts import Command
from reprocheck_rules.practice.observed import counted, gap_at_root, is_demonstration, is_test_path, listed

rule = Rule("PRJ012", "no-readme-run-command", __doc__, severity="note")

_STARTS = re.compile(
    r"^(python[\d.]*|torchrun|accelerate|deepspeed|horovodrun|mpirun|srun|sbatch|make|just|task|dvc|mlflow|snakemake|kedro|zenml|jupyter"
    r"|docker|docker-compose|podman|bash|sh|poetry|uv|pdm|hatch|rye|pipenv|conda|streamlit|uvicorn|gunicorn|flask|papermill|nohup|sudo"
    r"|ray|kubectl|helm|invoke|pixi|metaflow|prefect|airflow|bentoml|gradio|runai|sky|modal|CUDA_VISIBLE_DEVICES=\S+|xvfb-run|time)$"
)
_INSTALLS = re.compile(
    r"\b(install|venv|virtualenv|create|activate|clone|add|sync|shell|lock|upgrade|pull|build|init|ensurepip)\b"
)
_SCRIPT = re.compile(r"\.(py|sh|ipynb)$")


@rule.on_practice
def check(project: Project) -> Practice:
    """Commands that read-me files show."""
    index = project.index
    package = any(manifest.package for manifest in index.dependencies.manifests)
    programs = [
        entry
        for entry in project.entries
        if entry.kind not in {"notebook", "step"}
        and not is_test_path(entry.path)
        and not (package and is_demonstration(project, entry))
    ]
    if not programs:
        return not_applicable("no program but notebooks")
    readmes = list(project.of_documents(_readmes))
    shown = list(project.of_documents(_shown))
    looked_at = f"{counted(len(readmes), 'read-me file')} and {counted(len(programs), 'program')}"
    if shown:
        return Practice(looked_at=looked_at, found=listed(shown))
    if not readmes:
        message = f"no read-me file says how to start any of {counted(len(programs), 'program')}"
        return Practice(looked_at=looked_at, gap=gap_at_root(project, message))
    readme = min(readmes, key=lambda path: (path.count("/"), path))
    message = f"shows no command that starts one of {counted(len(programs), 'program')}"
    return Practice(looked_at=looked_at, gap=Match(span=WHOLE_FILE, message=message, path=readme))


def _readmes(project: Project, path: str) -> Iterator[str]:
    if project.index.documents[path].kind == "readme":
        yield path


def _shown(project: Project, path: str) -> Iterator[Note]:
    """Commands of a read-me file that start a program."""
    document = project.index.documents[path]
    if document.kind == "readme":
        own = project.value_of(own_commands)
        for command in document.shown:
            if _starts(command, own):
                yield Note(command.span, f"shows `{_short(command)}`", path)


def own_commands(project: Project) -> frozenset[str]:
    """Names under which the project's programs are installed."""
    return frozenset(project.of_documents(_installed))


def _installed(project: Project, path: str) -> Iterator[str]:
    for setting in project.index.documents[path].settings:
        if setting.key.startswith(("project.scripts.", "tool.poetry.scripts.")):
            yield setting.key.rpartition(".")[2]


def _starts(command: Command, own: frozenset[str]) -> bool:
    words = command.words
    first = words[0].rpartition("/")[2]
    if first in own or _SCRIPT.search(words[0]):
        return True
    if not _STARTS.match(first):
        return False
    line = " ".join(words)
    return bool(
        len(words) > 1
        and (any(_SCRIPT.search(word) and word != "setup.py" for word in words) or not _INSTALLS.search(line))
    )


def _short(command: Command) -> str:
    line = " ".join(command.words)
    return line if len(line) <= 60 else line[:59] + "…"  # noqa: PLR2004 — what fits on a line beside its place


_CODE = {"train.py": "import sys\n\nif __name__ == '__main__':\n    print(sys.argv)\n"}


def _with(text: str, name: str = "README.md") -> dict[str, str]:
    return {**_CODE, name: text}


rule.flags(_CODE, title="No read-me file")
rule.flags(_with("# Net\n\nCode of our paper.\n"))
rule.flags(_with("# Net\n\n```bash\npip install -r requirements.txt\n```\n"), title="Installs and stops there")
rule.flags(_with("# Net\n\n```python\nfrom net import Net\nNet()\n```\n"))
rule.flags(_with("# Net\n\n```\ngit clone https://example.org/net.git\nconda create -n net\n```\n"))
rule.flags(_with("Net\n===\n\nTo be written.\n", "README.rst"))
rule.allows(_with("# Net\n\n```bash\npython train.py --seed 1\n```\n"))
rule.allows(_with("# Net\n\nRun `python train.py` first.\n"))
rule.allows(_with("# Net\n\n    $ make train\n"))
rule.allows(_with("Net\n===\n\nUsage::\n\n    ./train.py --seed 1\n", "README.rst"))
rule.allows(_with("# Net\n\n```\ndocker run --rm net\n```\n"))
rule.allows(
    {"notes.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "README.md": "# Notes\n"}
)
