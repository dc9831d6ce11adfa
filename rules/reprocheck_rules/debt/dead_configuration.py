"""A configuration file or key that nothing reads: changing it changes nothing.

## Why
A setting that no code reads looks like a fact about the run. People tune it, report it, and compare runs by it, while
the value that counts is somewhere else: in a default, or under another key.

## Fix
Delete the key or file, or read it. Where the code has its own constant for the same thing, read the setting instead.

## Notes
Silent on files of other tools (CI, compose, Kubernetes, dvc, pre-commit, manifests, locks, model and tokenizer
configurations), on mappings that are handed on as a whole (`**config["model"]`, `_target_`), and on files that a user
may name on the command line, which any is where code opens files of its kind by names that it is given. A key counts as
read when its name occurs anywhere in the code as an attribute, string, keyword or option; a key is reported only where
keys beside it are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Match, Project, Rule
from reprocheck.rulekit.facts import DocumentFacts, Setting
from reprocheck_rules.debt.changes import Changes, last_part
from reprocheck_rules.debt.configuration_readers import may_open
from reprocheck_rules.debt.configuration_words import Words, whole

rule = Rule("DBT007", "dead-configuration", __doc__, confidence="medium")

_PLACE = re.compile(
    r"(^|/)(confs?|configs?|configurations?|cfgs?|settings|hparams|hyper_?parameters|options)/|"
    r"(^|/)[\w.-]*(config|conf|settings|params|hparams|hyper_?parameters|options|defaults)[\w.-]*\.(ya?ml|toml|json)$",
    re.IGNORECASE,
)
"""Where configuration of the project's own lies."""
_OTHER_TOOLS = re.compile(
    r"(^|/)(\.[^/]+|docs?|node_modules|third_party|vendor|tests?|k8s|helm|charts|deploy\w*|infra\w*|terraform|docker|"
    r"sweeps?|checkpoints?|models?_?hub|pretrained)/|"
    r"(^|/)(\.[^/]+|pyproject\.toml|package(-lock)?\.json|tsconfig[\w.]*\.json|dvc\.yaml|params\.yaml|mkdocs\.yml|"
    r"(docker-)?compose[\w.-]*\.ya?ml|environment[\w.-]*\.ya?ml|conda[\w.-]*\.ya?ml|tokenizer[\w]*\.json|vocab\.json|"
    r"generation_config\.json|preprocessor_config\.json|adapter_config\.json|special_tokens_map\.json|_config\.ya?ml|"
    r"dataset_infos?\.json|codecov\.ya?ml|cloudbuild\.ya?ml|azure-pipelines[\w.-]*|book\.toml|netlify\.toml|"
    r"readthedocs\.ya?ml|accelerate[\w.-]*|deepspeed[\w.-]*|ds_config[\w.-]*|zero\d[\w.-]*|cookiecutter\.json|"
    r"\w*logging\w*\.(ya?ml|json|toml)|appsettings[\w.]*\.json)$",
    re.IGNORECASE,
)
_FORMAT_KEYS = frozenset(
    {
        "apiVersion",
        "model_type",
        "architectures",
        "transformers_version",
        "openapi",
        "swagger",
        "$schema",
        "extends",
        "distributed_type",
        "enable_cache",
    }
)
"""Top-level keys that say which program reads a file."""
_FORMAT_SECTIONS = frozenset(
    {
        "services",
        "jobs",
        "stages",
        "pipeline",
        "pipelines",
        "channels",
        "zero_optimization",
        "repos",
        "build-system",
        "devDependencies",
        "cells",
        "sweep",
        "steps",
        "formatters",
        "handlers",
    }
)
"""The same, where the key has more below it."""
_SIBLINGS = 2
"""Keys of the same mapping that must be read before one that isn't tells anything."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Files that nothing names, then keys of files that are read."""
    project.once(Changes)
    if not project.index.files or not project.once(Words).load_configuration():
        return
    paths = [path for path in project.index.documents if _PLACE.search(path) and not _OTHER_TOOLS.search(path)]
    yield from project.of_each(_of_document, paths)


