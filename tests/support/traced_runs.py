"""Runs in a store that left numbers by step and nothing else."""

from __future__ import annotations

import json

from reprocheck.model.record import Command, Start
from reprocheck.store.store import Store


def run(store: Store, losses: list[object], *, processes: int = 1) -> str:
    """A run that is still without a record; returns its id."""

    def build(name: str, sequence: int) -> Start:
        command = Command(arguments=("x",), cwd=".", root="/x")
        return Start(id=name, sequence=sequence, tool_version="0", started="", monotonic=0, launcher=1, command=command)

    opened = store.begin(0, build)
    for process in range(processes):
        first, second = ([[name, 1.0, 0, 0], ["gradient", norm, 0, 0]] for name, norm in (("a", 3.0), ("b", 4.0)))
        lines = [{"event": "step", "loss": x, "rates": [0.1], "tensors": [first, second]} for x in losses]
        text = "\n".join([json.dumps({"event": "optimizer"}), *map(json.dumps, lines), '{"torn'])
        (opened.folder.journal / f"trace-{process + 7}-{process + 1}.jsonl").write_text(text)
    opened.close()
    return opened.folder.id
