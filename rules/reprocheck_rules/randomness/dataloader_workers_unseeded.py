"""The workers of a PyTorch loader draw random numbers that no seed of the program determines.

## Why
Each worker process has generators of its own. PyTorch seeds them from a number that the loader draws: when nothing has
seeded PyTorch, augmentation is different in each run. A generator that the dataset made for itself is copied into every
worker, which then all draw the same numbers, in every epoch again.

## Fix
Seed PyTorch (`torch.manual_seed(seed)`), or give the loader a generator of its own:
`generator=torch.Generator().manual_seed(seed)`. Make a dataset's own generator in each worker, from
`torch.utils.data.get_worker_info().seed`, or in a `worker_init_fn`.

## Notes
Since PyTorch 1.9 a worker seeds Python, NumPy and PyTorch; before, NumPy's state was copied as it is, which counts
where the project declares such a version. Loaders whose dataset draws nothing are *dataloader-without-generator*'s.
"""

from collections.abc import Iterator

from reprocheck.rulekit import (
    WHOLE_FILE,
    AddImport,
    Confidence,
    Fix,
    InsertStatements,
    Match,
    Note,
    Project,
    Rule,
    Safety,
    SetArgument,
    Span,
    Where,
)
from reprocheck.rulekit.execution import Happening, Run
from reprocheck_rules.randomness.dataset_generators import own_generator
from reprocheck_rules.randomness.loaders import (
    certainty,
    dataset_class,
    drawn_in_workers,
    loaders,
    prepares_workers,
    told_already,
    unseeded,
    with_generator,
)
from reprocheck_rules.randomness.seeding import Seeding, draws, kind_of_draw, story, workers_of

