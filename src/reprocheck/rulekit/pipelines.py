"""What rules about pipelines and data read: stages, what is recorded of them, and what is on disk."""

from reprocheck.project.git_index import Attributes, tracked_paths
from reprocheck.project.index.pipelines import Pipelines
from reprocheck.project.pipelines.dvc_model import DvcFile, Edge, Lock, Stage
from reprocheck.project.pipelines.dvc_status import LINE_ENDS, Change, State, What
from reprocheck.project.pipelines.stage_commands import Program, programs
from reprocheck.project.work_tree import EntryKind, Found, WorkTree, joined
from reprocheck.rulekit.opened_files import Opened, opened_files

__all__ = [
    "LINE_ENDS",
    "Attributes",
    "Change",
    "DvcFile",
    "Edge",
    "EntryKind",
    "Found",
    "Lock",
    "Opened",
    "Pipelines",
    "Program",
    "Stage",
    "State",
    "What",
    "WorkTree",
    "joined",
    "opened_files",
    "programs",
    "tracked_paths",
]
