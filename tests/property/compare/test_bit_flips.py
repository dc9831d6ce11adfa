"""Whatever bit is flipped in whatever artifact, it is found, and nothing but metadata is let pass."""

from __future__ import annotations

import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.content import Content
from reprocheck.compare.contents import compare_contents
from reprocheck.compare.context import Context
from reprocheck.model.comparison import Difference, Outcome


class Sample(Protocol):
    name: str
    data: bytes

    def read(self, data: bytes) -> object: ...
    def is_volatile(self, offset: int) -> bool: ...


NAMES = (
    "log.txt", "run.json", "run.yaml", "run.toml", "run.csv", "log.jsonl", "mlruns/0/metrics/loss", "w.npy", "i.npy",
    "f.npy", "half.npy", "complex.npy", "flags.npy", "records.npy", "stored.npz", "packed.npz", "model.pt", "old.pt",
    "model.safetensors", "values.pkl", "values2.pkl", "array.pkl", "array5.pkl", "events.out.tfevents.1", "run-a.wandb",
    "model.onnx", "out.ipynb", "plot.png", "plot.pdf", "trials.db", "packed.zip", "stored.zip", "all.tar", "log.txt.gz",
    "log.txt.bz2", "log.txt.xz", "page.html", "weights.bin",
)  # fmt: skip
FAST = settings(
    max_examples=20,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def compare(name: str, left: bytes, right: bytes) -> Difference:
    return compare_contents(Content.of_bytes(name, left), Content.of_bytes(name, right), Context(path=name))


def same_meaning(sample: Sample, data: bytes) -> bool:
    with suppress(Exception):
        return sample.read(data) == sample.read(sample.data)
    return False


def test_every_sample_is_tested(samples: dict[str, Sample]) -> None:
    assert set(NAMES) == set(samples)


@pytest.mark.parametrize("name", NAMES)
@FAST
@given(choice=st.data())
def test_a_flipped_bit_is_found(samples: dict[str, Sample], name: str, choice: st.DataObject) -> None:
    sample = samples[name]
    bit = choice.draw(st.integers(0, len(sample.data) * 8 - 1))
    damaged = bytearray(sample.data)
    damaged[bit // 8] ^= 1 << bit % 8
    found = compare(name, sample.data, bytes(damaged))
    assert found.outcome is not Outcome.IDENTICAL
    if found.outcome is Outcome.EQUIVALENT:
        assert sample.is_volatile(bit // 8) or same_meaning(sample, bytes(damaged)), found
    else:
        assert found.outcome is Outcome.DIVERGENT


@pytest.mark.parametrize("name", NAMES)
@FAST
@given(choice=st.data())
def test_damage_of_any_size_has_an_answer(samples: dict[str, Sample], name: str, choice: st.DataObject) -> None:
    data = samples[name].data
    start = choice.draw(st.integers(0, len(data)))
    end = choice.draw(st.integers(start, min(len(data), start + 40)))
    other = choice.draw(st.binary(max_size=40))
    damaged = data[:start] + other + data[end:]
    found = compare(name, data, damaged)
    assert (found.outcome is Outcome.IDENTICAL) == (damaged == data)
    mirrored = compare(name, damaged, data)
    assert mirrored.outcome is found.outcome


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_is_read_as_its_type(samples: dict[str, Sample], name: str) -> None:
    if name == "weights.bin":
        return
    data = samples[name].data
    kinds = set()
    for bit in range(0, len(data) * 8, 5):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        kinds.add(compare(name, data, bytes(damaged)).kind)
        if kinds - {"bytes"}:
            return
    # Formats whose checksums cover every byte are told byte by byte when one is damaged.
    assert name in {"events.out.tfevents.1", "run-a.wandb", "plot.png", "log.txt.xz"}


@pytest.mark.parametrize("suffix", [".h5", ".parquet"])
def test_a_flipped_bit_is_found_by_another_process(tmp_path: Path, suffix: str) -> None:
    import numpy as np

    values = np.arange(8.0)
    left, right = tmp_path / f"left{suffix}", tmp_path / f"right{suffix}"
    if suffix == ".h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(left, "w") as file:
            file["x"] = values
    else:
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.table({"x": values}), left, compression="none", use_dictionary=False)
    data = bytearray(left.read_bytes())
    place = bytes(data).find(values[3].tobytes() + values[4].tobytes())
    assert place >= 0
    data[place] ^= 1  # one ULP
    right.write_bytes(data)
    found = compare_files(left, right, name=f"data{suffix}")
    assert found.outcome is Outcome.DIVERGENT
    assert found.kind == ("hdf5" if suffix == ".h5" else "parquet"), found
    (child,) = found.children
    assert child.distance is not None
    assert (child.distance.differing, child.distance.max_ulp, child.name) == (1, 1, "x")


def test_a_file_inside_an_archive_is_read_by_another_process_too(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    sides = []
    for name, value in (("left", 1.0), ("right", 2.0)):
        with h5py.File(tmp_path / name, "w") as file:
            file["x"] = value
        with zipfile.ZipFile(tmp_path / f"{name}.keras", "w") as archive:
            archive.write(tmp_path / name, "weights.h5")
        sides.append(tmp_path / f"{name}.keras")
    (member,) = compare_files(sides[0], sides[1], name="m.keras").children
    assert (member.name, member.kind, [child.name for child in member.children]) == ("weights.h5", "hdf5", ["x"])


def test_a_file_that_kills_its_reader_is_compared_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("h5py")
    monkeypatch.setattr(sys, "executable", "/bin/false")  # a process that ends without an answer
    sides = [b"\x89HDF\r\n\x1a\n" + tail for tail in (b"1", b"2")]
    found = compare("a.h5", sides[0], sides[1])
    assert found.kind == "bytes"
    assert "ended the process that read it" in found.notes[0]
