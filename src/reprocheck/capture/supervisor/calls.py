"""Numbers of the watched system calls on both architectures, and where their arguments stand.

Source: Linux `arch/x86/entry/syscalls/syscall_64.tbl`, `include/uapi/asm-generic/unistd.h` and
`include/uapi/linux/audit.h`. The numbers for aarch64 are untested: no such machine was at hand.
"""

from __future__ import annotations

import sys

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
RENAME_EXCHANGE = 2
NEW_LISTENER = 8
"""The flag of seccomp(2) that asks for a listener; a task can have only one."""
X32_BIT = 0x40000000
"""Set in the numbers of calls of x32 programs, which otherwise look like those of x86-64."""

_X86_64 = {
    "open": 2,
    "openat": 257,
    "openat2": 437,
    "creat": 85,
    "open_by_handle_at": 304,
    "rename": 82,
    "renameat": 264,
    "renameat2": 316,
    "unlink": 87,
    "unlinkat": 263,
    "link": 86,
    "linkat": 265,
    "symlink": 88,
    "symlinkat": 266,
    "truncate": 76,
    "mkdir": 83,
    "mkdirat": 258,
    "rmdir": 84,
    "chdir": 80,
    "execve": 59,
    "execveat": 322,
    "connect": 42,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "seccomp": 317,
    "chroot": 161,
    "pivot_root": 155,
    "mount": 165,
    "unshare": 272,
    "setns": 308,
}
_AARCH64 = {
    "openat": 56,
    "openat2": 437,
    "open_by_handle_at": 265,
    "renameat": 38,
    "renameat2": 276,
    "unlinkat": 35,
    "linkat": 37,
    "symlinkat": 36,
    "truncate": 45,
    "mkdirat": 34,
    "chdir": 49,
    "execve": 221,
    "execveat": 281,
    "connect": 203,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "seccomp": 277,
    "chroot": 51,
    "pivot_root": 41,
    "mount": 40,
    "unshare": 97,
    "setns": 268,
}


class Machine:
    """What the kernel of one architecture calls things."""

    __slots__ = ("calls", "directory", "foreign", "machine", "natives", "process_vm_readv", "seccomp")

    def __init__(
        self, machine: int, calls: dict[str, int], foreign: tuple[int, tuple[int, ...]], readv: int, directory: int
    ) -> None:
        self.machine = machine
        """`AUDIT_ARCH_*` of native programs."""
        self.calls = calls
        """Number of each watched call."""
        self.natives = {number: name for name, number in calls.items()}
        self.foreign = foreign
        """`AUDIT_ARCH_*` of 32-bit programs, and their numbers for opening and executing."""
        self.process_vm_readv = readv
        self.seccomp = calls["seccomp"]
        self.directory = directory
        """`O_DIRECTORY`, which differs between architectures."""


def machine_of(name: str) -> Machine | None:
    """The tables for a machine as `os.uname` names it; None where there are none."""
    if sys.byteorder != "little" or sys.maxsize < 1 << 32:
        return None
    match name:
        case "x86_64":
            # i386: open, creat, execve, openat.
            return Machine(0xC000003E, _X86_64, (0x40000003, (5, 8, 11, 295)), readv=310, directory=0o200000)
        case "aarch64":
            # 32-bit ARM: open, creat, execve, openat.
            return Machine(0xC00000B7, _AARCH64, (0x40000028, (5, 8, 11, 322)), readv=270, directory=0o40000)
    return None
