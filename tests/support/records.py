"""Records for tests of replays: of a run that went well, with what a test is about put in."""

from __future__ import annotations

from typing import Any

from reprocheck.model.plan import Executor, Plan
from reprocheck.model.record import (
    Command,
    Environment,
    Execution,
    FileUse,
    FileUses,
    Interpreter,
    Observations,
    Package,
    Record,
    Status,
)

ROOT = "/home/somebody/project"
INTERPRETER = Interpreter(
    executable=f"{ROOT}/.venv/bin/python",
    version="3.11.7",
    implementation="CPython",
    build="",
    prefix=f"{ROOT}/.venv",
    base_prefix="/usr",
)


def record(
    *uses: FileUse,
    files: FileUses | None = None,
    arguments: tuple[str, ...] = ("python", "train.py"),
    redacted: bool = False,
    outputs: tuple[str, ...] = (),
    status: Status = Status.EXITED,
    exit_code: int = 0,
    packages: tuple[Package, ...] = (),
    interpreter: Interpreter | None = INTERPRETER,
    variables: dict[str, str] | None = None,
    names: tuple[str, ...] = (),
    observations: Observations | None = None,
    **rest: Any,  # noqa: ANN401 — any other field of a record
) -> Record:
    """A record whose file channel is complete and holds `uses`."""
    return Record(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        sequence=1,
        tool_version="0",
        started="2026-01-01T00:00:00.000000Z",
        ended="2026-01-01T00:00:01.000000Z",
        command=Command(arguments=arguments, cwd=".", root=ROOT, outputs=outputs, redacted=redacted),
        execution=Execution(status=status, code=exit_code),
        files=files or FileUses(uses=uses, complete=True),
        observations=observations or Observations(),
        environment=Environment(
            interpreter=interpreter, packages=packages, variables=variables or {}, variable_names=names
        ),
        **rest,
    )


def package(name: str, version: str, *, used: bool | None = True, editable: bool = False) -> Package:
    """A distribution in the environment of `INTERPRETER`."""
    return Package(name=name, version=version, location=INTERPRETER.prefix, used=used, editable=editable)


def plan(root: object, **rest: Any) -> Plan:  # noqa: ANN401 — any other field of a plan
    """A plan for a run of `true` in `root`, here and as it is."""
    given = {"command": ("true",), **rest}
    return Plan(run="r", executor=Executor.SAME, root=str(root), cwd=".", variables={}, **given)
