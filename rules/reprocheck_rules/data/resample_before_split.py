"""Rows are duplicated or synthesised, and the test rows are taken from them afterwards.

## Why
Over-sampling copies rows, and SMOTE makes new ones between neighbours. After a later split the same row, or a mixture
of it, stands on both sides: the model is tested on rows that it has learned. Besides, the test set no longer has the
shares of classes that production has.

## Fix
Split first and resample the training part alone; for cross-validation put the sampler into a pipeline of
imbalanced-learn, which resamples in each fold.

## Notes
Copies by hand (`sample(replace=True)`) have medium confidence. Under-sampling makes no twins, but changes what
the test set is made of: low confidence. Bootstraps that are never split are silent.
"""

import ast
from collections.abc import Iterator, Mapping

from reprocheck.rulekit import Match, Module, Project, Rule
from reprocheck.rulekit.flow import Leak, Learning, Observed, Told, in_module, in_program, in_project, short

rule = Rule("DAT018", "resample-before-split", __doc__)


@rule.on_module(mentions=("fit_resample", "fit_sample", "resample", "sample"))
def check(module: Module) -> Iterator[Match]:
    """Every resampling whose rows are split later."""
    if not any(True for _ in module.calls_with_role("splitter", "cross-validation")):
        return
    yield from in_module(module, _tell)


@rule.on_project
def check_project(project: Project) -> Iterator[Match]:
    """Resampling and splits that stand in several files."""
    yield from in_project(project, _of_program)


def _of_program(project: Project, path: str) -> Iterator[Match]:
    yield from in_program(project, path, _tell)


def _tell(seen: Observed, _modules: Mapping[str, Module]) -> Iterator[Told]:
    for leak in seen.leaks.values():
        if leak.fit.kind is Learning.ROWS:
            yield _said(leak)


def _said(leak: Leak) -> Told:
    fit, split = leak.fit, leak.split.node
    splitter = short(split.func if isinstance(split, ast.Call) else split)
    return Told(
        fit.where,
        f"{fit.label} resamples all rows of `{fit.data}` before `{splitter}` splits them, "
        "so that copies of one row can stand on both sides",
        leak.confidence,
        ((fit.where, "rows are drawn again"), (leak.split, "the rows are split only here")),
    )


rule.flags(
    """
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.combine import SMOTEENN
    from sklearn.model_selection import train_test_split, cross_val_score

    X_res, y_res = SMOTE(random_state=0).fit_resample(X, y)  # expect: DAT018
    X_train, X_test, y_train, y_test = train_test_split(X_res, y_res)

    sampler = RandomOverSampler()
    table, labels = sampler.fit_sample(rows, classes)  # expect: DAT018
    scores = cross_val_score(model, table, labels)

    def prepare(X, y):
        X, y = SMOTEENN().fit_resample(X, y)  # expect: DAT018
        return train_test_split(X, y)
    """,
    title="Synthetic rows",
)
rule.flags(
    """
    import pandas as pd
    from sklearn.utils import resample
    from sklearn.model_selection import train_test_split, StratifiedKFold

    majority = df[df.label == 0]
    minority = df[df.label == 1]
    upsampled = resample(minority, replace=True, n_samples=len(majority), random_state=1)  # expect: DAT018
    balanced = pd.concat([majority, upsampled])
    train, test = train_test_split(balanced)

    copies = rare.sample(n=1000, replace=True)  # expect: DAT018
    everything = pd.concat([common, copies])
    X_train, X_test = train_test_split(everything)

    more = resample(events, n_samples=5000)  # expect: DAT018
    for a, b in StratifiedKFold(5).split(more):
        model.fit(more[a])
    """,
    title="Copies",
)
rule.allows(
    """
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline
    from sklearn.utils import resample, shuffle
    from sklearn.model_selection import cross_val_score, train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    X_train, y_train = SMOTE().fit_resample(X_train, y_train)
    scores = cross_val_score(make_pipeline(SMOTE(), model), X, y)
    X, y = shuffle(X, y)
    subset = resample(X, replace=False, n_samples=100)
    a, b = train_test_split(subset)
    """,
    title="The training part alone; a pipeline; without replacement",
)
rule.allows(
    """
    import numpy as np
    from imblearn.over_sampling import SMOTE
    from sklearn.utils import resample
    from sklearn.model_selection import KFold, train_test_split

    for i in range(1000):
        means.append(resample(values).mean())
    few = df.sample(frac=0.1)
    train, test = train_test_split(few)
    for train_index, test_index in KFold(5).split(X):
        X_fold, y_fold = SMOTE().fit_resample(X[train_index], y[train_index])
        model.fit(X_fold, y_fold)
    """,
    title="A bootstrap, a sample without copies, inside the folds",
)
