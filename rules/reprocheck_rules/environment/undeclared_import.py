"""Code imports a package that no manifest names, so that a fresh installation fails or takes whatever is there.

## Why
Who installs what the project declares gets a `ModuleNotFoundError`, installs the missing package by hand, and has
another version of it than the author, which is written down nowhere.

## Fix
Add the package to the manifest, under the name that it is installed by (`cv2` is `opencv-python`), with a version.
Where the program does without it, import it under `try`, or declare it as an extra.

## Notes
One finding for each package and manifest, with the other imports in its trail. A list speaks for the code beside it;
where there is none, for what lies around its folder. Silent are the standard library, the project's own modules and
extensions, imports under `try` or `TYPE_CHECKING`, modules of its own that are only imported so, tests, folders whose
manifests name no package at all, what an extra of a declared package may bring by its name, and whatever a script,
image, job or notebook installs by name, or code for a step of a pipeline. Of low confidence are packages that come
along with a declared one or stand in a lock, those that known packages often bring beside packages of unknown
contents, what another manifest of the project or Nix names or a page or the file itself tells to install, what
Google's notebook service has, all that files made for Kaggle's machines import, what runs in images of applications
(Mage, Airflow), imports in functions and under conditions, modules that no program imports, folders that only list
tools, folders of what is put aside (`archive`, `old`), examples and tutorials, and of a library all that its users
don't import with it. So are modules that no known distribution installs: they may come with a declared one under
another name. A project's own names are given in its catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.dependencies import DependencyFacts
from reprocheck_rules.environment.declared import (
    Declared,
    Scope,
    declared_for,
    declared_in,
    is_installed,
    is_named_elsewhere,
    plain,
)
from reprocheck_rules.environment.import_graph import Reached
from reprocheck_rules.environment.imported import Foreign, Importing, Imports, Reach, imported_by
from reprocheck_rules.environment.manifests import is_auxiliary, is_template
from reprocheck_rules.environment.pages import Pages
from reprocheck_rules.environment.standard_library import IN_NOTEBOOKS, ON_COLAB
from reprocheck_rules.environment.undeclared_examples import show

rule = Rule("ENV004", "undeclared-import", __doc__)

_CONVERTS = re.compile(r"(?:^|/)convert_\w*\.py$")
"""Programs that are run once, by whoever has another framework's files."""
_VARIANT = re.compile(r"requirements[-_.].+\.txt$")
"""A list of requirements for a part, or another way of writing them."""
_SHOWN = 12
_FOR_SHOW = re.compile(
    r"(?:^|/)(?:examples?|tutorials?|samples?|demos?|contrib|playground|archived?|attic|old|legacy|deprecated|backups?)/"
)
"""Folders of pieces that bring their own needs, also beside a program, or that are put aside."""
_OWN_LIST = "//"
"""Stands between a folder and a program in it that has a list of its own."""
_TELLING = 4
"""Letters from which a part of a name means something."""
_BESIDE = re.compile(
    r"(?:^|/)(?:examples?|benchmarks?|docs?[^/]*|scripts?|tools?|notebooks?|demos?|contrib|tutorials?|projects|research"
    r"|recipes|samples?|exps?|experiments|experimental|labs|nursery|sandbox|community|colab|bin|utils_dev|dev)/"
)
"""Folders that are not installed with a library, whatever lies in them."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every package that is imported and not declared, once for each folder with manifests."""
    if not project.index.dependencies.manifests:
        return  # that is ENV002's
    declared, reached = project.once(Declared), Reached(project)
    judge = _Judge(declared, reached, project.once(Pages))
    groups: dict[tuple[str, str], list[_Place]] = {}
    undeclared: dict[str, dict[str, _Undeclared]] = {}
    for file in project.once(Imports).files.values():
        listing = _listing(declared, file) if file.required else None
        if listing is None:
            continue
        if listing not in undeclared:
            undeclared[listing] = {each.module: each for each in project.of_file(_undeclared, listing)}
        missing = undeclared[listing]
        if missing.keys().isdisjoint(file.required) or not reached.how(file.path):
            continue
        for found in project.of_file(imported_by, file.path):
            known = missing.get(found.module)
            if known is not None:
                scope = _scope_of(listing)
                confidence = judge.confidence(scope, known, found)
                groups.setdefault((scope, known.name or found.top), []).append(_Place(found, confidence, known))
    for (scope, name), places in sorted(groups.items()):
        yield _match(project, declared, scope, name, places)


