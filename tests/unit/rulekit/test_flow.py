"""The flow engine: what it sees of data, in one module and over several."""

from __future__ import annotations

import ast
import textwrap

import pytest

from reprocheck.model.finding import Confidence
from reprocheck.model.fix import ReplaceExpression
from reprocheck.project.facts.outline import outline
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit.catalog import Catalog
from reprocheck.rulekit.flow import Learning, Observed, Repair, Told, UseKind, Where, in_module, observed
from reprocheck.rulekit.flow.rebuilt import rebuilt
from reprocheck.rulekit.flow.tokens import (
    Fit,
    Part,
    Side,
    Statistic,
    Value,
    fits_of,
    parts_of,
    side_in_name,
    statistics_of,
)
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.rulekit.module import Module


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_knowledge(KnowledgeSources()).catalog


def _file(text: str) -> PythonFile:
    cleaned = textwrap.dedent(text)
    return PythonFile(SourceText("program.py", cleaned), ast.parse(cleaned))


def _seen(text: str, catalog: Catalog) -> Observed:
    return observed(Module(_file(text), catalog))


def _lines(seen: Observed) -> list[tuple[int, str]]:
    return sorted((leak.fit.where.node.lineno, leak.fit.kind.value) for leak in seen.leaks.values())


PROGRAM = """
import pandas as pd
from imblearn.over_sampling import SMOTE
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import StandardScaler

class Preparation:
    def __init__(self):
        self.scaler = StandardScaler()

    def fit(self, table):
        self.scaler.fit(table)

    def apply(self, table):
        return self.scaler.transform(table)

def divided(X, y=None, *, part=0.2):
    a, b = train_test_split(X, test_size=part)
    return a, b

df = pd.read_csv("rows.csv")
y = df["price"]
df["city_mean"] = df.groupby("city")["price"].transform("mean")
preparation = Preparation()
preparation.fit(df)
X = preparation.apply(df)
X, y = SMOTE().fit_resample(X, y)
first, second = divided(X, part=0.3)
other = StandardScaler()
first = other.fit_transform(first)
second = other.fit_transform(second)
for train, test in KFold(5).split(df):
    with open("log.txt") as log:
        try:
            score = model.fit(df[train], y[train]).score(df[test], y[test]) if test else [i for i in (1, 2)]
        except ValueError:
            score = {"a": -1, **extra}
        finally:
            total += score
    while not score and total < 3:
        f = lambda x, *rest: x[1:2] + rest[0]
"""


def test_what_is_learned_resampled_and_averaged_before_a_split_is_seen_through_functions_and_classes(
    catalog: Catalog,
) -> None:
    """Means of the target, a scaler inside an object, and synthetic rows."""
    seen = _seen(PROGRAM, catalog)

    assert _lines(seen) == [
        (12, Learning.STATISTICS.value),
        (23, Learning.TARGET.value),
        (27, Learning.ROWS.value),
    ]


def test_held_out_parts_are_known_behind_a_function_that_splits(catalog: Catalog) -> None:
    """`second` is what `divided` returns in second place."""
    seen = _seen(PROGRAM, catalog)

    assert [(fit.data, fit.receiver) for fit in seen.held_out_fits.values()] == [("second", "other")]
    assert "other" in seen.train_fits


def test_scores_on_folds_are_uses_of_held_out_data(catalog: Catalog) -> None:
    """The second of what a splitter yields is held out, and so is what it indexes."""
    seen = _seen(PROGRAM, catalog)

    scores = [use for use in seen.uses if use.kind is UseKind.SCORES]
    assert [use.data for use in scores] == ["df[test]"]
    assert scores[0].loop is not None


def test_a_module_that_is_made_of_its_outline_shows_the_same(catalog: Catalog) -> None:
    """Following the outline of a module finds what following its text finds, at the same places."""
    file = _file(PROGRAM)
    again, spans = rebuilt("program.py", outline(file))

    direct, indirect = observed(Module(file, catalog)), observed(Module(again, catalog))

    assert _lines(indirect) == _lines(direct)
    assert [spans[fit.where.node] for fit in indirect.held_out_fits.values()] == [
        file.source.span(fit.where.node) for fit in direct.held_out_fits.values()
    ]
    assert [(use.kind, use.data) for use in indirect.uses] == [(use.kind, use.data) for use in direct.uses]


def test_an_attribute_belongs_to_its_class(catalog: Catalog) -> None:
    """Two classes with a `scaler` of their own don't share what one of them has learned."""
    seen = _seen(
        """
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        class First:
            def __init__(self):
                self.scaler = StandardScaler()

            def learn(self, table):
                self.scaler.fit(table)

        class Second:
            def __init__(self):
                self.scaler = StandardScaler()

            def apply(self, table):
                return self.scaler.transform(table)

        First().learn(table)
        X = Second().apply(table)
        a, b = train_test_split(X)
        """,
        catalog,
    )

    assert not seen.leaks


