"""Which differences between two sequences are worth a finding, how sure each is, and how both are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isclose

from reprocheck.rulekit import Confidence, Note, Project
from reprocheck.rulekit.preprocessing import (
    UNSURE,
    Difference,
    NormalForm,
    NormalStep,
    Pair,
    Partners,
    Scale,
    Side,
    Step,
    aligned,
    differences,
)

_GEOMETRY = frozenset(
    {
        "resize",
        "resize-crop",
        "resize-pad",
        "resize-longer",
        "crop",
        "pad",
        "crops",
        "crop-box",
        "crop-fraction",
        "resize-ratio",
    }
)
_RESIZES = frozenset({"resize", "source-resized", "resize-unit", "resize-crop", "resize-pad", "resize-longer"})
_SIZES = re.compile(r"Crop|Resize|Scale|ShortestEdge|Zoom", re.IGNORECASE)
"""Random transforms that say how large an image becomes; a flip doesn't."""
_INVERTS = re.compile(r"invert|bitwise_not")
_ONE_SIDED = _GEOMETRY | {
    "colour",
    "function-of-image",
    "own-statistics",
    "fitted",
    "text",
    "substitute",
    "tokenise",
    "pad-sequence",
    "function",
}
"""Operations whose absence on one side is a difference; a column can come from anywhere."""
_COMPARED = _ONE_SIDED | {"columns", "fill", "map"}


def real(partners: Partners) -> Iterator[tuple[Difference, Confidence]]:
    """Differences that a reader would call real, each with how sure it is."""
    trained, served = partners.trained, partners.served
    if not _comparable(trained.form, served.form):
        yield from _unprepared(partners)
        return
    random = any(_SIZES.search(step.label) for step in trained.form.random)
    geometry = partners.checked if random else None
    for difference in differences(trained.form, served.form):
        if not _is_told(difference, image=trained.form.image):
            continue
        if random and _is_geometry(difference):
            continue
        yield difference, _confidence(partners, difference)
    if geometry is not None:
        for difference in differences(geometry.form, served.form):
            if _is_geometry(difference) and _is_told(difference, image=True):
                yield difference, _lower(_confidence(partners, difference))


def _unprepared(partners: Partners) -> Iterator[tuple[Difference, Confidence]]:
    """Training on numbers that were prepared, serving of pictures as they are: of pixels kept in a table."""
    trained, served = partners.trained.form, partners.served.form
    if partners.shown_by not in {"artifact", "object"} or served.unknown or not partners.served.known_source:
        return
    if _is_table_of_pixels(trained) and served.image and served.scaled and not served.scale.close_to(trained.scale):
        yield (
            Difference("scale", trained.scale.text(), served.scale.text(), trained.last, served.last),
            Confidence.MEDIUM,
        )
    if any(step.op == "fitted" for step in served.steps):
        return
    for difference in differences(trained, served):
        if difference.kind == "missing" and _op(difference) == "fitted" and difference.certain:
            yield difference, Confidence.MEDIUM


def _is_table_of_pixels(form: NormalForm) -> bool:
    """Whether a table was divided by 255, as pixels kept in one are."""
    if form.image or form.unknown or not form.scaled:
        return False
    return form.scale.close_to(Scale((1 / 255,))) and all(isclose(factor, 1 / 255) for factor in form.scale.factor)


def _comparable(trained: NormalForm, served: NormalForm) -> bool:
    """Whether both sides speak of the same kind of data."""
    return trained.image == served.image or bool(trained.steps and served.steps and not (trained.image or served.image))


def _op(difference: Difference) -> str:
    origin = difference.origin_left or difference.origin_right
    return origin.op if origin is not None else ""


def _is_geometry(difference: Difference) -> bool:
    return difference.kind not in {"scale", "channels"} and (
        _op(difference) in _GEOMETRY or _op(difference) == "source-resized"
    )


def _is_told(difference: Difference, *, image: bool) -> bool:
    if difference.kind in {"scale", "channels", "features"}:
        return True
    op = _op(difference)
    origin = difference.origin_right
    if difference.kind == "extra" and origin is not None and origin.given.get("fits"):
        return False  # SKW002 says more of it
    if op == "own-statistics" and (difference.kind == "extra" or not image):
        return False  # SKW007 says more of it; on a table they are those of the training data
    if difference.kind in {"missing", "extra"}:
        return op in _ONE_SIDED or op in {"source-resized", "resize-unit"}
    return op in _COMPARED or op in {"source-resized", "resize-unit"}


