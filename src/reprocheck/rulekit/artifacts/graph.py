"""Puts the graph of artifacts together from what programs do and what pipelines declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from reprocheck.model.artifact_graph import ArtifactGraph, Edge, Member, Node, NodeKind, Use
from reprocheck.model.place import Span
from reprocheck.rulekit.artifacts.declared import Step, locator_of, steps
from reprocheck.rulekit.artifacts.naming import HOLE, is_stated, kind_of, pattern_of
from reprocheck.rulekit.artifacts.programs import Programs
from reprocheck.rulekit.execution import WHOLE, Budget
from reprocheck.rulekit.project import Project

_STANDS_FOR = 12
"""Artifacts that one name with unknown parts may stand for; more say nothing."""
_USES = 20
"""Places of one edge that are kept."""


_RULES = Budget(run=400, least=25, every=5_000)
"""What rules may spend: some 4% of a scan of three hundred programs. Of most projects that is all."""


def artifact_graph(project: Project) -> ArtifactGraph:
    """The graph of a project as rules see it, made once; of very large projects calls are not followed to their end."""
    return project.once(_for_rules)


def whole_artifact_graph(project: Project) -> ArtifactGraph:
    """The same with all calls followed."""
    return _made(project, WHOLE)


def _for_rules(project: Project) -> ArtifactGraph:
    return _made(project, _RULES)


def _made(project: Project, budget: Budget) -> ArtifactGraph:
    draft = _Draft(project)
    for step in steps(project):
        draft.add_step(step)
    for entry, found in Programs(project, draft.locator, budget).uses():
        draft.add_program(entry.path, entry.span)
        if found.table:
            draft.tables[found.artifact] = found.name
        draft.add(entry.path, found.artifact, found.name, found.use, writes=found.writes, certain=found.certain)
    return draft.graph()


class _Draft:
    """The graph while it grows."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.locator = project.once(locator_of)
        self.tables: dict[str, str] = {}
        self._programs: dict[str, Node] = {}
        self._stages: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._uses: dict[tuple[str, str, bool], list[Use]] = defaultdict(list)
        self._declared: set[tuple[str, str, bool]] = set()
        self._certain: set[tuple[str, str, bool]] = set()

    def add_step(self, step: Step) -> None:
        """A step with all that it says."""
        items = list(step.uses())
        if not items:
            return
        if step.is_program:
            self.add_program(step.program, step.span)
        else:
            self._programs[step.program] = Node(
                id=step.program, kind=NodeKind.STAGE, name=step.name, path=step.path, span=step.span
            )
        if step.is_program and step.declared:
            self._stages[step.program].append(step.name)
        for artifact, writes, use in items:
            key = (step.program, artifact, writes)
            if step.declared:
                self._declared.add(key)
            self.add(step.program, artifact, artifact, use, writes=writes, certain="{" not in artifact)

    def add_program(self, path: str, span: Span) -> None:
        """A program, once."""
        if path not in self._programs:
            self._programs[path] = Node(id=path, kind=NodeKind.PROGRAM, name=path, path=path, span=span)

    def add(self, program: str, artifact: str, name: str, use: Use, *, writes: bool, certain: bool) -> None:
        """One use of an artifact."""
        key = (program, artifact, writes)
        self._names.setdefault(artifact, name)
        if len(self._uses[key]) < _USES:
            self._uses[key].append(use)
        if certain:
            self._certain.add(key)

    def graph(self) -> ArtifactGraph:
        """The finished graph, sorted."""
        stands_for = self._stands_for()
        edges: dict[tuple[str, str, bool], Edge] = {}
        for key, uses in sorted(self._uses.items()):
            program, artifact, writes = key
            for target in stands_for.get(artifact, (artifact,)):
                known = edges.get((program, target, writes))
                edges[program, target, writes] = Edge(
                    program=program,
                    artifact=target,
                    writes=writes,
                    declared=key in self._declared or (known is not None and known.declared),
                    certain=(key in self._certain and target == artifact) or (known is not None and known.certain),
                    uses=(*(known.uses if known is not None else ()), *uses)[:_USES],
                )
        used = {edge.artifact for edge in edges.values()}
        busy = {edge.program for edge in edges.values()}
        return ArtifactGraph(
            nodes=(
                *(self._program(node) for _, node in sorted(self._programs.items()) if node.id in busy),
                *(self._artifact(artifact) for artifact in sorted(used)),
            ),
            edges=tuple(edge for _, edge in sorted(edges.items())),
            members=tuple(_members(used - self.tables.keys())),
        )

    def _stands_for(self) -> dict[str, tuple[str, ...]]:
        """What names with unknown parts most likely are, among the names that are known."""
        exact = [name for name in self._names if not HOLE.search(name) and "*" not in name and name not in self.tables]
        written = {artifact for _, artifact, writes in self._uses if writes}
        read = {artifact for _, artifact, writes in self._uses if not writes}
        found: dict[str, tuple[str, ...]] = {}
        for name in self._names:
            pattern = pattern_of(name) if name not in self.tables and not name.startswith("?") else None
            if pattern is None:
                continue
            fits = [
                other
                for other in exact
                if pattern.fullmatch(other)
                and ((name in read and other in written) or (name in written and other in read - written))
            ]
            if 0 < len(fits) <= _STANDS_FOR:
                found[name] = tuple(sorted(fits))
        return found

    def _program(self, node: Node) -> Node:
        stages = tuple(dict.fromkeys(self._stages.get(node.id, ())))
        return Node(id=node.id, kind=node.kind, name=node.name, path=node.path, span=node.span, stages=stages)

    def _artifact(self, artifact: str) -> Node:
        if artifact in self.tables:
            name = self.tables[artifact]
            return Node(id=artifact, kind=NodeKind.TABLE, name=name, exact="{" not in name)
        name = self._names.get(artifact, artifact)
        is_unknown = artifact.startswith("?") or not is_stated(name)
        is_folder = self.locator.is_folder(artifact)
        here = artifact in self._project.index.paths or is_folder
        return Node(
            id=artifact,
            kind=NodeKind.UNKNOWN if is_unknown else kind_of(name, is_folder=is_folder),
            name=name,
            path=artifact if here else "",
            kept=self.locator.kept(artifact),
            exact=not HOLE.search(name) and "*" not in name,
        )


def _members(used: Iterable[str]) -> Iterator[Member]:
    """Artifacts that lie in a folder which is one too, each with the nearest."""
    known = {artifact for artifact in used if not artifact.startswith("?")}
    for artifact in sorted(known):
        folder = artifact.rpartition("/")[0]
        while folder:
            if folder in known:
                yield Member(folder, artifact)
                break
            folder = folder.rpartition("/")[0]
