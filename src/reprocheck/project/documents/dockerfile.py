"""Dockerfiles: instructions, stages, variables in their scope, and every use of an image."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import msgspec

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.documents.dockerfile_syntax import (
    INSTRUCTIONS,
    Argument,
    Directive,
    Flag,
    Heredoc,
    Instruction,
    read_syntax,
)
from reprocheck.project.documents.dockerfile_variables import PLATFORM_ARGUMENTS, expand
from reprocheck.project.documents.image_reference import ImageReference, parse_image_reference
from reprocheck.project.documents.shell import ShellCommand, ShellWord, read_commands
from reprocheck.project.source import Problem, SourceText

__all__ = [
    "Argument",
    "Directive",
    "Dockerfile",
    "Flag",
    "Heredoc",
    "ImageUse",
    "Instruction",
    "Stage",
    "Variable",
    "read_dockerfile",
    "shell_commands",
]

_SCRATCH = "scratch"


class Variable(msgspec.Struct, frozen=True):
    """One definition by ARG or ENV."""

    name: str
    value: str | None
    """Resolved as far as the file tells; None when it depends on what isn't known."""
    is_set: bool
    """False for an ARG without a value, which stays unset unless the build is given one."""
    is_environment: bool
    """True for ENV, which outlives the build and wins over ARG."""
    instruction: int
    """Index of the instruction."""
    span: Span
    """The whole word, value included."""


class Stage(msgspec.Struct, frozen=True):
    """What one FROM starts."""

    index: int
    name: str | None
    base: str
    """The base image as written."""
    resolved: str | None
    """The base with variables replaced; None when one is unknown."""
    span: Span
    """The reference, not the whole instruction."""
    parent: int | None
    """Index of the stage that is the base, if it is one."""
    instruction: int
    """Index of the FROM."""
    variables: tuple[Variable, ...]
    """Definitions in force in this stage, those inherited from a parent stage first."""


class ImageUse(msgspec.Struct, frozen=True):
    """A place where an image from outside the file is used."""

    via: str
    """`FROM`, `COPY --from` or `RUN --mount`."""
    written: str
    resolved: str | None
    """None when a variable is unknown, or stands where the builder replaces none."""
    image: ImageReference | None
    """None when not resolved, or not a reference."""
    span: Span
    stage: int
    instruction: int


class Dockerfile(msgspec.Struct, frozen=True):
    """A Dockerfile as far as it could be read."""

    directives: tuple[Directive, ...]
    instructions: tuple[Instruction, ...]
    arguments: tuple[Variable, ...]
    """ARGs before the first FROM; FROM lines see these and nothing else."""
    stages: tuple[Stage, ...]
    problems: tuple[Problem, ...]
    escape: str

    def stage_of(self, instruction: int) -> Stage | None:
        """The stage that an instruction, by index, belongs to; None before the first."""
        after = bisect_right(self.stages, instruction, key=lambda stage: stage.instruction)
        return self.stages[after - 1] if after else None

    def variables_at(self, instruction: int) -> dict[str, str | None]:
        """What each variable stands for just before an instruction; None where it is set to something unknown."""
        stage = self.stage_of(instruction)
        if stage is None or stage.instruction == instruction:
            return _global_scope(self.arguments)
        return _scope(variable for variable in stage.variables if variable.instruction < instruction)

    def image_uses(self) -> Iterator[ImageUse]:
        """Every use of an image, in the order of the file; stages and `scratch` are no images."""
        names = {stage.name.lower() for stage in self.stages if stage.name is not None}
        stages = {stage.instruction: stage for stage in self.stages}
        current: Stage | None = None
        for index, instruction in enumerate(self.instructions):
            current = stages.get(index, current)
            if current is None:
                continue
            if current.instruction == index and current.parent is None and current.resolved != _SCRATCH:
                yield _use("FROM", current.base, current.resolved, current.span, (current.index, index))
            for via, written, span in _external(instruction):
                if written.lower() in names or written.isdigit() or written in ("", _SCRATCH):
                    continue
                # BuildKit replaces no variables here and refuses them.
                yield _use(via, written, None if "$" in written else written, span, (current.index, index))


def read_dockerfile(source: SourceText) -> Dockerfile:
    """Read a Dockerfile; what isn't understood is a problem and the rest is read on."""
    syntax = read_syntax(source)
    problems = list(syntax.problems)
    builder = _StageBuilder(syntax.escape, problems)
    for index, instruction in enumerate(syntax.instructions):
        builder.add(index, instruction)
    builder.finish()
    if not builder.stages:
        problems.append(Problem("has no FROM", WHOLE_FILE))
    problems.sort(key=lambda problem: problem.span)
    return Dockerfile(
        syntax.directives,
        syntax.instructions,
        tuple(builder.arguments),
        tuple(builder.stages),
        tuple(problems),
        syntax.escape,
    )


def shell_commands(instruction: Instruction) -> tuple[ShellCommand, ...]:
    """The commands that RUN, CMD or ENTRYPOINT hand to a shell or execute, with their places in the file."""
    if instruction.name not in ("RUN", "CMD", "ENTRYPOINT") or not instruction.arguments:
        return ()
    if instruction.exec_form:
        words = tuple(ShellWord(argument.text, argument.span) for argument in instruction.arguments)
        span = Span(words[0].span.line, words[0].span.column, words[-1].span.end_line, words[-1].span.end_column)
        return (ShellCommand(words, (), (), "", span),)
    if len(instruction.heredocs) == len(instruction.arguments):  # here-documents alone are the script
        return tuple(
            command for heredoc in instruction.heredocs for command in read_commands(heredoc.text, heredoc.span.line)
        )
    return read_commands(instruction.script, instruction.span.line)


