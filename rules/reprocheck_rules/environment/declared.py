"""What the manifests, locks, images and commands of a project install, and for which folders."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from reprocheck.rulekit import Project, ShellWord, Span, parse_image_reference
from reprocheck.rulekit.dependencies import Dependency, DependencyFacts, distribution, folder_of
from reprocheck.rulekit.facts import Call, Command
from reprocheck_rules.environment.installs import Install, install_of
from reprocheck_rules.environment.manifests import is_library, is_recorded, is_template
from reprocheck_rules.environment.own_images import OwnImages
from reprocheck_rules.environment.pages import Pages

_HOLDERS: Final = re.compile(
    r"(?:^|/)(?:\.?(?:requirements?|reqs?|deps|dependencies|envs?|environments?|conda|docker|dockerfiles?|containers?"
    r"|build|ci|github|gitlab|binder|devcontainer|conf|config|configs|install|setup|pip|packaging|infra|deploy"
    r"|deployment|scripts|tools|etc|assets))$",
    re.IGNORECASE,
)
"""Folders that hold the manifests of what lies beside them."""
_OF_TORCH: Final = ("torch", "torchvision", "torchaudio", "numpy", "pyyaml", "tqdm", "pillow")
_OF_TENSORFLOW: Final = ("tensorflow", "keras", "numpy", "h5py", "tensorboard", "six", "scipy", "pillow")
_OF_NOTEBOOKS: Final = (
    "numpy", "scipy", "pandas", "matplotlib", "scikit-learn", "seaborn", "tqdm", "pyyaml", "requests",
)  # fmt: skip
_OF_NVIDIA: Final = ("apex", "cudf-cu11", "cudf-cu12", "cuml-cu11", "cuml-cu12", "cupy", "dask", "horovod", "numba")
_BARE: Final = re.compile(
    r"^(?!.*(?:kaggle|colab|sagemaker|deeplearning|databricks|azureml|nvcr\.io/nvidia/(?!cuda)))"
    r"(?:.*/)?(?:python|pypy|ubuntu|debian|alpine|centos|fedora|rockylinux|almalinux|amazonlinux|busybox|scratch|node|golang|rust"
    r"|openjdk|r-base|nginx|postgres|redis|mysql|mongo|cuda|cudnn|miniconda3?|miniforge3?|mambaforge|micromamba|anaconda3?"
    r"|conda|pixi|uv|poetry|pytorch|tensorflow|lambda-python|distroless|ubi\d?|buildpack-deps|bitnami)(?:[-/][\w.-]+)?$"
)
"""Images with nothing of Python's but an interpreter, or with a framework whose company is known."""
_IMAGES: Final = (
    (re.compile(r"nvcr\.io/nvidia/(?:pytorch|tensorflow|paddlepaddle|merlin|rapidsai)"), _OF_NVIDIA),
    (re.compile(r"(?:^|/)paddle(?:paddle)?(?:[/:-]|$)"), ("paddlepaddle", "numpy", "pillow")),
    (re.compile(r"(?:^|/)pytorch(?:[/:-]|$)"), _OF_TORCH),
    (re.compile(r"(?:^|/)tensorflow(?:[/:-]|$)"), _OF_TENSORFLOW),
    (re.compile(r"(?:^|/)jupyter/|kaggle|rapidsai/|deeplearning-platform"), _OF_NOTEBOOKS),
    (re.compile(r"(?:^|/)huggingface"), (*_OF_TORCH, "transformers", "datasets", "tokenizers", "accelerate")),
    (re.compile(r"(?:^|/)jax(?:[/:-]|$)"), ("jax", "jaxlib", "flax", "numpy")),
)
"""What images of frameworks bring."""


_INSTALLS_FOR: Final = re.compile(
    r"(?:^|\.)(?:component|create_component_from_func|func_to_container_op|\w*[vV]irtualenv\w*|(?:uv_)?pip_install"
    r"|micromamba_install|conda|conda_base|pypi|pypi_base|ImageSpec)$"
)
"""Calls of Kubeflow, Airflow, Modal, Metaflow and Flyte that say what their steps need."""
_LISTED_FOR: Final = re.compile(
    r"(?:\b(?:packages_to_install|requirements|packages|libraries|conda_packages)\s*=\s*[\[{(]"
    r"|\b(?:pip_install|micromamba_install)\()([^\])}]*)"
)
_QUOTED: Final = re.compile(r"[\"']([A-Za-z][\w.-]*(?:\[[\w,-]*)?[^\"'\n]*)[\"']")
_CODE_LIMIT: Final = 200_000
_NIX_WORD: Final = re.compile(r"[A-Za-z][\w-]+")
_SPACES: Final = re.compile(r"huggingface\.co/spaces/|^sdk:\s*(?:gradio|streamlit)\b", re.MULTILINE)
_LAST_PART: Final = re.compile(r"/([\w.-]+?)(?:\.git)?/?(?:@[^/]*)?(?:#.*)?$")
_MANIFEST: Final = re.compile(r"(?:^|/)(?:environment\.ya?ml|Pipfile)$")
_OF_PROGRAM: Final = re.compile(r"([^/]+?)[-_.](?:requirements|reqs)\.(?:txt|in)$")
_GETS: Final = frozenset({"install", "clone", "add", "create", "sync"})
_PARTS: Final = re.compile(r"[^\w.-]+|\.git\b|[=<>~!]=.*")


