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
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.dependencies import Dependency, distribution, is_exact
from reprocheck_rules.environment.declared import home
from reprocheck_rules.environment.imported import Imports
from reprocheck_rules.environment.manifests import INSTALLERS, is_auxiliary, is_development, manifests

rule = Rule("ENV005", "unused-dependency", __doc__, severity="note", confidence="low")

_TOOLS = re.compile(
    r"(?:types|pytest|flake8|sphinx|sphinxcontrib|mkdocs|mkdocstrings|jupyter|jupyterlab|pylint|nvidia|dvc|mypy|nb|cuda"
    r"|opentelemetry-instrumentation|tensorboard-plugin|pre-commit|black|isort)-.*|.*-(?:stubs|plugin|plugins|cli|ruff)"
)
_WORD = re.compile(r"[\w-]+")
_RECORDED_FROM = 12
"""Exact versions from which a list may be the record of an environment."""
_RECORDED_SHARE = 0.3
"""Share of packages nobody imports from which it is one."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every package of a manifest that nothing below its folder uses."""
    for manifest in manifests(project):
        if not is_auxiliary(manifest) and manifest.complete:
            yield from project.of_file(_unused, manifest.path)


def _unused(project: Project, path: str) -> Iterator[Match]:
    """Those of one manifest."""
    manifest = project.index.dependencies.sources[path]
    listed = [dependency for dependency in manifest.dependencies if _counts(dependency)]
    seen = frozenset(project.value_of(names_in_use, path))
    unused = [each for each in listed if distribution(each) not in seen and not _is_needed(project, each, listed)]
    if _is_record(listed, unused) or len(unused) == len(listed):
        return
    for dependency in unused:
        message = f"nothing here imports what `{dependency.name}` installs: is it still needed?"
        yield project.match(path, dependency.span, message, confidence=Confidence.LOW)


def names_in_use(project: Project, path: str) -> tuple[str, ...]:
    """Distributions of a manifest that are imported below its folder, or that something names."""
    used, folder = project.once(_Used), home(path)
    names = map(distribution, filter(_counts, project.index.dependencies.sources[path].dependencies))
    return tuple(name for name in dict.fromkeys(names) if used.has(name, folder))


def _counts(dependency: Dependency) -> bool:
    is_main = not is_development(dependency.group) and not dependency.group and dependency.marker != "optional"
    return bool(dependency.name) and is_main and dependency.name not in INSTALLERS and not dependency.url


def _is_record(listed: list[Dependency], unused: list[Dependency]) -> bool:
    exact = [dependency for dependency in listed if is_exact(dependency.specifier)]
    many = len(exact) >= _RECORDED_FROM and len(exact) > len(listed) // 2
    return many and len(unused) > _RECORDED_SHARE * len(listed)


def _is_needed(project: Project, dependency: Dependency, listed: list[Dependency]) -> bool:
    """Whether a package is run rather than imported, or needed by another one."""
    name, known = distribution(dependency), project.catalog.distributions
    entry = known.known.get(name)
    if _TOOLS.fullmatch(name) or (entry is not None and entry.tool):
        return True
    return name in known.brought(distribution(other) for other in listed if other is not dependency)


class _Used:
    """What the code, the commands and the settings of a project name."""

    def __init__(self, project: Project) -> None:
        self._known = project.catalog.distributions
        self._words = frozenset((*project.of_documents(_words_of_document), *project.of_files(_words_of_file)))
        self._paths: dict[str, list[str]] = {}
        for file in project.once(Imports).files.values():
            for module in (*file.required, *file.others):
                self._paths.setdefault(module, []).append(file.path)
        self._below: dict[str, list[str]] = {}
        """Modules by each part that their names begin with."""
        for module in self._paths:
            parts = module.split(".")
            for length in range(1, len(parts) + 1):
                self._below.setdefault(".".join(parts[:length]), []).append(module)

    def has(self, name: str, folder: str) -> bool:
        """Whether a package is imported below a folder, or something names it."""
        if name in self._words or name.replace("-", "_") in self._words:
            return True
        entry = self._known.known.get(name)
        modules = [*self._known.imports(name), *(entry.used_by if entry is not None else ())]
        if entry is None:
            modules += [name.removeprefix("python-"), name.removesuffix("-python"), name.removeprefix("py")]
        return any(self._is_imported(module.replace("-", "_"), folder) for module in modules)

    def _is_imported(self, module: str, folder: str) -> bool:
        below = self._below.get(module) or self._below.get(module.lower()) or ()
        return any(not folder or path.startswith(f"{folder}/") for each in below for path in self._paths[each])


def _words_of_document(project: Project, path: str) -> Iterator[str]:
    document = project.index.documents[path]
    texts = [word for command in document.commands for word in command.words]
    if document.dependencies is None:
        texts += [str(setting.value) for setting in document.settings]
    return _words(project, texts)


def _words_of_file(project: Project, path: str) -> Iterator[str]:
    return _words(project, project.index.files[path].strings)


def _words(project: Project, texts: Iterable[str]) -> Iterator[str]:
    """Words that may be names of distributions, in small letters."""
    found = {word.lower() for word in set(_WORD.findall("\n".join(texts)))}
    yield from sorted((found & project.once(_usual_names)) | (found & project.value_of(unusual_names)))


def _usual_names(project: Project) -> frozenset[str]:
    known = project.catalog.distributions.known
    return frozenset((*known, *(name.replace("-", "_") for name in known)))


def unusual_names(project: Project) -> frozenset[str]:
    """Names of distributions that only the manifests of the project have, also as modules are written."""
    usual = project.once(_usual_names)
    names = {distribution(each) for manifest in manifests(project) for each in manifest.dependencies} - usual
    return frozenset((*names, *(name.replace("-", "_") for name in names)))


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
