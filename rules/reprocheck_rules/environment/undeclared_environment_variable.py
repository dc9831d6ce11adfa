"""The code fails without an environment variable that no file of the project sets or mentions.

## Why
Who clones the project learns of the variable from a `KeyError`, and has to guess what the author had in it: a data
folder, a tracking server, a switch that changes the result.

## Fix
Give it a default (`os.environ.get("DATA_ROOT", "data")`), or say what it is: in `.env.example`, in the Dockerfile or
compose file, in the README.

## Notes
Reported are reads that fail (`os.environ["NAME"]`), once for each variable; `os.getenv` without default gives None and
is left to the code. Looked at for the name are Dockerfiles (`ENV`, `ARG`), compose files, Kubernetes manifests, build
services, scripts, Makefiles, `.env*` and read-me files, and assignments in code. Variables of systems, launchers and
clusters are known, reads inside `try` or of names that the module asks for first are left out, and so are tests. Where
Terraform or pages of documentation may speak of it, the confidence is low.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Project, Rule, Span
from reprocheck.rulekit.facts import Call, DocumentFacts, FileFacts, ValueKind
from reprocheck_rules.environment.imported import TESTS

rule = Rule("ENV013", "undeclared-environment-variable", __doc__, confidence="medium")

_BY_PLATFORMS = re.compile(
    r"HOME|USER|USERNAME|LOGNAME|PATH|PWD|OLDPWD|SHELL|TERM|DISPLAY|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|HOSTNAME|COMPUTERNAME"
    r"|CI|APPDATA|LOCALAPPDATA|PROGRAMFILES|USERPROFILE|SYSTEMROOT|SYSTEMDRIVE|WINDIR|VIRTUAL_ENV|PYTHON\w+|LD_\w+|XDG_\w+|SSH_\w+"
    r"|(?:LOCAL_|GLOBAL_|NODE_|GROUP_|ROLE_|OMPI_COMM_WORLD_\w*|PMI_|MV2_COMM_WORLD_\w*)?(?:RANK|WORLD_SIZE|SIZE)"
    r"|\w+_(?:RANK|WORLD_SIZE|NUM_WORKERS|NUM_NODES)|MASTER_(?:ADDR|PORT)|(?:SLURM|PBS|LSB|SGE|OMPI|PMI|PMIX|MPI|TORCHELASTIC|TORCHRUN|ACCELERATE|DEEPSPEED|HOROVOD)_\w+"
    r"|(?:CONDA|CUDA|NVIDIA|NCCL|TPU|XRT|XLA|KUBERNETES|GITHUB|GITLAB|TRAVIS|CIRCLE|JENKINS|BUILDKITE|BUILD|READTHEDOCS)"
    r"_\w+|(?:COLAB|KAGGLE|SM|AIP|DATABRICKS|AZUREML|AZ_BATCH|AWS_LAMBDA|AWS_EXECUTION|LAMBDA|FUNCTIONS|K_)_?\w+"
    r"|(?:DVC|MLFLOW_RUN|RAY|DASK|SPARK|HADOOP|JAVA|PYTEST|TOX)_\w+|JAVA_HOME|SPARK_HOME|CLOUD_ML_\w+|TF_CONFIG|JOB_ID"
)
"""What systems, launchers, clusters and build services set."""
_SETTERS = frozenset({"os.environ.setdefault", "os.putenv", "os.environ.update"})
_READERS = frozenset({"os.environ.get", "os.getenv", "os.environ.pop"})
_HANDED = frozenset({"env", "environ", "environment", "env_vars", "environment_variables"})
_INFRASTRUCTURE = (".tf", ".tfvars", ".tpl", ".bicep", ".hcl")
_PAGES = re.compile(r"(?:^|/)docs?/.*\.(?:md|rst|txt|html)$")
_SHOWN = 8


class _Read(NamedTuple):
    """A place that takes a variable for granted."""

    path: str
    name: str
    span: Span


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every variable that something takes for granted and nothing speaks of."""
    reads = project.once(_reads)
    if not reads:
        return
    known = frozenset((*project.of_documents(_spoken_of_in), *project.of_files(_spoken_of_by)))
    elsewhere = any(project.of_project(_described_elsewhere))
    for name, (first, *others) in sorted(reads.items()):
        if name not in known and not _BY_PLATFORMS.fullmatch(name.upper()):
            notes = [project.note(other.path, other.span, "read here too") for other in others[:_SHOWN]]
            message = f"`{name}` must be set, but no file of the project sets or mentions it"
            confidence = Confidence.LOW if elsewhere else None
            yield project.match(first.path, first.span, message, confidence=confidence, trail=notes)


