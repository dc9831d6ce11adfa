"""Data is divided at random by PyTorch, from a generator that nothing has seeded.

## Why
Each run trains and tests on other rows: scores of two runs can't be compared, and a model that is loaded later has
seen rows that a new division calls test data.

## Fix
`random_split(data, lengths, generator=torch.Generator().manual_seed(seed))`: the division then stays the same whatever
else the program draws.

## Notes
Counts only where the program never seeds PyTorch. `torch.randperm` counts when its result is named as indices of a
division, with low confidence in a function that neither divides nor prepares data by its name. Where
*unseeded-entry-point* already points at the call, nothing more is said.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.execution import Happening, Run
from reprocheck_rules.randomness.loaders import certainty, told_already, unseeded, with_generator
from reprocheck_rules.randomness.seeding import draws, story

rule = Rule("RNG014", "random-split-without-generator", __doc__)
_DIVISION = re.compile(r"(^|_)(indices|indexes|idxs?|inds?|perm|permutation|order|split|shuffled?)(_|$)")
_PARTS = re.compile(
    r"(^|_)(train|val|valid|validation|test|dev|hold_?out|split|folds?)(_|$|idx|set|data)", re.IGNORECASE
)
"""Words of the parts that data is divided into."""
_VAGUE = re.compile(r"(^|_)(perm|permutation|order|shuffled?)(_|$)")
"""Names of permutations that may be of anything, such as of the pixels of each image."""
_DIVIDER = re.compile(
    r"(^|[._])(split\w*|divide\w*|partition\w*|folds?|hold_?out|setup|prepare\w*|load\w*|\w*data\w*)([._]|$)"
)
"""Names of functions that divide data, or prepare it."""
_WHOLE = re.compile(r"(^|[._])(main|run|train|fit|experiment)$")
"""Names of functions that do all that a program does."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Divisions in training runs that never seed PyTorch."""
    yield from project.of_runs(_of_run)


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    torch = unseeded(project, run)
    for happening in run.happenings if torch is not None else ():
        if torch is None or not _divides(project, happening) or told_already(run, torch, happening):
            continue
        name = happening.name.rpartition(".")[2]
        yield project.match(
            happening.path,
            happening.call.span,
            f"`{name}` divides the data from PyTorch's generator, which `{run.entry.path}` never seeds; "
            "pass `generator=torch.Generator().manual_seed(seed)`",
            confidence=certainty(run, happening) if _in_division(project, happening) else Confidence.LOW,
            trail=story(project, run, happening, "divides the data"),
            fix=with_generator(happening),
        )


def _divides(project: Project, happening: Happening) -> bool:
    if not happening.active or not draws(project, happening):
        return False
    if happening.name == "torch.randperm":
        return not happening.call.loop and not happening.callback and bool(_DIVISION.search(happening.call.result))
    return happening.name == "torch.utils.data.random_split"


def _in_division(project: Project, happening: Happening) -> bool:
    """Whether a permutation divides data; most others choose samples to be shown, or models for a batch."""
    if happening.name != "torch.randperm" or _PARTS.search(happening.call.result):
        return True
    facts = project.index.files[happening.path]
    for function in facts.functions:
        if any(event is happening.call for event in function.events):
            parts = _WHOLE.search(function.name) and any(_PARTS.search(name) for name in facts.names)
            return (
                (not function.name and _VAGUE.search(happening.call.result) is None)
                or bool(parts)
                or _DIVIDER.search(function.name) is not None
            )
    return False


