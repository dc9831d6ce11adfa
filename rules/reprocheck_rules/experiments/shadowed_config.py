"""A setting that does not reach the run: overwritten after it is read, or misspelled where it is used.

## Why
The command line or the configuration file says one thing and the run does another. What is logged as the experiment's
configuration is then wrong, and the run cannot be had again from it.

## Fix
Make the value a default of the option or the configuration file, and let what the user gives win. Spell the key as the
configuration does.

## Notes
Keys that nothing reads at all are DBT007's, options that nothing reads DBT001's. Silent where a condition decides
whether the value is overwritten, where the new value is computed from the old one, and in notebooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Project, Rule, Span, is_test_path
from reprocheck.rulekit.facts import Assignment, Call, FileFacts, Function, FunctionRef, TestKind, Value, ValueKind
from reprocheck_rules.experiments.config_names import (
    FILES,
    OPTIONS,
    Read,
    declaration,
    declared_in,
    leaves,
    meant,
    reads_of,
    settings,
)

rule = Rule("EXP006", "shadowed-config", __doc__)

_SHORTEST = 5
"""Letters of a name that can be told from a similar one."""


class _Overwritten(NamedTuple):
    """A setting that gets another value after it was read."""

    span: Span
    name: str
    home: str
    """File whose options it is one of."""
    source: str
    """`options` or `file`."""
    shown: str
    """The new value."""


class _Said(NamedTuple):
    """What one file says of settings."""

    path: str
    names: tuple[str, ...]
    """Those that it declares, sets or defines, as far as they can be told from similar ones."""
    overwritten: tuple[_Overwritten, ...]
    reads: tuple[Read, ...]
    """Settings that it reads and doesn't declare itself, each once in a line."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Values overwritten after reading, then names that only resemble a declared one."""
    every = list(project.of_files(_said))
    known = {name for said in every for name in said.names}
    for said in every:
        for overwritten in said.overwritten:
            yield from _ignored(project, said.path, overwritten)
        for read in said.reads:
            if read.name not in known and read.name not in settings(project):
                yield from _misspelled(project, said.path, read)


def _said(project: Project, path: str) -> Iterator[_Said]:
    names = {name for name in declared_in(project, path) if _can_be_told(name)}
    if is_test_path(path) or path.endswith(".ipynb"):
        yield _Said(path, tuple(sorted(names)), (), ())
        return
    facts = project.index.files[path]
    overwritten = (each for assignment in facts.assignments for each in _overwritten(project, facts, assignment))
    reads: dict[tuple[int, str], Read] = {}
    for read in reads_of(facts):
        if _can_be_told(read.name) and read.name not in names:
            reads.setdefault((read.span.line, read.name), read)
    yield _Said(path, tuple(sorted(names)), tuple(overwritten), tuple(reads.values()))


def _can_be_told(name: str) -> bool:
    return len(name) >= _SHORTEST and name.isidentifier()


# Overwritten


def _overwritten(project: Project, facts: FileFacts, assignment: Assignment) -> Iterator[_Overwritten]:
    owner, _, name = assignment.target.rpartition(".")
    function = facts.functions[assignment.function]
    value = assignment.value
    if value is None or not _always_runs(function, assignment) or _set_again(facts, assignment):
        return
    found = _source(project, facts.path, owner)
    if found is None or _used_before(function, assignment) or _writes_back(function):
        return
    source, home = found
    if value.kind is ValueKind.CONSTANT:
        yield _Overwritten(assignment.span, name, home, source, repr(value.value))
    elif source == "options" and value.kind is ValueKind.NAME and FILES.search(str(value.value)):
        yield _Overwritten(assignment.span, name, home, source, "the value of a configuration file")


def _ignored(project: Project, path: str, found: _Overwritten) -> Iterator[Match]:
    declared = declaration(project, found.name, found.home, found.source)
    if declared is None:
        return
    where, span = declared
    message = f"`{found.name}` is set to {found.shown} after it was read, so what a user gives for it is ignored"
    if found.source == "file":
        message = (
            f"`{found.name}` is set to {found.shown} after loading, so what the configuration file says is ignored"
        )
    trail = [project.note(where, span, "declared here"), project.note(path, found.span, "overwritten here")]
    yield project.match(path, found.span, message, trail=trail)


