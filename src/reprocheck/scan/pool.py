"""Analyses files in several processes, so that one that dies on a file takes nothing else with it."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.process import BaseProcess

from reprocheck.project.discovery import ProjectFile
from reprocheck.scan.analysis import Analyzer, unreadable
from reprocheck.scan.file_result import FileResult

PARALLEL_FROM = 400_000
"""Bytes of source from which starting processes pays off."""
_BATCH = 300_000
"""Bytes handed to a worker at once, so that workers don't wait for the answer to small files."""
_SEND_EVERY = 0.1
"""Seconds between messages of a worker."""
FILE_SECONDS = 120.0
"""Bound on one file; a worker that is silent for longer is ended, and the file is reported."""

MakeAnalyzer = Callable[[], Analyzer]


def analyze_all(files: Sequence[ProjectFile], make_analyzer: MakeAnalyzer, *, jobs: int) -> Iterator[FileResult]:
    """Results in the order of their completion; `make_analyzer` is called once in each process."""
    if not files:
        return
    size = sum(file.size for file in files)
    if jobs <= 1 or len(files) <= 1 or size < PARALLEL_FROM:
        analyzer = make_analyzer()
        for file in files:
            yield analyzer.analyze(file)
        return
    yield from _Pool(files, make_analyzer, min(jobs, len(files))).run()


def default_jobs() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(eq=False, slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    pending: deque[ProjectFile] = field(default_factory=deque)
    heard: float = field(default_factory=time.monotonic)


class _Pool:
    def __init__(self, files: Sequence[ProjectFile], make_analyzer: MakeAnalyzer, jobs: int) -> None:
        # Large files first, so that no worker ends long after the others.
        self._queue = deque(sorted(files, key=lambda file: -file.size))
        self._make_analyzer = make_analyzer
        self._jobs = jobs
        self._context = _context()
        self._workers: list[_Worker] = []

    def run(self) -> Iterator[FileResult]:
        try:
            while self._queue or any(worker.pending for worker in self._workers):
                while len(self._workers) < self._jobs and self._queue:
                    self._start()
                yield from self._gather()
        finally:
            for worker in self._workers:
                worker.connection.close()
                worker.process.terminate()
                worker.process.join()

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._make_analyzer), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        self._hand_out(worker)

    def _hand_out(self, worker: _Worker) -> None:
        batch: list[ProjectFile] = []
        size = 0
        while self._queue and size < _BATCH:
            file = self._queue.popleft()
            batch.append(file)
            size += file.size + 2000
        if batch:
            worker.pending.extend(batch)
            worker.heard = time.monotonic()
            try:
                worker.connection.send(batch)
            except OSError:
                return  # it died just now; the next wait finds out

    def _gather(self) -> Iterator[FileResult]:
        ready = wait([worker.connection for worker in self._workers], timeout=1.0)
        for worker in list(self._workers):
            if worker.connection in ready:
                try:
                    results: list[FileResult] = worker.connection.recv()
                except (EOFError, OSError):
                    yield from self._lost(worker, "the analysis of this file ended its process")
                    continue
                worker.heard = time.monotonic()
                for result in results:
                    worker.pending.popleft()
                    yield result
                if not worker.pending:
                    self._hand_out(worker)
            elif worker.pending and time.monotonic() - worker.heard > FILE_SECONDS:
                yield from self._lost(worker, f"the analysis of this file took longer than {FILE_SECONDS:.0f} s")

    def _lost(self, worker: _Worker, reason: str) -> Iterator[FileResult]:
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.kill()
        worker.process.join()
        if worker.pending:
            culprit = worker.pending.popleft()
            yield FileResult(
                path=culprit.path,
                kind=culprit.kind.value,
                digest=b"",
                findings=(unreadable(culprit.path, reason),),
                unread=reason,
            )
        self._queue.extendleft(reversed(worker.pending))


def _context() -> ForkContext | SpawnContext:
    # Forked workers share the loaded rules; this process has no threads.
    if "fork" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _serve(connection: Connection, make_analyzer: MakeAnalyzer) -> None:
    """A worker: batches in, results out, one message per few files, until the pipe closes."""
    analyzer = make_analyzer()
    try:
        while True:
            batch: list[ProjectFile] = connection.recv()
            done: list[FileResult] = []
            sent = time.monotonic()
            for file in batch:
                done.append(analyzer.analyze(file))
                if time.monotonic() - sent > _SEND_EVERY:
                    connection.send(done)
                    done = []
                    sent = time.monotonic()
            if done:
                connection.send(done)
    except (EOFError, OSError, KeyboardInterrupt):
        return
