"""Templates in `dvc.yaml`."""

from __future__ import annotations

import pytest

from reprocheck.project.pipelines.dvc_templates import Context, TemplateError, foreach_items, matrix_items
from reprocheck.project.pipelines.values import Value

CONTEXT = Context({"train": {"lr": 0.1, "layers": [8, 4], "fast": True, "name": "a b"}, "empty": None})


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("${train.lr}", 0.1), ("lr=${train.lr}", "lr=0.1"), ("${train.layers[1]}", 4), ("${ train.fast }", True),
        ("--fast ${train.fast}", "--fast true"), ("\\${train.lr}", "${train.lr}"), ("plain", "plain"),
        ("${train.layers}", [8, 4]), ("${train.lr}/${train.lr}", "0.1/0.1"),
    ],
)  # fmt: skip
def test_an_expression_is_replaced(text: str, resolved: Value) -> None:
    assert CONTEXT.resolve(text) == resolved


def test_keys_and_lists_are_resolved_too() -> None:
    assert CONTEXT.resolve({"out_${train.lr}": ["${train.layers[0]}"]}) == {"out_0.1": [8]}


def test_a_mapping_in_a_command_becomes_options() -> None:
    assert CONTEXT.resolve("run ${train}", in_command=True) == "run --lr 0.1 --layers 8 4 --fast --name 'a b'"
    other = Context({"o": {"fast": False, "n": [1, 2]}}, bool_option="boolean_optional", list_option="append")
    assert other.resolve("run ${o}", in_command=True) == "run --no-fast --n 1 --n 2"


@pytest.mark.parametrize("text", ["${missing}", "${train.missing}", "${train.layers[9]}", "x ${train.layers}"])
def test_what_is_not_known_is_said(text: str) -> None:
    with pytest.raises(TemplateError):
        CONTEXT.resolve(text)


def test_a_name_given_twice_is_refused_and_mappings_are_merged() -> None:
    merged = CONTEXT.merged({"train": {"epochs": 3}}, "`other.yaml`")
    assert merged.select("train.epochs") == 3
    assert merged.select("train.lr") == 0.1
    with pytest.raises(TemplateError, match="lr"):
        CONTEXT.merged({"train": {"lr": 1}}, "`other.yaml`")


def test_foreach_makes_stages_by_item_key_or_position() -> None:
    assert list(foreach_items(["a", True, 1.5])) == [
        ("a", {"item": "a"}), ("true", {"item": True}), ("1.5", {"item": 1.5}),
    ]  # fmt: skip
    assert list(foreach_items({"x": 1})) == [("x", {"item": 1, "key": "x"})]
    assert list(foreach_items([{"a": 1}, 2])) == [("0", {"item": {"a": 1}}), ("1", {"item": 2})]


def test_matrix_makes_every_combination_and_a_large_one_is_cut() -> None:
    made = list(matrix_items({"m": ["a", {"deep": 1}], "s": [1, 2]}))
    assert [name for name, _ in made] == ["a-1", "a-2", "m1-1", "m1-2"]
    assert made[2][1]["item"] == {"m": {"deep": 1}, "s": 1}
    many: Value = {axis: list(range(30)) for axis in "abcdefgh"}
    assert len(list(matrix_items(many))) == 10_000
