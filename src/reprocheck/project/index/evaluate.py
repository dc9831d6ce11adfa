"""What a symbolic value is when a program runs with its defaults."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reprocheck.project.facts.model import Assignment, Call, Scalar, Test, TestKind, Value, ValueKind
from reprocheck.project.index.answers import Answers, Traced
from reprocheck.project.index.options import Missing, Option, OptionTable
from reprocheck.project.index.symbols import ClassRef, FunctionRef, Instance, Symbols, ValueRef

_PARSED = re.compile(r"(?:parse_args|parse_known_args|parse_intermixed_args)\(\)(?:\[0?\])?\.(\w+)$")
_PARSERS = (".parse_args", ".parse_known_args", ".parse_intermixed_args")
_RETURNED = re.compile(r"([\w.*]+)\(\)(?:\[0?\])?\.(\w+)$")
_FLAGS = re.compile(r"(?:^|\.)(?:FLAGS|flags\.FLAGS)\.(\w+)$")
_CONFIGURATION = re.compile(
    r"^(args?|opts?|options?|cfg|config|conf|flags|hparams?|params?|hps?|settings)$", re.IGNORECASE
)
_PASSED_AS_PARAMETERS = frozenset({"click", "typer"})
_DEPTH = 12


class Unknown:
    """A value that only running could tell; there is one, `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
Result = Scalar | Unknown


@dataclass(frozen=True, slots=True)
class Known:
    """An argument as bound at a call: the value and the module whose names it uses."""

    value: Value | None
    path: str
    frame: Frame | None


@dataclass(frozen=True, slots=True)
class Frame:
    """The arguments that a function was called with."""

    path: str
    arguments: Mapping[str, Known] = field(default_factory=dict)
    config_stem: str = ""
    """Name of the configuration file that the program composes, without extension."""


class Evaluator:
    """Evaluates values and conditions under the defaults of all options."""

    def __init__(self, symbols: Symbols, options: OptionTable, answers: Answers) -> None:
        """Collaborators are those of one project."""
        self._symbols = symbols
        self._options = options
        self._answers = answers
        self._named: dict[tuple[str, str, int], Traced[Result]] = {}
        """By name, module that uses it, and depth: what a name comes to has nothing to do with arguments."""

    def value(self, value: Value | None, frame: Frame, depth: int = _DEPTH) -> Result:
        """The literal that a value has, or UNKNOWN."""
        if value is None or depth <= 0:
            return UNKNOWN
        match value.kind:
            case ValueKind.CONSTANT:
                return value.value
            case ValueKind.PARAMETER:
                return self._parameter(value, frame, depth)
            case ValueKind.NAME:
                key = (str(value.value), frame.path, depth)
                return self._answers.remembered(self._named, key, lambda: self._name(key[0], frame, depth))
            case ValueKind.SELF:
                return self._option(value.path.rpartition(".")[2], frame) if _is_configured(value.path) else UNKNOWN
        return UNKNOWN

    def option(self, value: Value | None, frame: Frame, depth: int = _DEPTH) -> Option | None:
        """The option that a value comes from, followed through parameters."""
        if value is None or depth <= 0:
            return None
        match value.kind:
            case ValueKind.NAME:
                match_ = _PARSED.search(str(value.value)) or _FLAGS.search(str(value.value))
                if match_ is None:
                    return self._returned_option(str(value.value), frame)
                return self._options.find(match_.group(1), frame.path)
            case ValueKind.PARAMETER:
                bound = frame.arguments.get(str(value.value))
                if bound is not None and bound.frame is not None:
                    return self.option(_extended(bound.value, value.path), bound.frame, depth - 1)
                if value.path and _CONFIGURATION.match(str(value.value)):
                    return self._options.find(value.path.rpartition(".")[2], frame.path)
                return self._options.find(str(value.value), frame.path) if not value.path else None
        return None

    def _parameter(self, value: Value, frame: Frame, depth: int) -> Result:
        bound = frame.arguments.get(str(value.value))
        if bound is not None:
            inner = _extended(bound.value, value.path)
            result = self.value(inner, bound.frame or Frame(bound.path), depth - 1)
            if not isinstance(result, Unknown) or not value.path or self._is_object(bound):
                return result
        if value.path and _CONFIGURATION.match(str(value.value)):
            return self._option(value.path.lstrip("."), frame)
        if bound is None and not value.path:
            option = self._options.find(str(value.value), frame.path)
            if option is not None and option.kind in _PASSED_AS_PARAMETERS and option.path == frame.path:
                return self.value(option.default, Frame(option.path), depth - 1)
        return UNKNOWN

    def _is_object(self, bound: Known) -> bool:
        """Whether an argument is an object of the project's own, which takes no value from options by its name."""
        value = bound.value
        if value is None or value.kind is not ValueKind.NAME:
            return False
        return isinstance(self._symbols.resolve(bound.path, str(value.value)), Instance)

    def _option(self, key: str, frame: Frame) -> Result:
        option = self._options.find(key.rpartition(".")[2], frame.path)
        if option is not None:
            return self._default(option, frame, _DEPTH)
        setting = self._options.setting(key, frame.config_stem)
        return UNKNOWN if setting is Missing else setting  # type: ignore[return-value]

    def _default(self, option: Option, frame: Frame, depth: int) -> Result:
        """Default of an option, unless code gives it another value after the command line was read."""
        if self._options.is_assigned(option.name, {option.path, frame.path}):
            return UNKNOWN
        return self.value(option.default, Frame(option.path), depth - 1)

    def _name(self, name: str, frame: Frame, depth: int) -> Result:
        parsed = _PARSED.search(name) or _FLAGS.search(name)
        if parsed is not None:
            option = self._options.find(parsed.group(1), frame.path)
            return self._default(option, frame, depth) if option is not None else UNKNOWN
        returned = self._returned_option(name, frame)
        if returned is not None:
            return self._default(returned, frame, depth)
        symbol = self._symbols.resolve(frame.path, name)
        if isinstance(symbol, ValueRef):
            return self._assigned(symbol, depth)
        owner, _, attribute = name.rpartition(".")
        holder = self._symbols.resolve(frame.path, owner) if owner.strip(".") else None
        if isinstance(holder, Instance):
            holder = holder.of
        return self._field(holder, attribute, depth) if isinstance(holder, ClassRef) else UNKNOWN

    def _returned_option(self, name: str, frame: Frame) -> Option | None:
        """The option behind `get_options().seed`, where a function of the project reads the command line."""
        match_ = _RETURNED.match(name)
        symbol = self._symbols.resolve(frame.path, match_.group(1)) if match_ is not None else None
        if match_ is None or not isinstance(symbol, FunctionRef):
            return None
        events = symbol.function.events
        if not any(isinstance(event, Call) and event.callee.endswith(_PARSERS) for event in events):
            return None
        return self._options.find(match_.group(2), symbol.path)

    def _field(self, owner: ClassRef, name: str, depth: int) -> Result:
        for ancestor in self._symbols.ancestry(owner):
            for definition in ancestor.definition.fields:
                if definition.name == name:
                    return self.value(definition.value, Frame(ancestor.path), depth - 1)
        return UNKNOWN

    def _assigned(self, reference: ValueRef, depth: int) -> Result:
        table = self._symbols.table(reference.path)
        assignments: list[Assignment] = table.assignments.get(reference.name, [])
        if len(assignments) != 1 or table.facts.dynamic:
            return UNKNOWN
        return self.value(assignments[0].value, Frame(reference.path), depth - 1)

    def test(self, test: Test | None, frame: Frame, *, is_main: bool) -> bool | None:
        """Outcome of a condition; None when it can't be told. `is_main` says what `__name__` is."""
        if test is None:
            return None
        match test.kind:
            case TestKind.MAIN:
                return is_main
            case TestKind.NOT:
                inner = self.test(test.parts[0], frame, is_main=is_main)
                return None if inner is None else not inner
            case TestKind.AND | TestKind.OR:
                return self._combined(test, frame, is_main=is_main)
            case TestKind.TRUTH:
                value = self.value(test.left, frame)
                return None if isinstance(value, Unknown) else bool(value)
            case TestKind.COMPARE:
                left, right = self.value(test.left, frame), self.value(test.right, frame)
                if isinstance(left, Unknown) or isinstance(right, Unknown):
                    return None
                return compare(test.operator, left, right)
        return None

    def _combined(self, test: Test, frame: Frame, *, is_main: bool) -> bool | None:
        stops = test.kind is TestKind.OR
        outcomes = [self.test(part, frame, is_main=is_main) for part in test.parts]
        if stops in outcomes:
            return stops
        return None if None in outcomes else not stops


_COMPARISONS: dict[str, Callable[[Any, Any], object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "is": operator.eq,
    "is not": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(symbol: str, left: Scalar, right: Scalar) -> bool | None:
    """Outcome of a comparison of two literals; None where it cannot be told."""
    function = _COMPARISONS.get(symbol)
    if function is None:
        return None
    try:
        return bool(function(left, right))
    except TypeError:
        return None


def _extended(value: Value | None, path: str) -> Value | None:
    if value is None or not path:
        return value
    if value.kind is ValueKind.NAME:
        return Value(ValueKind.NAME, f"{value.value}{path}")
    if value.kind is ValueKind.PARAMETER or value.kind is ValueKind.SELF:
        return Value(value.kind, value.value, value.path + path)
    return None


def _is_configured(path: str) -> bool:
    parts = path.strip(".").split(".")
    return len(parts) > 1 and _CONFIGURATION.match(parts[-2]) is not None
