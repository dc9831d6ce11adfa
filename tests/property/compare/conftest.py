"""One small artifact of each type, with what the format's own reader makes of it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import struct
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

CHANCE = np.random.default_rng(7)
WEIGHT = CHANCE.standard_normal((3, 4)).astype(np.float32)
BIAS = CHANCE.standard_normal(5)


@dataclass(frozen=True)
class Sample:
    """An artifact, and how to tell whether a changed one has the same content."""

    name: str
    data: bytes
    read: Callable[[bytes], object]
    """What the bytes mean to a reader that isn't ours; whatever it raises, the bytes mean nothing."""
    volatile: tuple[bytes, ...] = ()
    """Parts of the bytes that are metadata by construction."""
    slow: bool = False
    """Whether a comparison starts a process."""

    def is_volatile(self, offset: int) -> bool:
        """Whether a byte is metadata by construction."""
        for part in self.volatile:
            start = self.data.find(part)
            assert start >= 0
            if start <= offset < start + len(part):
                return True
        return False


def opcodes_of_tensor(key: str, shape: tuple[int, ...], kind: str = "FloatStorage") -> bytes:
    """Opcodes that describe a tensor to `torch.load`."""

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(b"K" + bytes([value]) for value in values) + b"t"

    strides = tuple(int(np.prod(shape[index + 1 :])) for index in range(len(shape)))
    storage = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu")
    storage += b"K" + bytes([int(np.prod(shape))]) + b"tQ"
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00" + numbers(shape) + numbers(strides)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )  # fmt: skip


def checkpoint(folder: str, tensors: dict[str, np.ndarray[Any, Any]], keys: tuple[str, ...] = ("0", "1")) -> bytes:
    """What `torch.save` writes for a dictionary of tensors."""
    kinds = {"float32": "FloatStorage", "float64": "DoubleStorage"}
    body = b"\x80\x02}("
    for key, (name, value) in zip(keys, tensors.items(), strict=True):
        body += b"X" + struct.pack("<I", len(name)) + name.encode()
        body += opcodes_of_tensor(key, value.shape, kinds[str(value.dtype)])
    body += b"u."
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{folder}/data.pkl"), body)
        archive.writestr(zipfile.ZipInfo(f"{folder}/byteorder"), b"little")
        for key, value in zip(keys, tensors.values(), strict=True):
            archive.writestr(zipfile.ZipInfo(f"{folder}/data/{key}"), value.tobytes())
        archive.writestr(zipfile.ZipInfo(f"{folder}/version"), b"3\n")
    return file.getvalue()


def old_checkpoint(value: np.ndarray[Any, Any]) -> bytes:
    """What `torch.save` wrote before version 1.6."""
    head = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    body = b"\x80\x02}X\x06\x00\x00\x00weight" + opcodes_of_tensor("7", value.shape) + b"s."
    body = body.replace(b"tQ", b"NtQ")  # the old form names a view, too
    return head + body + pickle.dumps(["7"], 2) + struct.pack("<q", value.size) + value.tobytes()


def crc32c(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def masked(value: int) -> int:
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def proto(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def event(time: float, step: int, tag: str, value: float) -> bytes:
    summary = proto(1, proto(1, tag.encode()) + b"\x15" + struct.pack("<f", value))
    data = b"\x09" + struct.pack("<d", time) + proto(2, step) + proto(5, summary)
    return record(data)


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(crc32c(length))) + data + struct.pack("<I", masked(crc32c(data)))


def events(time: float = 1.7e9, losses: tuple[float, ...] = (0.5, 0.25)) -> bytes:
    first = record(b"\x09" + struct.pack("<d", time) + proto(3, b"brain.Event:2"))
    return first + b"".join(event(time + step, step, "loss", loss) for step, loss in enumerate(losses, 1))


def png(comment: bytes = b"Software\0one", pixels: bytes = bytes(range(12)), level: int = 6) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = b"".join(b"\0" + pixels[start : start + 6] for start in (0, 6))
    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"tEXt", comment) + chunk(b"IDAT", zlib.compress(lines, level))
    return b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IEND", b"")


def read_png(data: bytes) -> object:
    """Header and pixels, each chunk checked."""
    place, found = 8, []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        body = data[place + 4 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length]) == (zlib.crc32(body),)
        found.append(body)
        place += 12 + length
    packed = b"".join(body[4:] for body in found if body[:4] == b"IDAT")
    return [body for body in found if body[:4] not in {b"IDAT", b"tEXt"}], zlib.decompress(packed)


def pdf(date: str = "20260101120000Z", number: str = "1.25") -> bytes:
    stream = f"{number} 0 m 5 5 l S".encode()
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"3 0 obj\n<< /Length " + str(len(stream)).encode() + b" >>\nstream\n" + stream + b"\nendstream\nendobj\n"
        b"4 0 obj\n<< /Producer (p) /CreationDate (D:" + date.encode() + b") >>\nendobj\n"
        b"trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"
    )


def safetensors(metadata: dict[str, str] | None = None) -> bytes:
    header: dict[str, object] = {
        "weight": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]},
        "bias": {"dtype": "F64", "shape": [5], "data_offsets": [48, 88]},
    }
    if metadata:
        header["__metadata__"] = metadata
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + WEIGHT.tobytes() + BIAS.tobytes()


