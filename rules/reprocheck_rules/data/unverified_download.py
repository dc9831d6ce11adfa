"""Data is downloaded by a name or address that may hold other data tomorrow, and nothing looks at what arrived.

## Why
Owners correct, extend and replace data under the same name. The next machine then trains on something else, with no
trace in the code: the same commit gives another result. Addresses also get taken over, and archives arrive cut short.

## Fix
Say which version: `load_dataset("org/name", revision="<commit>")`, `fetch_openml("adult", version=2)`, an address with
a release or commit. Or compare a hash: `pooch.retrieve(url, known_hash=...)`, `get_file(..., file_hash=...)`,
`download_url(..., md5=...)`, `sha256sum -c` in a script.

## Notes
Silent are modules and scripts that compute a hash or checksum themselves, addresses with a release, commit or version,
archives that keep what they published (Zenodo, figshare, OSF, arXiv), and loaders of local files. Calls that fetch
pages too (`requests.get`, `urlopen`) count only where the address ends like a file of data. Downloads by an address
that only running could tell are reported with low confidence, as are single pictures and test code. Models by name are
ART002, programs that are downloaded and run ENV014.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from reprocheck.rulekit import (
    ABSENT,
    HOLE,
    UNKNOWN,
    Call,
    Confidence,
    DockerfileView,
    Match,
    Module,
    NotebookView,
    Rule,
    ShellCommand,
    ShellView,
    shell_commands,
)
from reprocheck_rules.data.addresses import is_address, is_file, is_fixed, is_picture, shown
from reprocheck_rules.data.download_examples import show
from reprocheck_rules.environment.scripts import notebook_commands

rule = Rule("DAT004", "unverified-download", __doc__)

_BUILDERS = frozenset(
    {
        "csv", "json", "parquet", "text", "arrow", "pandas", "xml", "sql", "generator", "imagefolder", "audiofolder",
        "videofolder", "pdffolder", "webdataset", "hdf5",
    }
)  # fmt: skip
"""What `load_dataset` makes of files that it is given."""
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_LOCAL_WORD = re.compile(
    r"(^|[_.])(path|dir|directory|folder|file|root|local|cache)s?([_.]|$)|dir$|path$", re.IGNORECASE
)
_COMMIT = re.compile(r"[0-9a-f]{7,64}|v?\d+(\.\d+)*([-_.]\w+)*")
_HASHES = ("known_hash", "file_hash", "md5_hash", "md5", "hash_prefix", "hash", "sha256", "checksum")
_NUMBERED = re.compile(r"/versions/\d+$")
_CHECKS = re.compile(
    r"(verif|check|valid|compar|match|assert)\w*(hash|md5|sha\d*|checksum|integrity|digest)", re.IGNORECASE
)
_TESTS = re.compile(r"(^|/)test_[^/]+(/|\.py$)")
_READERS = ("pandas.read_", "polars.read_", "polars.scan_", "numpy.loadtxt", "numpy.genfromtxt", "dask.dataframe.read_")
_VERIFIERS = re.compile(r"(?:.*/)?(?:sha\d+sum|shasum|md5sum|b2sum|cksum|gpg|gpgv|cosign|rhash)|md5|aria2c")
_FIELD = re.compile(r"\{(\d?)\}")
_FETCHERS = frozenset({"wget", "curl", "gdown"})
_Said = tuple[str, Confidence | None]


@rule.on_call(role="download")
def check(call: Call) -> Iterator[Match]:
    """Every download, judged by how its kind fixes what arrives."""
    entry = call.entry
    roles = entry.roles if entry is not None else frozenset()
    said = next((judge(call) for role, judge in _JUDGES.items() if role in roles), None)
    yield from _match(call, said)


@rule.on_call(role="reads")
def check_reader(call: Call) -> Iterator[Match]:
    """Every table that is read from an address."""
    if call.name.startswith(_READERS) and call.entry is not None and call.entry.arguments:
        yield from _match(call, _by_address(call, call.entry.arguments[0], what="is read from"))


@rule.on_call("os.system", "os.popen", "subprocess.*")
def check_command(call: Call) -> Iterator[Match]:
    """Every command that a program hands to the shell."""
    for part in re.split(r"[;&|]+", _command(call)):
        words = part.split()
        fetcher = next((name for word in words[:2] if (name := word.rpartition("/")[2]) in _FETCHERS), None)
        for word in words if fetcher is not None else ():
            address = word.strip("'\"")
            if is_address(address) and (is_file(address) or fetcher == "gdown"):
                yield from _match(call, _judged(address, "is downloaded from", Confidence.MEDIUM))
                return


def _command(call: Call) -> str:
    """The words of a command as far as they are known."""
    given = call.node.args[0] if call.node.args else None
    if isinstance(given, ast.List | ast.Tuple):
        return " ".join(_filled(call, word) or HOLE for word in given.elts)
    return (_filled(call, given) or "") if given is not None else ""


def _filled(call: Call, node: ast.expr) -> str | None:
    """A text with what is put into it, as far as that is known: `f"wget {url}"`, `"wget {0}".format(url)`."""
    match node:
        case ast.JoinedStr(values=parts):
            values = [part.value if isinstance(part, ast.FormattedValue) else part for part in parts]
            return "".join(call.text(value) or HOLE for value in values)
        case ast.Call(func=ast.Attribute(value=pattern, attr="format"), args=given, keywords=[]):
            text, texts = call.text(pattern), [call.text(value) or HOLE for value in given]
            return None if text is None else _FIELD.sub(lambda field: _field(field[1], texts), text)
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            text = call.text(left)
            texts = [call.text(v) or HOLE for v in (right.elts if isinstance(right, ast.Tuple) else [right])]
            filled = iter(texts)
            return None if text is None else re.sub("%s", lambda _: next(filled, HOLE), text)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (_filled(call, left) or HOLE) + (_filled(call, right) or HOLE)
    return call.text(node)


def _field(number: str, texts: list[str]) -> str:
    position = int(number) if number else 0
    return texts[position] if position < len(texts) and (number or len(texts) == 1) else HOLE


def _match(call: Call, said: _Said | None) -> Iterator[Match]:
    if said is not None and not call.module.once(_verifies):
        message, confidence = said
        is_test = call.module.is_test or _TESTS.search(call.module.path) is not None
        yield call.match(message, confidence=Confidence.LOW if is_test else confidence)


def _verifies(module: Module) -> bool:
    """Whether a module looks at hashes itself."""
    return not module.words.isdisjoint(
        {"hashlib", "md5", "sha256", "sha1", "blake3", "check_integrity", "check_md5"}
    ) or any(_CHECKS.search(word) for word in module.words)


def _by_revision(call: Call) -> _Said | None:
    revision = call.value("revision")
    if revision is UNKNOWN or (isinstance(revision, str) and _COMMIT.fullmatch(revision)):
        return None
    node = call.argument("path")
    name = call.text(node) if node is not None else None
    if node is None or name is None or not name.strip(HOLE):
        spelled = call.module.source.slice(call.module.span(node)) if node is not None else ""
        if not spelled or _LOCAL_WORD.search(spelled):
            return None
        return f"the data set named by `{shown(spelled)}` is loaded without `revision`", Confidence.LOW
    if name in _BUILDERS:
        return _by_files(call)
    if not _HUB_NAME.fullmatch(name.replace(HOLE, "x")) or name.endswith((".py", ".json", ".csv")):
        return None
    if isinstance(revision, str):
        return f"`revision={revision!r}` of `{shown(name)}` is a branch: the data changes with every push to it", None
    message = f"`{shown(name)}` is loaded without `revision`: whatever its owner last pushed there"
    return message, Confidence.MEDIUM if HOLE in name else None


def _by_files(call: Call) -> _Said | None:
    """Files that `load_dataset("csv", data_files=...)` takes from the web."""
    node = call.argument("data_files")
    address = call.text(node) if node is not None else None
    return _judged(address, "is read from", Confidence.MEDIUM) if address and is_address(address) else None


def _by_openml(call: Call) -> _Said | None:
    version = call.value("version")
    if call.value("data_id") not in (ABSENT, None) or version not in (ABSENT, "active"):
        return None
    value = call.value("name" if call.name.endswith("fetch_openml") else "dataset_id")
    if not isinstance(value, str):
        return None
    return f"`{shown(value)}` is fetched without `version`: whichever is active on OpenML that day", None


def _by_number(call: Call) -> _Said | None:
    handle = call.value("handle")
    if not isinstance(handle, str) or _NUMBERED.search(handle):
        return None
    return f"`{shown(handle)}` is downloaded without `/versions/N`: whichever is the latest that day", None


def _by_hash(call: Call) -> _Said | None:
    given = [call.value(name) for name in _HASHES]
    if any(value not in (ABSENT, None) for value in given):
        return None
    argument = "origin" if call.name.endswith("get_file") else "url"
    if call.name.endswith("google_drive"):
        return "the file on Google Drive is downloaded without its MD5: nobody would notice another one", None
    return _by_address(call, argument)


def _by_plain_address(call: Call) -> _Said | None:
    return _by_address(call, call.entry.arguments[0] if call.entry is not None else "url")


def _by_file_address(call: Call) -> _Said | None:
    node = call.argument("url")
    address = call.text(node) if node is not None else None
    return _judged(address, "is downloaded from", Confidence.MEDIUM) if address and is_file(address) else None


def _by_address(call: Call, argument: str, what: str = "is downloaded from") -> _Said | None:
    node = call.argument(argument)
    if node is None:
        return None
    address = call.text(node)
    if address is None or not address.strip(HOLE + "/"):
        is_reader = what != "is downloaded from"
        return (
            None
            if is_reader
            else (f"what `{shown(_source(call))}` downloads is not compared with a hash", Confidence.LOW)
        )
    return _judged(address, what, None if is_file(address) else Confidence.MEDIUM) if is_address(address) else None


def _source(call: Call) -> str:
    return call.module.source.slice(call.module.span(call.node.func))


def _judged(address: str, what: str, confidence: Confidence | None) -> _Said | None:
    if not is_address(address) or is_fixed(address):
        return None
    if address.partition("://")[2].startswith((HOLE, "{", "%")) or is_picture(address):
        confidence = Confidence.LOW
    elif HOLE in address:
        confidence = Confidence.MEDIUM
    return f"data {what} `{shown(address)}`, which names no version, and no hash is compared", confidence


_JUDGES: dict[str, Callable[[Call], _Said | None]] = {
    "download-revision": _by_revision,
    "download-openml": _by_openml,
    "download-numbered": _by_number,
    "download-hash": _by_hash,
    "download-plain": _by_plain_address,
    "download-file": _by_file_address,
}
"""How the content is fixed, by catalog role."""


# Scripts


@rule.on_shell
def check_shell(view: ShellView) -> Iterator[Match]:
    """Every command of a script."""
    yield from _fetched(view.commands)


@rule.on_dockerfile
def check_dockerfile(view: DockerfileView) -> Iterator[Match]:
    """Every RUN."""
    for instruction in view.dockerfile.instructions:
        if instruction.name == "RUN":
            yield from _fetched(shell_commands(instruction))


@rule.on_notebook
def check_notebook(view: NotebookView) -> Iterator[Match]:
    """Every command of a cell."""
    yield from _fetched(notebook_commands(view))


def _fetched(commands: Iterable[ShellCommand]) -> Iterator[Match]:
    """Files of data that a script downloads and doesn't look at."""
    listed = list(commands)
    if any(_VERIFIERS.fullmatch(word.text) for command in listed for word in command.words[:3]):
        return
    for command in listed:
        names = [word.text.rpartition("/")[2] for word in command.words[:2]]
        if not _FETCHERS.intersection(names) or "http" not in " ".join(command.argv):
            continue
        for word in command.words:
            address = word.text
            data = is_file(address) or "gdown" in names
            if is_address(address) and data and not is_fixed(address) and "$" not in address.partition("/")[0]:
                message = f"data is downloaded from `{shown(address)}`, which names no version, and no hash is compared"
                yield Match(span=word.span, message=message, confidence=Confidence.MEDIUM)
                break


show(rule)
