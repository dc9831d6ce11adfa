"""What an image holds, looked at from inside of a container; that it runs shows that the supervisor will."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import msgspec

from reprocheck.capture.probes.packages import find_distributions
from reprocheck.model.record import Package
from reprocheck.replay.sources import digest_of

_NEEDED = ("blake3", "reprocheck.capture.launch", "reprocheck.capture.files", "reprocheck.replay.stage")
"""What a stage imports once it is asked for something."""


class Look(msgspec.Struct, frozen=True):
    """What to look at inside."""

    packages: tuple[str, ...] = ()
    """Folders in which packages are installed."""
    files: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """What is there."""

    packages: tuple[Package, ...] = ()
    digests: dict[str, str | None] = {}
    """BLAKE3 (hex) by path; None for what is no file that can be read."""


def main(asked: str) -> int:
    """Print what there is; `asked` is a `Look` as JSON."""
    for name in _NEEDED:
        importlib.import_module(name)
    look = msgspec.json.decode(asked, type=Look)
    found, _ = find_distributions(look.packages)
    seen = Seen(tuple(one.package for one in found), {path: digest_of(Path(path)) for path in look.files})
    sys.stdout.buffer.write(msgspec.json.encode(seen))
    return 0
