"""The filter by itself, run by a small interpreter of its instructions, for both architectures."""

from __future__ import annotations

import errno

import pytest

from reprocheck.capture.supervisor import kernel
from reprocheck.capture.supervisor.calls import X32_BIT, Machine, machine_of

_NOTIFY, _ALLOW = 0x7FC00000, 0x7FFF0000


def _machine(name: str) -> Machine:
    machine = machine_of(name)
    assert machine is not None
    return machine


def _decide(
    machine: Machine,
    number: int,
    *,
    arch: int | None = None,
    second: int = 0,
    last: bytes = bytes(16),
    cookie: bytes = b"",
) -> int:
    """What the kernel would return: classic BPF over number, architecture (4), second (24) and last arguments (48)."""
    data = {0: number, 4: machine.machine if arch is None else arch, 24: second}
    data |= {48 + at: int.from_bytes(last[at : at + 4], "little") for at in range(0, 16, 4)}
    code = kernel.program(machine, cookie)
    at = accumulator = 0
    for _ in range(len(code)):
        operation, yes, no, value = code[at]
        at += 1
        match operation:
            case 0x20:
                accumulator = data[value]
            case 0x54:
                accumulator &= value
            case 0x05:
                at += value
            case 0x15:
                at += yes if accumulator == value else no
            case 0x45:
                at += yes if accumulator & value else no
            case 0x06:
                return value
            case _:
                raise AssertionError(operation)
    raise AssertionError("no end")


_BOTH = pytest.mark.parametrize("name", ["x86_64", "aarch64"])


@_BOTH
def test_watched_calls_notify_and_no_other(name: str) -> None:
    machine = _machine(name)
    watched = {number for call, number in machine.calls.items() if call != "seccomp"}
    assert {number for number in range(600) if _decide(machine, number) == _NOTIFY} == watched
    assert {_decide(machine, number) for number in range(600)} == {_NOTIFY, _ALLOW}


@_BOTH
def test_with_the_cookie_openat_passes_and_nothing_else(name: str) -> None:
    machine, cookie = _machine(name), bytes(range(1, 17))
    opens = machine.calls["openat"]
    assert _decide(machine, opens, last=cookie, cookie=cookie) == _ALLOW
    for at in range(16):
        near = bytes(byte ^ (index == at) for index, byte in enumerate(cookie))
        assert _decide(machine, opens, last=near, cookie=cookie) == _NOTIFY
    assert _decide(machine, opens, last=cookie) == _NOTIFY
    watched = {number for call, number in machine.calls.items() if call not in ("seccomp", "openat")}
    assert {n for n in range(600) if _decide(machine, n, last=cookie, cookie=cookie) == _NOTIFY} == watched
    foreign, numbers = machine.foreign
    passing = {n for n in range(600) if _decide(machine, n, arch=foreign, last=cookie, cookie=cookie) == _ALLOW}
    assert passing.isdisjoint(numbers)


@_BOTH
def test_of_seccomp_only_new_listeners_notify(name: str) -> None:
    machine = _machine(name)
    assert _decide(machine, machine.seccomp, second=0) == _ALLOW
    assert _decide(machine, machine.seccomp, second=8 | 32) == _NOTIFY


@_BOTH
def test_other_architectures_mean_other_calls(name: str) -> None:
    machine = _machine(name)
    foreign, numbers = machine.foreign
    assert {number for number in range(600) if _decide(machine, number, arch=foreign) == _NOTIFY} == set(numbers)
    assert {_decide(machine, number, arch=0xC0000015) for number in range(600)} == {_ALLOW}


def test_x32_programs_are_watched_by_the_same_numbers() -> None:
    machine = _machine("x86_64")
    assert _decide(machine, machine.calls["openat"] | X32_BIT) == _NOTIFY
    assert _decide(machine, 0 | X32_BIT) == _ALLOW


@_BOTH
def test_every_call_has_its_own_number_and_a_handler(name: str) -> None:
    machine = _machine(name)
    assert len(machine.natives) == len(machine.calls)
    assert {"openat", "openat2", "execve", "renameat2", "unlinkat", "linkat", "connect"} <= machine.calls.keys()
    # What x86-64 has in two forms aarch64 has in the later one.
    assert machine.calls.keys() <= _machine("x86_64").calls.keys()


def test_unknown_machines_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine_of("riscv64") is None
    import os

    system = os.uname_result(("Linux", "host", "6.1.0", "v", "riscv64"))
    monkeypatch.setattr(os, "uname", lambda: system)
    assert "riscv64" in kernel.refusal(None)


@pytest.mark.parametrize(("release", "word"), [("5.4.0-1", "older than 5.5"), ("odd", "cannot be read")])
def test_old_kernels_are_refused(monkeypatch: pytest.MonkeyPatch, release: str, word: str) -> None:
    import os

    system = os.uname_result(("Linux", "host", release, "v", "x86_64"))
    monkeypatch.setattr(os, "uname", lambda: system)
    assert word in kernel.refusal(_machine("x86_64"))


def test_memory_of_another_process_is_read_across_pages() -> None:
    import ctypes
    import os

    machine = machine_of(os.uname().machine)
    assert machine is not None
    text = bytes(range(1, 200)) * 50
    buffer = ctypes.create_string_buffer(text)
    try:
        read = kernel.read_memory(machine, os.getpid(), ctypes.addressof(buffer), len(text))
    except PermissionError:
        pytest.skip("process_vm_readv is refused here")
    assert read == text
    with pytest.raises(OSError, match="Bad address") as caught:
        kernel.read_memory(machine, os.getpid(), 0, 16)
    assert caught.value.errno == errno.EFAULT
