"""The normal form of a sequence of steps, in which spellings that mean the same are the same.

Arithmetic on pixels (`/ 255`, `ToTensor`, `Normalize`, `Rescaling`, presets of Keras applications) folds into one
linear map per channel; the order of channels and the grey level move behind the geometry, with which they commute;
what changes only shape, type or device is gone; random steps are set apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from reprocheck.rulekit.preprocessing.scale import Scale, applied
from reprocheck.rulekit.preprocessing.sizes import interpolation_of, size_of, size_text
from reprocheck.rulekit.preprocessing.values import UNKNOWN_STEP, UNSURE, Data, Step, Value

GEOMETRY = frozenset(
    {"resize", "crop", "pad", "crops", "crop-box", "crop-fraction", "resize-crop", "resize-pad", "resize-ratio"}
)


@dataclass(frozen=True, slots=True)
class NormalStep:
    """One step in the normal form."""

    op: str
    values: tuple[object, ...]
    """Constants in common units; UNSURE where one can't be told."""
    text: str
    """As a person would read it."""
    origin: Step
    """The source's step that brought it about."""


@dataclass(slots=True)
class NormalForm:
    """A sequence in normal form."""

    steps: list[NormalStep] = field(default_factory=list)
    unknown: list[Step] = field(default_factory=list)
    """Steps that are not understood."""
    random: list[Step] = field(default_factory=list)
    scale: Scale = field(default_factory=Scale)
    scaled: bool = True
    """Whether all arithmetic could be folded."""
    channels: str = ""
    """`rgb`, `bgr` or `grey`; empty when not known."""
    image: bool = False
    native: tuple[object, ...] = ()
    """Height and width that every image of the data set has; empty when not known."""
    columns: list[str] | None = None
    """The features, in order."""
    last: Step | None = None
    """Where the scale was last changed."""
    coloured: Step | None = None
    """Where the order of channels was last changed."""


_SPACES = re.compile(r"(RGB|BGR)2(HSV|HLS|LAB|LUV|YUV|YCRCB|YCR_CB|XYZ)(_FULL)?$")
"""Spaces that colours are brought into."""


_COLOURED = (
    "PIL.", "gradio.Image", "keras.preprocessing", "keras.utils.load_img", "torchvision.datasets", "matplotlib.",
    "imageio.", "skimage.io.",
)  # fmt: skip
"""Origins of images whose channels are in the order RGB."""


def normal_form(data: Data, named: Callable[[Value], object]) -> NormalForm:
    """Bring a sequence of steps into its normal form; `named` tells the class of a fitted object, loaded ones too."""
    form = NormalForm()
    source = data.source
    if source.startswith("cv2."):
        form.channels, form.image = "bgr", True
    elif source.startswith(_COLOURED):
        form.channels, form.image = "rgb", True
        # Matplotlib reads PNG files as 0..1 and others as 0..255.
        form.scaled = not source.startswith("matplotlib.")
    for step in data.steps:
        if step.op == "fitted":
            kind = named(step.given["object"])  # type: ignore[arg-type]
            text = f"`{kind}`" if kind is not UNSURE else "a loaded transformer"
            form.steps.append(NormalStep("fitted", (kind,), text, step))
        else:
            _take(form, step)
    if form.image and form.channels == "grey":
        form.steps = [s for s in form.steps if s.op != "grey"]
    return form


def _take(form: NormalForm, step: Step) -> None:  # noqa: C901, PLR0912 — one case per operation
    given = step.given
    if step.random or step.op == "random":
        form.random.append(step)
        return
    match step.op:
        case "?" | "unknown-table" | "own-function":
            form.unknown.append(step)
        case "neutral" | "to-image" | "statistic" | "flow" | "frame-of-video":
            pass
        case "native-size":
            form.native, form.image = size_of({"size": given.get("native")}), True
            form.channels = str(given.get("colour", form.channels))
        case "resize" | "source-resized" | "resize-crop" | "resize-pad":
            _take_resize(form, step)
        case "region":
            # What was found in a picture: how large the picture was made for the search is of no account.
            form.steps = [known for known in form.steps if known.op not in GEOMETRY]
        case "crop":
            form.image = True
            size = size_of(given)
            form.steps.append(NormalStep("crop", size, f"centre crop to {size_text(size)}", step))
        case "pad" | "crops" | "crop-box" | "crop-fraction" | "resize-ratio" | "function-of-image" | "flip":
            form.image = True
            form.steps.append(NormalStep(step.op, (step.label,), step.label, step))
        case "grey" | "grey-unit":
            form.channels, form.image = "grey", True
        case "colour-mode":
            _take_mode(form, step)
        case "colour":
            _take_colour(form, step)
        case "channels":
            _turn(form, step)
        case (
            "arithmetic"
            | "arithmetic-method"
            | "normalise"
            | "scale"
            | "to-unit"
            | "to-dtype"
            | "preset"
            | "resize-unit"
        ):
            _take_scale(form, step)
        case "columns":
            _take_columns(form, step)
        case "tokenise":
            # Padding is masked; a length that isn't stated is the model's own.
            values = tuple(given.get(key, UNSURE) for key in ("length", "lower"))
            form.steps.append(NormalStep("tokenise", values, step.label, step))
        case "pad-sequence":
            values = tuple(given.get(key, UNSURE) for key in ("length", "padding", "truncating"))
            text = f"sequences of {values[0]} (padded {values[1]}, cut {values[2]})"
            form.steps.append(NormalStep("pad-sequence", values, text, step))
        case _:
            form.steps.append(_other(step))


