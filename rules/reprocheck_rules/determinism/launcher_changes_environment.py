"""A launcher changes thread counts, the hash seed or the visible devices of the training that it starts.

## Why
Sums depend on the number of threads that share them, and the order of sets on the hash seed. The same script gives
other numbers alone than under the launcher, and nothing in the script says why.

## Fix
State what the launcher would choose: `OMP_NUM_THREADS=4 torchrun ...`, `Parallel(n_jobs=8, inner_max_num_threads=1)`,
`ray.init(runtime_env={"env_vars": {...}})`. Record these values with the run.

## Notes
A note, since nothing is wrong yet. Silent where the project states the number of threads itself, where work runs in
threads or one process only, and about spawned processes unless the program seeds where they don't come by.
"""

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import ABSENT, Confidence, Match, Project, Rule
from reprocheck.rulekit.execution import Happening, Run
from reprocheck_rules.determinism.switches import Report, merged, naming, story, trains

rule = Rule("DET011", "launcher-changes-environment", __doc__, severity="note", confidence="medium")

_THREADS = "OMP_NUM_THREADS"
_TORCHRUN = "torch.distributed.run"
_LAUNCHING_MODULES = frozenset({"torch.distributed.run", "torch.distributed.launch"})
_ONE = frozenset({"1", "--nproc_per_node=1", "--nproc-per-node=1"})
_SHARING = frozenset({"threading", "sequential", "threads"})


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Launchers in runs that train, and commands that start such runs under one."""
    stated = _THREADS in project.index.variables or bool(project.value_of(naming, _THREADS))
    yield from merged(
        launch.report for launch in project.of_runs(_of_run) if not (stated and launch.changes_threads_only)
    )
    if not stated:
        yield from _commands(project)


class _Launch(NamedTuple):
    """A launcher in a run that trains."""

    report: Report
    changes_threads_only: bool


def _of_run(project: Project, run: Run) -> Iterator[_Launch]:
    for happening in run.happenings if trains(run) else ():
        if "launches" in happening.entry.roles and happening.active and not _settled(project, run, happening):
            changed = str(happening.entry.sets)
            threads_only = "PYTHONHASHSEED" not in changed and "THREADS" in changed
            yield _Launch(_report(project, run, happening), threads_only)


def _settled(project: Project, run: Run, launch: Happening) -> bool:
    """Whether the call states what the launcher would choose, or starts nothing that it could change."""
    if launch.name == "joblib.Parallel":
        return (
            project.value(launch, "n_jobs") in {1, ABSENT, None}
            or bool({project.value(launch, "backend"), project.value(launch, "prefer")} & _SHARING)
            or project.value(launch, "require") is not ABSENT
            or project.value(launch, "inner_max_num_threads") is not ABSENT
        )
    if launch.name == "ray.init":
        return project.value(launch, "runtime_env") is not ABSENT or project.value(launch, "local_mode") is True
    if launch.name.startswith("torch.multiprocessing."):
        return not _loses_seeds(run, launch)
    return False


def _loses_seeds(run: Run, launch: Happening) -> bool:
    """Whether the program seeds behind its main guard or in a function, where spawned processes don't come by."""
    lost = False
    for happening in run.happenings:
        if "seeder" not in happening.entry.roles or not happening.active:
            continue
        if any(hop.span == launch.call.span and hop.path == launch.path for hop in happening.hops):
            return False
        first = happening.hops[0].span if happening.hops else happening.call.span
        lost = lost or run.entry.span.line <= first.line <= run.entry.span.end_line
    return lost and run.entry.kind == "main"


def _report(project: Project, run: Run, launch: Happening) -> Report:
    name = ".".join(launch.name.split(".")[-2:])
    match_ = project.match(
        launch.path,
        launch.call.span,
        f"`{name}` sets {_listed(launch.entry.sets)} for the work that it starts",
        confidence=Confidence.MEDIUM if launch.certain else Confidence.LOW,
        trail=story(project, run, launch, "starts work in other processes"),
    )
    return Report(match_, run.entry.path)


