"""A program seeds only when an option is given, and its default leaves it off.

## Why
Whoever runs the program as it stands gets a result that can't be had again, and nobody notices: the code seeds.

## Fix
Give the option a number as its default, and record it: `parser.add_argument("--seed", type=int, default=0)`.

## Notes
Options are those of argparse, click, typer, absl, dataclasses and configuration files; their defaults are followed
through calls. A program that draws a seed and records it in that case is fine.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Fix, Match, Project, Rule, Safety, SetArgument
from reprocheck.rulekit.execution import Happening, Run
from reprocheck.rulekit.facts import ValueKind
from reprocheck_rules.randomness.optional_training import options_asked
from reprocheck_rules.randomness.seeding import FAMILIES, Seeding, place_in_entry, seedings, story, trains
from reprocheck_rules.randomness.seeding_fixes import REVEALS

rule = Rule("RNG005", "optional-seed", __doc__, confidence="medium")


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Runs whose only seeders wait for an option; one finding for all families."""
    yield from project.of_runs(_of_run)


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    found = list(seedings(project, run).values())
    waiting = [s for s in found if s.draws and s.optional and not s.seeds]
    if not waiting and trains(run) and not any(s.draws for s in found):
        # Models and data come from a registry or a configuration: that something is drawn is why it seeds at all.
        waiting = [s for s in found if s.optional and not s.seeds]
    if waiting:
        yield _match(project, run, waiting)


def _match(project: Project, run: Run, waiting: list[Seeding]) -> Match:
    seed = waiting[0].optional[0]
    families = " and ".join(FAMILIES[seeding.family] for seeding in waiting)
    trail = list(story(project, run, seed, "seeds here"))
    if seed.guard is not None:
        trail.append(
            project.note(seed.guard_path, seed.guard, "only under this condition, which the defaults don't meet")
        )
    return project.match(
        run.entry.path,
        place_in_entry(run, seed),
        f"{families} {'are' if len(waiting) > 1 else 'is'} seeded only when {_option(project, seed)}; "
        "by default every run is different",
        confidence=Confidence.MEDIUM if trains(run) and _draws_certainly(run, waiting) else Confidence.LOW,
        trail=trail,
        fix=_by_default(project, seed),
    )


def _by_default(project: Project, seed: Happening) -> Fix | None:
    """A number as the option's default, where a parser declares it; not zero, which conditions take for nothing."""
    for argument in seed.call.arguments:
        option = project.index.evaluator.option(argument.value, seed.frame)
        if option is None or "seed" not in option.name.lower() or option.kind not in {"argparse", "click"}:
            continue
        if option.default is not None and option.default.kind is ValueKind.CONSTANT and option.default.value is None:
            edit = SetArgument(option.span, "default", "1", path=option.path)
            return Fix("seed by default", Safety.UNSAFE, (edit,), REVEALS)
    return None


def _draws_certainly(run: Run, waiting: list[Seeding]) -> bool:
    """Whether something is drawn whichever way the conditions go that can't be told."""
    drawn = [pair for seeding in waiting for pair in seeding.draws]
    return (
        not drawn
        or any(draw.certain for _, draw in drawn)
        or any(run.certainly([position for position, _ in seeding.draws]) for seeding in waiting)
    )


def _option(project: Project, seed: Happening) -> str:
    if seed.guard is not None and seed.guard_path in project.index.files:
        asked = next(options_asked(project, seed.guard_path, seed.guard), None)
        if asked is not None:
            return f"the option `{asked}` is given"
    for argument in seed.call.arguments:
        option = project.index.evaluator.option(argument.value, seed.frame)
        if option is not None:
            return f"the option `{option.name}` is given"
    return "an option asks for it"


