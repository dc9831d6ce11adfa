"""Digests of fitted models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reprocheck.agent.libraries.fitted import Digester, fitted_attributes


def digest(value: object) -> str:
    digester = Digester()
    digester.add(value)
    assert not digester.opaque
    return digester.digest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, 1.0),
        (1, True),
        ("1", 1),
        ([1, 2], [2, 1]),
        ([1, [2]], [1, 2]),
        ((1,), [1]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1, 2}, {1, 3}),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, "f4")),
        (np.array([1.0, 2.0]), np.array([2.0, 1.0])),
        (np.array(["a", None], dtype=object), np.array(["b", None], dtype=object)),
        (np.random.RandomState(1), np.random.RandomState(2)),
        (np.random.default_rng(1), np.random.default_rng(2)),
    ],
)
def test_different_values_have_different_digests_and_equal_ones_equal(one: object, other: object) -> None:
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)


def test_bytes_between_fields_of_a_record_do_not_count() -> None:
    kind = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    # A copy of such an array may hold anything there.
    arrays = [np.frombuffer(bytearray([filler]) * (3 * kind.itemsize), kind) for filler in (0, 255)]
    for array in arrays:
        array["a"], array["b"] = [1, 2, 3], [0.5, 0.25, 0.0]
    assert arrays[0].tobytes() != arrays[1].tobytes()
    assert digest(arrays[0]) == digest(arrays[1])


def test_order_of_a_set_does_not_count() -> None:
    assert digest({f"name{number}" for number in range(50)}) == digest(
        {f"name{number}" for number in range(49, -1, -1)}
    )


def test_foreign_objects_are_named_and_not_asked() -> None:
    class Model:
        def __init__(self) -> None:
            self.coef_ = np.ones(2)
            self.handle_ = object()
            self._private = object()

    attributes, opaque = fitted_attributes(Model())
    assert sorted(attributes) == ["coef_", "handle_"]
    assert opaque == ["builtins.object"]


def test_values_without_end_are_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)
    digester = Digester()
    digester.add(endless)
    assert digester.opaque == {"too much"}
