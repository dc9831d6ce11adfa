"""Logical names: what is left of a path when times, random ids, process ids and hosts are taken out."""

from __future__ import annotations

import re

_DAY = r"20\d{2}[-_.]?\d{2}[-_.]?\d{2}"
_PATTERNS = (
    # TensorBoard names its files for time, host, process and a number.
    (r"^events\.out\.tfevents\.\d+\..+?\.\d+\.(\d+)", r"events.out.tfevents.{time}.{host}.{pid}.\1"),
    (r"^events\.out\.tfevents\.\d+\.[^/]+", "events.out.tfevents.{time}.{host}"),
    # W&B: offline-run-TIME-ID, run-ID.wandb
    (r"^(offline-)?run-\d{8}_\d{6}-[a-z0-9]+$", r"\1run-{time}-{id}"),
    (r"^run-[a-z0-9]{8}\.wandb$", "run-{id}.wandb"),
    (r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "{id}"),
    (r"(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])", "{id}"),  # ULID
    (r"(?<![0-9A-Za-z])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{32}(?![0-9A-Za-z])", "{id}"),
    (rf"(?<!\d){_DAY}(?:[-_T. ]?\d{{2}}[-_.:h]?\d{{2}}(?:[-_.:m]?\d{{2}}(?:[.,_]?\d{{1,6}})?)?)?Z?(?!\d)", "{time}"),
    (r"^\d{2}[-_.:]\d{2}[-_.:]\d{2}$", "{time}"),  # Hydra's second folder
    (
        r"(?<!\d)[A-Z][a-z]{2}\d{2}[-_]\d{2}[-_:]\d{2}[-_:]\d{2}(?:_[\w.-]+)?",
        "{time}",
    ),  # SummaryWriter: Nov21_10-11-12_host
    (r"(?<!\d)1[4-9]\d{8}(?:\d{3})?(?:\.\d+)?(?!\d)", "{time}"),
    (r"(?i)(?<![a-z])(pid)[-_=]?\d+", r"\1{pid}"),
    (r"^tmp[a-z0-9_]{8}$", "{id}"),
)
_COMPILED = tuple((re.compile(pattern), replacement) for pattern, replacement in _PATTERNS)
_COUNTED = re.compile(r"^((?:version|run|exp|trial|train|predict|val|PPO|DQN|A2C|SAC|TD3)[-_]?)\d*$", re.IGNORECASE)


def logical(name: str) -> str:
    """A file's or folder's name with `{time}`, `{id}`, `{pid}` and `{host}` in place of what they stand for."""
    for pattern, replacement in _COMPILED:
        name = pattern.sub(replacement, name)
    return name


def counted(folder: str) -> str:
    """The name of a folder that is numbered run by run (`version_3`) without its number; empty for any other."""
    match = _COUNTED.match(folder)
    return match[1] + "{number}" if match else ""
