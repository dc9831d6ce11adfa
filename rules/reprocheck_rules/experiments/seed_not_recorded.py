"""The tracker gets a configuration in which the seed is missing.

## Why
The run page shows learning rate and batch size, and not the one number that would bring the same result back. When the
default changes, or somebody passes another seed, the old runs can't be told apart.

## Fix
Record the whole configuration, `wandb.init(config=vars(args))`, or add the seed to what is recorded:

    mlflow.log_param("seed", args.seed)

## Notes
Only where the run records a configuration at all, and only where that is written out key by key, so that it is certain
that the seed isn't in it. Seeds that stand as numbers in the code have low confidence: the commit records them.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.execution import Happening, Run, argument_of
from reprocheck_rules.experiments.recorded_configuration import Recorded, mentions_seed, recorded
from reprocheck_rules.randomness.seeding import story

rule = Rule("EXP004", "seed-not-recorded", __doc__)

_NOT_ASKED = frozenset({"by-name", "seeds-by-default", "environment"})


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Records of runs whose seed is an option or parameter that they leave out."""
    done = set()
    for match in project.of_runs(_of_run):
        if (match.path, match.span) not in done:
            done.add((match.path, match.span))
            yield match


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    records = list(recorded(project, run))
    if not records or any(record.has_seed for record in records):
        return
    found = _seed(project, run)
    if found is not None and not mentions_seed(project, run):
        seeder, name, from_option = found
        yield _match(project, run, _most(records), seeder, name, from_option=from_option)


def _most(records: list[Recorded]) -> Recorded:
    """The record that says most: where the seed belongs."""
    return max(records, key=lambda record: len(record.keys or ()))


def _seed(project: Project, run: Run) -> tuple[Happening, str, bool] | None:
    """A call that seeds, what its seed is called, and whether that is an option; options first."""
    constant: tuple[Happening, str, bool] | None = None
    for happening in run.happenings:
        entry = happening.entry
        if "seeder" not in entry.roles or not entry.roles.isdisjoint(_NOT_ASKED) or not entry.seed_argument:
            continue
        argument = argument_of(happening.call, entry, entry.seed_argument)
        if argument is None or argument.value is None or not happening.active:
            continue
        option = project.index.evaluator.option(argument.value, happening.frame)
        if option is not None:
            return happening, option.name, True
        value = project.index.evaluator.value(argument.value, happening.frame)
        if isinstance(value, int) and constant is None:
            constant = (happening, str(value), False)
    return constant


def _match(project: Project, run: Run, record: Recorded, seeder: Happening, name: str, *, from_option: bool) -> Match:
    tracker = ".".join(record.happening.name.removeprefix("?.").split(".")[-2:])
    what = f"the option `{name}`" if from_option else f"the seed {name}"
    sure = from_option and run.complete and record.happening.certain
    confidence = Confidence.HIGH if sure else Confidence.MEDIUM if from_option else Confidence.LOW
    trail = [*story(project, run, record.happening, "records the configuration")]
    trail.append(project.note(seeder.path, seeder.call.span, "takes the seed"))
    return project.match(
        record.happening.path,
        record.happening.call.span,
        f"`{tracker}` records the configuration without {what}, which `{seeder.name}` takes",
        confidence=confidence,
        trail=trail,
    )


rule.flags(
    """
    import argparse
    import torch
    import wandb

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    wandb.init(project="digits", config={"lr": args.lr, "epochs": 3})  # expect: EXP004
    """
)
rule.flags(
    {
        "train.py": """
        import argparse
        from seeds import set_seed
        from tracking import start

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--lr", type=float, default=0.1)
            parser.add_argument("--seed", type=int, default=1)
            args = parser.parse_args()
            set_seed(args.seed)
            start({"lr": args.lr})

        if __name__ == "__main__":
            main()
        """,
        "seeds.py": """
        import random
        import numpy as np

        def set_seed(value):
            random.seed(value)
            np.random.seed(value)
        """,
        "tracking.py": """
        import mlflow

        def start(params):
            mlflow.start_run()
            mlflow.log_params(params)  # expect: EXP004
        """,
    },
    title="Seed, tracker and options in three files",
)
rule.flags(
    """
    import click
    import mlflow
    import numpy as np

    @click.command()
    @click.option("--alpha", default=0.5)
    @click.option("--seed", default=40)
    def train(alpha, seed):
        np.random.seed(seed)
        with mlflow.start_run():
            mlflow.log_param("alpha", alpha)  # expect: EXP004
            mlflow.log_metric("rmse", fit(alpha))

    if __name__ == "__main__":
        train()
    """,
    title="Parameter by parameter",
)
rule.flags(
    """
    import argparse
    import torch
    from torch.utils.tensorboard import SummaryWriter

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lr", type=float, default=0.1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    writer = SummaryWriter()
    writer.add_hparams(dict(lr=args.lr, batch=32), {"accuracy": 0.9})  # expect: EXP004
    """,
    title="TensorBoard's table",
)
rule.flags(
    """
    import argparse
    import tensorflow as tf
    import wandb

    CONFIG = {"units": 64, "rate": 0.1}
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tf.random.set_seed(args.seed)
    wandb.init(config=CONFIG)  # expect: EXP004
    """,
    title="A configuration of the module",
)
rule.flags(
    """
    import torch
    import wandb

    torch.manual_seed(7)
    wandb.init(config={"lr": 0.1})  # expect: EXP004
    """,
    title="A number in the code, with low confidence",
)
rule.allows(
    """
    import argparse
    import torch
    import wandb

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    wandb.init(project="digits", config=vars(args))
    """,
    title="The whole namespace",
)
rule.allows(
    """
    import argparse
    import torch
    import wandb

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    wandb.init(config={"lr": 0.1, "random_seed": args.seed})
    """
)
rule.allows(
    {
        "train.py": """
        import argparse
        import numpy as np
        from tracking import note

        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=1)
        args = parser.parse_args()
        np.random.seed(args.seed)
        note("alpha", 0.1)
        note("seed", args.seed)
        """,
        "tracking.py": """
        import mlflow

        def note(name, value):
            mlflow.log_param(name, value)
        """,
    },
    title="Recorded through a helper",
)
rule.allows(
    """
    import argparse
    import torch
    import wandb

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    config = {"lr": 0.1}
    config["seed"] = args.seed
    wandb.init(config=config)
    """,
    title="Added to the configuration later",
)
rule.allows(
    """
    import argparse
    import torch
    import wandb

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    wandb.init(config={"lr": 0.1})
    wandb.config.update({"seed": args.seed})
    """,
    title="Recorded by another call",
)
rule.allows(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    print(train(args))
    """,
    title="Nothing is recorded: that is another finding",
)
rule.allows(
    """
    import mlflow
    import wandb

    wandb.init(config={"lr": 0.1})
    mlflow.log_params({"lr": 0.1})
    """,
    title="Nothing is seeded",
)
rule.allows(
    """
    import argparse
    import json
    import torch
    import wandb

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    wandb.init(config={"lr": 0.1})
    with open("config.json", "w") as file:
        json.dump(vars(args), file)
    """,
    title="Written beside the run",
)