def _reads(project: Project) -> dict[str, list[_Read]]:
    reads: dict[str, list[_Read]] = {}
    for read in project.of_files(_read_by):
        reads.setdefault(read.name, []).append(read)
    return reads


def _read_by(project: Project, path: str) -> Iterator[_Read]:
    if not TESTS.search(path):
        yield from (_Read(path, read.name, read.span) for read in project.index.files[path].required)


def _described_elsewhere(project: Project) -> Iterator[bool]:
    """Whether Terraform or pages of documentation may speak of a variable."""
    if any(path.endswith(_INFRASTRUCTURE) or _PAGES.search(path) for path in project.index.paths):
        yield True


def _asked(project: Project, names: Iterable[str]) -> Iterator[str]:
    """Names that are written as those of variables are, and those that the project reads though they are not."""
    found = set(names)
    usual = {name for name in found if name.isupper() and name.isidentifier()}
    yield from sorted(usual | (found & project.value_of(unusual_names)))


def unusual_names(project: Project) -> frozenset[str]:
    """Names of variables in small letters and the like, which code reads."""
    return frozenset(name for name in project.once(_reads) if not (name.isupper() and name.isidentifier()))


def _spoken_of_in(project: Project, path: str) -> Iterator[str]:
    return _asked(project, _set_or_mentioned(project.index.documents[path]))


def _set_or_mentioned(document: DocumentFacts) -> Iterator[str]:
    """Names that a document sets, hands through or mentions."""
    yield from document.variables
    yield from document.mentions
    # Templates of clouds and charts name variables as keys, at depths of their own.
    yield from (setting.key.rpartition(".")[2] for setting in document.settings)
    for command in document.commands:
        yield from command.variables
        if document.kind == "shell":
            yield from (word.partition("=")[0] for word in command.words if "=" in word)


def _spoken_of_by(project: Project, path: str) -> Iterator[str]:
    return _asked(project, _set_by(project.index.files[path]))


def _set_by(facts: FileFacts) -> Iterator[str]:
    """Names that the code itself sets or hands through."""
    yield from _given_by_name(facts)
    for command in facts.commands:
        yield from command.variables
    for assignment in facts.assignments:
        if assignment.target.startswith("os.environ."):
            yield assignment.target.removeprefix("os.environ.")
    for function in facts.functions:
        for event in function.events:
            if isinstance(event, Call):
                yield from _names(event) if event.callee in _SETTERS else _handed_over(event)


def _given_by_name(facts: FileFacts) -> Iterator[str]:
    """Names that a module spells and reads nothing of: it gives them to a container, `{"name": "DATA_ROOT", ...}`."""
    calls = [event for function in facts.functions for event in function.events if isinstance(event, Call)]
    read = {name for call in calls if call.callee in _READERS for name in _names(call)}
    read |= {variable.name for variable in facts.required}
    if "os.environ" not in facts.references and "environ" not in facts.references:
        yield from (text for text in facts.strings if text not in read)


def _handed_over(call: Call) -> Iterator[str]:
    """Variables that a call starts a process or container with."""
    for argument in call.arguments:
        if argument.name in _HANDED and argument.value is not None and argument.value.kind is ValueKind.DISPLAY:
            yield from argument.value.path.split(".")


def _names(call: Call) -> Iterator[str]:
    for argument in call.arguments:
        value = argument.value
        if argument.name and argument.name != "**":
            yield argument.name
        elif value is not None and value.kind is ValueKind.CONSTANT:
            yield str(value.value)
        elif value is not None and value.kind is ValueKind.DISPLAY:
            yield from value.path.split(".")


