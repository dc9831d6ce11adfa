"""A program whose packages are recorded nowhere with the versions that it ran with.

## Why
Direct packages are the smaller part of an environment: what they need in turn is chosen anew at each installation.
Without a lock, or without any list at all, nobody can rebuild what produced a result.

## Fix
Write down what the code imports, let a tool resolve it, and commit the result: `uv lock`, `poetry lock`,
`pip-compile --generate-hashes`, `pipenv lock`, `conda-lock` or `pixi lock`.

## Notes
One finding per project, where it has no lock of any kind; a list with nothing in it is none. Libraries are silent:
their users resolve. A project whose direct packages are all exact is of low confidence, and so is one without a list
whose scripts or images install packages by name, or with a whole environment that conda wrote down (`conda env export`,
with the libraries of the system): that is nearly a lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule, Span
from reprocheck.rulekit.dependencies import DependencyFacts, folder_of, is_exact
from reprocheck.rulekit.facts import Import
from reprocheck_rules.environment.manifests import is_auxiliary, is_library, listed, loose, manifests
from reprocheck_rules.environment.standard_library import STANDARD

rule = Rule("ENV002", "no-lockfile", __doc__)

_UNDERNEATH = frozenset(
    {"libgccmutex", "openmpmutex", "cacertificates", "ldimpllinux64", "libgccng", "libstdcxxng", "libffi", "ncurses"}
    | {"openssl", "readline", "sqlite", "tk", "xz", "zlib", "vc", "vs2015runtime", "libcxx", "bzip2", "libcxxabi"}
)
"""Conda packages below Python, which nobody asks for by name; letters and digits only."""
_EXPORTED = 5
_INSTALLERS = frozenset({"pip", "pip3", "conda", "mamba", "micromamba", "uv", "poetry", "pipenv"})


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """At most one finding: at the first manifest, or at the first import of a program where there is none."""
    index = project.index.dependencies
    if index.locks or any(index.has_unread_lock(folder_of(manifest.path)) for manifest in index.manifests):
        return
    if any(m.dependencies or m.includes or m.package or not m.complete for m in index.manifests):
        yield from _unlocked(project)
        return
    found = _first_import(project)
    if found is not None:
        path, span, names = found
        versions = (
            "is imported, in whatever version is" if len(names) == 1 else "are imported, in whatever versions are"
        )
        message = f"nothing that an installer reads names this project's packages: {listed(names)} {versions} there"
        yield project.match(path, span, message, confidence=Confidence.LOW if _installs(project) else None)


def _unlocked(project: Project) -> Iterator[Match]:
    declared = [
        manifest
        for manifest in manifests(project)
        if manifest.dependencies and not is_library(project, manifest) and not is_auxiliary(manifest)
    ]
    if not declared or not project.index.files:
        return
    if any(
        manifest.package and is_library(project, manifest) and "/" not in manifest.path
        for manifest in manifests(project)
    ):
        return
    unsettled = [manifest for manifest in declared if loose(project, manifest)]
    first = min(unsettled or declared, key=lambda manifest: (manifest.path.count("/"), manifest.path))
    message = "no lock records the versions that are really installed, least of all of what these packages need in turn"
    yield project.match(
        first.path,
        first.dependencies[0].span,
        message,
        confidence=Confidence.MEDIUM if unsettled and not any(map(_is_export, declared)) else Confidence.LOW,
    )


def _is_export(manifest: DependencyFacts) -> bool:
    """Whether conda wrote a whole environment down: exact versions down to the libraries of the system."""
    pinned = {re.sub(r"[^a-z0-9]", "", d.name) for d in manifest.dependencies if d.conda and is_exact(d.specifier)}
    return len(pinned & _UNDERNEATH) >= _EXPORTED


def _first_import(project: Project) -> tuple[str, Span, list[str]] | None:
    """The first import of somebody else's package in a program, and all such packages of the programs."""
    own = {part.removesuffix(".py") for path in project.index.paths for part in path.split("/")}
    first: tuple[str, Span] | None = None
    names: dict[str, None] = {}
    for path in sorted({entry.path for entry in project.entries}, key=lambda path: (path.count("/"), path)):
        for name, span in project.of_file(_foreign, path) if path in project.index.files else ():
            if name not in own:
                first = first or (path, span)
                names[name] = None
    return None if first is None else (*first, list(names))


