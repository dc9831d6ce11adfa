"""Calls that read: they are let go on at once, and what they mean is worked out a few dozen at a time.

Between two calls the command does its own work, and with cold caches a note costs three times what it costs in a row.
Whatever changes files settles first what is waiting, so that no order is lost.
"""

# pathlib would double the supervisor's start, and an object per call costs more than the call.

from __future__ import annotations

import errno
import os
import stat
from operator import itemgetter
from time import monotonic_ns

from reprocheck.capture.hashing import signature
from reprocheck.capture.regions import DATA, ENVIRONMENT, Regions
from reprocheck.capture.supervisor.answers import Answers
from reprocheck.capture.supervisor.calls import AT_FDCWD
from reprocheck.capture.supervisor.contents import Contents
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.ledger import Ledger
from reprocheck.capture.supervisor.looks import is_allowed, look_at, status_of
from reprocheck.capture.supervisor.noted import Key, Noted
from reprocheck.capture.supervisor.paths import Paths
from reprocheck.capture.supervisor.quick import IN_FOLDER, POSTED, SHARED_MEMORY, Quick
from reprocheck.capture.supervisor.tasks import MOMENT, SHORT, Process, Task, Tasks

TOGETHER = 64
"""Reads that wait for each other: all that is lost when we are killed."""
_HERE = AT_FDCWD & 0xFFFFFFFF
_SLASH = 47

_Quick = tuple[bytes, int, str, Process, int]
"""A read in a folder of the environment: name, where its last part begins, true folder, who and when."""
_Read = tuple[Process, int, str, os.stat_result | int, Key | None]
"""A call that went on: when, the true path, the status or the number of the error that it found, its key."""


