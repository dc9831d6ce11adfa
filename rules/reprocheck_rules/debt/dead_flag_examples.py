"""What the rule on dead flags finds, and what looks alike."""

from __future__ import annotations

from reprocheck.rulekit import Rule


def show(rule: Rule) -> None:
    """Give the rule its examples."""
    _constants_and_attributes(rule)
    _outside_of_the_code(rule)
    _set_elsewhere(rule)
    _given_by_users(rule)
    _seeds_of_configurations(rule)


def _constants_and_attributes(rule: Rule) -> None:
    """Switches in the code."""
    rule.flags(
        """
        USE_MIXUP = False  # expect: DBT001
        OPTIMIZER = "adam"  # expect: DBT001

        def train(model, loader):
            for batch in loader:
                if USE_MIXUP:
                    batch = mixup(batch)
                    batch = normalise(batch)
                model(batch)
            if OPTIMIZER == "sgd":
                finish(model)
                report(model)
                save(model)

        train(build(), load())
        """,
        file="train.py",
        title="a constant of a script",
    )
    rule.flags(
        {
            "config.py": """
            BATCH_SIZE = 32
            USE_EMA = False  # expect: DBT001
            """,
            "train.py": """
            import config
            from config import BATCH_SIZE

            def main():
                model = build(BATCH_SIZE)
                if config.USE_EMA:
                    model = average(model)
                return model

            main()
            """,
        },
        title="a constant of another module",
        fixed={
            "config.py": """
            BATCH_SIZE = 32
            """,
            "train.py": """
            from config import BATCH_SIZE

            def main():
                model = build(BATCH_SIZE)
                return model

            main()
            """,
        },
    )
    rule.flags(
        """
        class Trainer:
            use_amp = False  # expect: DBT001

            def __init__(self, model):
                self.model = model
                self.clip = True  # expect: DBT001

            def step(self, batch):
                if self.use_amp:
                    loss = self.scaled(batch)
                else:
                    loss = self.plain(batch)
                if self.clip:
                    return clipped(loss)
                else:
                    return loss

        Trainer(build()).step(load())
        """,
        title="attributes of a class that nothing writes",
        fixed="""
        class Trainer:
            def __init__(self, model):
                self.model = model

            def step(self, batch):
                loss = self.plain(batch)
                return clipped(loss)

        Trainer(build()).step(load())
        """,
    )
    rule.flags(
        {
            "settings.py": """
            from dataclasses import dataclass, field

            @dataclass
            class Config:
                lr: float = 0.1
                legacy_loader: bool = False  # expect: DBT001
                tags: list = field(default_factory=list)
            """,
            "train.py": """
            from settings import Config

            def load(cfg: Config):
                if cfg.legacy_loader:
                    return old_loader(cfg)
                return new_loader(cfg)

            cfg = Config(lr=0.01)
            load(cfg)
            """,
        },
        title="a field of a dataclass that no call gives",
        fixed={
            "settings.py": """
            from dataclasses import dataclass, field

            @dataclass
            class Config:
                lr: float = 0.1
                tags: list = field(default_factory=list)
            """,
            "train.py": """
            from settings import Config

            def load(cfg: Config):
                return new_loader(cfg)

            cfg = Config(lr=0.01)
            load(cfg)
            """,
        },
    )
    rule.flags(
        {
            "layers.py": """
            def attention(query, key, use_bias=False, scale=None):  # expect: DBT001
                scores = query @ key
                if use_bias:
                    scores = scores + bias(query)
                return scores * (scale or 1.0)

            def block(x):
                return attention(x, x, scale=0.5)
            """,
            "train.py": """
            from layers import attention, block

            block(attention(load(), load()))
            """,
        },
        title="a parameter that no call gives",
        fixed={
            "layers.py": """
            def attention(query, key, scale=None):
                scores = query @ key
                return scores * (scale or 1.0)

            def block(x):
                return attention(x, x, scale=0.5)
            """,
        },
    )
    rule.flags(
        """
        class Encoder:
            def __init__(self, width, use_norm=True):  # expect: DBT001
                self.width = width
                self.use_norm = use_norm

            def encode(self, x):
                if not self.use_norm:
                    return raw(x)
                return normed(x)

        Encoder(8).encode(load())
        """,
        title="a parameter kept as an attribute",
    )


