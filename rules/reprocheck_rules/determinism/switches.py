"""What a run says about determinism: whether it asks for it, where it computes, and which switches it sets."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, unique
from typing import NamedTuple

from reprocheck.rulekit import AddImport, Confidence, Fix, InsertStatements, Match, Project, Safety, Where
from reprocheck.rulekit.execution import Happening, Run, argument_of
from reprocheck.rulekit.facts import Setting
from reprocheck_rules.randomness.seeding import seedings, story, trains

_NOT_ASKED = frozenset({"by-name", "seeds-by-default", "environment", "agent"})
"""Seeders that a person did not call to have the same numbers again, or whose inside is not known."""

_OTHER_LIBRARIES = ("keras.", "tensorflow.", "optax.", "flax.", "jax.", "sklearn.", "mxnet.", "paddle.")
_TRAINERS = ("lightning.", "transformers.", "accelerate.", "timm.", "?.fit")


@dataclass(frozen=True, slots=True)
class Switch:
    """The state of one switch in one run."""

    on: tuple[Happening, ...] = ()
    """Places that turn it on, or may."""
    optional: tuple[Happening, ...] = ()
    """Places that turn it on only when an option is given."""
    off: tuple[Happening, ...] = ()
    """Places that plainly turn it off."""


@dataclass(frozen=True, slots=True)
class CudaUse:
    """A place that shows that a run computes on an NVIDIA GPU."""

    happening: Happening
    certain: bool
    """False where it takes a GPU only if there is one, or if an option says so."""
    only_seeded: bool = False
    """Whether the only sign is that CUDA's generators are seeded, as programs for the CPU do too."""


class Report(NamedTuple):
    """A match to be made once, though several runs lead to it."""

    match: Match
    program: str
    """File of the entry point that leads to it."""


_STRENGTH = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2, None: 1}


def merged(reports: Iterable[Report]) -> Iterator[Match]:
    """One match for each place, of the run that is surest of it."""
    best: dict[tuple[str, int, int], Report] = {}
    programs: dict[tuple[str, int, int], set[str]] = {}
    for report in reports:
        span = report.match.span
        key = (report.match.path, span.line, span.column)
        programs.setdefault(key, set()).add(report.program)
        known = best.get(key)
        if known is None or _STRENGTH[report.match.confidence] > _STRENGTH[known.match.confidence]:
            best[key] = report
    for key, report in best.items():
        others = len(programs[key]) - 1
        more = f" (and so in {others} more entry point{'s' if others > 1 else ''})" if others else ""
        yield report.match.saying(report.match.message + more)


def statement_beside(happening: Happening, where: Where, text: str, needed: AddImport, title: str) -> Fix:
    """Statements before or behind the one that a call stands in, and the import that they need."""
    edits = (
        AddImport(needed.module, needed.name, needed.alias, happening.path),
        InsertStatements(happening.call.span, where, text, happening.path),
    )
    # What a program that repeats as far as cuDNN goes still may not repeat comes to light.
    return Fix(title, Safety.UNSAFE, edits, ("DET003",))


def switch(project: Project, run: Run, role: str) -> Switch:
    """Whether a run sets the switch that a catalog role names."""
    on: list[Happening] = []
    optional: list[Happening] = []
    off: list[Happening] = []
    for happening in run.happenings:
        roles = happening.entry.roles
        if "determinism-flag" not in roles or role not in roles:
            continue
        if "sets-variable" in roles and project.holds(happening, role) is not True:
            continue
        state = project.holds(happening, "determinism-flag")
        if happening.name.endswith("cudnn.enabled=") and state is not True:
            continue  # to have cuDNN is no statement about determinism
        if state is False:
            if _given(happening):
                (off if _constant(happening) else optional).append(happening)
        else:
            (on if happening.active else optional).append(happening)
    return Switch(tuple(on), tuple(optional), tuple(off))


def _given(happening: Happening) -> bool:
    """Whether the call says anything of the switch at all: a trainer without `deterministic` doesn't."""
    conditions = happening.entry.when.get("determinism-flag", {})
    named = {argument.name for argument in happening.call.arguments}
    return not named.isdisjoint(conditions) or happening.name.endswith(("=", "_algorithms", "_mode"))


def _constant(happening: Happening) -> bool:
    """Whether the value stands in the code, so that no option changes it."""
    return all(argument.value is None or argument.value.kind.value == "c" for argument in happening.call.arguments[:1])


