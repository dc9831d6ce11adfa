"""The same options are declared again and again, each program with defaults of its own.

## Why
The learning rate of the paper stands in one of many programs. A change has to be made in each of them, is made in
some, and from then on the programs don't train the same thing, although their command lines look alike.

## Fix
Declare options once, in a dataclass or a function that every program uses, or keep them in configuration files (Hydra,
OmegaConf, jsonargparse, ml_collections) and let programs differ by these alone.

## Notes
At least three programs that train and declare four or more of the same options with argparse, click, typer or absl,
and at least one of these with different defaults. Collections of examples that stand alone on purpose are reported
too: copies are what they are.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from reprocheck.rulekit import Confidence, Note, Practice, Project, Rule, not_applicable
from reprocheck.rulekit.facts import DocumentFacts, Option
from reprocheck_rules.practice.observed import at_files, counted, importers, listed, that_train, training_runs

rule = Rule("PRJ015", "config-scattered", __doc__, severity="note", confidence="medium")

_LIBRARIES = (
    "hydra", "omegaconf", "ml_collections", "jsonargparse", "simple_parsing", "gin", "confuse", "dynaconf",
    "pydantic_settings", "yacs", "sacred", "tyro", "configargparse", "transformers.HfArgumentParser", "kedro",
    "lightning.pytorch.cli", "fvcore",
)  # fmt: skip
_TRAINING = re.compile(
    r"(^|[._])(lr|learning_?rate|batch(_?size)?|(n_|num_|max_)?epochs?|seed|hidden\w*|layers|dropout|optimizer|weight_decay|n_timesteps"
    r"|policy|model|train|trainer|gamma|features?)(\.|$)",
    re.IGNORECASE,
)
_PROGRAMS, _OPTIONS = 3, 4
_SHOWN = 3


@rule.on_practice
def check(project: Project) -> Practice:
    """Options that several programs declare, and whether their defaults agree."""
    runs = training_runs(project)
    own = {run.path: options for run in runs if (options := _declared(project, run.path))}
    notes = importers(project, _LIBRARIES, tests=False)
    notes += at_files(project.of_documents(_holding), "holds settings")
    looked_at = f"{that_train(runs)}, {len(own)} with options of their own"
    if not own and not notes:
        return not_applicable("no program that trains takes options")
    times = Counter(name for options in own.values() for name in options)
    shared = {name for name, count in times.items() if count >= _PROGRAMS}
    copies = {path: options for path, options in own.items() if len(shared & options.keys()) >= _OPTIONS}
    apart = sorted(name for name in shared if len({_default(o[name]) for o in copies.values() if name in o}) > 1)
    if len(copies) < _PROGRAMS or not apart:
        return Practice(looked_at=looked_at, found=listed(notes))
    first, *others = (options[name] for options in copies.values() if (name := _first(options, apart)))
    names = ", ".join(f"`{name}`" for name in apart[:_SHOWN]) + (" and others" if len(apart) > _SHOWN else "")
    again = f"{counted(len(shared), 'option')} are declared again in {len(copies)} programs"
    message = f"{again}, with different defaults for {names}"
    trail = listed(
        Note(option.span, f"`{option.name}` again, with a default of its own", option.path) for option in others
    )
    confidence = Confidence.LOW if notes else None
    return Practice(
        looked_at=looked_at,
        found=listed(notes),
        gap=project.match(first.path, first.span, message, trail=trail, confidence=confidence),
    )


def _declared(project: Project, path: str) -> dict[str, Option]:
    """Options that a program declares, by name."""
    return {option.name: option for option in project.index.options.of_file(path)}


def _first(options: Mapping[str, Option], apart: list[str]) -> str:
    return next((name for name in apart if name in options), "")


def _default(option: Option) -> object:
    return None if option.default is None else (option.default.kind, option.default.value, option.default.path)


def _holding(project: Project, path: str) -> Iterator[str]:
    if _is_configuration(path, project.index.documents[path]):
        yield path


def _is_configuration(path: str, document: DocumentFacts) -> bool:
    """Whether a file in a folder for it holds what a training program is told."""
    folders = path.lower().split("/")[:-1]
    named = bool({"config", "configs", "conf", "cfg", "hyperparams", "params"} & set(folders)) or path.endswith(
        "params.yaml"
    )
    return named and any(_TRAINING.search(setting.key) for setting in document.settings)


def _program(rate: str, *more: str) -> str:
    lines = [f'parser.add_argument("--lr", type=float, default={rate})']
    lines += [f'parser.add_argument("--{name}", type=int, default=1)' for name in ("epochs", "batch", "width", *more)]
    return (
        "import argparse\nimport torch\n\nparser = argparse.ArgumentParser()\n"
        + "\n".join(lines)
        + "\nargs = parser.parse_args()\nmodel = torch.nn.Linear(args.width, 1)\n"
        + "model(torch.ones(2, 1)).sum().backward()\n"
    )


rule.flags({"a.py": _program("0.1"), "b.py": _program("0.2"), "c.py": _program("0.3")})
rule.flags(
    {"a/a.py": _program("0.1"), "b/b.py": _program("0.1"), "c/c.py": _program("0.3")}, title="One of them differs"
)
rule.flags({f"{n}.py": _program(f"0.{n}", "seed") for n in range(1, 6)})
rule.flags({"a.py": _program("0.1"), "b.py": _program("0.2"), "c.py": _program("0.3"), "d.py": "print(1)\n"})
rule.flags(
    {"a.py": _program("1e-3"), "b.py": _program("3e-4"), "c.py": _program("1e-4"), "configs/a.yaml": "lr: 0.1\n"}
)
rule.flags({"gan/a.py": _program("0.1"), "vae/b.py": _program("0.2"), "flow/c.py": _program("0.3")})
rule.allows({"a.py": _program("0.1"), "b.py": _program("0.2")}, title="Two programs")
rule.allows({"a.py": _program("0.1"), "b.py": _program("0.1"), "c.py": _program("0.1")}, title="The same defaults")
rule.allows({"a.py": _program("0.1")})
rule.allows(
    {f"{n}.py": f"import torch\n\ntorch.nn.Linear(3, {n})(torch.ones(2, 3)).sum().backward()\n" for n in range(1, 5)}
)
rule.allows({"a.py": "import hydra\n" + _program("0.1"), "configs/train.yaml": "lr: 0.1\n"})
rule.allows(
    {
        f"{n}.py": "import argparse\nimport torch\n\nparser = argparse.ArgumentParser()\n"
        f'parser.add_argument("--lr", default=0.{n})\n'
        "torch.nn.Linear(3, 1)(torch.ones(2, 3)).sum().backward()\n"
        for n in range(1, 5)
    },
    title="One option in common",
)
