"""Functions that tools for pipelines and clusters run, each by itself, in a process that no program of the project is.

Sources are the documentations of Airflow (`PythonOperator`), Kubeflow Pipelines (`dsl.component`), Kedro (`node`),
Metaflow (`step`), Dagster (`op`, `asset`), Flyte (`task`) and Ray (`remote`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.project.facts.model import Call, FileFacts, Function, ValueKind
from reprocheck.project.index.symbols import FunctionRef, Symbols

_DECORATORS = re.compile(
    r"(?:kfp(?:\.v2)?\.dsl\.(?:python_)?component|kfp\.components\.create_component_from_func|dagster\.(?:op|asset)"
    r"|flytekit\.task|ray\.remote)(?:\(\))?"
)
_METHODS = frozenset({"metaflow.step", "metaflow.step()"})
_TAKERS = re.compile(
    r"(?P<airflow>airflow\..*\.\w*Python(?:Virtualenv)?Operator)|(?P<kedro>kedro\.pipeline(?:\.\w+)?\.node)"
    r"|(?P<kfp>kfp\.components\.(?:create_component_from_func|func_to_container_op))"
)
"""Calls that are given a function to run."""
_NAMES = {"airflow": "python_callable", "kedro": "func", "kfp": "func"}
"""What they call it; all but Airflow's operators take it first, too."""
_TOOLS = ("airflow", "kedro", "kfp", "metaflow", "dagster", "flytekit", "ray")


def steps(facts: FileFacts, symbols: Symbols) -> Iterator[tuple[str, int]]:
    """Functions that a module makes steps, by file and index; one may come several times."""
    if not any(target.partition(".")[0] in _TOOLS for target in facts.imports.values()):
        return
    for index, function in enumerate(facts.functions):
        if _is_step(function):
            yield facts.path, index
        for event in function.events:
            if isinstance(event, Call):
                yield from _given(facts.path, event, symbols)


def runs_later(callee: str) -> bool:
    """Whether a call only tells a tool which function to run, in another process and at another time."""
    return _TAKERS.fullmatch(callee) is not None


def _is_step(function: Function) -> bool:
    if function.method:
        return not _METHODS.isdisjoint(function.decorators)
    return any(_DECORATORS.fullmatch(decorator) for decorator in function.decorators)


def _given(path: str, call: Call, symbols: Symbols) -> Iterator[tuple[str, int]]:
    """The function that a call is given to run later."""
    taker = _TAKERS.fullmatch(call.callee)
    if taker is None or taker.lastgroup is None:
        return
    name = _NAMES[taker.lastgroup]
    by_place = call.arguments[:1] if taker.lastgroup != "airflow" else ()
    for argument in call.arguments:
        value = argument.value
        named = argument.name == name or (not argument.name and argument in by_place)
        if named and value is not None and value.kind is ValueKind.NAME:
            symbol = symbols.resolve(path, str(value.value))
            if isinstance(symbol, FunctionRef):
                yield symbol.key
