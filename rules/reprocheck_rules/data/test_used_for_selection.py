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
from reprocheck.rulekit.flow import Observed, Told, Use, UseKind, Where, in_module, in_project, short
from reprocheck_rules.data.selection_loops import (
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
    yield from in_project(project, _tell)


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
    """The best epoch by the test score; searches over candidates are told of elsewhere."""
    for kept in kept_best(module):
        if not any(candidates(loop) for loop in module.file.ancestors(kept.node)):
            yield module.match(
                kept.node,
                f"the best state is kept by `{kept.measure}`, which is measured on `{short(kept.data)}`: "
                "it is chosen by the test set",
                confidence=Confidence.HIGH if kept.known else Confidence.MEDIUM,
                trail=[module.note(kept.data, "the test data")],
            )


rule.flags(
    """
    from keras.models import Sequential
    from keras.callbacks import EarlyStopping, ModelCheckpoint
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model = Sequential()
    stop = EarlyStopping(patience=3, restore_best_weights=True)
    model.fit(X_train, y_train, validation_data=(X_test, y_test), callbacks=[stop])  # expect: DAT012
    print(model.evaluate(X_test, y_test))
    """,
    title="Early stopping in Keras",
)
rule.flags(
    """
    import lightgbm as lgb
    import xgboost as xgb
    from sklearn.metrics import accuracy_score, roc_auc_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model = xgb.XGBClassifier(early_stopping_rounds=10)
    model.fit(X_train, y_train, eval_set=[(X_test, y_test)])  # expect: DAT012
    print(accuracy_score(y_test, model.predict(X_test)))

    forest = lgb.LGBMClassifier()
    forest.fit(X_train, y_train, eval_set=[(X_train, y_train), (X_test, y_test)],  # expect: DAT012
               callbacks=[lgb.early_stopping(50)])
    print(roc_auc_score(y_test, forest.predict(X_test)))
    """,
    title="Boosters",
)
rule.flags(
    """
    import numpy as np
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    scores = []
    for k in range(1, 40):
        knn = KNeighborsClassifier(n_neighbors=k)
        knn.fit(X_train, y_train)
        scores.append(knn.score(X_test, y_test))  # expect: DAT012
    best_k = np.argmax(scores) + 1

    best_score = 0
    for c in (0.1, 1, 10):
        svm = SVC(C=c).fit(X_train, y_train)
        score = f1_score(y_test, svm.predict(X_test))  # expect: DAT012
        if score > best_score:
            best_score = score
            best_c = c
    """,
    title="A search by hand",
)
rule.flags(
    """
    import torch
    import torchvision
    from torch.utils.data import DataLoader

    testset = torchvision.datasets.CIFAR10("data", train=False)
    testloader = DataLoader(testset, batch_size=100)
    best_acc = 0

    def test(epoch):
        global best_acc
        correct = total = 0
        for inputs, targets in testloader:
            correct += (net(inputs).argmax(1) == targets).sum().item()
            total += targets.size(0)
        acc = correct / total
        if acc > best_acc:  # expect: DAT012
            torch.save(net.state_dict(), "best.pt")
            best_acc = acc

    def train_all(model, train_loader, test_loader):
        best_loss = 1e9
        for epoch in range(10):
            train(model, train_loader)
            loss = evaluate(model, test_loader)
            if loss < best_loss:  # expect: DAT012
                best_loss = loss
                torch.save(model.state_dict(), "model.pt")
    """,
    title="The best epoch in PyTorch",
)
rule.flags(
    """
    import torch

    def main(args, model, train_loader, test_loader):
        best_acc = 0
        for epoch in range(args.epochs):
            train(model, train_loader)
            test_acc = test(model, test_loader)
            is_best = test_acc > best_acc  # expect: DAT012
            best_acc = max(test_acc, best_acc)
            save_checkpoint(model.state_dict(), is_best)
    """,
    title="The best epoch by a flag",
)
rule.flags(
    {
        "parts.py": """
        from sklearn.model_selection import train_test_split

        def divided(X, y):
            X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
            return X_train, X_test, y_train, y_test
        """,
        "train.py": """
        import xgboost
        from parts import divided

        a, b_test, y_a, y_b = divided(X, y)
        model = xgboost.XGBClassifier(early_stopping_rounds=5)
        model.fit(a, y_a, eval_set=[(b_test, y_b)])  # expect: DAT012
        print(model.score(b_test, y_b))
        """,
    },
    title="Split in another file",
)
rule.allows(
    """
    from keras.models import Sequential
    from keras.callbacks import EarlyStopping
    from sklearn.model_selection import train_test_split
    import xgboost as xgb

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    X_fit, X_val, y_fit, y_val = train_test_split(X_train, y_train)
    stop = EarlyStopping(patience=3)
    model = Sequential()
    model.fit(X_fit, y_fit, validation_data=(X_val, y_val), callbacks=[stop])
    print(model.evaluate(X_test, y_test))

    watched = Sequential()
    watched.fit(X_train, y_train, validation_data=(X_test, y_test))
    print(watched.evaluate(X_test, y_test))

    booster = xgb.XGBClassifier()
    booster.fit(X_train, y_train, eval_set=[(X_test, y_test)])
    print(booster.score(X_test, y_test))
    """,
    title="A validation part; only watched",
)
rule.allows(
    """
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3, 5]}).fit(X_train, y_train)
    print(search.score(X_test, y_test))
    scores = []
    for k in range(1, 40):
        scores.append(cross_val_score(KNeighborsClassifier(n_neighbors=k), X_train, y_train).mean())
    best = max(scores)
    for name, model in models.items():
        model.fit(X_train, y_train)
        print(name, model.score(X_test, y_test))
    for seed in range(5):
        results.append(model.fit(X_train, y_train).score(X_test, y_test))
    """,
    title="Chosen by cross-validation; models compared; runs repeated",
)
rule.allows(
    """
    import torch

    def fit(model, train_loader, val_loader, test_loader):
        best_acc = 0
        for epoch in range(10):
            train(model, train_loader)
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc = acc
                torch.save(model.state_dict(), "best.pt")
        print(evaluate(model, test_loader))

    def validate(model, valid_loader):
        best = 1e9
        for batch in valid_loader:
            loss = step(batch)
            if loss < best:
                best = loss
    """,
    title="The best epoch by validation data",
)
