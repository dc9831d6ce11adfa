"""What the command of a stage runs: scripts, modules, and the words that they get."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from reprocheck.project.documents.shell import read_commands
from reprocheck.project.pipelines.dvc_model import Stage

_INTERPRETER = re.compile(r"(?:.*/)?(?:python|pypy)[\d.]*(?:\.exe)?$")
_LAUNCHERS = frozenset({"torchrun", "accelerate", "deepspeed", "papermill", "streamlit", "ipython"})
_RUNNERS = {"poetry": 2, "uv": 2, "pipenv": 2, "pdm": 2, "conda": 2, "pixi": 2, "rye": 2, "hatch": 2}
"""Programs that run another one, with the words that they take in front of it."""
_OTHERS = re.compile(r"(?:.*/)?(?:ba|z|da)?sh$|Rscript$|node$|julia$|(?:.*/)?perl$")
_VALUED = frozenset({"-c", "-W", "-X"})
_SCRIPT = re.compile(r"\.(py|ipynb|sh|bash|R|r|js|jl|pl)$")


class Program(msgspec.Struct, frozen=True):
    """A script or module that a command starts."""

    target: str
    """Path as written, or dotted name of a module."""
    is_module: bool
    words: tuple[str, ...]
    """What it is given."""


def programs(stage: Stage) -> Iterator[Program]:
    """Programs that a stage's command starts, in order."""
    lines = stage.command if isinstance(stage.command, tuple) else (stage.command,)
    for line in lines:
        for command in read_commands(line):
            found = _program(command.argv)
            if found is not None:
                yield found


def _program(words: tuple[str, ...]) -> Program | None:
    while words and words[0] in _RUNNERS and words[1:2] == ("run",):
        words = words[_RUNNERS[words[0]] :]
        while words and words[0].startswith("-"):
            words = words[1:]
    if not words:
        return None
    if _INTERPRETER.match(words[0]) or words[0] in _LAUNCHERS:
        return _behind(words[1:])
    if _OTHERS.match(words[0]) or _SCRIPT.search(words[0]):
        words = words if _SCRIPT.search(words[0]) else words[1:]
        return Program(words[0], False, words[1:]) if words and _SCRIPT.search(words[0]) else None
    return None


def _behind(words: tuple[str, ...]) -> Program | None:
    position = 0
    while position < len(words):
        word = words[position]
        if word == "-m" and position + 1 < len(words):
            return Program(words[position + 1], True, words[position + 2 :])
        if _SCRIPT.search(word):
            return Program(word, False, words[position + 1 :])
        if word == "-c":
            return None
        position += 2 if word in _VALUED else 1
    return None
