"""Listeners in front of functions: the call is the user's, whatever the listener does."""

from __future__ import annotations

import inspect
import math
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from reprocheck.agent.options import Options
from reprocheck.agent.watch import Watch
from reprocheck.agent.wrapping import listen, listen_in_type, listened, replace_in_type
from reprocheck.capture.journal_lines import journal_files


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(Options(str(tmp_path)))


def reasons(folder: Path) -> list[object]:
    return [event["reason"] for file in journal_files(folder) for event in file.events]


class Owner:
    def method(self, number: int, *, twice: bool = False) -> int:
        """Doubles, if asked."""
        return number * 2 if twice else number


def broken(*_: object, **__: object) -> None:
    raise RuntimeError("ours")


def test_failure_of_a_listener_is_a_gap_and_the_call_goes_on(watch: Watch, tmp_path: Path) -> None:
    function = listened(lambda number: number + 1, broken, watch)
    assert function(1) == 2
    assert listened(math.sqrt, broken, watch)(4.0) == 2.0
    assert reasons(tmp_path) == [
        "listening to <lambda> failed: RuntimeError ours",
        "listening to sqrt failed: RuntimeError ours",
    ]


def test_exceptions_of_the_function_are_the_users(watch: Watch) -> None:
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        listened(math.sqrt, lambda _: None, watch)(-1.0)


def test_listener_hears_the_arguments_and_the_function_looks_as_before(watch: Watch) -> None:
    heard: list[Any] = []
    before = Owner.method
    try:
        assert listen(Owner, "method", lambda *given, **named: heard.append((given[1:], named)), watch)
        assert Owner().method(3, twice=True) == 6
        assert heard == [((3,), {"twice": True})]
        assert inspect.signature(Owner.method) == inspect.signature(before)
        assert (Owner.method.__name__, Owner.method.__doc__) == ("method", "Doubles, if asked.")
        assert Owner.method.__qualname__ == "Owner.method"
    finally:
        Owner.method = before  # type: ignore[method-assign]
    assert not listen(Owner, "missing", broken, watch)


def test_function_written_in_c_still_does_not_bind_and_is_pickled_by_name(watch: Watch) -> None:
    stand = listened(os.getpid, lambda: None, watch)

    class Holder:
        ask = stand

    assert Holder().ask() == os.getpid()
    assert repr(stand) == repr(os.getpid)
    assert b"getpid" in pickle.dumps(os.getpid)
    assert stand.__reduce__() == "getpid"


def test_method_of_a_type_written_in_c_is_heard(watch: Watch) -> None:
    heard: list[object] = []
    original = bytearray.__dict__["hex"]
    try:
        assert listen_in_type(bytearray, "hex", lambda *given: heard.append(len(given)), watch)
        assert bytearray(b"\x01").hex() == "01"
        assert heard == [1]
    finally:
        assert replace_in_type(bytearray, "hex", original)
    assert bytearray(b"\x02").hex() == "02"
    assert heard == [1]
    assert not listen_in_type(bytearray, "missing", broken, watch)
    with pytest.raises(TypeError):
        bytearray.hex = original  # type: ignore[method-assign]