rule.flags(
    """
    import os

    DATA_ROOT = os.environ["TEAM_DATA_ROOT"]  # expect: ENV013
    """
)
rule.flags(
    {
        "train.py": "from os import environ\n\n\ndef fit():\n    return environ['SCALE']  # expect: ENV013\n",
        "README.md": "# Trainer\n\nSet `DATA_ROOT` first.\n",
    }
)
rule.flags(
    {
        "app.py": "import os\n\nurl = os.environ['MODEL_URL']  # expect: ENV013\nport = os.environ['MODEL_PORT']\n",
        "Dockerfile": "FROM python:3.11\nENV MODEL_PORT=80\n",
    }
)
rule.allows(
    {
        "evaluate.py": "import os\n\nserver = os.environ['TRACKING_SERVER']\n",
        "jobs.py": """
        def job(server):
            container = {"name": "evaluate", "env": [{"name": "TRACKING_SERVER", "value": server}]}
            return {"kind": "Job", "spec": {"containers": [container]}}
        """,
    },
    title="given to a container by the code",
)
rule.flags(
    {
        "evaluate.py": "import os\n\nserver = os.environ['TRACKING_SERVER']  # expect: ENV013\n",
        "train.py": "import os\n\nserver = os.environ.get('TRACKING_SERVER', 'http://localhost:5000')\n",
    },
    title="read in another place with a default",
)
rule.flags(
    {
        "a.py": "import os\n\nprint(os.environ['INPUT_BUCKET'])  # expect: ENV013\n",
        "b.py": "import os\n\nprint(os.environ['INPUT_BUCKET'])\n",
    },
    title="once, with the other place in the trail",
)
rule.flags(
    {
        "train.py": "import os\n\nkey = os.environ['TRACKER_KEY']  # expect: ENV013\n",
        ".env.example": "TRACKER_URL=\n",
    }
)
rule.flags(
    """
    import os

    if os.environ["USE_CACHE"] == "1":  # expect: ENV013
        print("cached")
    root = os.path.join(os.environ["CORPUS_HOME"], "train")  # expect: ENV013
    """,
    file="prepare.py",
)
rule.allows({"train.py": "import os\n\nroot = os.environ['DATA_ROOT']\n", ".env.example": "DATA_ROOT=\n"})
rule.allows({"train.py": "import os\n\nroot = os.environ['DATA_ROOT']\n", "README.md": "`export DATA_ROOT=/data`\n"})
rule.allows(
    {
        "train.py": "import os\n\nroot = os.environ['DATA_ROOT'], os.environ['TOKEN']\n",
        "compose.yml": "services:\n  a:\n    image: a:1\n    environment:\n      - TOKEN\n      - DATA_ROOT=/data\n",
    }
)
rule.allows(
    {
        "start.py": "import docker\n\ndocker.from_env().containers.run('a:1', environment={'CODE': 'x'})\n",
        "inside.py": "import os\n\nexec(os.environ['CODE'])\n",
    },
    title="handed to a container by code",
)
rule.allows(
    {
        "handler.py": "import os\n\nbucket = os.environ['ModelBucket']\n",
        "stack.yml": "Resources:\n  A:\n    Environment:\n      Variables:\n        ModelBucket: !Ref Bucket\n",
    },
    title="a template of a cloud",
)
rule.allows(
    {
        "train.py": "import os\n\nroot = os.environ['DATA_ROOT']\n",
        "run.sh": "DATA_ROOT=/data python train.py\n",
    }
)
rule.allows(
    """
    import os

    rank = int(os.environ["LOCAL_RANK"])
    job = os.environ["SLURM_JOB_ID"]
    home = os.environ["HOME"]
    model = os.environ["SM_MODEL_DIR"]
    """
)
rule.allows(
    """
    import os

    try:
        token = os.environ["TEAM_TOKEN"]
    except KeyError:
        token = None
    if "TEAM_CACHE" in os.environ:
        cache = os.environ["TEAM_CACHE"]
    seed = os.environ.get("TEAM_SEED")
    os.environ["TEAM_MODE"] = "fast"
    mode = os.environ["TEAM_MODE"]
    """
)
rule.allows({"tests/test_app.py": "import os\n\nprint(os.environ['ONLY_IN_TESTS'])\n"})
rule.allows(
    {
        "train.py": "import os\n\nroot = os.environ['DATA_ROOT']\n",
        ".github/workflows/train.yml": "jobs:\n  a:\n    env:\n      DATA_ROOT: /data\n    steps: []\n",
    }
)
rule.allows(
    """
    import os

    if os.environ.get("MODEL_HOME"):
        root = os.environ["MODEL_HOME"]
    elif os.getenv("MODEL_ROOT"):
        root = os.environ["MODEL_ROOT"]
    """,
    title="asked for in a condition",
)