class Reads:
    """Opens without writing, by whatever call."""

    def __init__(
        self,
        *,
        answers: Answers,
        tasks: Tasks,
        paths: Paths,
        ledger: Ledger,
        journal: Journal,
        contents: Contents,
        regions: Regions,
        hidden: tuple[str, ...],
    ) -> None:
        self._answers = answers
        self._tasks = tasks
        self._paths = paths
        self._ledger = ledger
        self._journal = journal
        self._contents = contents
        self._regions = regions
        self._hidden = hidden
        self._noted = Noted(tasks.quick, hidden)
        self._compiled = tasks.quick
        self._quick: list[_Quick] = []
        self._waiting: list[_Read] = []

    @property
    def unsettled(self) -> bool:
        """Whether something went on that isn't written down yet."""
        return bool(self._quick or self._waiting) or (self._compiled is not None and self._compiled.unsettled)

    def quickly(self, identity: int, number: int, folder: int, address: int) -> bool:
        """Nine of ten calls: a thread just seen opens a file of the environment, or one that is noted; False if not so.

        What is skipped is done by others: that the call is still held is seen when it is let go, and a thread seen
        less than a tenth of a second ago is no other one by the same number.
        """
        now = monotonic_ns()
        task = self._tasks.known.get(number)
        if task is None or task.memory < 0 or now - task.seen > MOMENT or task.process.foreign:
            return False
        try:
            data = os.pread(task.memory, SHORT, address)
        except OSError:
            return False
        end = data.find(0)
        if end <= 0:
            return False
        raw = data[:end]
        if raw in self._noted.names:
            return self._answers.go(identity)
        name = raw.rfind(b"/") + 1
        found = self._noted.folder(raw[:name])
        # The empty name and all that begin with a dot may mean a folder.
        if found is None or raw[name : name + 1] in b".":
            return self._is_again(task, now, folder, raw) and self._answers.go(identity)
        if self._answers.go(identity):
            self._quick.append((raw, name, found, task.process, now))
            if len(self._quick) >= TOGETHER:
                self.settle()
        return True

    def _is_again(self, task: Task, now: int, folder: int, raw: bytes) -> bool:
        """Whether a call names a file of the data that is noted."""
        cwd = ""
        if raw[0] != _SLASH:
            if folder & 0xFFFFFFFF != _HERE:
                return False
            try:
                cwd = os.readlink("cwd", dir_fd=task.folder)
            except OSError:
                return False
            task.seen = now
        return self._noted.has((cwd, raw), task.process)

    def opened(self, identity: int, task: Task, cwd: str, folder: int, address: int) -> None:
        """A call that names a file for reading."""
        process = task.process
        raw = self._tasks.name(task, address)
        key = None
        if not process.foreign:
            if raw[:1] == b"/":
                key = "", raw
            elif folder & 0xFFFFFFFF == _HERE:
                key = cwd, raw
            if key is not None and self._noted.has(key, process):
                self._answers.go(identity)
                return
        path = self._paths.named(task, cwd, folder, raw)
        if not path or path.startswith(self._hidden):
            return
        if key is not None and raw[0] == _SLASH:
            self._learn_folder(raw)
        self.read(identity, process, path, key)

    def _learn_folder(self, raw: bytes) -> None:
        folder = raw[: raw.rfind(b"/") + 1]
        if b"/." in folder or b"//" in folder or self._noted.folder(folder) is not None:
            return
        name = os.fsdecode(folder)
        true = self._paths.true(f"{name}x.pyc")
        regions = self._regions
        if (
            not name.startswith(self._hidden)
            and regions.of(regions.behind(f"{name}x.pyc")) == ENVIRONMENT
            and regions.of(regions.behind(true)) == ENVIRONMENT
        ):
            self._noted.learn_folder(folder, true.removesuffix("x.pyc"))

    def read(self, identity: int, process: Process, path: str, key: Key | None = None) -> None:
        """A file is about to be opened for reading, by an absolute path."""
        path, status = look_at(self._paths, process, path)
        # What is looked at later may have gone by then; hashing and writing down needs nobody to wait.
        if self._answers.go(identity):
            self._waiting.append((process, monotonic_ns(), path, status, key))
            if len(self._waiting) >= TOGETHER:
                self.settle()

    def forget(self) -> None:
        """Any name may mean another file or folder from now on."""
        self._noted.forget()

    def forget_file(self, path: str) -> None:
        """The file goes, and another may come to its name, even with its inode."""
        self._noted.forget_file(path)

    def settle(self) -> None:
        """Work out what went on, and write it down."""
        quick, self._quick = self._quick, []
        waiting, self._waiting = self._waiting, []
        if self._compiled is not None:
            self._drain(self._compiled, quick, waiting)
        for raw, name, folder, process, time in quick:
            if raw not in self._noted.names:
                try:
                    self._settle_quick(raw, folder + os.fsdecode(raw[name:]), process, time)
                except Exception as error:  # noqa: BLE001 -- one file must not cost the others
                    self._defect(error)
        for read in waiting:
            try:
                self._settle(read)
            except Exception as error:  # noqa: BLE001 -- likewise
                self._defect(error)
        self._contents.start()
        self._journal.flush()

    def _drain(self, compiled: Quick, quick: list[_Quick], waiting: list[_Read]) -> None:
        """What the compiled part let go on."""
        for time, number, what, name, status in compiled.drain():
            if what == POSTED:
                try:
                    self._take_post(number, time, name, waiting)
                except Exception as error:  # noqa: BLE001 -- one file must not cost the others
                    self._defect(error)
                continue
            process = self._tasks.numbered[number]
            if what == SHARED_MEMORY:
                self._ledger.shared_memory(process, os.fsdecode(name), time)
            elif what == IN_FOLDER:
                last = name.rfind(b"/") + 1
                folder = self._noted.folder(name[:last]) or os.fsdecode(name[:last])
                quick.append((name, last, folder, process, time))
            else:
                cwd, _, raw = name.partition(b"\0")
                path = os.fsdecode(cwd + b"/" + raw if cwd else raw)
                found = os.stat_result((*status[:10], 0.0, 0.0, 0.0, *status[10:]))
                waiting.append((process, time, path, found, (os.fsdecode(cwd), raw)))
        # Of many processes that read a file the first ones are noted.
        waiting.sort(key=itemgetter(1))

    def _take_post(self, number: int, time: int, name: bytes, waiting: list[_Read]) -> None:
        """What a process posted: it was opened without asking, or could not be opened."""
        process = self._tasks.processes.get(number) or self._tasks.look(number)[0].process
        folder, _, raw = name.partition(b"\0")
        key = os.fsdecode(folder), raw
        if self._noted.has(key, process):
            return
        path = self._paths.posted(process, os.fsdecode(folder + b"/" + raw if folder else raw))
        if path.startswith(self._hidden):
            return
        if not folder:
            self._learn_folder(raw)
        path, status = look_at(self._paths, process, path)
        waiting.append((process, time, path, status, key))

    def _defect(self, error: Exception) -> None:
        reason = f"{type(error).__name__} in the supervisor: {error}"
        self._ledger.gap(None, reason, "a file that was read is not known")

    def _settle_quick(self, raw: bytes, path: str, process: Process, time: int) -> None:
        """A file in a folder of the environment."""
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            # A search along a path of libraries; nobody asks what wasn't there.
            return
        except OSError:
            mode = 0
        if stat.S_ISREG(mode) and mode & stat.S_IROTH:
            self._noted.learn_name(raw)
            self._journal.later("open", process, f'"path":{quoted(self._regions.behind(path))},"how":"r"', time)
        else:
            path, status = look_at(self._paths, process, os.fsdecode(raw))
            self._settle((process, time, path, status, ("", raw)))

    def _settle(self, read: _Read) -> None:
        process, time, path, status, key = read
        source = self._regions.behind(path)
        # A link in an environment may lead to data: models in a cache, editable installs.
        if self._regions.of(source) != DATA:
            self._settle_environment(process, time, source, status, key)
        elif isinstance(status, int):
            self._ledger.failed(process, path, status, time)
        elif not stat.S_ISREG(status.st_mode):
            kind = "directory" if stat.S_ISDIR(status.st_mode) else "device"
            self._ledger.note(process, path, "r", f',"kind":"{kind}"', self._ledger.known(path), time)
        elif not is_allowed(status, os.R_OK, path):
            self._ledger.failed(process, path, errno.EACCES, time)
        elif source == path or not self._credit_source(process, source, time):
            self._settle_data(process, time, path, status, key)

    def _settle_environment(
        self, process: Process, time: int, path: str, status: os.stat_result | int, key: Key | None
    ) -> None:
        """A file of the environment: noted once, whoever opens it."""
        if isinstance(status, int) or not is_allowed(status, os.R_OK, path):
            return
        raw = key[1] if key is not None and key[1][0] == _SLASH else os.fsencode(path)
        if raw in self._noted.names:
            return
        self._noted.learn_name(raw)
        kind = ',"kind":"directory"' if stat.S_ISDIR(status.st_mode) else ""
        self._journal.later("open", process, f'"path":{quoted(path)},"how":"r"{kind}', time)

    def _settle_data(self, process: Process, time: int, path: str, status: os.stat_result, key: Key | None) -> None:
        known = self._ledger.known(path)
        if not known.read and not known.created:
            known.read = True
            folder, bytecode, name = path.rpartition("/__pycache__/")
            credited = bytecode and self._credit_source(process, f"{folder}/{name.partition('.')[0]}.py", time)
            if not known.preserved and not credited:
                known.signature = signature(status)
                if not process.foreign:
                    self._contents.read(path, known, status.st_size)
        self._ledger.note(process, path, "r", f',"size":{status.st_size},"inode":{status.st_ino}', known, time)
        if key is not None:
            everybody = self._ledger.is_full(known)
            self._noted.learn_file(process, path, key, status.st_ino, everybody=everybody)

    def _credit_source(self, process: Process, source: str, time: int) -> bool:
        """Whoever imports from bytecode uses its source, which the interpreter only asks the time of."""
        status = status_of(process, source, follow=True)
        if status is None:
            return False
        known = self._ledger.known(source)
        if not known.read and not known.created and not known.preserved:
            known.read = True
            known.signature = signature(status)
            self._contents.read(source, known, status.st_size)
        more = f',"size":{status.st_size},"inode":{status.st_ino},"bytecode":true'
        self._ledger.note(process, source, "r", more, known, time)
        return True
