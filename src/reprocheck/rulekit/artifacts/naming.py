"""Names of artifacts: where a path leads to, and what kind of thing lies there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import cached_property

from reprocheck.model.artifact_graph import NodeKind
from reprocheck.project.git_index import tracked_paths
from reprocheck.project.index.entries import Entry, Invocation
from reprocheck.project.index.project_index import ProjectIndex

HOLE = re.compile(r"\{[^{}/]*\}")
"""A part of a name that can't be told."""
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_ROOT_FILES = frozenset(
    {
        "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "environment.yml", "environment.yaml", "Pipfile",
        "Makefile", "makefile", "dvc.yaml", "Snakefile", "MLproject", "Dockerfile", "README.md", "README.rst",
        "readme.md",
    }
)  # fmt: skip
"""Files that say: programs below are run from here."""
_MODEL = re.compile(
    r"\.(pt|pth|ckpt|h5|hdf5|keras|pkl|pickle|joblib|sav|onnx|pb|tflite|safetensors|gguf|cbm|mlmodel|bst|model|bin|pmml"
    r"|engine|weights)(\.gz|\.tar)?$",
    re.IGNORECASE,
)
_IS_MODEL_WORD = re.compile(
    r"(^|[/_.-])(models?|checkpoints?|ckpts?|weights|estimator|classifier|vectorizer)s?($|[/_.-])"
)
_RESULT = re.compile(
    r"(metric|result|report|score|summary|history|log|plot|figure|curve|prediction|submission|loss)[\w{}.-]*"
    r"\.(json|csv|tsv|txt|ya?ml|jsonl|html|md|png|jpe?g|svg|pdf|log|npy|npz)$|\.(png|jpe?g|svg|pdf|gif|html|md|log)$"
    r"|(^|/)(runs|logs?|mlruns|tensorboard|tb_logs|figures|plots|reports)(/|$)",
    re.IGNORECASE,
)
_SETTINGS = re.compile(
    r"\.(ya?ml|toml|ini|cfg|conf|env|gin)$|(^|/)[\w.-]*(config|params|settings|hparams)[\w.-]*\.json$"
)
_DATA = re.compile(
    r"\.(csv|tsv|jsonl|ndjson|json|parquet|feather|arrow|avro|orc|mat|xlsx?|db|sqlite3?|data|dat|txt|xml|zip|tar|tgz|7z"
    r"|gz|bz2|xz|tfrecords?|lmdb|wav|flac|mp3|mp4|tiff?|nii|dcm|npy|npz|nc|root|las|pickle|arff|libsvm)$",
    re.IGNORECASE,
)
_DATA_FOLDER = re.compile(r"(^|/)(data|datasets?|inputs?|raw|corpus|images?)(/|$)", re.IGNORECASE)
_FEW = 3
"""Letters and digits that a name must have to stand for something."""


def kind_of(name: str, *, is_folder: bool = False) -> NodeKind:
    """What an artifact most likely is, by its name."""
    last = name.rstrip("/").rpartition("/")[2]
    if not is_stated(name):
        return NodeKind.UNKNOWN
    if _SETTINGS.search(last):
        return NodeKind.CONFIGURATION
    if _RESULT.search(name):
        return NodeKind.RESULT
    if _MODEL.search(last) and (not _DATA.search(last) or _IS_MODEL_WORD.search(name.lower())):
        data_folder = _DATA_FOLDER.search(name) and not _IS_MODEL_WORD.search(name.lower())
        return NodeKind.DATA if data_folder else NodeKind.MODEL
    if _DATA.search(last):
        return NodeKind.DATA
    if is_folder or "." not in last:
        return NodeKind.FOLDER
    return NodeKind.OTHER


def is_stated(name: str) -> bool:
    """Whether enough of a name is known to stand for something."""
    last = name.rstrip("/").rpartition("/")[2]
    fixed = HOLE.sub("", name)
    if sum(character.isalnum() for character in fixed) < _FEW:
        return False
    stem = HOLE.sub("", last)
    return re.search(r"\w", stem.rpartition(".")[0] or stem) is not None or "/" in fixed.strip("/.")


