"""A program draws random numbers that nothing it runs has seeded.

## Why
Two runs of the same code give two models. Nobody can tell afterwards whether a change helped or the dice did, and a
reviewer can't get the number in the paper.

## Fix
Seed every family that the program draws from, first thing in the program, from a value that is recorded:

    def set_seed(seed: int) -> None:
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)

## Notes
The whole program is followed from its start: through helpers in other files, methods, constructors, callbacks and
imports, under the defaults of its options. Draws that no call names count too: layers draw their initial weights,
loaders shuffle, estimators without `random_state` use NumPy's global generator. Weights and dropout count only where
something is trained. Functions that Airflow, Kubeflow, Kedro, Metaflow, Dagster, Flyte or Ray run as steps are programs
of their own; where other code of the project seeds, they have low confidence. Libraries, which have no start, get no
finding.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule, is_test_path
from reprocheck.rulekit.execution import Run
from reprocheck.rulekit.facts import Call
from reprocheck_rules.randomness.seeding import (
    FAMILIES,
    SEEDERS,
    Seeding,
    confidence_of,
    kind_of_draw,
    place_in_entry,
    seedings,
    story,
)
from reprocheck_rules.randomness.seeding_fixes import seeded_entry
from reprocheck_rules.randomness.step_examples import show as show_steps
from reprocheck_rules.randomness.unseeded_examples import show

rule = Rule("RNG001", "unseeded-entry-point", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Families of a run that are drawn from, while no family is seeded."""
    yield from project.of_runs(_of_run)


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    found = seedings(project, run)
    if any(seeding.seeds for seeding in found.values()):
        return  # some family is seeded: what is missing is RNG002's
    for seeding in found.values():
        if seeding.draws and not seeding.optional:
            yield _match(project, run, seeding)


def _match(project: Project, run: Run, seeding: Seeding) -> Match:
    first = seeding.first_draw
    what = kind_of_draw(first)
    doubted = run.entry.kind == "step" and project.value_of(seeds_somewhere)
    return project.match(
        run.entry.path,
        place_in_entry(run, first),
        f"nothing seeds {FAMILIES[seeding.family]} before {what}; call `{SEEDERS[seeding.family]}` first",
        confidence=Confidence.LOW if doubted else confidence_of(run, seeding),
        trail=story(project, run, first, what),
        fix=seeded_entry(project, run),
    )


def seeds_somewhere(project: Project) -> bool:
    """Whether any code of the project seeds: the tool that runs its steps may do so in the same process."""
    return any(project.of_files(_seeds))


def _seeds(project: Project, path: str) -> Iterator[bool]:
    if is_test_path(path):
        return
    calls = (event for function in project.index.files[path].functions for event in function.events)
    callees = {event.callee for event in calls if isinstance(event, Call)}
    entries = (project.catalog.entry(project.catalog.canonical(callee)) for callee in sorted(callees))
    yield any(entry is not None and "seeder" in entry.roles for entry in entries)


rule.flags(
    {
        "train.py": """
        import torch
        from model import Net

        def main():
            net = Net()  # expect: RNG001
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for x, y in data():
                torch.nn.functional.mse_loss(net(x), y).backward()
                optimizer.step()

        if __name__ == "__main__":
            main()
        """,
        "model.py": """
        import torch

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)
        """,
    },
    title="The model of another file draws its weights",
    fixed={
        "train.py": """
        import torch
        from model import Net

        def main():
            net = Net()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
            for x, y in data():
                torch.nn.functional.mse_loss(net(x), y).backward()
                optimizer.step()

        if __name__ == "__main__":
            torch.manual_seed(0)
            main()
        """,
    },
)
rule.flags(
    {
        "train.py": """
        import random
        from helpers import set_seed  # never called
        from sklearn.ensemble import RandomForestClassifier

        rows = load()
        random.shuffle(rows)  # expect: RNG001
        model = RandomForestClassifier()  # expect: RNG001
        model.fit(rows, labels)
        """,
        "helpers.py": """
        import random
        import numpy as np

        def set_seed(seed):
            random.seed(seed)
            np.random.seed(seed)
        """,
    },
    title="The helper that seeds is never called",
    fixed={
        "train.py": """
        import random
        from helpers import set_seed  # never called
        from sklearn.ensemble import RandomForestClassifier

        rows = load()
        set_seed(0)
        random.shuffle(rows)
        model = RandomForestClassifier()
        model.fit(rows, labels)
        """,
    },
)
rule.flags(
    """
    import numpy as np
    from sklearn.linear_model import SGDClassifier

    np.random.seed()
    order = np.random.permutation(100)  # expect: RNG001
    SGDClassifier(random_state=0).fit(X[order], y[order])
    """,
    title="Seeded from the clock",
)
rule.flags(
    """
    from keras.layers import Dense
    from keras.models import Sequential

    model = Sequential()
    model.add(Dense(10, activation="relu"))  # expect: RNG001
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, y, epochs=3)
    """,
    title="Keras",
)
rule.flags(
    """
    import numpy as np
    from sklearn.model_selection import train_test_split
    from sklearn.linear_model import LogisticRegression

    def run():
        X_train, X_test, y_train, y_test = train_test_split(X, y)  # expect: RNG001
        LogisticRegression().fit(X_train, y_train)

    run()
    """,
    title="A split without random_state",
)
rule.flags(
    {
        "app/train.py": """
        import torch

        class Trainer:
            def __init__(self, model):
                self.model = model
                self.optimizer = torch.optim.Adam(model.parameters())

            def fit(self, loader):
                for batch in loader:
                    self.step(batch)

            def step(self, batch):
                noise = torch.randn(4)  # expect: RNG001
                (self.model(batch) + noise).sum().backward()
                self.optimizer.step()

        def main():
            Trainer(load_model()).fit(load_batches())
        """,
        "pyproject.toml": """
        [project]
        name = "app"

        [project.scripts]
        train = "app.train:main"
        """,
    },
    title="A console script, a method",
)

