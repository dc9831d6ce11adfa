"""Reads pickles without unpickling: a machine that knows every opcode and calls nothing.

What a pickle would call becomes a `Symbol`; bytes that are large stay in the file. Source: CPython `Lib/pickletools.py`
and `Lib/pickle.py`, protocols 0 to 5.
"""

# ruff: noqa: SLF001 — the table of opcodes is the machine's own

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from reprocheck.compare.content import Content, Region, UnreadableError
from reprocheck.compare.structure import Symbol, Unordered

_MOST = 4_000_000
"""Opcodes."""
_HIGHEST = 5
"""Protocol."""
_LONGEST = 1 << 28
"""Bytes of a text, or of a line."""
_LARGE = 1 << 16
"""Bytes beyond which a byte string stays in the file."""
_MARK = object()

Persistent = Callable[[object], object]
"""Makes a value of what stands for something outside of the pickle."""
Built = Callable[["Machine", Symbol], object]
"""Called when an object was given its state; may read on and return another value."""


class Blob:
    """A byte string that stays in the file."""

    __slots__ = ("region",)

    def __init__(self, region: Region) -> None:
        """`region` is all of it."""
        self.region = region


class Machine:
    """Reads one pickle after the other from a content."""

    def __init__(
        self, source: Content, *, position: int = 0, persistent: Persistent | None = None, built: Built | None = None
    ) -> None:
        """`built` lets a format put raw bytes behind the state of an object, as joblib does."""
        self.source = source
        self.position = position
        self._persistent = persistent
        self._built = built
        self._stack: list[Any] = []
        self._memo: dict[int, object] = {}
        self._left = _MOST
        self._frame = -1
        """Where the frame ends that is being read; -1 outside of frames."""

    def load(self) -> object:
        """The value of the pickle that begins here; raises `UnreadableError`."""
        self._stack, self._memo, self._frame = [], {}, -1
        while True:
            if 0 <= self._frame <= self.position:
                if self._frame < self.position:
                    raise UnreadableError("has a frame that ends inside a value")
                self._frame = -1
            self._left -= 1
            if self._left < 0:
                raise UnreadableError(f"has more than {_MOST} opcodes")
            code = self._take(1)
            if code == b".":
                if len(self._stack) != 1 or self._frame not in {-1, self.position}:
                    raise UnreadableError("leaves more than one value")
                return self._stack.pop()
            try:
                self._step(code)
            except (IndexError, KeyError, TypeError, ValueError, struct.error, AttributeError) as error:
                raise UnreadableError(f"is a damaged pickle at byte {self.position} ({type(error).__name__})") from None

    # Bytes

    def _take(self, size: int) -> bytes:
        if size > _LONGEST:
            raise UnreadableError(f"holds a text of {size} bytes")
        data = self.source.read(self.position, size)
        self.position += size
        return data

    def _protocol(self) -> None:
        if self._take(1)[0] > _HIGHEST:
            raise UnreadableError("is a pickle of an unknown protocol")

    def _begin_frame(self) -> None:
        end = self._unpack("<Q") + self.position
        if self._frame >= 0 or end > self.source.size:
            raise UnreadableError("has frames that make no sense")
        self._frame = end

    def _line(self) -> bytes:
        parts = b""
        while True:
            part = self.source.read(self.position + len(parts), min(256, self.source.size - self.position - len(parts)))
            end = part.find(b"\n")
            if end >= 0:
                parts += part[:end]
                self.position += len(parts) + 1
                return parts
            parts += part
            if not part or len(parts) > _LONGEST:
                raise UnreadableError("has a line without an end")

    def _unpack(self, layout: str) -> int:
        return int(struct.unpack(layout, self._take(struct.calcsize(layout)))[0])

    def _bytes(self, size: int) -> object:
        if size < _LARGE:
            return self._take(size)
        region = self.source.region(self.position, size)
        self.position += size
        return Blob(region)

    def _text(self, size: int) -> str:
        return self._take(size).decode("utf-8", "surrogatepass")

    # Steps

    def _step(self, code: bytes) -> None:
        handler = _HANDLERS.get(code)
        if handler is None:
            raise UnreadableError(f"has an opcode that isn't known at byte {self.position - 1}")
        handler(self)

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def _since_mark(self) -> list[object]:
        items: list[object] = []
        while True:
            item = self._stack.pop()
            if item is _MARK:
                items.reverse()
                return items
            items.append(item)

    def _pop(self) -> object:
        item = self._stack.pop()
        if item is _MARK:
            raise ValueError
        return item

    def _extend(self, items: list[object]) -> None:
        match self._stack[-1]:
            case list() as target:
                target.extend(items)
            case Symbol() as target:
                target.items.extend(items)
            case _:
                raise TypeError

    def _set(self, items: list[object]) -> None:
        target = self._stack[-1]
        pairs = target if isinstance(target, dict) else target.pairs
        for key, value in zip(items[::2], items[1::2], strict=True):
            pairs[hashable(key)] = value

    def _add(self) -> None:
        items = self._since_mark()
        self._stack[-1].items.extend(items)

    def _build(self) -> None:
        state = self._pop()
        target = self._stack[-1]
        if isinstance(target, dict):  # attributes of an `OrderedDict`, such as a state dict's versions
            target["(attributes)"] = state
            return
        if not isinstance(target, Symbol):
            raise TypeError
        if target.state is None:
            target.state = state
        else:
            target.state = [target.state, state]
        if self._built is not None:
            if self._frame == self.position:  # what lies behind the state lies outside of frames
                self._frame = -1
            value = self._built(self, target)
            if value is not target:
                self._stack[-1] = value
                for index, kept in self._memo.items():
                    if kept is target:
                        self._memo[index] = value

    def _global(self, module: str, name: str) -> None:
        self.push(Symbol(f"{module}.{name}"))

    def _call(self, target: object, arguments: object, keywords: object = None) -> None:
        if not isinstance(arguments, tuple):
            raise TypeError
        name = target.name if isinstance(target, Symbol) and not target.arguments else None
        if name is None:
            self.push(Symbol("call", (target, arguments)))
        elif name == "collections.OrderedDict" and not arguments:
            self.push({})
        elif name in {"builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset"}:
            self.push(Unordered(list(arguments[0]) if arguments else []))
        elif name == "_codecs.encode" and arguments[1:] == ("latin1",) and isinstance(arguments[0], str):
            self.push(arguments[0].encode("latin1"))
        elif name == "builtins.bytearray" and arguments and isinstance(arguments[0], (bytes, Blob)):
            self.push(arguments[0])
        else:
            self.push(Symbol(name, arguments if keywords is None else (*arguments, keywords)))

    def _persist(self, identity: object) -> None:
        self.push(Symbol("persistent", (identity,)) if self._persistent is None else self._persistent(identity))


def hashable(key: object) -> object:
    """A key as something that a dictionary takes."""
    match key:
        case str() | int() | float() | bytes() | bool() | None:
            return key
        case tuple():
            return tuple(hashable(item) for item in key)
        case Symbol():
            return f"{key.name}{tuple(map(hashable, key.arguments))!r}"
        case _:
            raise TypeError


def _long(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _short_text(machine: Machine) -> None:
    machine.push(machine._text(machine._unpack("<B")))


def _handlers() -> dict[bytes, Callable[[Machine], object]]:  # noqa: C901 — one line per opcode
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

    def instance(m: Machine) -> None:
        module, name = m._line().decode(), m._line().decode()
        m.push(Symbol(f"{module}.{name}", tuple(m._since_mark())))

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
        b"(": lambda m: m.push(_MARK),
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
        b"i": instance,
        b"o": objects,
        b"b": lambda m: m._build(),
        b"P": lambda m: m._persist(m._line().decode()),
        b"Q": lambda m: m._persist(m._pop()),
        b"\x82": extension("<B"),
        b"\x83": extension("<H"),
        b"\x84": extension("<i"),
    }


_HANDLERS = _handlers()