def _source(project: Project, path: str, owner: str) -> tuple[str, str] | None:
    """Where the object comes from that a name is set on, `options` or `file`, and the module that makes it."""
    if OPTIONS.search(owner):
        return None if _parses_fixed_words(project, path) else ("options", path)
    if FILES.search(owner):
        return "file", path
    if owner.endswith("()"):
        symbol = project.index.symbols.resolve(path, owner[:-2])
        if isinstance(symbol, FunctionRef) and any(
            isinstance(event, Call) and event.callee.endswith("ArgumentParser().parse_args") and not event.arguments
            for event in symbol.function.events
        ):
            return "options", symbol.path
    return None


def _parses_fixed_words(project: Project, path: str) -> bool:
    """Whether the module gives its parser the words itself, so that no user does."""
    for function in project.index.files[path].functions:
        for event in function.events:
            if (
                isinstance(event, Call)
                and event.callee.endswith((".parse_args", ".parse_known_args"))
                and any(argument.value is None or argument.value.value is not None for argument in event.arguments)
            ):
                return True
    return False


def _always_runs(function: Function, assignment: Assignment) -> bool:
    position, side = assignment.guard, assignment.side
    while position >= 0:
        guard = function.guards[position]
        if not side or guard.test is None or guard.test.kind is not TestKind.MAIN:
            return False
        position, side = guard.parent, guard.parent_side
    return True


def _set_again(facts: FileFacts, assignment: Assignment) -> bool:
    """Whether the same function sets the name once more: what the user gave may be put back."""
    return any(
        other.target == assignment.target
        and other.function == assignment.function
        and other.span.line > assignment.span.line
        and (other.value is None or other.value.kind is not ValueKind.CONSTANT)
        for other in facts.assignments
    )


def _used_before(function: Function, assignment: Assignment) -> bool:
    """Whether the user's value already had its use."""
    line = assignment.span.line
    given = (
        argument.value
        for event in function.events
        if isinstance(event, Call) and event.span.line < line
        for argument in event.arguments
    )
    if any(value is not None and _reads(value, assignment.target) for value in given):
        return True
    return any(
        guard.span.line < line and any(_reads(leaf, assignment.target) for leaf in leaves(guard.test))
        for guard in function.guards
    )


def _reads(value: Value, target: str) -> bool:
    return value.kind is ValueKind.NAME and value.value == target


def _writes_back(function: Function) -> bool:
    """Whether the function edits a file: loads it, changes it, writes it."""
    return any(
        isinstance(event, Call)
        and event.callee.endswith((".dump", ".safe_dump", ".save", ".dumps"))
        and event.callee.startswith(("yaml", "json", "toml", "omegaconf", "tomli_w"))
        for event in function.events
    )


# Misspelled


def _misspelled(project: Project, path: str, read: Read) -> Iterator[Match]:
    found = meant(project, read.name, path, read.source)
    if found is None:
        return
    close, where, span = found
    yield project.match(
        path,
        read.span,
        f"`{read.name}` is declared nowhere: `{close}` is, and it is what this looks like",
        confidence=Confidence.HIGH if read.source != "unsure" else Confidence.MEDIUM,
        trail=[project.note(where, span, f"`{close}` is declared here")],
    )