class Installed(NamedTuple):
    """A command that installs packages by name, and where it stands."""

    path: str
    span: Span
    install: Install


class Declared:
    """Names of distributions that a project declares."""

    def __init__(self, project: Project) -> None:
        """Looks at all manifests, locks, images and commands."""
        self._project = project
        index = project.index.dependencies
        self._homes: dict[str, list[DependencyFacts]] = {}
        self._with_code = frozenset(folder_of(path) for path in project.index.files if not path.endswith("setup.py"))
        self._by_program: dict[str, frozenset[str]] = {}
        kept = []
        for source in index.manifests:
            program = _OF_PROGRAM.sub(r"\1.py", source.path)
            if program != source.path and program in project.index.paths:
                # `app_requirements.txt` is the list of `app.py` beside it.
                self._by_program[program] = frozenset(map(_name, source.dependencies))
            elif not is_recorded(project, source.path) and not is_template(source.path):
                kept.append(source)
        listing = [source for source in kept if source.dependencies or source.includes]
        # A setup.py that only builds an extension says nothing of what the code around it needs.
        for source in listing or kept:
            self._homes.setdefault(self.home(source.path), []).append(source)
        self._names: dict[str, frozenset[str]] = {}
        self._libraries: dict[str, bool] = {}
        self.everywhere = frozenset(
            _name(dependency) for source in (*index.manifests, *index.locks) for dependency in source.dependencies
        )
        self.locked = frozenset(name for lock in index.locks for name in index.recorded(lock))
        self.installed = frozenset(_got(command for _, command in _commands(project)))
        self.installed |= frozenset(self._by_images()) | frozenset(self._by_cog()) | frozenset(self._by_code())
        self._opaque = frozenset(self._based_on_others())
        documents = project.index.documents.values()
        self.described = frozenset(_got(command for document in documents for command in document.shown))
        self.described |= frozenset(self._by_nix()) | frozenset(self._by_spaces())
        """What a read-me file tells to install by hand, and what Nix or a hosted demonstration brings."""

    def home(self, path: str) -> str:
        """The folder that a manifest speaks for: its own where that has code, else what lies beside it."""
        folder = folder_of(path)
        return folder if folder in self._with_code else home(path)

    def of_program(self, path: str) -> frozenset[str]:
        """What a list for this one program names."""
        return self._by_program.get(path, frozenset())

    def may_have_more(self, path: str) -> bool:
        """Whether a file is run in an image that starts from one with packages that nobody lists here."""
        return any(path.startswith(folder) for folder in self._opaque)

    def _based_on_others(self) -> Iterator[str]:
        """Folders that such images are built for, with a slash behind."""
        own = self._project.once(OwnImages)
        for path, document in self._project.index.documents.items():
            for image in document.images:
                reference = None if image.copied else parse_image_reference(image.name)
                if reference is not None and not _BARE.search(reference.name) and not own.has(reference):
                    folder = home(path)
                    yield f"{folder}/" if folder else ""

    def scope(self, path: str) -> str | None:
        """The nearest folder above a file that has manifests; None where there is none."""
        folder = folder_of(path)
        while True:
            if folder in self._homes:
                return folder
            if not folder:
                return None
            folder = folder_of(folder)

    def manifests(self, scope: str) -> Iterator[DependencyFacts]:
        """Manifests of a folder and of those above it."""
        while True:
            yield from self._homes.get(scope, ())
            if not scope:
                return
            scope = folder_of(scope)

    def names(self, scope: str) -> frozenset[str]:
        """Distributions that the manifests of a folder and of those above it name, whatever for."""
        if scope not in self._names:
            index = self._project.index.dependencies
            sources = list(self.manifests(scope))
            sources += [included for source in sources for included, _ in index.included(source)]
            self._names[scope] = frozenset(
                _name(dependency) for source in sources for dependency in source.dependencies
            )
        return self._names[scope]

    def with_extras(self, scope: str) -> frozenset[str]:
        """What the manifests of a folder and of those above it name with an extra: `dask[dataframe]`."""
        return frozenset(
            f"{distribution(dependency)}[{extra.lower().replace('_', '-')}]"
            for source in self.manifests(scope)
            for dependency in source.dependencies
            for extra in dependency.extras
        )

    def is_library(self, scope: str) -> bool:
        """Whether one of the manifests of a folder and of those above it is that of a library."""
        if scope not in self._libraries:
            self._libraries[scope] = any(is_library(self._project, manifest) for manifest in self.manifests(scope))
        return self._libraries[scope]

    def extras(self, scope: str) -> frozenset[str]:
        """Extras of the distributions that the manifests of a folder and of those above it name, in small letters."""
        return frozenset(
            extra.lower().replace("_", "-")
            for source in self.manifests(scope)
            for dependency in source.dependencies
            for extra in dependency.extras
        )

    def is_complete(self, scope: str) -> bool:
        """Whether all that the manifests name could be told: nothing computed, no file missing, no unnamed address."""
        sources = self._project.index.dependencies.sources
        listed = list(self.manifests(scope))
        told = any(source.complete and source.dependencies for source in listed)
        unread = (path for path in self._project.index.paths if _MANIFEST.search(path) and path not in sources)
        return not any(home(path) == scope for path in unread) and all(
            (source.complete or told)
            and all(dependency.name or not dependency.url for dependency in source.dependencies)
            and all(_target(source, include.path) in sources for include in source.includes)
            for source in listed
        )

    def _by_cog(self) -> Iterator[str]:
        for path, document in self._project.index.documents.items():
            if path.rpartition("/")[2] == "cog.yaml":
                for setting in document.settings:
                    if setting.key.startswith("build.python_packages."):
                        yield re.split(r"[\[=<>~! ]", str(setting.value))[0].lower().replace("_", "-")

    def _by_code(self) -> Iterator[str]:
        """Packages that code names for a step of a pipeline, or for an image that it describes."""
        for path, facts in self._project.index.files.items():
            calls = (event for function in facts.functions for event in function.events if isinstance(event, Call))
            if any(_INSTALLS_FOR.search(call.callee) for call in calls):
                text = (self._project.index.tree.head(path, _CODE_LIMIT) or b"").decode("utf-8", "replace")
                for listed in _LISTED_FOR.findall(text):
                    for written in _QUOTED.findall(listed):
                        yield re.split(r"[\[=<>~!;@ ]", written)[0].lower().replace("_", "-")

    def _by_nix(self) -> Iterator[str]:
        for path in self._project.index.paths:
            if path.endswith(".nix"):
                text = (self._project.index.tree.head(path, _CODE_LIMIT) or b"").decode("utf-8", "replace")
                yield from (word.lower().replace("_", "-") for word in _NIX_WORD.findall(text))

    def _by_spaces(self) -> Iterator[str]:
        """What Hugging Face's demonstrations have, where a page speaks of one."""
        if any(_SPACES.search(text) for text in self._project.once(Pages).texts()):
            yield from ("gradio", "streamlit")

    def _by_images(self) -> Iterator[str]:
        for name in self._images():
            for pattern, brought in _IMAGES:
                if pattern.search(name):
                    yield from brought

    def _images(self) -> Iterator[str]:
        for document in self._project.index.documents.values():
            yield from (image.name for image in document.images)
            yield from (str(setting.value) for setting in document.settings if setting.key.endswith("image"))