def _listed(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _commands(project: Project) -> Iterator[Match]:
    seen = set()
    for match_ in project.of_runs(_commands_of_run):
        place = (match_.path, match_.span)
        if place not in seen:
            seen.add(place)
            yield match_


def _commands_of_run(project: Project, run: Run) -> Iterator[Match]:
    entry = project.catalog.entry(_TORCHRUN)
    several = [each for each in run.entry.invocations if _several_processes(each.command.words)]
    if entry is None or not several or not trains(run):
        return
    for invocation in several:
        yield project.match(
            invocation.path,
            invocation.command.span,
            f"`torchrun` sets {_listed(entry.sets)} for `{run.entry.path}`",
            trail=[project.note(run.entry.path, run.entry.span, "the training that it starts")],
        )


def _several_processes(words: tuple[str, ...]) -> bool:
    launcher = next(
        (i for i, word in enumerate(words) if word.endswith("torchrun") or word in _LAUNCHING_MODULES), None
    )
    if launcher is None:
        return False
    options = words[launcher + 1 :]
    for position, word in enumerate(options):
        name, equals, value = word.partition("=")
        if name.lstrip("-").replace("-", "_") == "nproc_per_node":
            given = value if equals else next(iter(options[position + 1 :]), "1")
            return given not in _ONE
    return False


rule.flags(
    {
        "train.py": """
        import torch

        model = torch.nn.Linear(4, 4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(torch.randn(2, 4)).sum().backward()
        optimizer.step()
        """,
        "run.sh": """
        torchrun --nproc_per_node=4 train.py --epochs 3  # expect: DET011
        """,
    },
    title="torchrun in a script",
)
rule.flags(
    {
        "train.py": """
        import torch

        model = torch.nn.Linear(4, 4)
        model(torch.randn(2, 4)).sum().backward()
        """,
        "run.sh": """
        python -m torch.distributed.launch --nproc_per_node 8 train.py  # expect: DET011
        """,
    },
)
rule.flags(
    """
    from joblib import Parallel, delayed
    from sklearn.linear_model import SGDClassifier

    def train(fold):
        return SGDClassifier(random_state=0).fit(fold.x, fold.y)

    models = Parallel(n_jobs=8)(delayed(train)(fold) for fold in folds)  # expect: DET011
    final = SGDClassifier(random_state=0)
    final.fit(x, y)
    """,
    title="joblib",
)
rule.flags(
    """
    from dask.distributed import Client
    import lightgbm

    client = Client(n_workers=4)  # expect: DET011
    model = lightgbm.train({"seed": 1}, data)
    """,
    title="dask",
)
rule.flags(
    """
    import ray
    import torch

    ray.init()  # expect: DET011
    model = torch.nn.Linear(4, 4)
    model(x).sum().backward()
    """,
    title="ray",
)
rule.flags(
    """
    import torch
    import torch.multiprocessing as mp

    def work(rank, world):
        model = torch.nn.Linear(4, 4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(torch.randn(2, 4)).sum().backward()
        optimizer.step()

    if __name__ == "__main__":
        torch.manual_seed(0)
        mp.spawn(work, nprocs=4, args=(4,))  # expect: DET011
    """,
    title="Spawned processes that nothing seeds",
)
rule.allows(
    {
        "train.py": """
        import torch

        model = torch.nn.Linear(4, 4)
        model(torch.randn(2, 4)).sum().backward()
        """,
        "run.sh": """
        OMP_NUM_THREADS=4 torchrun --nproc_per_node=4 train.py
        """,
    },
    title="The number of threads is stated",
)
rule.allows(
    {
        "train.py": """
        import torch

        model = torch.nn.Linear(4, 4)
        model(torch.randn(2, 4)).sum().backward()
        """,
        "run.sh": """
        torchrun --nproc_per_node=1 train.py
        torchrun train.py
        python train.py
        """,
    },
    title="One process",
)
rule.allows(
    """
    from joblib import Parallel, delayed
    from sklearn.linear_model import SGDClassifier

    Parallel(n_jobs=1)(delayed(load)(name) for name in names)
    Parallel(n_jobs=4, backend="threading")(delayed(load)(name) for name in names)
    Parallel(n_jobs=4, prefer="threads")(delayed(load)(name) for name in names)
    SGDClassifier(random_state=0).fit(x, y)
    """,
    title="One process, or threads",
)
rule.allows(
    """
    from joblib import Parallel, delayed

    sizes = Parallel(n_jobs=8)(delayed(measure)(name) for name in names)
    print(sizes)
    """,
    title="Nothing is trained",
)
rule.allows(
    """
    import ray
    import torch

    ray.init(runtime_env={"env_vars": {"OMP_NUM_THREADS": "4"}})
    model = torch.nn.Linear(4, 4)
    model(x).sum().backward()
    """,
    title="ray with its environment stated",
)
rule.allows(
    """
    import torch
    import torch.multiprocessing as mp

    def work(rank, world):
        torch.manual_seed(rank)
        model = torch.nn.Linear(4, 4)
        model(torch.randn(2, 4)).sum().backward()

    if __name__ == "__main__":
        mp.spawn(work, nprocs=4, args=(4,))
    """,
    title="Spawned processes that seed themselves",
)
rule.allows(
    """
    import torch
    import torch.multiprocessing as mp

    torch.manual_seed(0)

    def work(rank, world):
        model = torch.nn.Linear(4, 4)
        model(torch.randn(2, 4)).sum().backward()

    if __name__ == "__main__":
        mp.spawn(work, nprocs=4, args=(4,))
    """,
    title="A spawned process imports the module, and seeds with it",
)
