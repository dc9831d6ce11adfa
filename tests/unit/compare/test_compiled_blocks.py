"""When compiled code is loaded, what keeps it from being, and what it is handed."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reprocheck.compare.artifacts import compare_files
from reprocheck.compare.compiled_blocks import CompiledBlocks, Kernels, why_not_compiled
from reprocheck.compare.distances import Extremes, relatives
from reprocheck.compare.measuring import Measurement
from reprocheck.compare.number_formats import NumberFormat, named_format, opaque_format
from reprocheck.model.comparison import Limits

NOTHING = Extremes(0, 0.0, 0.0)


def number(name: str) -> NumberFormat:
    found = named_format(name)
    assert found is not None
    return found


def blocks(name: str, limits: Limits | None = None) -> CompiledBlocks:
    pytest.importorskip("numba")
    found = Kernels(patience=0).blocks(number(name), limits)
    assert found is not None, why_not_compiled()
    return found


def test_it_is_loaded_after_as_much_work_as_that_takes() -> None:
    pytest.importorskip("numba")
    kernels = Kernels(patience=1.0)
    kernels.spent(0.6)
    assert kernels.blocks(number("float32"), None) is None
    kernels.spent(0.6)
    assert kernels.blocks(number("float32"), None) is not None


def test_measuring_without_it_is_such_work() -> None:
    pytest.importorskip("numba")
    kernels = Kernels(patience=1e-9)
    measurement = Measurement(number("float32"), None, kernels)
    left, right = (memoryview(np.full(1000, value, "<f4").tobytes()) for value in (1, 2))
    ways = []
    for _ in range(2):
        measurement.add(left, right)
        ways.append(measurement._compiled)
    assert ways[0] is None
    assert ways[1] is not None
    assert (measurement.distance().differing, measurement.distance().max_absolute) == (2000, 1.0)


def test_what_is_no_number_has_no_compiled_way() -> None:
    assert Kernels(patience=0).blocks(opaque_format("S3", 3), None) is None


def test_while_one_thread_loads_others_go_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels, begun, finish = Kernels(patience=0), threading.Event(), threading.Event()

    def slowly(_: NumberFormat) -> tuple[Any, tuple[object, ...]]:
        begun.set()
        finish.wait(30)
        return print, ()

    monkeypatch.setattr("reprocheck.compare.compiled_blocks._prepared", slowly)
    loader = threading.Thread(target=kernels.blocks, args=(number("float32"), None))
    loader.start()
    assert begun.wait(30)
    assert kernels.blocks(number("float32"), None) is None
    finish.set()
    loader.join()
    assert kernels.blocks(number("float32"), None) is not None


@pytest.mark.parametrize("error", [ImportError("no numba"), SystemError("another NumPy"), RuntimeError("no cache")])
def test_whatever_is_wrong_with_it_distances_are_found(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    real = builtins.__import__
    tried = []

    def broken(name: str, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 — what modules are
        if name.partition(".")[0] == "numba":
            tried.append(name)
            raise error
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", broken)
    monkeypatch.delitem(sys.modules, "reprocheck.compare.kernels", raising=False)
    monkeypatch.delattr("reprocheck.compare.kernels", raising=False)
    kernels = Kernels(patience=0)
    measurement = Measurement(number("float32"), None, kernels)
    left, right = (memoryview(np.full(1000, value, "<f4").tobytes()) for value in (1, 2))
    measurement.add(left, right)
    measurement.add(left, right)
    assert measurement.distance().max_absolute == 1.0
    assert tried == ["numba"], "it is tried once"
    assert str(error) in why_not_compiled()


def test_a_folder_does_not_choose_what_code_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ".numba_config.yaml" not in why_not_compiled()
    (tmp_path / ".numba_config.yaml").write_text(f"cache_dir: {tmp_path}\n")
    assert Kernels(patience=0).blocks(number("float32"), None) is None
    assert "the current folder has a .numba_config.yaml" in why_not_compiled()
    assert list(tmp_path.iterdir()) == [tmp_path / ".numba_config.yaml"]


def test_nothing_is_compiled_later_than_it_is_loaded() -> None:
    found = blocks("float32")
    ones = np.ones(8, ">f4").view(np.uint64)
    with pytest.raises(TypeError):
        found._kernel(ones, ones, found._reals, found._counts, 1)


def test_code_is_kept_where_the_variable_says(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    program = (
        "from reprocheck.compare.compiled_blocks import Kernels\n"
        "from reprocheck.compare.number_formats import named_format\n"
        "print(Kernels(0).blocks(named_format('int8'), None) is not None)\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert [path.name for path in tmp_path.rglob("*.nbc")]


def test_bits_may_lie_at_any_address_and_be_writable() -> None:
    values = np.arange(2000, dtype="<f4")
    for shift in range(5):
        left, right = (bytearray(bytes(shift) + (values + more).tobytes()) for more in (0, 0.5))
        a, b = (np.frombuffer(side, "<i4", offset=shift) for side in (left, right))
        found = blocks("float32").look(a, b, NOTHING)
        assert (found.differing, found.known.absolute, found.known.relative) == (2000, 0.5, 1.0)
        a[0] = 1  # still the caller's to write


def test_what_was_known_is_kept() -> None:
    a, b = np.array([1.0], "<f8").view("i8"), np.array([1.5], "<f8").view("i8")
    known = Extremes(2**63, 7.0, 2.0)
    assert blocks("float64").look(a, b, known).known == known


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_difference_that_a_single_float_rounds_to_what_is_known_is_greater(name: str, sign: int) -> None:
    chance, seen = np.random.default_rng(1), 0
    compiled = blocks(name)
    for power in range(30):
        values = chance.uniform(1, 2, 40) * np.repeat([1, sign * 2.0**-power], 20)
        if name == "bfloat16":
            bits = (values.astype("f4").view("u4") >> 16).astype("u2")
            exact = (bits.astype("u4") << 16).view("f4").astype("f8")
        else:
            bits, exact = values.astype(name).view(f"u{number(name).size}"), values.astype(name).astype("f8")
        for a, b, gap in zip(bits[:20, None], bits[20:, None], np.abs(exact[:20] - exact[20:]), strict=True):
            rounded = float(np.float32(gap))
            found = compiled.look(a, b, Extremes(2**40, rounded, 2.0)).known
            assert found == Extremes(2**40, max(rounded, float(gap)), 2.0)
            seen += gap > rounded
    assert seen > 20


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_share_that_is_greater_by_the_last_digit_of_a_double_is_found(name: str, sign: int) -> None:
    chance = np.random.default_rng(1)
    compiled = blocks(name)
    values = chance.uniform(1, 8, (60, 2)).astype(name) * np.array([1, sign], name)
    shares = relatives(values[:, 0], values[:, 1]).tolist()
    for pair, share in zip(values, shares, strict=True):
        a, b = (pair[[side]].view(f"u{pair.itemsize}") for side in (0, 1))
        for known in (np.nextafter(share, 0), share):
            assert compiled.look(a, b, Extremes(2**64 - 1, 1e9, float(known))).known == Extremes(2**64 - 1, 1e9, share)


@pytest.mark.parametrize(
    ("limits", "beyond"),
    [
        (None, 0),
        (Limits(ulp=0), 3),
        (Limits(ulp=1), 2),
        (Limits(ulp=2**64), 1),
        (Limits(absolute=0.25), 2),
        (Limits(relative=0.5), 1),
    ],
)
def test_elements_beyond_all_limits_are_counted(limits: Limits | None, beyond: int) -> None:
    left = np.array([1, 1, 1, 0.0], "<f4")
    right = np.array([np.nextafter(np.float32(1), np.float32(2)), 1.5, np.nan, -0.0], "<f4")
    found = blocks("float32", limits).look(left.view("i4"), right.view("i4"), NOTHING)
    assert (found.differing, found.nan_one_side, found.signed_zeros, found.beyond) == (4, 1, 1, beyond)


def test_arrays_in_files_are_measured_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    used = []
    look = CompiledBlocks.look

    def noted(self: CompiledBlocks, *arguments: Any) -> object:  # noqa: ANN401 — passed on
        used.append(1)
        return look(self, *arguments)

    monkeypatch.setattr(CompiledBlocks, "look", noted)
    monkeypatch.setattr("reprocheck.compare.arrays.KERNELS", Kernels(patience=0))
    paths = tmp_path / "a.npy", tmp_path / "b.npy"
    values = np.arange(3 << 20, dtype="<f4")  # enough for several threads
    for path, side in zip(paths, (values, values + 1), strict=True):
        np.save(path, side)
    distance = compare_files(*paths, name="x.npy").distance
    assert distance is not None
    assert (distance.differing, distance.first, distance.max_absolute) == (3 << 20, (0,), 1.0)
    assert used
