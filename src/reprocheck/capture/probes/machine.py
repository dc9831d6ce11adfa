"""System, processor, memory, limits and locale: from files of the kernel, without starting anything."""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from collections.abc import Mapping
from pathlib import Path

from reprocheck.model.record import Gap, Locale, Memory, OperatingSystem, Processor

_LIMITS = ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS", "STACK")
_ZONEINFO = re.compile(r".*/zoneinfo/(.+)")
_KIB = 1024
_PROC, _CGROUP, _ETC = Path("/proc"), Path("/sys/fs/cgroup"), Path("/etc")


def operating_system(etc: Path = _ETC) -> OperatingSystem:
    """Distribution, kernel, architecture, C library."""
    release = _pairs(etc / "os-release", "=")
    name = release.get("PRETTY_NAME", release.get("NAME", "")).strip('"')
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        libc = " ".join(platform.libc_ver()).strip()
    system = os.uname()
    return OperatingSystem(name=name or system.sysname, kernel=system.release, machine=system.machine, libc=libc)


def processor(proc: Path = _PROC, cgroup: Path = _CGROUP) -> tuple[Processor | None, tuple[Gap, ...]]:
    """The processor as the kernel describes its first core."""
    try:
        text = (proc / "cpuinfo").read_text("utf-8", "replace")
    except OSError as error:
        reason = f"/proc/cpuinfo can't be read: {error.strerror}"
        return None, (Gap("environment.processor", reason, "Instruction sets of the machine are not known"),)
    first = _parse_pairs(text.split("\n\n", 1)[0], ":")
    flags = first.get("flags") or first.get("Features") or ""
    model = first.get("model name") or " ".join(
        f"{key} {first[key]}" for key in ("CPU implementer", "CPU part", "CPU variant", "CPU revision") if key in first
    )
    return (
        Processor(
            model=model or "unknown",
            vendor=first.get("vendor_id", ""),
            flags=tuple(sorted(set(flags.split()))),
            microcode=first.get("microcode", ""),
            logical=os.cpu_count() or 0,
            usable=len(os.sched_getaffinity(0)),
            quota=_cpu_quota(proc, cgroup),
        ),
        (),
    )


def memory(proc: Path = _PROC, cgroup: Path = _CGROUP) -> tuple[Memory | None, tuple[Gap, ...]]:
    """Memory of the machine and what the control group leaves of it."""
    pairs = _pairs(proc / "meminfo", ":")

    def size(name: str) -> int:
        words = pairs.get(name, "0").split()
        return int(words[0]) * _KIB if words and words[0].isdigit() else 0

    if not size("MemTotal"):
        return None, (Gap("environment.memory", "/proc/meminfo says nothing", "The size of the memory is not known"),)
    return (
        Memory(
            total=size("MemTotal"),
            available=size("MemAvailable"),
            swap=size("SwapTotal"),
            limit=_memory_limit(proc, cgroup, size("MemTotal")),
        ),
        (),
    )


def limits() -> dict[str, str]:
    """Soft limits of this process, which the command inherits."""
    found = {}
    for name in _LIMITS:
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is not None:
            soft, _ = resource.getrlimit(number)
            found[name.lower()] = "unlimited" if soft == resource.RLIM_INFINITY else str(soft)
    return found


def umask(proc: Path = _PROC) -> str:
    """The file mode creation mask in octal; empty where the kernel doesn't say it."""
    return _pairs(proc / "self" / "status", ":").get("Umask", "")


def locale_of(environment: Mapping[str, str], etc: Path = _ETC) -> Locale:
    """Language and zone that the command was started with."""
    language = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "C")
    return Locale(
        language=language,
        encoding=language.partition(".")[2].partition("@")[0],
        timezone=environment.get("TZ") or _system_zone(etc),
        utc_offset=time.localtime().tm_gmtoff,
    )


def _system_zone(etc: Path) -> str:
    try:
        match = _ZONEINFO.match(str((etc / "localtime").readlink()))
        if match:
            return match[1]
    except OSError:
        pass  # not a link, or not there: the name may stand in the other file
    try:
        return (etc / "timezone").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _groups(proc: Path, cgroup: Path, controller: str) -> list[Path]:
    """Folders of the control groups that bound this process, the innermost first; of version 2 or of version 1."""
    try:
        lines = (proc / "self" / "cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            base = cgroup
        elif controller in controllers.split(","):
            base = cgroup / controller
        else:
            continue
        inner = base / path.strip("/")
        folders = [inner, *inner.parents] if inner.is_dir() else [base]
        return [folder for folder in folders if folder.is_relative_to(base)]
    return []


def _cpu_quota(proc: Path, cgroup: Path) -> float | None:
    """The smallest share of processors that a group grants."""
    shares = []
    for folder in _groups(proc, cgroup, "cpu"):
        words = _word(folder / "cpu.max").split()
        if not words:
            words = [_word(folder / "cpu.cfs_quota_us"), _word(folder / "cpu.cfs_period_us")]
        if len(words) > 1 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            shares.append(int(words[0]) / int(words[1]))
    return min(shares, default=None)


def _memory_limit(proc: Path, cgroup: Path, total: int) -> int | None:
    """The smallest limit of a group that is below what the machine has."""
    found = []
    for folder in _groups(proc, cgroup, "memory"):
        word = _word(folder / "memory.max") or _word(folder / "memory.limit_in_bytes")
        if word.isdigit() and int(word) < total:
            found.append(int(word))
    return min(found, default=None)


def _word(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _pairs(path: Path, separator: str) -> dict[str, str]:
    try:
        return _parse_pairs(path.read_text("utf-8", "replace"), separator)
    except OSError:
        return {}


def _parse_pairs(text: str, separator: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        name, found, value = line.partition(separator)
        if found:
            pairs.setdefault(name.strip(), value.strip())
    return pairs
