"""What each random family of a run is seeded by, and when: shared by the rules about seeds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from reprocheck.rulekit import Confidence, Note, Project, Span
from reprocheck.rulekit.execution import Happening, Run, argument_of
from reprocheck_rules.randomness.constant_weights import starts_from_constants
from reprocheck_rules.randomness.gradient_trials import trains_by
from reprocheck_rules.randomness.identities import names_something
from reprocheck_rules.randomness.notebook_draws import only_looks
from reprocheck_rules.randomness.optional_training import runs, training_conditions
from reprocheck_rules.randomness.purposes import divides, measures_speed

FAMILIES = {
    "python": "Python's `random`",
    "numpy": "NumPy's global generator",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "mxnet": "MXNet",
    "paddle": "PaddlePaddle",
    "cupy": "CuPy",
}
"""Families with a global state that a program seeds once, and what a person calls them."""
SEEDERS = {
    "python": "random.seed(seed)",
    "numpy": "np.random.seed(seed)",
    "torch": "torch.manual_seed(seed)",
    "tensorflow": "tf.random.set_seed(seed)",
    "keras": "keras.utils.set_random_seed(seed)",
    "mxnet": "mx.random.seed(seed)",
    "paddle": "paddle.seed(seed)",
    "cupy": "cupy.random.seed(seed)",
}
_DRAWS = frozenset({"draw", "draw-implicit", "estimator", "splitter", "sampler", "cross-validation"})
_ESTIMATORS = frozenset({"estimator", "splitter", "sampler", "cross-validation"})
LOADER = "torch.utils.data.DataLoader"
_MANY = 3
_SELF_TEST = re.compile(r"(^|[._])(self_?)?tests?$")
_PROGRAM = re.compile(r"(train|main|run|fit|finetune|tune|eval|infer|predict|experiment|demo|search|sweep)[^/]*\.py$")
"""Names of files that are programs although others import them."""


@dataclass(slots=True)
class Seeding:
    """One family in one run."""

    family: str
    draws: list[tuple[int, Happening]] = field(default_factory=list)
    """Draws that matter, with their position in the run."""
    seeds: list[tuple[int, Happening]] = field(default_factory=list)
    """Seeders that run by default."""
    optional: list[Happening] = field(default_factory=list)
    """Seeders that run only when an option is given."""
    on_request: bool = False
    """Whether the run trains only when an option is given, and draws were followed as if it were."""

    @property
    def first_draw(self) -> Happening:
        """The first draw that is sure to happen, by no callback if there is such a one; else the first."""
        draws = [draw for _, draw in self.draws]
        certain = [draw for draw in draws if draw.certain]
        return next((draw for draw in certain if not draw.callback), (certain or draws)[0])


class Workers:
    """The worker processes of a run's PyTorch loaders, whose generators are all seeded from PyTorch's.

    Each worker seeds Python's `random` and PyTorch, since PyTorch 1.9 NumPy too, from a number that the loader draws
    (https://docs.pytorch.org/docs/stable/data.html, "Randomness in multi-process data loading").
    """

    def __init__(self, project: Project, run: Run) -> None:
        """Loaders are found by the place of their call."""
        self._numpy = project.versions.at_least("torch", "1.9") is not False
        self._loaders = {
            (h.path, h.call.span): workers_of(project, h) for h in run.happenings if h.name == LOADER and h.active
        }

    def family_of(self, happening: Happening) -> str:
        """The family whose global seed decides on a draw; empty where a worker seeds it, from PyTorch's generator."""
        roles = happening.entry.roles
        by_default = "splitter" not in roles and not roles.isdisjoint(_ESTIMATORS)
        family = happening.entry.family or ("numpy" if by_default else "")
        if family == "python" or (family == "numpy" and self._numpy):
            return "" if self._in_worker(happening) else family
        return family

    def seeds_one(self, happening: Happening) -> bool:
        """Whether a seeder stands in a `worker_init_fn`, where nothing is seeded that the program itself draws from.

        What workers draw belongs to no family, unless they seed NumPy alike.
        """
        if not self._numpy and "numpy" in happening.entry.families:
            return False
        if happening.callback and any(hop.name == LOADER for hop in happening.hops):
            return True
        place = happening.call.span  # a lambda among the arguments
        return any(
            path == happening.path
            and (span.line, span.column) < (place.line, place.column)
            and (place.end_line, place.end_column) < (span.end_line, span.end_column)
            for path, span in self._loaders
        )

    def _in_worker(self, happening: Happening) -> bool:
        if not happening.callback and "augmentation" not in happening.entry.roles:
            return False
        for hop in happening.hops:
            if hop.name == LOADER:
                return self._loaders.get((hop.path, hop.span), 0) != 0
        return any(count != 0 for count in self._loaders.values())


def workers_of(project: Project, loader: Happening) -> int:
    """Worker processes of a loader under the defaults; -1 where some are asked for, and how many can't be told."""
    argument = argument_of(loader.call, loader.entry, "num_workers")
    count = project.value(loader, "num_workers") if argument is not None else 0
    return count if isinstance(count, int) else -1


def trains(run: Run) -> bool:
    """Whether a run trains a model; a function that is only handed over may never be called."""
    return any(trains_by(run, h) for h in run.happenings)


def seedings(project: Project, run: Run) -> dict[str, Seeding]:
    """Families that a run draws from or seeds."""
    conditions = training_conditions(project, run)
    found = {family: Seeding(family, on_request=bool(conditions)) for family in FAMILIES}
    training = trains(run) or bool(conditions)
    seeds_taken = _drawn_seeds(run)
    workers = Workers(project, run)
    for position, happening in enumerate(run.happenings):
        roles = happening.entry.roles
        if "seeder" in roles:
            if not workers.seeds_one(happening):
                _add_seeder(project, found, position, happening, active=runs(happening, conditions))
        elif runs(happening, conditions) and not roles.isdisjoint(_DRAWS) and happening.name not in seeds_taken:
            family = workers.family_of(happening)
            if (
                family in found
                and _matters(project, happening, training=training)
                and draws(project, happening)
                and not only_looks(project, run, happening)
            ):
                found[family].draws.append((position, happening))
    return found


def _drawn_seeds(run: Run) -> set[str]:
    """Names of draws whose result is the seed of something: `seed = random.randint(1, 10000)`.

    What a trainer is given that seeds by itself is no seed, but a model and data.
    """
    taken = set()
    for happening in run.happenings:
        if "seeder" in happening.entry.roles and "seeds-by-default" not in happening.entry.roles:
            for argument in happening.call.arguments:
                if argument.value is not None and isinstance(argument.value.value, str):
                    taken.add(argument.value.value.removesuffix("()"))
    return taken


def _add_seeder(
    project: Project, found: dict[str, Seeding], position: int, happening: Happening, *, active: bool
) -> None:
    state = _seeds(project, happening, active=active)
    for family in happening.entry.families:
        if family in found:
            if state:
                found[family].seeds.append((position, happening))
            elif state is None:
                found[family].optional.append(happening)


def _seeds(project: Project, happening: Happening, *, active: bool) -> bool | None:
    """Whether a seeder fixes the state: None when only an option makes it, False when it never does."""
    entry = happening.entry
    argument = argument_of(happening.call, entry, entry.seed_argument) if entry.seed_argument else None
    if argument is None and "unseeds" in entry.roles:
        return False
    if not active:
        return None
    if argument is None or argument.value is None or "seeds-by-default" in entry.roles or happening.refused:
        return True
    return None if project.index.evaluator.value(argument.value, happening.frame) is None else True


def _matters(project: Project, happening: Happening, *, training: bool) -> bool:
    """Whether a draw can change a result.

    Initial weights and dropout do only where something is trained; names of runs, ports and what a check of the code
    itself draws never do.
    """
    if not training and any(_SELF_TEST.search(hop.name) for hop in happening.hops):
        return False  # beside training, a test is one of the model
    roles = happening.entry.roles
    if not roles.isdisjoint({"initialises", "dropout", "augmentation", "loader"}):
        return training
    return "draw" not in roles or not names_something(project, happening)


def draws(project: Project, happening: Happening) -> bool:
    """Whether a call really draws from the global state, by its arguments."""
    entry, call = happening.entry, happening.call
    if starts_from_constants(happening):
        return False
    if entry.seed_argument:
        argument = argument_of(call, entry, entry.seed_argument)
        if argument is not None:
            value = argument.value
            if value is None or project.index.evaluator.value(value, happening.frame) is not None:
                return False
        elif any(argument.name == "**" for argument in call.arguments):
            return False
    if not entry.random_when:
        return True
    return _random_by_arguments(project, happening)


def _random_by_arguments(project: Project, happening: Happening) -> bool:
    given = False
    for name, wanted in happening.entry.random_when.items():
        argument = argument_of(happening.call, happening.entry, name)
        if argument is None:
            continue
        given = True
        value = project.index.evaluator.value(argument.value, happening.frame)
        if not isinstance(value, str | int | float | bool | None) or value in (
            wanted if isinstance(wanted, list) else [wanted]
        ):
            return True
    return not given and happening.entry.random_default


def kind_of_draw(happening: Happening) -> str:
    """What draws, in a person's words."""
    roles = happening.entry.roles
    name = happening.name.removeprefix("?.")
    short = name if name.count(".") <= _MANY else ".".join(name.split(".")[-2:])
    if "initialises" in roles:
        return f"`{short}` draws its initial weights"
    if "dropout" in roles:
        return f"`{short}` draws a mask at each step"
    if "augmentation" in roles:
        return f"`{short}` transforms at random"
    if "loader" in roles:
        return f"`{short}` shuffles"
    if "splitter" in roles:
        return f"`{short}` splits at random"
    if not roles.isdisjoint({"estimator", "sampler"}):
        return f"`{short}` draws"
    return f"`{short}` draws"


def confidence_of(run: Run, seeding: Seeding) -> Confidence:
    """How sure it is that the draws matter to a result."""
    certain = [h for _, h in seeding.draws if h.certain]
    if not certain and run.certainly([position for position, _ in seeding.draws]):
        certain = [h for _, h in seeding.draws if h.branches is not None]  # each way draws something
    if not run.complete or not certain or measures_speed(run.entry.path) or _checks_itself(run):
        return Confidence.LOW
    if trains(run):
        return Confidence.HIGH if any(not h.callback for h in certain) else Confidence.MEDIUM
    if seeding.on_request or any(not h.entry.roles.isdisjoint(_ESTIMATORS) or divides(run, h) for h in certain):
        return Confidence.MEDIUM
    return Confidence.LOW


def _checks_itself(run: Run) -> bool:
    """Whether the main part of an imported module is likely a check of the module and no program."""
    entry = run.entry
    return entry.imported and entry.kind != "step" and not entry.invocations and _PROGRAM.search(entry.path) is None


def place_in_entry(run: Run, happening: Happening) -> Span:
    """The last place in the entry's own file on the way to an event."""
    spans = [hop.span for hop in happening.hops if hop.path == run.entry.path]
    if happening.path == run.entry.path:
        spans.append(happening.call.span)
    return spans[-1] if spans else run.entry.span


def story(project: Project, run: Run, happening: Happening, last: str) -> Iterator[Note]:
    """Trail from the entry to an event."""
    yield project.note(run.entry.path, run.entry.span, f"{ENTRY_KINDS[run.entry.kind]}")
    for hop in happening.hops:
        kept = hop.name.endswith("=")  # an assignment to an attribute or entry
        said = (
            f"keeps it as `{hop.name.rpartition('.')[2][:-1]}`"
            if kept
            else f"reaches `{hop.name.lstrip('.').removeprefix('builtins.')}`"
        )
        yield project.note(hop.path, hop.span, said)
    yield project.note(happening.path, happening.call.span, last)


ENTRY_KINDS = {
    "main": "the program starts here",
    "script": "the script starts here",
    "notebook": "the notebook starts here",
    "console": "the console command starts here",
    "command": "the command starts here",
    "step": "a pipeline runs this by itself",
}