def read_safetensors(data: bytes) -> object:
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    return {
        name: (entry["dtype"], entry["shape"], data[8 + length :][slice(*entry["data_offsets"])], sorted(entry))
        for name, entry in header.items()
    }


def onnx(producer: bytes = b"maker", op: bytes = b"MatMul") -> bytes:
    weight = proto(1, 3) + proto(1, 4) + proto(2, 1) + proto(8, b"w") + proto(9, WEIGHT.tobytes())
    node = proto(1, b"x") + proto(1, b"w") + proto(2, b"y") + proto(4, op)
    graph = proto(1, node) + proto(2, b"g") + proto(5, weight)
    return proto(1, 8) + proto(2, producer) + proto(7, graph) + proto(8, proto(2, 17))


def notebook(count: int = 1, text: str = "loss 0.5\n") -> bytes:
    output = {"output_type": "stream", "name": "stdout", "text": [text]}
    cell = {
        "cell_type": "code", "execution_count": count, "id": f"a{count}", "metadata": {}, "outputs": [output],
        "source": ["print(loss)"],
    }  # fmt: skip
    return json.dumps({"cells": [cell], "metadata": {"k": count}, "nbformat": 4, "nbformat_minor": 5}).encode()


def read_notebook(data: bytes) -> object:
    value = json.loads(data)
    assert value.keys() == {"cells", "metadata", "nbformat", "nbformat_minor"}
    cells = [
        {key: cell[key] for key in cell if key not in {"execution_count", "id", "metadata"}} for cell in value["cells"]
    ]
    return cells, value["nbformat"], value["nbformat_minor"]


def sqlite(tmp: Path, *, padding: bool = False) -> bytes:
    file = tmp / f"made{padding}.db"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA page_size = 512")
    connection.execute("CREATE TABLE trials (number INTEGER, value REAL, state TEXT)")
    connection.executemany("INSERT INTO trials VALUES (?, ?, ?)", [(1, 0.5, "done"), (2, 0.25, "failed")])
    connection.commit()
    if padding:
        connection.execute("CREATE TABLE gone (x)")
        connection.execute("DROP TABLE gone")
        connection.commit()
    connection.close()
    return bytes(file.read_bytes())


def read_sqlite(data: bytes) -> object:
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        return list(connection.iterdump())
    finally:
        connection.close()


def zipped(*, time: tuple[int, int, int, int, int, int] = (2026, 1, 2, 3, 4, 6), packed: bool = True) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("log.txt", time), b"first line\nsecond line\n" * 3)
        info = zipfile.ZipInfo("metrics.json", time)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        archive.writestr(info, b'{"loss": 0.5}')
    return file.getvalue()


def read_zip(data: bytes) -> object:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def tarred(*, time: int = 1_700_000_000) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in ("a.txt", "b.txt"):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 6, time
            archive.addfile(info, io.BytesIO(name.encode() + b"\n"))
    return file.getvalue()


def read_tar(data: bytes) -> object:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {}
        for member in archive:
            file = archive.extractfile(member)
            found[member.name] = (member.type, member.mode, file.read() if file else None)
        return found


def npz(*, packed: bool) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, weight=WEIGHT, bias=BIAS)
    return file.getvalue()


def read_npz(data: bytes) -> object:
    with np.load(io.BytesIO(data)) as archive:
        return {
            name: (str(archive[name].dtype), archive[name].shape, archive[name].tobytes()) for name in archive.files
        }


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def read_npy(data: bytes) -> object:
    array = np.load(io.BytesIO(data))
    return str(array.dtype), array.shape, array.tobytes()


def exact(data: bytes) -> object:
    """Bytes that mean only themselves."""
    return data


def read_json(data: bytes) -> object:
    return repr(json.loads(data.decode(), parse_float=Decimal, object_pairs_hook=list))


class Stub:
    """Stands for whatever a pickle wants to import."""

    def __init__(self, name: str, *arguments: object) -> None:
        self.name = name
        self.arguments = arguments

    def __call__(self, *arguments: object) -> Stub:
        return Stub(self.name, *self.arguments, arguments)

    def __setstate__(self, state: object) -> None:
        self.arguments = (*self.arguments, state)

    def __repr__(self) -> str:
        return f"{self.name}{self.arguments!r}"


class Describing(pickle.Unpickler):
    """Imports nothing."""

    def find_class(self, module: str, name: str) -> Stub:
        return Stub(f"{module}.{name}")

    def persistent_load(self, identity: object) -> object:
        return ("persistent", identity)


def read_csv(data: bytes) -> object:
    return list(csv.reader(io.StringIO(data.decode())))


def read_lines(data: bytes) -> object:
    return [read_json(line) for line in data.splitlines()]


def read_pickle(data: bytes) -> object:
    """Values of a pickle, in words."""
    file = io.BytesIO(data)
    value = Describing(file).load()
    assert not file.read()
    return repr(value)


def read_old_checkpoint(data: bytes) -> object:
    file = io.BytesIO(data)
    values = [repr(Describing(file).load()) for _ in range(5)]
    return values, file.read()


