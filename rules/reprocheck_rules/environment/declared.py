"""What the manifests, locks, images and commands of a project install, and for which folders."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

from reprocheck.rulekit import Project, parse_image_reference
from reprocheck.rulekit.dependencies import Dependency, DependencyFacts, distribution, folder_of
from reprocheck.rulekit.facts import Call, Command
from reprocheck_rules.environment.manifests import is_auxiliary, is_library, is_recorded, is_template
from reprocheck_rules.environment.own_images import OwnImages
from reprocheck_rules.environment.pages import Pages, text_of_page

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


class Scope(NamedTuple):
    """What the manifests of a folder and of those above it say."""

    names: frozenset[str]
    """Distributions that they name, whatever for."""
    extras: frozenset[str]
    """Extras of these, in small letters."""
    with_extras: frozenset[str]
    """What they name with an extra: `dask[dataframe]`."""
    auxiliary: bool
    """Whether all of them are for tools, documentation or CI by their names."""
    complete: bool
    """Whether all that they name could be told: nothing computed, no file missing, no unnamed address."""


class Declared:
    """Names of distributions that a project declares."""

    def __init__(self, project: Project) -> None:
        """Looks at all manifests; at locks, images and commands when first asked."""
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
        self._scopes: dict[str, str | None] = {}
        self._libraries: dict[str, bool] = {}

    @cached_property
    def _images(self) -> tuple[_Images, ...]:
        return tuple(self._project.of_documents(_images_in))

    @cached_property
    def _words(self) -> tuple[_Got, ...]:
        notebooks = [path for path in self._project.index.files if path.endswith(".ipynb")]
        return (*self._project.of_documents(_got_in), *self._project.of_each(_got_in_notebook, notebooks))

    @cached_property
    def installed(self) -> frozenset[str]:
        """What commands, images and steps of pipelines install."""
        project = self._project
        cogs = [path for path in project.index.documents if path.rpartition("/")[2] == "cog.yaml"]
        by_commands = (name for words in self._words for name in words.installed)
        by_images = (name for images in self._images for name in images.brought)
        return frozenset((*by_commands, *by_images, *project.of_each(_by_cog, cogs), *project.of_files(_by_code)))

    @cached_property
    def installed_plainly(self) -> frozenset[str]:
        """The same without what separates words."""
        return frozenset(map(plain, self.installed))

    @cached_property
    def installed_extending(self) -> frozenset[str]:
        """The first words of names of several words that are installed."""
        return frozenset(first for first, dash, _ in (name.partition("-") for name in self.installed) if dash)

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """Whatever else may be there on the author's machine.

        What any manifest or lock names, what a read-me file tells to install by hand, what Nix or a hosted
        demonstration brings, and what comes along with what is installed.
        """
        index, project = self._project.index.dependencies, self._project
        names = {_name(dependency) for source in (*index.manifests, *index.locks) for dependency in source.dependencies}
        names |= {name for lock in index.locks for name in index.recorded(lock)}
        names |= {name for words in self._words for name in words.described}
        names.update(project.of_each(_by_nix, project.of_project(_nix_files)), self._by_spaces())
        return project.catalog.distributions.brought(self.installed) | names

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

    @cached_property
    def _opaque(self) -> frozenset[str]:
        """Folders that such images are built for, with a slash behind."""
        own = self._project.once(OwnImages)
        return frozenset(
            f"{images.folder}/" if images.folder else ""
            for images in self._images
            for base in images.bases
            if (reference := parse_image_reference(base)) is not None and not own.has(reference)
        )

    def scope(self, path: str) -> str | None:
        """The nearest folder above a file that has manifests; None where there is none."""
        folder = folder_of(path)
        if folder not in self._scopes:
            self._scopes[folder] = folder if folder in self._homes else self.scope(folder) if folder else None
        return self._scopes[folder]

    def manifests(self, scope: str) -> Iterator[DependencyFacts]:
        """Manifests of a folder and of those above it."""
        while True:
            yield from self._homes.get(scope, ())
            if not scope:
                return
            scope = folder_of(scope)

    def names(self, scope: str) -> frozenset[str]:
        """Distributions that the manifests of a folder and of those above it name, whatever for."""
        index = self._project.index.dependencies
        sources = list(self.manifests(scope))
        sources += [included for source in sources for included, _ in index.included(source)]
        return frozenset(_name(dependency) for source in sources for dependency in source.dependencies)

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
        unread = (path for path in self._project.of_project(_usual_manifests) if path not in sources)
        return not any(home(path) == scope for path in unread) and all(
            (source.complete or told)
            and all(dependency.name or not dependency.url for dependency in source.dependencies)
            and all(_target(source, include.path) in sources for include in source.includes)
            for source in listed
        )

    def _by_spaces(self) -> Iterator[str]:
        """What Hugging Face's demonstrations have, where a page speaks of one."""
        if any(self._project.once(Pages).of_each(_names_spaces)):
            yield from ("gradio", "streamlit")


