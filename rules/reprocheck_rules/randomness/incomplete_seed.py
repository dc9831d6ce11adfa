"""A program seeds some of the random families that it draws from and leaves others.

## Why
A seed at the top looks as if the program were reproducible. It isn't: what draws from the families that were left out
is different in each run.

## Fix
Seed the missing families at the same place and with the same value.

## Notes
`torch.manual_seed` seeds CUDA as well. scikit-learn's estimators and splitters draw from NumPy unless they get a
`random_state`. Weights, dropout and shuffling count only where something is trained.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Match, Project, Rule
from reprocheck.rulekit.execution import Happening, Run
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
from reprocheck_rules.randomness.seeding_fixes import completed_seed

rule = Rule("RNG002", "incomplete-seed", __doc__)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Families that are drawn from and not seeded, where another one is seeded."""
    yield from project.of_runs(_of_run)


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    found = seedings(project, run)
    seeded = [seeding for seeding in found.values() if seeding.seeds]
    if not seeded:
        return
    first_seed = min(seeding.seeds[0] for seeding in seeded)[1]
    for seeding in found.values():
        if seeding.draws and not seeding.seeds and not seeding.optional:
            yield _match(project, run, seeding, [s.family for s in seeded], first_seed)


def _match(project: Project, run: Run, seeding: Seeding, seeded: list[str], first_seed: Happening) -> Match:
    draw = seeding.first_draw
    what = kind_of_draw(draw)
    others = " and ".join(FAMILIES[family] for family in seeded)
    return project.match(
        run.entry.path,
        place_in_entry(run, first_seed),
        f"{others} {'are' if len(seeded) > 1 else 'is'} seeded, {FAMILIES[seeding.family]} is not, and {what}; "
        f"add `{SEEDERS[seeding.family]}`",
        confidence=confidence_of(run, seeding),
        trail=[
            project.note(first_seed.path, first_seed.call.span, f"seeds {FAMILIES[seeded[0]]}"),
            *story(project, run, draw, what),
        ],
        fix=completed_seed(project, first_seed.path, first_seed.call, seeding.family),
    )


rule.flags(
    {
        "train.py": """
        import numpy as np
        import torch
        from data import batches

        np.random.seed(0)  # expect: RNG002
        net = torch.nn.Linear(4, 1)
        for x, y in batches():
            torch.nn.functional.mse_loss(net(x), y).backward()
        """,
        "data.py": """
        def batches():
            return []
        """,
    },
    title="The weights stay random",
    fixed={
        "train.py": """
        import numpy as np
        import torch
        from data import batches

        np.random.seed(0)
        torch.manual_seed(0)
        net = torch.nn.Linear(4, 1)
        for x, y in batches():
            torch.nn.functional.mse_loss(net(x), y).backward()
        """,
    },
)
rule.flags(
    {
        "train.py": """
        import torch
        from augment import flip

        def main():
            torch.manual_seed(1)  # expect: RNG002
            for x, y in data():
                model(flip(x)).sum().backward()

        if __name__ == "__main__":
            main()
        """,
        "augment.py": """
        import random

        def flip(x):
            return x.flip(0) if random.random() < 0.5 else x
        """,
    },
    title="Python's generator in the augmentation of another file",
    fixed={
        "train.py": """
        import random

        import torch
        from augment import flip

        def main():
            torch.manual_seed(1)
            random.seed(1)
            for x, y in data():
                model(flip(x)).sum().backward()

        if __name__ == "__main__":
            main()
        """,
    },
)
rule.flags(
    """
    import random
    from sklearn.model_selection import train_test_split
    from sklearn.ensemble import RandomForestClassifier

    random.seed(42)  # expect: RNG002
    X_train, X_test, y_train, y_test = train_test_split(X, y)
    RandomForestClassifier(random_state=42).fit(X_train, y_train)
    """,
    title="The split draws from NumPy",
)
rule.flags(
    """
    import numpy as np
    import keras

    np.random.seed(10)  # expect: RNG002
    model = keras.Sequential([keras.layers.Dense(4)])
    model.fit(x, y)
    """,
    title="Keras draws the weights",
)
rule.flags(
    {
        "run.py": """
        from seeds import fix
        import torch
        import numpy as np

        class Runner:
            def __init__(self):
                fix(0)  # expect: RNG002
                self.net = torch.nn.Linear(3, 3)

            def train(self):
                order = np.random.permutation(10)
                self.net(load(order)).mean().backward()

        if __name__ == "__main__":
            runner = Runner()
            runner.train()
        """,
        "seeds.py": """
        import torch

        def fix(seed):
            torch.manual_seed(seed)
            torch.cuda.manual_seed_all(seed)
        """,
    },
    title="A helper that forgets NumPy",
    fixed={
        "seeds.py": """
        import numpy as np
        import torch

        def fix(seed):
            torch.manual_seed(seed)
            np.random.seed(seed)
            torch.cuda.manual_seed_all(seed)
        """,
    },
)
rule.flags(
    """
    import tensorflow as tf
    import numpy as np

    tf.random.set_seed(5)  # expect: RNG002
    noise = np.random.normal(size=100)
    model = build(tf.constant(noise))
    model.fit(x, y)
    """,
    title="TensorFlow seeded, NumPy not",
)

rule.allows(
    """
    import torch

    torch.manual_seed(0)
    net = torch.nn.Linear(2, 2)
    net(torch.randn(3, 2)).sum().backward()
    """,
    title="Only PyTorch is used",
)
rule.allows(
    """
    import random
    import numpy as np
    import torch

    def seed_all(seed):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)

    seed_all(3)
    random.shuffle(rows)
    net = torch.nn.Linear(2, 2)
    net(torch.from_numpy(np.random.rand(2))).sum().backward()
    """,
    title="All three",
)
rule.allows(
    """
    import torch
    import numpy as np

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    order = rng.permutation(10)
    torch.nn.Linear(2, 2)(load(order)).sum().backward()
    """,
    title="NumPy through a generator with a seed",
)
rule.allows(
    """
    import random
    from sklearn.model_selection import train_test_split
    from sklearn.svm import SVC

    random.seed(42)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)
    SVC().fit(X_train, y_train)
    """,
    title="The split has a state of its own",
)
rule.allows(
    """
    import numpy as np
    import torch

    np.random.seed(0)
    net = torch.nn.Linear(4, 1)
    net.load_state_dict(torch.load("weights.pt", weights_only=True))
    print(net(torch.from_numpy(np.random.rand(4))))
    """,
    title="Initial weights that are replaced",
)
rule.allows(
    """
    from transformers import set_seed
    import numpy as np
    import torch

    set_seed(1)
    net = torch.nn.Linear(2, 2)
    net(torch.from_numpy(np.random.rand(2))).sum().backward()
    """,
    title="A helper of a library that seeds all",
)
