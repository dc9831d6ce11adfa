"""Compares what `torch.save` wrote, archives and the older files alike; nothing is unpickled.

Where the members lie, how they are numbered and what the archive is called are metadata, so that a state dict saved
under two names is the same. Source: `torch/serialization.py`, `torch/_utils.py` of PyTorch 2.13.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from reprocheck.compare.arrays import StoredArray
from reprocheck.compare.comparator import HEAD, Comparator, CompareParts, Probe
from reprocheck.compare.content import Content, Region, UnreadableError
from reprocheck.compare.context import Context, content
from reprocheck.compare.formats.numpy_pickles import recognize, settled
from reprocheck.compare.formats.pickle_machine import Machine
from reprocheck.compare.formats.zip_directory import STORED, Member, Part, read_directory, stretch
from reprocheck.compare.number_formats import NumberFormat, named_format, opaque_format
from reprocheck.compare.structure import Symbol, Walk
from reprocheck.model.comparison import Difference, Outcome

_DEVICE = re.compile(r"(?:cpu|meta|cuda|mps|xpu|hpu|npu|xla)(?::\d{1,3})?")
"""Where a storage lay when it was saved is no content."""
_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_HEAD = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
_PROTOCOL = 1001
_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128", "UntypedStorage": "uint8",
}  # fmt: skip
_WIDTHS = {"float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
           "qint8": 1, "quint8": 1, "qint32": 4, "quint4x2": 1, "quint2x4": 1}  # fmt: skip
_REBUILDERS = frozenset({"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"})
_PARAMETERS = frozenset({"torch._utils._rebuild_parameter"})
_IGNORED = ("/.data/serialization_id", "/.format_version", "/.storage_alignment", "/version", "/byteorder")
_DEBUG = ".debug_pkl"


class _Storage:
    """A storage that a pickle refers to."""

    def __init__(self, number: NumberFormat, key: str, count: int) -> None:
        self.number = number
        self.key = key
        self.count = count
        self.region: Region | None = None


class _Checkpoint:
    """What one file describes."""

    def __init__(self, *, big: bool = False) -> None:
        self._big = big
        self.storages: dict[str, _Storage] = {}
        self.used: set[str] = set()

    def persistent(self, identity: object) -> object:
        match identity:
            case ("storage", Symbol(name=kind), str(key), str(device), int(count), *rest):
                storage = self._storage(kind, key, count)
                return Symbol("storage", (storage, "a device" if _DEVICE.fullmatch(device) else device, tuple(rest)))
            case _:
                return Symbol("persistent", (identity,))

    def _storage(self, kind: str, key: str, count: int) -> _Storage:
        number = _number(kind, big=self._big)
        found = self.storages.setdefault(key, _Storage(number, key, count))
        if number != found.number:
            found = self.storages[f"{key}:{number.name}"] = _Storage(number, key, count)
        return found

    def tensor(self, symbol: Symbol) -> object:
        """A tensor in place of the call that would make it."""
        if symbol.name in _PARAMETERS and symbol.arguments:
            inner = symbol.arguments[0]
            return self.tensor(inner) if isinstance(inner, Symbol) else inner
        match symbol:
            case Symbol(name="storage", arguments=(_Storage() as storage, *about)):
                return self._array(storage, (storage.count,), None, 0, about)
            case Symbol(
                name=name,
                arguments=(
                    Symbol(name="storage", arguments=(_Storage() as storage, *about)),
                    int(at),
                    tuple(shape),
                    tuple(strides),
                    *rest,
                ),
            ) if name in _REBUILDERS:
                numbers = (*shape, *strides)
                if len(shape) != len(strides) or not all(type(size) is int and size >= 0 for size in numbers) or at < 0:
                    raise UnreadableError("describes a tensor that makes no sense")
                return self._array(storage, shape, strides, at, [*about, *rest])
            case _:
                return symbol

    def _array(
        self, storage: _Storage, shape: tuple[int, ...], strides: tuple[int, ...] | None, at: int, about: object
    ) -> StoredArray:
        region = storage.region
        if region is None or region.size != storage.count * storage.number.size:
            raise UnreadableError(f"has no storage `{storage.key}` of the stated size")
        self.used.add(storage.key)
        empty = 0 in shape
        reach = (
            0
            if empty
            else at + sum((size - 1) * step for size, step in zip(shape, strides or (), strict=strides is not None)) + 1
        )
        if strides is not None and reach > storage.count:
            raise UnreadableError("describes a tensor that reaches beyond its storage")
        if empty:
            return StoredArray(storage.number, shape, region.part(0, 0), about=about)
        return StoredArray(storage.number, shape, region, strides, at, None, about)


def _number(kind: str, *, big: bool) -> NumberFormat:
    name = kind.removeprefix("torch.").removeprefix("cuda.")
    name = _STORAGES.get(name, name)
    if name in _WIDTHS:
        return opaque_format(name, _WIDTHS[name])
    found = named_format(name, big=big)
    if found is None:
        raise UnreadableError(f"holds a storage of type `{kind}`")
    return found


def _is_archive(probe: Probe) -> bool:
    # The first member of every such archive is the pickle, in a folder named for the file.
    if probe.head[:4] != b"PK\x03\x04" or len(probe.head) < 30:  # noqa: PLR2004 — a local header
        return False
    length = int.from_bytes(probe.head[26:28], "little")
    return probe.head[30 : 30 + length].endswith((b"/data.pkl", b"/byteorder", b"/version", b"/.format_version"))


def _is_old(probe: Probe) -> bool:
    return probe.head[: len(_OLD_HEAD)] == _OLD_HEAD


def read_archive(source: Content, context: Context) -> tuple[object, list[tuple[str, Content]]]:
    """Value of a checkpoint, and the members that it doesn't refer to; raises `UnreadableError`."""
    members = read_directory(source)
    pickle = next((member for member in members if member.name.endswith("/data.pkl")), None)
    if pickle is None:
        raise UnreadableError("has no `data.pkl`")
    folder = pickle.name.removesuffix("data.pkl")
    by_name = {member.name.removeprefix(folder): member for member in members}
    order = by_name.get("byteorder")
    big = order is not None and order.size < HEAD and stretch(source, order, context).read() == b"big"
    checkpoint = _Checkpoint(big=big)
    value = Machine(_open(source, pickle, context), persistent=checkpoint.persistent, built=recognize).load()
    for storage in checkpoint.storages.values():
        member = by_name.get(f"data/{storage.key}")
        if member is not None and member.method == STORED:
            storage.region = source.region(member.start, member.size)
    value = settled(value, checkpoint.tensor)
    used = {f"data/{key}" for key in checkpoint.used} | {"data.pkl"}
    others = [
        (name, _open(source, member, context))
        for name, member in by_name.items()
        if name not in used and not f"/{name}".endswith(_IGNORED) and not name.endswith(_DEBUG)
    ]
    return value, others