rule.flags(
    """
    import argparse
    import torch

    def main():
        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=None)
        args = parser.parse_args()
        if args.seed is not None:
            torch.manual_seed(args.seed)  # expect: RNG005
        net = torch.nn.Linear(2, 2)
        net(load()).sum().backward()

    main()
    """,
    title="argparse",
    fixed={
        "example.py": """
        import argparse
        import torch

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--seed", type=int, default=1)
            args = parser.parse_args()
            if args.seed is not None:
                torch.manual_seed(args.seed)
            net = torch.nn.Linear(2, 2)
            net(load()).sum().backward()

        main()
        """,
    },
)
rule.flags(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--local_rank", type=int, default=0)
    parser.add_argument("--deterministic", action="store_true")
    args = parser.parse_args()
    if args.deterministic:
        torch.default_generator.manual_seed(args.local_rank)  # expect: RNG005
    net = torch.nn.Linear(2, 2)
    net(load()).sum().backward()
    """,
    title="Another option than the one that has the seed",
)
rule.flags(
    {
        "train.py": """
        import argparse
        import torch
        from tools import set_seed

        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int)
        args = parser.parse_args()
        set_seed(args.seed)  # expect: RNG005
        net = torch.nn.Linear(2, 2)
        net(load()).sum().backward()
        """,
        "tools.py": """
        import torch

        def set_seed(seed=None):
            if seed is None:
                return
            torch.manual_seed(seed)
        """,
    },
    title="The condition stands in a helper",
)
rule.flags(
    {
        "train.py": """
        import hydra
        import torch

        @hydra.main(config_path="configs", config_name="train")
        def main(cfg):
            if cfg.seed:
                torch.manual_seed(cfg.seed)  # expect: RNG005
            net = torch.nn.Linear(2, 2)
            net(load()).sum().backward()

        if __name__ == "__main__":
            main()
        """,
        "configs/train.yaml": """
        seed: null
        lr: 0.1
        """,
    },
    title="Hydra",
)
rule.flags(
    """
    import click
    import numpy as np

    @click.command()
    @click.option("--seed", type=int, default=None)
    def main(seed):
        if seed is not None:
            np.random.seed(seed)  # expect: RNG005
        model.fit(np.random.permutation(10))

    if __name__ == "__main__":
        main()
    """,
    title="click",
)
rule.flags(
    """
    import argparse
    import random

    parser = argparse.ArgumentParser()
    parser.add_argument("--deterministic", action="store_true")
    args = parser.parse_args()
    if args.deterministic:
        random.seed(0)  # expect: RNG005
    random.shuffle(rows)
    model.fit(rows)
    """,
    title="A switch that is off",
)
rule.flags(
    """
    import argparse
    from lightning.pytorch import seed_everything
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default=None)
    args = parser.parse_args()
    seed_everything(args.seed)  # expect: RNG005
    net = torch.nn.Linear(2, 2)
    net(load()).sum().backward()
    """,
    title="A helper that takes a seed of its own for None",
)

rule.flags(
    {
        "train.py": """
        import argparse
        from mmcv import Config
        from mmcv.runner import build_runner, set_random_seed
        from models import build_model

        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("config")
            parser.add_argument("--seed", type=int, default=None)
            args = parser.parse_args()
            if args.seed is not None:
                set_random_seed(args.seed)  # expect: RNG005
            cfg = Config.fromfile(args.config)
            runner = build_runner(cfg.runner, model=build_model(cfg.model))
            runner.run(cfg.loaders, cfg.workflow)

        if __name__ == "__main__":
            main()
        """,
        "models.py": """
        MODELS = {}

        def build_model(cfg):
            return MODELS[cfg.type](**cfg.options)
        """,
    },
    title="Models from a registry",
)
rule.allows(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.seed is not None:
        torch.manual_seed(args.seed)
    net = torch.nn.Linear(2, 2)
    net(load()).sum().backward()
    """,
    title="On by default",
)
rule.allows(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    net = torch.nn.Linear(2, 2)
    net(load()).sum().backward()
    """,
    title="Required",
)
rule.allows(
    {
        "train.py": """
        import hydra
        import torch

        @hydra.main(config_path="configs", config_name="train")
        def main(cfg):
            if cfg.seed:
                torch.manual_seed(cfg.seed)
            net = torch.nn.Linear(2, 2)
            net(load()).sum().backward()

        if __name__ == "__main__":
            main()
        """,
        "configs/train.yaml": """
        seed: 12345
        """,
    },
    title="Hydra with a seed",
)
rule.allows(
    """
    import argparse
    import random
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.randint(1, 10000)
    print("seed", args.seed)
    torch.manual_seed(args.seed)
    net = torch.nn.Linear(2, 2)
    net(load()).sum().backward()
    """,
    title="A seed is drawn and recorded",
)
rule.allows(
    """
    import argparse
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--cuda", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(1)
    if args.cuda:
        torch.cuda.manual_seed(1)
    net = torch.nn.Linear(2, 2)
    net(load()).sum().backward()
    """,
    title="Only the second seeder is optional",
)
rule.allows(
    """
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    print(args.seed)
    """,
    title="Nothing is drawn",
)
_HYDRA = {
    "train.py": """
    import hydra
    import torch

    def run(cfg):
        if cfg.training.deterministic:
            torch.manual_seed(cfg.training.seed){marked}
        net = torch.nn.Linear(2, 2)
        net(load()).sum().backward()

    @hydra.main(config_path="conf", config_name="main")
    def main(cfg):
        run(cfg)

    if __name__ == "__main__":
        main()
    """,
    "conf/main.yaml": """
    defaults:
      - data: words
      - training: {taken}
    """,
    "conf/training/quick.yaml": """
    deterministic: false
    seed: 1
    """,
    "conf/training/exact.yaml": """
    deterministic: true
    seed: 1
    """,
}
rule.flags(
    {path: text.format(marked="  # expect: RNG005", taken="quick") for path, text in _HYDRA.items()},
    title="A group of Hydra's configurations",
)
rule.allows(
    {path: text.format(marked="", taken="exact") for path, text in _HYDRA.items()},
    title="The group that is taken seeds",
)
_EITHER = {
    "train.py": """
    import argparse
    import torch
    from policies import policy_for

    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    if args.seed is not None:
        torch.manual_seed(args.seed){marked}
    policy = policy_for(environment())
    policy(load()).sum().backward()
    """,
    "policies.py": """
    import torch

    def policy_for(space):
        if space.continuous:
            return torch.nn.Linear(space.size, 2)
        else:
            return {otherwise}
    """,
}
rule.flags(
    {p: t.format(marked="  # expect: RNG005", otherwise="torch.nn.Linear(2, space.size)") for p, t in _EITHER.items()},
    title="Either way a network is drawn",
)
