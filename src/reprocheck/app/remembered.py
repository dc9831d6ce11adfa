"""Small things that commands remember in the cache folder from one scan to the next."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

_ENCODER = msgspec.msgpack.Encoder()

Value = TypeVar("Value")


def load(folder: Path | None, name: str, kind: type[Value]) -> Value | None:
    """What is remembered under a name; None without a folder, and where it can't be read."""
    if folder is None:
        return None
    try:
        return msgspec.msgpack.decode((folder / f"{name}.msgpack").read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def store(folder: Path | None, name: str, value: object) -> None:
    """Remember something, whole or not at all; where nothing can be written it is found out again next time."""
    if folder is None or not folder.is_dir():
        return
    draft = folder / f"{name}.msgpack.{os.getpid()}"
    with suppress(OSError):
        draft.write_bytes(_ENCODER.encode(value))
        draft.replace(folder / f"{name}.msgpack")
