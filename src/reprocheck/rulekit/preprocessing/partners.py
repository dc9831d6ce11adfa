"""Which training and which serving belong to one model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reprocheck.rulekit.preprocessing.alignment import differences
from reprocheck.rulekit.preprocessing.sides import Side, Sides, base_name

_ANY = re.compile(
    r"((best|my|final|saved|trained)_?)?(model|weights|checkpoint|classifier|net|state)s?(\.\w+)?$", re.IGNORECASE
)
"""File names that any project may give its model."""
_PARTS_TEXT = """
    train training app api src notebook notebooks serve serving server backend inference scripts ml model models web ui
    deploy deployment demo service services code research predict prediction pipeline
"""
_PARTS = frozenset(_PARTS_TEXT.split())
"""Folders that are parts of one project rather than projects of their own."""
_ROOTED = re.compile(r"(/|[A-Za-z]:/|~)")
"""How a path begins that leads to the same file wherever the program runs."""
_FAR = 100
"""How much further away a notebook is than any module."""


@dataclass(frozen=True, slots=True)
class Partners:
    """Training and serving of what is shown to be the same model."""

    trained: Side
    served: Side
    shown_by: str
    """`object` (one program trains and asks), `artifact` (saved here, loaded there), `class` (built by the same code)
    or `only` (the project's one model)."""
    checked: Side | None
    """The same model's validation, for what training does at random."""

    @property
    def complete(self) -> bool:
        """Whether every step is known on both sides."""
        return self.trained.complete and self.served.complete


def partners(found: Sides) -> Iterator[Partners]:
    """Each serving side with the training side that it belongs to, once for each place."""
    by_place: dict[object, Partners] = {}
    several = len({side.artifacts for side in found.served if side.artifacts}) > 1
    for served in [*found.served, *found.asked]:
        known = by_place.get(served.use.place)
        if known is not None and _told(known.served) >= _told(served):
            continue
        near = _nearest(found.trained, served)
        for rank in ("object", "artifact", "class", "only"):
            if (rank == "only" and several) or (rank in {"artifact", "only"} and _is_of_another(found, served)):
                continue
            matches = [side for side in near if _belongs(side, served, rank, near)]
            if matches:
                trained = _likeliest(matches, served)
                by_place[served.use.place] = Partners(trained, served, rank, _validation(found, trained))
                break
    yield from by_place.values()


def _is_of_another(found: Sides, served: Side) -> bool:
    """Whether the very file is written by code whose model can't be told: one of the same name is not it."""
    if served.files.isdisjoint(found.uses.unread):
        return False
    return not any(side.files & served.files for side in found.trained)


def _share(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sets of file names have one in common; `model.{epoch:02d}.h5` stands for any epoch's file."""
    if one & other or {_stem(name) for name in one if "." not in name} & {_stem(name) for name in other}:
        return True
    if {_stem(name) for name in other if "." not in name} & {_stem(name) for name in one}:
        return True
    return any("{" in name and _template(name).fullmatch(file) is not None for name in one for file in other)


def _stem(name: str) -> str:
    """`pets` of `pets.h5`: a folder that a model was saved to is often converted into one file."""
    return name.partition(".")[0]


def _template(name: str) -> re.Pattern[str]:
    """Anything in place of each hole; atomic, as the first place at which a piece fits is as good as a later one."""
    first, *pieces = (re.escape(part) for part in re.split(r"\{[^{}]*\}", name))
    if not pieces:
        return re.compile(first)
    return re.compile(first + "".join(f"(?>[^/]*?{piece})" for piece in pieces[:-1]) + f"[^/]*{pieces[-1]}")


def _likeliest(matches: list[Side], served: Side) -> Side:
    """Of several training sides one that is known best, stands near, and differs least."""
    complete = [side for side in matches if side.complete] or matches
    nearest = min(_distance(side, served) for side in complete)
    near = [side for side in complete if _distance(side, served) == nearest]
    return min(near, key=lambda side: (sum(1 for _ in differences(side.form, served.form)), *(-n for n in _told(side))))


def _distance(trained: Side, served: Side) -> int:
    """Folders between two files, less than none in one file; a notebook is further away than any module."""
    if trained.use.place.path == served.use.place.path:
        return -1
    one, other = trained.use.place.path.split("/")[:-1], served.use.place.path.split("/")[:-1]
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return len(one) + len(other) - 2 * shared + (_FAR if trained.use.place.path.endswith(".ipynb") else 0)


def _told(side: Side) -> tuple[int, ...]:
    return (
        bool(side.artifacts),
        side.complete,
        len(side.form.steps) + (not side.form.scale.is_identity),
        -len(side.form.unknown),
    )


def _nearest(trained: list[Side], served: Side) -> list[Side]:
    """Training sides of the same part of the repository: those with the most folders in common.

    A repository of several projects has a model in each, often under the same file name.
    """
    if not trained:
        return []
    tops = {side.use.place.path.partition("/")[0] for side in trained}
    own = served.use.place.path.partition("/")[0]
    if own in tops and len(tops) > 1:
        same = [side for side in trained if side.use.place.path.partition("/")[0] == own]
        if not any(side.files & served.files for side in trained if side not in same):
            return same
    return trained


def _validation(found: Sides, trained: Side) -> Side | None:
    same = [
        side
        for side in found.checked
        if side.form.image
        and not side.form.random
        and (side.use.model is trained.use.model or side.identity == trained.identity)
    ]
    return max(same, key=_told, default=None)


def _is_close(trained: Side, served: Side) -> bool:
    """Beside one another, or one in a folder below the other: folders next to each other may be two projects."""
    folders = [side.use.place.path.rpartition("/")[0].partition("/")[0] for side in (trained, served)]
    return folders[0] == folders[1] or "" in folders or _PARTS.issuperset(folder.lower() for folder in folders)


def _is_elsewhere(trained: Side, served: Side) -> bool:
    """Whether the files have one of the names that any model may have, in two folders of one machine."""
    if trained.files & served.files or not trained.files or not served.files:
        return False
    files = [*trained.files, *served.files]
    if not all(_ROOTED.match(path) and _ANY.match(base_name(path)) for path in files):
        return False
    return len({path.lower().split("/")[1 if path.startswith("/") else 0] for path in files}) == 1


def _belongs(trained: Side, served: Side, rank: str, among: list[Side]) -> bool:
    if trained.use.place == served.use.place:
        return False
    if rank == "object":
        return trained.use.model is served.use.model
    if rank in {"artifact", "only"} and _is_elsewhere(trained, served):
        return False
    if rank == "artifact":
        if trained.files & served.files or _is_close(trained, served):
            return _share(trained.artifacts, served.artifacts)
        names = [frozenset(name for name in side.artifacts if not _ANY.match(name)) for side in (trained, served)]
        return _share(names[0], names[1])
    if trained.artifacts and served.artifacts and not _share(trained.artifacts, served.artifacts):
        return False
    if rank == "class":
        is_class = trained.identity and trained.identity == served.identity and not served.is_loaded
        return bool(is_class)
    if served.identity and not served.is_loaded:
        return False
    if not _is_close(trained, served):
        return False
    return len({side.use.place for side in among}) == 1 and len({side.identity for side in among}) == 1