def _confidence(partners: Partners, difference: Difference) -> Confidence:
    if not difference.certain or _brings_to_size(partners, difference) or _inverts(partners, difference):
        return Confidence.LOW
    one_sided = difference.kind in {"missing", "extra", "scale", "channels", "order"}
    if partners.complete:
        return Confidence.HIGH if partners.shown_by != "only" else Confidence.MEDIUM
    if one_sided and not _raw(partners, difference):
        return Confidence.LOW
    return Confidence.MEDIUM if partners.shown_by != "only" else Confidence.LOW


def _brings_to_size(partners: Partners, difference: Difference) -> bool:
    """Whether serving resizes where training takes images as they are: files of one size need no resize there."""
    trained, served = partners.trained.form, partners.served.form
    if difference.kind != "extra" or _op(difference) not in _RESIZES:
        return False
    if any(step.op in _GEOMETRY for step in trained.steps):
        return False
    size = next((step.values[:-1] for step in served.steps if step.origin is difference.origin_right), ())
    return not trained.native or UNSURE in size


def _inverts(partners: Partners, difference: Difference) -> bool:
    """Whether serving turns dark and bright around: pictures of the training may be so from the beginning."""
    if difference.kind == "scale":
        return partners.trained.form.scale.inverted().close_to(partners.served.form.scale)
    return (
        difference.kind == "extra"
        and _op(difference) == "function-of-image"
        and bool(_INVERTS.search(difference.right))
    )


def _raw(partners: Partners, difference: Difference) -> bool:
    """Whether the side that lacks something is known from its raw origin on."""
    if difference.kind == "missing":
        return partners.served.known_source
    if difference.kind == "extra":
        return partners.trained.known_source
    return partners.trained.known_source and partners.served.known_source


def _lower(confidence: Confidence) -> Confidence:
    return Confidence.MEDIUM if confidence is Confidence.HIGH else confidence


# Words


def sentence(partners: Partners, difference: Difference) -> str:
    """What differs, with the constants of both sides."""
    trained = partners.trained
    where = f"{trained.use.place.path}:{trained.use.place.span.line}"
    model = _model(partners)
    match difference.kind:
        case "missing":
            place = _place(difference.origin_left, where)
            return f"serving of {model} skips a step of its training: {difference.left} ({place})"
        case "extra":
            return f"serving of {model} adds a step that its training at {where} lacks: {difference.right}"
        case "order":
            return f"serving of {model} takes the steps in another order than training: {difference.right}"
    return (
        f"serving of {model} differs from its training: {difference.right} here, "
        f"{difference.left} in training ({_place(difference.origin_left, where)})"
    )


def _model(partners: Partners) -> str:
    shared = sorted(partners.trained.artifacts & partners.served.artifacts)
    if shared:
        return f"`{shared[0]}`"
    if partners.shown_by == "artifact":
        return f"`{min(partners.served.artifacts)}`"
    identity = partners.trained.identity
    if partners.shown_by == "class" and identity:
        return f"`{identity[-1].rpartition('.')[2]}`"
    return "the model"


def _place(step: Step | None, otherwise: str) -> str:
    return otherwise if step is None else f"{step.place.path}:{step.place.span.line}"


def side_by_side(project: Project, partners: Partners) -> list[Note]:
    """Both sequences, aligned: a note for each step, training before serving in each row."""
    notes: list[Note] = []
    for row in aligned(partners.trained.form.steps, partners.served.form.steps):
        notes += _row(project, row)
    for side, name in ((partners.trained, "training"), (partners.served, "serving")):
        notes += _values(project, side, name)
    return notes


def _row(project: Project, row: Pair) -> Iterator[Note]:
    mark = "" if row.same else " (differs)" if row.left is not None and row.right is not None else " (only here)"
    for step, name in ((row.left, "training"), (row.right, "serving")):
        if step is not None:
            yield _note(project, step, f"{name}: {step.text}{mark}")


def _note(project: Project, step: NormalStep, text: str) -> Note:
    return project.note(step.origin.place.path, step.origin.place.span, text)


def _values(project: Project, side: Side, name: str) -> Iterator[Note]:
    form = side.form
    if form.image and form.last is not None:
        text = form.scale.text() if form.scaled else "arithmetic that could not be folded"
        yield project.note(form.last.place.path, form.last.place.span, f"{name}: {text}")
    for step in form.unknown[:3]:
        yield project.note(step.place.path, step.place.span, f"{name}: `{step.label}`, not understood")
    place = side.use.place
    said = "trains on it" if name == "training" else "answers from it"
    yield project.note(place.path, place.span, f"{name}: {said}")
