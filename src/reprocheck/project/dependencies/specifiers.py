"""Versions as each tool writes them, as PEP 440 specifiers."""

from __future__ import annotations

import re
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_CARET: Final = re.compile(r"\^\s*v?(\d[\w.+!-]*)")
_TILDE: Final = re.compile(r"~\s*v?(\d[\w.+!-]*)")
_BARE: Final = re.compile(r"=?\s*v?(\d[\w.+!]*(?:\.\*)?)")
_FUZZY: Final = re.compile(r"=\s*(\d[\w.+!]*?)(?:\.?\*)?")
_EXACT: Final = re.compile(r"===?\s*[^\s,*]+")
_FULL: Final = 3
"""Parts of a release with which a conda version is taken to be exact."""
_LENGTH_LIMIT: Final = 300


def is_exact(specifier: str) -> bool:
    """Whether a specifier leaves one version; alternatives, wildcards and variables don't."""
    return any(_EXACT.fullmatch(part.strip()) and "$" not in part for part in specifier.split(","))


def satisfied(specifier: str, exact: str) -> bool | None:
    """Whether an exact version (`==1.2`) is one that a specifier allows; None when that can't be told."""
    wanted, version = _parsed(specifier), _version(exact)
    if wanted is None or version is None:
        return None
    # A local part (`+cu121`) names a build of the same version.
    return wanted.contains(version.public, prereleases=True) or wanted.contains(version, prereleases=True)


def overlap(left: str, right: str) -> bool | None:
    """Whether some version may satisfy both; None when that can't be told. Only bounds and exact versions count."""
    first, second = _parsed(left), _parsed(right)
    if first is None or second is None:
        return None
    both = SpecifierSet(",".join(part for part in (left, right) if part))
    candidates = [version for part in both if (version := _bound(part.version)) is not None]
    if len(candidates) < len(list(both)):
        return None
    if not candidates:
        return True
    near = [near for version in candidates for near in _around(version)]
    return any(both.contains(version, prereleases=True) for version in near)


def _around(version: Version) -> tuple[Version, ...]:
    """A version and its nearest neighbours, so that every interval between bounds is tried."""
    release = ".".join(map(str, version.release))
    behind = Version(f"{release}.0.0.1"), Version(f"{release}.dev0"), Version(f"{release}.post1")
    return version, _before(version), *behind


def _before(version: Version) -> Version:
    """A release just before one: `<2` leaves out even the pre-releases of 2."""
    parts = list(version.release)
    while parts and not parts[-1]:
        parts.pop()
    if not parts:
        return Version("0.dev0")
    return Version(".".join(map(str, [*parts[:-1], parts[-1] - 1, 9999])))


def _bound(text: str) -> Version | None:
    try:
        return Version(text.removesuffix(".*"))
    except InvalidVersion:
        return None


def _version(exact: str) -> Version | None:
    if not is_exact(exact):
        return None
    return _bound(exact.strip().lstrip("=").strip())


def _parsed(specifier: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(specifier)
    except InvalidSpecifier:
        return None


def from_poetry(text: str) -> str:
    """Poetry's and Pipenv's constraints: `^1.2`, `~1.2`, `*`, a bare version; alternatives stay as written."""
    text = text.strip()[:_LENGTH_LIMIT]
    if text in {"", "*", "latest"}:
        return ""
    if "||" in text or "|" in text:
        return text
    return ",".join(
        _poetry_part(part.strip()) for part in re.split(r",|(?<=[\w*])\s+(?=[<>=!~^])", text) if part.strip()
    )


def _poetry_part(part: str) -> str:
    if (caret := _CARET.fullmatch(part)) is not None:
        return _between(caret[1], caret=True)
    if not part.startswith("~=") and (tilde := _TILDE.fullmatch(part)) is not None:
        return _between(tilde[1], caret=False)
    if (bare := _BARE.fullmatch(part)) is not None:
        return f"=={bare[1]}"
    return "".join(part.split())


def _between(text: str, *, caret: bool) -> str:
    try:
        release = Version(text).release
    except InvalidVersion:
        return f">={text}"
    if caret:
        # The first part that is not zero must stay; of `0.0` the last one given.
        kept = next((index for index, part in enumerate(release) if part), len(release) - 1)
    else:
        kept = min(1, len(release) - 1)
    upper = [*release[:kept], release[kept] + 1]
    return f">={text},<{'.'.join(map(str, upper))}"


def from_conda(text: str) -> str:
    """Conda's match specifications; `=1.2.3` is taken as exact, `=1.2` as `==1.2.*`, a build string is left out."""
    text = text.strip()[:_LENGTH_LIMIT]
    if text in {"", "*"}:
        return ""
    if "|" in text:
        return text
    words = text.split()
    if len(words) > 1 and not re.match(r"[<>=!~,]", words[1]) and not words[0].endswith((",", "=", "<", ">")):
        text = words[0]  # a build string in the third place
        return _conda_exact(text.lstrip("="))
    text = "".join(words)
    parts = [part for part in text.split(",") if part]
    return ",".join(_conda_part(part) for part in parts)


def _conda_part(part: str) -> str:
    if part.startswith("=="):
        return _conda_exact(part.lstrip("=").partition("=")[0])
    if part.startswith("="):
        version, build, _ = part[1:].partition("=")
        return _conda_exact(version) if build else _conda_fuzzy(part)
    if part[:1].isdigit():
        version, build, _ = part.partition("=")
        return _conda_exact(version) if build or not part.endswith("*") else _conda_fuzzy("=" + version)
    if part[:1] in {">", "<"}:
        return part.removesuffix(".*")
    return part


def _conda_exact(version: str) -> str:
    return f"=={version}"


def _conda_fuzzy(part: str) -> str:
    found = _FUZZY.fullmatch(part)
    if found is None:
        return part
    version = found[1]
    if not part.endswith("*") and version.count(".") + 1 >= _FULL:
        return f"=={version}"
    return f"=={version}.*"
