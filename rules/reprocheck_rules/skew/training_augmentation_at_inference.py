"""Random transforms are applied where a model is validated or asked.

## Why
Flips, random crops and colour jitter make training data more varied. At inference they make the answer to one and the
same input a matter of luck; on validation data they make the score noisy and lower than the model deserves, and early
stopping and model choice follow that noise.

## Fix
Give each split its own transform: the random one for training, a fixed one (`Resize`, `CenterCrop`, `ToTensor`,
`Normalize`) for validation, test and serving. With `random_split` or `validation_split` make two data sets with
different transforms and split their indices.

## Notes
Reported at the random step, with the place where the model gets the data. Silent where the step never acts (`p=0`), for
test-time augmentation that says so, and for training. Of low confidence where the score of the training data is taken
beside that of data without random steps.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Match, Project, Rule
from reprocheck.rulekit.preprocessing import Side, Sides, sides

rule = Rule("SKW005", "training-augmentation-at-inference", __doc__)

_ON_PURPOSE = re.compile(
    r"tta|augment|(^|[/_])aug|test_time|monte_carlo|mc_|robust|contrast|simclr|moco|byol|self_?sup|adversar",
    re.IGNORECASE,
)

_JUDGES = re.compile(r"(^|_)(val|valid|validate|validation|eval|evaluate|evaluation|test)(_|$)", re.IGNORECASE)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Random steps on the way to a prediction."""
    yield from project.of_project(_of_sides)


def _of_sides(project: Project) -> Iterator[Match]:
    found = sides(project)
    seen: set[object] = set()
    checked = sorted(found.checked, key=lambda side: _scores_training(found, side))
    for side, what in (
        *((side, "serving") for side in found.served),
        *((side, "validation") for side in checked),
    ):
        if not side.form.random or _on_purpose(side) or (what == "validation" and not _is_validation(side)):
            continue
        step = side.form.random[0]
        key = step.place, what
        if key in seen:
            continue
        seen.add(key)
        use = side.use.place
        yield project.match(
            step.place.path,
            step.place.span,
            f"`{step.label}` is random and is applied to {what} data: {_effect(what)}",
            confidence=Confidence.LOW if _scores_training(found, side) else _confidence(side, what),
            trail=[
                project.note(step.place.path, step.place.span, "draws anew for each item"),
                project.note(use.path, use.span, f"{what}: the model is given what comes out"),
            ],
        )


def _effect(what: str) -> str:
    return (
        "the same input gets another answer each time"
        if what == "serving"
        else "its score is noisy, and lower than it should be"
    )


def _is_validation(side: Side) -> bool:
    """Whether a prediction made by a training program judges the model: others look at a batch, or plot."""
    use = side.use
    return use.checks or bool(use.method) or any(_JUDGES.search(function.name) for function in use.functions)


def _scores_training(found: Sides, side: Side) -> bool:
    """Whether code that judges the model on data without random steps judges it on the training data too."""
    data = side.use.data
    if all((other.use.data.source, other.use.data.place) != (data.source, data.place) for other in found.trained):
        return False
    return any(other.use.place == side.use.place and not other.form.random for other in found.checked)


def _on_purpose(side: Side) -> bool:
    names = [function.name for function in side.use.functions]
    return any(_ON_PURPOSE.search(name) for name in (*names, side.use.place.path, side.form.random[0].place.path))


def _confidence(side: Side, what: str) -> Confidence:
    if what == "validation":
        return Confidence.HIGH if side.use.checks else Confidence.MEDIUM
    return Confidence.HIGH if side.known_source else Confidence.MEDIUM


_SERVICE = """
    import torch
    from PIL import Image
    from torchvision import models, transforms

    model = models.resnet18(num_classes=3)
    model.load_state_dict(torch.load("model.pt"))
    model.eval()
    transform = transforms.Compose([
        %s
        transforms.ToTensor(),
    ])

    def predict(path):
        with torch.no_grad():
            return model(transform(Image.open(path).convert("RGB")).unsqueeze(0))
"""
for _step in (
    "transforms.RandomResizedCrop(224),  # expect: SKW005",
    "transforms.Resize((224, 224)), transforms.RandomHorizontalFlip(),  # expect: SKW005",
    "transforms.ColorJitter(0.2), transforms.Resize((224, 224)),  # expect: SKW005",
):
    rule.flags(_SERVICE % _step, file="predict.py")
