"""What rules about pipelines and data read: stages, what is recorded of them, and what is on disk."""

from reprocheck.project.index.pipelines import Pipelines
from reprocheck.project.pipelines.dvc_model import DvcFile, Edge, Stage
from reprocheck.project.pipelines.dvc_status import Change, State, What
from reprocheck.project.work_tree import EntryKind, Found, WorkTree, joined

__all__ = [
    "Change",
    "DvcFile",
    "Edge",
    "EntryKind",
    "Found",
    "Pipelines",
    "Stage",
    "State",
    "What",
    "WorkTree",
    "joined",
]