def _open(source: Content, member: Member, context: Context) -> Content:
    found = stretch(source, member, context)
    return Part(member.name, found) if isinstance(found, Region) else Content.of_bytes(member.name, found.read())


def _compare_archives(left: Content, right: Content, context: Context, compare: CompareParts) -> Difference:
    (a, others_a), (b, others_b) = read_archive(left, context), read_archive(right, context)
    parts = list(Walk(context, plain_strings=True).compare(a, b, "value", ""))
    parts += _others(dict(others_a), dict(others_b), context, compare)
    if not any(part.outcome is Outcome.DIVERGENT for part in parts):  # damage can't make it worse than that
        _check(left, right)
    return context.gathered(context.path, "torch", parts, "" if parts else "the same values, another archive")


def _check(left: Content, right: Content) -> None:
    """Raise `UnreadableError` when a member isn't what its checksum says.

    Storages that lie under the same name are taken on trust where both sides state the same size and checksum, and are
    compared anyway.
    """
    sides = [{member.name.partition("/")[2]: member for member in read_directory(side)} for side in (left, right)]
    for source, here, there in ((left, sides[0], sides[1]), (right, sides[1], sides[0])):
        for name, member in here.items():
            other = there.get(name)
            known = other is not None and (other.size, other.checksum) == (member.size, member.checksum)
            if member.method == STORED and not (known and name.startswith("data/")):
                checksum = 0
                for block in source.region(member.start, member.size).blocks(1 << 18):
                    checksum = zlib.crc32(block, checksum)
                if checksum != member.checksum:
                    raise UnreadableError(f"has a member whose checksum is wrong (`{name}`)")
            if other is not None and (other.flags, other.needs) != (member.flags, member.needs):
                raise UnreadableError(f"describes `{name}` in two ways")


def _others(
    left: dict[str, Content], right: dict[str, Content], context: Context, compare: CompareParts
) -> Iterator[Difference]:
    for name in sorted(left.keys() | right.keys()):
        if name not in right:
            yield content(name, "only on the left")
        elif name not in left:
            yield content(name, "only on the right")
        else:
            found = compare(left[name], right[name], context.inside(name))
            if found.outcome.rank:
                yield renamed(found, name)


def renamed(difference: Difference, name: str) -> Difference:
    """The same difference under the name of a member."""
    import msgspec

    return msgspec.structs.replace(difference, name=name)


def read_old(source: Content) -> tuple[object, object]:
    """Value of a file in the form before PyTorch 1.6, and what it says of the machine; raises `UnreadableError`."""
    first = Machine(source)
    if first.load() != _MAGIC or first.load() != _PROTOCOL:
        raise UnreadableError("is no checkpoint")
    system = first.load()
    big = isinstance(system, dict) and system.get("little_endian") is False
    checkpoint = _Checkpoint(big=big)
    machine = Machine(source, position=first.position, persistent=checkpoint.persistent, built=recognize)
    value = machine.load()
    keys = machine.load()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise UnreadableError("names no storages")
    place = machine.position
    for key in keys:
        storage = checkpoint.storages.get(key)
        if storage is None:
            raise UnreadableError(f"holds a storage `{key}` that nothing refers to")
        (count,) = struct.unpack("<q", source.read(place, 8))
        if count != storage.count:
            raise UnreadableError(f"states two sizes for storage `{key}`")
        storage.region = source.region(place + 8, count * storage.number.size)
        place += 8 + storage.region.size
    if place != source.size:
        raise UnreadableError("has bytes behind its end")
    return settled(value, checkpoint.tensor), system


def _compare_old(left: Content, right: Content, context: Context, _: CompareParts) -> Difference:
    (a, system_a), (b, system_b) = read_old(left), read_old(right)
    parts = list(Walk(context, plain_strings=True).compare(a, b, "value", ""))
    parts += Walk(context).compare(system_a, system_b, "system", "system")
    return context.gathered(context.path, "torch", parts, "" if parts else "the same values, another file")


TORCH = Comparator("torch", _is_archive, _compare_archives)
OLD_TORCH = Comparator("torch", _is_old, _compare_old)
