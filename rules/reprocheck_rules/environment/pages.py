"""What the pages of a project, and the text of its files, say about installing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final, NamedTuple, TypeVar

from reprocheck.rulekit import Project
from reprocheck.rulekit.dependencies import DependencyFacts, folder_of

Answer = TypeVar("Answer")
_PAGE: Final = re.compile(r"\.(?:md|rst)$|(?:^|/)(?:readme|install|installation|usage)[^/]*\.txt$", re.IGNORECASE)
_README: Final = re.compile(r"(?:^|/)readme(?:\.\w+)?$", re.IGNORECASE)
_TELLS: Final = re.compile(
    r"install|\bconda create\b|\buv add\b|git clone|compil|from source|relies on|depends on|prerequisite", re.IGNORECASE
)
_HEADING: Final = re.compile(r"\s*#{1,6}\s+(.*)")
_SECTION: Final = re.compile(r"install|requirement|dependenc|prerequisite|environment|set-?up", re.IGNORECASE)
"""Headings above lists of what is needed."""
_ITEM: Final = re.compile(r"\s*(?:[-*+]|\d+\.)\s")
_WORD: Final = re.compile(r"[A-Za-z][\w.-]*\w")
_SHOP: Final = re.compile(r"pypi(?:\.org)?/(?:project|pypi|v|p|dm|pyversions|l)/([\w.-]+?)(?:\.svg)?(?=[/)\s\"'?]|$)")
_VERSIONED: Final = re.compile(
    r"\b(pytorch|torch|torchvision|torchaudio|tensorflow|keras|jax|mxnet|paddle\w*|mmcv|mmdet|detectron2)\b[^\n\d]{0,12}\d+\.\d",
    re.IGNORECASE,
)
"""A framework with its version, as lists of prerequisites name it."""
_OTHERWISE: Final = {
    "pycocotools": "cocoapi", "torch": "pytorch", "torchvision": "pytorch", "torchaudio": "pytorch",
    "tensorflow-gpu": "tensorflow", "paddlepaddle": "paddle", "opencv-python": "opencv",
    "scikit-image": "skimage", "scikit-learn": "sklearn", "pillow": "pil", "pyyaml": "yaml",
}  # fmt: skip
"""Names that pages call distributions by."""
_BY_NAME: Final = re.compile(r"\b(?:pip3?|uv|conda|mamba|poetry)\b[^\n]{0,40}?\b(?:install|add)\s+([^\n`]+)")
_PYTHON: Final = re.compile(r"\bpython(?:\s+version)?[\s:=<>~`*\[\]()v-]{0,6}3\.\d+", re.IGNORECASE)
_COLAB: Final = re.compile(rb"google\.colab|colab\.research\.google|\"colab\"|'colab'|colab-badge")
_KAGGLE: Final = re.compile(rb"/kaggle/(?:input|working|temp|lib)\b|\bkaggle_(?:secrets|datasets|web_client)\b")
"""Folders and modules that Kaggle's machines have."""
_KAGGLE_NOTEBOOK: Final = re.compile(rb"\"kaggle\": *\{|\blearntools\b|[\"']\.\./input/")
"""The same in notebooks, whose data lies in `../input` there."""
_PAGES_LIMIT: Final = 300
_BYTES_LIMIT: Final = 200_000


class Pages:
    """What stands in the read-me files, documentation and comments of a project, read when it is first asked for."""

    def __init__(self, project: Project) -> None:
        """Reads nothing yet."""
        self._project = project
        self._told_in: dict[str, frozenset[str]] = {}

    def tells(self, names: set[str], path: str) -> bool:
        """Whether a page, or the text of the file itself, speaks of installing one of these distributions."""
        names = names | {_OTHERWISE[name] for name in names if name in _OTHERWISE}
        return not (names.isdisjoint(self._told) and names.isdisjoint(self.told_in(path)))

    def told_in(self, path: str) -> frozenset[str]:
        """Words on the lines of a file that speak of installing, as names of distributions are written."""
        if path not in self._told_in:
            self._told_in[path] = frozenset(self._project.of_file(_told_in, path))
        return self._told_in[path]

    @cached_property
    def _told(self) -> frozenset[str]:
        return frozenset(self.of_each(_told_in))

    @cached_property
    def _pages(self) -> tuple[str, ...]:
        return self._project.of_project(_pages)

    def of_each(self, question: Callable[[Project, str], Iterator[Answer]]) -> Iterator[Answer]:
        """What a function says of each page, kept from scan to scan; see `text_of_page`."""
        return self._project.of_each(question, self._pages)

    def names_python(self) -> bool:
        """Whether a page says which Python this is for."""
        return any(self.of_each(_names_python))

    def is_for_colab(self, path: str) -> bool:
        """Whether a notebook says that it is made for Google's service."""
        return path.endswith(".ipynb") and any(self._project.of_file(_names_colab, path))

    def is_for_kaggle(self, path: str) -> bool:
        """Whether a file is made for Kaggle's machines, or is a notebook in a folder of such notebooks."""
        if self._names_kaggle(path):
            return True
        folder = folder_of(path)
        return path.endswith(".ipynb") and any(
            self._names_kaggle(other)
            for other in self._project.index.files
            if other.endswith(".ipynb") and folder_of(other) == folder
        )

    def _names_kaggle(self, path: str) -> bool:
        return any(self._project.of_file(_names_kaggle, path))


