"""Which files of a repository are data or models, by their names, and which of them git itself holds."""

from __future__ import annotations

import re
from typing import Final

from reprocheck.rulekit import Project
from reprocheck.rulekit.pipelines import Attributes, tracked_paths

MODELS: Final = re.compile(
    r"\.(pt|pth|pth\.tar|ckpt|h5|hdf5|keras|pkl|pickle|joblib|sav|onnx|pb|tflite|safetensors|gguf|caffemodel|weights|cbm"
    r"|mlmodel|pmml|bst|model|npz|npy|bin|engine|trt)(\.gz)?$",
    re.IGNORECASE,
)
"""Models, and arrays and objects in binary form."""
DATA: Final = re.compile(
    r"\.(csv|tsv|jsonl|ndjson|json|parquet|feather|arrow|avro|orc|mat|xlsx?|db|sqlite3?|arff|libsvm|data|dat|txt|xml"
    r"|zip|tar|tar\.\w+|tgz|7z|rar|gz|bz2|xz|tfrecords?|lmdb|mdb|wav|flac|mp3|mp4|avi|mov|tiff?|nii|dcm|las|root|nc)$",
    re.IGNORECASE,
)
"""Tables, archives, recordings."""
_NOT_DATA: Final = re.compile(
    r"(^|/)(package(-lock)?|tsconfig|composer|renovate|\w*manifest)\.json$|(^|/)(requirements|constraints)[^/]*\.txt$"
    r"|(^|/)(license|licence|notice|copying|changelog|readme|third.?party)[^/]*$|\.lock(\.json)?$|(^|/)docs?/|(^|/)node_modules/"
    r"|(^|/)(venv|\.venv|env|site-packages)/",
    re.IGNORECASE,
)
TESTS: Final = re.compile(
    r"(^|/)(tests?|testing|(?:tests?[-_])?fixtures|tests?[-_]?data|__snapshots__)/", re.IGNORECASE
)


EXAMPLES: Final = re.compile(
    r"(^|/)(tests?|testing|(?:tests?[-_])?fixtures|tests?[-_]?data|templates?)/|\{\{|cookiecutter", re.IGNORECASE
)
"""Pipelines that show something rather than run."""


def is_stored_data(path: str) -> bool:
    """Whether a path is that of data or of a model."""
    return (MODELS.search(path) or DATA.search(path)) is not None and _NOT_DATA.search(path) is None


def held_by_git(project: Project) -> frozenset[str]:
    """Files that git tracks; where its index can't be read all that it doesn't ignore."""
    tracked = tracked_paths(project.index.tree)
    return project.index.paths if tracked is None else project.index.paths & tracked


def lfs_attributes(project: Project) -> Attributes:
    """What `.gitattributes` says of Git LFS."""
    return Attributes(project.index.tree)