def _foreign(project: Project, path: str) -> Iterator[tuple[str, Span]]:
    for event in project.index.files[path].functions[0].events:
        if isinstance(event, Import) and not event.target.startswith("."):
            name = event.target.partition(".")[0]
            if name not in STANDARD:
                yield name, event.span


def _installs(project: Project) -> bool:
    """Whether a script, image or workflow installs packages by name."""
    return any(project.of_documents(_installs_in))


def _installs_in(project: Project, path: str) -> Iterator[bool]:
    for command in project.index.documents[path].commands:
        if command.words and command.words[0].rpartition("/")[2] in _INSTALLERS and "install" in command.words:
            yield True
            return


rule.flags(
    """
    import argparse

    import torch  # expect: ENV002

    if __name__ == "__main__":
        print(torch.ones(3).sum())
    """,
    file="train.py",
)
rule.flags(
    {
        "main.py": "from models import net\nimport numpy as np  # expect: ENV002\n\n"
        "if __name__ == '__main__':\n    net(np.ones(3))\n",
        "models/__init__.py": "def net(x):\n    return x\n",
    }
)
rule.flags(
    {
        "train.py": "import torch\n\nif __name__ == '__main__':\n    print(torch.ones(3))\n",
        "requirements.txt": "torch>=2.0  # expect: ENV002\nnumpy==1.26.4\n",
    }
)
rule.flags(
    {
        "train.py": "import xgboost\n\nif __name__ == '__main__':\n    print(xgboost)\n",
        "Pipfile": '[packages]\nxgboost = "*"  # expect: ENV002\n',
    }
)
rule.flags(
    {
        "train.py": "import sklearn\n\nif __name__ == '__main__':\n    print(sklearn)\n",
        "environment.yml": "dependencies:\n  - python=3.11\n  - scikit-learn  # expect: ENV002\n",
    }
)
rule.flags(
    {
        "train.py": "import torch\n\nif __name__ == '__main__':\n    print(torch)\n",
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = ["torch>=2"]  # expect: ENV002\n',
    }
)
rule.allows(
    {
        "train.py": "import torch\n\nif __name__ == '__main__':\n    print(torch)\n",
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = ["torch>=2"]\n',
        "uv.lock": 'version = 1\n\n[[package]]\nname = "torch"\nversion = "2.4.1"\n',
    }
)
rule.allows(
    {
        "train.py": "import torch\n\nif __name__ == '__main__':\n    print(torch)\n",
        "requirements.txt": f"torch==2.4.1 --hash=sha256:{'0a' * 32}\n",
    }
)
rule.allows("import json\n\nif __name__ == '__main__':\n    print(json.dumps({}))\n", file="convert.py")
rule.allows(
    {
        "widgets/__init__.py": "import numpy\n",
        "setup.py": "from setuptools import setup\n\nsetup(name='widgets', install_requires=['numpy>=1.20'])\n",
    },
    title="a library",
)
rule.allows("import torch\n\ndef net():\n    return torch.nn.Linear(2, 2)\n", file="net.py", title="no program")
rule.allows(
    {
        "run.py": "import helpers\n\nif __name__ == '__main__':\n    helpers.go()\n",
        "helpers.py": "def go():\n    pass\n",
    },
    title="its own modules",
)
rule.flags(
    {
        "train.py": "import torch  # expect: ENV002\n\nif __name__ == '__main__':\n    print(torch)\n",
        "requirements.txt": "",
    },
    title="An empty list",
)
rule.allows(
    {
        "train.py": "import json\n\nif __name__ == '__main__':\n    print(json)\n",
        "pyproject.toml": "[project]\nname = 'plain'\nversion = '1'\ndependencies = []\n",
    },
    title="Nothing is needed, and none listed",
)
