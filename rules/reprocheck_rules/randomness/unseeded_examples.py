"""Programs that seed nothing, and such that do though not in so many words."""

from reprocheck.rulekit import Rule


def show(rule: Rule) -> None:
    """Add the examples to the rule."""
    rule.flags(
        {
            "train.py": """
            import random

            import torch
            from lab.torch.nets import small

            rows = load()
            random.shuffle(rows)  # expect: RNG001
            net = small(len(rows))  # expect: RNG001
            net(torch.ones(len(rows))).sum().backward()
            """,
            "lab/__init__.py": "",
            "lab/torch/__init__.py": "",
            "lab/torch/nets.py": """
            import torch

            def small(size):
                return torch.nn.Linear(size, 1)
            """,
            "lab/random.py": """
            import random

            def fix(seed):
                random.seed(seed)
            """,
        },
        title="Parts of a package that are called like libraries",
    )
    for _helper in (
        "from lab.tools import fix_seeds as seed_it",
        "from lab.runs import setup_reproducibility as seed_it",
    ):
        rule.allows(
            f"""
            import torch
            {_helper}

            seed_it(7)
            net = torch.nn.Linear(2, 2)
            net(load()).sum().backward()
            """,
            title="A helper of a library, by its name",
        )
    rule.allows(
        """
        import torch
        from UtilsRL.exp import parse_args, setup

        args = parse_args()
        setup(args)
        net = torch.nn.Linear(2, args.width)
        net(load()).sum().backward()
        """,
        title="A library that seeds by the options",
    )
    rule.flags(
        """
        import torch
        from lab.logs import setup

        setup(7)
        net = torch.nn.Linear(2, 2)  # expect: RNG001
        net(load()).sum().backward()
        """,
        title="A helper that says nothing of seeds",
    )
    workers = """
        import numpy as np
        import torch
        from torch.utils.data import DataLoader

        def seed_worker(worker):
            np.random.seed(worker)

        def main(rows):
            %s
            loader = DataLoader(rows, shuffle=True, num_workers=4, worker_init_fn=%s)%s
            net = torch.nn.Linear(2, 1)
            for batch in loader:
                noise = np.random.uniform(size=2)%s
                net(batch + torch.from_numpy(noise)).sum().backward()

        main(load())
    """
    for _function in ("seed_worker", "lambda worker: np.random.seed(worker + 1)"):
        rule.flags(
            workers % ("print(len(rows))", _function, "  # expect: RNG001", "  # expect: RNG001"),
            title="Only the workers are seeded",
        )
        rule.allows(
            workers % ("torch.manual_seed(0), np.random.seed(0)", _function, "", ""),
            title="The workers are seeded too",
        )
    subclass = """
        import numpy as np
        from transformers import Trainer

        class Picky(Trainer):
            def __init__(self, model, args, keep):
                %s
                self.kept = keep

            def pick(self):
                return np.random.choice(self.kept, 3)
    """
    picks = """
        from picky import Picky

        trainer = Picky(load(), options(), keep=range(10))
        print(trainer.pick())%s
    """
    rule.allows(
        {"picky.py": subclass % "super().__init__(model=model, args=args)", "train.py": picks % ""},
        title="The trainer that it extends seeds",
    )
    rule.flags(
        {"picky.py": subclass % "self.model = model", "train.py": picks % "  # expect: RNG001"},
        file="train.py",
        title="The trainer that it extends is never made",
    )
    line = """
    import keras
    from keras import initializers

    def line():
        return keras.Sequential([keras.layers.Dense(1, kernel_initializer={how})]){mark}

    model = line()
    model.compile(optimizer="sgd", loss="mse")
    model.fit([1.0, 2.0], [3.0, 5.0])
    """
    rule.allows(line.format(how="initializers.Constant(0.5)", mark=""), title="Weights that start from a constant")
    rule.allows(line.format(how='"zeros"', mark=""), title="Weights that start from zero")
    rule.flags(
        line.format(how='"he_normal"', mark="  # expect: RNG001"),
        title="Weights that are drawn otherwise than by default",
    )
    rule.flags(
        """
        import random

        import numpy as np
        import torch
        from sklearn.neural_network import MLPClassifier

        def train(batches, size):
            net = torch.nn.Linear(size, 1)  # expect: RNG001
            for step, batch in enumerate(batches):
                if step % 100 == 0 and size > 1:
                    order = np.random.permutation(size)  # expect: RNG001
                net(batch[order]).sum().backward()
            return net

        def test(net, rows):
            print(net(random.sample(rows, 10)))  # expect: RNG001

        test(train(load("train"), 4), load("test"))
        """,
        title="Now and then, and in a test of the model",
    )
    rule.allows(
        """
        import numpy as np
        import torch

        torch.manual_seed(0)
        for step, batch in enumerate(load("train")):
            if step % 100 == 0:
                np.random.seed(step)
            net(batch + np.random.uniform()).sum().backward()
        """,
        title="Seeded now and then",
    )
