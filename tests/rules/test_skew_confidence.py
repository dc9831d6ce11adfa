"""How sure the rules about training and serving are of what may be no difference."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

TRAIN = """
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

model = models.resnet18(num_classes=2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
plain = transforms.Compose([transforms.ToTensor()])
augmented = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])


def evaluate(batches):
    model.eval()
    with torch.no_grad():
        return [model(images).argmax(1) == labels for images, labels in batches]


training = DataLoader(datasets.ImageFolder("data/train", transform=augmented))
validation = DataLoader(datasets.ImageFolder("data/val", transform=plain))
for images, labels in training:
    loss = torch.nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), "model.pt")
"""
SERVE = """
import numpy as np
import torch
from PIL import Image
from torchvision import models, transforms

model = models.resnet18(num_classes=2)
model.load_state_dict(torch.load("model.pt"))
model.eval()


def predict(path):
    image = Image.open(path).convert("RGB")
    return model(%s[None])
"""
FEATURES = """
import joblib
import pandas as pd
from sklearn.preprocessing import StandardScaler

scaler = StandardScaler()
frame = pd.read_csv("customers.csv")
frame[["age", "income"]] = scaler.fit_transform(frame[["age", "income"]])
frame.to_csv("data/train.csv", index=False)
joblib.dump(scaler, "scaler.joblib")
"""
TABLE = """
import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression

frame = pd.read_csv("data/train.csv")
model = LogisticRegression()
model.fit(frame[["age", "income"]], frame["churn"])
joblib.dump(model, "churn.joblib")
"""
APP = """
import joblib
import pandas as pd
from flask import Flask, request

app = Flask(__name__)
model, scaler = joblib.load("churn.joblib"), joblib.load("scaler.joblib")


@app.route("/predict", methods=["POST"])
def predict():
    rows = pd.DataFrame([request.get_json()], columns=["age", "income"])
    return model.predict(scaler.transform(rows)).tolist()
"""
CHECK = """
import joblib
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

frame = pd.read_csv("customers.csv")
frame["city"] = LabelEncoder().fit_transform(frame["city"])
%s
print(joblib.load("churn.joblib").predict(rows))
"""
CASES = {
    "an encoder that is fitted to a table which is split": (
        {"predict.py": CHECK % "_, rows = train_test_split(frame, random_state=0)"},
        "SKW002",
        "low",
    ),
    "an encoder that is fitted to what is asked about": ({"predict.py": CHECK % "rows = frame"}, "SKW002", "high"),
    "a resize where training takes images as they are": (
        {"train.py": TRAIN, "predict.py": SERVE % "transforms.ToTensor()(image.resize((64, 64)))"},
        "SKW001",
        "low",
    ),
    "a resize of pictures that all have another size in training": (
        {
            "train.py": TRAIN.replace('ImageFolder("data/train"', 'CIFAR10("data"'),
            "predict.py": SERVE % "transforms.ToTensor()(image.resize((64, 64)))",
        },
        "SKW001",
        "high",
    ),
    "dark and bright turned around": (
        {"train.py": TRAIN, "predict.py": SERVE % "transforms.ToTensor()(np.invert(np.array(image)))"},
        "SKW001",
        "low",
    ),
    "pictures that are resized and written to a file before they are read": (
        {
            "train.py": TRAIN.replace("transforms.ToTensor()]", "transforms.Resize((9, 9)), transforms.ToTensor()]"),
            "predict.py": (SERVE % "transforms.ToTensor()(image)")
            .replace("    image = Image", "    Image.open(path).resize((9, 9)).save('seen.png')\n    image = Image")
            .replace("open(path).convert", "open('seen.png').convert"),
        },
        "SKW001",
        "low",
    ),
    "a service of what another program scaled before": (
        {"features.py": FEATURES, "train.py": TABLE, "app.py": APP},
        "SKW001",
        "low",
    ),
    "another scale": (
        {"train.py": TRAIN, "predict.py": SERVE % "torch.from_numpy(np.array(image).transpose(2, 0, 1))"},
        "SKW001",
        "high",
    ),
    "the score of the training data beside that of validation": (
        {"train.py": TRAIN + "evaluate(training)\nevaluate(validation)\n"},
        "SKW005",
        "low",
    ),
    "another scale, behind the progress bar of a notebook": (
        {
            "train.py": "from tqdm.notebook import tqdm\n" + TRAIN.replace("in training:", "in tqdm(training):"),
            "predict.py": SERVE % "torch.from_numpy(np.array(image).transpose(2, 0, 1))",
        },
        "SKW001",
        "high",
    ),
    "a score of augmented data and no other": ({"train.py": TRAIN + "evaluate(training)\n"}, "SKW005", "medium"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_is_as_sure_as_what_is_known_of_both_sides(tmp_path: Path, case: str) -> None:
    files, code, confidence = CASES[case]
    for name, text in files.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    overrides = {"cache": False, "select": (code,), "min-confidence": "low"}
    config = load(tmp_path, overrides=overrides, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert [finding.confidence.value for finding in result.findings] == [confidence]