def _listing(declared: Declared, file: Importing) -> str | None:
    """The folder whose manifests name what a file needs, with the file where it has a list of its own."""
    scope = declared.scope(file.path)
    if scope is None or is_template(file.path):
        return None
    return f"{scope}{_OWN_LIST}{file.path}" if declared.of_program(file.path) else scope


def _scope_of(listing: str) -> str:
    return listing.partition(_OWN_LIST)[0]


class _Required:
    """What the files that share manifests import, which are not of the project."""

    def __init__(self, project: Project) -> None:
        declared = project.once(Declared)
        self.modules: dict[str, set[str]] = {}
        for file in project.once(Imports).files.values():
            listing = _listing(declared, file) if file.required else None
            if listing is not None:
                self.modules.setdefault(listing, set()).update(file.required)


def required_below(project: Project, listing: str) -> tuple[str, ...]:
    """What the files that share manifests import, in order."""
    return tuple(sorted(project.once(_Required).modules.get(listing, ())))


class _Undeclared(NamedTuple):
    """A module that the manifests of a folder don't bring."""

    module: str
    name: str
    """The usual name of what installs it; empty when none is known."""
    otherwise: frozenset[str]
    """Distributions that may install it."""
    sure: bool
    """Whether nothing but its place speaks against its being missing."""
    brought: bool
    """Whether it comes along with another package."""


class _Place(NamedTuple):
    """An import of something that is not declared."""

    found: Foreign
    confidence: Confidence
    known: _Undeclared


def _undeclared(project: Project, listing: str) -> Iterator[_Undeclared]:
    scope, _, program = listing.partition(_OWN_LIST)
    declared = project.value_of(declared_in, scope)
    names = declared.names | (project.value_of(declared_for, program) if program else frozenset())
    lists = _Lists(
        names,
        frozenset(map(plain, names)),
        _words_of(declared.extras),
        project.catalog.distributions.brought(declared.names | declared.with_extras),
        frozenset(part for name in declared.names for part in _parts(name)),
    )
    for module in project.value_of(required_below, listing):
        if not _is_declared(project, lists, module):
            name = _distribution(project, module)
            brought = (name or module.partition(".")[0]) in lists.brought
            otherwise, sure = _otherwise(project, module), _is_sure(project, declared, lists, module)
            yield _Undeclared(module, name, otherwise, sure, brought)


class _Lists(NamedTuple):
    """What manifests name, as modules are compared with it."""

    names: frozenset[str]
    plainly: frozenset[str]
    extras: frozenset[str]
    """Words of the extras that are asked for."""
    brought: frozenset[str]
    """What comes along."""
    parts: frozenset[str]
    """Names inside of the names."""


def _is_declared(project: Project, lists: _Lists, module: str) -> bool:
    known = project.catalog.distributions
    providers = known.providers(module)
    top = module.partition(".")[0]
    if not lists.names or not lists.names.isdisjoint(providers):
        return True
    if not providers and known.is_shared(module):
        return True  # which of the many distributions below that name is meant can't be told
    if plain(top) in lists.plainly or _is_extra(lists.extras, {*providers, top.lower()}):
        return True
    written = plain(top)
    if any(_alike(name, written) for name in lists.names if name not in known.known):
        return True
    return project.value_of(is_installed, module)


def _alike(name: str, top: str) -> bool:
    """Whether a distribution of unknown contents may be the one that installs a module, by its name."""
    words = {part for part in name.split("-") if len(part) >= _TELLING and part not in {"python", "core"}}
    written = plain(name)
    whole = len(min(written, top, key=len)) >= _TELLING and (top in written or written in top)
    return whole or any(word in top for word in words)


def _distribution(project: Project, module: str) -> str:
    """The usual name of what installs a module; empty when none is known."""
    known = project.catalog.distributions
    providers = [name for name in known.providers(module) if not known.known[name].instead]
    if not providers:
        return ""
    own = [name for name in providers if plain(name) == plain(module.partition(".")[0])]
    return min(own or providers, key=lambda name: (len(name), name))


