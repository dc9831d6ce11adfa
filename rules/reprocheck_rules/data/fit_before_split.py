"""A transformer learns from all rows, and the test rows are taken from them afterwards.

## Why
A scaler, imputer, vectoriser, decomposition or feature selection that is fitted before the split has seen the test
rows: their means, ranges, words or correlations are in the training data. The score on the test set is then too good,
and the model does worse on data that nobody had when it was fitted.

## Fix
Split first; call `fit_transform` on the training part and `transform` on the others. For cross-validation put the
steps into a `Pipeline`, so that they are fitted anew in each fold.

## Notes
Statistics written by hand (`(X - X.mean()) / X.std()`, `fillna(df.mean())`) and splits by slicing have medium
confidence. Encoders that only learn which values occur have low confidence, and are silent on the labels. Steps that
treat each row alone (`Normalizer`, hashing) are silent. Fitting on the training part and splitting that once more
keeps the test set clean and has low confidence. Resampling before a split is DAT018.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from reprocheck.rulekit import Fix, Match, Module, Project, Rule
from reprocheck.rulekit.flow import Leak, Learning, Observed, Told, in_module, in_program, in_project, observed, short
from reprocheck_rules.data.fit_before_split_examples import show
from reprocheck_rules.data.fit_fixes import fit_behind_split

rule = Rule("DAT010", "fit-before-split", __doc__)

_LEARNS = r"fit_transform|\.fit\(|fit_on_texts|\.adapt\(|scale\(|\.(mean|std|min|max|median|mode)\(|_transform\("
"""Every branch begins with a character: one that begins with `\b` makes the search six times slower."""
_BY_HAND = re.compile(r"(test|val)\w*\s*=[^=\n]*(\[[^\]\n]*:|\.sample\(|\.drop\()")
"""A part for testing, cut out of something."""


@rule.on_module(contains=_LEARNS)
def check(module: Module) -> Iterator[Match]:
    """Every fit whose data or output is split later."""
    splits = any(True for _ in module.calls_with_role("splitter", "cross-validation"))
    if splits or _BY_HAND.search(module.source.text):
        for match in in_module(module, _tell):
            yield module.match(
                match.span, match.message, confidence=match.confidence, trail=match.trail, fix=_moved(module, match)
            )


def _moved(module: Module, match: Match) -> Fix | None:
    """The fit behind the split, where the match is about one that can be moved."""
    for leak in observed(module).leaks.values():
        if module.span(leak.fit.where.node) == match.span:
            return fit_behind_split(module, leak.fit.where.node, leak.split.node)
    return None


@rule.on_project
def check_project(project: Project) -> Iterator[Match]:
    """Fits and splits that stand in several files."""
    yield from in_project(project, _of_program)


def _of_program(project: Project, path: str) -> Iterator[Match]:
    yield from in_program(project, path, _tell)


def _tell(seen: Observed, _modules: Mapping[str, Module]) -> Iterator[Told]:
    told: set[tuple[str, int, ast.AST]] = set()
    for leak in sorted(seen.leaks.values(), key=_position):
        # `(X - X.mean()) / X.std()` takes two statistics in, and is one place to repair.
        key = leak.fit.where.path, leak.fit.where.node.lineno, leak.split.node
        if leak.fit.kind is Learning.STATISTICS and key not in told:
            told.add(key)
            yield _said(leak)


def _position(leak: Leak) -> tuple[int, int]:
    return leak.fit.where.node.lineno, leak.fit.where.node.col_offset


def _said(leak: Leak) -> Told:
    fit, split = leak.fit, leak.split.node
    splitter = f"`{short(split.func)}`" if isinstance(split, ast.Call) else f"`{short(split)}`"
    return Told(
        fit.where,
        f"{fit.label} is learned from all rows of `{fit.data}` before {splitter} takes the held-out rows from them",
        leak.confidence,
        ((fit.where, "learns from all rows"), (leak.split, "the rows are split only here")),
    )


show(rule)
