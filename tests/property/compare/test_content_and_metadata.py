"""Changes of metadata alone are never divergent; the smallest change of a number is always told, and by how much."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import pickle
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.content import Content
from reprocheck.compare.contents import compare_contents
from reprocheck.compare.context import Context
from reprocheck.compare.tolerances import parse_tolerances
from reprocheck.model.comparison import Because, Difference, Outcome


def _made() -> ModuleType:
    """The neighbouring conftest: its builders make the files."""
    path = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("compare_samples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


made: Any = _made()


def compare(name: str, left: bytes, right: bytes, *tolerances: str) -> Difference:
    context = Context(path=name, tolerances=parse_tolerances(tolerances))
    return compare_contents(Content.of_bytes(name, left), Content.of_bytes(name, right), context)


def log(second: int, speed: float, took: float, pid: int, folder: str) -> bytes:
    return (
        f"[2026-01-02 03:04:{second:02d},123] INFO pid {pid} start\n"
        f"epoch 1: 100%|##########| 10/10 [00:{second:02d}<00:00, {speed:.2f}it/s] loss=0.5\n"
        f"saved to {folder}/model.pt in {took:.2f}s\n"
        f"SPS: {int(speed * 100)}\n<Thing at 0x{pid:012x}>\n"
    ).encode()


@settings(max_examples=40, database=None, deadline=None, derandomize=True)
@given(
    st.integers(0, 59),
    st.floats(0.1, 1e4),
    st.floats(0.01, 1e3),
    st.integers(2, 99999),
    st.sampled_from(["/tmp/a", "/home/x/y"]),
)
def test_what_a_log_says_of_its_run_is_metadata(second: int, speed: float, took: float, pid: int, folder: str) -> None:
    left, right = log(0, 1.5, 2.5, 1, "/data/run"), log(second, speed, took, pid, folder)
    found = compare("log.txt", left, right)
    assert (found.outcome, found.because) == (Outcome.EQUIVALENT, (Because.METADATA,)), found
    assert compare("log.txt", left, right.replace(b"loss=0.5", b"loss=0.6")).outcome is Outcome.DIVERGENT


W, B = made.WEIGHT, made.BIAS
TENSORS = {"weight": W, "bias": B}
METADATA = {
    "checkpoint under another name": (
        "m.pt",
        made.checkpoint("one", TENSORS),
        made.checkpoint("a_longer_name", TENSORS),
    ),
    "checkpoint with other storage numbers": (
        "m.pt",
        made.checkpoint("one", TENSORS),
        made.checkpoint("one", TENSORS, ("5", "3")),
    ),
    "order in a checkpoint": (
        "m.pt",
        made.checkpoint("one", TENSORS),
        made.checkpoint("one", dict(reversed(TENSORS.items())), ("0", "1")),
    ),
    "times of events": ("events.out.tfevents.1", made.events(1.7e9), made.events(1.8e9)),
    "runtime of a logged step": ("run-a.wandb", made.wandb_log(runtime=1.5), made.wandb_log(runtime=7.5)),
    "times in an archive": ("a.zip", made.zipped(), made.zipped(time=(2025, 1, 1, 1, 1, 2))),
    "packing of an archive": ("a.zip", made.zipped(), made.zipped(packed=False)),
    "times in a tar": ("a.tar", made.tarred(), made.tarred(time=1)),
    "packing of arrays": ("a.npz", made.npz(packed=True), made.npz(packed=False)),
    "time of a gzip": ("a.txt.gz", gzip.compress(b"x" * 99, mtime=1), gzip.compress(b"x" * 99, mtime=2)),
    "level of a gzip": ("a.txt.gz", gzip.compress(b"xy" * 99, 1, mtime=1), gzip.compress(b"xy" * 99, 9, mtime=1)),
    "a tar in a gzip": (
        "a.tar.gz",
        gzip.compress(made.tarred(), mtime=1),
        gzip.compress(made.tarred(time=9), mtime=1),
    ),
    "comment of an image": ("a.png", made.png(), made.png(comment=b"Software\0another")),
    "packing of an image": ("a.png", made.png(level=0), made.png(level=9)),
    "date of a document": ("a.pdf", made.pdf(), made.pdf("20270101120000Z")),
    "counts of a notebook": ("a.ipynb", made.notebook(1), made.notebook(2)),
    "speed in a notebook": ("a.ipynb", made.notebook(text="12.5it/s\n"), made.notebook(text="99.1it/s\n")),
    "layout of JSON": ("a.json", b'{"a": [1, 2.50], "b": 1e3}', b'{"b":1000.0,"a":[1,2.5]}\n'),
    "times in JSON": ("a.json", b'{"loss": 0.5, "train_runtime": 1.5}', b'{"loss": 0.5, "train_runtime": 2.5}'),
    "times in lines": (
        "a.jsonl",
        b'{"loss": 0.5, "_timestamp": 1700000000.5}\n' * 2,
        b'{"loss": 0.5, "_timestamp": 1800000000.5}\n' * 2,
    ),
    "times in a table": ("a.csv", b"step,loss,wall_time\n1,0.5,17.5\n", b"step,loss,wall_time\n1,0.5,19.5\n"),
    "quotes in a table": ("a.csv", b"step,note\n1,a\n", b'step,note\n1,"a"\n'),
    "times of MLflow": ("mlruns/0/metrics/loss", b"1700000000000 0.5 1\n", b"1800000000000 0.5 1\n"),
    "comments in YAML": ("a.yaml", b"a: 1 # one\n", b"a: 1\n"),
    "protocol of a pickle": ("a.pkl", pickle.dumps({"a": [1, 2]}, 2), pickle.dumps({"a": [1, 2]}, 5)),
    "order of a set": ("a.pkl", pickle.dumps({"x", "y"}, 4), pickle.dumps({"y", "x", "z"} - {"z"}, 4)),
    "producer of a model": ("a.onnx", made.onnx(), made.onnx(producer=b"another")),
    "header of safetensors": (
        "a.safetensors",
        made.safetensors(),
        struct.pack("<Q", struct.unpack("<Q", made.safetensors()[:8])[0] + 8)
        + made.safetensors()[8:-88]
        + b" " * 8
        + made.safetensors()[-88:],
    ),
}


@pytest.mark.parametrize("what", METADATA)
def test_metadata_alone_is_never_divergent(what: str) -> None:
    name, left, right = METADATA[what]
    if left == right:
        assert what == "order of a set"  # the order is the hash seed's choice
        return
    found = compare(name, left, right)
    assert (found.outcome, found.because) == (Outcome.EQUIVALENT, (Because.METADATA,)), found


def test_free_space_of_a_database_is_metadata(tmp_path: Path) -> None:
    found = compare("a.db", made.sqlite(tmp_path), made.sqlite(tmp_path, padding=True))
    assert (found.outcome, found.kind) == (Outcome.EQUIVALENT, "sqlite"), found


def bumped(array: np.ndarray[Any, Any], index: tuple[int, ...]) -> np.ndarray[Any, Any]:
    other = array.copy()
    other[index] = np.nextafter(other[index], np.inf, dtype=other.dtype)
    return other


def archive(**arrays: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # numpy's own signature is too narrow
    return file.getvalue()


ULP = {
    "npy": ("w.npy", made.npy(W), made.npy(bumped(W, (1, 2)))),
    "npy of halves": ("w.npy", made.npy(W.astype("f2")), made.npy(bumped(W.astype("f2"), (1, 2)))),
    "npy by columns": ("w.npy", made.npy(np.asfortranarray(W)), made.npy(np.asfortranarray(bumped(W, (1, 2))))),
    "npy of another order": ("w.npy", made.npy(W.astype(">f4")), made.npy(bumped(W, (1, 2)).astype(">f4"))),
    "npz": ("w.npz", archive(w=W), archive(w=bumped(W, (1, 2)))),
    "checkpoint": (
        "w.pt",
        made.checkpoint("a", TENSORS),
        made.checkpoint("b", {"weight": bumped(W, (1, 2)), "bias": B}),
    ),
    "old checkpoint": ("w.pt", made.old_checkpoint(W), made.old_checkpoint(bumped(W, (1, 2)))),
    "safetensors": (
        "w.safetensors",
        made.safetensors(),
        made.safetensors().replace(W.tobytes(), bumped(W, (1, 2)).tobytes()),
    ),
    "pickle": ("w.pkl", pickle.dumps(W, 4), pickle.dumps(bumped(W, (1, 2)), 4)),
    "pickle of protocol 5": ("w.pkl", pickle.dumps({"w": W}, 5), pickle.dumps({"w": bumped(W, (1, 2))}, 5)),
    "model": ("w.onnx", made.onnx(), made.onnx().replace(W.tobytes(), bumped(W, (1, 2)).tobytes())),
}


@pytest.mark.parametrize("what", ULP)
def test_one_step_between_floats_is_told(what: str) -> None:
    name, left, right = ULP[what]
    found = compare(name, left, right)
    assert found.outcome is Outcome.DIVERGENT
    while found.distance is None:
        (found,) = found.children
    assert (found.distance.differing, found.distance.max_ulp, found.distance.first) == (1, 1, (1, 2))
    inside = compare(name, left, right, "*=ulp:1")
    assert (inside.outcome, inside.because) == (Outcome.EQUIVALENT, (Because.TOLERANCE,))
    assert compare(name, left, right, "*=abs:1e-30").outcome is Outcome.DIVERGENT
    assert compare(name, left, right, "other.*=ulp:1").outcome is Outcome.DIVERGENT


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("a.json", '{{"loss": {}}}'),
        ("a.yaml", "loss: {}\n"),
        ("a.toml", "loss = {}\n"),
        ("a.csv", "step,loss\n1,{}\n"),
        ("a.jsonl", '{{"step": 1, "loss": {}}}\n'),
        ("mlruns/0/metrics/loss", "1700000000000 {} 1\n"),
        ("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": "", "outputs": [{"text": "LOSS\n"}]}]})
         .replace("{", "{{").replace("}", "}}").replace("LOSS", "loss {}")),
        ("a.txt", "loss {}\n"),
    ],
)  # fmt: skip
@settings(max_examples=20, database=None, deadline=None, derandomize=True)
@given(value=st.floats(1e-300, 1e300))
def test_one_step_of_a_written_number_is_told(name: str, template: str, value: float) -> None:
    following = float(np.nextafter(value, np.inf))
    texts = [template.format(repr(number)).encode() for number in (value, following)]
    found = compare(name, texts[0], texts[1])
    assert found.outcome is Outcome.DIVERGENT
    assert compare(name, texts[0], texts[1], "*=ulp:1").outcome is Outcome.EQUIVALENT
    assert compare(name, texts[0], texts[0]).outcome is Outcome.IDENTICAL


def test_real_checkpoints_of_the_same_values_are_the_same(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.randn(5, 4)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "odd": torch.randn(4, 3).t().bfloat16()}
    for kind in (True, False):
        one, two, other = (tmp_path / f"{name}{kind}.pt" for name in ("one", "another", "other"))
        torch.save(state, one, _use_new_zipfile_serialization=kind)
        torch.save(state, two, _use_new_zipfile_serialization=kind)
        same = compare_files(one, two, name="m.pt")
        assert same.outcome is (Outcome.EQUIVALENT if kind else Outcome.IDENTICAL)
        changed = {**state, "odd": state["odd"].clone()}
        changed["odd"][1, 2] += 1
        torch.save(changed, other, _use_new_zipfile_serialization=kind)
        found = compare_files(one, other, name="m.pt")
        assert [(child.name, child.distance and child.distance.first) for child in found.children] == [("odd", (1, 2))]


def test_joblib_dumps_are_read_without_unpickling(tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib")
    one, other = tmp_path / "one.joblib", tmp_path / "other.joblib"
    joblib.dump({"w": W, "names": np.array(["a", "b"], dtype=object), "n": 3}, one)
    joblib.dump({"w": bumped(W, (1, 2)), "names": np.array(["a", "b"], dtype=object), "n": 3}, other)
    found = compare_files(one, other, name="m.joblib")
    (child,) = found.children
    assert (child.name, child.distance and child.distance.max_ulp) == ("w", 1)


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_nothing_is_ever_unpickled(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    left, right = pickle.dumps([Trap(mark), 1]), pickle.dumps([Trap(mark), 2])
    assert compare("a.pkl", left, right).outcome is Outcome.DIVERGENT
    assert not mark.exists()
    pickle.loads(left)  # noqa: S301 — the trap works
    assert mark.exists()
