"""What is known of programs that start and of the addresses that they connect to."""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH119, PTH123

from __future__ import annotations

import os
import socket
import stat

from reprocheck.capture.regions import Regions
from reprocheck.capture.supervisor.journal import Journal, quoted
from reprocheck.capture.supervisor.tasks import Process, Task, Tasks, Unreadable

_ARGUMENTS = 64
_FAMILY_SIZE, _INET_SIZE, _INET6_SIZE = 2, 8, 24
"""Bytes that a socket address must have for its family, and for its number."""
_ELSEWHERE = {
    **dict.fromkeys(("docker", "podman", "nerdctl", "ctr", "kubectl"), "starts containers"),
    **dict.fromkeys(("ssh", "srun", "sbatch", "mpirun.hydra", "pdsh", "rsh"), "starts programs elsewhere"),
    **dict.fromkeys(("systemd-run", "at", "batch", "crontab"), "has a service start programs"),
}
_OTHER_LANGUAGES = {"R", "Rscript", "julia", "java", "matlab", "octave", "octave-cli", "scala", "dotnet", "node"}
"""Interpreters of languages that draw random numbers too."""
_VARIABLES = 2048
"""Variables among which the two of the agent are looked for."""
_TAKES_VALUE = ("-W", "-X")
_ENDS_OPTIONS = ("-c", "-m", "-")


class Programs:
    """Writes down executions without their arguments, which may hold credentials."""

    def __init__(
        self, journal: Journal, tasks: Tasks, regions: Regions, *, hidden: tuple[str, ...], no_new_privileges: bool
    ) -> None:
        """`hidden` are folders of ours, each with a slash at its end: the agent's is one."""
        self._journal = journal
        self._tasks = tasks
        self._regions = regions
        self._hidden = hidden
        self._no_new_privileges = no_new_privileges

    def execute(self, task: Task, path: str, vector: int, variables: int, status: os.stat_result) -> None:
        """A program that exists is about to be executed; `vector` and `variables` are addresses of what it is given."""
        process = task.process
        name = os.path.basename(path)
        text = f'"path":{quoted(path)},"parent":{process.parent}'
        if name.startswith(("python", "pypy")):
            text += self._python(task, vector) + self._without_agent(task, variables)
        elif name in _OTHER_LANGUAGES or (not process.foreign and self._regions.inside(path) and _is_compiled(path)):
            text += ',"other":true'
        self._journal.write("execute", process, text)
        if name in _ELSEWHERE:
            reason = f"{name} {_ELSEWHERE[name]}, which are not children of the command"
            self._journal.gap(process, reason, "files that they use are not seen", unseen=True)
        gains = status.st_mode & (stat.S_ISUID | stat.S_ISGID * bool(status.st_mode & stat.S_IXGRP))
        if gains and not (status.st_uid == os.geteuid() == 0):
            if self._no_new_privileges:
                self._journal.gap(
                    process, f"{path} asks for privileges, which watched programs cannot gain", "it may fail"
                )
            else:
                self._journal.gap(process, f"{path} runs with other privileges", "what it does may not be readable")

    def _python(self, task: Task, vector: int) -> str:
        """Options of an interpreter up to its script or module, as JSON fields; code and arguments are left out."""
        options, script = [], ""
        arguments = self._arguments(task, vector)
        index = 1
        while index < len(arguments):
            argument = arguments[index]
            if argument == "-m" and index + 1 < len(arguments):
                options.append(argument)
                script = arguments[index + 1]
                break
            if argument in _ENDS_OPTIONS or argument.startswith("-c"):
                options.append(argument[:2])
                break
            if not argument.startswith("-"):
                script = argument
                break
            options.append(argument[:2] if argument.startswith(_TAKES_VALUE) else argument)
            index += 2 if argument in _TAKES_VALUE else 1
        listed = ",".join(quoted(option) for option in options)
        return f',"python":[{listed}],"script":{quoted(script)}'

    def _without_agent(self, task: Task, variables: int) -> str:
        """Why the agent can't come along, as a JSON field; empty where it can, or where that can't be read."""
        path, told = None, False
        try:
            pointers = self._tasks.read(task, variables, 8 * _VARIABLES)
            for at in range(0, len(pointers) - 7, 8):
                address = int.from_bytes(pointers[at : at + 8], "little")
                if not address:
                    break
                start = self._tasks.read(task, address, 18)
                told = told or start.startswith(b"REPROCHECK_AGENT=")
                if start.startswith(b"PYTHONPATH="):
                    path = self._tasks.text(task, address)[11:]
        except Unreadable:
            return ""
        if told and path is not None:
            found = any(f"{entry}/".startswith(self._hidden) for entry in path.split(os.pathsep))
            return "" if found else ',"without":"PYTHONPATH"'
        return ',"without":"environment"'

    def _arguments(self, task: Task, vector: int) -> list[str]:
        """The first arguments; as many as can be read."""
        found: list[str] = []
        try:
            pointers = self._tasks.read(task, vector, 8 * _ARGUMENTS)
            for at in range(0, len(pointers) - 7, 8):
                address = int.from_bytes(pointers[at : at + 8], "little")
                if not address:
                    break
                found.append(self._tasks.text(task, address))
        except Unreadable:
            # Longer than a path may be: code given with -c, which nobody asks for.
            found.append("-c")
        return found

    def connect(self, process: Process, data: bytes) -> None:
        """A socket address that a process connects to."""
        family = int.from_bytes(data[:2], "little") if len(data) >= _FAMILY_SIZE else 0
        port = int.from_bytes(data[2:4], "big")
        if family == socket.AF_INET and len(data) >= _INET_SIZE:
            address = socket.inet_ntop(socket.AF_INET, data[4:8])
            self._journal.write("connect", process, f'"family":"inet","address":"{address}","port":{port}')
        elif family == socket.AF_INET6 and len(data) >= _INET6_SIZE:
            address = socket.inet_ntop(socket.AF_INET6, data[8:24])
            self._journal.write("connect", process, f'"family":"inet6","address":"{address}","port":{port}')
        elif family == socket.AF_UNIX:
            name = os.fsdecode(data[2:])
            name = f"@{name[1:]}" if name.startswith("\0") else name.split("\0", 1)[0]
            self._journal.write("connect", process, f'"family":"unix","address":{quoted(name)},"port":0')


def _is_compiled(path: str) -> bool:
    """Whether the system executes it as it is, and not by an interpreter."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False
