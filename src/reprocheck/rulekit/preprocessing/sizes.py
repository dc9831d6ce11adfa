"""Sizes and ways of resizing, in one spelling."""

from __future__ import annotations

from collections.abc import Mapping

from reprocheck.rulekit.preprocessing.values import UNSURE, Step

_INTERPOLATION = {
    "0": "nearest", "1": "lanczos", "2": "bilinear", "3": "bicubic", "4": "box", "inter_nearest": "nearest",
    "inter_linear": "bilinear", "inter_cubic": "bicubic", "inter_area": "area", "inter_lanczos4": "lanczos",
    "antialias": "lanczos", "lanczos3": "lanczos", "lanczos5": "lanczos", "linear": "bilinear",
    "nearest_exact": "nearest", "repeated": "values repeated or cut off, without looking at the image",
}  # fmt: skip
_CV2_NUMBERS = {"0": "nearest", "1": "bilinear", "2": "bicubic", "3": "area", "4": "lanczos"}


def size_of(given: Mapping[str, object]) -> tuple[object, ...]:
    """Height and width, or the shorter side alone; UNSURE for what can't be told."""
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


def size_text(size: tuple[object, ...]) -> str:
    """A size as a person would say it."""
    if UNSURE in size:
        return "a size that can't be told"
    if len(size) == 1:
        return f"{size[0]} (shorter side)"
    return "x".join(str(part) for part in size)


def interpolation_of(value: object, step: Step) -> object:
    """The way of resizing; UNSURE where it can't be told."""
    if value is UNSURE:
        return UNSURE
    if value is None:
        return "bilinear"
    name = str(value).rpartition(".")[2].lower()
    if step.label.startswith("cv2") or "dsize" in step.label:
        name = _CV2_NUMBERS.get(name, name)
    return _INTERPOLATION.get(name, name)
