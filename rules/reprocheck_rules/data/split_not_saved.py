"""A model is saved, but which rows it was tested on can't be told any more.

## Why
A split without a fixed state is another one in each run. When neither the parts nor their indices are stored, the
saved model can never again be scored on rows that it hasn't seen, and two models can't be compared.

## Fix
Give the split a fixed `random_state` and version the data, or save the parts or their indices beside the model.

## Notes
Low confidence: the parts may be stored elsewhere. Silent where no model is saved.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import ABSENT, Call, Match, Module, Rule

rule = Rule("DAT015", "split-not-saved", __doc__, confidence="low")

_SAVES_MODEL = frozenset({"dump", "save", "save_model", "log_model", "save_pretrained", "save_weights"})
_SAVES_DATA = frozenset({"to_csv", "to_parquet", "to_pickle", "savetxt", "savez", "to_feather", "to_json", "to_hdf"})
_PART = re.compile(r"train|test|val|idx|index|split|fold", re.IGNORECASE)


@rule.on_call(
    "sklearn.model_selection.train_test_split", "torch.utils.data.random_split", "sklearn.model_selection.ShuffleSplit"
)
def check(call: Call) -> Iterator[Match]:
    """Splits without a fixed state in files that save a model."""
    module = call.module
    if module.is_test or module.words.isdisjoint(_SAVES_MODEL):
        return
    seed = "generator" if call.name.endswith("random_split") else "random_state"
    if call.value(seed) not in {ABSENT, None} or call.value("shuffle") is False or _seeds(module):
        return
    saved = _saved_model(module)
    if saved is not None and not _saves_parts(module):
        yield call.match(
            f"this split differs from run to run and is stored nowhere, while `{ast.unparse(saved.func)}` "
            "keeps the model",
            trail=[module.note(saved, "the model is saved here")],
        )


def _seeds(module: Module) -> bool:
    return any(True for _ in module.calls_with_role("seeder"))


def _saved_model(module: Module) -> ast.Call | None:
    for site in module.file.calls:
        function = site.node.func
        if isinstance(function, ast.Attribute) and function.attr in _SAVES_MODEL:
            return site.node
    return None


def _saves_parts(module: Module) -> bool:
    """Whether parts or indices are written, by a table's method or as an argument of something that saves."""
    for site in module.file.calls:
        function = site.node.func
        if not isinstance(function, ast.Attribute):
            continue
        if function.attr in _SAVES_DATA and _PART.search(ast.unparse(site.node)):
            return True
        if function.attr in {"dump", "save"} and site.node.args and _PART.search(ast.unparse(site.node.args[0])):
            return True
    return False


rule.flags(
    """
    import joblib
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)  # expect: DAT015
    model.fit(X_train, y_train)
    joblib.dump(model, "model.joblib")
    """,
    title="A model without its test rows",
)
rule.flags(
    """
    import torch
    from torch.utils.data import random_split

    train_set, test_set = random_split(data, [800, 200])  # expect: DAT015
    again, held = random_split(data, [0.8, 0.2], generator=None)  # expect: DAT015
    torch.save(model.state_dict(), "model.pt")
    """,
    title="In PyTorch",
)
rule.flags(
    """
    import pickle
    from sklearn.model_selection import train_test_split, ShuffleSplit

    a, b = train_test_split(rows, random_state=None)  # expect: DAT015
    c, d = train_test_split(rows, stratify=labels)  # expect: DAT015
    for train, test in ShuffleSplit(1).split(rows):  # expect: DAT015
        model.fit(rows[train])
    pickle.dump(model, open("model.pkl", "wb"))
    """,
    title="Pickled",
)
rule.allows(
    """
    import joblib
    from sklearn.model_selection import train_test_split

    X_train, X_test = train_test_split(X, random_state=42)
    in_order, rest = train_test_split(X, shuffle=False)
    joblib.dump(model, "model.joblib")
    """,
    title="A fixed state; in order",
)
rule.allows(
    """
    import joblib
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(df)
    test.to_csv("test.csv")
    joblib.dump(model, "model.joblib")
    """,
    title="The part is saved",
)
rule.allows(
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    np.random.seed(0)
    train, test = train_test_split(df)
    model.save("model.h5")
    """,
    title="A global seed",
)
rule.allows(
    """
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(df)
    print(model.fit(train).score(test))
    """,
    title="No model is kept",
)
