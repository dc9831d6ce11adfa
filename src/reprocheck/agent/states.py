"""Digests of the states of random number generators; taking one draws nothing."""

from __future__ import annotations

import sys

from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def digest(data: bytes) -> str:
    """Sixty-four bits of BLAKE2b, in hex."""
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(data, digest_size=8).hexdigest()


def python_state(module: ModuleType) -> str:
    """The global generator of `random`."""
    from array import array

    _, numbers, spare = module.getstate()
    return digest(array("I", numbers).tobytes() + repr(spare).encode())


def numpy_state(module: ModuleType) -> str:
    """The global generator of `numpy.random`; `module` is `numpy.random.mtrand`."""
    state = module._rand.get_state(legacy=False)
    inner = state["state"]
    parts = [inner[key].tobytes() if hasattr(inner[key], "tobytes") else repr(inner[key]).encode() for key in inner]
    return digest(b"|".join(parts) + repr((state["has_gauss"], state["gauss"])).encode())


def tensor_bytes(tensor: object) -> bytes:
    """The bytes of a state, which lies in main memory on every device; numpy may be missing."""
    try:
        return tensor.numpy().tobytes()  # type: ignore[attr-defined, no-any-return]
    except RuntimeError:
        return bytes(tensor.tolist())  # type: ignore[attr-defined]


def states() -> dict[str, object]:
    """Digests of all global generators of the libraries that are loaded, sorted by name."""
    found: dict[str, object] = {}
    modules = sys.modules
    python, numpy, torch = modules.get("random"), modules.get("numpy.random.mtrand"), modules.get("torch")
    if python is not None and hasattr(python, "getstate"):
        found["random"] = python_state(python)
    if numpy is not None and hasattr(numpy, "_rand"):
        found["numpy"] = numpy_state(numpy)
    if torch is not None and hasattr(torch, "default_generator"):
        found["torch"] = digest(tensor_bytes(torch.default_generator.get_state()))
        cuda = getattr(torch, "cuda", None)
        if cuda is not None and cuda.is_initialized() and not cuda.is_current_stream_capturing():
            for index, generator in enumerate(cuda.default_generators):
                found[f"torch.cuda:{index}"] = digest(tensor_bytes(generator.get_state()))
    return found


def tell(watch: Watch, moment: str, only: str = "") -> None:
    """Write the states of all generators, or of one library's."""
    found = states()
    if only:
        found = {name: found[name] for name in found if name == only}
    if found:
        place, _ = watch.places.here()
        watch.journal.emit("rng", {"moment": moment, "states": found, "place": place})