rule.flags(
    {
        "train.py": """
        import torch
        from data import divide

        def main():
            net = torch.nn.Linear(4, 1)
            train, test = divide(rows())
            for x, y in train:
                torch.nn.functional.mse_loss(net(x), y).backward()

        if __name__ == "__main__":
            main()
        """,
        "data.py": """
        from torch.utils.data import random_split

        def divide(rows):
            return random_split(rows, [0.8, 0.2])  # expect: RNG014
        """,
    },
    title="A division in another file",
    fixed={
        "data.py": """
        import torch
        from torch.utils.data import random_split

        def divide(rows):
            return random_split(rows, [0.8, 0.2], generator=torch.Generator().manual_seed(0))
        """,
    },
)
rule.flags(
    """
    import torch
    from torch.utils import data

    net = torch.nn.Linear(4, 1)
    train, test = data.random_split(rows, [80, 20])  # expect: RNG014
    indices = torch.randperm(len(rows))  # expect: RNG014
    more, rest = rows[indices[:80]], rows[indices[80:]]
    val_idx = torch.randperm(100)  # expect: RNG014
    one, two = data.dataset.random_split(rows, [80, 20], generator=None)  # expect: RNG014
    for x, y in train:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="Indices",
)
rule.flags(
    """
    import lightning as L
    import torch
    from torch.utils.data import random_split

    class Data(L.LightningDataModule):
        def setup(self, stage):
            self.train, self.test = random_split(rows, [80, 20])  # expect: RNG014

    class Model(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

    model = Model()
    L.Trainer().fit(model, datamodule=Data())
    """,
    title="Lightning",
    fixed="""
    import lightning as L
    import torch
    from torch.utils.data import random_split

    class Data(L.LightningDataModule):
        def setup(self, stage):
            self.train, self.test = random_split(rows, [80, 20], generator=torch.Generator().manual_seed(0))

    class Model(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

    model = Model()
    L.Trainer().fit(model, datamodule=Data())
    """,
)
rule.allows(
    """
    import torch
    from torch.utils.data import random_split

    net = torch.nn.Linear(4, 1)
    train, test = random_split(rows, [80, 20], generator=torch.Generator().manual_seed(42))
    generator = torch.Generator()
    generator.manual_seed(1)
    indices = torch.randperm(100, generator=generator)
    for x, y in train:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="A generator",
)
rule.allows(
    """
    import torch
    from torch.utils.data import random_split

    torch.manual_seed(0)
    net = torch.nn.Linear(4, 1)
    train, test = random_split(rows, [80, 20])
    indices = torch.randperm(100)
    for x, y in train:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="PyTorch is seeded",
)
rule.allows(
    """
    import torch

    net = torch.nn.Linear(4, 1)
    for x, y in batches:
        order = torch.randperm(len(x))
        mixed = torch.randperm(3)
        torch.nn.functional.mse_loss(net(x[order]), y).backward()
    """,
    title="A permutation within each step divides nothing",
)
rule.allows(
    """
    import torch
    from torch.utils.data import Subset

    net = torch.nn.Linear(4, 1)
    train, test = Subset(rows, range(80)), Subset(rows, range(80, 100))
    for x, y in train:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="A division by position",
)
rule.allows(
    """
    from torch.utils.data import random_split

    def divide(rows):
        return random_split(rows, [80, 20])
    """,
    title="A library",
)
rule.allows(
    {
        "train.py": """
        import torch
        from torch.utils.data import random_split

        def train_test_split(rows, seed=0):
            torch.manual_seed(seed)
            return random_split(rows, [80, 20])

        net = torch.nn.Linear(4, 1)
        train, test = train_test_split(rows)
        for x, y in train:
            torch.nn.functional.mse_loss(net(x), y).backward()
        """
    },
    title="The helper that divides seeds first",
)
rule.flags(
    """
    import torch

    def split_nodes(count):
        perm = torch.randperm(count)  # expect: RNG014
        return perm[:80], perm[80:]

    def select_images(images):
        perm = torch.randperm(len(images))  # expect: RNG014
        return images[perm][:16]

    net = torch.nn.Linear(4, 1)
    train, test = split_nodes(100)
    show(select_images(rows))
    for x, y in rows[train]:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="A function that divides, and with low confidence one that chooses",
)
