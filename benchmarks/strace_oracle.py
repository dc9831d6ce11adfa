"""Holds what the supervisor saw of a command against what `strace -f` saw of the very same run.

    python benchmarks/strace_oracle.py [--keep FOLDER] [--all] -- COMMAND...

The launcher runs under strace, so both watch the same processes; strace's lines about launcher and supervisor are left
out. The agent is in the command's Python processes, as in a run. For each kind of use the two sets of paths are
compared. Exit code 1 when any differ.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from reprocheck.capture.injection import SITE
from reprocheck.capture.regions import DATA, SHARED_MEMORY, Regions

_CALLS = (
    "open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,truncate,link,linkat,symlink,symlinkat,"
    "execve,execveat,clone,clone3,fork,vfork"
)
_LAUNCH = """
import os, sys
from pathlib import Path
from reprocheck.capture.injection import SITE, AgentOptions, agent_environment
from reprocheck.capture.launch import LaunchOptions, launch
journal = Path(sys.argv[1])
environment = agent_environment(os.environ, journal=journal, options=AgentOptions(root=Path.cwd()))
options = LaunchOptions(hidden=(SITE.parent,))
ended = launch(sys.argv[2:], cwd=Path.cwd(), environment=environment, journal=journal, objects=None, options=options)
(journal / "pid").write_text(str(ended.pid))
sys.exit(ended.exit_code)
"""
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += +(-?\d+|\?)(?:<(.*?)>(?= |$))?(.*)$")
_UNFINISHED = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_AT = re.compile(r'(?:(?:AT_FDCWD|-?\d+)<((?:[^<>"\\]|\\.)*)>, )?"((?:[^"\\]|\\.)*)"')
_CWD = re.compile(r"AT_FDCWD<(.*?)>")
_OLD = frozenset(("open", "creat", "rename", "unlink", "link", "symlink", "truncate", "execve"))
_LEGACY = re.compile(r'(?:^|(?<=, ))"((?:[^"\\]|\\.)*)"')
_PROCESS = re.compile(r"^/proc/\d+(?:/task/\d+)?")
_BOARD = re.compile(r"/proc/N/fd/\d+")
_KINDS = ("read", "written", "listed", "failed", "renamed", "removed", "linked", "executed")

Seen = dict[str, set[str]]


def main() -> int:
    """Run one command under both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder for the logs of both")
    parser.add_argument("--name", default="", help="name in the printed row")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "files.jsonl").unlink(missing_ok=True)
        code = _run(options.command, folder)
        own = (str(folder), str(SITE.parent))
        strace = _without(_by_strace(folder / "strace.log", int((folder / "pid").read_text())), own)
        ours = _without(_by_supervisor(folder / "files.jsonl"), own)
    return _report(options.name or options.command[0], code, strace, ours)


def _run(command: list[str], folder: Path) -> int:
    log = folder / "strace.log"
    strace = ["strace", "-f", "-y", "-s", "4096", "-o", str(log), "-e", f"trace={_CALLS}", "-e", "signal=none"]
    return subprocess.run(
        [*strace, sys.executable, "-c", _LAUNCH, str(folder), *command], check=False, stdout=sys.stderr
    ).returncode


def _joined(log: Path) -> Iterator[tuple[int, str, str, int | None, str, str]]:
    """Calls with both of their halves: thread, call, arguments, result, path of the result, error."""
    halves: dict[int, str] = {}
    with log.open(errors="surrogateescape") as file:
        for raw in file:
            line = raw.rstrip("\n")
            if found := _UNFINISHED.match(line):
                halves[int(found[1])] = f"{found[1]} {found[2]}({found[3]}"
                continue
            if found := _RESUMED.match(line):
                line = halves.pop(int(found[1]), "") + found[3]
            if found := _LINE.match(line):
                result = None if found[4] == "?" else int(found[4])
                yield int(found[1]), found[2], found[3], result, found[5] or "", found[6]


def _by_strace(log: Path, command: int) -> Seen:
    calls = list(_joined(log))
    tree = {command}
    for thread, call, _, result, _, _ in calls:
        if call in {"clone", "clone3", "fork", "vfork"} and thread in tree and result is not None and result > 0:
            tree.add(result)
    # A child's first lines may stand before the line of the clone that made it, which a second pass mends.
    seen: Seen = defaultdict(set)
    folders: dict[int, str] = {}
    for thread, call, arguments, result, path, error in calls:
        if found := _CWD.search(arguments):
            folders[thread] = found[1]
        if thread in tree and result is not None:
            cwd = folders.get(thread) or next(iter(folders.values()))
            _count(
                seen,
                call,
                _LEGACY.sub(rf'AT_FDCWD<{cwd}>, "\1"', arguments) if call in _OLD else arguments,
                result,
                path,
                error,
            )
    # The board, of which the supervisor need not be told.
    seen["written"] = {path for path in seen["written"] if not _BOARD.fullmatch(path)}
    return seen


def _without(seen: Seen, own: tuple[str, ...]) -> Seen:
    """What isn't the journal's or the agent's."""
    return defaultdict(
        set, {kind: {path for path in paths if not any(part in path for part in own)} for kind, paths in seen.items()}
    )


