"""What a container image's tag promises: a version, or whatever was pushed last."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from reprocheck.rulekit import ImageReference


class Pinning(Enum):
    """How firmly a reference names one image."""

    UNTAGGED = "untagged"
    FLOATING = "floating"
    """`latest`, a branch, or a flavour such as `slim`."""
    MAJOR = "major"
    """A language's major version only: another interpreter every year."""
    VERSION = "version"
    """A version that may still be pushed anew."""
    DIGEST = "digest"


_MOVING: Final = frozenset(
    {
        "latest", "nightly", "edge", "stable", "lts", "current", "mainline", "main", "master", "dev", "devel",
        "develop", "development", "trunk", "head", "snapshot", "canary", "rolling", "unstable", "testing", "beta",
        "alpha", "rc", "prod", "production", "staging", "next", "preview", "experimental", "ci", "build", "weekly",
        "daily",
    }
)  # fmt: skip
_CODENAMES: Final = frozenset(
    {
        "trusty", "xenial", "bionic", "focal", "jammy", "noble", "plucky", "stretch", "buster", "bullseye", "bookworm",
        "trixie",
    }
)  # fmt: skip
"""Releases of Debian and Ubuntu: as good as their number for the system's own image, a flavour for any other."""
_SYSTEMS: Final = frozenset({"debian", "ubuntu", "buildpack-deps"})
_ROBOTS: Final = frozenset(
    {"kinetic", "lunar", "melodic", "noetic", "dashing", "eloquent", "foxy", "galactic", "humble", "iron", "jazzy"}
)
"""Releases of ROS."""
_LANGUAGES: Final = frozenset({"python", "pypy"})
_DATE: Final = re.compile(r"(?:^|[-_.])(20\d{2})[-_.]?(0\d|1[0-2])(?:[-_.]?[0-3]\d)?(?:$|[-_.T])")
_HASH: Final = re.compile(r"(?:^|[-_.])(?:sha-?|g)?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?:$|[-_.])")
_VERSION: Final = re.compile(r"(?:v|r|version|release)?\d[\w.]*", re.IGNORECASE)
_INSIDE: Final = re.compile(r"[a-z]{2,}v?\d+\.\d+[\w.]*")
"""A version with the product in front of it: `paddlex3.1.2-cpu`."""
_TOKEN: Final = re.compile(r"[-_+]")


def pinning(image: ImageReference) -> Pinning:
    """Judge a reference by its digest and tag."""
    if image.digest is not None:
        return Pinning.DIGEST
    tag = image.tag
    if tag is None:
        return Pinning.UNTAGGED
    if _DATE.search(tag) or _HASH.search(tag):
        return Pinning.VERSION
    tokens = _TOKEN.split(tag.lower())
    if image.name in _SYSTEMS and tokens[0] in _CODENAMES:
        return Pinning.VERSION
    if image.name.rpartition("/")[2].startswith("ros") and not _ROBOTS.isdisjoint(tokens):
        return Pinning.VERSION
    versions = [token for token in tokens if _VERSION.fullmatch(token) or _INSIDE.fullmatch(token)]
    # A version behind a moving word, as in `nightly-2.1`, says what is being built, not which build it is.
    if not versions or tokens[0] in _MOVING:
        return Pinning.FLOATING
    if image.name in _LANGUAGES and "." not in versions[0]:
        return Pinning.MAJOR
    return Pinning.VERSION