def _other(step: Step) -> NormalStep:
    values = tuple(
        f"{key}={value!r}" if value is not UNSURE else UNSURE
        for key, value in sorted(step.given.items())
        if key != "object"
    )
    return NormalStep(step.op, values, step.label, step)


# Geometry and colour


def _take_resize(form: NormalForm, step: Step) -> None:
    form.image = True
    given = step.given
    mode = given.get("colour", given.get("grey"))
    if mode in {"grayscale", True}:
        form.channels = "grey"
    elif not form.channels and step.op == "source-resized":
        form.channels = "rgb"
    size = size_of(given)
    if size == (None,):
        return
    interpolation = interpolation_of(given.get("interpolation"), step)
    kind = {"resize-crop": "resize-crop", "resize-pad": "resize-pad"}.get(step.op, "resize")
    if len(size) == 1 and given.get("edge") == "longer":
        kind = "resize-longer"
    if len(size) > 1 and form.steps and form.steps[-1].op == kind and form.steps[-1].values[:2] == size:
        return  # of the same size already
    form.steps.append(NormalStep(kind, (*size, interpolation), f"resize to {size_text(size)} ({interpolation})", step))


def _take_mode(form: NormalForm, step: Step) -> None:
    form.image = True
    mode = step.given.get("mode")
    if mode == "L":
        form.channels = "grey"
    elif mode == "RGB":
        form.channels = "rgb"
    elif mode != "RGBA":
        form.unknown.append(step)


def _take_colour(form: NormalForm, step: Step) -> None:
    form.image = True
    code = str(step.given.get("code", "")).upper()
    if code.endswith(("BGR2GRAY", "RGB2GRAY", "BGRA2GRAY", "RGBA2GRAY")):
        form.channels = "grey"
    elif code.endswith(("BGR2RGB", "RGB2BGR", "BGRA2RGB", "RGBA2BGR")):
        _turn(form, step)
    elif (space := _SPACES.search(code)) is not None:
        expected, target = space.group(1).lower(), space.group(2)
        turned = {form.channels, expected} == {"rgb", "bgr"}
        order = f", of channels in the order {form.channels.upper()} taken for {expected.upper()}" if turned else ""
        form.steps.append(NormalStep("colour-space", (target, turned), f"{target}{order}", step))
        form.channels = ""
    elif not code.endswith(("GRAY2RGB", "GRAY2BGR", "BGRA2BGR", "RGBA2RGB")):
        form.unknown.append(step)


def _turn(form: NormalForm, step: Step) -> None:
    form.image = True
    form.coloured = step
    form.channels = {"rgb": "bgr", "bgr": "rgb"}.get(form.channels, form.channels)
    form.scale = form.scale.turned()


# Values


def _take_scale(form: NormalForm, step: Step) -> None:
    if step.op == "preset" and step.given.get("mode") == "caffe":
        _turn(form, step)
    change = applied(step, form.scale)
    if step.op == "resize-unit":
        _take_resize(form, step)
    if step.op in {"normalise", "to-unit", "preset", "scale"}:
        form.image = True
    scale = None if change is None else form.scale.then(*change)
    if scale is None:
        form.scaled = False
    else:
        form.scale = scale
        form.last = step


# Tables


def _take_columns(form: NormalForm, step: Step) -> None:
    columns = step.given.get("columns")
    if isinstance(columns, list) and all(isinstance(column, str) for column in columns):
        form.columns = [str(column) for column in columns]
        form.steps = [known for known in form.steps if known.op != "columns"]
        form.steps.append(
            NormalStep("columns", tuple(form.columns), f"{len(form.columns)} features {step.label}", step)
        )
    else:
        form.unknown.append(step)


__all__ = ["UNKNOWN_STEP", "NormalForm", "NormalStep", "Scale", "normal_form"]
