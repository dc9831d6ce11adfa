"""What an address tells of the data behind it: whether it is a file, and whether it can be another one tomorrow."""

from __future__ import annotations

import re
from typing import Final

from reprocheck.rulekit import HOLE

_WEB: Final = re.compile(r"(https?|ftp)://", re.IGNORECASE)
_FILE: Final = re.compile(
    r"\.(zip|tar|tar\.\w+|tgz|tbz2?|gz|bz2|xz|7z|rar|csv|tsv|jsonl?|ndjson|parquet|arrow|feather|npz|npy|h5|hdf5|mat|xlsx?"
    r"|pt|pth|ckpt|pkl|pickle|joblib|bin|safetensors|onnx|pb|tflite|caffemodel|model|txt|data|xml|arff|root|nc|tif|tiff"
    r"|wav|flac|mp3|mp4|names|bz2|libsvm|svm|names|vec)$",
    re.IGNORECASE,
)
_NUMBER: Final = r"v?\d+(\.\d+)+"
_FIXED: Final = re.compile(
    # a commit, a release's tag, a version as a part of the path or of the file's name
    rf"/[0-9a-f]{{40}}(/|$)|/releases/download/(?!latest)|/{_NUMBER}/|[-_.]({_NUMBER}|v\d+|\d+-\d+-\d+)(?=[-_./]|$)"
    r"|[-_/.]v?\$\{?\w*(VERSION|RELEASE|COMMIT|TAG|SHA|REVISION)\b"
    # archives that keep what they published: Zenodo and its kin, figshare, Dataverse, OSF, Mendeley, OpenML, arXiv, ...
    r"|/(api/)?records?/[\w.-]+/files/|zenodo\.org/api/files/|figshare\.com/|/dataverse|//osf\.io/"
    r"|mendeley\.com/public-files|openml\.org/data/(v1/)?(download|get_csv)/\d"
    r"|//arxiv\.org/|web\.archive\.org/web/\d|[/=](E-[A-Z]{4}-|GSE|GSM|S-B[A-Z]+)\d+|//static-content\.springer\.com/esm/",
    re.IGNORECASE,
)
_NAMED_BY_CONTENT: Final = re.compile(r"[-_.][0-9a-f]{8,64}\.\w+$|/[0-9a-f]{32,64}(/|$)")
_LOCAL: Final = re.compile(r"://(localhost|127\.|0\.0\.0\.0|\[::1\]|[\w.-]+\.(local|internal)\b)")
_PICTURE: Final = re.compile(r"\.(jpe?g|png|gif|svg|webp|bmp|ico)$", re.IGNORECASE)
_PROGRAM: Final = re.compile(
    r"/nightly/|//api\.|/libtorch/|/installers?/|[-_](linux|windows|win(32|64)|macos|osx|darwin|x86_64|x64|amd64|arm64|aarch64)[-_.]",
    re.IGNORECASE,
)
_SHOWN: Final = 80


def is_address(text: str) -> bool:
    """Whether a text is an address on the web."""
    return _WEB.match(text) is not None and _LOCAL.search(text) is None


def is_file(text: str) -> bool:
    """Whether an address ends like a file of data or weights."""
    return _FILE.search(_path(text)) is not None and _PROGRAM.search(text) is None


def is_picture(text: str) -> bool:
    """Whether an address is that of a single picture: most often something to show, not to learn from."""
    return _PICTURE.search(_path(text)) is not None


def _path(text: str) -> str:
    return text.partition("?")[0].partition("#")[0]


def is_fixed(text: str) -> bool:
    """Whether an address names a commit, release, version or content, or a place that never changes what it has."""
    path = text.partition("?")[0]
    return _FIXED.search(text) is not None or _NAMED_BY_CONTENT.search(path) is not None


def shown(text: str) -> str:
    """An address as it stands in a message."""
    text = text.replace(HOLE, "…")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