rule.flags(
    """
    import argparse
    import random

    import torch

    def main():
        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=1)
        args = parser.parse_args()
        if args.seed % 2:
            print("odd")
        for _ in range(3):
            net = torch.nn.Linear(4, 1)  # expect: RNG001
            net(torch.ones(4)).sum().backward()
        samples = random.sample(rows, 10)  # expect: RNG001
        print(samples)

    if __name__ == "__main__":
        main()
    """,
    title="A seed that is asked for and not used",
    fixed={
        "example.py": """
        import argparse
        import random

        import torch

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--seed", type=int, default=1)
            args = parser.parse_args()
            random.seed(args.seed)
            torch.manual_seed(args.seed)
            if args.seed % 2:
                print("odd")
            for _ in range(3):
                net = torch.nn.Linear(4, 1)
                net(torch.ones(4)).sum().backward()
            samples = random.sample(rows, 10)
            print(samples)

        if __name__ == "__main__":
            main()
        """,
    },
)
rule.flags(
    {
        "train.py": """
        import torch

        net = torch.nn.Linear(2, 2)  # expect: RNG001
        net(load()).sum().backward()
        """,
        "tune.py": """
        import random

        print(random.sample(rows, 10))  # expect: RNG001
        """,
    },
    title="Two programs of one folder",
    fixed={
        "train.py": """
        import torch
        from seeding import seed_everything

        seed_everything(0)
        net = torch.nn.Linear(2, 2)
        net(load()).sum().backward()
        """,
        "tune.py": """
        import random

        from seeding import seed_everything

        seed_everything(0)
        print(random.sample(rows, 10))
        """,
        "seeding.py": '''
        """Seeds the random generators that the programs of this folder draw from."""

        import random

        import torch


        def seed_everything(seed):
            """Make all that is drawn from here on depend on the seed alone."""
            random.seed(seed)
            torch.manual_seed(seed)
        ''',
    },
)
rule.allows(
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import LeaveOneOut, PredefinedSplit, TimeSeriesSplit

    def main():
        X, y, folds = load()
        for splitter in (TimeSeriesSplit(5), LeaveOneOut(), PredefinedSplit(folds)):
            for train, test in splitter.split(X, y):
                Ridge().fit(X[train], y[train]).score(X[test], y[test])

    main()
    """,
    title="Splits that nothing is drawn for",
)
rule.allows(
    {
        "train.py": """
        import torch
        from tools.seed import fix_all
        from model import Net

        def main():
            fix_all(3)
            net = Net()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

        if __name__ == "__main__":
            main()
        """,
        "tools/seed.py": """
        import torch

        def fix_all(seed):
            torch.manual_seed(seed)
        """,
        "model.py": """
        import torch

        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)
        """,
    },
    title="Seeded by a helper of another file",
)
rule.allows(
    """
    import torch

    class Experiment:
        def __init__(self, seed):
            self._prepare(seed)

        def _prepare(self, seed):
            seeder = torch.manual_seed
            seeder(seed)

        def train(self):
            net = torch.nn.Linear(2, 2)
            torch.optim.SGD(net.parameters(), lr=0.1)

    Experiment(7).train()
    """,
    title="Seeded by a method, under an alias",
)
rule.allows(
    """
    import lightning as L
    import torch
    from lightning.pytorch import seed_everything

    seed_everything(42, workers=True)
    net = torch.nn.Linear(2, 2)
    L.Trainer().fit(Model(net))
    """,
    title="Lightning",
)
rule.allows(
    """
    import numpy as np
    from sklearn.linear_model import SGDClassifier

    def main():
        rng = np.random.default_rng(11)
        order = rng.permutation(len(X))
        SGDClassifier(random_state=11).fit(X[order], y[order])

    main()
    """,
    title="A generator passed everywhere",
)
rule.allows(
    {
        "split.py": """
        import numpy as np

        def train_test_split(data, seed=1):
            np.random.seed(seed)
            order = np.random.permutation(len(data))
            return data[order[:80]], data[order[80:]]
        """,
        "main.py": """
        from split import train_test_split
        from sklearn.linear_model import LogisticRegression

        train, test = train_test_split(load(), seed=1)
        LogisticRegression().fit(train, labels)
        """,
    },
    title="A split of the project's own that seeds NumPy",
)
rule.allows(
    """
    import torch
    from model import Net

    net = torch.nn.Linear(2, 2)
    net.load_state_dict(torch.load("weights.pt", weights_only=True))
    net.eval()
    print(net(batch))
    """,
    title="Initial weights that are never trained",
)
rule.allows(
    """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

    def build():
        return Net()
    """,
    title="A library without a start",
)
rule.allows(
    """
    from transformers import Trainer, TrainingArguments
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Dense(3)])
    model.fit(x, y)
    """,
    title="Keras",
)
_ON_REQUEST = """
import argparse
import torch
from sklearn.metrics import f1_score