def cuda_use(project: Project, run: Run) -> CudaUse | None:
    """The surest sign that a run computes on an NVIDIA GPU."""
    possible: Happening | None = None
    seeded: Happening | None = None
    for happening in run.happenings:
        roles = happening.entry.roles
        if "uses-cuda" in roles:
            state = project.holds(happening, "uses-cuda")
            if state is True and happening.active and (happening.certain or happening.name.startswith("?.")):
                return CudaUse(happening, certain=happening.guard is None)
            if state is not False or "may-use-cuda" in roles:
                possible = possible or happening
        elif "torch-cuda" in happening.entry.families and "torch" not in happening.entry.families:
            seeded = seeded or happening
    sign = possible or seeded
    return CudaUse(sign, certain=False, only_seeded=possible is None) if sign is not None else None


def trains_networks(run: Run) -> bool:
    """Whether a run changes the weights of a PyTorch model; a gradient alone may guide an image instead."""
    return any(
        h.active
        and not h.name.startswith(_OTHER_LIBRARIES)
        and (
            "optimizer" in h.entry.roles
            or ("trains" in h.entry.roles and (h.name.endswith(".backward") or h.name.startswith(_TRAINERS)))
        )
        for h in run.happenings
    )


def asked_seeds(project: Project, run: Run, *families: str) -> list[Happening]:
    """Calls that seed one of the families because a person wrote them, in their order, optional ones too."""
    found = seedings(project, run)
    calls = {id(h): h for f in families for h in (*(h for _, h in found[f].seeds), *found[f].optional)}
    return [h for h in run.happenings if id(h) in calls and h.entry.roles.isdisjoint(_NOT_ASKED) and not _by_epoch(h)]


def _by_epoch(seed: Happening) -> bool:
    """Whether a sampler seeds with the number of the epoch, so that each process shuffles alike."""
    argument = argument_of(seed.call, seed.entry, seed.entry.seed_argument)
    value = None if argument is None else argument.value
    return value is not None and f"{value.value or ''}{value.path}".rpartition(".")[2].lstrip("_") == "epoch"


def by_default(project: Project, run: Run, seed: Happening) -> bool:
    """Whether a seeding call runs without an option being given."""
    return any(h is seed for seeding in seedings(project, run).values() for _, h in seeding.seeds)


# What the project says apart from its programs

_NAMED = ("CUBLAS_WORKSPACE_CONFIG", "TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC", "OMP_NUM_THREADS")
"""Environment variables of switches."""


def naming(project: Project, variable: str) -> tuple[str, ...]:
    """Python files that spell the name of an environment variable, in order."""
    return tuple(project.once(_named).get(variable, ()))


def _named(project: Project) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for variable, path in project.of_files(_names):
        found.setdefault(variable, []).append(path)
    return found


def _names(project: Project, path: str) -> Iterator[tuple[str, str]]:
    strings = project.index.files[path].strings
    yield from ((variable, path) for variable in _NAMED if variable in strings)


@unique
class Stated(Enum):
    """What a document may state."""

    DETERMINISTIC = "deterministic"
    """Determinism, for what a configuration instantiates."""
    CUBLAS_WORKSPACE = "cublas-workspace"
    """The workspace of cuBLAS."""
    TENSORFLOW_CPU = "tensorflow-cpu"
    """A TensorFlow that knows no GPU."""


_DETERMINISTIC = re.compile(r"(?:^|\.)(?:cudnn_)?deterministic$")
_CPU = re.compile(r"^(?:intel-)?tensorflow-cpu\b")


def stated(project: Project) -> tuple[Stated, ...]:
    """What the documents of the project state."""
    found = set(project.of_documents(_states))
    return tuple(each for each in Stated if each in found)


def _states(project: Project, path: str) -> Iterator[Stated]:
    settings = project.index.documents[path].settings
    yield from dict.fromkeys(each for setting in settings for each in _meant(setting))


def _meant(setting: Setting) -> Iterator[Stated]:
    key, value = setting.key, setting.value
    if (value is True or value == "warn") and _DETERMINISTIC.search(key):
        yield Stated.DETERMINISTIC
    if key.rpartition(".")[2] == _NAMED[0] or (isinstance(value, str) and value.startswith(_NAMED[0])):
        yield Stated.CUBLAS_WORKSPACE
    if isinstance(value, str) and _CPU.match(value):
        yield Stated.TENSORFLOW_CPU


__all__ = [
    "CudaUse",
    "Report",
    "Stated",
    "Switch",
    "asked_seeds",
    "by_default",
    "cuda_use",
    "merged",
    "naming",
    "stated",
    "story",
    "switch",
    "trains",
    "trains_networks",
]
