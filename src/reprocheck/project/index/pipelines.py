"""The pipelines of a project: what DVC's files declare and record, compared with what is on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from reprocheck.project.git_index import tracked_paths
from reprocheck.project.pipelines.dvc_files import PIPELINE_FILE, is_dvc_file, read_pipeline
from reprocheck.project.pipelines.dvc_model import DvcFile, Edge, Stage
from reprocheck.project.pipelines.dvc_records import read_tracked
from reprocheck.project.pipelines.dvc_status import Change, Status
from reprocheck.project.work_tree import WorkTree


class Pipelines:
    """Files of pipelines, read when first asked for."""

    def __init__(self, paths: Iterable[str], tree: WorkTree) -> None:
        """`paths` are all files of the project; `tree` is what lies on disk, ignored files included."""
        self._paths = sorted(paths)
        self.tree = tree

    @cached_property
    def dvc(self) -> tuple[DvcFile, ...]:
        """Every `dvc.yaml` and `.dvc` file, by path."""
        found = []
        for path in self._paths:
            if path.rpartition("/")[2] == PIPELINE_FILE:
                found.append(read_pipeline(self.tree, path))
            elif is_dvc_file(path):
                found.append(read_tracked(self.tree, path))
        return tuple(found)

    @property
    def stages(self) -> Iterator[tuple[DvcFile, Stage]]:
        """Every stage with the file that declares it."""
        for file in self.dvc:
            for stage in file.stages:
                yield file, stage

    @cached_property
    def _status(self) -> Status:
        return Status(self.tree)

    def changes(self, file: DvcFile, stage: Stage) -> tuple[Change, ...]:
        """How a stage differs from its record."""
        return self._status.of_stage(file, stage)

    @cached_property
    def made(self) -> dict[str, tuple[DvcFile, Stage, Edge]]:
        """What stages and `.dvc` files give, by path; those too that git tracks although a pattern ignores them."""
        tracked = {path for path in tracked_paths(self.tree) or () if is_dvc_file(path)}
        files = (*self.dvc, *(read_tracked(self.tree, path) for path in sorted(tracked.difference(self._paths))))
        return {
            edge.path: (file, stage, edge)
            for file in files
            for stage in file.stages
            for edge in stage.outs
            if edge.path
        }

    def is_made(self, path: str) -> bool:
        """Whether DVC gives a path, itself or as part of a folder."""
        parts = path.split("/")
        return any("/".join(parts[:length]) in self.made for length in range(1, len(parts) + 1))