def test_a_program_that_calls_itself_ends(catalog: Catalog) -> None:
    """Functions that call each other are followed once."""
    seen = _seen(
        """
        from sklearn.model_selection import train_test_split

        def one(x):
            return two(x)

        def two(x):
            return one(x)

        a, b = train_test_split(one(data))
        """,
        catalog,
    )

    assert not seen.leaks


def test_a_repair_becomes_an_edit_of_the_expression_that_it_names(catalog: Catalog) -> None:
    """The span is that of the expression, not of the whole call."""
    module = Module(_file("scaler.fit_transform(X)  # twice"), catalog)
    statement = module.tree.body[0]
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    call = statement.value
    told = Told(
        Where("program.py", call),
        "message",
        Confidence.HIGH,
        repair=Repair("title", Where("program.py", call.func), "scaler.transform"),
    )

    (match,) = in_module(module, lambda _seen, _modules: [told])

    assert match.fix is not None
    (edit,) = match.fix.edits
    assert isinstance(edit, ReplaceExpression)
    assert (edit.span.column, edit.span.end_column, edit.text) == (1, 21, "scaler.transform")


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("X_train", Side.TRAIN),
        ("test_df", Side.HELD_OUT),
        ("y_val", Side.HELD_OUT),
        ("xtest", Side.HELD_OUT),
        ("testloader", Side.HELD_OUT),
        ("train_test", Side.UNKNOWN),
        ("latest", Side.UNKNOWN),
        ("strain", Side.UNKNOWN),
        ("attestation", Side.UNKNOWN),
        ("table", Side.UNKNOWN),
    ],
)
def test_names_tell_which_part_data_is(name: str, side: Side) -> None:
    """A name counts where one of its words, and no other, speaks of a part."""
    assert side_in_name(name) is side


@pytest.mark.parametrize(
    "unpacked",
    [
        "parts = train_test_split(X, y)\ntrain, test = parts[0], parts[1]",
        "parts = train_test_split(X, y)\ntrain, test, *labels = parts",
        "parts = list(train_test_split(X, y))\nfirst = parts[:2]\ntrain, test = first",
        "parts = train_test_split(X, y)\n(train, test, a, b) = parts",
        "def split(X, y):\n    m = train_test_split(X, y)\n    return m\np = split(X, y)\ntrain, test = p[0], p[-3]",
    ],
)  # fmt: skip
def test_parts_of_a_split_that_are_kept_together_stay_apart(catalog: Catalog, unpacked: str) -> None:
    """Only the fit on the second part is on held-out rows, however the parts get their names."""
    head = "from sklearn.model_selection import train_test_split\nfrom sklearn.preprocessing import StandardScaler\n"
    body = "\na = StandardScaler().fit_transform({})\n"
    assert not _seen(head + unpacked + body.format("train"), catalog).held_out_fits
    assert len(_seen(head + unpacked + body.format("test"), catalog).held_out_fits) == 1


def test_a_name_that_is_given_something_else_forgets_its_parts(catalog: Catalog) -> None:
    """`parts` is a table the second time."""
    seen = _seen(
        """
        from sklearn.model_selection import train_test_split
        from sklearn.preprocessing import StandardScaler

        parts = train_test_split(X, y)
        parts = load()
        a = StandardScaler().fit_transform(parts[1])
        """,
        catalog,
    )
    assert not seen.held_out_fits


def test_drawing_rows_and_dropping_them_is_a_split(catalog: Catalog) -> None:
    """What was learned from the whole table leaks; what is left of it is held out."""
    seen = _seen(
        """
        from sklearn.preprocessing import StandardScaler

        table[["a", "b"]] = StandardScaler().fit_transform(table[["a", "b"]])
        train = table.sample(frac=0.8)
        test = table.drop(train.index)
        scaled = StandardScaler().fit_transform(test)
        """,
        catalog,
    )
    assert [leak.fit.label for leak in seen.leaks.values()] == ["`StandardScaler`"]
    assert [fit.data for fit in seen.held_out_fits.values()] == ["test"]


def test_a_side_that_no_call_takes_is_looked_at_too(catalog: Catalog) -> None:
    text = """
    import pandas as pd
    from sklearn.model_selection import train_test_split

    def classify(table, standardize=False):
        if standardize:
            table = (table - table.mean()) / table.std()
        return train_test_split(table, random_state=0)

    classify(pd.read_csv("rows.csv"){how})
    """
    for how in ("", ", standardize=True"):
        assert {line for line, _ in _lines(_seen(text.format(how=how), catalog))} == {7}


def test_tokens_come_in_the_order_of_their_places() -> None:
    nodes = [ast.parse("\n" * line + "a.mean()", mode="eval").body for line in range(30)]
    places = [Where("program.py", node) for node in nodes]
    value: Value = frozenset(
        [Statistic(place, frozenset()) for place in places]
        + [Fit(place, "`scaler`", "a", Confidence.HIGH) for place in places]
        + [Part(place, frozenset()) for place in places]
    )
    assert [statistic.where for statistic in statistics_of(value)] == places
    assert [fit.where for fit in fits_of(value)] == places
    assert [part.split for part in parts_of(value)] == places
