"""Values that `${...}` in a `dvc.yaml` stand for: parameter files, `vars`, and the items of `foreach` and `matrix`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import islice, product

from reprocheck.project.pipelines.values import Value

STAGES_LIMIT = 10_000
"""Stages that one `foreach` or `matrix` makes at most."""
_TEMPLATE = re.compile(r"(?<!\\)\$\{(.*?)\}")
_PART = re.compile(r"[^.\[\]]+")


class TemplateError(Exception):
    """A template that can't be resolved; the message says why."""


class Context:
    """Named values in force."""

    def __init__(
        self, values: Mapping[str, Value], *, bool_option: str = "store_true", list_option: str = "nargs"
    ) -> None:
        """`bool_option` and `list_option` say how a mapping becomes options of a command (`.dvc/config`, `parsing`)."""
        self._values = dict(values)
        self._bool_option = bool_option
        self._list_option = list_option

    def with_values(self, more: Mapping[str, Value]) -> Context:
        """The same with values that take precedence."""
        return Context({**self._values, **more}, bool_option=self._bool_option, list_option=self._list_option)

    def merged(self, more: Mapping[str, Value], source: str) -> Context:
        """The same with values of another file or `vars`; raises TemplateError where both give one."""
        return self.with_values(_merge(self._values, more, source))

    def select(self, expression: str) -> Value:
        """The value that an expression such as `train.layers[0]` names."""
        value: Value = self._values
        for part in expression.replace("[", ".").replace("]", "").split("."):
            key = part.strip()
            match value:
                case dict() if key in value:
                    value = value[key]
                case list() if key.isdigit() and int(key) < len(value):
                    value = value[int(key)]
                case _:
                    raise TemplateError(f"`${{{expression}}}` is not known")
        return value

    def resolve(self, value: Value, *, in_command: bool = False) -> Value:
        """A value with all templates in it replaced."""
        match value:
            case str():
                return self._text(value, in_command=in_command)
            case list():
                return [self.resolve(item, in_command=in_command) for item in value]
            case dict():
                return {self._key(key): self.resolve(inner, in_command=in_command) for key, inner in value.items()}
            case _:
                return value

    def _key(self, key: str) -> str:
        return shown(self._text(key, in_command=False))

    def _text(self, text: str, *, in_command: bool) -> Value:
        match = _TEMPLATE.fullmatch(text)
        if match is not None and "}" not in match[1]:
            value = self.select(match[1])
            return self._options(value) if in_command and isinstance(value, dict) else value
        filled = _TEMPLATE.sub(lambda found: self._written(found[1], in_command=in_command), text)
        return filled.replace("\\${", "${")

    def _written(self, expression: str, *, in_command: bool) -> str:
        value = self.select(expression)
        if isinstance(value, dict) and in_command:
            return self._options(value)
        if isinstance(value, dict | list):
            raise TemplateError(f"`${{{expression}}}` is a {'mapping' if isinstance(value, dict) else 'list'}")
        return shown(value)

    def _options(self, values: Mapping[str, Value]) -> str:
        return " ".join(option for name, value in _flat(values) for option in self._option(name, value))

    def _option(self, name: str, value: Value) -> Iterator[str]:
        match value:
            case True:
                yield f"--{name}"
            case False:
                if self._bool_option == "boolean_optional":
                    yield f"--no-{name}"
            case str():
                yield f"--{name} {shlex.quote(value)}"
            case list():
                words = [shlex.quote(item) if isinstance(item, str) else str(item) for item in value]
                if self._list_option == "append":
                    yield from (f"--{name} {word}" for word in words)
                elif words:
                    yield f"--{name} {' '.join(words)}"
            case _:
                yield f"--{name} {value}"


def shown(value: Value) -> str:
    """A value as it stands in a text."""
    return "true" if value is True else "false" if value is False else str(value)


def _flat(values: Mapping[str, Value], prefix: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif not isinstance(value, dict):
            yield f"{prefix}{key}", value


def _merge(into: Mapping[str, Value], more: Mapping[str, Value], source: str) -> dict[str, Value]:
    merged = dict(into)
    for key, value in more.items():
        present = merged.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merged[key] = _merge(present, value, source)
        elif key in merged:
            raise TemplateError(f"`{key}` of {source} is given elsewhere too")
        else:
            merged[key] = value
    return merged


def foreach_items(items: Value) -> Iterator[tuple[str, dict[str, Value]]]:
    """Names and values of the stages that `foreach` makes."""
    match items:
        case dict():
            pairs = [(key, {"item": value, "key": key}) for key, value in items.items()]
        case list() if any(isinstance(item, dict | list) for item in items):
            pairs = [(str(index), {"item": value}) for index, value in enumerate(items)]
        case list():
            pairs = [(shown(value), {"item": value}) for value in items]
        case _:
            raise TemplateError("`foreach` needs a list or a mapping")
    yield from islice(dict(pairs).items(), STAGES_LIMIT)


def matrix_items(axes: Value) -> Iterator[tuple[str, dict[str, Value]]]:
    """Names and values of the stages that `matrix` makes."""
    if not isinstance(axes, dict) or not all(isinstance(values, list) for values in axes.values()):
        raise TemplateError("`matrix` needs lists")
    lists = [list(enumerate(values)) for values in axes.values() if isinstance(values, list)]
    for combination in islice(product(*lists), STAGES_LIMIT):
        item = {axis: value for axis, (_, value) in zip(axes, combination, strict=True)}
        name = "-".join(
            f"{axis}{index}" if isinstance(value, dict | list) else shown(value)
            for axis, (index, value) in zip(axes, combination, strict=True)
        )
        yield name, {"item": dict(item), "key": name}
