"""Digests of what a model learned: plain values, arrays, and objects made of them."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEPTH = 16
_VALUES = 500_000
"""Values of one model that are looked at; a larger one is digested in part, and says so."""


class Digester:
    """Takes in one value after another; the order of attributes and of dictionaries counts, that of sets doesn't."""

    def __init__(self) -> None:
        try:
            from _blake2 import blake2b
        except ImportError:
            from hashlib import blake2b
        self._state = blake2b(digest_size=8)
        self._count = 0
        self._numpy: Any = sys.modules.get("numpy")
        self.opaque: set[str] = set()
        """Types whose content could not be looked at."""

    def digest(self) -> str:
        """What was taken in, in hex."""
        return str(self._state.hexdigest())

    def add(self, value: Any, depth: int = 0) -> None:
        """Take a value in."""
        self._count += 1
        kind = type(value)
        if depth > _DEPTH or self._count > _VALUES:
            self.opaque.add("too much")
        elif value is None or kind in (bool, int, float, complex, str, bytes):
            self._word(kind.__name__, repr(value))
        elif kind in (list, tuple):
            self._word(kind.__name__, str(len(value)))
            for item in value:
                self.add(item, depth + 1)
        elif kind in (set, frozenset):
            self._word(kind.__name__, repr(sorted(map(repr, value))))
        elif isinstance(value, dict):
            self._word("dict", str(len(value)))
            for key, item in value.items():
                self.add(key, depth + 1)
                self.add(item, depth + 1)
        elif self._numpy is not None and isinstance(value, (self._numpy.ndarray, self._numpy.generic)):
            self._array(self._numpy.asarray(value), depth)
        else:
            self._object(value, depth)

    def _word(self, kind: str, text: str) -> None:
        self._state.update(f"{kind}:{text};".encode("utf-8", "surrogateescape"))

    def _array(self, array: Any, depth: int) -> None:
        self._word("array", f"{array.dtype.str} {array.shape}")
        if array.dtype.names:  # field by field: the bytes between fields are whatever was in memory
            for name in array.dtype.names:
                self._array(array[name], depth + 1)
        elif array.dtype.hasobject:
            for item in array.ravel().tolist():
                self.add(item, depth + 1)
        else:
            self._state.update(array.tobytes())

    def _object(self, value: Any, depth: int) -> None:
        kind = type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        self._word("object", name)
        if name.startswith("numpy.random."):
            state = value.get_state(legacy=False) if hasattr(value, "get_state") else value.bit_generator.state
            self.add(state, depth + 1)
        elif hasattr(value, "tocsr") and hasattr(value, "data"):
            for part in ("data", "indices", "indptr"):
                self.add(getattr(value, part, None), depth + 1)
        elif name.startswith("sklearn.tree._tree."):
            self.add(value.__getstate__(), depth + 1)
        elif name.startswith("sklearn.") and hasattr(value, "__dict__"):
            self.add(dict(vars(value)), depth + 1)
        else:
            self.opaque.add(name)


def fitted_attributes(estimator: Any) -> tuple[dict[str, object], list[str]]:
    """Digest of each public attribute, parameters included, and the types that could not be looked at."""
    digests: dict[str, object] = {}
    opaque: set[str] = set()
    for name, value in sorted(vars(estimator).items()):
        if not name.startswith("_"):
            digester = Digester()
            digester.add(value)
            digests[name] = digester.digest()
            opaque |= digester.opaque
    return digests, sorted(opaque)
