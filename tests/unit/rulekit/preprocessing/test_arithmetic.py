"""Values that are taken out of others, by code that can run and by code that can't."""

from __future__ import annotations

import pytest

from reprocheck.rulekit.preprocessing.arithmetic import indexed
from reprocheck.rulekit.preprocessing.values import Const, Data, Many, Value


def part(*bounds: float | str | None) -> Value:
    letters = Many([Const("a"), Const("b"), Const("c")])
    return indexed(letters, Many([Const(bound) for bound in bounds], "slice"))


def test_range_of_a_list_is_taken() -> None:
    found = part(1, None, None)
    assert isinstance(found, Many)
    assert found.items == [Const("b"), Const("c")]


@pytest.mark.parametrize("bounds", [("first", None, None), (0.5, None, None), (None, None, 0), (0, 1, 2, 3)], ids=str)
def test_range_that_python_would_refuse_is_data_that_nobody_knows(bounds: tuple[float | str | None, ...]) -> None:
    assert part(*bounds) == Data("?")