def read_checkpoint(data: bytes) -> object:
    members = read_zip(data)
    assert isinstance(members, dict)
    return {name: read_pickle(value) if name.endswith(".pkl") else value for name, value in members.items()}


def wandb_log(runtime: float = 1.5, loss: float = 0.5) -> bytes:
    items = b"".join(
        proto(1, proto(1, name.encode()) + proto(16, json.dumps(value).encode()))
        for name, value in (("loss", loss), ("_step", 1), ("_runtime", runtime))
    )
    payload = proto(1, 1) + proto(2, items)
    checksum = zlib.crc32(b"\x01" + payload)
    return b":W&B\xe1\xbe\x00" + struct.pack("<IHB", checksum, len(payload), 1) + payload


CONFIGURATION = {"model": {"layers": 3, "dropout": 0.125}, "names": ["a", "b"], "rate": 3e-4, "seeds": [1, 2, 3]}
METRIC = b"1700000000000 0.5 1\n1700000000100 0.25 2\n"
LINES = b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n'
TEXT = b"epoch 1 loss 0.5123 acc 0.91\n[2026-01-02 03:04:05] saved\nepoch 2 loss 0.4120 acc 0.93\n"
PICKLED = {"a": [1, 2.5, "x", None, True], "b": {"c": (1, 2), "d": b"bytes"}, "n": 10**20}
TOML = b'title = "run"\n[model]\nrate = 0.125\nlayers = [3, 4]\nwhen = 2026-01-02\n'


def make_samples(tmp: Path) -> dict[str, Sample]:
    """Every type."""
    tensors: dict[str, np.ndarray[Any, Any]] = {"weight": WEIGHT, "bias": BIAS}
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    structured = np.array([(1, 2.5), (3, 4.5)], [("a", "<i4"), ("b", "<f8")])
    made = [
        Sample("log.txt", TEXT, exact, (b"2026-01-02 03:04:05",)),
        Sample("run.json", json.dumps(CONFIGURATION).encode(), read_json),
        Sample("run.yaml", yaml.safe_dump(CONFIGURATION).encode(), lambda data: repr(yaml.safe_load(data))),
        Sample("run.toml", TOML, lambda data: repr(tomllib.loads(data.decode(), parse_float=Decimal))),
        Sample("run.csv", b"step,loss,note\n1,0.5,a\n2,0.25,b\n3,1e-3,c\n", read_csv),
        Sample("log.jsonl", LINES, read_lines),
        Sample("mlruns/0/metrics/loss", METRIC, exact, (b"1700000000000", b"1700000000100")),
        Sample("w.npy", npy(WEIGHT), read_npy),
        Sample("i.npy", npy(array), read_npy),
        Sample("f.npy", npy(np.asfortranarray(WEIGHT)), read_npy),
        Sample("half.npy", npy(WEIGHT.astype(np.float16)), read_npy),
        Sample("complex.npy", npy(BIAS.astype(np.complex128)), read_npy),
        Sample("flags.npy", npy(np.array([True, False, True])), read_npy),
        Sample("records.npy", npy(structured), read_npy),
        Sample("stored.npz", npz(packed=False), read_npz),
        Sample("packed.npz", npz(packed=True), read_npz),
        Sample("model.pt", checkpoint("model", tensors), read_checkpoint),
        Sample("old.pt", old_checkpoint(WEIGHT), read_old_checkpoint),
        Sample("model.safetensors", safetensors(), read_safetensors),
        Sample("values.pkl", pickle.dumps(PICKLED, 4), read_pickle),
        Sample("values2.pkl", pickle.dumps(PICKLED, 2), read_pickle),
        Sample("array.pkl", pickle.dumps({"w": WEIGHT, "s": np.float32(2)}, 4), read_pickle),
        Sample("array5.pkl", pickle.dumps(WEIGHT, 5), read_pickle),
        Sample("events.out.tfevents.1", events(), exact, (struct.pack("<d", 1.7e9),)),
        Sample("run-a.wandb", wandb_log(), exact),
        Sample("model.onnx", onnx(), exact, (proto(2, b"maker"),)),
        Sample("out.ipynb", notebook(), read_notebook),
        Sample("plot.png", png(), read_png),
        Sample("plot.pdf", pdf(), exact, (b"20260101120000Z",)),
        Sample("trials.db", sqlite(tmp), read_sqlite),
        Sample("packed.zip", zipped(), read_zip),
        Sample("stored.zip", zipped(packed=False), read_zip),
        Sample("all.tar", tarred(), read_tar),
        Sample("log.txt.gz", gzip.compress(TEXT), gzip.decompress),
        Sample("log.txt.bz2", bz2.compress(TEXT), bz2.decompress),
        Sample("log.txt.xz", lzma.compress(TEXT), lzma.decompress),
        Sample("page.html", b"<html><body><p>0.5</p></body></html>\n", exact),
        Sample("weights.bin", bytes(range(256)), exact),
    ]  # fmt: skip
    return {sample.name: sample for sample in made}


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    return make_samples(tmp_path_factory.mktemp("made"))
