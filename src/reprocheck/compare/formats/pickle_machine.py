"""Reads pickles without unpickling: a machine that knows every opcode and calls nothing.

What a pickle would call becomes a `Symbol`; bytes that are large stay in the file. Source: CPython `Lib/pickletools.py`
and `Lib/pickle.py`, protocols 0 to 5.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from reprocheck.compare.content import Content, Region, UnreadableError
from reprocheck.compare.formats.pickle_opcodes import MARK, handlers
from reprocheck.compare.structure import Symbol, Unordered

_MOST = 4_000_000
"""Opcodes."""
_HIGHEST = 5
"""Protocol."""
_LONGEST = 1 << 28
"""Bytes of a text, or of a line."""
_LARGE = 1 << 16
"""Bytes beyond which a byte string stays in the file."""
_HANDLERS = handlers()

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
            if item is MARK:
                items.reverse()
                return items
            items.append(item)

    def _pop(self) -> object:
        item = self._stack.pop()
        if item is MARK:
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
