"""The normal form of a sequence of steps, in which spellings that mean the same are the same.

Arithmetic on pixels (`/ 255`, `ToTensor`, `Normalize`, `Rescaling`, presets of Keras applications) folds into one
linear map per channel; the order of channels and the grey level move behind the geometry, with which they commute;
what changes only shape, type or device is gone; random steps are set apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reprocheck.rulekit.preprocessing.values import UNKNOWN_STEP, UNSURE, Data, Step, Value

GEOMETRY = frozenset(
    {"resize", "crop", "pad", "crops", "crop-box", "crop-fraction", "resize-crop", "resize-pad", "resize-ratio"}
)
_PRESETS: dict[str, tuple[tuple[float, ...], tuple[float, ...], bool]] = {
    # Factor and offset per channel of pixels in 0..255, and whether channels are turned around first.
    # https://github.com/keras-team/keras/blob/master/keras/src/applications/imagenet_utils.py
    "tf": ((1 / 127.5,), (-1.0,), False),
    "torch": (
        (1 / 255 / 0.229, 1 / 255 / 0.224, 1 / 255 / 0.225),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
        False,
    ),
    "caffe": ((1.0,), (-103.939, -116.779, -123.68), True),
    "none": ((1.0,), (0.0,), False),
}
_INTERPOLATION = {
    "0": "nearest", "1": "lanczos", "2": "bilinear", "3": "bicubic", "4": "box", "inter_nearest": "nearest",
    "inter_linear": "bilinear", "inter_cubic": "bicubic", "inter_area": "area", "inter_lanczos4": "lanczos",
    "antialias": "lanczos", "lanczos3": "lanczos", "lanczos5": "lanczos", "linear": "bilinear",
    "nearest_exact": "nearest", "repeated": "values repeated or cut off, without looking at the image",
}  # fmt: skip
_CV2_NUMBERS = {"0": "nearest", "1": "bilinear", "2": "bicubic", "3": "area", "4": "lanczos"}


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


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of pixel values, per channel."""

    factor: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)

    def then(self, factor: Sequence[float], offset: Sequence[float]) -> Scale | None:
        """This map and then another; None when the numbers of channels don't fit."""
        width = max(len(self.factor), len(self.offset), len(factor), len(offset))
        parts = [_widened(part, width) for part in (self.factor, self.offset, factor, offset)]
        if any(part is None for part in parts):
            return None
        mine, mine_off, other, other_off = (part for part in parts if part is not None)
        return Scale(
            tuple(a * b for a, b in zip(mine, other, strict=True)),
            tuple(a * b + c for a, b, c in zip(mine_off, other, other_off, strict=True)),
        )

    def turned(self) -> Scale:
        """With the channels the other way around."""
        return Scale(self.factor[::-1], self.offset[::-1])

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return all(abs(f - 1) < _SMALL for f in self.factor) and all(abs(o) < _SMALL for o in self.offset)

    def close_to(self, other: Scale) -> bool:
        """Whether two maps give the same numbers, rounding of constants aside."""
        width = max(len(self.factor), len(other.factor), len(self.offset), len(other.offset))
        mine, theirs = (_ends(scale, width) for scale in (self, other))
        if mine is None or theirs is None:
            return False
        return all(abs(a - b) <= _TOLERANCE * max(1.0, abs(a - c)) for (a, c), (b, _) in zip(mine, theirs, strict=True))

    def text(self) -> str:
        """As a formula, with the range that pixels of 0 to 255 end in."""
        low, high = self.offset[0], self.factor[0] * 255 + self.offset[0]
        if self.is_identity:
            return "pixels left in 0..255"
        if len(set(self.factor)) == 1 and len(set(self.offset)) == 1:
            return f"pixels brought to {_number(low)}..{_number(high)}"
        pairs = list(zip(_fit(self.factor, 3), _fit(self.offset, 3), strict=False))
        means = [-o / f / 255 for f, o in pairs]
        if all(-1 < mean < 2 and 1 / f / 255 < _WIDEST for mean, (f, _) in zip(means, pairs, strict=True)):  # noqa: PLR2004 — of pixels in 0..1
            deviations = ", ".join(_number(1 / f / 255) for f, _ in pairs)
            return f"(pixels / 255 - [{', '.join(map(_number, means))}]) / [{deviations}]"
        return f"pixels brought to {_number(low)}..{_number(high)} in the first channel"


_SMALL = 1e-9
_WIDEST = 4
"""Standard deviation of pixels in 0..1 beyond which a map is not told as mean and deviation."""
_TOLERANCE = 0.01


def _widened(part: Sequence[float], width: int) -> tuple[float, ...] | None:
    if len(part) == width:
        return tuple(part)
    return tuple(part) * width if len(part) == 1 else None


def _fit(part: Sequence[float], width: int) -> tuple[float, ...]:
    return tuple(part) if len(part) > 1 else tuple(part) * width


def _ends(scale: Scale, width: int) -> list[tuple[float, float]] | None:
    """For each channel where 0 and 255 end, each with the other one."""
    factor, offset = _widened(scale.factor, width), _widened(scale.offset, width)
    if factor is None or offset is None:
        return None
    pairs = [(o, f * 255 + o) for f, o in zip(factor, offset, strict=True)]
    return [pair for low, high in pairs for pair in ((low, high), (high, low))]