class _StageBuilder:
    """Follows FROM, ARG and ENV in order."""

    def __init__(self, escape: str, problems: list[Problem]) -> None:
        self._escape = escape
        self._problems = problems
        self._variables: list[Variable] = []
        self._scope: dict[str, str | None] = {}
        self._environment: set[str] = set()
        self._shared = _global_scope(())
        self._names: dict[str, int] = {}
        self._open: Stage | None = None
        self.arguments: list[Variable] = []
        self.stages: list[Stage] = []

    def add(self, index: int, instruction: Instruction) -> None:
        """Take the next instruction."""
        match instruction.name:
            case "FROM":
                self._from(index, instruction)
            case "ARG":
                self._arg(index, instruction)
            case "ENV" if self._open is not None:
                # All words of one ENV see what held before it.
                for variable in [
                    Variable(name, self._expand(value, self._scope), True, True, index, span)
                    for name, value, span in _definitions(instruction)
                ]:
                    self._define(variable)
            case name if self._open is None and name in INSTRUCTIONS:
                self._problems.append(Problem(f"{instruction.name} stands before the first FROM", instruction.span))
            case _:
                pass

    def finish(self) -> None:
        """Close the open stage."""
        if self._open is not None:
            if self._open.name is not None:
                self._names[self._open.name.lower()] = len(self.stages)
            self.stages.append(msgspec.structs.replace(self._open, variables=tuple(self._variables)))
            self._open = None

    def _expand(self, value: str | None, scope: dict[str, str | None]) -> str | None:
        return None if value is None else expand(value, scope, escape=self._escape)

    def _define(self, variable: Variable) -> None:
        self._variables.append(variable)
        _set(self._scope, self._environment, variable)

    def _arg(self, index: int, instruction: Instruction) -> None:
        in_stage = self._open is not None
        for name, value, span in _definitions(instruction):
            if value is not None:
                resolved = self._expand(value, self._scope if in_stage else self._shared)
            else:
                resolved = self._shared.get(name) if in_stage else None
            is_set = value is not None or (in_stage and name in self._shared)
            variable = Variable(name, resolved, is_set, False, index, span)
            if in_stage:
                self._define(variable)
            else:
                self.arguments.append(variable)
                _set(self._shared, set(), variable)

    def _from(self, index: int, instruction: Instruction) -> None:
        self.finish()
        if not instruction.arguments:
            self._problems.append(Problem("FROM names no image", instruction.span))
            return
        base, *rest = instruction.arguments
        resolved = expand(base.text, self._shared, escape=self._escape) or None
        name: str | None = None
        match rest:
            case []:
                pass
            case [keyword, given] if keyword.text.lower() == "as":
                name = given.text
            case _:
                self._problems.append(Problem("expected FROM IMAGE [AS NAME]", instruction.span))
        parent = None if resolved is None else self._names.get(resolved.lower())
        self._variables = list(self.stages[parent].variables) if parent is not None else []
        self._scope = {}
        self._environment = set()
        for variable in self._variables:
            _set(self._scope, self._environment, variable)
        self._open = Stage(len(self.stages), name, base.text, resolved, base.span, parent, index, ())


def _set(scope: dict[str, str | None], environment: set[str], variable: Variable) -> None:
    if variable.is_environment:
        environment.add(variable.name)
    elif variable.name in environment or not variable.is_set:
        return
    scope[variable.name] = variable.value


def _scope(variables: Iterable[Variable]) -> dict[str, str | None]:
    scope: dict[str, str | None] = {}
    environment: set[str] = set()
    for variable in variables:
        _set(scope, environment, variable)
    return scope


def _global_scope(arguments: Iterable[Variable]) -> dict[str, str | None]:
    scope: dict[str, str | None] = dict.fromkeys(PLATFORM_ARGUMENTS)
    return scope | _scope(arguments)


def _definitions(instruction: Instruction) -> Iterator[tuple[str, str | None, Span]]:
    """Names and values of ARG and ENV, the old `ENV NAME any text` included."""
    arguments = instruction.arguments
    if instruction.name == "ENV" and arguments and "=" not in arguments[0].text:
        first, last = arguments[0].span, arguments[-1].span
        span = Span(first.line, first.column, last.end_line, last.end_column)
        yield arguments[0].text, instruction.text[len(arguments[0].text) :].strip(), span
        return
    for argument in arguments:
        name, equals, value = argument.text.partition("=")
        yield name, value if equals else None, argument.span


def _external(instruction: Instruction) -> Iterator[tuple[str, str, Span]]:
    """What `COPY --from` and `RUN --mount=...,from=` name: stages and images."""
    for flag in instruction.flags:
        if flag.value is None:
            continue
        if instruction.name == "COPY" and flag.name == "from":
            yield "COPY --from", flag.value, flag.value_span
        elif instruction.name == "RUN" and flag.name == "mount":
            for field in next(csv.reader([flag.value]), []):
                key, _, value = field.partition("=")
                if key.strip().lower() == "from":
                    yield "RUN --mount", value, _part(flag, value)


def _part(flag: Flag, part: str) -> Span:
    """The span of a part of a flag's value, when that stands on one line."""
    span = flag.value_span
    offset = (flag.value or "").find(part)
    if offset < 0 or span.line != span.end_line:
        return span
    return Span(span.line, span.column + offset, span.line, span.column + offset + len(part))


def _use(via: str, written: str, resolved: str | None, span: Span, place: tuple[int, int]) -> ImageUse:
    image = None if resolved is None else parse_image_reference(resolved)
    return ImageUse(via, written, resolved, image, span, *place)
