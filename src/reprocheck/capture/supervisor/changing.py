"""Calls that change files: what a file held is kept before they go on, and names are followed."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH112, PTH120

from __future__ import annotations

import errno
import os
import stat

from reprocheck.capture.hashing import signature
from reprocheck.capture.regions import DATA, SHARED_MEMORY, Regions
from reprocheck.capture.supervisor.answers import Answers
from reprocheck.capture.supervisor.calls import RENAME_EXCHANGE
from reprocheck.capture.supervisor.contents import Contents, Known
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.ledger import Ledger
from reprocheck.capture.supervisor.looks import can_make, is_allowed, look_at, status_of
from reprocheck.capture.supervisor.paths import Paths
from reprocheck.capture.supervisor.reading import Reads
from reprocheck.capture.supervisor.tasks import Process

CREATE, TRUNCATE = 0o100, 0o1000
_EXCLUSIVE, _APPEND, _TEMPORARY = 0o200, 0o2000, 0o20000000


class Changes:
    """Opens for writing, renames, links, removals."""

    def __init__(
        self,
        *,
        answers: Answers,
        paths: Paths,
        ledger: Ledger,
        reads: Reads,
        journal: Journal,
        contents: Contents,
        regions: Regions,
    ) -> None:
        self._answers = answers
        self._paths = paths
        self._ledger = ledger
        self._reads = reads
        self._journal = journal
        self._contents = contents
        self._regions = regions

    def forget(self) -> None:
        """Links or folders may have changed."""
        self._paths.forget()
        self._reads.forget()

    def in_shared_memory(self, process: Process, path: str) -> bool:
        """Whether it is a segment of shared memory, or a name for one that may be made, and is noted as such.

        Loaders make and remove some for every batch. They hold nothing of the data's own and no name leads through
        them, so that nothing has to be settled first.
        """
        folder, _, name = path.rpartition("/")
        if process.foreign or not name or f"{folder}/" != SHARED_MEMORY:
            return False
        try:
            segment = stat.S_ISREG(os.lstat(path).st_mode)
        except OSError as error:
            segment = error.errno == errno.ENOENT
        if segment:
            self._ledger.shared_memory(process, path)
        return segment

    def writes(self, identity: int, process: Process, path: str, flags: int) -> None:
        """A file is about to be opened for writing, or made."""
        region = self._regions.of(path)
        path, status = look_at(self._paths, process, path)
        existed = not isinstance(status, int)
        if isinstance(status, int):
            makes = status == errno.ENOENT and flags & CREATE
            if not makes or not can_make(process, path):
                known_folder = makes and os.path.isdir(os.path.dirname(path))
                self._ledger.failed(process, path, errno.EACCES if known_folder else status)
                return
        elif not stat.S_ISREG(status.st_mode):
            if flags & _TEMPORARY != _TEMPORARY:
                self._ledger.note(process, path, "w", ',"kind":"device"', self._ledger.known(path))
            return
        elif flags & _EXCLUSIVE and flags & CREATE:
            self._ledger.failed(process, path, errno.EEXIST)
            return
        elif not is_allowed(status, (os.R_OK, os.W_OK, os.R_OK | os.W_OK, 0)[flags & 3], path):
            self._ledger.failed(process, path, errno.EACCES)
            return
        known = self._ledger.known(path)
        mode = ("r", "w", "rw", "w")[flags & 3]
        truncates = bool(flags & TRUNCATE)
        changes = bool(flags & 3) or truncates or not existed
        how = mode + "a" * bool(flags & _APPEND) + "t" * truncates + "c" * (not existed)
        more = f',"existed":{"true" if existed else "false"}'
        if isinstance(status, os.stat_result):
            more += f',"size":{status.st_size},"inode":{status.st_ino}'
            self._before_change(identity, path, known, status, asks=not truncates, region=region, process=process)
        else:
            known.created = True
        if not changes:
            known.read = True
        self._ledger.note(process, path, how, more, known)
        known.written = known.written or changes

    def _before_change(
        self,
        identity: int,
        path: str,
        known: Known,
        status: os.stat_result,
        *,
        asks: bool,
        region: str,
        process: Process,
        content_goes: bool = True,
    ) -> None:
        """Keep what a file holds, if the run read it or may yet (`asks`) and it isn't the run's own work."""
        if known.created or known.preserved or process.foreign or region != DATA:
            return
        if known.signature is None:
            known.signature = signature(status)
        if not known.read and not asks:
            known.created = True
            return
        if not status.st_size:
            known.preserved = True
            return
        answers = self._answers
        answers.hold(identity)
        if self._contents.preserve(path, known, content_goes=content_goes, then=lambda: answers.release(identity)):
            answers.keep_waiting(identity)
        else:
            answers.drop(identity)

    def rename(self, identity: int, process: Process, old: str, new: str, flags: int) -> None:
        """A name moves, or two change places."""
        old, new = (name if process.foreign else self._paths.true(name) for name in (old, new))
        status = status_of(process, old)
        if status is None:
            self._ledger.failed(process, old, errno.ENOENT)
            return
        there = status_of(process, new)
        exchanges = bool(flags & RENAME_EXCHANGE)
        if there is not None and stat.S_ISREG(there.st_mode) and not exchanges:
            known = self._ledger.known(new)
            region = self._regions.of(new)
            self._before_change(
                identity, new, known, there, asks=False, region=region, process=process, content_goes=False
            )
        folder = stat.S_ISDIR(status.st_mode)
        kind = ',"kind":"directory"' if folder else ""
        existed = "true" if there is not None else "false"
        swap = ',"exchanged":true' if exchanges else ""
        text = f'"path":{quoted(old)},"to":{quoted(new)},"existed":{existed}{kind}{swap}'
        self._journal.later("rename", process, text)
        for name, found in ((old, status), (new, there)):
            if found is not None:
                self._goes(process, name, found)
        if folder or exchanges:
            self.forget()
        self._move(old, new, folder=folder, exchanges=exchanges)

    def _move(self, old: str, new: str, *, folder: bool, exchanges: bool) -> None:
        """What is known goes with the name; the file that lay there before is no more."""
        moved = [old]
        if folder:
            moved += [path for path in self._ledger.files if path.startswith(old + "/")]
        for path in moved:
            known = self._ledger.files.pop(path, None) or Known()
            goal = new + path[len(old) :]
            other = (self._ledger.files.get(goal) or Known()) if exchanges else None
            known.seen = ()
            known.written = True
            if not known.created:
                # Not the run's own work: a new name for what was there.
                known.signature = None
            self._ledger.files[goal] = known
            self._reads.forget_file(goal)
            if other is not None:
                other.written = True
                self._ledger.files[path] = other

    def unlink(self, identity: int, process: Process, path: str) -> None:
        """A name goes."""
        path = path if process.foreign else self._paths.true(path)
        status = status_of(process, path)
        if status is None:
            return
        if stat.S_ISDIR(status.st_mode):
            self._journal.later("rmdir", process, f'"path":{quoted(path)}')
            return
        kind = ""
        self._goes(process, path, status)
        if stat.S_ISREG(status.st_mode):
            known = self._ledger.known(path)
            self._before_change(
                identity,
                path,
                known,
                status,
                asks=False,
                region=self._regions.of(path),
                process=process,
                content_goes=False,
            )
            known.seen = ()
            known.created = True
            known.written = True
        elif not stat.S_ISLNK(status.st_mode):
            kind = ',"kind":"device"'
        self._journal.later("unlink", process, f'"path":{quoted(path)}{kind}')

    def make_folder(self, process: Process, path: str) -> None:
        """A folder is made, where nothing was."""
        path = path if process.foreign else self._paths.true(path)
        if status_of(process, path) is None and can_make(process, path):
            self._reads.settle()
            self._journal.later("mkdir", process, f'"path":{quoted(path)}')

    def _goes(self, process: Process, path: str, status: os.stat_result) -> None:
        """A name will stand for nothing, or for something else."""
        if process.foreign or stat.S_ISLNK(status.st_mode):
            # Which of our names it is can't be told; what a link led to has names of its own.
            self.forget()
        else:
            self._reads.forget_file(path)

    def link(self, process: Process, old: str, new: str) -> None:
        """A file gets a second name."""
        new = new if process.foreign else self._paths.true(new)
        if status_of(process, new) is not None:
            self._ledger.failed(process, new, errno.EEXIST)
            return
        known = self._ledger.known(new)
        known.created = known.written = True
        self._journal.later("link", process, f'"path":{quoted(new)},"from":{quoted(old)}')

    def symlink(self, process: Process, path: str, points_to: str) -> None:
        """A symbolic link is made."""
        path = path if process.foreign else self._paths.true(path)
        self.forget()
        self._journal.later("symlink", process, f'"path":{quoted(path)},"target":{quoted(points_to)}')

    def truncate(self, identity: int, process: Process, path: str) -> None:
        """A file is cut, or lengthened, without being opened."""
        path, status = look_at(self._paths, process, path)
        if isinstance(status, int) or not stat.S_ISREG(status.st_mode):
            return
        known, region = self._ledger.known(path), self._regions.of(path)
        self._before_change(identity, path, known, status, asks=True, region=region, process=process)
        known.written = True
        more = f',"existed":true,"size":{status.st_size},"inode":{status.st_ino}'
        self._ledger.note(process, path, "rw", more, known)
