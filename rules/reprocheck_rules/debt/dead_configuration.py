"""A configuration file or key that nothing reads: changing it changes nothing.

## Why
A setting that no code reads looks like a fact about the run. People tune it, report it, and compare runs by it, while
the value that counts is somewhere else: in a default, or under another key.

## Fix
Delete the key or file, or read it. Where the code has its own constant for the same thing, read the setting instead.

## Notes
Silent on files of other tools (CI, compose, Kubernetes, dvc, pre-commit, manifests, locks, model and tokenizer
configurations), on mappings that are handed on as a whole (`**config["model"]`, `_target_`), and on files that a user
may name on the command line. A key counts as read when its name occurs anywhere in the code as an attribute, string,
keyword or option; a key is reported only where keys beside it are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Match, Project, Rule
from reprocheck.rulekit.facts import Call, DocumentFacts, External, FileFacts, Setting, Value, ValueKind
from reprocheck_rules.debt.changes import TESTS, Changes, last_part

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
_OTHER_FORMATS = frozenset(
    {
        "apiVersion",
        "services",
        "jobs",
        "stages",
        "pipeline",
        "pipelines",
        "channels",
        "model_type",
        "architectures",
        "transformers_version",
        "zero_optimization",
        "openapi",
        "swagger",
        "$schema",
        "repos",
        "build-system",
        "devDependencies",
        "cells",
        "extends",
        "distributed_type",
        "sweep",
        "steps",
        "enable_cache",
        "formatters",
        "handlers",
        "version_info",
    }
)
"""Top-level keys of formats that other programs read."""
_LOADERS = re.compile(
    r"(^|\.)(yaml|json|toml|tomllib|tomli|OmegaConf|omegaconf|ruamel\.yaml|anyconfig|confuse|munch|box|addict|yacs)\."
)
_GIVEN = re.compile(r"(config|conf|cfg|settings|hparams|params|yaml|options?_file)", re.IGNORECASE)
_CONFIGURATION = re.compile(r"^_?(cfg|config|conf|params?|settings|hparams?|options?|opt|args?|c|data|d)$", re.IGNORECASE)
_GIVEN_NAMES = re.compile(r"^_?(cfg|config|conf|settings|hparams|params|configuration)$", re.IGNORECASE)
_HANDS_ON = frozenset({"items", "values", "keys", "update", "to_container", "instantiate", "merge", "asdict"})
_SIBLINGS = 2
"""Keys of the same mapping that must be read before one that isn't tells anything."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Files that nothing names, then keys of files that are read."""
    changes = Changes(project)
    documents = [
        document
        for path, document in sorted(project.index.documents.items())
        if document.settings and _PLACE.search(path) and not _OTHER_TOOLS.search(path) and not _is_foreign(document)
    ]
    if not documents or not project.index.files:
        return
    readers = [facts for path, facts in project.index.files.items() if not TESTS.search(path)]
    if not any(_loads(facts) for facts in readers):
        return
    words = _Words(changes)
    for document in documents:
        if words.takes_any_file or words.names_file(document.path):
            yield from _keys(project, document, words)
        else:
            message = f"nothing in the repository names `{document.path}`: its settings reach no code"
            yield project.match(document.path, document.settings[0].span, message)


def _is_foreign(document: DocumentFacts) -> bool:
    tops = {setting.key.partition(".")[0] for setting in document.settings}
    keys = {part for setting in document.settings for part in setting.key.split(".")}
    return bool(tops & _OTHER_FORMATS) or "_target_" in keys or any(key.isdigit() for key in tops) or "defaults" in tops


def _loads(facts: FileFacts) -> bool:
    return any(_LOADERS.search(target + ".") for target in facts.imports.values())