def home(path: str) -> str:
    """The folder that a manifest speaks for."""
    folder = folder_of(path)
    while folder and _HOLDERS.search(folder):
        folder = folder_of(folder)
    return folder


def installs(project: Project) -> Iterator[Installed]:
    """Commands of scripts, images, jobs and notebooks that install packages by name."""
    for path, command in _commands(project):
        found = install_of(_words(command))
        if found is not None:
            yield Installed(path, command.span, found)


def _commands(project: Project) -> Iterator[tuple[str, Command]]:
    for path, document in sorted(project.index.documents.items()):
        for command in document.commands:
            yield path, command
    for path, facts in sorted(project.index.files.items()):
        for command in facts.commands:
            yield path, command


def _got(commands: Iterable[Command]) -> Iterator[str]:
    """All words of commands that install or clone something, addresses taken apart."""
    for command in commands:
        if not _GETS.isdisjoint(command.words):
            for word in command.words:
                for part in _PARTS.split(word.lower()):
                    yield part.replace("_", "-").replace(".", "-").removeprefix("python3-").removeprefix("python-")


def _name(dependency: Dependency) -> str:
    """Name of a distribution; of an address without one the last part of it: `git+https://../acme/net.git@v1`."""
    if dependency.name or not dependency.url:
        return distribution(dependency)
    found = _LAST_PART.search(dependency.url)
    return found[1].lower().replace("_", "-").replace(".", "-") if found else ""


def _words(command: Command) -> Iterator[ShellWord]:
    return (ShellWord(word, command.span) for word in command.words)


def _target(source: DependencyFacts, written: str) -> str:
    return posixpath.normpath(posixpath.join(folder_of(source.path), written))
