"""What each module shows of itself to those who follow values: whether it learns, splits, trains, or asks a model.

Rules follow values through few modules of a project. Which these are is told from small records of all of them, which
are kept from scan to scan, so that only what is followed is read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from reprocheck.project.facts.model import Call, FileFacts
from reprocheck.rulekit.project import Project

_SPLITS = frozenset({"splitter", "cross-validation"})
_LEARNS = frozenset(
    {"fit", "fit_transform", "fit_resample", "fit_sample", "fit_on_texts", "adapt", "mean", "transform"}
)
_MODELS = frozenset(
    {
        "catboost", "fastai", "joblib", "keras", "lightgbm", "lightning", "mlflow", "onnxruntime", "pickle",
        "pytorch_lightning", "sklearn", "tensorflow", "tf_keras", "torch", "torchvision", "transformers", "xgboost",
    }
)  # fmt: skip
_SINKS = re.compile(
    r"(\(\)|(joblib|pickle|cloudpickle|dill)\.dump|(torch|numpy)\.save|(^|[.@])(fit|fit_generator|fit_transform|train_on_batch|partial_fit|backward|predict\w*|decision_function|run|invoke"
    r"|train|\w*(model|net|network|classifier|regressor|clf|estimator|pipe|pipeline|session)\d*))$",
    re.IGNORECASE,
)
"""Calls that train, ask or save a model, by their last name, and calls of what a call made."""
_TRAINS = re.compile(r"(^|[.@])(fit|fit_generator|train_on_batch|partial_fit|backward|train)$")


class Outlined(NamedTuple):
    """A module whose statements can be followed."""

    path: str
    lines: int
    splits: bool
    """Whether it calls something that splits data."""
    learns: bool
    """Whether names say that something learns from data."""
    models: bool
    """Whether it imports what trains or loads models."""
    tells: bool
    """Whether it trains, asks or saves a model itself, as far as names say."""
    trains: bool
    """Whether it may train one."""


def outlined(project: Project) -> Mapping[str, Outlined]:
    """All modules whose statements can be followed, by path; who asks this in a question has read every module."""
    return project.once(_outlined)


def _outlined(project: Project) -> dict[str, Outlined]:
    return {module.path: module for module in project.of_files(_of_file)}


def _of_file(project: Project, path: str) -> Iterator[Outlined]:
    facts = project.index.files[path]
    if not facts.outline:
        return
    callees = _callees(facts)
    yield Outlined(
        path,
        facts.functions[0].span.end_line,
        any(_splits(project, callee) for callee in callees),
        not _LEARNS.isdisjoint(facts.attributes),
        any(target.partition(".")[0] in _MODELS for target in facts.imports.values()),
        any(is_sink(callee) for callee in callees),
        any(_TRAINS.search(callee) is not None for callee in callees),
    )


def _callees(facts: FileFacts) -> tuple[str, ...]:
    events = (event for function in facts.functions for event in function.events)
    return tuple(dict.fromkeys(event.callee for event in events if isinstance(event, Call)))


def _splits(project: Project, callee: str) -> bool:
    entry = project.catalog.entry(project.catalog.canonical(callee))
    return entry is not None and not _SPLITS.isdisjoint(entry.roles)


def is_sink(callee: str) -> bool:
    """Whether a call trains, asks or saves a model, as far as its name says."""
    return _SINKS.search(callee) is not None