class _Words:
    """What the code of a project spells, and what it hands on whole."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self.read: set[str] = set()
        self.strings: set[str] = set()
        self.whole: set[str] = set()
        """Last keys of mappings that code takes as they are."""
        self.all_whole = False
        """Whether some code takes whatever a configuration has."""
        index = changes.index
        for facts in index.files.values():
            self.read.update(facts.attributes)
            self.strings.update(facts.strings)
            for function in facts.functions:
                self.read.update(parameter.name for parameter in function.parameters)
                for event in function.events:
                    if isinstance(event, Call):
                        self._call(facts, event)
            for owner in facts.classes:
                self.read.update(field.name for field in owner.fields)
        self.read.update(word for text in self.strings for word in re.findall(r"\w+", text))
        self.read.update(index.options.by_name)
        for document in index.documents.values():
            for setting in document.settings:
                if isinstance(setting.value, str) and ("${" in setting.value or "{{" in setting.value):
                    self.read.update(re.findall(r"\w+", setting.value))
            for command in document.commands:
                self.read.update(word for text in command.words for word in re.findall(r"\w+", text))
        spelled = list(self.strings) + [word for d in index.documents.values() for c in d.commands for word in c.words]
        spelled += [s.value for d in index.documents.values() for s in d.settings if isinstance(s.value, str)]
        self._spelled = spelled
        self.takes_any_file = any(_GIVEN.search(name) for name in index.options.by_name) or bool(
            {"argv", "hydra", "glob", "iglob", "listdir", "rglob", "fire", "scandir"} & self._all_names()
        )

    def _all_names(self) -> set[str]:
        found: set[str] = set()
        for facts in self._changes.index.files.values():
            found.update(facts.attributes)
            found.update(target.partition(".")[0] for target in facts.imports.values())
        return found

    def _call(self, facts: FileFacts, call: Call) -> None:
        self.read.update(argument.name for argument in call.arguments)
        last = last_part(call.callee)
        if last in _HANDS_ON:
            receiver = call.callee.rpartition(".")[0]
            if _LOADERS.search(receiver) and "()" in receiver:
                self._take(receiver.rpartition("()")[2].strip("."))
            elif last in {"to_container", "instantiate"}:
                self.all_whole = True
            elif receiver.startswith("?.") and last != "update":
                self._take("" if _GIVEN_NAMES.match(receiver[2:]) else receiver[2:])
        external: bool | None = None
        for argument in call.arguments:
            value = argument.value
            if argument.name == "**" and value is None:
                self.all_whole = True
            path = _configuration_path(value)
            if path is None:
                continue
            if argument.name == "**":
                self._take(path)
                continue
            if external is None:
                external = isinstance(self._changes.symbols.resolve(facts.path, call.callee), External) or call.callee[0] == "?"
            if external and last not in {"print", "info", "debug", "get"}:
                self._take(path)

    def _take(self, path: str) -> None:
        last = path.rpartition(".")[2]
        if last in {"", "[]"}:
            self.all_whole = True
        else:
            self.whole.add(last)

    def names_file(self, path: str) -> bool:
        """Whether a string, command or setting spells a file's name."""
        name = path.rpartition("/")[2]
        stem = name.rpartition(".")[0]
        return any(name in text or text == stem or text.endswith("/" + stem) for text in self._spelled)

    def reads(self, key: str) -> bool:
        """Whether a key's name occurs in the code."""
        return key in self.read or key.replace("-", "_") in self.read or key in self.strings


def _configuration_path(value: Value | None) -> str | None:
    """Path behind a configuration that a value reads; None when it isn't one."""
    if value is None:
        return None
    if value.kind is ValueKind.PARAMETER and _CONFIGURATION.match(str(value.value)):
        return value.path
    if value.kind is ValueKind.SELF:
        parts = value.path.strip(".").split(".")
        return ".".join(parts[1:]) if _CONFIGURATION.match(parts[0]) else None
    if value.kind is ValueKind.NAME:
        name = str(value.value)
        if _LOADERS.search(name) and "()" in name:
            return name.rpartition("()")[2].strip(".")
        head, _, rest = name.lstrip(".").partition(".")
        return rest if _CONFIGURATION.match(head) else None
    return None


def _keys(project: Project, document: DocumentFacts, words: _Words) -> Iterator[Match]:
    if words.all_whole:
        return
    groups: dict[str, list[Setting]] = {}
    for setting in document.settings:
        parent, _, key = setting.key.rpartition(".")
        if not key.isdigit():
            groups.setdefault(parent, []).append(setting)
    for parent, settings in groups.items():
        parts = parent.split(".") if parent else []
        if any(part in words.whole or part.isdigit() for part in parts):
            continue
        read = [setting for setting in settings if words.reads(last_part(setting.key))]
        unread = [setting for setting in settings if not words.reads(last_part(setting.key))]
        if len(read) < _SIBLINGS or len(read) < len(unread):
            continue
        for setting in unread:
            key = last_part(setting.key)
            message = f"`{setting.key}` is read nowhere, while {len(read)} keys beside it are: changing it changes nothing"
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
