"""Knowledge as data: what a qualified name does, and which spellings mean the same thing."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from reprocheck.rulekit.distributions import Distribution, Distributions, EndOfLife, misspelled

Scalar = bool | int | float | str
"""A value of an argument as a catalog file can write it."""
_TOKEN = re.compile(r"(\(\)|\[\d*\])")
_PRIVATE = re.compile(r"\._[a-z]\w*(?=\.)")


class CatalogError(Exception):
    """A catalog file does not follow the schema; the message names file, entry and field."""


class StepKnowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a call does to data on its way to a model; see `docs/internals/skew.md` for the operations."""

    op: str
    """`resize`, `normalise`, `tokenise`, ..., or `neutral` for what changes nothing that a model would see."""
    form: str = "object"
    """Where the data is: `object` (the call makes something that is called with it), `call` (an argument), `method`
    (the receiver)."""
    data: str = ""
    """Of `call`: the argument that is the data; the first one where it isn't named."""
    takes: dict[str, str] = {}
    """The operation's own name of a constant → the argument that holds it."""
    fixed: dict[str, Scalar | list[Scalar]] = {}
    """Constants that the name itself or its defaults say; arguments that are given win."""
    random: bool = False
    """Whether it draws anew for each item."""


class CatalogEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one qualified name."""

    roles: frozenset[str] = frozenset()
    """What it does: `seeder`, `draw`, `optimizer`, `reads`, `lists-directory`, ...; see `docs/internals/catalog.md`."""
    family: str = ""
    """The random family or library family that the roles concern (`python`, `numpy`, `torch`, ...)."""
    families: tuple[str, ...] = ()
    """All families where there are several; the first one is `family`. Either field may be stated, both can be read."""
    arguments: tuple[str, ...] = ()
    """Names of positional arguments in order, `self` left out."""
    returns: str = ""
    """Qualified name of the type of the result."""
    seed_argument: str = ""
    """The argument that fixes the random state."""
    random_when: dict[str, Scalar | list[Scalar]] = {}
    """Draws only when one of these arguments has this value, or one of these."""
    random_default: bool = True
    """Whether it draws when none of the arguments of `random_when` is given."""
    when: dict[str, dict[str, Scalar | list[Scalar]]] = {}
    """By role: it holds only when one of these arguments has this value, or one of these; without any, it doesn't."""
    sets: tuple[str, ...] = ()
    """What it changes without being asked, as a person would list it."""
    path_arguments: tuple[str, ...] = ()
    """Arguments that name a file, folder or URL."""
    step: StepKnowledge | None = None
    """What it does to data on its way to a model."""
    versions: str = ""
    """Versions of the library that this holds for, as a specifier."""
    source: str = ""
    """Where this is written or how it was measured."""

    def __post_init__(self) -> None:
        """Make `family` and `families` say the same."""
        if self.families and not self.family:
            msgspec.structs.force_setattr(self, "family", self.families[0])
        elif self.family and not self.families:
            msgspec.structs.force_setattr(self, "families", (self.family,))


class CatalogFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `.toml` file of the catalog."""

    aliases: dict[str, str] = {}
    """Prefix of a qualified name → the prefix that the catalog uses."""
    names: dict[str, CatalogEntry] = {}
    """Entries by qualified name; a name may end in `.*` to stand for all names below it."""
    distributions: dict[str, Distribution] = {}
    """What is known of distributions, by normalised name."""
    brings: dict[str, str] = {}
    """Distributions, between blanks, that always come along with one, by normalised name or `name[extra]`."""
    end_of_life: dict[str, EndOfLife] = {}
    """How long the releases of interpreters, systems and CUDA last, by product."""


class Catalog:
    """All entries, frozen after construction; answers are remembered per spelling."""

    def __init__(self, files: Iterable[CatalogFile] = ()) -> None:
        """Files add to one another: roles are united; of other fields the last counts, of signatures the longest."""
        names: dict[str, CatalogEntry] = {}
        aliases: dict[str, str] = {}
        distributions: dict[str, Distribution] = {}
        brings: dict[str, str] = {}
        end_of_life: dict[str, EndOfLife] = {}
        for file in files:
            for name, entry in file.names.items():
                known = names.get(name)
                names[name] = entry if known is None else _merged(known, entry)
            aliases.update(file.aliases)
            for name, distribution in file.distributions.items():
                stood = distributions.get(name)
                distributions[name] = distribution if stood is None else _with_stated(stood, distribution)
            for name, brought in file.brings.items():
                brings[name] = f"{brings[name]} {brought}" if name in brings else brought
            end_of_life.update(file.end_of_life)
        self.names: Mapping[str, CatalogEntry] = names
        self.aliases: Mapping[str, str] = aliases
        self.distributions = Distributions(distributions, brings)
        self.end_of_life: Mapping[str, EndOfLife] = end_of_life
        self._globs = tuple(
            (re.compile(fnmatch.translate(name)), entry) for name, entry in names.items() if "*" in name
        )
        # Most names match no pattern: one question tells.
        self._any_glob = re.compile("|".join(pattern.pattern for pattern, _ in self._globs) or r"(?!)")
        self._alias_of: dict[str, str] = {}
        self._canonical: dict[str, str] = {}
        self._entries: dict[str, CatalogEntry | None] = {}

    def entry(self, name: str) -> CatalogEntry | None:
        """Entry of a canonical name."""
        try:
            return self._entries[name]
        except KeyError:
            found = self.names.get(name)
            if found is None:
                found = self._matching(name)
            self._entries[name] = found
            return found

    def _matching(self, name: str) -> CatalogEntry | None:
        if self._any_glob.match(name) is None:
            return None
        return next(entry for pattern, entry in self._globs if pattern.match(name))

    def with_role(self, role: str) -> list[str]:
        """Names and patterns that have a role."""
        return [name for name, entry in self.names.items() if role in entry.roles]

    def canonical(self, name: str) -> str:
        """The catalog's spelling of a resolved name.

        Aliases and private modules are replaced, results become instances of what is known to be returned:
        `sklearn.svm._classes.SVC().fit` → `sklearn.svm.SVC.fit`, `pandas.read_csv().sample` →
        `pandas.DataFrame.sample`. Calling an instance ends in `.__call__`.
        """
        try:
            return self._canonical[name]
        except KeyError:
            result = self._canonicalise(name)
            self._canonical[name] = result
            return result

    def _canonicalise(self, name: str) -> str:
        tokens = _TOKEN.split(name)
        current = self._alias(tokens[0])
        for position in range(1, len(tokens), 2):
            mark, rest = tokens[position], tokens[position + 1]
            if mark == "()":
                current = self._result(current)
            else:
                entry = self.entry(current + "[]")
                current = entry.returns if entry is not None and entry.returns else current + mark
            if rest:
                current = self._alias(current + rest)
        if tokens[-1] == "" and len(tokens) > 1 and not current.endswith((")", "]")):
            return current + ".__call__"
        return current

    def instance(self, name: str) -> str:
        """Type of the value that a resolved expression name stands for, in the catalog's spelling."""
        canonical = self.canonical(name)
        return canonical.removesuffix(".__call__")

    def _result(self, callee: str) -> str:
        entry = self.entry(callee)
        if entry is not None and entry.returns:
            return entry.returns
        last = callee.rpartition(".")[2]
        return callee if last[:1].isupper() else callee + "()"

    def _alias(self, name: str) -> str:
        if name.startswith(".") or "." not in name:
            return self.aliases.get(name, name)
        known = self._alias_of.get(name)
        if known is not None:
            return known
        result = _PRIVATE.sub("", name) if "._" in name else name
        for _ in range(4):  # an alias may lead to another one, but never in a circle for long
            replaced = self._replace_prefix(result)
            if replaced == result:
                break
            result = replaced
        self._alias_of[name] = result
        return result

    def _replace_prefix(self, name: str) -> str:
        end = len(name)
        while end > 0:
            target = self.aliases.get(name[:end])
            if target is not None:
                return target + name[end:]
            end = name.rfind(".", 0, end)
        return name


def _with_stated(known: Distribution, added: Distribution) -> Distribution:
    empty = Distribution()
    fields = Distribution.__struct_fields__
    stated = {name: value for name in fields if (value := getattr(added, name)) != getattr(empty, name)}
    return msgspec.structs.replace(known, **stated)


def _merged(known: CatalogEntry, added: CatalogEntry) -> CatalogEntry:
    empty = CatalogEntry()
    stated = {
        name: value
        for name in CatalogEntry.__struct_fields__
        if (value := getattr(added, name)) != getattr(empty, name)
    }
    stated["roles"] = known.roles | added.roles
    stated["arguments"] = max(known.arguments, added.arguments, key=len)
    stated["when"] = {**known.when, **added.when}
    return msgspec.structs.replace(known, **stated)


def read_catalog_file(text: str, path: str) -> CatalogFile:
    """Read one catalog file; raises CatalogError naming `path` and what is wrong."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path}: {error}") from error
    tables = {name: data.pop(name, {}) for name in ("aliases", "distributions", "brings", "end_of_life")}
    try:
        file = msgspec.convert({**tables, "names": data}, CatalogFile)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{path}: {error}") from error
    wrong = misspelled(file.distributions)
    if wrong is not None:
        raise CatalogError(f"{path}: distributions.{wrong} is not a normalised name: small letters, digits and hyphens")
    return file
