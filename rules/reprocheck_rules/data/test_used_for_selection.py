"""The test set decides which model is kept, and then reports how good it is.

## Why
Early stopping, the best epoch, the number of neighbours or a threshold that is chosen by the test score fits the model
to the test set. The score that is reported afterwards is the best of many tries and too good; how much, nobody knows,
for no data is left that could tell.

## Fix
Keep a validation part aside from the training data (`train_test_split` once more, or cross-validation) and choose by
it; touch the test set once, at the end.

## Notes
Watching the test score without letting it decide is silent, and so is everything that goes by a validation part. Early
stopping on a part that is not scored afterwards is silent too. Data that only its name calls test data has medium
confidence; folds of a cross-validation, whose held-out part is often called test data, have low confidence.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from reprocheck.rulekit import Confidence, Match, Module, Project, Rule
from reprocheck.rulekit.flow import Observed, Told, Use, UseKind, Where, in_module, in_program, in_project, short
from reprocheck_rules.data.selection_examples import show
from reprocheck_rules.data.selection_loops import (
    Kept,
    candidates,
    collected_names,
    kept_best,
    kept_in_loop,
    picked_later,
    test_named,
)

rule = Rule("DAT012", "test-used-for-selection", __doc__)

_TEST = re.compile(r"test", re.IGNORECASE)
_TABLES = ("sklearn", "keras", "tensorflow", "xgboost", "lightgbm", "catboost")
_LEARNING = (*_TABLES, "torch", "jax", "mxnet", "paddle")


@rule.on_module(imports=_LEARNING)
def check(module: Module) -> Iterator[Match]:
    """Early stopping, searches and best epochs by the test part."""
    if module.is_test or not _TEST.search(module.source.text):
        return
    if module.imports(*_TABLES) and not module.words.isdisjoint(("fit", "train")):
        yield from in_module(module, _tell)
    if "best" in module.source.text:
        yield from _epochs(module)


@rule.on_project
def check_project(project: Project) -> Iterator[Match]:
    """Early stopping and searches by what another file held out."""
    yield from in_project(project, _of_program)


def _of_program(project: Project, path: str) -> Iterator[Match]:
    yield from in_program(project, path, _tell)


def _tell(seen: Observed, modules: Mapping[str, Module]) -> Iterator[Told]:
    yield from _stops(seen)
    yield from _searches(seen, modules)


def _stops(seen: Observed) -> Iterator[Told]:
    reported: set[ast.AST] = set()
    scores = [use for use in seen.uses if use.kind is UseKind.SCORES]
    for stop in seen.uses:
        if stop.kind is not UseKind.STOPS or stop.where.node in reported or not test_named(stop.data):
            continue
        same = [use for use in scores if _same(stop, use) and use.where.node.lineno > stop.where.node.lineno]
        others = [use for use in scores if use.parts and stop.parts and not _same(stop, use)]
        if same and not others:
            reported.add(stop.where.node)
            yield Told(
                stop.where,
                f"training of `{stop.label}` stops, or keeps its best state, by `{stop.data}`, "
                f"and `{same[0].label}` scores it on the same test part",
                _how_surely(stop),
                ((same[0].where, "scored on the same part"),),
            )


def _how_surely(stop: Use) -> Confidence:
    """Folds are often called test data where they are for validation."""
    if any(isinstance(p.split.node, ast.Call) and _is_fold(p.split.node) for p in stop.parts):
        return Confidence.LOW
    return Confidence.HIGH if stop.parts else Confidence.MEDIUM


def _is_fold(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "split"


def _same(first: Use, second: Use) -> bool:
    if first.parts or second.parts:
        return {(p.split, p.side) for p in first.parts} == {(p.split, p.side) for p in second.parts}
    return test_named(second.data)


def _searches(seen: Observed, modules: Mapping[str, Module]) -> Iterator[Told]:
    reported: set[ast.AST] = set()
    for use in seen.uses:
        loop = use.loop
        if use.kind is not UseKind.SCORES or loop is None or loop in reported or not test_named(use.data):
            continue
        tried = candidates(loop)
        if not tried:
            continue
        module = modules[use.where.path]
        names = collected_names(module, loop, use.where.node)
        picked = kept_in_loop(module, loop, names) or picked_later(module, loop, use.where.node)
        if picked is not None:
            reported.add(loop)
            yield Told(
                use.where,
                f"`{'`, `'.join(sorted(tried))}` is chosen by the score on `{use.data}`, "
                "which is then no test of the choice any more",
                Confidence.HIGH if use.parts else Confidence.MEDIUM,
                ((Where(use.where.path, picked), "the best one is kept here"),),
            )


def _epochs(module: Module) -> Iterator[Match]:
    """The best epoch by the test score, once for what is measured together; searches are told of elsewhere."""
    together: dict[tuple[ast.AST, str], list[Kept]] = {}
    for kept in kept_best(module):
        if not any(candidates(loop) for loop in module.file.ancestors(kept.node)):
            scope = module.file.scope_of(kept.node)
            together.setdefault((scope.node, ast.unparse(kept.data)), []).append(kept)
    for found in together.values():
        # What keeps the model says more than what keeps the highest number, and several numbers are one choice.
        kept = next((one for one in found if one.state), found[0])
        what = "the best state is kept by" if kept.state else "the best score that is told is that of"
        yield module.match(
            kept.node,
            f"{what} `{kept.measure}`, which is measured on `{short(kept.data)}`: it is chosen by the test set",
            confidence=Confidence.HIGH if kept.known else Confidence.MEDIUM,
            trail=[
                module.note(kept.data, "the test data"),
                *(module.note(other.node, "and so is this") for other in found if other is not kept),
            ],
        )


show(rule)