def _count(seen: Seen, call: str, arguments: str, result: int, path: str, error: str) -> None:
    names = [_full(folder, name) for folder, name in _AT.findall(arguments)]
    match call:
        case "open" | "openat" | "openat2" | "creat":
            if "O_PATH" in arguments:
                return
            if result < 0:
                seen["failed"].add(names[0])
                return
            true = _plain(path or names[0])
            writes = re.search("O_WRONLY|O_RDWR|O_TRUNC", arguments) is not None or call == "creat"
            seen["written" if writes else "opened"].add(true)
        case "rename" | "renameat" | "renameat2" if result == 0:
            seen["renamed"].add(f"{names[0]} -> {names[1]}")
        case "unlink" | "unlinkat" if result == 0 and "AT_REMOVEDIR" not in arguments:
            seen["removed"].add(names[0])
        case "link" | "linkat" | "symlink" | "symlinkat" if result == 0:
            seen["linked"].add(names[-1])
        case "truncate" if result == 0:
            seen["written"].add(names[0])
        case "execve" | "execveat" if result == 0:
            seen["executed"].add(names[0])
        case "rename" | "renameat" | "renameat2" | "link" | "linkat" if error:
            seen["refused"].update(names)


def _full(folder: str, name: str) -> str:
    name = re.sub(r"\\([0-7]{1,3}|.)", _unescaped, name)
    return _plain(name if name.startswith("/") else f"{folder}/{name}")


def _unescaped(found: re.Match[str]) -> str:
    text = found[1]
    if text[0] in "01234567":
        return bytes([int(text, 8)]).decode("utf-8", "surrogateescape")
    return {"n": "\n", "t": "\t"}.get(text, text)


def _plain(path: str) -> str:
    path = path.removesuffix(" (deleted)").removesuffix("(deleted)")
    if path == "/proc/mounts":
        return "/proc/N/mounts"
    if path.startswith(("/proc/self", "/proc/thread-self")):
        return "/proc/N/" + path.split("/", 3)[-1]
    if path.startswith("/proc/"):
        return _PROCESS.sub("/proc/N", path)
    folder, _, name = path.rpartition("/")
    return os.path.normpath(f"{os.path.realpath(folder or '/')}/{name}")


def _by_supervisor(journal: Path) -> Seen:
    seen: Seen = defaultdict(set)
    with journal.open() as file:
        for line in file:
            event = json.loads(line)
            path = _plain(event["path"]) if "path" in event else ""
            match event["event"]:
                case "open" if event.get("bytecode"):
                    pass
                case "open":
                    how = event["how"]
                    seen["written" if how.startswith(("w", "rw")) else "opened"].add(path)
                case "failed":
                    seen["failed"].add(path)
                case "rename":
                    seen["renamed"].add(f"{path} -> {_plain(event['to'])}")
                case "unlink":
                    seen["removed"].add(path)
                case "link" | "symlink":
                    seen["linked"].add(path)
                case "execute":
                    seen["executed"].add(path)
                case "environment":
                    seen["prefixes"].add(event["prefix"])
                case "gap":
                    print("gap:", event["reason"], file=sys.stderr)
    return seen


def _report(name: str, code: int, strace: Seen, ours: Seen) -> int:
    """One row of a table; the differences go to standard error."""
    for seen in (strace, ours):
        # A link in the environment that was followed by one and not by the other is the same file.
        for kind in ("opened", "written"):
            seen[kind] = {os.path.realpath(path) if not path.startswith("/proc/") else path for path in seen[kind]}
    for seen in (strace, ours):
        # Whether a terminal can be had is the kernel's secret until it is asked for.
        for kind in ("written", "failed", "opened"):
            seen[kind].discard("/dev/tty")
    for seen in (strace, ours):
        # A segment of shared memory is noted once, whatever is done with it.
        for kind in ("removed", "linked"):
            shared = {path for path in seen[kind] if path.startswith(SHARED_MEMORY)}
            seen[kind] -= shared
            seen["written"] |= shared
    # What libraries were looked for in vain is no part of the record.
    regions = Regions(str(Path.cwd()), ours.pop("prefixes", set()))
    for seen in (strace, ours):
        seen["failed"] = {path for path in seen["failed"] if regions.of(path) == DATA}
    ours["failed"] -= strace.get("refused", set())
    differ = 0
    cells = []
    for kind in ("opened", "written", "failed", "renamed", "removed", "linked", "executed"):
        missed = strace.get(kind, set()) - ours.get(kind, set())
        added = ours.get(kind, set()) - strace.get(kind, set())
        differ += len(missed) + len(added)
        cells.append(
            str(len(strace.get(kind, set()))) + (f" (-{len(missed)} +{len(added)})" if missed or added else "")
        )
        for sign, paths in (("missed", missed), ("added", added)):
            for path in sorted(paths)[:20]:
                print(f"{sign} {kind}: {path}", file=sys.stderr)
    print(f"| {name} | {code} | " + " | ".join(cells) + f" | {differ or 'equal'} |")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
