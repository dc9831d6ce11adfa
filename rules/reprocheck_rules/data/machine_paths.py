"""Which texts name a place that only some machines have."""

import re
from dataclasses import dataclass
from enum import IntEnum


class Strength(IntEnum):
    """How surely a path exists on one machine only."""

    CONTAINER = 0
    """Where images and notebooks servers put things: `/app`, `/workspace`."""
    ABSOLUTE = 1
    """Some absolute path."""
    SHARED = 2
    """A bucket, or the home folder of whoever runs it."""
    PERSONAL = 3
    """Home directories, drives, mounts, clusters, notebook services."""


@dataclass(frozen=True, slots=True)
class MachinePath:
    """What a text names."""

    text: str
    kind: str
    """To follow `is`."""
    strength: Strength
    placeholder: bool
    """Whether it stands for a path that the reader must fill in."""


_CONTAINER_USERS = (
    "jovyan|runner|vscode|airflow|appuser|app|sagemaker-user|onyxia|coder|node|gitpod|codespace|circleci|dagster|ray"
)
_CLUSTER = (
    r"scratch\w*|checkpoint|fsx\w*|gpfs\w*|lustre\w*|beegfs|nfs\w*|net|cluster\w*|large_experiments|datasets01\w*|private|"
    r"ceph\w*|hpc\w*|pfs|afs|sdf|network|netscratch|project2?|projects?|work|users|global|lfs|gscratch|proj|ibex|cfs"
)
_MOUNT = (
    r"mnt|media|Volumes|srv|raid\d*|ssd\d*|hdd\d*|nvme\d*|disk\d*|storage\d*|data\d+|shared?|efs|fast|nas\d*|vol\d*"
)
_CONTAINER = (
    r"app|workspaces?|workdir|code|src|root|opt|repo|notebooks?|databricks|dbfs|input|inputs|output|outputs|ml|"
    r"airflow|zenml|config"
)
_FORMS: tuple[tuple[re.Pattern[str], str, Strength], ...] = tuple(
    (re.compile(pattern), kind, strength)
    for pattern, kind, strength in (
        (
            r"/(tmp|var|dev|proc|sys|usr|etc|s?bin|lib(32|64)?|run|boot|opt/(ml|conda|program|intel|rocm))(/|$)",
            "",
            Strength.CONTAINER,
        ),
        (r"[A-Za-z]:[\\/]+(Program Files|Windows|ProgramData|NVIDIA|CUDA|Python\d*)", "", Strength.CONTAINER),
        (rf"/home/({_CONTAINER_USERS})(/|$)", "a container user's home directory", Strength.CONTAINER),
        (
            r"/(home|Users|homes|private/home|export/home|data/home)/[^/{<\s]+",
            "in somebody's home directory",
            Strength.PERSONAL,
        ),
        (r"[A-Za-z]:([\\/](?=[^\\/\s{])|\\\\(?=[^\\/\s{]))", "on one computer's drive", Strength.PERSONAL),
        (r"\\\\[A-Za-z0-9_.-]+\\[\w$. -]+", "on one network's share", Strength.PERSONAL),
        (r"/(content/g?drive|gdrive)(/|$)", "a Google Drive as Colab mounts it", Strength.PERSONAL),
        (r"/content(/|$)", "a path of Colab", Strength.SHARED),
        (r"/kaggle/(input|working|temp|lib)(/|$)", "a path of Kaggle", Strength.PERSONAL),
        (rf"/({_CLUSTER})/[^/{{\s]", "a path of one cluster", Strength.PERSONAL),
        (rf"/({_MOUNT})/[^/{{\s]", "on one machine's mount", Strength.PERSONAL),
        (r"(s3[an]?|gs|gcs|hdfs|abfss?|wasbs?|adl|az|oss|viewfs|cos)://[^/{<\s]", "in one bucket", Strength.SHARED),
        (r"(hdfs|dbfs):/{1,3}(?!tmp)[^/{<\s]", "on one cluster's file system", Strength.SHARED),
        (
            r"~[\\/]+(?!\.|Library/|AppData|te?mp([\\/]|$))[^\s{]",
            "in the home directory of whoever runs it",
            Strength.SHARED,
        ),
        (rf"/({_CONTAINER})(/|$)", "a container's path", Strength.CONTAINER),
        (
            r"/(data|datasets?|models?|checkpoints?|experiments?|results?)/[^/{\s]",
            "an absolute path",
            Strength.ABSOLUTE,
        ),
        (r"/[A-Za-z][\w.-]*(/[\w. -]+)+", "an absolute path", Strength.ABSOLUTE),
    )
)
_PLACEHOLDER = re.compile(
    r"path[/_-]to|/your|your[_-]?\w+|my[_-]?(aws[_-])?bucket|[<>]|\bexample\b|xxx|\.\.\.|USER(NAME)?\b|some[/_]|dummy|fake|nonexist|foo\b|"
    r"\bbar\b|PATH_",
    re.IGNORECASE,
)
_STARTS = re.compile(r"[/~\\]|[A-Za-z]:[\\/]|[a-z0-9]{2,6}:/")
_LIMITS = range(4, 301)
"""Characters of a path."""


def machine_path(text: str) -> MachinePath | None:
    """What a text names, when that is a place outside the project; None for anything else, system paths included."""
    if len(text) not in _LIMITS or _STARTS.match(text) is None or "\n" in text:
        return None
    for pattern, kind, strength in _FORMS:
        if pattern.match(text):
            if not kind:
                return None
            return MachinePath(text, kind, strength, _PLACEHOLDER.search(text) is not None)
    return None
