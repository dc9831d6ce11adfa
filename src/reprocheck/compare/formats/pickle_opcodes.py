"""The opcodes of pickles, and what each does to the machine that reads them."""

# ruff: noqa: SLF001 — the table of opcodes is the machine's own

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from reprocheck.compare.structure import Symbol, Unordered

if TYPE_CHECKING:
    from reprocheck.compare.formats.pickle_machine import Machine

MARK = object()
"""Lies on the stack where the items of a collection begin."""


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _short_text(machine: Machine) -> None:
    machine.push(machine._text(machine._unpack("<B")))


def _instance(machine: Machine) -> None:
    module, name = machine._line().decode(), machine._line().decode()
    machine.push(Symbol(f"{module}.{name}", tuple(machine._since_mark())))


def handlers() -> dict[bytes, Callable[[Machine], object]]:  # noqa: C901 — one line per opcode
    """What each opcode does to a machine."""

    def take(layout: str) -> Callable[[Machine], object]:
        return lambda m: m.push(m._unpack(layout))

    def sized(layout: str, read: Callable[[Machine, int], object]) -> Callable[[Machine], object]:
        return lambda m: m.push(read(m, m._unpack(layout)))

    def some(count: int) -> Callable[[Machine], object]:
        def make(m: Machine) -> None:
            items = [m._pop() for _ in range(count)]
            m.push(tuple(reversed(items)))

        return make

    def constant(value: object) -> Callable[[Machine], object]:
        return lambda m: m.push(value)

    def memoize(m: Machine) -> None:
        m._memo[len(m._memo)] = m._stack[-1]

    def put(layout: str) -> Callable[[Machine], object]:
        def store(m: Machine) -> None:
            m._memo[m._unpack(layout)] = m._stack[-1]

        return store

    def get(layout: str) -> Callable[[Machine], object]:
        return lambda m: m.push(m._memo[m._unpack(layout)])

    def dictionary(m: Machine) -> None:
        items = m._since_mark()
        m.push({})
        m._set(items)

    def objects(m: Machine) -> None:
        first, *arguments = m._since_mark()
        m.push(Symbol(getattr(first, "name", "object"), tuple(arguments)))

    def stack_global(m: Machine) -> None:
        name, module = m._pop(), m._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise TypeError
        m._global(module, name)

    def reduce(m: Machine) -> None:
        arguments, target = m._pop(), m._pop()
        m._call(target, arguments)

    def new_with_keywords(m: Machine) -> None:
        keywords, arguments, target = m._pop(), m._pop(), m._pop()
        m._call(target, arguments, keywords)

    def old_text(m: Machine) -> None:
        m.push(m._line().decode("raw-unicode-escape"))

    def old_string(m: Machine) -> None:
        m.push(Symbol("text", (m._line(),)))

    def old_integer(m: Machine) -> None:
        text = m._line()
        m.push({b"00": False, b"01": True}[text] if text in {b"00", b"01"} else int(text))

    def set_one(m: Machine) -> None:
        value, key = m._pop(), m._pop()
        m._set([key, value])

    def append_one(m: Machine) -> None:
        item = m._pop()
        m._extend([item])

    def pop(m: Machine) -> None:
        m._stack.pop()

    def extension(layout: str) -> Callable[[Machine], object]:
        return lambda m: m.push(Symbol("extension", (m._unpack(layout),)))

    return {
        b"\x80": lambda m: m._protocol(),
        b"\x95": lambda m: m._begin_frame(),
        b"(": lambda m: m.push(MARK),
        b"0": pop,
        b"1": lambda m: m._since_mark(),
        b"2": lambda m: m.push(m._stack[-1]),
        b"N": constant(None),
        b"\x88": constant(value=True),
        b"\x89": constant(value=False),
        b"I": old_integer,
        b"J": take("<i"),
        b"K": take("<B"),
        b"M": take("<H"),
        b"L": lambda m: m.push(int(m._line().rstrip(b"L"))),
        b"\x8a": lambda m: m.push(_long(m._take(m._unpack("<B")))),
        b"\x8b": lambda m: m.push(_long(m._take(m._unpack("<i")))),
        b"F": lambda m: m.push(float(m._line())),
        b"G": lambda m: m.push(struct.unpack(">d", m._take(8))[0]),
        b"S": old_string,
        b"T": sized("<i", lambda m, n: m._take(n).decode("latin1")),
        b"U": sized("<B", lambda m, n: m._take(n).decode("latin1")),
        b"V": old_text,
        b"X": sized("<I", lambda m, n: m._text(n)),
        b"\x8c": _short_text,
        b"\x8d": sized("<Q", lambda m, n: m._text(n)),
        b"B": sized("<I", lambda m, n: m._bytes(n)),
        b"C": sized("<B", lambda m, n: m._bytes(n)),
        b"\x8e": sized("<Q", lambda m, n: m._bytes(n)),
        b"\x96": sized("<Q", lambda m, n: m._bytes(n)),
        b"\x97": lambda m: m.push(Symbol("buffer")),
        b"\x98": lambda m: m._stack[-1],
        b"]": lambda m: m.push([]),
        b"}": lambda m: m.push({}),
        b")": constant(()),
        b"\x8f": lambda m: m.push(Unordered([])),
        b"l": lambda m: m.push(m._since_mark()),
        b"t": lambda m: m.push(tuple(m._since_mark())),
        b"d": dictionary,
        b"\x91": lambda m: m.push(Unordered(m._since_mark())),
        b"\x85": some(1),
        b"\x86": some(2),
        b"\x87": some(3),
        b"a": append_one,
        b"e": lambda m: m._extend(m._since_mark()),
        b"s": set_one,
        b"u": lambda m: m._set(m._since_mark()),
        b"\x90": lambda m: m._add(),
        b"p": lambda m: m._memo.__setitem__(int(m._line()), m._stack[-1]),
        b"q": put("<B"),
        b"r": put("<I"),
        b"\x94": memoize,
        b"g": lambda m: m.push(m._memo[int(m._line())]),
        b"h": get("<B"),
        b"j": get("<I"),
        b"c": lambda m: m._global(m._line().decode(), m._line().decode()),
        b"\x93": stack_global,
        b"R": reduce,
        b"\x81": reduce,
        b"\x92": new_with_keywords,
        b"i": _instance,
        b"o": objects,
        b"b": lambda m: m._build(),
        b"P": lambda m: m._persist(m._line().decode()),
        b"Q": lambda m: m._persist(m._pop()),
        b"\x82": extension("<B"),
        b"\x83": extension("<H"),
        b"\x84": extension("<i"),
    }
