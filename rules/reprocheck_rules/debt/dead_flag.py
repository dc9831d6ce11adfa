"""A switch that nothing in the repository can turn: one side of every condition on it never runs.

## Why
Flags outlive their experiment. The side that is switched off is read, refactored and reviewed as if it ran, but no run
has shown that it still works; and whoever finds the better figures of an old note cannot tell which switches made them.
An option that is parsed and never read is worse: a user who gives it believes that it changed something.

## Fix
Remove the flag and the side that never runs (version control keeps it), or make it an option that is recorded with the
run. Remove an unread option, or read it.

## Notes
Live are options of a command line (`argparse`, `click`, `typer`, `fire`, `absl`, `tyro`, dataclass parsers), values of
configurations read at run time, fields of a notebook's form (`#@param`), names that any module, test or `setattr`
assigns, names set by `exec` or `globals()`, and probes such as `TYPE_CHECKING` or `HAS_APEX`. What users of an
installed library may set, environment variables that nothing in the repository sets, keys equal in every
configuration, and flags that are always on without an `else` are of low confidence.
"""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Note, Project, Rule
from reprocheck_rules.debt.changes import Changes
from reprocheck_rules.debt.dead_sides import DeadSide, dead_sides
from reprocheck_rules.debt.fixed_values import FixedValues, Origin
from reprocheck_rules.debt.outside_flags import outside_flags
from reprocheck_rules.debt.unread_options import unread_options

rule = Rule("DBT001", "dead-flag", __doc__)

_SHOWN_CALLS = 6
_SHOWN_SIDES = 3
_SWITCH_LINES = 3
"""Dead lines from which a default such as None counts as a switch, not as a convenience."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Fixed values that decide conditions, options that nobody reads, switches outside of the code."""
    changes = Changes(project)
    by_flag: dict[Origin, list[DeadSide]] = {}
    for side in dead_sides(FixedValues(changes)):
        by_flag.setdefault(side.outcome.origins[0], []).append(side)
    for origin, sides in by_flag.items():
        yield project.match(
            origin.path,
            origin.span,
            _message(origin, sides),
            confidence=_confidence(changes, origin, sides),
            trail=_trail(project, origin, sides),
        )
    for option in unread_options(changes):
        message = f"`{option.shown}` is declared, but nothing reads `{option.name}`: giving it changes nothing"
        yield project.match(option.path, option.span, message, confidence=option.confidence)
    for flag in outside_flags(changes):
        trail = [project.note(path, span, text) for path, span, text in flag.notes]
        yield project.match(flag.path, flag.span, flag.message, confidence=Confidence.LOW, trail=trail)


def _message(origin: Origin, sides: list[DeadSide]) -> str:
    match origin.kind:
        case "parameter" | "field":
            count = len(origin.callers)
            reason = "its only call has it so" if count == 1 else f"all {count} calls have it so"
        case _:
            reason = "nothing in the repository changes it"
    head = f"`{origin.name}` is always `{origin.value!r}` ({reason})"
    if origin.kind == "parameter":
        head = f"`{origin.name}` is always `{origin.value!r}`: {reason}"
    dead = [side for side in sides if side.first]
    lines = sum(side.lines for side in dead)
    if not dead:
        return f"{head}, so the condition on it decides nothing"
    places = ", ".join(_place(origin, side) for side in dead[:_SHOWN_SIDES])
    more = f" and {len(dead) - _SHOWN_SIDES} more" if len(dead) > _SHOWN_SIDES else ""
    if not lines:
        return f"{head}, so one side of {'a conditional expression' if len(dead) == 1 else f'{len(dead)} expressions'} is never taken ({places}{more})"
    return f"{head}, so {lines} line{'s' if lines > 1 else ''} never run{'s' if lines == 1 else ''} ({places}{more})"


def _place(origin: Origin, side: DeadSide) -> str:
    lines = str(side.first) if side.first == side.last else f"{side.first}-{side.last}"
    if side.path == origin.path:
        return f"line{'s' if side.first != side.last else ''} {lines}"
    return f"{side.path}:{lines}"


def _confidence(changes: Changes, origin: Origin, sides: list[DeadSide]) -> Confidence:
    dead = [side for side in sides if side.first]
    switch = [side for side in dead if not side.outcome.ordering]
    if origin.public or origin.path.endswith(".ipynb") or not switch:
        return Confidence.LOW
    if origin.kind in {"attribute", "field"} and changes.sets_by_computed_name:
        return Confidence.LOW
    if not isinstance(origin.value, bool) and sum(side.lines for side in switch) < _SWITCH_LINES:
        return Confidence.LOW
    return Confidence.HIGH if origin.kind == "constant" and isinstance(origin.value, bool) else Confidence.MEDIUM


def _trail(project: Project, origin: Origin, sides: list[DeadSide]) -> list[Note]:
    trail = [project.note(origin.path, origin.span, f"`{origin.value!r}` here, and nowhere anything else")]
    trail.extend(project.note(path, span, "called without another value") for path, span in origin.callers[:_SHOWN_CALLS])
    for side in sides:
        trail.append(project.note(side.path, side.test, f"always {str(side.outcome.value).lower()}"))
        if side.first:
            trail.append(project.note(side.path, side.span, f"never runs ({side.lines or 1} line{'s' if side.lines > 1 else ''})"))
    return trail


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
