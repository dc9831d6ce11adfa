"""An estimator, split or sampler that draws, with nothing that fixes its random state.

## Why
Left out or `None`, `random_state` lets the library draw from NumPy's global state or from the operating system. Another
run splits other rows into the test set and fits another model: scores move by more than the gains one looks for.

## Fix
Pass a number that the configuration holds: `train_test_split(X, y, random_state=config.seed)`. One global
`np.random.seed(...)` also fixes what scikit-learn draws, as long as nothing else draws in between; Optuna, hyperopt and
`default_rng()` don't look at it.

## Notes
Solvers that never draw are silent (`LogisticRegression` with lbfgs, or with liblinear unless it is L1 or dual, `SVC`
without probabilities, `Ridge`, cyclic `Lasso`, exact `PCA`, `KFold` without shuffling), and so are LightGBM, XGBoost
and CatBoost, whose default seeds are constants. Where the file sets NumPy's global seed or calls a function that by its
name seeds, the confidence is low. Decision trees and boosting draw only to break ties between equally good splits:
medium at most.
"""

import ast
import re
from collections.abc import Iterator

from reprocheck.rulekit import (
    ABSENT,
    UNKNOWN,
    AddImport,
    Call,
    Confidence,
    Edit,
    Fix,
    Match,
    Module,
    ReplaceExpression,
    Rule,
    Safety,
    SetArgument,
)
from reprocheck_rules.randomness.seed_values import seed_for

rule = Rule("RNG011", "estimator-without-random-state", __doc__)

_OTHER_NAMES = ("random_state", "seed", "rng", "generator")
_SEEDS = re.compile(
    r"_?((set|fix|init|setup|make|reset|manual|apply|global)_?)*(all_|global_|random_|torch_|numpy_|np_)*"
    r"(seeds?|seed_(everything|all|all_rng|torch|worlds?)|determinis\w*|reproducib\w*)(_for_all)?",
    re.IGNORECASE,
)
_SET_LATER = re.compile(
    r"""set_params\([^)]*random_state|set_random_states?\(|\.random_state\s*=[^=]|["'](\w+__)?random_state["']\s*(:|\]\s*=[^=])"""
)
_FAMILIES = frozenset({"numpy", "entropy", "python", "polars"})
"""Where an open random state takes its numbers from; splits of torch have a rule of their own."""
_SEARCHES = re.compile(r"\.(optimize|ask)\(")
"""What makes a study draw; one that is only opened to be read doesn't."""
_VIEWS = frozenset(
    {"head", "tail", "T", "style", "plot", "hist", "describe", "info", "to_string", "to_markdown", "show"}
)
"""What is asked of a table to look at it."""
_SEED_PARTS = frozenset({"sklearn.ensemble", "imblearn.ensemble"})
"""Where ensembles hand seeds of their own to the estimators that they are given."""


@rule.on_call(role=("estimator", "splitter", "sampler"))
def check(call: Call) -> Iterator[Match]:
    """Calls of names whose random state is an argument."""
    entry, module = call.entry, call.module
    if entry is None or not entry.seed_argument or entry.family not in _FAMILIES or module.is_test:
        return
    if entry.seed_argument == "sampler" and _SEARCHES.search(module.source.text) is None:
        return
    if call.draws is not True or not _left_open(call, entry.seed_argument) or _settled_around(call):
        return
    if "sampler" in entry.roles and _is_only_shown(call):
        return
    name = ast.unparse(call.node.func).rpartition(".")[2]
    argument = entry.seed_argument
    given = "None" if argument in {k.arg for k in call.node.keywords} else "not given"
    seeded = _global_seed(module) if entry.family == "numpy" else None
    confidence = _confidence(call, seeded)
    if seeded is not None:
        yield call.match(
            f"`{argument}` of `{name}` is {given}: whatever NumPy's global state is by then decides",
            confidence=confidence,
            trail=[module.note(seeded, "the global state is seeded here")],
            fix=_fix(call, argument),
        )
    elif argument == "sampler":
        yield call.match(
            f"`{name}` without a seeded `sampler` takes a sampler that starts anew in each run",
            confidence=confidence,
            fix=_fix(call, argument),
        )
    else:
        why = "no global seed reaches it" if entry.family == "entropy" else "nothing here seeds the global state"
        message = f"`{name}` draws at random: `{argument}` is {given} and {why}"
        yield call.match(message, confidence=confidence, fix=_fix(call, argument))


def _is_only_shown(call: Call) -> bool:
    """Whether rows are drawn to be looked at: by a cell whose value it is, by `print` or `display`."""
    inner: ast.AST = call.node
    for ancestor in call.module.file.ancestors(call.node):
        match ancestor:
            case ast.Expr():
                return True
            case ast.Attribute(value=value, attr=name) if value is inner and name in _VIEWS:
                pass
            case ast.Call(func=function) if function is inner or ast.unparse(function) in {"print", "display"}:
                pass
            case _:
                return False
        inner = ancestor
    return False