_KERAS = """
    from tensorflow import keras
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)])
    model.compile(loss="categorical_crossentropy")
    %s
"""
rule.flags(
    _KERAS
    % """augmented = ImageDataGenerator(rescale=1 / 255, rotation_range=20, validation_split=0.2)  # expect: SKW005
    train = augmented.flow_from_directory("data", target_size=(64, 64), subset="training")
    validation = augmented.flow_from_directory("data", target_size=(64, 64), subset="validation")
    model.fit(train, validation_data=validation, epochs=3)""",
    title="one generator for both subsets",
)
rule.flags(
    """
    import torch
    from torch.utils.data import DataLoader, random_split
    from torchvision import datasets, models, transforms

    transform = transforms.Compose([
        transforms.RandomRotation(10),  # expect: SKW005
        transforms.ToTensor(),
    ])
    images = datasets.ImageFolder("data", transform=transform)
    training, validation = random_split(images, [800, 200], generator=torch.Generator().manual_seed(0))
    model = models.resnet18(num_classes=3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train():
        for batch, target in DataLoader(training, shuffle=True):
            loss = torch.nn.functional.cross_entropy(model(batch), target)
            loss.backward()
            optimizer.step()

    def validate():
        model.eval()
        with torch.no_grad():
            for batch, target in DataLoader(validation):
                print(model(batch).argmax(1) == target)

    train()
    validate()
    """,
    title="both parts of a split have the random transform",
)
rule.flags(
    """
    import albumentations as A
    import cv2
    from tensorflow.keras.models import load_model

    transform = A.Compose([
        A.Resize(128, 128),
        A.HorizontalFlip(p=0.5),  # expect: SKW005
        A.Normalize(),
    ])
    model = load_model("model.h5")

    def predict(path):
        image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
        return model.predict(transform(image=image)["image"][None])
    """,
    file="inference.py",
)
for _step in (
    "transforms.Resize(256), transforms.CenterCrop(224),",
    "transforms.Resize((224, 224)), transforms.RandomHorizontalFlip(p=0),",
):
    rule.allows(_SERVICE % _step, file="predict.py")
rule.allows(
    _KERAS
    % """train = ImageDataGenerator(rescale=1 / 255, rotation_range=20).flow_from_directory("data/train")
    validation = ImageDataGenerator(rescale=1 / 255).flow_from_directory("data/validation")
    model.fit(train, validation_data=validation, epochs=3)""",
)
rule.allows(
    (_SERVICE % "transforms.RandomHorizontalFlip(),").replace("predict(", "predict_with_tta("), file="predict.py"
)
rule.allows(
    _KERAS
    % """train = ImageDataGenerator(rescale=1 / 255, rotation_range=20).flow_from_directory("data/train")
    model.fit(train, epochs=3)""",
    title="training only",
)
rule.allows(
    """
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, models, transforms

    def transform_for(train):
        if train:
            return transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
        return transforms.Compose([transforms.ToTensor()])

    model = models.resnet18(num_classes=3)

    def validate(folder):
        loader = DataLoader(datasets.ImageFolder(folder, transform=transform_for(train=False)))
        with torch.no_grad():
            return [model(batch) for batch, _ in loader]

    validate("data/validation")
    """,
    title="a flag chooses the transform",
)
_PHASES = """
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, models, transforms

    def deploy(criterion):
        random = transforms.Compose([transforms.RandomResizedCrop(224), transforms.ToTensor()]){mark}
        batches = DataLoader(datasets.ImageFolder("data/train", transform=random))
        model = models.resnet18(num_classes=3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for phase in ["train", "val"]:
            for images, labels in batches:
                with torch.set_grad_enabled({enabled}):
                    loss = criterion(model(images), labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()

    deploy(torch.nn.CrossEntropyLoss())
    """
rule.allows(
    _PHASES.format(mark="", enabled='phase == "train"'),
    file="run_deployment.py",
    title="a phase that trains, in a program that is named after serving",
)
rule.flags(
    _PHASES.format(mark="  # expect: SKW005", enabled="False"),
    file="run_deployment.py",
    title="no gradients at all, so that nothing is trained",
)
