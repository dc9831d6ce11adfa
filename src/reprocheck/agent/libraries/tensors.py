"""Fingerprints of torch tensors, made of integer arithmetic on the device that holds them.

The digest of a tensor is the sum of word times weight, modulo 2^64, over its elements in logical order: a word is an
element's bits as a signed integer (elements of 8 and 16 bytes are words of 4 bytes, low one first), and every place has
its own odd weight. Sums of integers modulo 2^64 don't depend on the order of summation, so every device and every
number of threads gives the same digest; permuted or negated elements give another. The weight of place `i` is
`inner[i % 2^15] * outer[i // 2^15]` with `inner[j] = splitmix64(j) | 1` and `outer[k] = splitmix64(2^32 + k) | 1`, and
the number of words times `_LENGTH` is added, so that zeros count.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from .one_pass import Measure

_MASK = (1 << 64) - 1
_BLOCK = 1 << 15
"""Words per block: the most that torch's kernels give to one thread, so that no thread pool is woken."""
_SLAB = 1 << 7
"""Blocks that are worked on at once away from the main processor: 32 MiB of whole numbers."""
_LENGTH = 0x9E3779B97F4A7C15


def splitmix64(number: int) -> int:
    """Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), their mixing function."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


class Fingerprints:
    """Digests and sizes of tensors of one torch; nothing that a program can see is changed by asking for them."""

    def __init__(self, torch: ModuleType, measure: Measure | None = None) -> None:
        """`measure` is the compiled way for 32-bit floats, where there is one."""
        self._torch: Any = torch
        self._measure = measure
        self._words = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int32, 16: torch.int32}
        self._inner: dict[str, Any] = {}
        self._outer: list[int] = []

    def _inner_on(self, device: Any) -> Any:
        key = str(device)
        if key not in self._inner:
            if "cpu" not in self._inner:
                weights = [_signed(splitmix64(place) | 1) for place in range(_BLOCK)]
                self._inner["cpu"] = self._torch.tensor(weights, dtype=self._torch.int64, device="cpu")
            self._inner[key] = self._inner["cpu"].to(device)
        return self._inner[key]

    def _outer_up_to(self, count: int) -> list[int]:
        while len(self._outer) < count:
            self._outer.append(splitmix64((1 << 32) + len(self._outer)) | 1)
        return self._outer

    def words(self, tensor: Any) -> Any:
        """The elements' bits in logical order, as one row of integers."""
        torch = self._torch
        if tensor.is_complex():
            tensor = torch.view_as_real(tensor.resolve_conj())
        if tensor.is_neg():
            tensor = tensor.resolve_neg()
        return tensor.contiguous().view(-1).view(self._words[tensor.element_size()])

    def digest(self, tensor: Any) -> int:
        """The digest of a tensor in main memory."""
        words = self.words(tensor)
        count = int(words.numel())
        inner = self._inner_on("cpu")
        blocks = (count + _BLOCK - 1) // _BLOCK
        outer = self._outer_up_to(max(blocks, 1))
        total = count * _LENGTH
        int64, dot = self._torch.int64, self._torch.dot
        if blocks == 1:
            return (total + int(dot(words.to(int64), inner[:count])) * outer[0]) & _MASK
        for index, block in enumerate(words.split(_BLOCK)):
            weights = inner if block.numel() == _BLOCK else inner[: block.numel()]
            total += int(dot(block.to(int64), weights)) * outer[index]
        return total & _MASK

    def numbers(self, tensor: Any) -> list[Any]:
        """Digest and sizes of a tensor in main memory."""
        torch = self._torch
        if self._measure is not None and tensor.dtype is torch.float32 and type(tensor) is torch.Tensor:
            count = tensor.numel()
            if count:
                row = tensor.resolve_neg().contiguous()
                return self._measure(row.data_ptr(), count)
        return [self.digest(tensor), *[float(size) for size in self.sizes(tensor)]]

    def digest_there(self, tensor: Any) -> Any:
        """The digest as a tensor of one whole number, on the device that the tensor is on, without waiting for it."""
        torch = self._torch
        words = self.words(tensor)
        count = int(words.numel())
        inner = self._inner_on(tensor.device)
        full = count // _BLOCK
        outer = [_signed(weight) for weight in self._outer_up_to(full + 1)]
        factors = torch.tensor(outer[: full + 1], dtype=torch.int64).to(tensor.device, non_blocking=True)
        total = torch.full((), _signed((count * _LENGTH) & _MASK), dtype=torch.int64, device=tensor.device)
        rows = words[: full * _BLOCK].view(full, _BLOCK)
        for first in range(0, full, _SLAB):
            slab = rows[first : first + _SLAB].to(torch.int64)
            total = total + ((slab * inner).sum(1) * factors[first : first + slab.shape[0]]).sum()
        rest = words[full * _BLOCK :].to(torch.int64)
        return total + (rest * inner[: rest.numel()]).sum() * factors[full]

    def sizes(self, tensor: Any) -> list[Any]:
        """Euclidean norm, smallest and largest element as tensors; empty where the type knows no order."""
        if not tensor.is_floating_point() or tensor.element_size() == 1 or tensor.numel() == 0:
            return []
        low, high = self._torch.aminmax(tensor)
        return [self._torch.linalg.vector_norm(tensor), low, high]


def combine(digests: list[int]) -> int:
    """One digest of several, which depends on their order."""
    total = len(digests) * _LENGTH
    for index, digest in enumerate(digests):
        total += digest * (splitmix64((1 << 33) + index) | 1)
    return total & _MASK
