"""Switches outside of the code: variables that nothing sets, keys equal everywhere, feature-flag services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reprocheck.rulekit import Project, Span, is_test_path
from reprocheck.rulekit.facts import Call, FileFacts, Function, Guard, Test, Value, ValueKind
from reprocheck_rules.debt.changes import Changes, last_part

_OWN = re.compile(r"^\.|^(?:.*\.)?(yaml|OmegaConf|toml|tomllib|tomli|json)\.\w*load\w*\(\)")
"""Names of the project itself, and what is read of a configuration file."""
_READS = frozenset({"os.environ.get", "os.getenv"})
_SET_BY_PLATFORMS = re.compile(
    r"^(HOME|USER|USERNAME|PATH|PWD|TMPDIR|TEMP|TMP|SHELL|TERM|DISPLAY|LANG|LC_\w+|HOSTNAME|CI|DEBUG|NO_COLOR|PORT|HOST|"
    r"(LOCAL_|GLOBAL_|NODE_|GROUP_)?(RANK|WORLD_SIZE)|MASTER_\w+|CONDA\w*|VIRTUAL_ENV|XDG_\w+|HTTPS?_PROXY|"
    r"(SLURM|OMPI|PMI|MPI|CUDA|CUDNN|CUBLAS|NVIDIA|NCCL|TORCH|PYTORCH|TF|XLA|JAX|OMP|MKL|HF|HUGGINGFACE|TRANSFORMERS|WANDB|"
    r"MLFLOW|AWS|AZURE|GOOGLE|GCP|GITHUB|GITLAB|TRAVIS|CIRCLE|JENKINS|READTHEDOCS|COLAB|KAGGLE|SM|PYTHON|PYTEST|COVERAGE|RAY|"
    r"DMLC|KUBERNETES|K8S|LSB|PBS|XRT|TPU|ROCM|HIP|DOCKER|HOROVOD)_?\w*|\w*(TOKEN|KEY|SECRET|PASSWORD|URL|URI|HOME|DIR|PATH))$"
)
"""Variables that a system, launcher or user sets by convention."""
_SERVICES = re.compile(
    r"^(ldclient|launchdarkly|UnleashClient|unleash|splitio|flagsmith|openfeature|posthog|growthbook|optimizely|statsig)\b"
)
_SERVICE_READS = frozenset(
    {
        "variation",
        "bool_variation",
        "is_enabled",
        "is_feature_enabled",
        "feature_enabled",
        "get_treatment",
        "get_boolean_value",
        "check_gate",
        "is_on",
    }
)


class OutsideFlag(NamedTuple):
    """A switch that is read from outside and guards a branch."""

    path: str
    span: Span
    message: str
    notes: tuple[tuple[str, Span, str], ...]


def outside_flags(project: Project) -> Iterator[OutsideFlag]:
    """All kinds, by file."""
    return project.of_files(_flags_of)


def _flags_of(project: Project, path: str) -> Iterator[OutsideFlag]:
    if is_test_path(path):
        return
    facts = project.index.files[path]
    configured = frozenset(project.value_of(equal_keys))
    for function in facts.functions:
        if function.guards:
            asked = [event for event in function.events if isinstance(event, Call) and _asks_service(event)]
            for guard in function.guards:
                yield from _variables(project, facts, function, guard)
                yield from _services(path, asked, guard)
                yield from _keys(project, path, guard, configured)


def _leaves(test: Test | None) -> Iterator[Value]:
    if test is None:
        return
    for part in test.parts:
        yield from _leaves(part)
    for side in (test.left, test.right):
        if side is not None:
            yield side


def _asks_service(call: Call) -> bool:
    return last_part(call.callee) in _SERVICE_READS and _SERVICES.match(call.callee) is not None


def _inside_test(calls: Iterable[Call], guard: Guard) -> Iterator[Call]:
    for call in calls:
        if guard.span.line <= call.span.line < max(guard.body[0], guard.span.line + 1):
            yield call


def _variables(project: Project, facts: FileFacts, function: Function, guard: Guard) -> Iterator[OutsideFlag]:
    names = {str(leaf.value) for leaf in _leaves(guard.test) if leaf.kind is ValueKind.NAME}
    found: list[tuple[str, Span]] = [
        (name.removeprefix("os.environ."), guard.span)
        for name in names
        if name.startswith("os.environ.") and "(" not in name
    ]
    if any(name.startswith(("os.environ.get()", "os.getenv()")) for name in names):
        called = [event for event in function.events if isinstance(event, Call) and event.callee in _READS]
        reads = list(_inside_test(called, guard))
        if not reads:
            reads = [
                e
                for f in (function, facts.functions[0])
                for e in f.events
                if isinstance(e, Call) and e.callee in _READS
            ]
            reads = reads if len({call.span for call in reads}) == 1 else []
        found.extend((key, call.span) for call in reads if (key := _first_text(call)))
    for key, span in found:
        if _SET_BY_PLATFORMS.match(key) or key in project.index.variables:
            continue
        if project.once(Changes).words.has("sets variable", key):
            continue
        message = (
            f"`{key}` is set nowhere in the repository, so only the default side of this condition runs unless someone "
            "remembers the variable"
        )
        yield OutsideFlag(facts.path, span, message, ((facts.path, guard.span, "decides here"),))


def _services(path: str, asked: Iterable[Call], guard: Guard) -> Iterator[OutsideFlag]:
    for call in _inside_test(asked, guard):
        key = _first_text(call)
        if key:
            message = f"the feature flag `{key}` is asked for by a fixed key: see whether the service still changes it"
            yield OutsideFlag(path, call.span, message, ())


def _first_text(call: Call) -> str:
    value = call.arguments[0].value if call.arguments else None
    return (
        value.value if value is not None and value.kind is ValueKind.CONSTANT and isinstance(value.value, str) else ""
    )


class _Switch(NamedTuple):
    """A key of a configuration file that is on or off."""

    key: str
    """Its last part."""
    path: str
    span: Span
    value: bool


def equal_keys(project: Project) -> tuple[str, ...]:
    """Switches that several configuration files give, all with the same value, by their last part."""
    words, options = project.once(Changes).words, project.index.options
    return tuple(
        key
        for key, places in project.once(_switches).items()
        if len({place.path for place in places}) > 1
        and len({place.value for place in places}) == 1
        and not words.has("given key", key)
        and key not in options.by_name
        and not words.has("assigns", key)
    )


def places_of(project: Project, key: str) -> tuple[tuple[str, Span], ...]:
    """Where configuration files give a switch."""
    return tuple((place.path, place.span) for place in project.once(_switches).get(key, ()))


def _switches(project: Project) -> dict[str, list[_Switch]]:
    found: dict[str, list[_Switch]] = {}
    for switch in project.of_documents(_switches_of):
        found.setdefault(switch.key, []).append(switch)
    return found


def _switches_of(project: Project, path: str) -> Iterator[_Switch]:
    for setting in project.index.documents[path].settings:
        if isinstance(setting.value, bool):
            yield _Switch(last_part(setting.key), path, setting.span, setting.value)


def _keys(project: Project, path: str, guard: Guard, configured: frozenset[str]) -> Iterator[OutsideFlag]:
    for leaf in _leaves(guard.test):
        text = leaf.path or str(leaf.value)
        key = text.rpartition(".")[2]
        if "." not in text or key not in configured or (leaf.kind is ValueKind.NAME and not _OWN.match(text)):
            continue
        places = project.value_of(places_of, key)
        message = f"`{key}` has the same value in all {len(places)} configuration files, so one side here never runs"
        notes = tuple((where, span, "the same value") for where, span in places[:8])
        yield OutsideFlag(path, guard.span, message, notes)
