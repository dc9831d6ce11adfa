"""Code imports a package that no manifest names, so that a fresh installation fails or takes whatever is there.

## Why
Who installs what the project declares gets a `ModuleNotFoundError`, installs the missing package by hand, and has
another version of it than the author, which is written down nowhere.

## Fix
Add the package to the manifest, under the name that it is installed by (`cv2` is `opencv-python`), with a version.
Where the program does without it, import it under `try`, or declare it as an extra.

## Notes
One finding for each package and manifest, with the other imports in its trail. Silent are the standard library, the
project's own modules and extensions, imports under `try` or `TYPE_CHECKING`, modules of its own that are only imported
so, tests, folders whose manifests name no package at all, what an extra of a declared package may bring by its name,
and whatever a script, image, job or notebook installs by name. Of low confidence are packages that come along with a
declared one or stand in a lock, common ones (NumPy, Pillow) beside packages of unknown contents, what another manifest
of the project names or a read-me file tells to install, imports in functions and under conditions, folders that only
list tools, and files beside a library's package. Where a package of unknown name is imported, the module may come with
a declared one under another name: medium confidence, or low where the contents of one aren't known. A project's own
names are given in its catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck_rules.environment.declared import Declared
from reprocheck_rules.environment.imported import Foreign, Imports, Reach, changes_import_path
from reprocheck_rules.environment.manifests import is_auxiliary, is_library, is_template

rule = Rule("ENV004", "undeclared-import", __doc__)

_CONVERTS = re.compile(r"(?:^|/)convert_\w*\.py$")
"""Programs that are run once, by whoever has another framework's files."""
_SHOWN = 12
_TELLING = 4
"""Letters from which a part of a name means something."""
_BESIDE = re.compile(
    r"(?:^|/)(?:examples?|benchmarks?|docs?[^/]*|scripts?|tools?|notebooks?|demos?|contrib|tutorials?|projects|research"
    r"|recipes|samples?|exps?|experiments|bin|utils_dev|dev)/"
)
"""Folders that are not installed with a library, whatever lies in them."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every package that is imported and not declared, once for each folder with manifests."""
    if not project.index.dependencies.manifests:
        return  # that is ENV002's
    declared = Declared(project)
    groups: dict[tuple[str, str], list[tuple[Foreign, Confidence]]] = {}
    imports = Imports(project)
    for found in imports.required():
        scope = declared.scope(found.path)
        if scope is None or is_template(found.path) or _is_declared(project, declared, scope, found):
            continue
        reach = imports.reached(found.path)
        if reach:
            sure = reach is Reach.SURE
            confidence = _confidence(project, declared, scope, found) if sure else Confidence.LOW
            name = _distribution(project, found)
            groups.setdefault((scope, name or found.top), []).append((found, confidence))
    for (scope, name), places in sorted(groups.items()):
        yield _match(project, declared, scope, name, places)


def _is_declared(project: Project, declared: Declared, scope: str, found: Foreign) -> bool:
    known = project.catalog.distributions
    names = declared.names(scope)
    providers = known.providers(found.module)
    if not (names | declared.installed).isdisjoint(providers):
        return True
    if not providers and known.is_shared(found.module):
        return True  # which of the many distributions below that name is meant can't be told
    top = _plain(found.top)
    if not names or _is_extra(declared.extras(scope), {*providers, found.top.lower()}):
        return True
    if not providers and any(name.startswith(f"{found.top.lower()}-") for name in declared.installed):
        return True
    if top in {_plain(name) for name in names | declared.installed}:
        return True
    return any(_alike(name, top) for name in names if name not in known.known)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


def _alike(name: str, top: str) -> bool:
    """Whether a distribution of unknown contents may be the one that installs a module, by its name."""
    words = {part for part in name.split("-") if len(part) >= _TELLING and part not in {"python", "core"}}
    plain = _plain(name)
    whole = len(min(plain, top, key=len)) >= _TELLING and (top in plain or plain in top)
    return whole or any(word in top for word in words)


