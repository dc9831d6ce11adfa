"""Doors to the kernel that Python has none of its own to: seccomp, its notifications, another process's memory.

Source: Linux `include/uapi/linux/seccomp.h`, `include/uapi/linux/filter.h`, seccomp(2), seccomp_unotify(2).
"""

# pathlib would double the supervisor's start, and an object per call costs more than the call.
# ruff: noqa: PTH115

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct

from reprocheck.capture.supervisor.calls import NEW_LISTENER, X32_BIT, Machine

NOTIFICATION = struct.Struct("=QIIiIQ6Q")
"""Identity, thread, flags, call, architecture, instruction pointer, six arguments."""
_ZEROS = bytes(NOTIFICATION.size)
_ANSWER = struct.Struct("=QqiI")
_CONTINUE = 1
_RECEIVE = 0xC0502100
_SEND = 0xC0182101
_VALID = 0x80082102
"""With the direction that Linux 5.5 had wrong; later ones take it too."""
_SYNC_WAKE_UP = 0x40082104
_MODE_FILTER = 1
_GET_SIZES = 3
_WAIT_KILLABLE = 32
_SPECULATION = 4
"""Keeps the processor's speculation as it was: before Linux 5.16 a filter turned some of it off."""
_NO_NEW_PRIVILEGES = 38
_SUBREAPER = 36
_LOAD, _EQUAL, _SET, _AND, _RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
_NUMBER_AT, _MACHINE_AT, _SECOND_ARGUMENT_AT, _FIFTH_ARGUMENT_AT = 0, 4, 24, 48
_NOTIFY, _ALLOW = 0x7FC00000, 0x7FFF0000
LARGEST_HANDLE = 128
"""Bytes of `struct file_handle` behind its head."""
_OLDEST_KERNEL = (5, 5)
"""The first with `SECCOMP_USER_NOTIF_FLAG_CONTINUE`."""

_libc = ctypes.CDLL(None, use_errno=True)


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Listener:
    """What came of installing the filter."""

    __slots__ = ("descriptor", "no_new_privileges", "wait_killable")

    def __init__(self, descriptor: int, *, wait_killable: bool, no_new_privileges: bool) -> None:
        self.descriptor = descriptor
        self.wait_killable = wait_killable
        """False where a signal during a call repeats its notification (Linux before 5.19)."""
        self.no_new_privileges = no_new_privileges
        """True where programs with the set-user-ID bit no longer gain what they ask for."""


def refusal(machine: Machine | None) -> str:
    """Why this kernel can't notify; empty when it should."""
    system = os.uname()
    if system.sysname != "Linux":
        return f"{system.sysname} has no seccomp"
    if machine is None:
        return f"the numbers of system calls on {system.machine} are not known"
    try:
        version = tuple(int(part) for part in system.release.split("-")[0].split(".")[:2])
    except ValueError:
        return f"the version of the kernel ({system.release}) cannot be read"
    if version < _OLDEST_KERNEL:
        return f"Linux {system.release} is older than 5.5"
    sizes = struct.pack("=HHH", 0, 0, 0)
    buffer = ctypes.create_string_buffer(sizes, len(sizes))
    if _libc.syscall(machine.seccomp, _GET_SIZES, 0, buffer) != 0:
        return f"the kernel has no seccomp notification ({os.strerror(ctypes.get_errno())})"
    if struct.unpack("=HHH", buffer.raw)[:2] != (NOTIFICATION.size, _ANSWER.size):
        return "the kernel's notifications have an unknown form"
    return ""


def program(machine: Machine, cookie: bytes = b"") -> list[tuple[int, int, int, int]]:
    """The filter: watched calls notify, all others pass; only number and architecture are asked but for two.

    Of seccomp(2) those that ask for a listener notify. An openat(2) passes that has `cookie`, 16 bytes, in its last two
    arguments, which the call itself doesn't have: what it opens stands on the board. The kernel keeps a bitmap of calls
    that pass by number and architecture alone, so that they cost nothing.
    """
    foreign, numbers = machine.foreign
    notify = (_RETURN, 0, 0, _NOTIFY)
    code = [(_LOAD, 0, 0, _MACHINE_AT), (_EQUAL, 0, 1, machine.machine), (0x05, 0, 0, 0), (_EQUAL, 1, 0, foreign)]
    code += [(_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, _NUMBER_AT)]
    for number in numbers:
        code += [(_EQUAL, 0, 1, number), notify]
    code.append((_RETURN, 0, 0, _ALLOW))
    # The jump over the 32-bit calls: relative to the instruction behind it.
    code[2] = (0x05, 0, 0, len(code) - 3)
    code += [(_LOAD, 0, 0, _NUMBER_AT), (_AND, 0, 0, 0xFFFFFFFF & ~X32_BIT)]
    for name, number in machine.calls.items():
        if name == "openat" and cookie:
            words = struct.unpack("=4I", cookie)
            code.append((_EQUAL, 0, 2 * len(words) + 2, number))
            for index, word in enumerate(words):
                to_notify = 2 * (len(words) - index) - 1
                code += [(_LOAD, 0, 0, _FIFTH_ARGUMENT_AT + 4 * index), (_EQUAL, 0, to_notify, word)]
            code += [(_RETURN, 0, 0, _ALLOW), notify]
        elif name != "seccomp":
            code += [(_EQUAL, 0, 1, number), notify]
    code += [(_EQUAL, 1, 0, machine.seccomp), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, _SECOND_ARGUMENT_AT)]
    code += [(_SET, 0, 1, NEW_LISTENER), notify, (_RETURN, 0, 0, _ALLOW)]
    return code


