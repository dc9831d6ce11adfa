"""What a shell command installs with a package manager, and how firmly it names each package."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from reprocheck.rulekit import ShellCommand, ShellWord, Span


class Package(NamedTuple):
    """One package on a command line."""

    name: str
    version: str
    """As written with its operator; empty when there is none."""
    pinned: bool
    """Whether the command line says exactly one version, or leaves it to a variable or a file."""
    word: ShellWord


class Install(NamedTuple):
    """A command that installs packages by name."""

    manager: str
    """`pip`, `conda`, `apt-get` and so on."""
    action: str
    """Words that a person would name it by: `pip install`."""
    packages: tuple[Package, ...]


class _Manager(NamedTuple):
    name: str
    actions: frozenset[str]
    valued: frozenset[str]
    """Options that take the next word."""
    covers: frozenset[str]
    """Options that put the versions elsewhere."""
    read: Callable[[ShellWord], Package | None]


_PYTHON: Final = re.compile(r"(?:.*/)?(?:python|pypy)[\d.]*")
_PIP: Final = re.compile(r"(?:.*/)?pip[\d.]*")
_LEADING: Final = frozenset({"sudo", "exec", "time", "env", "nohup", "then", "-E", "-H", "-S"})
_ASSIGNMENT: Final = re.compile(r"\w+=")
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;@]*)")
_EXACT: Final = re.compile(r"={2,3}\s*[^,*]+(?:\.\*)?$")
_APART: Final = re.compile(r"==\d")
_CONDA: Final = re.compile(r"(?:[\w./-]+::)?([A-Za-z0-9_][\w.-]*)\s*(.*)")
_RELEASED: Final = re.compile(r"[\w./-]*-\d+\.\d+[\w.]*::")
_RPM_VERSION: Final = re.compile(r"(.+?)-(\d+(?:[.:]\d[\w.+~:-]*|-\d[\w.]*).*)")
_ELSEWHERE: Final = re.compile(
    r"[$`{}*<>|\\()%]|^[./~]|://|^git\+|\.(?:whl|deb|rpm|apk|tgz|tar\.\w+|zip|ya?ml|txt|egg|conda)$"
)
"""Variables, paths, files and addresses: what they stand for is said elsewhere."""


def install(command: ShellCommand) -> Install | None:
    """Read a command; None when it installs nothing by name."""
    return install_of(command.words)


def install_of(given: Iterable[ShellWord]) -> Install | None:
    """The same for the words of a command."""
    words = _program(list(given))
    if not words:
        return None
    manager = _MANAGERS.get(words[0].text.rpartition("/")[2])
    if manager is None:
        return None
    rest = list(words[1:])
    while rest and rest[0].text.startswith("-"):
        taken = 2 if rest[0].text in manager.valued else 1
        rest = rest[taken:]
    if not rest or rest[0].text not in manager.actions:
        return None
    packages = _packages(manager, rest[1:])
    if not packages:
        return None
    return Install(manager.name, f"{manager.name} {rest[0].text}", packages)


def upgrade_of(command: ShellCommand) -> tuple[str, ShellWord] | None:
    """A command that replaces all packages of the system by newer ones: its words, and where it stands."""
    words = _program(list(command.words))
    if not words:
        return None
    actions = _UPGRADES.get(words[0].text.rpartition("/")[2], frozenset())
    action = next((word for word in words[1:] if not word.text.startswith("-")), None)
    return (f"{words[0].text} {action.text}", action) if action is not None and action.text in actions else None


def spoken(command: ShellCommand) -> tuple[str, ...]:
    """The words of a command from the package manager on, pip by that name; `uv pip` stays apart."""
    return tuple(word.text for word in _named(list(command.words)))


def _program(words: list[ShellWord]) -> list[ShellWord]:
    """The words from the package manager on; `python -m pip` and `uv pip` are pip."""
    words = _named(words)
    return words[1:] if [word.text for word in words[:2]] == ["uv", "pip"] else words


def _named(words: list[ShellWord]) -> list[ShellWord]:
    while words and (words[0].text in _LEADING or _ASSIGNMENT.match(words[0].text)):
        words = words[1:]
    if words and _PYTHON.fullmatch(words[0].text):
        words = words[2:] if len(words) > 1 and words[1].text == "-m" else []
    if words and _PIP.fullmatch(words[0].text):
        words = [ShellWord("pip", words[0].span), *words[1:]]
    return words


def _packages(manager: _Manager, words: list[ShellWord]) -> tuple[Package, ...]:
    found: list[Package] = []
    covered = skip = False
    for word in words:
        text = word.text
        if skip:
            skip = False
        elif text.startswith("-") and len(text) > 1:
            option = text.partition("=")[0]
            covered = covered or option in manager.covers
            skip = option in manager.valued and "=" not in text
        elif found and _APART.match(text):
            found[-1] = found[-1]._replace(pinned=True)  # `name ==1.0`, which pip refuses, but which says what is meant
        elif (package := manager.read(word)) is not None:
            found.append(package)
    return () if covered else tuple(found)


def package_of(written: str, span: Span) -> Package | None:
    """A requirement as pip takes it; None for a path or address."""
    return _requirement(ShellWord(written, span))


def _requirement(word: ShellWord) -> Package | None:
    text = word.text.strip()
    match = None if "{{" in text or "}}" in text else _REQUIREMENT.match(text)
    named = match is not None and not _ELSEWHERE.search(match[1]) and "/" not in match[1]
    if match is None or not named or "@" in text or match[1].lower().endswith((".whl", ".txt", ".zip", ".gz")):
        return None
    if "/" in text.partition(";")[0]:
        return None
    version = match[2].strip()
    if version and version[0] not in "=<>!~":
        return None
    pinned = bool(_EXACT.match(version)) or "$" in version or "{" in version or "%" in version
    return Package(match[1], version, pinned, word)


def _conda_spec(word: ShellWord) -> Package | None:
    match = _CONDA.fullmatch(word.text.strip())
    if match is None or _ELSEWHERE.search(match[1]) or word.text.startswith((".", "/")):
        return None
    version = match[2].strip()
    if version and version[0] not in "=<>!~ ":
        return None
    pinned = (version.startswith("=") and version.strip("= *") != "") or "$" in version
    # A channel of one release, such as `nvidia/label/cuda-12.4.1`, has nothing else.
    released = _RELEASED.match(word.text) is not None
    return Package(match[1], version, pinned or released, word)


def _separated(separator: str) -> Callable[[ShellWord], Package | None]:
    def read(word: ShellWord) -> Package | None:
        name, mark, version = word.text.rpartition(separator)
        if not mark or not name:  # `@scope/name` has its mark in front
            name, version = word.text, ""
        if _ELSEWHERE.search(name) or (separator == "=" and "/" in name):
            return None
        moving = version in {"latest", "next", "*"}
        return Package(name, version, bool(version) and not moving, word)

    return read


def _apk(word: ShellWord) -> Package | None:
    match = re.fullmatch(r"([\w.+-]+)((?:[<>=~@].*)?)", word.text)
    if match is None or _ELSEWHERE.search(match[1]):
        return None
    return Package(match[1], match[2], match[2].startswith(("=", "~")), word)


def _rpm(word: ShellWord) -> Package | None:
    if _ELSEWHERE.search(word.text) or word.text.startswith("@"):
        return None
    match = _RPM_VERSION.fullmatch(word.text)
    return Package(match[1], match[2], True, word) if match else Package(word.text, "", False, word)


def _zypper(word: ShellWord) -> Package | None:
    return _separated("=")(word) if "=" in word.text else _rpm(word)


def _go(word: ShellWord) -> Package | None:
    name, _, version = word.text.partition("@")
    if _ELSEWHERE.search(name) or name in {"std", "cmd", "all"}:
        return None
    return Package(
        name, f"@{version}" if version else "", version not in {"", "latest", "upgrade", "master", "main"}, word
    )


def _valued(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PIP_MANAGER: Final = _Manager(
    "pip",
    _valued("install"),
    _valued(
        "-r --requirement -c --constraint -e --editable -i --index-url --extra-index-url -f --find-links -t --target "
        "--prefix --root --platform --python-version --implementation --abi --src --timeout --retries --trusted-host "
        "--cache-dir --log --proxy --progress-bar --no-binary --only-binary --upgrade-strategy -C --config-settings "
        "--global-option --install-option --use-feature --use-deprecated --python -p --group --torch-backend "
        "--override --exists-action --index --default-index --index-strategy --config-setting"
    ),
    _valued("-c --constraint --require-hashes --override --overrides"),
    _requirement,
)
_CONDA_MANAGER: Final = _Manager(
    "conda",
    _valued("install create"),
    _valued("-c --channel -n --name -p --prefix --file -f --solver --repodata-fn --experimental-solver --platform"),
    frozenset(),
    _conda_spec,
)
_APT_MANAGER: Final = _Manager(
    "apt-get",
    _valued("install"),
    _valued("-t --target-release -o --option -c --config-file -a --host-architecture"),
    frozenset(),
    _separated("="),
)
_RPM_MANAGER: Final = _Manager(
    "dnf",
    _valued("install localinstall"),
    _valued("-c --config --setopt --enablerepo --disablerepo -x --exclude --installroot --releasever --repo"),
    frozenset(),
    _rpm,
)
_NPM_MANAGER: Final = _Manager(
    "npm", _valued("install i add"), _valued("--prefix --registry --cache -w --workspace"), frozenset(), _separated("@")
)
_MANAGERS: Final = {
    "pip": _PIP_MANAGER,
    **{name: _CONDA_MANAGER._replace(name=name) for name in ("conda", "mamba", "micromamba")},
    **{name: _APT_MANAGER._replace(name=name) for name in ("apt-get", "apt", "aptitude")},
    **{name: _RPM_MANAGER._replace(name=name) for name in ("dnf", "yum", "microdnf", "tdnf")},
    "zypper": _RPM_MANAGER._replace(name="zypper", actions=_valued("install in"), read=_zypper),
    "go": _Manager("go", _valued("install get"), _valued("-o -tags -ldflags -gcflags -mod"), frozenset(), _go),
    "apk": _Manager("apk", _valued("add"), _valued("-t --virtual -X --repository -p --root"), frozenset(), _apk),
    "npm": _NPM_MANAGER,
    "gem": _Manager(
        "gem",
        _valued("install"),
        _valued("-i --install-dir -n --bindir -s --source -P --platform"),
        _valued("-v --version"),
        _separated(":"),
    ),
}
_UPGRADES: Final = {
    **dict.fromkeys(("apt-get", "apt", "aptitude"), _valued("upgrade dist-upgrade full-upgrade safe-upgrade")),
    **dict.fromkeys(("yum", "dnf", "microdnf", "tdnf"), _valued("update upgrade distro-sync")),
    "zypper": _valued("update up dist-upgrade dup patch"),
    "apk": _valued("upgrade"),
}
"""Actions that replace everything."""