# Values for questions, which read no more than what each says


def declared_in(project: Project, scope: str) -> Scope:
    """What the manifests of a folder and of those above it say."""
    declared = project.once(Declared)
    return Scope(
        declared.names(scope),
        declared.extras(scope),
        declared.with_extras(scope),
        all(map(is_auxiliary, declared.manifests(scope))),
        declared.is_complete(scope),
    )


def declared_for(project: Project, program: str) -> frozenset[str]:
    """What a list for one program names."""
    return project.once(Declared).of_program(program)


def is_installed(project: Project, module: str) -> bool:
    """Whether something installs what brings a module, without any manifest."""
    declared = project.once(Declared)
    providers = project.catalog.distributions.providers(module)
    top = module.partition(".")[0]
    return (
        not declared.installed.isdisjoint(providers)
        or (not providers and top.lower() in declared.installed_extending)
        or plain(top) in declared.installed_plainly
    )


def is_named_elsewhere(project: Project, name: str) -> bool:
    """Whether a distribution stands in any manifest, lock or description, or comes along with what is installed."""
    return name in project.once(Declared).elsewhere


# What single files say


class _Got(NamedTuple):
    """Words of commands that install something, as names of distributions are written."""

    installed: tuple[str, ...]
    described: tuple[str, ...]
    """Of commands that a page shows."""


def _got_in(project: Project, path: str) -> Iterator[_Got]:
    document = project.index.documents[path]
    found = _Got(tuple(sorted(set(_got(document.commands)))), tuple(sorted(set(_got(document.shown)))))
    if any(found):
        yield found


def _got_in_notebook(project: Project, path: str) -> Iterator[_Got]:
    installed = set(_got(project.index.files[path].commands))
    if installed:
        yield _Got(tuple(sorted(installed)), ())


class _Images(NamedTuple):
    """Images that a document names."""

    folder: str
    """What it speaks for."""
    brought: tuple[str, ...]
    """Distributions that they bring."""
    bases: tuple[str, ...]
    """Those of them that something is built from, as far as they may have packages of anybody's choice."""


def _images_in(project: Project, path: str) -> Iterator[_Images]:
    document = project.index.documents[path]
    names = [image.name for image in document.images]
    names += [str(setting.value) for setting in document.settings if setting.key.endswith("image")]
    found = _Images(
        home(path),
        tuple(each for name in names for pattern, brought in _IMAGES if pattern.search(name) for each in brought),
        tuple(image.name for image in document.images if not image.copied and not _is_bare(image.name)),
    )
    if found.brought or found.bases:
        yield found


def _is_bare(name: str) -> bool:
    reference = parse_image_reference(name)
    return reference is None or _BARE.search(reference.name) is not None


def _by_cog(project: Project, path: str) -> Iterator[str]:
    for setting in project.index.documents[path].settings:
        if setting.key.startswith("build.python_packages."):
            yield re.split(r"[\[=<>~! ]", str(setting.value))[0].lower().replace("_", "-")


def _by_code(project: Project, path: str) -> Iterator[str]:
    """Packages that code names for a step of a pipeline, or for an image that it describes."""
    functions = project.index.files[path].functions
    called = {event.callee for function in functions for event in function.events if isinstance(event, Call)}
    if any(map(_INSTALLS_FOR.search, called)):
        text = project.index.head(path, _CODE_LIMIT).decode("utf-8", "replace")
        for listed in _LISTED_FOR.findall(text):
            for written in _QUOTED.findall(listed):
                yield re.split(r"[\[=<>~!;@ ]", written)[0].lower().replace("_", "-")


def _nix_files(project: Project) -> Iterator[str]:
    yield from sorted(path for path in project.index.paths if path.endswith(".nix"))


def _by_nix(project: Project, path: str) -> Iterator[str]:
    text = project.index.head(path, _CODE_LIMIT).decode("utf-8", "replace")
    yield from sorted({word.lower().replace("_", "-") for word in _NIX_WORD.findall(text)})


def _names_spaces(project: Project, path: str) -> Iterator[bool]:
    if _SPACES.search(text_of_page(project, path)):
        yield True


def _usual_manifests(project: Project) -> Iterator[str]:
    yield from sorted(path for path in project.index.paths if _MANIFEST.search(path))


def home(path: str) -> str:
    """The folder that a manifest speaks for."""
    folder = folder_of(path)
    while folder and _HOLDERS.search(folder):
        folder = folder_of(folder)
    return folder


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


def _target(source: DependencyFacts, written: str) -> str:
    return posixpath.normpath(posixpath.join(folder_of(source.path), written))


def plain(name: str) -> str:
    """A name in small letters without what separates words."""
    return name.lower().replace("-", "").replace("_", "").replace(".", "")