def _of_document(project: Project, path: str) -> Iterator[Match]:
    document = project.index.documents[path]
    if not document.settings or _is_foreign(document):
        return
    words = project.once(Words)
    if words.take_any_file() or words.name_file(path) or may_open(project, path):
        yield from _keys(project, document, words)
    else:
        message = f"nothing in the repository names `{path}`: its settings reach no code"
        yield project.match(path, document.settings[0].span, message)


def _is_foreign(document: DocumentFacts) -> bool:
    tops = {setting.key.partition(".")[0] for setting in document.settings}
    sections = {setting.key.partition(".")[0] for setting in document.settings if "." in setting.key}
    if tops & _FORMAT_KEYS or sections & _FORMAT_SECTIONS or "defaults" in tops:
        return True
    keys = {part for setting in document.settings for part in setting.key.split(".")}
    return "_target_" in keys or any(key.isdigit() for key in tops)


def _keys(project: Project, document: DocumentFacts, words: Words) -> Iterator[Match]:
    taken = project.value_of(whole)
    if "" in taken:
        return
    groups: dict[str, list[Setting]] = {}
    for setting in document.settings:
        parent, _, key = setting.key.rpartition(".")
        if not key.isdigit():
            groups.setdefault(parent, []).append(setting)
    for parent, settings in groups.items():
        parts = parent.split(".") if parent else []
        if any(part in taken or part.isdigit() for part in parts):
            continue
        read = [setting for setting in settings if words.reads(last_part(setting.key))]
        unread = [setting for setting in settings if not words.reads(last_part(setting.key))]
        if len(read) < _SIBLINGS or len(read) < len(unread):
            continue
        for setting in unread:
            key = last_part(setting.key)
            message = (
                f"`{setting.key}` is read nowhere, while {len(read)} keys beside it are: changing it changes nothing"
            )
            trail = [project.note(document.path, read[0].span, f"`{last_part(read[0].key)}` is read")]
            if key.isidentifier():
                yield project.match(document.path, setting.span, message, trail=trail)


