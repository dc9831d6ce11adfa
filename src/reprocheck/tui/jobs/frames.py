"""What passes between the interface and its working processes: frames of MessagePack behind their length."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from reprocheck.model.finding import Finding
from reprocheck.model.replay import Replay
from reprocheck.model.rule_info import RuleInfo

LENGTH = 4
"""Bytes of the length before a frame, big end first."""


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the work is."""

    text: str
    done: int = 0
    total: int = 0
    """0 where nobody knows."""


class Findings(msgspec.Struct, frozen=True, tag="findings"):
    """Some findings, in the order of the scan."""

    findings: tuple[Finding, ...]


class EncodedFindings(msgspec.Struct, frozen=True, tag="findings"):
    """The same as it arrives: each finding is decoded when it is looked at."""

    findings: tuple[msgspec.Raw, ...]


class Scanned(msgspec.Struct, frozen=True, tag="scanned"):
    """The scan is through; all findings came before."""

    rules: dict[str, RuleInfo]
    files: int
    messages: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    whole: bool = True
    """Whether the scan looked at the whole project."""


class Replayed(msgspec.Struct, frozen=True, tag="replayed"):
    """The replay is through."""

    replay: Replay


class Repaired(msgspec.Struct, frozen=True, tag="repaired"):
    """Fixes were carried out and their files written."""

    fixed: int
    before: dict[str, bytes | None]
    """Content by path of the files that changed; None for a new one."""
    after: dict[str, bytes]
    left: tuple[str, ...] = ()
    """Why others were not done."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The work could not be done, in words for a person."""

    message: str


Sent = Progress | Findings | Scanned | Replayed | Repaired | Refused
Received = Progress | EncodedFindings | Scanned | Replayed | Repaired | Refused
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Received] = msgspec.msgpack.Decoder(Received)


def send(stream: BinaryIO, frame: Sent) -> None:
    """Write a frame and flush; raises OSError when the reader has gone."""
    data = _ENCODER.encode(frame)
    stream.write(len(data).to_bytes(LENGTH, "big") + data)
    stream.flush()


def decode(data: bytes) -> Received:
    """A frame without its length; raises msgspec.DecodeError."""
    return _DECODER.decode(data)
