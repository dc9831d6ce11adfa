"""Preprocessing is followed to the model, and spellings that mean the same come out the same."""

from __future__ import annotations

import ast
import textwrap

import pytest

from reprocheck.project.facts.extract import extract
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText
from reprocheck.rulekit import Project
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.rulekit.preprocessing import Scale, Side, differences, partners, sides

CATALOG = load_knowledge(KnowledgeSources()).catalog
HEAD = """
import cv2, numpy as np, tensorflow as tf, torch, albumentations as A
from PIL import Image
from tensorflow import keras
from torchvision import transforms
from torchvision.transforms import functional as F
model = keras.models.load_model("model.h5")
"""


def project(**files: str) -> Project:
    facts = {}
    for name, text in files.items():
        source = SourceText(f"{name}.py", textwrap.dedent(text))
        facts[source.path] = extract(PythonFile(source, ast.parse(source.text), ()))
    return Project(ProjectIndex(facts, paths=facts), CATALOG)


def served(body: str) -> Side:
    text = HEAD + "def predict(path):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"
    (found,) = sides(project(serve=text)).served
    return found


SAME = [
    """
    image = Image.open(path).convert("RGB")
    steps = [transforms.Resize((64, 32)), transforms.ToTensor(), transforms.Normalize([0.5, 0.4, 0.3], [0.2, 0.2, 0.1])]
    return model.predict(transforms.Compose(steps)(image)[None])
    """,
    """
    image = F.to_tensor(F.resize(Image.open(path), [64, 32]))
    return model.predict(F.normalize(image, mean=[0.5, 0.4, 0.3], std=[0.2, 0.2, 0.1]))
    """,
    """
    image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    image = cv2.resize(image, (32, 64)).astype("float32") / 255.0
    return model.predict(((image - np.array([0.5, 0.4, 0.3])) / np.array([0.2, 0.2, 0.1]))[None])
    """,
    """
    image = cv2.resize(cv2.imread(path)[:, :, ::-1], dsize=(32, 64), interpolation=cv2.INTER_LINEAR)
    image = A.Normalize(mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.1))(image=image)["image"]
    return model.predict(np.expand_dims(image, 0))
    """,
    """
    image = np.asarray(Image.open(path).resize((32, 64), Image.BILINEAR), dtype=np.float32)
    image *= 1 / 255
    image -= [0.5, 0.4, 0.3]
    image /= [0.2, 0.2, 0.1]
    return model.predict(image[np.newaxis])
    """,
    """
    image = tf.image.convert_image_dtype(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), tf.float32)
    image = tf.image.resize(image, (64, 32))
    return model.predict((image - [0.5, 0.4, 0.3]) / [0.2, 0.2, 0.1])
    """,
]


@pytest.mark.parametrize("left", range(len(SAME)))
def test_spellings_of_the_same_steps_do_not_differ(left: int) -> None:
    first = served(SAME[left])
    assert first.form.steps
    assert not first.form.unknown
    for body in SAME:
        assert list(differences(first.form, served(body).form)) == []


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("(64, 32)", "(64, 64)", "constants"),
        ("0.3]", "0.2]", "scale"),
        (", transforms.ToTensor()", "", "scale"),
        ("transforms.Resize((64, 32))", "transforms.Resize(80), transforms.CenterCrop((64, 32))", "constants"),
        ('.convert("RGB")', '.convert("L")', "channels"),
        ("transforms.Resize((64, 32)), ", "", "missing"),
    ],
)
def test_a_changed_constant_or_step_is_one_difference_of_its_kind(old: str, new: str, kind: str) -> None:
    changed = served(SAME[0].replace(old, new, 1))
    found = [item.kind for item in differences(served(SAME[0]).form, changed.form)]
    assert kind in found
    assert len(found) <= 2, "a resize may become two steps"


@pytest.mark.parametrize(
    ("keras_name", "by_hand"),
    [
        ("mobilenet_v2", "image / 127.5 - 1"),
        ("vgg16", "image[..., ::-1] - [103.939, 116.779, 123.68]"),
        ("densenet", "(image / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"),
        ("efficientnet", "image"),
    ],
)
def test_presets_of_keras_are_the_arithmetic_that_they_stand_for(keras_name: str, by_hand: str) -> None:
    load = "image = keras.utils.img_to_array(keras.utils.load_img(path, target_size=(9, 9)))\n"
    preset = served(load + f"return model.predict(keras.applications.{keras_name}.preprocess_input(image))")
    hand = served(load + f"return model.predict({by_hand})")
    assert list(differences(preset.form, hand.form)) == []
    assert preset.form.scale.is_identity is (keras_name == "efficientnet")


