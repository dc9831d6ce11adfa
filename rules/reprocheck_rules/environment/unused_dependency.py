"""A declared package that no code of the project imports.

## Why
It is installed by everybody, may pull other packages to versions that nobody asked for, and makes it harder to see what
a result really depends on.

## Fix
Remove it from the manifest. What only runs on the command line, or only helps development, belongs into a group of its
own (`dev`, `docs`).

## Notes
Always of low confidence: plug-ins, command-line tools and drivers are used without being imported. Known ones are left
out, and so are packages that the project's commands, settings or texts name, development groups, extras, packages that
come with another declared one (a pin of those is deliberate), and whole lists of exact versions, which record an
environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.dependencies import Dependency, DependencyFacts, distribution, is_exact
from reprocheck_rules.environment.declared import home
from reprocheck_rules.environment.imported import Imports
from reprocheck_rules.environment.manifests import INSTALLERS, is_auxiliary, is_development, manifests

rule = Rule("ENV005", "unused-dependency", __doc__, severity="note", confidence="low")

_TOOLS = re.compile(
    r"(?:types|pytest|flake8|sphinx|sphinxcontrib|mkdocs|mkdocstrings|jupyter|jupyterlab|pylint|nvidia|dvc|mypy|nb|cuda"
    r"|opentelemetry-instrumentation|tensorboard-plugin|pre-commit|black|isort)-.*|.*-(?:stubs|plugin|plugins|cli|ruff)"
)
_RECORDED_FROM = 12
"""Exact versions from which a list may be the record of an environment."""
_RECORDED_SHARE = 0.3
"""Share of packages nobody imports from which it is one."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every package of a manifest that nothing below its folder uses."""
    used = _Used(project)
    for manifest in manifests(project):
        if is_auxiliary(manifest) or not manifest.complete:
            continue
        listed = [dependency for dependency in manifest.dependencies if _counts(dependency)]
        unused = [dependency for dependency in listed if not used.by_any(manifest, dependency, listed)]
        if _is_record(listed, unused) or len(unused) == len(listed):
            continue
        for dependency in unused:
            message = f"nothing here imports what `{dependency.name}` installs: is it still needed?"
            yield project.match(manifest.path, dependency.span, message, confidence=Confidence.LOW)


def _counts(dependency: Dependency) -> bool:
    is_main = not is_development(dependency.group) and not dependency.group and dependency.marker != "optional"
    return bool(dependency.name) and is_main and dependency.name not in INSTALLERS and not dependency.url


def _is_record(listed: list[Dependency], unused: list[Dependency]) -> bool:
    exact = [dependency for dependency in listed if is_exact(dependency.specifier)]
    many = len(exact) >= _RECORDED_FROM and len(exact) > len(listed) // 2
    return many and len(unused) > _RECORDED_SHARE * len(listed)


class _Used:
    """What the code, the commands and the settings of a project name."""

    def __init__(self, project: Project) -> None:
        self._known = project.catalog.distributions
        self._modules: dict[str, set[str]] = {}
        for found in Imports(project).every():
            parts = found.module.split(".")
            for length in range(1, len(parts) + 1):
                self._modules.setdefault(".".join(parts[:length]), set()).add(found.path)
        words = {word for document in project.index.documents.values() for c in document.commands for word in c.words}
        words |= {str(s.value) for d in project.index.documents.values() for s in d.settings if d.dependencies is None}
        words |= {text for facts in project.index.files.values() for text in facts.strings}
        self._words = {part.lower() for word in words for part in re.split(r"[^\w-]+", word)}

    def by_any(self, manifest: DependencyFacts, dependency: Dependency, listed: list[Dependency]) -> bool:
        """Whether a package is imported below the manifest's folder, or there are other signs that it is needed."""
        name = distribution(dependency)
        entry = self._known.known.get(name)
        if _TOOLS.fullmatch(name) or (entry is not None and entry.tool):
            return True
        others = [distribution(other) for other in listed if other is not dependency]
        if name in self._known.brought(others) or name in self._words or name.replace("-", "_") in self._words:
            return True
        folder = home(manifest.path)
        modules = [*self._known.imports(name), *(entry.used_by if entry is not None else ())]
        if entry is None:
            modules += [name.removeprefix("python-"), name.removesuffix("-python"), name.removeprefix("py")]
        return any(self._is_imported(module.replace("-", "_"), folder) for module in modules)

    def _is_imported(self, module: str, folder: str) -> bool:
        paths = self._modules.get(module) or self._modules.get(module.lower()) or ()
        return any(not folder or path.startswith(f"{folder}/") for path in paths)


_TRAIN = "import torch\n\nif __name__ == '__main__':\n    print(torch.ones(3))\n"
rule.flags({"train.py": _TRAIN, "requirements.txt": "torch==2.4.1\nxgboost==2.1.1  # expect: ENV005\n"})
rule.flags(
    {
        "train.py": _TRAIN,
        "pyproject.toml": '[project]\nname = "t"\ndependencies = [\n  "torch",\n  "lightgbm",  # expect: ENV005\n]\n',
    }
)
rule.flags(
    {
        "train.py": _TRAIN,
        "environment.yml": "dependencies:\n  - python=3.11\n  - pytorch=2.4\n  - opencv=4.9  # expect: ENV005\n",
    }
)
rule.flags(
    {"app/serve.py": _TRAIN, "app/Pipfile": '[packages]\ntorch = "*"\nscikit-learn = "*"  # expect: ENV005\n'},
    title="a module of another name",
)
rule.flags(
    {
        "one/train.py": _TRAIN,
        "one/requirements.txt": "torch\nfastapi  # expect: ENV005\n",
        "two/serve.py": "import fastapi\n",
    },
    title="imported by another part only",
)
rule.flags(
    {
        "train.py": _TRAIN,
        "pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.11'\ntorch = '2'\nplotly = '*'  # expect: ENV005\n",
    }
)
rule.allows({"train.py": _TRAIN + "import cv2\n", "requirements.txt": "torch\nopencv-python-headless\n"})
rule.allows(
    {
        "train.py": "import torch\nfrom torch.utils.tensorboard import SummaryWriter\n",
        "requirements.txt": "torch\ntensorboard\n",
    },
    title="used by what is imported",
)
rule.allows({"train.py": _TRAIN, "requirements.txt": "torch==2.4.1\nnumpy==1.26.4\n"}, title="pins what torch brings")
rule.allows(
    {"train.py": _TRAIN, "requirements.txt": "torch\nray\n", "run.sh": "ray submit cluster.yaml train.py\n"},
    title="used on the command line",
)
rule.allows({"train.py": _TRAIN, "requirements.txt": "torch\nblack\npytest-cov\njupyterlab\n"}, title="tools")
rule.allows(
    {
        "train.py": _TRAIN,
        "pyproject.toml": '[project]\nname = "t"\ndependencies = ["torch"]\n'
        '[project.optional-dependencies]\nplots = ["plotly"]\n[dependency-groups]\ndev = ["hypothesis"]\n',
    },
    title="extras and groups",
)
rule.allows(
    {
        "train.py": "try:\n    import xgboost\nexcept ImportError:\n    xgboost = None\n",
        "requirements.txt": "xgboost\n",
    },
    title="an optional import",
)