class Locator:
    """Finds what the paths in code lead to."""

    def __init__(self, index: ProjectIndex) -> None:
        """`index` knows which files there are."""
        self._index = index

    @cached_property
    def _folders(self) -> frozenset[str]:
        found: set[str] = set()
        for path in self._index.paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

    @cached_property
    def _tracked(self) -> frozenset[str]:
        tracked = tracked_paths(self._index.tree)
        return self._index.paths if tracked is None else self._index.paths & tracked

    def base(self, path: str) -> str:
        """Folder in which a program most likely runs: the nearest one around it that has a manifest or a read-me."""
        folder = path.rpartition("/")[0]
        while folder:
            if any(f"{folder}/{name}" in self._index.paths for name in _ROOT_FILES):
                return folder
            folder = folder.rpartition("/")[0]
        return ""

    def bases(self, entry: Entry) -> tuple[str, ...]:
        """Folders that a program's relative paths may begin at, the likeliest first."""
        called = [folder for invocation in entry.invocations for folder in _called_from(entry.path, invocation)]
        return tuple(dict.fromkeys((*called[:1], *self.around(entry.path))))

    def around(self, path: str) -> tuple[str, ...]:
        """The same for a program of which no call is known; a notebook runs where it lies."""
        own = path.rpartition("/")[0]
        likely = own if path.endswith(".ipynb") else self.base(path)
        return tuple(dict.fromkeys((likely, own, "")))

    def locate(self, text: str, bases: tuple[str, ...]) -> str:
        """The artifact that a path leads to: relative to the root where it lies inside, as written otherwise."""
        text = text.replace("\\", "/").strip()
        if _ADDRESS.match(text):
            return text
        if text.startswith("//"):
            return posixpath.normpath(text)[2:] or "."
        if text.startswith(("/", "~")) or re.match(r"[A-Za-z]:/", text):
            return posixpath.normpath(text)
        candidates = [posixpath.normpath(posixpath.join(base, text)) for base in bases]
        inside = [candidate for candidate in candidates if not candidate.startswith("..")]
        for candidate in inside:
            if self.exists(candidate):
                return candidate
        if "/" in text.strip("./"):
            # What isn't there yet is made in a folder that is.
            for candidate in inside:
                if candidate.rpartition("/")[0] in self._folders:
                    return candidate
        return candidates[0]

    def exists(self, path: str) -> bool:
        """Whether something lies there, or a pipeline puts it there."""
        return path in self._index.paths or path in self._folders or self._index.lies_on_disk(path)

    def is_folder(self, path: str) -> bool:
        """Whether a folder lies there."""
        return path in self._folders

    def kept(self, path: str) -> str:
        """Who keeps the content."""
        if path in self._tracked:
            return "git"
        return "dvc" if self._index.pipelines.is_made(path) else ""


def _called_from(path: str, invocation: Invocation) -> Iterator[str]:
    """Folder in which a command must run for the program that it names to be this one."""
    for word in invocation.command.words:
        script = posixpath.normpath(word)
        if path == script or path.endswith(f"/{script}"):
            yield path[: -len(script)].rstrip("/")


def pattern_of(name: str) -> re.Pattern[str] | None:
    """What a name with unknown parts may stand for; None where too little of it is known."""
    if not HOLE.search(name) and "*" not in name:
        return None
    pieces = re.split(r"(\{[^{}/]*\}|\*+)", name)
    fixed = [piece for piece in pieces if piece and piece[0] not in "{*"]
    last = HOLE.sub("", name.rpartition("/")[2]).replace("*", "")
    if sum(character.isalnum() for piece in fixed for character in piece) < 2 * _FEW or len(last) < _FEW:
        return None
    whole = "".join(
        (r".+" if position == 1 and not pieces[0] else r"[^/]+") if piece[:1] in {"{", "*"} else re.escape(piece)
        for position, piece in enumerate(pieces)
        if piece
    )
    return re.compile(whole)
