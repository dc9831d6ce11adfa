"""Keeps what files held before they change: digests by worker threads, copies before an input is overwritten."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH103, PTH104, PTH108, PTH116, PTH120

from __future__ import annotations

import fcntl
import os
import queue
import threading
from collections.abc import Callable

from reprocheck.capture.hashing import Digest, Unsteady, digest_of, digest_of_descriptor, signature
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.known_digests import KnownDigests

_CLONE = 0x40049409
_WORKERS = 2
_NICER = 5
_READ_ONLY = 0o444
_UNFINISHED = "tmp"

_SMALL = 1 << 18
"""Bytes of a file that shares a job with others: waking a thread costs as much as hashing some kilobytes."""

_Queue = queue.SimpleQueue[list[tuple[str, "Known"]] | Callable[[], None] | None]
"""Inputs to hash, other jobs, and at last None."""


class Known:
    """One file of the data, as far as the run went."""

    __slots__ = ("created", "digest", "preserved", "read", "seen", "signature", "written")

    def __init__(self) -> None:
        self.signature: int | None = None
        """Of the content that the run found."""
        self.created = False
        """True when the run made it, or replaced it without looking."""
        self.read = False
        self.written = False
        self.preserved = False
        """True once its content changes by the run: what is read of it from now on isn't what the run found."""
        self.digest = ""
        self.seen: tuple[tuple[int, str], ...] = ()
        """Processes and manners of opening that are noted; a tuple, as there may be millions of these."""


