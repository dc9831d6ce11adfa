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
from reprocheck_rules.environment.declared import Declared
from reprocheck_rules.environment.imported import Foreign, Imports, Reach
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
    declared, pages = Declared(project), project.once(Pages)
    groups: dict[tuple[str, str], list[tuple[Foreign, Confidence]]] = {}
    imports = Imports(project)
    for found in imports.required():
        scope = declared.scope(found.path)
        if scope is None or is_template(found.path) or _is_declared(project, declared, scope, found):
            continue
        reach = imports.reached(found.path)
        if reach:
            sure = reach is Reach.SURE
            seen = _Seen(project, declared, imports, pages, scope)
            confidence = _confidence(seen, found) if sure else Confidence.LOW
            name = _distribution(project, found)
            groups.setdefault((scope, name or found.top), []).append((found, confidence))
    for (scope, name), places in sorted(groups.items()):
        yield _match(project, declared, scope, name, places)


def _is_declared(project: Project, declared: Declared, scope: str, found: Foreign) -> bool:
    known = project.catalog.distributions
    names = declared.names(scope) | declared.of_program(found.path)
    providers = known.providers(found.module)
    if not (names | declared.installed).isdisjoint(providers):
        return True
    if not providers and known.is_shared(found.module):
        return True  # which of the many distributions below that name is meant can't be told
    top = _plain(found.top)
    if not names or _is_extra(declared.extras(scope), {*providers, found.top.lower()}):
        return True
    if not providers and any(name.startswith(f"{found.top.lower()}-") for name in declared.installed):
        return True
    if top in {_plain(name) for name in names | declared.installed}:
        return True
    return any(_alike(name, top) for name in names if name not in known.known)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


def _alike(name: str, top: str) -> bool:
    """Whether a distribution of unknown contents may be the one that installs a module, by its name."""
    words = {part for part in name.split("-") if len(part) >= _TELLING and part not in {"python", "core"}}
    plain = _plain(name)
    whole = len(min(plain, top, key=len)) >= _TELLING and (top in plain or plain in top)
    return whole or any(word in top for word in words)


def _distribution(project: Project, found: Foreign) -> str | None:
    """The usual name of what installs a module; None when none is known."""
    known = project.catalog.distributions
    providers = [name for name in known.providers(found.module) if not known.known[name].instead]
    if not providers:
        return None
    own = [name for name in providers if _plain(name) == _plain(found.top)]
    return min(own or providers, key=lambda name: (len(name), name))


class _Seen(NamedTuple):
    """What is known of the folder that a file is in."""

    project: Project
    declared: Declared
    imports: Imports
    pages: Pages
    scope: str

    @property
    def names(self) -> frozenset[str]:
        return self.declared.names(self.scope)


def _confidence(seen: _Seen, found: Foreign) -> Confidence:
    project, declared, names = seen.project, seen.declared, seen.names
    known = project.catalog.distributions
    providers = set(known.providers(found.module)) or {found.top.lower().replace("_", "-")}
    elsewhere = declared.everywhere | declared.locked | declared.described
    elsewhere |= known.brought(names | declared.with_extras(seen.scope) | declared.installed)
    may_come_along = not providers.isdisjoint(known.common) and not all(map(known.is_known, filter(None, names)))
    named_after = tuple(f"{provider}-" for provider in providers)
    if (
        may_come_along
        or declared.may_have_more(found.path)
        or any(not providers.isdisjoint(_parts(name)) for name in names)
        or any(name.startswith(named_after) for name in names)  # what extends a package brings it
        or not providers.isdisjoint(elsewhere)
        or not found.certain
        or _CONVERTS.search(found.path)
        or all(is_auxiliary(manifest) for manifest in declared.manifests(seen.scope))
        or _is_beside(seen, found)
        or _FOR_SHOW.search(found.path.removeprefix(seen.scope))
        or seen.pages.tells(providers | {found.top.lower().replace("_", "-")}, found.path)
        or (not providers.isdisjoint(ON_COLAB) and seen.pages.is_for_colab(found.path))
        or seen.pages.is_for_kaggle(found.path)
        or found.top in IN_NOTEBOOKS  # whoever works in notebooks has it
    ):
        return Confidence.LOW
    # A module that nobody knows may be a lost file, generated code, or what a package has under another name.
    sure = bool(known.providers(found.module)) and declared.is_complete(seen.scope)
    return Confidence.HIGH if sure else Confidence.LOW


def _parts(name: str) -> Iterator[str]:
    """Names inside of a distribution's name, which it may plug into: `optuna` in `hydra-optuna-sweeper`."""
    words = [] if name.startswith("types-") or name.endswith("-stubs") else name.split("-")
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            yield "-".join(words[start:end])


def _is_extra(extras: frozenset[str], providers: set[str]) -> bool:
    """Whether an extra of a declared package may bring what is imported, by its name: `kedro-datasets[pandas-csv]`."""
    words = {word for extra in extras for word in extra.split("-") if len(word) >= _TELLING}
    return any(word in name or (len(name) >= _TELLING and name in word) for name in providers for word in words)


def _is_beside(seen: _Seen, found: Foreign) -> bool:
    """Whether a file is no part of what a library's users run: an example, a script of its makers, an extra module."""
    if not seen.declared.is_library(seen.scope):
        return False
    prefix = f"{seen.scope}/" if seen.scope else ""
    inside = found.path.removeprefix(prefix)
    return _BESIDE.search(inside) is not None or found.path not in seen.imports.installed(prefix)


def _weight(manifest: DependencyFacts) -> tuple[bool, bool, int]:
    """How likely a manifest is the one that people install from."""
    name = manifest.path.rpartition("/")[2]
    return not is_auxiliary(manifest), _VARIANT.match(name) is None, len(manifest.dependencies)


def _match(
    project: Project, declared: Declared, scope: str, name: str, places: list[tuple[Foreign, Confidence]]
) -> Match:
    order = list(Confidence)
    places = sorted(places, key=lambda place: (order.index(place[1]), place[0].path, place[0].span.line))
    first, confidence = places[0]
    listed_in = list(declared.manifests(scope))
    nearest = [source for source in listed_in if declared.home(source.path) == scope] or listed_in
    manifest = max(nearest, key=_weight).path
    listed = f"`{name}`" if name == first.top else f"`{first.top}` (`{name}`)"
    message = f"{listed} is imported but not in `{manifest}`: a fresh installation can't run this"
    if name in project.catalog.distributions.brought(declared.names(scope) | declared.with_extras(scope)):
        message = f"{listed} is imported but not in `{manifest}`: it only comes along with another package"
    notes = [project.note(found.path, found.span, "imported here too") for found, _ in places[1 : _SHOWN + 1]]
    return project.match(first.path, first.span, message, confidence=confidence, trail=notes)


show(rule)