def _otherwise(project: Project, module: str) -> frozenset[str]:
    """Distributions that may install a module."""
    top = module.partition(".")[0].lower().replace("_", "-")
    return frozenset(project.catalog.distributions.providers(module) or {top})


def _is_sure(project: Project, declared: Scope, lists: _Lists, module: str) -> bool:
    known = project.catalog.distributions
    providers = _otherwise(project, module)
    all_known = all(map(known.is_known, filter(None, declared.names)))
    named_after = tuple(f"{provider}-" for provider in providers)
    # A module that nobody knows may be a lost file, generated code, or what a package has under another name.
    return (
        bool(known.providers(module))
        and declared.complete
        and not declared.auxiliary
        and (all_known or providers.isdisjoint(known.common))
        and providers.isdisjoint(lists.parts)
        and not any(name.startswith(named_after) for name in declared.names)  # what extends a package brings it
        and providers.isdisjoint(lists.brought)
        and module.partition(".")[0] not in IN_NOTEBOOKS  # whoever works in notebooks has it
        and not any(project.value_of(is_named_elsewhere, provider) for provider in sorted(providers))
    )


class _Judge:
    """Tells how sure it is that an import fails."""

    def __init__(self, declared: Declared, reached: Reached, pages: Pages) -> None:
        self._declared = declared
        self._reached = reached
        self._pages = pages

    def confidence(self, scope: str, known: _Undeclared, found: Foreign) -> Confidence:
        path, pages = found.path, self._pages
        if (
            not known.sure
            or not found.certain
            or self._reached.how(path) is not Reach.SURE
            or self._declared.may_have_more(path)
            or _CONVERTS.search(path)
            or self._is_beside(scope, path)
            or _FOR_SHOW.search(path.removeprefix(scope))
            or pages.tells({*known.otherwise, found.top.lower().replace("_", "-")}, path)
            or (not known.otherwise.isdisjoint(ON_COLAB) and pages.is_for_colab(path))
            or pages.is_for_kaggle(path)
        ):
            return Confidence.LOW
        return Confidence.HIGH

    def _is_beside(self, scope: str, path: str) -> bool:
        """Whether a file is no part of what a library's users run: an example, a script of its makers, an extra one."""
        if not self._declared.is_library(scope):
            return False
        prefix = f"{scope}/" if scope else ""
        return _BESIDE.search(path.removeprefix(prefix)) is not None or path not in self._reached.installed(prefix)


def _parts(name: str) -> Iterator[str]:
    """Names inside of a distribution's name, which it may plug into: `optuna` in `hydra-optuna-sweeper`."""
    words = [] if name.startswith("types-") or name.endswith("-stubs") else name.split("-")
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            yield "-".join(words[start:end])


def _words_of(extras: frozenset[str]) -> frozenset[str]:
    return frozenset(word for extra in extras for word in extra.split("-") if len(word) >= _TELLING)


def _is_extra(words: frozenset[str], providers: set[str]) -> bool:
    """Whether an extra of a declared package may bring what is imported, by its name: `kedro-datasets[pandas-csv]`."""
    return any(word in name or (len(name) >= _TELLING and name in word) for name in providers for word in words)


def _weight(manifest: DependencyFacts) -> tuple[bool, bool, int]:
    """How likely a manifest is the one that people install from."""
    name = manifest.path.rpartition("/")[2]
    return not is_auxiliary(manifest), _VARIANT.match(name) is None, len(manifest.dependencies)


def _match(project: Project, declared: Declared, scope: str, name: str, places: list[_Place]) -> Match:
    order = list(Confidence)
    places = sorted(places, key=lambda each: (order.index(each.confidence), each.found.path, each.found.span.line))
    first, confidence, known = places[0]
    listed_in = list(declared.manifests(scope))
    nearest = [source for source in listed_in if declared.home(source.path) == scope] or listed_in
    manifest = max(nearest, key=_weight).path
    listed = f"`{name}`" if name == first.top else f"`{first.top}` (`{name}`)"
    message = f"{listed} is imported but not in `{manifest}`: a fresh installation can't run this"
    if known.brought:
        message = f"{listed} is imported but not in `{manifest}`: it only comes along with another package"
    notes = [project.note(place.found.path, place.found.span, "imported here too") for place in places[1 : _SHOWN + 1]]
    return project.match(first.path, first.span, message, confidence=confidence, trail=notes)


show(rule)