class Contents:
    """Worker threads that hash and copy, so that a large file holds up nobody but who overwrites it."""

    def __init__(
        self, journal: Journal, objects: str, earlier: KnownDigests, *, copy_limit: int, hash_limit: int
    ) -> None:
        self._journal = journal
        self._objects = objects
        self._earlier = earlier
        self._copy_limit = copy_limit
        self._hash_limit = hash_limit
        self._closing = False
        self._small: list[tuple[str, Known]] = []
        self._jobs: _Queue = queue.SimpleQueue()
        self._urgent: _Queue = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, args=(jobs, nicer), daemon=True)
            for jobs, nicer in ((self._jobs, _NICER),) * _WORKERS + ((self._urgent, 0),)
        ]
        for thread in self._threads:
            thread.start()

    def _work(self, jobs: _Queue, nicer: int) -> None:
        if nicer:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + nicer)
        while (job := jobs.get()) is not None:
            try:
                if not isinstance(job, list):
                    job()
                    continue
            except Exception as error:  # noqa: BLE001 -- a file that can't be hashed must not end the worker
                self._defect(error)
                continue
            for path, known in job:
                try:
                    self._hash_input(path, known)
                except Exception as error:  # noqa: BLE001 -- nor cost the others
                    self._defect(error)
            self._journal.flush()

    def _defect(self, error: Exception) -> None:
        self._journal.gap(None, f"{type(error).__name__}: {error}", "the content of a file is not known")

    def read(self, path: str, known: Known, size: int) -> None:
        """Hash a file that the run reads, some time before it changes; begins with `start`."""
        if size > _SMALL:
            self._jobs.put([(path, known)])
        else:
            self._small.append((path, known))

    def start(self) -> None:
        """Have the small files hashed that were read."""
        if self._small:
            self._jobs.put(self._small)
            self._small = []

    def _hash_input(self, path: str, known: Known) -> None:
        if known.preserved or known.digest:
            return
        try:
            digest = self._known_digest(path, known) or digest_of(path)
        except Unsteady:
            digest = None
        except OSError as error:
            if not self._is_changing(known):
                self._journal.gap(None, f"{path}: {error.strerror}", "the content that the run read is not known")
            return
        if self._is_changing(known):
            # Somebody is changing it, so what was read here may be anything; the copy made before has the digest.
            return
        if digest is None or signature(digest.stat) != known.signature:
            self._journal.gap(None, f"{path} changed while the run read it", "the content that it read is not known")
            return
        known.digest = digest.blake3
        self._found(path, digest, stored=False)

    def _known_digest(self, path: str, known: Known) -> Digest | None:
        """What an earlier run found in the same file with the same times."""
        stat = os.stat(path)
        found = self._earlier.get(stat) if signature(stat) == known.signature else None
        return Digest(found, "", stat) if found is not None else None

    @staticmethod
    def _is_changing(known: Known) -> bool:
        """Asked anew, as the main thread may have said so since."""
        return known.preserved

    def _found(self, path: str, digest: Digest, *, stored: bool) -> None:
        stat = digest.stat
        numbers = f"[{stat.st_dev},{stat.st_ino},{stat.st_size},{stat.st_mtime_ns},{stat.st_ctime_ns}]"
        text = f'"path":{quoted(path)},"blake3":"{digest.blake3}","size":{digest.size},"status":{numbers}'
        self._journal.later("before", None, f'{text},"stored":{"true" if stored else "false"}')

    def preserve(self, path: str, known: Known, *, content_goes: bool, then: Callable[[], None]) -> bool:
        """Keep what a file holds before it changes; True when `then` will be called later, from another thread.

        With `content_goes` the bytes themselves change (opened for writing, truncated), so that the caller has to
        wait unless the file system can clone; else only the name goes, and an open descriptor keeps the bytes.
        """
        known.preserved = True
        if self._closing:
            self._journal.gap(None, f"{path} was changed after the command had ended", "what it held is not known")
            return False
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOATIME * (os.geteuid() == 0))
            size = os.fstat(descriptor).st_size
        except OSError as error:
            self._journal.gap(None, f"{path}: {error.strerror}", "what it held before it changed is not known")
            return False
        if not content_goes:
            self._jobs.put(lambda: self._keep(path, known, descriptor, size, then=None))
            return False
        clone = self._clone(descriptor)
        if clone is not None:
            os.close(descriptor)
            self._jobs.put(lambda: self._install_clone(path, known, *clone))
            return False
        if size > self._hash_limit and not known.digest:
            os.close(descriptor)
            reason = f"{path} has {size} bytes, more than are hashed before it is overwritten"
            self._journal.gap(None, reason, "what it held before it changed is not known")
            return False
        self._urgent.put(lambda: self._keep(path, known, descriptor, size, then))
        return True

    def _keep(self, path: str, known: Known, descriptor: int, size: int, then: Callable[[], None] | None) -> None:
        """Hash, and copy where there is room, in one pass; then the caller goes on, before the disk has it all."""
        copy = self._temporary() if self._objects and size <= self._copy_limit else None
        digest = None
        try:
            if copy is not None or not known.digest:
                digest, copy = self._read_through(path, descriptor, copy)
        except (OSError, Unsteady) as error:
            reason = error.strerror if isinstance(error, OSError) else "it changed meanwhile"
            self._journal.gap(None, f"{path}: {reason}", "what it held before it changed is not known")
        finally:
            os.close(descriptor)
            if then is not None:
                then()
        if digest is not None:
            known.digest = digest.blake3
            stored = copy is not None and self._install(*copy, digest.blake3)
            self._found(path, digest, stored=stored)
        elif copy is not None:
            _discard(*copy)

    def _read_through(
        self, path: str, descriptor: int, copy: tuple[int, str] | None
    ) -> tuple[Digest | None, tuple[int, str] | None]:
        """The digest, and the copy where the disk took it."""
        if copy is not None:
            try:
                return digest_of_descriptor(descriptor, copy_to=copy[0]), copy
            except OSError as error:
                _discard(*copy)
                reason = f"{path} could not be copied ({error.strerror})"
                self._journal.gap(None, reason, "what it held before it changed is not stored")
        return digest_of_descriptor(descriptor), None

    def _clone(self, descriptor: int) -> tuple[int, str] | None:
        """A copy that shares the blocks (Btrfs, XFS); None where the file system has none."""
        copy = self._temporary() if self._objects else None
        if copy is None:
            return None
        try:
            fcntl.ioctl(copy[0], _CLONE, descriptor)
        except OSError:
            _discard(*copy)
            return None
        return copy

    def _install_clone(self, path: str, known: Known, copy: int, name: str) -> None:
        try:
            digest = digest_of_descriptor(copy)
        except (OSError, Unsteady):
            digest = None
        if digest is None:
            _discard(copy, name)
            return
        known.digest = digest.blake3
        stored = self._install(copy, name, digest.blake3)
        self._found(path, digest, stored=stored)

    def _temporary(self) -> tuple[int, str] | None:
        folder = f"{self._objects}/{_UNFINISHED}"
        try:
            os.makedirs(folder, exist_ok=True)
            name = f"{folder}/{os.urandom(8).hex()}"
            return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _READ_ONLY), name
        except OSError as error:
            self._journal.gap(None, f"{folder}: {error.strerror}", "inputs that the run overwrites are not stored")
            return None

    def _install(self, copy: int, name: str, digest: str) -> bool:
        target = f"{self._objects}/{digest[:2]}/{digest[2:]}"
        try:
            os.fsync(copy)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(name, target)
        except OSError as error:
            self._journal.gap(None, f"{target}: {error.strerror}", "an input that the run overwrites is not stored")
            _discard(copy, name)
            return False
        os.close(copy)
        return True

    def finish(self, written: list[tuple[str, Known]], done: Callable[[], None]) -> None:
        """Hash what the run left, then call `done` from a worker; nothing is preserved any more."""
        self._closing = True
        threading.Thread(target=self._close, args=(written, done), daemon=True).start()

    def _close(self, written: list[tuple[str, Known]], done: Callable[[], None]) -> None:
        # What is being preserved ends first: it may add to the other queue, and whether a file was left alone is told
        # by what it held.
        self._urgent.put(None)
        self._threads[-1].join()
        for path, known in written:
            self._jobs.put(lambda path=path, known=known: self._hash_output(path, known))  # type: ignore[misc]
        for _ in range(_WORKERS):
            self._jobs.put(None)
        for thread in self._threads[:_WORKERS]:
            thread.join()
        done()

    def _hash_output(self, path: str, known: Known) -> None:
        left(self._journal, path, known.digest, known.signature)


def left(journal: Journal, path: str, before: str = "", found: int | None = None) -> Digest | None:
    """Write down what is left of a file that was opened for writing."""
    name = quoted(path)
    try:
        stat = os.lstat(path)
        unchanged = found is not None and found == signature(stat)  # opened for writing, never written
        if unchanged and before:
            journal.write("after", None, f'"path":{name},"blake3":"{before}","size":{stat.st_size},"unchanged":true')
            return None
        digest = digest_of(path, sha256=True)
    except FileNotFoundError:
        journal.write("after", None, f'"path":{name},"missing":true')
        return None
    except (OSError, Unsteady) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is still being written"
        journal.gap(None, f"{path}: {reason}", "the content that the run left is not known")
        return None
    if digest is not None:
        text = f'"path":{name},"blake3":"{digest.blake3}","sha256":"{digest.sha256}","size":{digest.size}'
        journal.write("after", None, f'{text},"unchanged":true' if unchanged else text)
    return digest


def _discard(copy: int, name: str) -> None:
    os.close(copy)
    try:
        os.unlink(name)
    except OSError:
        return