_FIXABLE = frozenset({"random_state", "seed", "random_seed", "sampler"})


def _fix(call: Call, argument: str) -> Fix | None:
    """The argument given; not where each round of a loop splits anew, since one seed would make them all alike."""
    entry, module = call.entry, call.module
    if argument not in _FIXABLE or call.open_ended or entry is None:
        return None
    repeated = call.site.loop is not None or any(isinstance(a, ast.comprehension) for a in _around(call))
    if repeated and not entry.roles.isdisjoint({"splitter", "sampler"}):
        return None
    value = seed_for(module, call.scope, call.site.order)
    edits: list[Edit] = []
    if argument == "sampler":
        if not call.name.startswith("optuna."):
            return None
        edits.append(AddImport("optuna"))
        value = f"optuna.samplers.TPESampler(seed={value})"
    given = call.argument(argument)
    keyword = any(keyword.arg == argument for keyword in call.node.keywords)
    if given is not None and not keyword:
        edits.append(ReplaceExpression(module.span(given), value))
    else:
        edits.append(SetArgument(module.span(call.node), argument, value))
    return Fix(f"give `{argument}`", Safety.UNSAFE, tuple(edits))


def _around(call: Call) -> Iterator[ast.AST]:
    for ancestor in call.module.file.ancestors(call.node):
        if isinstance(ancestor, ast.stmt):
            return
        if isinstance(ancestor, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
            yield from ancestor.generators


def _left_open(call: Call, argument: str) -> bool:
    value = call.value(argument)
    if value is UNKNOWN or (value is not ABSENT and value is not None):
        return False
    return not any(keyword.arg in _OTHER_NAMES and keyword.arg != argument for keyword in call.node.keywords)


def _settled_around(call: Call) -> bool:
    """Whether an ensemble seeds what it is given, or the caller may give another: `sampler or TPESampler()`."""
    parents = call.module.file.parents
    parent = parents.get(call.node)
    if isinstance(parent, ast.keyword):
        parent = parents.get(parent)
    match parent:
        case ast.BoolOp() | ast.arguments():
            return True
        case ast.IfExp(test=ast.Compare(ops=[ast.Is() | ast.IsNot()])):
            return True
        case ast.Call():
            outer = call.module.call(parent)
            if outer is not None and outer.entry is not None and outer.name.rpartition(".")[0] in _SEED_PARTS:
                return not _left_open(outer, outer.entry.seed_argument)
    return False


def _global_seed(module: Module) -> ast.Call | None:
    for call in module.calls_with_role("seeder"):
        if call.entry is not None and "numpy" in call.entry.families:
            return call.node
    for site in module.file.calls:
        function = site.node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if _SEEDS.fullmatch(name) and not _is_library_seeder(module, site.node):
            return site.node
    return None


def _is_library_seeder(module: Module, node: ast.Call) -> bool:
    """Whether a call that seeds by its name is known, and known not to reach NumPy."""
    name = module.name(node.func)
    return name is not None and module.catalog.entry(name) is not None


def _confidence(call: Call, seeder: ast.Call | None) -> Confidence:
    module = call.module
    if seeder is not None or _SET_LATER.search(module.source.text) is not None:
        return Confidence.LOW
    runs = module.notebook or call.scope.kind == "module" or "__main__" in module.source.text
    weak = call.entry is not None and "breaks-ties" in call.entry.roles
    match runs, weak:
        case True, False:
            return Confidence.HIGH
        case False, True:
            return Confidence.LOW
    return Confidence.MEDIUM


rule.flags(
    """
    import optuna
    import pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.model_selection import KFold, RandomizedSearchCV, train_test_split
    from sklearn.svm import SVC
    from imblearn.over_sampling import SMOTE

    frame = pd.read_csv("train.csv")
    part = frame.sample(frac=0.1)  # expect: RNG011
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)  # expect: RNG011
    folds = KFold(n_splits=5, shuffle=True)  # expect: RNG011
    forest = RandomForestClassifier(n_estimators=200, random_state=None)  # expect: RNG011
    linear = SGDClassifier(loss="log_loss")  # expect: RNG011
    saga = LogisticRegression(solver="saga", penalty="l1")  # expect: RNG011
    sparse = LogisticRegression(penalty="l1", solver="liblinear")  # expect: RNG011
    dual = LogisticRegression(dual=True, solver="liblinear")  # expect: RNG011
    svm = SVC(probability=True)  # expect: RNG011
    clusters = KMeans(8)  # expect: RNG011
    X_more, y_more = SMOTE().fit_resample(X_train, y_train)  # expect: RNG011
    search = RandomizedSearchCV(forest, grid, n_iter=20)  # expect: RNG011
    study = optuna.create_study(direction="maximize")  # expect: RNG011
    study.optimize(objective, n_trials=50)
    """,
    fixed="""
    import optuna
    import pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.model_selection import KFold, RandomizedSearchCV, train_test_split
    from sklearn.svm import SVC
    from imblearn.over_sampling import SMOTE

    frame = pd.read_csv("train.csv")
    part = frame.sample(frac=0.1, random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
    folds = KFold(n_splits=5, shuffle=True, random_state=0)
    forest = RandomForestClassifier(n_estimators=200, random_state=0)
    linear = SGDClassifier(loss="log_loss", random_state=0)
    saga = LogisticRegression(solver="saga", penalty="l1", random_state=0)
    sparse = LogisticRegression(penalty="l1", solver="liblinear", random_state=0)
    dual = LogisticRegression(dual=True, solver="liblinear", random_state=0)
    svm = SVC(probability=True, random_state=0)
    clusters = KMeans(8, random_state=0)
    X_more, y_more = SMOTE(random_state=0).fit_resample(X_train, y_train)
    search = RandomizedSearchCV(forest, grid, n_iter=20, random_state=0)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=50)
    """,
)
rule.flags(
    """
    import numpy as np
    import optuna
    from sklearn.neural_network import MLPClassifier

    np.random.seed(0)
    model = MLPClassifier(hidden_layer_sizes=(64,))  # expect: RNG011
    sampler = optuna.samplers.TPESampler(n_startup_trials=5)  # expect: RNG011
    """,
    fixed="""
    import numpy as np
    import optuna
    from sklearn.neural_network import MLPClassifier

    np.random.seed(0)
    model = MLPClassifier(hidden_layer_sizes=(64,), random_state=0)
    sampler = optuna.samplers.TPESampler(n_startup_trials=5, seed=0)
    """,
)
rule.allows(
    """
    from lightgbm import LGBMClassifier
    from sklearn.decomposition import PCA
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
    from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, train_test_split
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from xgboost import XGBClassifier

    SEED = 3
    train, test = train_test_split(rows, test_size=0.2, shuffle=False)
    train, test = train_test_split(rows, random_state=SEED)
    folds = KFold(5)
    stratified = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
    models = [LogisticRegression(solver="liblinear", C=0.1, max_iter=1000)]
    models += [LogisticRegression(max_iter=500), SVC(kernel="rbf"), Ridge(), Lasso(), LinearRegression(), PCA(2)]
    boosters = [LGBMClassifier(subsample=0.8), XGBClassifier(colsample_bytree=0.5)]
    neighbours = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [3, 5]}, cv=folds)
    forest = RandomForestClassifier(100, random_state=SEED)
    """
)
rule.allows(
    """
    from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
    from sklearn.model_selection import ShuffleSplit, train_test_split
    from sklearn.tree import DecisionTreeClassifier

    def build(params, seed=None, rng=None, model=None):
        model = model or RandomForestClassifier()
        forest = RandomForestClassifier(**params)
        split = ShuffleSplit(5, random_state=seed)
        bagging = BaggingClassifier(DecisionTreeClassifier(), random_state=seed)
        return forest, split, bagging, train_test_split(range(10), random_state=rng)
    """
)
rule.allows(
    """
    from sklearn.model_selection import train_test_split

    def test_split_keeps_all_rows():
        a, b = train_test_split(list(range(10)))
        assert len(a) + len(b) == 10
    """,
    file="tests/test_split.py",
)
rule.allows(
    """
    def train_test_split(rows, share=0.2):
        return rows[: int(len(rows) * share)], rows[int(len(rows) * share) :]

    class KMeans:
        def __init__(self, n):
            self.n = n

    first, second = train_test_split([1, 2, 3])
    clusters = KMeans(3)
    """
)
rule.flags(
    """
    import dask.dataframe as dd

    rides = (
        dd.read_parquet("rides/")  # expect: RNG011
        .dropna()
        .repartition(npartitions=12)
        .sample(frac=0.05)
        .assign(day=lambda table: table["time"].dt.day)
        .persist()
    )
    few = rides.sample(frac=0.1)  # expect: RNG011
    known = rides.sample(frac=0.1, random_state=3)
    """,
    title="Rows of Dask",
)
rule.allows(
    """
    import pandas as pd

    frame = pd.read_csv("data.csv")
    frame.sample(3)
    frame.sample(5).head().T
    print(frame.sample(2).to_string())
    """,
    title="Rows that are only looked at",
)
rule.flags(
    """
    import pandas as pd

    frame = pd.read_csv("data.csv")
    part = frame.sample(3)  # expect: RNG011
    frame.sample(3).to_csv("part.csv")  # expect: RNG011
    fit(frame.sample(frac=0.5))  # expect: RNG011
    """,
    title="Rows that something is made of",
)