class Trainer:
    def __init__(self, args):
        self.net = torch.nn.Linear(4, 1){marked}
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=args.lr)

    def train(self, loader):
        for x, y in loader:
            torch.nn.functional.mse_loss(self.net(x), y).backward()
            self.optimizer.step()

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--do_train", action="store_true")
    args = parser.parse_args()
    {seed}
    trainer = Trainer(args)
    if {asked}:
        trainer.train(load("train"))
    print(evaluate(trainer.net, load("test")))

if __name__ == "__main__":
    main()
"""
rule.flags(
    _ON_REQUEST.format(seed="print(args.seed)", asked="args.do_train", marked="  # expect: RNG001"),
    title="A program that trains on request",
)
rule.allows(
    _ON_REQUEST.format(seed="torch.manual_seed(args.seed)", asked="args.do_train", marked=""),
    title="A program that trains on request, seeded",
)
rule.allows(
    _ON_REQUEST.format(seed="print(args.lr)", asked="False", marked=""),
    title="A program that doesn't train any more",
)
rule.allows(
    """
    import os
    import random

    import torch
    import wandb
    from sklearn.linear_model import LogisticRegression

    def main(args):
        address = f"tcp://localhost:{random.randrange(49152, 65535)}"
        torch.distributed.init_process_group("nccl", init_method=address)
        LogisticRegression().fit(*load())

    def search(args):
        wandb.init(name=f"{args.model}-{random.randint(1000, 9999)}")
        folder = "runs/" + str(random.getrandbits(16))
        os.makedirs(folder)
        LogisticRegression().fit(*load())

    def fetched(args):
        folder = f"model_{random.randint(10000, 99999)}"
        clone(args.url, os.path.join("work", folder))
        LogisticRegression().fit(*load())

    main(parse())
    search(parse())
    fetched(parse())
    """,
    title="Ports and names of runs",
)
rule.flags(
    {
        "model.py": """
        from keras.layers import *
        from keras.models import *
        from keras.optimizers import *

        def unet():
            inputs = Input((256, 256, 1))
            return Model(inputs, Conv2D(1, 3)(inputs))
        """,
        "main.py": """
        from data import *
        from model import *

        model = unet()  # expect: RNG001
        model.fit_generator(batches(), epochs=3)
        """,
        "data.py": """
        from glob import glob

        def batches():
            return map(read, sorted(glob("*.png")))
        """,
    },
    title="Layers of a library that is imported whole",
)


_COMMANDS = """
import click
import torch

@click.group()
def cli():
    {first}

@cli.command(name="fit")
@click.option("--rate", default=0.1)
def train(rate):
    {second}
    net = torch.nn.Linear(4, 1){marked}
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    torch.nn.functional.mse_loss(net(torch.ones(2, 4)), torch.ones(2, 1)).backward()
    optimizer.step()

@cli.command()
def show():
    torch.manual_seed(0)
    print("nothing trained here")

if __name__ == "__main__":
    cli()
"""

rule.flags(
    {"main.py": _COMMANDS.format(first="pass", second="pass", marked="  # expect: RNG001")},
    title="One command of several; another one seeds",
)
rule.allows(
    {"main.py": _COMMANDS.format(first="torch.manual_seed(0)", second="pass", marked="")},
    title="The group seeds before its commands",
)
rule.allows(
    {"main.py": _COMMANDS.format(first="pass", second="torch.manual_seed(0)", marked="")}, title="The command seeds"
)

show(rule)
show_steps(rule)
rule.flags(
    """
    import lib
    import torch

    def hook():
        torch.rand(2)

    lib.keep(hook)
    net = torch.nn.Linear(2, 2)  # expect: RNG001
    net(load()).sum().backward()
    """,
    title="What surely draws is named, before what may",
)