rule.flags(
    {
        "config.yaml": """
        lr: 0.1
        epochs: 10
        batch_size: 32
        label_smoothing: 0.1  # expect: DBT007
        """,
        "train.py": """
        import yaml

        with open("config.yaml") as file:
            config = yaml.safe_load(file)
        train(config["lr"], config["epochs"], config["batch_size"])
        """,
    },
    title="a key that no code spells",
)
rule.flags(
    {
        "configs/train.yaml": """
        optim:
          lr: 0.1
          momentum: 0.9
          nesterov: true  # expect: DBT007
        data:
          folder: data
          workers: 4
          prefetch: 2  # expect: DBT007
        """,
        "train.py": """
        from omegaconf import OmegaConf

        from data import loader

        cfg = OmegaConf.load("configs/train.yaml")
        train(loader(cfg), cfg.optim.lr, cfg.optim.momentum)
        """,
        "data.py": """
        def loader(cfg):
            return read(cfg.data.folder, cfg.data.workers)
        """,
    },
    title="keys of sections, read in another module",
)
rule.flags(
    {
        "settings.toml": """
        [model]
        width = 64
        depth = 4
        drop_rate = 0.1  # expect: DBT007
        """,
        "model.py": """
        import tomllib

        with open("settings.toml", "rb") as file:
            settings = tomllib.load(file)
        build(settings["model"]["width"], settings["model"]["depth"])
        """,
    },
    title="TOML",
)
rule.flags(
    {
        "configs/base.yaml": "lr: 0.1\nepochs: 3\n",
        "configs/old_experiment.yaml": "lr: 0.3  # expect: DBT007\nepochs: 9\n",
        "train.py": """
        import yaml

        with open("configs/base.yaml") as file:
            config = yaml.safe_load(file)
        train(config["lr"], config["epochs"])
        """,
    },
    title="a file that nothing names",
)
rule.flags(
    {
        "hparams.json": '{"rate": 0.1, "steps": 100, "warmup": 10}',
        "train.py": """
        import json

        with open("hparams.json") as file:
            hparams = json.load(file)
        print(hparams["rate"], hparams["steps"])
        """,
    },
    title="JSON",
)
rule.allows(
    {
        "config.yaml": """
        model:
          width: 64
          depth: 4
          dropout: 0.1
        trainer:
          precision: 16
          accelerator: gpu
        """,
        "train.py": """
        import yaml

        import net
        from lightning import Trainer

        with open("config.yaml") as file:
            config = yaml.safe_load(file)
        Trainer(**config["trainer"]).fit(net.build(**config["model"]))
        """,
    },
    title="sections unpacked into calls",
)
rule.allows(
    {
        "configs/model.yaml": """
        _target_: net.Net
        width: 64
        depth: 3
        """,
        "config.yaml": """
        classes:
          cat: 0
          dog: 1
          bird: 2
        lr: 0.1
        epochs: 3
        """,
        "train.py": """
        import hydra
        import yaml

        @hydra.main(config_path="configs", config_name="model")
        def main(cfg):
            hydra.utils.instantiate(cfg)

        config = yaml.safe_load(open("config.yaml"))
        for name in config["classes"]:
            label(name, config["lr"], config["epochs"])
        """,
    },
    title="instantiated as a whole; a table of labels",
)
rule.allows(
    {
        "docker-compose.yaml": "services:\n  app:\n    image: app:1\n    restart: always\n",
        "config/deployment.yaml": "apiVersion: v1\nkind: Deployment\nmetadata:\n  name: app\n  owner: us\n",
        ".github/workflows/config.yml": "jobs:\n  test:\n    timeout-minutes: 3\n",
        "params.yaml": "lr: 0.1\nepochs: 3\nextra: 1\n",
        "model/config.json": '{"model_type": "bert", "hidden_size": 8, "architectures": ["Bert"]}',
        "train.py": """
        import yaml

        params = yaml.safe_load(open("params.yaml"))
        train(params["lr"], params["epochs"])
        """,
    },
    title="files of other tools",
)
rule.allows(
    {
        "configs/a.yaml": "lr: 0.1\nepochs: 3\n",
        "configs/b.yaml": "lr: 0.2\nepochs: 3\n",
        "train.py": """
        import argparse
        import yaml

        parser = argparse.ArgumentParser()
        parser.add_argument("--config")
        config = yaml.safe_load(open(parser.parse_args().config))
        train(config["lr"], config["epochs"])
        """,
    },
    title="files that a user names",
)
rule.allows(
    {
        "configs/small.yaml": "lr: 0.1\nepochs: 3\n",
        "configs/large.yaml": "lr: 0.2\nepochs: 3\n",
        "train.py": """
        import argparse
        import yaml

        parser = argparse.ArgumentParser()
        parser.add_argument("--fname", default="config.yaml")

        def main(name):
            with open(name) as file:
                train(**yaml.safe_load(file))

        main(parser.parse_args().fname)
        """,
        "evaluate.py": """
        from detectron2.config import get_cfg
        from detectron2.engine import default_argument_parser

        def setup(args):
            cfg = get_cfg()
            cfg.merge_from_file(args.config_file)
            return cfg

        evaluate(setup(default_argument_parser().parse_args()))
        """,
    },
    title="files that a user names through an option of any name",
)
rule.flags(
    {
        "configs/base.yaml": "lr: 0.1\nepochs: 3\n",
        "configs/spare.yaml": "lr: 0.3  # expect: DBT007\nepochs: 9\n",
        "settings.py": """
        import os
        import yaml

        HERE = os.path.dirname(__file__)

        def read(name):
            with open(name) as file:
                return yaml.safe_load(file)

        def save(settings, target):
            with open(target, "w") as file:
                yaml.dump(settings, file)
        """,
        "train.py": """
        import os
        import yaml
        from settings import HERE, read

        first = read("configs/base.yaml")
        second = yaml.safe_load(open(os.path.join(HERE, "configs", "base.yaml")))
        train(first["lr"], second["epochs"])
        """,
    },
    title="each file that is opened is spelled, in a call or a joined path",
)