def text_of_page(project: Project, path: str) -> str:
    """What stands on a page; who asks has read this page only."""
    return _bytes(project, path).decode("utf-8", "replace")


def _bytes(project: Project, path: str) -> bytes:
    return project.index.head(path, _BYTES_LIMIT)


def _pages(project: Project) -> Iterator[str]:
    yield from sorted(path for path in project.index.paths if _PAGE.search(path))[:_PAGES_LIMIT]


def _told_in(project: Project, path: str) -> Iterator[str]:
    text, is_page = text_of_page(project, path), _PAGE.search(path) is not None
    words = {_plain(word) for line in _telling(text, listed=is_page) for word in _WORD.findall(line)}
    words |= {_plain(word) for word in _VERSIONED.findall(text if is_page else "")}
    yield from sorted(words)


def _names_python(project: Project, path: str) -> Iterator[bool]:
    if _PYTHON.search(text_of_page(project, path)):
        yield True


def _names_colab(project: Project, path: str) -> Iterator[bool]:
    if _COLAB.search(_bytes(project, path)):
        yield True


def _names_kaggle(project: Project, path: str) -> Iterator[bool]:
    text = _bytes(project, path)
    if _KAGGLE.search(text):
        yield True
    elif path.endswith(".ipynb") and _KAGGLE_NOTEBOOK.search(text) is not None:
        beside = f"{folder_of(folder_of(path))}/input/".lstrip("/")
        if not any(other.startswith(beside) for other in project.index.paths):
            yield True


def _telling(text: str, *, listed: bool) -> Iterator[str]:
    """Lines that speak of installing; of a page also the items below a heading that does."""
    inside = False
    for line in text.splitlines():
        heading = _HEADING.match(line) if listed else None
        if heading is not None:
            inside = _SECTION.search(heading[1]) is not None
        if _TELLS.search(line) or (inside and _ITEM.match(line)):
            yield line


def is_published(project: Project, manifest: DependencyFacts) -> bool:
    """Whether the read-me file beside a package's manifest, or at the root, tells others to install it by its name."""
    return project.value_of(is_published_by_name, manifest.path)


def is_published_by_name(project: Project, path: str) -> bool:
    """The same for the path of the manifest."""
    manifest = project.index.dependencies.sources[path]
    return project.once(_Published).has(project, manifest)


class _Published:
    """Which packages the read-me files of a project tell others to install by name."""

    def __init__(self, project: Project) -> None:
        self._told: dict[str, set[str]] = {}
        """Names that are told, by the folder of the read-me file."""
        for told in project.of_each(_told_by_read_me, project.of_project(_read_me_files)):
            self._told.setdefault(told.folder, set()).update(told.names)
        self._packages: dict[str, set[str]] = {}
        """Packages that lie in a folder, or in its `src`."""
        for home, name in project.of_project(_packages):
            self._packages.setdefault(home, set()).add(name)

    def has(self, project: Project, manifest: DependencyFacts) -> bool:
        folder = folder_of(manifest.path)
        told = self._told.get(folder, set()) | self._told.get("", set())
        return bool(told) and not self._own_names(project, manifest).isdisjoint(told)

    def _own_names(self, project: Project, manifest: DependencyFacts) -> frozenset[str]:
        """Names that the package may go by: what its manifest says, or those of its folders."""
        names = {_plain(manifest.made_from)} | self._packages.get(folder_of(manifest.path), set())
        if manifest.path in project.index.files:
            # The name is one of the texts of a setup.py, as the names of what it needs are.
            declared = {_plain(dependency.name) for dependency in manifest.dependencies}
            names |= {_plain(text) for text in project.of_file(texts_of, manifest.path)} - declared
        return frozenset(names - {""})


class _Told(NamedTuple):
    """What a read-me file tells others to install."""

    folder: str
    names: tuple[str, ...]


def _read_me_files(project: Project) -> Iterator[str]:
    yield from sorted(path for path in project.index.paths if _README.search(path))


def _told_by_read_me(project: Project, path: str) -> Iterator[_Told]:
    text = text_of_page(project, path)
    told = {_plain(name) for name in _SHOP.findall(text)}
    told |= {_plain(word) for line in _BY_NAME.findall(text) for word in _names(line)}
    if told:
        yield _Told(folder_of(path), tuple(sorted(told)))


def _packages(project: Project) -> Iterator[tuple[str, str]]:
    """Packages, each with the folder that it lies in."""
    for path in sorted(project.index.paths):
        if path.endswith("/__init__.py"):
            folder = folder_of(path)
            home = folder_of(folder)
            yield "" if home == "src" else home.removesuffix("/src"), _plain(folder[len(home) :].lstrip("/"))


def texts_of(project: Project, path: str) -> Iterator[str]:
    """Short texts in a module."""
    yield from project.index.files[path].strings


def _names(line: str) -> list[str]:
    """Names of distributions behind `install`; none where a folder or an address is installed."""
    words = [word.strip("\"'") for word in line.split()]
    if any(word in {"-e", "--editable", "."} or "://" in word for word in words):
        return []
    return [re.split(r"[\[=<>~!;]", word)[0] for word in words if word and not word.startswith("-")]


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
