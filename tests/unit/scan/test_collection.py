"""Keeping the garbage collector out."""

from __future__ import annotations

import gc

import pytest

from reprocheck.scan.collection import paused_collection


def test_collection_pauses_inside_and_goes_on_afterwards() -> None:
    with paused_collection():
        assert not gc.isenabled()
        with paused_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collection_goes_on_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), paused_collection():
        raise ZeroDivisionError
    assert gc.isenabled()