def _outside_of_the_code(rule: Rule) -> None:
    """Options, variables, keys and services."""
    rule.flags(
        """
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        parser.add_argument("--n-cpu", type=int, default=8)  # expect: DBT001
        parser.add_argument("--warmup", action="store_true")  # expect: DBT001
        args = parser.parse_args()
        print(args)
        train(args.lr)
        """,
        file="train.py",
        title="options that nothing reads",
        fixed="""
        import argparse

        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        args = parser.parse_args()
        print(args)
        train(args.lr)
        """,
    )
    rule.flags(
        """
        import click

        @click.command()
        @click.option("--epochs", default=3)
        @click.option("--fold", default=0)  # expect: DBT001
        def main(epochs, fold):
            train(epochs)

        main()
        """,
        title="an option of a command that does not use its parameter",
        fixed="""
        import click

        @click.command()
        @click.option("--epochs", default=3)
        def main(epochs):
            train(epochs)

        main()
        """,
    )
    rule.flags(
        """
        import os

        def load(path):
            if os.environ.get("USE_OLD_READER") == "1":  # expect: DBT001
                return old(path)
            return new(path)
        """,
        title="a variable that nothing in the repository sets (low confidence)",
    )
    rule.flags(
        {
            "configs/small.yaml": "model:\n  width: 8\n  use_dropout: false\n",
            "configs/large.yaml": "model:\n  width: 64\n  use_dropout: false\n",
            "train.py": """
            from omegaconf import OmegaConf

            def build(cfg):
                if cfg.model.use_dropout:  # expect: DBT001
                    return with_dropout(cfg.model.width)
                return plain(cfg.model.width)

            build(OmegaConf.load("configs/small.yaml"))
            """,
        },
        title="a key equal in every configuration (low confidence)",
    )
    rule.flags(
        """
        import ldclient

        def choose(user):
            if ldclient.get().variation("new-ranker", user, False):  # expect: DBT001
                return new(user)
            return old(user)
        """,
        title="a flag of a service, by a fixed key (low confidence)",
    )


def _set_elsewhere(rule: Rule) -> None:
    """What other code changes."""
    rule.allows(
        """
        from dataclasses import dataclass

        @dataclass
        class Job:
            name: str
            cancelled: bool = False

        class Jobs:
            def __init__(self):
                self.running = {}

            def add(self, name):
                job = Job(name=name)
                self.running[name] = job
                return job

            def cancel(self, wanted):
                for name, job in list(self.running.items()):
                    if name == wanted:
                        job.cancelled = True

            def finish(self, job: Job):
                if job.cancelled:
                    print("gone")

        jobs = Jobs()
        first = jobs.add("first")
        jobs.cancel("first")
        jobs.finish(first)
        """,
        title="a field that is set on an element of a container",
    )
    rule.allows(
        """
        import os

        use_amp = False
        init_from = "scratch"
        config_keys = [k for k, v in globals().items() if not k.startswith("_")]
        exec(open("configurator.py").read())

        if use_amp:
            scale()
        if init_from == "resume":
            restore()
        """,
        file="train.py",
        title="a configurator that sets globals",
    )
    rule.allows(
        {
            "flags.py": """
            USE_AMP = False
            DEBUG = False
            FAST = False
            """,
            "core.py": """
            import flags
            from flags import FAST

            def step(batch):
                if flags.USE_AMP:
                    batch = half(batch)
                if flags.DEBUG:
                    check(batch)
                if FAST:
                    batch = short(batch)
                return batch
            """,
            "main.py": """
            import flags
            from core import step

            flags.USE_AMP = True
            setattr(flags, "DEBUG", True)
            step(load())
            """,
            "tests/test_core.py": """
            from core import step

            def test_fast(monkeypatch):
                monkeypatch.setattr("core.FAST", True)
                step(1)
            """,
        },
        title="another module or a test sets it",
    )
    rule.allows(
        """
        from typing import TYPE_CHECKING

        try:
            import apex
            HAS_APEX = True
        except ImportError:
            HAS_APEX = False

        _cache = None
        STEPS = 0

        def model():
            global _cache, STEPS
            STEPS += 1
            if _cache is None:
                _cache = build()
            if STEPS > 3 and HAS_APEX:
                warn()
            return _cache

        if TYPE_CHECKING:
            import torch
        """,
        title="state and probes",
    )