def test_scales_compose_in_order() -> None:
    scale = Scale().then((1 / 255,), (0.0,))
    assert scale is not None
    scale = scale.then((2.0,), (-1.0,))
    assert scale is not None
    assert scale.close_to(Scale((1 / 127.5,), (-1.0,)))
    assert not scale.close_to(Scale((1 / 255,), (0.0,)))
    assert scale.then((1.0, 1.0), (0.0, 0.0, 0.0)) is None


def test_a_step_that_is_not_known_makes_differences_uncertain() -> None:
    clean = SAME[0].replace('.convert("RGB")', "").replace("Image.open(path)", "strange.clean(Image.open(path))")
    form = served(clean.replace("transforms.Resize((64, 32)), ", "")).form
    assert form.unknown
    assert [item.certain for item in differences(served(SAME[0]).form, form) if item.kind == "missing"] == [False]


def test_values_are_followed_through_files_classes_defaults_and_options() -> None:
    found = sides(
        project(
            settings="SIZE = 48",
            loading="""
                import argparse
                from PIL import Image
                from settings import SIZE

                class Reader:
                    def __init__(self, size, divisor=255):
                        self.size, self.divisor = size, divisor

                    def read(self, path):
                        return self.scale(Image.open(path).resize((self.size, self.size)))

                    def scale(self, image):
                        return image / self.divisor

                def options():
                    parser = argparse.ArgumentParser()
                    parser.add_argument("--weights", default="model.h5")
                    return parser.parse_args()

                def reader():
                    return Reader(size=SIZE)
            """,
            predict="""
                from tensorflow.keras.models import load_model
                from loading import options, reader

                if __name__ == "__main__":
                    model = load_model(options().weights)
                    print(model.predict(reader().read("a.png")))
            """,
        )
    )
    (side,) = found.served
    assert side.artifacts == {"model.h5"}
    assert side.complete
    assert [step.values[:2] for step in side.form.steps] == [(48, 48)]
    assert side.form.scale.close_to(Scale((1 / 255,), (0.0,)))


TRAIN = """
    import joblib
    import pandas as pd
    from sklearn.linear_model import Ridge

    frame = pd.read_csv("rows.csv")
    model = Ridge()
    model.fit(frame[["a", "b"]], frame["y"])
    joblib.dump(model, "{}")
"""
SERVE = """
    import joblib
    import pandas as pd

    model = joblib.load("{}")

    def predict(body):
        return model.predict(pd.DataFrame([body], columns=["b", "a"]))
"""


@pytest.mark.parametrize(
    ("files", "shown_by"),
    [
        ({"train": TRAIN.format("m/a.joblib"), "serve": SERVE.format("../m/a.joblib")}, "artifact"),
        ({"train": TRAIN.format("a.joblib"), "serve": SERVE.format("b.joblib")}, None),
        ({"train": TRAIN.format("a.joblib").replace("joblib.dump", "keep"), "serve": SERVE.format("b.joblib")}, "only"),
        (
            {
                "train": TRAIN.format("a").replace("joblib.dump", "keep"),
                "other": TRAIN.format("b").replace("joblib.dump", "keep"),
                "serve": SERVE.format("b.joblib"),
            },
            None,
        ),
    ],
)
def test_sides_belong_together_by_what_is_saved_and_loaded_or_not_at_all(
    files: dict[str, str], shown_by: str | None
) -> None:
    found = [pair.shown_by for pair in partners(sides(project(**files)))]
    assert found == ([] if shown_by is None else [shown_by])


def test_a_program_that_never_ends_is_given_up_in_time() -> None:
    body = "\n".join(f"    x{i} = f{i}() + f{i}()" for i in range(40))
    chain = "\n".join(f"def f{i}():\n    return f{i + 1}() + f{i + 1}()\n" for i in range(60))
    ends = "def f60():\n    return 1\n"
    text = f"import joblib\n{chain}\n{ends}\ndef predict(model, q):\n{body}\n    return model.predict(q)\n"
    assert sides(project(serve=text)).served
