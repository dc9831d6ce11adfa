"""Training and serving write the same preprocessing twice instead of sharing it.

## Why
Both copies agree today. The next change to one of them (another size, another mean) makes the model's answers worse
without an error, because nothing ties the two together.

## Fix
Move the steps into one function or object that both programs import, or save them with the model.

## Notes
Only where all steps of both sides are known and equal, there are at least two that change the data, none is shared, and
the sides stand in different files. A note: nothing is wrong yet.
"""

from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.preprocessing import Partners, Step, differences, partners, sides
from reprocheck_rules.skew.sequences import side_by_side

rule = Rule("SKW006", "duplicated-preprocessing", __doc__, severity="note")

_LEAST = 2
_SAVED = frozenset({"fitted", "columns", "drop", "derive", "indices", "native-size"})
"""What objects do that are saved, or what only names columns."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Pairs of equal sequences with nothing in common."""
    yield from project.of_project(_of_sides)


def _of_sides(project: Project) -> Iterator[Match]:
    for pair in partners(sides(project)):
        steps = _own(pair)
        if steps is None:
            continue
        mine, theirs = steps
        first = theirs[0].place
        other = mine[0].place
        yield project.match(
            first.path,
            first.span,
            f"the {len(theirs)} steps from here on are written a second time, beside those of training at "
            f"{other.path}:{other.span.line}",
            confidence=Confidence.HIGH if pair.shown_by != "only" else Confidence.MEDIUM,
            trail=side_by_side(project, pair),
        )


def _own(pair: Partners) -> tuple[list[Step], list[Step]] | None:
    """Steps of both sides where they are the same and stand in different files."""
    trained, served = pair.trained, pair.served
    if not pair.complete or trained.form.random or any(True for _ in differences(trained.form, served.form)):
        return None
    mine, theirs = (_counted(side.use.data.steps) for side in (trained, served))
    if min(len(mine), len(theirs)) < _LEAST:
        return None
    files = {step.place.path for step in mine}, {step.place.path for step in theirs}
    return None if files[0] & files[1] else (mine, theirs)


def _counted(steps: tuple[Step, ...]) -> list[Step]:
    return [step for step in steps if step.op not in _SAVED]


_TRAIN = """
    from tensorflow import keras
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    flow = ImageDataGenerator(rescale=1 / 255).flow_from_directory("data", target_size=(150, 150))
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.fit(flow)
    model.save("pets.h5")
"""
_TORCH = """
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, models
    %s

    model = models.resnet18(num_classes=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for images, labels in DataLoader(datasets.ImageFolder("data", transform=%s)):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), "model.pt")
"""
_ASK = """
    import torch
    from PIL import Image
    from torchvision import models
    %s

    model = models.resnet18(num_classes=2)
    model.load_state_dict(torch.load("model.pt"))
    model.eval()

    def predict(path):
        image = Image.open(path).convert("RGB")
        return model(%s)
"""
_STEPS = "transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(), transforms.Normalize(%s, [0.5])])"
_FROM = "from torchvision import transforms"
rule.flags(
    {
        "train.py": _TRAIN,
        "predict.py": """
            from tensorflow.keras.models import load_model
            from tensorflow.keras.preprocessing.image import img_to_array, load_img

            model = load_model("pets.h5")

            def predict(path):
                return model.predict(img_to_array(load_img(path, target_size=(150, 150)))[None] / 255)  # expect: SKW006
        """,
    }
)
for _spelled in ("[0.5]", "(0.5,)", "[1 / 2]"):
    rule.flags(
        {
            "train.py": _TORCH % (_FROM, _STEPS % "[0.5]"),
            "predict.py": _ASK % (_FROM, _STEPS % _spelled + "(image)[None]"),
        }
    )
rule.flags(
    {
        "train.py": _TORCH % (_FROM, _STEPS % "[0.5]"),
        "predict.py": _ASK
        % (
            "import cv2\n    import numpy as np",
            "torch.from_numpy((cv2.resize(np.array(image), (64, 64)).astype('float32') / 255 - 0.5) / 0.5)",
        ),
    },
    title="the same in OpenCV",
)
rule.flags(
    {
        "training/steps.py": _FROM + "\n\n\ndef make():\n    return " + _STEPS % "[0.5]" + "\n",
        "training/train.py": _TORCH % ("from training.steps import make", "make()"),
        "predict.py": _ASK % (_FROM, _STEPS % "[0.5]" + "(image)[None]"),
    }
)
rule.allows(
    {
        "steps.py": _FROM + "\n\n\ndef make():\n    return " + _STEPS % "[0.5]" + "\n",
        "train.py": _TORCH % ("from steps import make", "make()"),
        "predict.py": _ASK % ("from steps import make", "make()(image)[None]"),
    },
    title="shared",
)
rule.allows(
    {
        "train.py": _TORCH % (_FROM, _STEPS % "[0.5]"),
        "predict.py": _ASK % (_FROM, _STEPS % "[0.4]" + "(image)[None]"),
    },
    title="not the same: SKW001",
)
rule.allows(
    {
        "train.py": _TORCH % (_FROM, "transforms.ToTensor()"),
        "predict.py": _ASK % (_FROM, "transforms.ToTensor()(image)[None]"),
    },
    title="one step",
)
rule.allows(
    {
        "train.py": _TORCH % (_FROM, _STEPS % "[0.5]"),
        "predict.py": (_ASK % (_FROM, _STEPS % "[0.5]" + "(image)[None]"))
        .replace("model.pt", "other.pt")
        .replace("resnet18", "resnet50"),
    },
    title="another model",
)
rule.allows(
    {"train.py": _TORCH % (_FROM, _STEPS % "[0.5]")},
    title="no serving",
)
rule.allows(
    {
        "train.py": _TORCH % (_FROM, _STEPS % "[0.5]"),
        "predict.py": _ASK % (_FROM + "\n    from elsewhere import clean", _STEPS % "[0.5]" + "(clean(image))[None]"),
    },
    title="a step that is not known",
)