rule.flags(
    """
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    args.lr = 0.01  # expect: EXP006
    train(args.lr, args.epochs)
    """,
    file="train.py",
    title="an option overwritten after parsing",
)
rule.flags(
    {
        "options.py": """
        import argparse

        def get_options():
            parser = argparse.ArgumentParser()
            parser.add_argument("--batch-size", type=int, default=8)
            parser.add_argument("--workers", type=int, default=2)
            return parser.parse_args()
        """,
        "train.py": """
        from options import get_options

        def main():
            opt = get_options()
            opt.batch_size = 64  # expect: EXP006
            train(opt.batch_size, opt.workers)

        if __name__ == "__main__":
            main()
        """,
    },
    title="parsed in another module",
)
rule.flags(
    {
        "config.yaml": "lr: 0.1\nepochs: 3\nmodel:\n  width: 8\n",
        "train.py": """
        import yaml
        from omegaconf import OmegaConf

        config = yaml.safe_load(open("config.yaml"))
        config["epochs"] = 100  # expect: EXP006
        cfg = OmegaConf.load("config.yaml")
        cfg.model.width = 16  # expect: EXP006
        train(config["lr"], config["epochs"], cfg.model.width)
        """,
    },
    title="keys overwritten after loading",
)
rule.flags(
    {
        "conf/train.yaml": "learning_rate: 0.1\nepochs: 3\n",
        "train.py": """
        import hydra
        from loop import train
        from omegaconf import DictConfig

        @hydra.main(config_path="conf", config_name="train")
        def main(cfg: DictConfig):
            cfg.epochs = 5  # expect: EXP006
            train(cfg.lerning_rate, cfg.epochs)  # expect: EXP006

        main()
        """,
    },
    title="a Hydra configuration",
)
rule.flags(
    {
        "config.yaml": "learning_rate: 0.1\nbatch_size: 3\n",
        "train.py": """
        import yaml

        config = yaml.safe_load(open("config.yaml"))
        rate = config.get("learing_rate", 0.001)  # expect: EXP006
        train(rate, config["batch_size"])
        """,
    },
    title="a misspelled key that falls back to its default",
)
rule.flags(
    """
    import argparse

    from loop import train

    parser = argparse.ArgumentParser()
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    args = parser.parse_args()
    train(args.momentum, args.wieght_decay)  # expect: EXP006
    """,
    title="a misspelled option",
)
rule.allows(
    """
    import argparse

    import torch
    from loop import run

    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--device", default=None)
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    args.cuda = torch.cuda.is_available()
    args.lr = args.lr * 8
    if args.device is None:
        args.device = "cpu"
    run(args.epochs)
    args.epochs = 1
    run(args.epochs, args.lr, args.device, args.cuda)
    """,
    title="derived, filled in, or used before",
)
rule.allows(
    {
        "config.yaml": "lr: 0.1\nmax_steps: 3\nversion: 1\nlayer1: 2\n",
        "bump.py": """
        import yaml

        config = yaml.safe_load(open("config.yaml"))
        config["version"] = 2
        yaml.safe_dump(config, open("config.yaml", "w"))
        """,
        "train.py": """
        import yaml

        config = yaml.safe_load(open("config.yaml"))
        config["run_name"] = "first"
        config["min_steps"] = 1
        train(config["lr"], config["max_steps"], config["min_steps"], config["layer1"])
        """,
    },
    title="a file edited on purpose, keys of one's own",
)
rule.allows(
    {
        "conf/train.yaml": "optimizer: adam\nhidden: 8\n",
        "model.py": """
        def build(config, tokenizer):
            return net(config.hidden_size, config.num_attention_heads, tokenizer.optimize, config.optimizer)
        """,
        "tests/test_train.py": """
        import argparse

        args = argparse.ArgumentParser().parse_args()
        args.lr = 0.5
        """,
    },
    title="configurations of others; tests",
)
rule.allows(
    {
        "conf/train.yaml": """
        defaults:
          - /mapping_recipe: plain
          - /model/backbone: small
          - override /data/reader@data_reader: json
          - _self_
        epochs: 3
        """,
        "conf/mapping_recipe/plain.yaml": "kind: plain\n",
        "train.py": """
        import hydra
        from loop import train

        @hydra.main(config_path="conf", config_name="train")
        def main(cfg):
            mapping = cfg.get("mapping_recipe")
            train(mapping, cfg.get("data_reader"), cfg.model.backbone, cfg.epochs)

        main()
        """,
    },
    title="groups that Hydra's defaults choose",
)
rule.allows(
    """
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3)
    args = parser.parse_args(["--steps", "4"])
    args.steps = 7
    train(args.steps)
    """,
    title="words that the program gives itself",
)
rule.allows(
    """
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument("--token", default="")
    args = parser.parse_args()
    saved = args.token
    args.token = "********"
    print(args)
    args.token = saved
    train(args.token)
    """,
    file="train.py",
    title="hidden while the options are printed, then put back",
)
rule.allows(
    {
        "tests/data/records.json": '[{"instruction": "say it", "context": "none", "used": true}]',
        "assets/tokenizer.json": '{"model": {"type": "BPE", "used": 1}}',
        "tokens.py": """
        import json

        def read(path, params):
            config = json.load(open(path))
            start = config.get("content")
            return start, params.get("fused")
        """,
    },
    title="names that only records of data or a tokenizer resemble",
)
