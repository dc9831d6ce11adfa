"""Interfaces that ask a function with what a person gives them: Gradio's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprocheck.rulekit.preprocessing.values import NOTHING, Data, Many, Place, Step, Value, plain

if TYPE_CHECKING:
    from reprocheck.rulekit.preprocessing.effects import Effects

_PICTURES = frozenset(
    {"gradio.Image", "gradio.inputs.Image", "gradio.components.Image", "gradio.Sketchpad", "gradio.ImageEditor"}
)
_KINDS = {"pil": "PIL.Image.Image", "numpy": "numpy.ndarray"}
PICTURE = "gradio.Image"
"""Origin of a picture that a person gave."""


class Interfaces:
    """What an interface gives its function."""

    def __init__(self, effects: Effects) -> None:
        """`effects` explains what else a call may do."""
        self._effects = effects

    def of_function(self, name: str, positional: list[Value], keywords: dict[str, Value], place: Place) -> Value | None:
        """What a component, or an interface with its components, gives; None for other names."""
        if name in _PICTURES:
            return _picture(name, keywords, place)
        if name != "gradio.Interface":
            return None
        names = ("fn", "inputs")
        given = {**dict(zip(names, positional, strict=False)), **keywords}
        self.asked(given.get("fn"), given.get("inputs"), place)
        return None

    def asked(self, function: Value | None, inputs: Value | None, place: Place) -> None:
        """Follow a function with what its components give."""
        items = inputs.items if isinstance(inputs, Many) else [inputs or NOTHING]
        values = [_picture(PICTURE, {}, place) if plain(item) == "image" else item for item in items]
        if function is not None and any(isinstance(item, Data) and item.source == PICTURE for item in values):
            self._effects.run.apply(function, values, {}, place)


def _picture(name: str, options: dict[str, Value], place: Place) -> Data:
    kind = _KINDS.get(str(plain(options["type"])), "builtins.str") if "type" in options else "numpy.ndarray"
    if name.endswith(("Sketchpad", "ImageEditor")):
        return Data(name, (), "", place)
    data = Data(PICTURE, (), kind, place)
    size = plain(options.get("shape"))
    if isinstance(size, list):
        data = data.then(Step("resize", f"Image(shape={tuple(size)})", place, {"size": size, "axes": "wh"}))
    if plain(options.get("image_mode")) == "L":
        data = data.then(Step("colour-mode", 'Image(image_mode="L")', place, {"mode": "L"}))
    return data
