"""Container image references, read by the grammar of the distribution project's `reference` package."""

from __future__ import annotations

import re
from typing import Final

import msgspec

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[A-Fa-f0-9:]+\])"
_REGISTRY: Final = re.compile(rf"{_HOST}(?::[0-9]+)?")
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_REFERENCE: Final = re.compile(
    rf"(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}))?"
)
_IDENTIFIER: Final = re.compile(r"[a-f0-9]{64}")
_DIGEST_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_DEFAULT_REGISTRY: Final = "docker.io"
_OFFICIAL: Final = "library/"
_MAX_NAME: Final = 255


class ImageReference(msgspec.Struct, frozen=True):
    """An image by name, tag and digest."""

    registry: str
    """`docker.io` when none was written."""
    repository: str
    """Full path inside the registry: `library/python` for `python`."""
    tag: str | None
    digest: str | None
    """Algorithm and hexadecimal digits, such as `sha256:...`."""

    @property
    def name(self) -> str:
        """The short name that people write: `python`, `pytorch/pytorch`, `ghcr.io/owner/image`."""
        if self.registry != _DEFAULT_REGISTRY:
            return f"{self.registry}/{self.repository}"
        return self.repository.removeprefix(_OFFICIAL)


def parse_image_reference(text: str) -> ImageReference | None:
    """Read a reference; None when it isn't one (upper-case repositories, bare image identifiers, variables)."""
    if _IDENTIFIER.fullmatch(text):
        return None
    first, slash, rest = text.partition("/")
    is_registry = bool(slash) and (any(c in first for c in ".:") or first == "localhost" or first.lower() != first)
    registry = first if is_registry else _DEFAULT_REGISTRY
    match = _REFERENCE.fullmatch(rest if is_registry else text)
    if match is None or not _REGISTRY.fullmatch(registry):
        return None
    path: str = match["path"]
    if registry == "index.docker.io":
        registry = _DEFAULT_REGISTRY
    if registry == _DEFAULT_REGISTRY and "/" not in path:
        path = _OFFICIAL + path
    if len(registry) + 1 + len(path) > _MAX_NAME or not _is_digest(match["digest"]):
        return None
    return ImageReference(registry, path, match["tag"], match["digest"])


def _is_digest(text: str | None) -> bool:
    if text is None:
        return True
    algorithm, _, digits = text.partition(":")
    return _DIGEST_LENGTHS.get(algorithm) == len(digits) and digits == digits.lower()
