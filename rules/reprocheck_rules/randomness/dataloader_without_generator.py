"""A PyTorch loader shuffles from a generator that nothing has seeded.

## Why
The order of the batches is another one in each run, and so are the weights that come out of the training.

## Fix
Seed PyTorch first thing in the program (`torch.manual_seed(seed)`), or give the loader, or its sampler, a generator of
its own: `DataLoader(data, shuffle=True, generator=torch.Generator().manual_seed(seed))`.

## Notes
Only loaders that a training program reaches count, and only where it never seeds PyTorch. Loaders and samplers that are
named for evaluation, and programs that take single steps without a training loop, give low confidence. Where
*unseeded-entry-point* already points at the loader, or *dataloader-workers-unseeded* does, nothing more is said.
"""

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Project, Rule, Span
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import Call
from reprocheck_rules.randomness.loaders import (
    certainty,
    drawn_in_workers,
    evaluates,
    evaluates_by_name,
    loaders,
    told_already,
    unseeded,
    with_generator,
)
from reprocheck_rules.randomness.seeding import LOADER, draws, story

rule = Rule("RNG012", "dataloader-without-generator", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Shuffling loaders and random samplers of training runs that never seed PyTorch, each said once."""
    told: set[tuple[str, Span]] = set()
    for place, match_ in project.of_runs(_of_run):
        if place not in told:
            told.add(place)
            if match_ is not None:
                yield match_


class _Shuffling(NamedTuple):
    """A place of a run that shuffles."""

    place: tuple[str, Span]
    match: Match | None
    """None where another rule speaks of it."""


def _of_run(project: Project, run: Run) -> Iterator[_Shuffling]:
    torch = unseeded(project, run)
    if torch is None:
        return
    told: set[tuple[str, Span]] = set()
    for happening in run.happenings:
        place = (happening.path, happening.call.span)
        if place not in told and _shuffles(project, run, happening):
            told.add(place)
            said = told_already(run, torch, happening)
            yield _Shuffling(place, None if said else _match(project, run, happening))


def _shuffles(project: Project, run: Run, happening: Happening) -> bool:
    if not happening.active or not draws(project, happening):
        return False
    if happening.name == LOADER:
        return not drawn_in_workers(project, run, happening)
    if happening.entry.family != "torch" or "index-sampler" not in happening.entry.roles:
        return False
    return not any(_around(loader, happening) and draws(project, loader) for loader in loaders(run))


def _around(loader: Happening, sampler: Happening) -> bool:
    """Whether a sampler is made in the arguments of a loader."""
    outer, inner = loader.call.span, sampler.call.span
    return loader.path == sampler.path and outer.line <= inner.line and inner.end_line <= outer.end_line


def _for_evaluation(project: Project, happening: Happening) -> bool:
    """Whether the name that a sampler, or what it is made for, is given says that nothing is trained from it."""
    if evaluates(happening):
        return True
    return not happening.call.result and any(
        isinstance(event, Call) and evaluates_by_name(event.result) and _contains(event.span, happening.call.span)
        for function in project.index.files[happening.path].functions
        for event in function.events
    )


def _contains(outer: Span, inner: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (
        outer.end_line,
        outer.end_column,
    )


def _match(project: Project, run: Run, happening: Happening) -> Match:
    name = happening.name.rpartition(".")[2]
    what = "shuffles" if happening.name == LOADER else "draws the order of the samples"
    return project.match(
        happening.path,
        happening.call.span,
        f"`{name}` {what} from PyTorch's generator, which `{run.entry.path}` never seeds; "
        "seed it first or pass `generator=`",
        confidence=Confidence.LOW if _for_evaluation(project, happening) else certainty(run, happening),
        trail=story(project, run, happening, what),
        fix=with_generator(happening),
    )


rule.flags(
    {
        "train.py": """
        import torch
        from torch.utils.data import DataLoader
        from data import loaders

        def main():
            net = torch.nn.Linear(4, 1)
            train, test = loaders("data")
            for x, y in train:
                torch.nn.functional.mse_loss(net(x), y).backward()

        if __name__ == "__main__":
            main()
        """,
        "data.py": """
        from torch.utils.data import DataLoader

        def loaders(folder):
            train = DataLoader(read(folder), shuffle=True)  # expect: RNG012
            test = DataLoader(read(folder, "test"), batch_size=32)
            return train, test
        """,
    },
    title="A loader in another file",
    fixed={
        "data.py": """
        import torch
        from torch.utils.data import DataLoader

        def loaders(folder):
            train = DataLoader(read(folder), shuffle=True, generator=torch.Generator().manual_seed(0))
            test = DataLoader(read(folder, "test"), batch_size=32)
            return train, test
        """,
    },
)
rule.flags(
    """
    import torch
    from torch.utils.data import DataLoader, RandomSampler, WeightedRandomSampler
    from torch.utils.data.sampler import SubsetRandomSampler

    net = torch.nn.Linear(4, 1)
    first = DataLoader(rows, sampler=RandomSampler(rows))  # expect: RNG012
    second = DataLoader(rows, sampler=WeightedRandomSampler(weights, 100))  # expect: RNG012
    third = DataLoader(rows, sampler=SubsetRandomSampler(indices))  # expect: RNG012
    fourth = DataLoader(rows, 16, True)  # expect: RNG012
    for x, y in first:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="Random samplers",
    fixed="""
    import torch
    from torch.utils.data import DataLoader, RandomSampler, WeightedRandomSampler
    from torch.utils.data.sampler import SubsetRandomSampler

    net = torch.nn.Linear(4, 1)
    first = DataLoader(rows, sampler=RandomSampler(rows, generator=torch.Generator().manual_seed(0)))
    second = DataLoader(rows, sampler=WeightedRandomSampler(weights, 100, generator=torch.Generator().manual_seed(0)))
    third = DataLoader(rows, sampler=SubsetRandomSampler(indices, generator=torch.Generator().manual_seed(0)))
    fourth = DataLoader(rows, 16, True, generator=torch.Generator().manual_seed(0))
    for x, y in first:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
)
rule.flags(
    """
    import argparse
    import torch
    from torch.utils.data import DataLoader

    class Experiment:
        def __init__(self, options):
            self.net = torch.nn.Linear(4, 1)
            self.train_loader = DataLoader(rows(), shuffle=options.shuffle)  # expect: RNG012

        def run(self):
            for x, y in self.train_loader:
                torch.nn.functional.mse_loss(self.net(x), y).backward()

    parser = argparse.ArgumentParser()
    parser.add_argument("--shuffle", type=bool, default=True)
    Experiment(parser.parse_args()).run()
    """,
    title="An option that shuffles by default",
    fixed="""
    import argparse
    import torch
    from torch.utils.data import DataLoader

    class Experiment:
        def __init__(self, options):
            self.net = torch.nn.Linear(4, 1)
            self.train_loader = DataLoader(rows(), shuffle=options.shuffle, generator=torch.Generator().manual_seed(0))

        def run(self):
            for x, y in self.train_loader:
                torch.nn.functional.mse_loss(self.net(x), y).backward()

    parser = argparse.ArgumentParser()
    parser.add_argument("--shuffle", type=bool, default=True)
    Experiment(parser.parse_args()).run()
    """,
)
rule.allows(
    {
        "train.py": """
        import torch
        from torch.utils.data import DataLoader
        from tools import prepare

        prepare(7)
        net = torch.nn.Linear(4, 1)
        for x, y in DataLoader(rows, shuffle=True):
            torch.nn.functional.mse_loss(net(x), y).backward()
        """,
        "tools.py": """
        import torch

        def prepare(seed):
            torch.manual_seed(seed)
        """,
    },
    title="PyTorch is seeded by a helper",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

    generator = torch.Generator().manual_seed(3)
    net = torch.nn.Linear(4, 1)
    first = DataLoader(rows, shuffle=True, generator=generator)
    second = DataLoader(rows, sampler=RandomSampler(rows, generator=generator))
    third = DataLoader(rows, shuffle=False)
    fourth = DataLoader(rows, sampler=SequentialSampler(rows))
    fifth = DataLoader(rows)
    for x, y in first:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="A generator, or no shuffling",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader

    loader = DataLoader(rows, shuffle=True)
    net = torch.nn.Linear(4, 1)
    for x, y in loader:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="The first draw of the program: unseeded-entry-point points at it",
)
rule.allows(
    """
    from torch.utils.data import DataLoader

    def make_loader(rows):
        return DataLoader(rows, shuffle=True)
    """,
    title="A library",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader

    net = torch.load("model.pt")
    for x in DataLoader(rows, shuffle=True):
        print(net(x))
    """,
    title="Nothing is trained",
)
rule.flags(
    """
    import torch
    from torch.utils.data import DataLoader

    net = torch.nn.Linear(4, 1)
    torch.nn.functional.mse_loss(net(torch.ones(4)), torch.ones(1)).backward()
    loader = DataLoader(rows, batch_size=4, shuffle=True)  # expect: RNG012
    images, labels = next(iter(loader))
    """,
    title="A tour of the interface that takes one step, with low confidence",
)
rule.flags(
    """
    import torch
    from torch.utils.data import DataLoader, SubsetRandomSampler

    net = torch.nn.Linear(4, 1)
    train_sampler = SubsetRandomSampler(rows)  # expect: RNG012
    valid_sampler = SubsetRandomSampler(more)  # expect: RNG012
    train = DataLoader(rows, sampler=train_sampler)
    val_loader = DataLoader(
        rows,
        sampler=SubsetRandomSampler(more),  # expect: RNG012
    )
    for x, y in train:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="Samplers, of low confidence where they are for evaluation",
)
