"""The interface's side of a working process."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec

from reprocheck.tui.jobs.frames import LENGTH, Received, Refused, decode
from reprocheck.tui.jobs.requests import Job

_PATIENCE = 5.0
"""Seconds that a cancelled process gets for tidying up."""
_LAST_WORDS = 2000


class Process:
    """One piece of work: iterate over its frames; `cancel` stops it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: asyncio.subprocess.Process | None = None
        self.cancelled = False

    async def frames(self) -> AsyncIterator[Received]:
        """What it sends; a process that dies says so in a last frame."""
        data = pickle.dumps(self._job)
        # -P: a module of the folder that is scanned must never stand in for one of ours.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "reprocheck.tui.jobs.child",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True, limit=1 << 20,
        )  # fmt: skip
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        errors = asyncio.ensure_future(_tail(process.stderr))
        try:
            with suppress(ConnectionError):
                process.stdin.write(len(data).to_bytes(LENGTH, "big") + data)
                await process.stdin.drain()
            while True:
                try:
                    length = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
                    frame = decode(await process.stdout.readexactly(length))
                except asyncio.IncompleteReadError:
                    break
                except msgspec.DecodeError as error:
                    yield Refused(f"a working process sent what cannot be read: {error}")
                    break
                yield frame
            process.stdin.close()
            code = await process.wait()
            if code and not self.cancelled:
                words = (await errors).strip().rpartition("\n")[2]
                yield Refused(f"the working process ended with {code}: {words}")
        finally:
            errors.cancel()
            await self.end()

    async def end(self) -> None:
        """Stop it if it still runs: an interrupt first, so that it removes what it laid out."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.cancelled = True
        self._signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await process.wait()

    def cancel(self) -> None:
        """Interrupt it; its frames end by themselves."""
        self.cancelled = True
        self._signal(signal.SIGINT)

    def _signal(self, number: signal.Signals) -> None:
        """To all of it: it leads a session of its own."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


async def _tail(stream: asyncio.StreamReader) -> str:
    kept = b""
    while data := await stream.read(1 << 14):
        kept = (kept + data)[-_LAST_WORDS:]
    return kept.decode("utf-8", "replace")
