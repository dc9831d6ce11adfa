"""PyTorch's loaders and divisions of data in runs that nothing has seeded: shared by the rules about them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import ABSENT, AddImport, Confidence, Fix, Project, Safety, SetArgument
from reprocheck.rulekit.execution import Happening, Run, argument_of
from reprocheck.rulekit.facts import ClassRef, Instance, ValueKind
from reprocheck_rules.randomness.seed_values import DEFAULT
from reprocheck_rules.randomness.seeding import LOADER, Seeding, confidence_of, draws, seedings, trains, workers_of

_RANDOM = frozenset({"draw", "draw-implicit"})
_WITHOUT_DATA = frozenset({"initialises", "dropout", "loader", "splitter", "index-sampler"})
_EVALUATION = re.compile(r"(^|_)(test|val|valid|validation|eval|dev)(_|data|load|set|$)", re.IGNORECASE)
_HANDED_ON = 8
"""Calls through which a dataset is handed on as an argument."""


def unseeded(project: Project, run: Run) -> Seeding | None:
    """What a training run draws from PyTorch's generator; None when something seeds that, or would on request."""
    if not trains(run):
        return None
    torch = seedings(project, run)["torch"]
    return None if torch.seeds or torch.optional else torch


def told_already(run: Run, torch: Seeding, happening: Happening) -> bool:
    """Whether *unseeded-entry-point* speaks of this very call, as the first that draws."""
    if not torch.draws:
        return False
    first = torch.first_draw
    if (first.path, first.call.span) == (happening.path, happening.call.span):
        return True
    marked = next((hop for hop in reversed(first.hops) if hop.path == run.entry.path), None)
    here = (happening.path, happening.call.span.line)
    return here in ((first.path, first.call.span.line), (marked.path, marked.span.line) if marked else here[:0])


def certainty(run: Run, happening: Happening) -> Confidence:
    """How sure it is that a draw matters to a result."""
    if (happening.name == LOADER and evaluates(happening)) or _only_demonstrates(run):
        return Confidence.LOW
    if not happening.certain:
        # Whose method is called may be guessed wrongly; a condition that can't be told holds in some runs.
        return Confidence.MEDIUM if run.complete and happening.branches is not None else Confidence.LOW
    return confidence_of(run, Seeding("torch", [(0, happening)]))


def _only_demonstrates(run: Run) -> bool:
    """Whether a run takes single steps and no training loop, as a tour of an interface does."""
    steps = [h for h in run.happenings if h.active and not h.callback and "trains" in h.entry.roles]
    return all(h.name.endswith(".backward") and not h.hops and not h.call.loop for h in steps)


def with_generator(happening: Happening) -> Fix | None:
    """A generator of its own for a call that draws; it has to lie on the same device, so only where none is named."""
    if any(argument.name in {"*", "**", "device", "generator"} for argument in happening.call.arguments):
        return None
    generator = f"torch.Generator().manual_seed({DEFAULT})"
    edits = (
        AddImport("torch", path=happening.path),
        SetArgument(happening.call.span, "generator", generator, happening.path),
    )
    return Fix("draw from a seeded generator", Safety.UNSAFE, edits)


def loaders(run: Run) -> Iterator[Happening]:
    """Loaders that are made under the defaults, each place once."""
    seen = set()
    for happening in run.happenings:
        place = (happening.path, happening.call.span)
        if happening.name == LOADER and happening.active and place not in seen:
            seen.add(place)
            yield happening


def drawn_in_workers(project: Project, run: Run, loader: Happening) -> list[Happening]:
    """What the workers of a loader draw: its dataset's methods, or the random transforms when it shuffles.

    A loader that doesn't shuffle may read the same dataset in a mode that draws nothing: what is not certain then
    doesn't count.
    """
    if workers_of(project, loader) <= 0:
        return []
    shuffles = draws(project, loader)
    random = [h for h in run.happenings if _draws_data(project, h) and (shuffles or h.certain)]
    places = {(loader.path, loader.call.span)}
    owner = dataset_class(project, loader) if shuffles else None
    if owner is not None:
        # What a dataset draws is met once in a run, under the first loader that gets one of its class.
        others = [
            h for h in loaders(run) if (other := dataset_class(project, h)) is not None and other.key == owner.key
        ]
        places |= {(other.path, other.call.span) for other in others}
    through = [h for h in random if any((hop.path, hop.span) in places for hop in h.hops)]
    if through or not shuffles:
        return through
    return [h for h in random if "augmentation" in h.entry.roles and not any(hop.name == LOADER for hop in h.hops)]


def evaluates(loader: Happening) -> bool:
    """Whether a loader's name says that nothing is trained from it."""
    return evaluates_by_name(loader.call.result)


def evaluates_by_name(name: str) -> bool:
    """Whether a name says that what it stands for is there to evaluate."""
    return _EVALUATION.search(name) is not None


def _draws_data(project: Project, happening: Happening) -> bool:
    roles = happening.entry.roles
    return (
        happening.active
        and happening.entry.family in {"python", "numpy", "torch"}
        and not roles.isdisjoint(_RANDOM)
        and roles.isdisjoint(_WITHOUT_DATA)
        and draws(project, happening)
    )


def dataset_class(project: Project, loader: Happening) -> ClassRef | None:
    """The project's class that a loader's dataset is an instance of."""
    argument = argument_of(loader.call, loader.entry, "dataset")
    value, frame, path = argument.value if argument is not None else None, loader.frame, loader.path
    for _ in range(_HANDED_ON):
        if value is None or value.path:
            return None
        if value.kind is ValueKind.NAME:
            symbol = project.index.symbols.resolve(path, str(value.value))
            return symbol.of if isinstance(symbol, Instance) else None
        bound = frame.arguments.get(str(value.value)) if value.kind is ValueKind.PARAMETER else None
        if bound is None or bound.frame is None:
            return None
        value, frame, path = bound.value, bound.frame, bound.path
    return None


def prepares_workers(project: Project, loader: Happening) -> bool:
    """Whether a function of the program's own prepares each worker."""
    return project.value(loader, "worker_init_fn") not in {ABSENT, None}
