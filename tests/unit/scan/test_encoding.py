"""What MessagePack cannot hold is spelled out: lone surrogates, and numbers of more than 64 bits."""

from __future__ import annotations

import msgspec
import pytest

from reprocheck.scan.encoding import encoded, spelled_out


class Part(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    by_name: dict[str, int] = {}
    data: bytes = b""
    value: str | int | float | bool | None = None


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
        (Part((), value=(1 << 64) - 1), Part((), value=(1 << 64) - 1)),
        (Part((), value=1 << 64), Part((), value="0x10000000000000000")),
        (Part((), value=-(1 << 63) - 1), Part((), value="-0x8000000000000001")),
        (Part((), value=1 << 30_000), Part((), value=f"0x1{'0' * 7_500}")),
    ],
)
def test_values_come_back(value: Part, read: Part) -> None:
    assert msgspec.msgpack.decode(encoded(value), type=Part) == read
