"""A transformer or a model is fitted on held-out data.

## Why
`fit_transform` on the test part makes a second transformer with its own means, words or categories: the model is
given numbers in another unit than those it was trained on, so that the score is wrong, and it has seen test rows
together that will come one by one later. A model that is fitted on test rows has no test any more.

## Fix
`fit_transform` on the training part and `transform` on the test part, with one and the same object; or a `Pipeline`,
which does that by itself.

## Notes
A part is held out when a split says so; names such as `X_test` alone give medium confidence, and only where the same
transformer is fitted on training data too. Without such a counterpart, and for encoders that only learn which values
occur, confidence is lower. Embeddings for pictures (t-SNE, UMAP), calibrators and second-level models that are fitted
on a validation part are silent.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from reprocheck.rulekit import Confidence, Match, Module, Project, Rule
from reprocheck.rulekit.flow import (
    HeldOutFit,
    Observed,
    Repair,
    Told,
    Where,
    in_module,
    in_program,
    in_project,
    is_test_name,
    is_validation_name,
)

rule = Rule("DAT011", "fit-on-test", __doc__)

_SECOND = re.compile(
    r"calib|meta|stack|blend|explain|lime|shap|perm|importance|cluster|kmeans|dbscan|drift|detector|platt|isotonic|datagen|generator",
    re.IGNORECASE,
)
"""Objects whose purpose is to be fitted on what other models left over."""


@rule.on_module(mentions=("fit_transform", "fit", "fit_on_texts", "fit_generator", "adapt"))
def check(module: Module) -> Iterator[Match]:
    """Every fit whose data is held out."""
    if not module.is_test and _speaks_of_parts(module):
        yield from in_module(module, _tell)


@rule.on_project
def check_project(project: Project) -> Iterator[Match]:
    """Fits whose data another file held out."""
    yield from in_project(project, _of_program)


def _of_program(project: Project, path: str) -> Iterator[Match]:
    yield from in_program(project, path, _tell)


def _tell(seen: Observed, modules: Mapping[str, Module]) -> Iterator[Told]:
    for fit in seen.held_out_fits.values():
        confidence = _confidence(fit, seen)
        if confidence is not None and fit.label.endswith("Vectorizer") and _compares(modules[fit.where.path]):
            confidence = Confidence.LOW
        if confidence is not None:
            yield _said(fit, seen, confidence)


def _compares(module: Module) -> bool:
    """Whether the words of the parts are looked at, as when two vocabularies are compared."""
    return "vocabulary_" in module.words


def _speaks_of_parts(module: Module) -> bool:
    return "test" in module.source.text.lower()


def _confidence(fit: HeldOutFit, seen: Observed) -> Confidence | None:
    if _SECOND.search(fit.label) or _SECOND.search(fit.receiver):
        return None
    if fit.estimator:
        if not is_test_name(fit.data) or is_validation_name(fit.data):
            return None
        return Confidence.MEDIUM if fit.parts else Confidence.LOW
    counterpart = fit.label in seen.train_fits or (fit.receiver and fit.receiver in seen.train_fits)
    if fit.parts:
        if fit.categories:
            return Confidence.MEDIUM if counterpart else Confidence.LOW
        return Confidence.HIGH if counterpart else Confidence.LOW
    return Confidence.MEDIUM if counterpart and not fit.categories else Confidence.LOW


def _said(fit: HeldOutFit, seen: Observed, confidence: Confidence) -> Told:
    other = seen.train_fits.get(fit.receiver) or seen.train_fits.get(fit.label)
    notes = [(part.split, "held out here") for part in list(fit.parts)[:1]]
    again = ""
    if other is not None and not fit.estimator:
        notes.append((other, "fitted on the training part"))
        again = ", after the training part: the two parts are no longer in the same unit"
        if fit.categories:
            again = ", after the training part: a value may get another code"
    message = f"`{fit.label}` is fitted on `{fit.data}`, which is held out{again}"
    return Told(fit.where, message, confidence, tuple(notes), _repair(fit, seen))


def _repair(fit: HeldOutFit, seen: Observed) -> Repair | None:
    """`scaler.fit_transform(X_test)` becomes `scaler.transform(X_test)`, where that scaler knows the training part."""
    node = fit.where.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "fit_transform":
        return None
    if not isinstance(node.func.value, ast.Name | ast.Attribute) or fit.receiver not in seen.train_fits:
        return None
    text = f"{ast.unparse(node.func.value)}.transform"
    return Repair("transform it by what the training part taught", Where(fit.where.path, node.func), text)


rule.flags(
    """
    from sklearn.preprocessing import StandardScaler, MinMaxScaler
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.decomposition import PCA
    from sklearn.model_selection import train_test_split, KFold

    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    X_test = scaler.fit_transform(X_test)  # expect: DAT011

    first, second = train_test_split(texts, random_state=0)
    words = TfidfVectorizer().fit_transform(first)
    unseen = TfidfVectorizer().fit_transform(second)  # expect: DAT011

    for train, test in KFold(5).split(X):
        a = PCA(10).fit_transform(X[train])
        b = PCA(10).fit_transform(X[test])  # expect: DAT011
    """,
    title="The test part gets a scaler of its own",
)
rule.flags(
    """
    from sklearn.preprocessing import MinMaxScaler, LabelEncoder
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(df)
    imputer = SimpleImputer().fit(train)
    filled = imputer.fit_transform(test)  # expect: DAT011
    le = LabelEncoder()
    train["city"] = le.fit_transform(train["city"])
    test["city"] = le.fit_transform(test["city"])  # expect: DAT011

    def scale(X_train, X_test):
        X_train = MinMaxScaler().fit_transform(X_train)
        X_test = MinMaxScaler().fit_transform(X_test)  # expect: DAT011
        return X_train, X_test
    """,
    title="Imputed, encoded, in a function",
)
rule.flags(
    """
    import pandas as pd
    from sklearn.preprocessing import StandardScaler, scale
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    train = pd.read_csv("data/train.csv")
    held = pd.read_csv("data/test.csv")
    sc = StandardScaler()
    a = sc.fit_transform(train[["age"]])
    b = sc.fit_transform(held[["age"]])  # expect: DAT011

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model = LogisticRegression()
    model.fit(X_test, y_test)  # expect: DAT011
    print(model.score(X_test, y_test))
    Z_train = scale(X_train)
    Z_test = scale(X_test)  # expect: DAT011
    """,
    title="Files by name, a model, a function that scales",
)
rule.flags(
    {
        "parts.py": """
        from sklearn.model_selection import train_test_split

        def divided(X, y):
            return train_test_split(X, y, random_state=0)
        """,
        "train.py": """
        from sklearn.preprocessing import StandardScaler
        from parts import divided

        first, second, y_first, y_second = divided(X, y)
        scaler = StandardScaler()
        first = scaler.fit_transform(first)
        second = scaler.fit_transform(second)  # expect: DAT011
        """,
    },
    title="Split in another file",
)
rule.allows(
    """
    from sklearn.preprocessing import StandardScaler, Normalizer
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    scaler = StandardScaler().fit(X_train)
    X_train = scaler.transform(X_train)
    X_test = scaler.transform(X_test)
    normalizer = Normalizer()
    A = normalizer.fit_transform(X_train)
    B = normalizer.fit_transform(X_test)
    X_inner, X_val, y_inner, y_val = train_test_split(X_train, y_train)
    inner = StandardScaler().fit_transform(X_inner)
    """,
    title="Transformed only; row by row; the training part split again",
)
rule.allows(
    """
    import numpy as np
    import pandas as pd
    from sklearn.manifold import TSNE
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    X_train, X_val, y_train, y_val = train_test_split(X_train, y_train)
    points = TSNE(2).fit_transform(X_test)
    calibrator = CalibratedClassifierCV(model, cv="prefit").fit(X_val, y_val)
    meta = LogisticRegression()
    meta.fit(base.predict_proba(X_val), y_val)
    everything = StandardScaler().fit_transform(np.concatenate([X_train, X_test]))
    final = LogisticRegression().fit(pd.concat([X_train, X_test]), pd.concat([y_train, y_test]))
    """,
    title="A picture, a calibrator, a blend, the last fit on everything",
)
_FLAGGED = """
    import pandas as pd
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    class Features:
        def prepare(self, table, {flag}):
            {test}
                self.imputer = SimpleImputer()
                return self.imputer.fit_transform(table){marked}
            return self.imputer.transform(table)

    train, test = train_test_split(pd.read_csv("rows.csv"), random_state=0)
    features = Features()
    model = LogisticRegression().fit(features.prepare(train{for_train}), labels)
    print(model.predict(features.prepare(test{for_test})))
    """
for _flag, _test, _for_train, _for_test in (
    ("is_training=True", "if is_training:", "", ", is_training=False"),
    ("*, fit=False", "if fit:", ", fit=True", ""),
    ("reuse", "if not reuse:", ", False", ", True"),
    ('mode="fit"', 'if mode == "fit":', "", ', mode="apply"'),
):
    rule.allows(
        _FLAGGED.format(flag=_flag, test=_test, marked="", for_train=_for_train, for_test=_for_test),
        title="a flag chooses between fitting and applying",
    )
rule.flags(
    _FLAGGED.format(flag="fit=True", test="if fit:", marked="  # expect: DAT011", for_train="", for_test=""),
    title="a flag that would choose, and isn't given",
)