rule = Rule("RNG013", "dataloader-workers-unseeded", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Loaders with workers, each said once."""
    told: set[tuple[str, Span]] = set()
    for found in project.of_runs(_of_run):
        place = (found.path, found.span)
        if place not in told:
            told.add(place)
            yield found


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    torch = unseeded(project, run)
    for loader in loaders(run):
        found = _judge(project, run, torch, loader)
        if found is not None:
            yield found


def _judge(project: Project, run: Run, torch: Seeding | None, loader: Happening) -> Match | None:
    copied = _copied(project, loader)
    if copied is not None or draws_own(project, loader):
        return copied
    drawn = drawn_in_workers(project, run, loader)
    forked = [h for h in drawn if h.entry.family == "numpy"]
    if forked and project.versions.at_least("torch", "1.9") is False and not prepares_workers(project, loader):
        return _forked(project, run, loader, forked[0])
    if torch is None or not drawn or told_already(run, torch, loader):
        return None
    return _unseeded(project, run, loader, drawn[0])


def draws_own(project: Project, loader: Happening) -> bool:
    """Whether a loader gets a generator, whose seed the workers' come from."""
    return any(argument.name == "generator" for argument in loader.call.arguments) and not draws(project, loader)


def _unseeded(project: Project, run: Run, loader: Happening, drawn: Happening) -> Match:
    what = kind_of_draw(drawn)
    return project.match(
        loader.path,
        loader.call.span,
        f"{what} in {_workers(project, loader)}, seeded from PyTorch's generator, "
        f"which `{run.entry.path}` never seeds; seed it first or pass `generator=`",
        confidence=certainty(run, loader),
        trail=[*story(project, run, loader, "makes the workers"), project.note(drawn.path, drawn.call.span, what)],
        fix=with_generator(loader),
    )


def _forked(project: Project, run: Run, loader: Happening, drawn: Happening) -> Match:
    return project.match(
        loader.path,
        loader.call.span,
        f"{kind_of_draw(drawn)} in {_workers(project, loader)}, which before PyTorch 1.9 all start from one copy of "
        "NumPy's state and draw the same numbers; seed NumPy in `worker_init_fn`",
        confidence=Confidence.MEDIUM,
        trail=[
            *story(project, run, loader, "makes the workers"),
            project.note(drawn.path, drawn.call.span, kind_of_draw(drawn)),
        ],
        fix=_seeded_workers(project, loader),
    )


_WORKER_INIT = """
def seed_worker(worker_id):
    seed = torch.initial_seed() % 2**32
    np.random.seed(seed)
    random.seed(seed)
"""
"""PyTorch's documentation, "Reproducibility", recommends it."""


def _seeded_workers(project: Project, loader: Happening) -> Fix | None:
    """A function that seeds NumPy in each worker from the loader's own seed, handed to the loader."""
    path = loader.path
    facts = project.index.files[path]
    if "seed_worker" in (*facts.names, *(f.name for f in facts.functions)):
        return None
    if any(argument.name in {"*", "**", "worker_init_fn"} for argument in loader.call.arguments):
        return None
    edits = (
        AddImport("random", path=path),
        AddImport("numpy", alias="np", path=path),
        AddImport("torch", path=path),
        InsertStatements(WHOLE_FILE, Where.MODULE_TOP, _WORKER_INIT, path),
        SetArgument(loader.call.span, "worker_init_fn", "seed_worker", path),
    )
    return Fix("seed NumPy in each worker", Safety.UNSAFE, edits)


def _copied(project: Project, loader: Happening) -> Match | None:
    """A generator that the dataset makes when it is built and draws from for each sample."""
    if workers_of(project, loader) < _SEVERAL or prepares_workers(project, loader):
        return None
    owner = dataset_class(project, loader)
    pair = own_generator(project, owner) if owner is not None else None
    if pair is None:
        return None
    (made_path, made), (used_path, used) = pair
    return project.match(
        loader.path,
        loader.call.span,
        f"`self.{made.result}` of the dataset is copied into each of {_workers(project, loader)}, "
        "which then draw the same numbers; make it in the worker or reseed it in `worker_init_fn`",
        confidence=Confidence.HIGH if loader.certain else Confidence.MEDIUM,
        trail=[
            Note(made.span, "the generator is made with the dataset", made_path),
            Note(used.span, "every worker draws from its copy", used_path),
        ],
    )


_SEVERAL = 2
"""Workers from which on copies repeat each other."""


def _workers(project: Project, loader: Happening) -> str:
    count = workers_of(project, loader)
    return "a worker process" if count == 1 else f"{count} worker processes"


rule.flags(
    """
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    augment = transforms.Compose([transforms.RandomCrop(32, padding=4), transforms.ToTensor()])
    plain = transforms.Compose([transforms.ToTensor()])
    train = DataLoader(  # expect: RNG013
        datasets.CIFAR10("data", transform=augment), batch_size=128, shuffle=True, num_workers=2
    )
    test = DataLoader(datasets.CIFAR10("data", train=False, transform=plain), num_workers=2)
    net = torch.nn.Linear(3, 1)
    for x, y in train:
        torch.nn.functional.cross_entropy(net(x), y).backward()
    """,
    title="Random transforms, nothing is seeded",
)
rule.flags(
    {
        "train.py": """
        import torch
        from torch.utils.data import DataLoader
        from data import Pairs

        def main():
            net = torch.nn.Linear(4, 1)
            loader = DataLoader(Pairs(), num_workers=4)  # expect: RNG013
            for x, y in loader:
                torch.nn.functional.mse_loss(net(x), y).backward()

        if __name__ == "__main__":
            main()
        """,
        "data.py": """
        import random
        from torch.utils.data import Dataset

        class Pairs(Dataset):
            def __getitem__(self, index):
                return self.rows[index], random.choice(self.rows)
        """,
    },
    title="The dataset of another file draws",
    fixed={
        "train.py": """
        import torch
        from torch.utils.data import DataLoader
        from data import Pairs

        def main():
            net = torch.nn.Linear(4, 1)
            loader = DataLoader(Pairs(), num_workers=4, generator=torch.Generator().manual_seed(0))
            for x, y in loader:
                torch.nn.functional.mse_loss(net(x), y).backward()

        if __name__ == "__main__":
            main()
        """,
    },
)
rule.flags(
    {
        "train.py": """
        import torch
        from torch.utils.data import DataLoader
        from data import Noisy

        torch.manual_seed(0)
        net = torch.nn.Linear(4, 1)
        loader = DataLoader(Noisy(rows, 3), shuffle=True, num_workers=8)  # expect: RNG013
        for x, y in loader:
            torch.nn.functional.mse_loss(net(x), y).backward()
        """,
        "data.py": """
        import numpy as np
        from torch.utils.data import Dataset

        class Noisy(Dataset):
            def __init__(self, rows, seed):
                self.rows = rows
                self.rng = np.random.default_rng(seed)

            def __getitem__(self, index):
                return self.rows[index] + self.rng.normal()
        """,
    },
    title="A generator of the dataset's own is copied into the workers",
)
rule.flags(
    """
    import random
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Masked(Dataset):
        def __init__(self, rows):
            self.rows = rows
            self.random = random.Random(1)
            self.state = torch.Generator()

        def __getitem__(self, index):
            if self.random.random() < 0.5:
                return torch.rand(3, generator=self.state)
            return self.rows[index]

    def train(dataset):
        return DataLoader(dataset, num_workers=2)  # expect: RNG013

    torch.manual_seed(0)
    net = torch.nn.Linear(4, 1)
    for x in train(Masked(rows)):
        net(x).sum().backward()
    """,
    title="Handed on as an argument",
)
rule.flags(
    """
    import random
    import torch
    from torch.utils.data import DataLoader

    def collate(rows):
        random.shuffle(rows)
        return torch.stack(rows)

    def main():
        net = torch.nn.Linear(4, 1)
        for x in DataLoader(load(), batch_size=8, num_workers=4, collate_fn=collate):  # expect: RNG013
            net(x).sum().backward()

    main()
    """,
    title="The function that joins a batch draws",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    torch.manual_seed(0)
    augment = transforms.RandomCrop(32, padding=4)
    train = DataLoader(datasets.CIFAR10("data", transform=augment), shuffle=True, num_workers=2)
    net = torch.nn.Linear(3, 1)
    for x, y in train:
        torch.nn.functional.cross_entropy(net(x), y).backward()
    """,
    title="PyTorch is seeded, and its workers with it",
)
rule.allows(
    """
    import random
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Jitter(Dataset):
        def __getitem__(self, index):
            return self.rows[index] + np.random.randn() + random.random()

    torch.manual_seed(0)
    net = torch.nn.Linear(3, 1)
    for x, y in DataLoader(Jitter(), shuffle=True, num_workers=2):
        torch.nn.functional.cross_entropy(net(x), y).backward()
    """,
    title="Workers seed Python and NumPy themselves",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    augment = transforms.RandomCrop(32)
    state = torch.Generator().manual_seed(3)
    net = torch.nn.Linear(3, 1)
    one = DataLoader(datasets.CIFAR10("data", transform=augment), shuffle=True, num_workers=2, generator=state)
    two = DataLoader(datasets.CIFAR10("data", train=False), num_workers=2)
    three = DataLoader(datasets.CIFAR10("data", transform=augment), shuffle=True, num_workers=0)
    for x, y in one:
        torch.nn.functional.cross_entropy(net(x), y).backward()
    """,
    title="A generator; nothing random; no workers",
)
rule.allows(
    """
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset, get_worker_info

    class Noisy(Dataset):
        def __init__(self, seed):
            self.rng = np.random.default_rng(seed)

        def __getitem__(self, index):
            return self.rows[index] + self.rng.normal()

    class Made(Dataset):
        def __getitem__(self, index):
            rng = np.random.default_rng(index)
            return self.rows[index] + rng.normal()

    def reseed(worker):
        get_worker_info().dataset.rng = np.random.default_rng(worker)

    torch.manual_seed(0)
    net = torch.nn.Linear(3, 1)
    one = DataLoader(Noisy(1), num_workers=4, worker_init_fn=reseed)
    two = DataLoader(Noisy(1), num_workers=0)
    three = DataLoader(Made(), num_workers=4)
    for x, y in one:
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="The workers' generators are set; one process; a generator for each sample",
)
rule.allows(
    """
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset

    class Divided(Dataset):
        def __init__(self, rows, seed):
            self.rng = np.random.default_rng(seed)
            self.rows = rows[self.rng.permutation(len(rows))]

        def __getitem__(self, index):
            return self.rows[index]

    torch.manual_seed(0)
    net = torch.nn.Linear(3, 1)
    for x, y in DataLoader(Divided(rows, 1), num_workers=4):
        torch.nn.functional.mse_loss(net(x), y).backward()
    """,
    title="The dataset draws only when it is built",
)
rule.allows(
    """
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    def make(folder):
        return DataLoader(datasets.ImageFolder(folder, transforms.RandomCrop(32)), shuffle=True, num_workers=4)
    """,
    title="A library",
)
