"""The digest of tensors: what it depends on and what it doesn't."""

from __future__ import annotations

import math
import shutil
from itertools import product
from typing import Any

import pytest

from reprocheck.agent.libraries import one_pass
from reprocheck.agent.libraries.tensors import Fingerprints, combine, splitmix64

torch = pytest.importorskip("torch", reason="torch is not installed")
MASK = (1 << 64) - 1


@pytest.fixture
def fingerprints() -> Fingerprints:
    return Fingerprints(torch)


def by_definition(words: list[int]) -> int:
    """The sum of word times weight, as the module's docstring gives it."""
    total = len(words) * 0x9E3779B97F4A7C15
    for place, word in enumerate(words):
        total += word * (splitmix64(place % 32768) | 1) * (splitmix64((1 << 32) + place // 32768) | 1)
    return total & MASK


def test_mixing_function_is_the_published_one() -> None:
    assert [splitmix64(0), splitmix64(0x9E3779B97F4A7C15)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@pytest.mark.parametrize("count", [0, 1, 7, 32767, 32768, 32769, 70000])
def test_digest_is_what_its_definition_says_on_both_ways_of_computing_it(
    fingerprints: Fingerprints, count: int
) -> None:
    tensor = torch.randn(count, generator=torch.Generator().manual_seed(count))
    expected = by_definition(tensor.view(torch.int32).tolist())
    assert fingerprints.digest(tensor) == expected
    assert int(fingerprints.digest_there(tensor)) & MASK == expected


KINDS = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_element_counts_by_its_bits(fingerprints: Fingerprints, kind: str) -> None:
    tensor = torch.tensor([0, 1, 1, 0, 1]).to(getattr(torch, kind))
    other = tensor.clone()
    other[3] = 1
    digests = [fingerprints.digest(each) for each in (tensor, tensor.clone(), other)]
    assert digests[0] == digests[1] != digests[2]
    assert int(fingerprints.digest_there(tensor)) & MASK == digests[0]


def test_permuted_negated_or_resized_tensors_have_other_digests(fingerprints: Fingerprints) -> None:
    base = torch.arange(1.0, 9.0)
    swapped = base[[1, 0, *range(2, 8)]]
    two_signs = base * torch.tensor([-1.0, -1, 1, 1, 1, 1, 1, 1])
    blocks = torch.cat([torch.ones(32768), torch.zeros(32768)])
    variants: list[Any] = [base, swapped, -base, two_signs, base[:7], torch.zeros(8), torch.zeros(9), -torch.zeros(8)]
    variants += [blocks, blocks.flip(0), blocks.roll(1)]
    digests = [fingerprints.digest(each) for each in variants]
    assert len(set(digests)) == len(variants)


def test_layout_in_memory_does_not_count(fingerprints: Fingerprints) -> None:
    image = torch.randn(2, 3, 4, 5)
    views = [image, image.contiguous(memory_format=torch.channels_last), image.transpose(1, 2).clone().transpose(1, 2)]
    assert len({fingerprints.digest(each) for each in views}) == 1


def test_number_of_threads_does_not_count(fingerprints: Fingerprints) -> None:
    tensor = torch.randn(500_000)
    before = torch.get_num_threads()
    try:
        digests = set()
        for threads, ways in product((1, 2, 4), (fingerprints.digest, fingerprints.digest_there)):
            torch.set_num_threads(threads)
            digests.add(int(ways(tensor)) & MASK)
    finally:
        torch.set_num_threads(before)
    assert len(digests) == 1


def test_sizes_are_norm_smallest_and_largest(fingerprints: Fingerprints) -> None:
    assert [float(size) for size in fingerprints.sizes(torch.tensor([3.0, -4.0]))] == [5.0, -4.0, 3.0]
    assert fingerprints.sizes(torch.tensor([1, 2])) == fingerprints.sizes(torch.zeros(0)) == []


@pytest.fixture
def compiled() -> Fingerprints:
    if (measure := one_pass.load()) is None:
        assert not any(shutil.which(name) for name in ("cc", "gcc", "clang"))
        pytest.skip("no C compiler")
    return Fingerprints(torch, measure)


@pytest.mark.parametrize("count", [1, 7, 15, 16, 17, 32767, 32768, 32769, 70000])
def test_one_pass_finds_what_several_do(fingerprints: Fingerprints, compiled: Fingerprints, count: int) -> None:
    tensor = torch.randn(count + 1, generator=torch.Generator().manual_seed(count))
    for each in (tensor[:count], tensor[1:], -tensor[1:], tensor[1:] * 1e30, (tensor * 1e-40)[1:]):
        digest, norm, low, high = compiled.numbers(each)
        assert digest == fingerprints.digest(each) == by_definition(each.view(torch.int32).tolist())
        assert math.isclose(norm, float(torch.linalg.vector_norm(each.double())), rel_tol=1e-12)
        assert [low, high] == [float(each.min()), float(each.max())]


@pytest.mark.parametrize("place", [0, 1, 20, 40_000])
@pytest.mark.parametrize("element", [math.nan, math.inf, -math.inf, -0.0])
def test_one_pass_sees_what_is_no_number(
    fingerprints: Fingerprints, compiled: Fingerprints, place: int, element: float
) -> None:
    tensor = torch.randn(50_000, generator=torch.Generator().manual_seed(1))
    tensor[place] = element
    found, expected = compiled.numbers(tensor), fingerprints.numbers(tensor)
    assert found[0] == expected[0]
    assert found[1:] == pytest.approx(expected[1:], rel=1e-4, nan_ok=True)


def test_one_pass_leaves_to_torch_what_is_no_row_of_32_bit_floats(
    fingerprints: Fingerprints, compiled: Fingerprints
) -> None:
    image = torch.randn(2, 3, 4, 5)
    others = [torch.zeros(0), torch.arange(5), image.double(), image.half(), image.bool(), image.to(torch.complex64)]
    others += [torch.nn.Parameter(image), image.to(torch.complex64).conj().imag]
    for tensor in others:
        found, expected = compiled.numbers(tensor.detach()), fingerprints.numbers(tensor.detach())
        assert found[0] == expected[0]
        assert found[1:] == pytest.approx(expected[1:], rel=1e-6)
    for tensor in (image.transpose(1, 2), image[:, ::2], image.contiguous(memory_format=torch.channels_last)):
        assert compiled.numbers(tensor)[0] == fingerprints.digest(tensor)


def test_combined_digest_depends_on_order_and_number() -> None:
    assert len({combine(each) for each in ([], [1], [1, 2], [2, 1], [1, 2, 0], [0])}) == 6