def install(machine: Machine, cookie: bytes = b"") -> Listener:
    """Put the filter on this thread and all that it will start; raises OSError when it is refused.

    With `CAP_SYS_ADMIN` nothing else changes; without it, the kernel asks that privileges can't be gained any more.
    """
    code = program(machine, cookie)
    instructions = [_Instruction(*instruction) for instruction in code]
    filter_program = _Program(len(code), (_Instruction * len(code))(*instructions))
    no_new_privileges = False
    flags = NEW_LISTENER | _SPECULATION | _WAIT_KILLABLE
    while True:
        descriptor = _libc.syscall(machine.seccomp, _MODE_FILTER, flags, ctypes.byref(filter_program))
        if descriptor >= 0:
            wait_killable = bool(flags & _WAIT_KILLABLE)
            return Listener(descriptor, wait_killable=wait_killable, no_new_privileges=no_new_privileges)
        error = ctypes.get_errno()
        if error == errno.EACCES and not no_new_privileges:
            no_new_privileges = _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
            if no_new_privileges:
                continue
        if error == errno.EINVAL and flags & _WAIT_KILLABLE:
            flags &= ~_WAIT_KILLABLE
            continue
        raise OSError(error, os.strerror(error))


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents end."""
    _libc.prctl(_SUBREAPER, 1, 0, 0, 0)


def wake_in_step(listener: int) -> None:
    """Ask for the cheaper kind of waking (Linux 6.6); older kernels refuse, and nothing else changes."""
    try:
        fcntl.ioctl(listener, _SYNC_WAKE_UP, 1)
    except OSError:
        return


def receive(listener: int, buffer: bytearray) -> bool:
    """Take the next notification into `buffer`; False when its thread was killed meanwhile."""
    buffer[:] = _ZEROS
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
            return False
        raise
    return True


def let_go(listener: int, identity: int) -> int:
    """Let a call go on; returns 0, or the error number (ENOENT where nobody waits any more)."""
    try:
        fcntl.ioctl(listener, _SEND, _ANSWER.pack(identity, 0, 0, _CONTINUE))
    except OSError as error:
        return error.errno or errno.EINVAL
    return 0


def still_waits(listener: int, identity: int) -> bool:
    """Whether the call is still held: what was read of its memory is then truly that thread's."""
    try:
        fcntl.ioctl(listener, _VALID, identity.to_bytes(8, "little"))
    except OSError:
        return False
    return True


def path_of_handle(mount: str, handle: bytes) -> str | None:
    """The path of a file given by handle, as open_by_handle_at(2) takes it; None where we may not ask."""
    try:
        descriptor = os.open(mount, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = _libc.open_by_handle_at(descriptor, handle, os.O_PATH | os.O_CLOEXEC)
        if found < 0:
            return None
        try:
            return os.readlink(f"/proc/self/fd/{found}")
        finally:
            os.close(found)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_memory(machine: Machine, process: int, address: int, size: int) -> bytes:
    """Bytes of another process by process_vm_readv(2), as many as are mapped; raises OSError."""
    memory = ctypes.create_string_buffer(size)
    page = 4096 - (address & 4095)
    pieces = (_Vector * 2)(_Vector(address, min(page, size)), _Vector(address + page, max(0, size - page)))
    into = _Vector(ctypes.addressof(memory), size)
    count = _libc.syscall(
        machine.process_vm_readv,
        ctypes.c_long(process),
        ctypes.byref(into),
        ctypes.c_long(1),
        pieces,
        ctypes.c_long(2 if size > page else 1),
        ctypes.c_long(0),
    )
    if count < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return memory.raw[:count]