def _distribution(project: Project, found: Foreign) -> str | None:
    """The usual name of what installs a module; None when none is known."""
    known = project.catalog.distributions
    providers = [name for name in known.providers(found.module) if not known.known[name].instead]
    if not providers:
        return None
    own = [name for name in providers if _plain(name) == _plain(found.top)]
    return min(own or providers, key=lambda name: (len(name), name))


def _confidence(project: Project, declared: Declared, scope: str, found: Foreign) -> Confidence:
    known = project.catalog.distributions
    names = declared.names(scope)
    providers = set(known.providers(found.module)) or {found.top.lower().replace("_", "-")}
    elsewhere = declared.everywhere | declared.locked | declared.described
    elsewhere |= known.brought(names | declared.installed)
    may_come_along = not providers.isdisjoint(known.common) and not names <= known.known.keys()
    if (
        may_come_along
        or not providers.isdisjoint(elsewhere)
        or not found.certain
        or _CONVERTS.search(found.path)
        or all(is_auxiliary(manifest) for manifest in declared.manifests(scope))
        or _is_beside(project, declared, scope, found)
    ):
        return Confidence.LOW
    if known.providers(found.module):
        return Confidence.HIGH if declared.is_complete(scope) else Confidence.LOW
    facts = project.index.files[found.path]
    told = declared.is_complete(scope) and names <= known.known.keys() and not changes_import_path(facts)
    told = told and ".gitmodules" not in project.index.paths and not _is_like_own(project, found)
    return Confidence.MEDIUM if told else Confidence.LOW


def _is_like_own(project: Project, found: Foreign) -> bool:
    """Whether a module beside the file has the first word of the name: `settings_old` beside `settings.py` was one."""
    first, _, rest = found.top.partition("_")
    folder = found.path.rpartition("/")[0]
    return bool(rest) and f"{folder}/{first}.py".lstrip("/") in project.index.paths


def _is_extra(extras: frozenset[str], providers: set[str]) -> bool:
    """Whether an extra of a declared package may bring what is imported, by its name: `kedro-datasets[pandas-csv]`."""
    words = {word for extra in extras for word in extra.split("-") if len(word) >= _TELLING}
    return any(word in name or (len(name) >= _TELLING and name in word) for name in providers for word in words)


def _is_beside(project: Project, declared: Declared, scope: str, found: Foreign) -> bool:
    """Whether a file lies beside the package of a library: an example, a benchmark, a script of its makers."""
    if not any(is_library(project, manifest) for manifest in declared.manifests(scope)):
        return False
    inside = found.path.removeprefix(f"{scope}/") if scope else found.path
    if _BESIDE.search(inside):
        return True
    package = inside.removeprefix("src/").partition("/")[0]
    prefix = f"{scope}/" if scope else ""
    return not any(f"{prefix}{source}{package}/__init__.py" in project.index.paths for source in ("", "src/"))


def _match(
    project: Project, declared: Declared, scope: str, name: str, places: list[tuple[Foreign, Confidence]]
) -> Match:
    order = list(Confidence)
    places = sorted(places, key=lambda place: (order.index(place[1]), place[0].path, place[0].span.line))
    first, confidence = places[0]
    listed_in = list(declared.manifests(scope))
    manifest = next((source for source in listed_in if not is_auxiliary(source)), listed_in[0]).path
    listed = f"`{name}`" if name == first.top else f"`{first.top}` (`{name}`)"
    message = f"{listed} is imported but not in `{manifest}`: a fresh installation can't run this"
    if name in project.catalog.distributions.brought(declared.names(scope)):
        message = f"{listed} is imported but not in `{manifest}`: it only comes along with another package"
    notes = [project.note(found.path, found.span, "imported here too") for found, _ in places[1 : _SHOWN + 1]]
    return project.match(first.path, first.span, message, confidence=confidence, trail=notes)


_APP = "requirements.txt"
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
    {"nodes.py": "import pyspark.sql\nimport plotly.express\n", _APP: "kedro-datasets[spark-sparkdataset, plotly]\n"},
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
        "train.py": "import cv2\nimport sklearn\nimport yaml\nfrom PIL import Image\nimport skimage.io\nimport bs4\n",
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
rule.allows({"tests/test_net.py": "import hypothesis\n", "net.py": "import torch\n", _APP: "torch\n"}, title="tests")
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
