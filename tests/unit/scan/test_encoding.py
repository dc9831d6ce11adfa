"""Lone surrogates are spelled out on their way into UTF-8."""

from __future__ import annotations

import msgspec
import pytest

from reprocheck.scan.encoding import encoded, spelled_out


class Part(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    by_name: dict[str, int] = {}
    data: bytes = b""


@pytest.mark.parametrize("text", ["", "plain", "größe 🎲", "\x00\x1b"])
def test_text_with_a_form_in_utf8_is_left_alone(text: str) -> None:
    assert spelled_out(text) == text


def test_lone_surrogates_are_spelled_out() -> None:
    assert spelled_out("größe \ud800!") == r"größe \ud800!"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (Part(("a", "ä")), Part(("a", "ä"))),
        (Part(("\ud800",), {"k\udfff": 3}, b"\xff"), Part((r"\ud800",), {r"k\udfff": 3}, b"\xff")),
    ],
)
def test_values_come_back(value: Part, read: Part) -> None:
    assert msgspec.msgpack.decode(encoded(value), type=Part) == read