def _given_by_users(rule: Rule) -> None:
    """What users, callers and frameworks give."""
    rule.allows(
        """
        import argparse
        import fire

        def predict(model, half=False, verbose=False):
            if half:
                model = model.half()
            if verbose:
                print(model)
            return model

        def serve(path, debug=False):
            if debug:
                trace(path)
            return predict(path, verbose=debug)

        parser = argparse.ArgumentParser()
        parser.add_argument("--half", action="store_true")
        parser.add_argument("--local_rank", type=int)
        parser.add_argument("--old", help="deprecated, no effect")
        args = parser.parse_args()
        predict(build(), half=args.half)
        fire.Fire(serve)
        """,
        title="options and parameters that a user or a caller gives",
    )
    rule.allows(
        """
        import argparse

        def run(lr, epochs):
            return train(lr, epochs)

        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float)
        parser.add_argument("--epochs", type=int)
        args = parser.parse_args()
        run(**vars(args))
        """,
        title="a namespace used as a whole",
    )
    rule.allows(
        """
        from dataclasses import dataclass

        import tyro
        from transformers import HfArgumentParser

        @dataclass
        class Args:
            compile: bool = False
            seed: int = 1

        @dataclass
        class Model:
            tied: bool = False

        args = tyro.cli(Args)
        (model,) = HfArgumentParser((Model,)).parse_args_into_dataclasses()
        if args.compile:
            compile_model(args.seed)
        if model.tied:
            tie()
        """,
        title="dataclasses that a command line fills",
    )
    rule.allows(
        """
        class Base:
            causal = False

            def forward(self, x, mask=None, train=False):
                if mask is not None:
                    x = x * mask
                if train:
                    x = drop(x)
                if self.causal:
                    x = shift(x)
                first = True
                for part in x:
                    if first:
                        start(part)
                    first = False
                return x

        class Decoder(Base):
            causal = True

        def loop(rows, first=True):
            for row in rows:
                if first:
                    header(row)
                first = False

        loop(Decoder().forward(load()))
        """,
        title="overridden attributes, methods a framework calls, names bound again",
    )
    rule.allows(
        {
            "pyproject.toml": '[project]\nname = "layers"\n',
            "src/layers/__init__.py": "from .core import attention",
            "src/layers/core.py": """
            import torch

            def attention(query, mask=None, *, kernel="flash"):
                scores = query @ query
                if torch.cuda.is_available():
                    scores = scores.cuda()
                return scores

            def pick(name, choose):
                return sorted(name, key=choose)

            def by_size(item, reverse=False):
                if reverse:
                    return -len(item)
                return len(item)

            def order(items):
                return pick(items, by_size)
            """,
        },
        title="callbacks and what only a run can tell",
    )
    rule.allows(
        """
        use_tpu = False  #@param {type: "boolean"}
        if use_tpu:
            connect()
        """,
        file="colab.py",
        title="a field of a form",
    )
    hub = """
    import torch

    def detector(pretrained=False, classes=91):{mark}
        model = torch.nn.Linear(4, classes)
        if pretrained:
            state = torch.hub.load_state_dict_from_url("https://example.org/detector.pth", check_hash=True)
            model.load_state_dict(state)
        return model
    """
    tried = "from {module} import detector\n\nprint(detector(), detector(classes=3))\n"
    rule.allows(
        {"hubconf.py": hub.format(mark=""), "try_it.py": tried.format(module="hubconf")},
        title="what people call through torch.hub",
    )
    rule.flags(
        {"models.py": hub.format(mark="  # expect: DBT001"), "try_it.py": tried.format(module="models")},
        file="models.py",
        title="the same in a module of the project",
    )


def _seeds_of_configurations(rule: Rule) -> None:
    """A key that is recorded, and the seed that the program really has."""
    program = """
    import jax
    import ml_collections
    import wandb

    def get_config():
        config = ml_collections.ConfigDict()
        config.seed = 68{mark}
        config.rate = 0.1
        return config

    def draw(seed, rate):
        return jax.random.normal(jax.random.PRNGKey(seed)) * rate

    config = get_config()
    wandb.init(config=config.to_dict())
    print(draw({given}))
    """
    rule.flags(
        program.format(mark="  # expect: DBT001", given="55, config.rate"), title="a seed that is recorded and not used"
    )
    rule.allows(program.format(mark="", given="config.seed, config.rate"), title="a seed that is recorded and used")
    rule.allows(program.format(mark="", given="**config"), title="a seed that is given with all keys")