def _number(value: float) -> str:
    return f"{value:.3g}"


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
            form.native, form.image = _size({"size": given.get("native")}), True
            form.channels = str(given.get("colour", form.channels))
        case "resize" | "source-resized" | "resize-crop" | "resize-pad":
            _take_resize(form, step)
        case "region":
            # What was found in a picture: how large the picture was made for the search is of no account.
            form.steps = [known for known in form.steps if known.op not in GEOMETRY]
        case "crop":
            form.image = True
            size = _size(given)
            form.steps.append(NormalStep("crop", size, f"centre crop to {_size_text(size)}", step))
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
    size = _size(given)
    if size == (None,):
        return
    interpolation = _interpolation(given.get("interpolation"), step)
    kind = {"resize-crop": "resize-crop", "resize-pad": "resize-pad"}.get(step.op, "resize")
    if len(size) == 1 and given.get("edge") == "longer":
        kind = "resize-longer"
    if len(size) > 1 and form.steps and form.steps[-1].op == kind and form.steps[-1].values[:2] == size:
        return  # of the same size already
    form.steps.append(NormalStep(kind, (*size, interpolation), f"resize to {_size_text(size)} ({interpolation})", step))


def _size(given: Mapping[str, object]) -> tuple[object, ...]:
    if "height" in given or "width" in given:
        pair = (given.get("height", UNSURE), given.get("width", UNSURE))
        return tuple(int(part) if isinstance(part, int | float) else UNSURE for part in pair)
    size = given.get("size", UNSURE)
    if size is None:
        return (None,)
    if isinstance(size, list):
        numbers = [int(part) if isinstance(part, int | float) else UNSURE for part in size[:2]]
        if len(numbers) == 1:
            return tuple(numbers)
        return tuple(reversed(numbers)) if given.get("axes") == "wh" else tuple(numbers)
    if isinstance(size, int | float):
        edge = given.get("edge")
        return (int(size),) if edge in {"shorter", "longer"} else (int(size), int(size))
    return (UNSURE, UNSURE)


def _size_text(size: tuple[object, ...]) -> str:
    if UNSURE in size:
        return "a size that can't be told"
    if len(size) == 1:
        return f"{size[0]} (shorter side)"
    return "x".join(str(part) for part in size)


def _interpolation(value: object, step: Step) -> object:
    if value is UNSURE:
        return UNSURE
    if value is None:
        return "bilinear"
    name = str(value).rpartition(".")[2].lower()
    if step.label.startswith("cv2") or "dsize" in step.label:
        name = _CV2_NUMBERS.get(name, name)
    return _INTERPOLATION.get(name, name)


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
    if code.endswith(("BGR2GRAY", "RGB2GRAY")):
        form.channels = "grey"
    elif code.endswith(("BGR2RGB", "RGB2BGR")):
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
    applied = _scale_of(form, step)
    if step.op == "resize-unit":
        _take_resize(form, step)
    if step.op in {"normalise", "to-unit", "preset", "scale"}:
        form.image = True
    scale = None if applied is None else form.scale.then(*applied)
    if scale is None:
        form.scaled = False
    else:
        form.scale = scale
        form.last = step


def _scale_of(form: NormalForm, step: Step) -> tuple[Sequence[float], Sequence[float]] | None:
    given = step.given
    match step.op:
        case "to-unit" | "resize-unit" | "grey-unit":
            return ((1 / 255,), (0.0,)) if form.scale.is_identity else ((1.0,), (0.0,))
        case "to-dtype":
            return ((1 / 255,), (0.0,)) if given.get("scale") is True else ((1.0,), (0.0,))
        case "preset":
            preset = _PRESETS.get(str(given.get("mode")))
            return None if preset is None else preset[:2]
        case "scale":
            divisor = _numbers(given.get("divisor", 1.0))
            factor, offset = _numbers(given.get("factor", 1.0)), _numbers(given.get("offset", 0.0))
            if divisor is None or factor is None or offset is None or 0 in divisor:
                return None
            return [f / divisor[0] for f in factor], offset
        case "normalise":
            mean, std = _numbers(given.get("mean")), _numbers(given.get("std"))
            maximum = _numbers(given.get("maximum", 1.0))
            if mean is None or std is None or maximum is None or 0 in std or 0 in maximum:
                return None
            std = _fit(std, len(mean)) if len(std) == 1 else tuple(std)
            mean = _fit(mean, len(std)) if len(mean) == 1 else tuple(mean)
            if len(mean) != len(std):
                return None
            return [1 / maximum[0] / s for s in std], [-m / s for m, s in zip(mean, std, strict=True)]
    amount = _numbers(given.get("amount"))
    if amount is None:
        return None
    match given.get("sign"):
        case "Add":
            return (1.0,), amount
        case "Sub":
            return (1.0,), [-part for part in amount]
        case "Mult":
            return amount, (0.0,)
        case "Div" if 0 not in amount:
            return [1 / part for part in amount], (0.0,)
    return None


def _numbers(value: object) -> Sequence[float] | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return (float(value),)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, list) and value and all(isinstance(part, int | float) for part in value):
        return [float(part) for part in value]
    return None


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
